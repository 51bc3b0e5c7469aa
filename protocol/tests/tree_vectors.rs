//! Every file in `vectors/tree` states what must come of it. Written by a second implementation.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use troth_protocol::cbor;
use troth_protocol::ids::Hash;
use troth_protocol::tree::{FoldError, Frontier, TilePath, Tree, cover, leaf_hash};

fn hash(value: &Value) -> Hash {
    Hash::from_hex(value.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap()
}

/// The name of an error's variant.
fn name(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .collect()
}

fn root(vector: &Value) -> Result<Value, String> {
    let leaves: Vec<_> = vector["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| leaf_hash(&bytes(leaf)))
        .collect();
    let mut tree = Tree::new();
    tree.append(&leaves).map_err(name)?;
    Ok(json!({ "root": tree.root().to_string() }))
}

fn fold(vector: &Value) -> Result<Value, String> {
    let roots = vector["start"]["roots"]
        .as_array()
        .unwrap()
        .iter()
        .map(hash)
        .collect();
    let mut frontier = Frontier::from_parts(vector["start"]["size"].as_u64().unwrap(), roots).unwrap();
    for item in vector["items"].as_array().unwrap() {
        let level = item["level"].as_u64().unwrap().try_into().unwrap();
        let before = frontier.clone();
        frontier
            .push_subtree(level, hash(&item["hash"]))
            .map_err(|error: FoldError| {
                assert_eq!(frontier, before, "a refused item left its mark");
                name(error)
            })?;
    }
    Ok(json!({ "size": frontier.size(), "root": frontier.root().to_string() }))
}

fn cover_of(vector: &Value) -> Result<Value, String> {
    let subtrees = cover(vector["from"].as_u64().unwrap(), vector["to"].as_u64().unwrap());
    Ok(json!({ "subtrees": subtrees.map(|s| json!([s.level, s.index])).collect::<Vec<_>>() }))
}

fn tile_path(vector: &Value) -> Result<Value, String> {
    let path: TilePath = vector["path"].as_str().unwrap().parse().map_err(name)?;
    assert_eq!(path.to_string(), vector["path"].as_str().unwrap());
    Ok(json!({ "level": path.tile().level, "index": path.tile().index, "width": path.width() }))
}

fn frontier(vector: &Value) -> Result<Value, String> {
    let frontier: Frontier = cbor::decode(&bytes(&vector["cbor"])).map_err(name)?;
    assert_eq!(cbor::encode(&frontier), bytes(&vector["cbor"]));
    Ok(json!({ "size": frontier.size(), "root": frontier.root().to_string() }))
}

#[test]
fn every_tree_vector_comes_out_as_it_says() {
    let mut outcomes = [0, 0];
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/tree")).unwrap() {
        let path = file.unwrap().path();
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let outcome = match vector["kind"].as_str().unwrap() {
            "root" => root(&vector),
            "fold" => fold(&vector),
            "cover" => cover_of(&vector),
            "tile-path" => tile_path(&vector),
            "frontier" => frontier(&vector),
            other => panic!("{path:?}: no vector is of kind {other}"),
        };
        outcomes[usize::from(outcome.is_err())] += 1;
        let outcome = outcome.map_or_else(
            |error| json!({ "reject": error }),
            |value| json!({ "accept": value }),
        );
        assert_eq!(outcome, vector["expect"], "{path:?}: {}", vector["about"]);
    }
    let [accepted, rejected] = outcomes;
    assert!(
        accepted >= 25 && rejected >= 30,
        "vectors are missing: {accepted} accepted, {rejected} rejected"
    );
}
