//! Every file in `vectors/checkpoint` states what must come of it. Written by a second implementation.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use troth_protocol::cbor;
use troth_protocol::checkpoint::{
    CompactCheckpoint, Cosignature, KeyKind, SignedCheckpoint, SignedNote, VerifierKey,
};
use troth_protocol::ids::VerifyingKey;

fn text<'v>(vector: &'v Value, field: &str) -> &'v str {
    vector[field].as_str().unwrap()
}

fn key(vector: &Value) -> VerifyingKey {
    VerifyingKey::from_hex(text(vector, "key")).unwrap()
}

/// The name of an error's variant.
fn name(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .collect()
}

fn read(vector: &Value) -> Result<SignedCheckpoint, String> {
    let note = match vector["note_base64"].as_str() {
        Some(encoded) => STANDARD.decode(encoded).unwrap(),
        None => text(vector, "note").as_bytes().to_vec(),
    };
    let read = SignedCheckpoint::parse(&note).map_err(name)?;
    assert_eq!(
        read.to_string().as_bytes(),
        note,
        "what was read is not what is written back"
    );
    Ok(read)
}

fn checkpoint(vector: &Value) -> Result<Value, String> {
    let verified = read(vector)?
        .verify(text(vector, "origin"), &key(vector))
        .map_err(name)?;
    Ok(json!({ "size": verified.size(), "root": verified.root().to_string() }))
}

fn form(vector: &Value) -> Result<Value, String> {
    let read = read(vector)?;
    let time = |line| match Cosignature::from_line(line) {
        Some(Cosignature::Ed25519 { timestamp, .. } | Cosignature::MlDsa44 { timestamp, .. }) => {
            Some(timestamp)
        }
        None => None,
    };
    let (checkpoint, lines) = (read.checkpoint(), read.note().signatures());
    Ok(json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.size(),
        "root": checkpoint.root().to_string(),
        "signatures": lines.iter().map(|line| line.name()).collect::<Vec<_>>(),
        "cosigned": lines.iter().map(time).collect::<Vec<_>>(),
    }))
}

fn note(vector: &Value) -> Result<Value, String> {
    let verifier: VerifierKey = text(vector, "vkey").parse().unwrap();
    let note = SignedNote::parse(text(vector, "note").as_bytes()).map_err(name)?;
    note.verify(verifier.name(), verifier.ed25519().unwrap())
        .map_err(name)?;
    Ok(json!({ "text": note.text() }))
}

fn vkey(vector: &Value) -> Result<Value, String> {
    let key: VerifierKey = text(vector, "vkey").parse().map_err(name)?;
    assert_eq!(key.to_string(), text(vector, "vkey"));
    Ok(
        json!({ "name": key.name(), "type": key.kind() as u8, "key": data_encoding::HEXLOWER.encode(key.as_bytes()) }),
    )
}

fn cosignature(vector: &Value) -> Result<Value, String> {
    // By a verifier key, or by a bare one of Ed25519.
    let key = match vector["vkey"].as_str() {
        Some(vkey) => vkey.parse().map_err(name)?,
        None => VerifierKey::new(text(vector, "witness"), KeyKind::Cosignature, key(vector)).map_err(name)?,
    };
    let cosigned = read(vector)?.verify_cosignature(&key).map_err(name)?;
    Ok(json!({ "timestamp": cosigned.timestamp() }))
}

fn compact(vector: &Value) -> Result<Value, String> {
    let bytes = data_encoding::HEXLOWER
        .decode(text(vector, "cbor").as_bytes())
        .unwrap();
    let compact: CompactCheckpoint = cbor::decode(&bytes).map_err(name)?;
    let verified = compact
        .verify(text(vector, "origin"), &key(vector))
        .map_err(name)?;
    assert_eq!(cbor::encode(&verified.compact()), bytes);
    Ok(json!({ "note": verified.to_signed().to_string() }))
}

#[test]
fn every_checkpoint_vector_comes_out_as_it_says() {
    let mut outcomes = [0, 0];
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/checkpoint")).unwrap() {
        let path = file.unwrap().path();
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let outcome = match text(&vector, "kind") {
            "checkpoint" => checkpoint(&vector),
            "form" => form(&vector),
            "note" => note(&vector),
            "vkey" => vkey(&vector),
            "cosignature" => cosignature(&vector),
            "compact" => compact(&vector),
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
        accepted >= 20 && rejected >= 70,
        "vectors are missing: {accepted} accepted, {rejected} rejected"
    );
}
