//! Where the committed corpora come from: the protocol's vectors, and a few things that real devices make. Each seed is
//! short enough to be committed; what a fuzzer finds on the way is added to `fuzz/corpus` beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use data_encoding::HEXLOWER;
use serde_json::Value;
use troth_client_core::content::Edits;
use troth_client_core::crypto::{InviteCode, InviteSecret, Kit, LinkCode, WordList};
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, PracticeId};
use troth_protocol::statement::Statement;
use troth_protocol::wire::{self, RelayMessage};

use super::{Target, edits, named, scene};

/// Longest seed that is committed, in bytes. A longer one teaches a fuzzer little and costs every clone.
const LONGEST: usize = 16_000;

/// The folder that holds the committed corpora, one folder each.
pub fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// A target's committed corpus, in the order of the files' names.
///
/// # Errors
/// It cannot be read.
pub fn corpus(target: &Target) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(corpora().join(target.name))? {
        let file = file?;
        all.push((
            file.file_name().to_string_lossy().into_owned(),
            std::fs::read(file.path())?,
        ));
    }
    all.sort();
    Ok(all)
}

/// The vectors in one folder of `protocol/vectors`, by name.
fn vectors(folder: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../protocol/vectors")
        .join(folder);
    let files = std::fs::read_dir(folder).expect("the vectors are part of the tree");
    files
        .map(|file| {
            let path = file.expect("readable").path();
            let text = std::fs::read_to_string(&path).expect("readable");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).expect("vectors are JSON"))
        })
        .collect()
}

fn hex(vector: &Value, field: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(vector.get(field)?.as_str()?.as_bytes()).ok()
}

fn of_kind(folder: &str, kind: &str, field: &str) -> Vec<Vec<u8>> {
    let all = vectors(folder);
    let those = all.values().filter(|vector| vector["kind"] == kind);
    those.filter_map(|vector| hex(vector, field)).collect()
}

fn texts(folder: &str, field: &str) -> Vec<Vec<u8>> {
    let all = vectors(folder);
    let those = all.values().filter_map(|vector| vector.get(field)?.as_str());
    those.map(|text| text.as_bytes().to_vec()).collect()
}

/// Frames that a device might send, right and wrong ones.
pub(super) fn client_frames() -> &'static [Vec<u8>] {
    static FRAMES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FRAMES.get_or_init(|| of_kind("wire", "client", "bytes"))
}

/// Frames that a relay might send, right and wrong ones.
pub(super) fn relay_frames() -> &'static [Vec<u8>] {
    static FRAMES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FRAMES.get_or_init(|| of_kind("wire", "relay", "bytes"))
}

/// One statement of each kind and action, as the vectors have them.
pub(super) fn statements() -> &'static [Statement] {
    static STATEMENTS: OnceLock<Vec<Statement>> = OnceLock::new();
    STATEMENTS.get_or_init(|| {
        let bytes = of_kind("statements", "statement", "bytes");
        bytes
            .iter()
            .filter_map(|bytes| cbor::decode(bytes).ok())
            .collect()
    })
}

/// The seeds of one target.
pub fn of(name: &str) -> Vec<Vec<u8>> {
    let mut seeds = match name {
        "statement" => of_kind("statements", "statement", "bytes"),
        "leaf" => [
            of_kind("entries", "leaf", "bytes"),
            of_kind("entries", "device-keys", "bytes"),
        ]
        .concat(),
        "wire_client" => client_frames().to_vec(),
        "wire_relay" => relay_frames().to_vec(),
        "items" => items(),
        "note" => texts("checkpoint", "note"),
        "verifier_key" => texts("checkpoint", "vkey"),
        "compact" => of_kind("checkpoint", "compact", "cbor"),
        "tile_path" => texts("tree", "path"),
        "frontier" => of_kind("tree", "frontier", "cbor"),
        "sealed_keys" => of_kind("entries", "entry", "payload"),
        "state" => vec![scene::founded().0],
        "forms" => forms(),
        "codes" => codes(),
        "sealed" => vec![vec![0; 296], vec![7; 1_200]],
        "export" => vec![scene::founded().1],
        "change" => edits::honest(),
        "forged" => (0..14u8).map(|op| vec![op % 4, 0, 0, op, 1, 2, 3, 4]).collect(),
        "relay" => scripts(),
        "device" => (0..12u8)
            .map(|what| vec![0, 0, what, 1, 2, 3, what, 0, 1])
            .collect(),
        _ => vec![],
    };
    let longest = named(name).map_or(0, |target| target.longest);
    seeds.retain(|seed| seed.len() <= longest.min(LONGEST));
    seeds.sort();
    seeds.dedup();
    seeds
}

fn items() -> Vec<Vec<u8>> {
    let read = |frame: &Vec<u8>| wire::message::<RelayMessage>(frame).ok();
    let all = relay_frames().iter().filter_map(read);
    all.filter_map(|message| match message {
        RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) => Some(cbor::encode(&items)),
        _ => None,
    })
    .collect()
}

fn forms() -> Vec<Vec<u8>> {
    let edits = Edits {
        gossip: None,
        changes: edits::honest().into_iter().map(Into::into).collect(),
    };
    let mut payload = vec![3, 0, 0, 0, 0, b'a', b'b', b'c'];
    payload.resize(256, 0);
    let mut seeds = vec![[vec![0], edits.encode()].concat(), [vec![1], payload].concat()];
    for keys in of_kind("entries", "device-keys", "bytes") {
        seeds.push([vec![2], keys].concat());
    }
    for other in 3..22u8 {
        seeds.push(vec![other, 0x84, 0x01, 0x40, 0x60, 0xf6]);
        seeds.extend(
            of_kind("entries", "leaf", "bytes")
                .first()
                .map(|leaf| [&[other, 0x83, 0x05], &leaf[..], &[0xf6]].concat()),
        );
    }
    seeds
}

fn codes() -> Vec<Vec<u8>> {
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    let device = DeviceId([3; 32]);
    let secret = InviteSecret::generate(&mut rng);
    let kit = Kit::generate(&mut rng);
    let invite = InviteCode::new("https://relay.example", PracticeId([1; 32]), &device, &secret);
    [
        LinkCode::new(&mut rng, &device).render().to_string(),
        invite.render().to_string(),
        kit.words(WordList::English).to_string(),
        kit.words(WordList::Chinese).to_string(),
        "a passphrase of several words".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

/// Logins of each person, and one script for each thing that a connection can do after that.
fn scripts() -> Vec<Vec<u8>> {
    let login = |person: u8| vec![0, 1, person, 0, 1, 1];
    let mut all: Vec<Vec<u8>> = (0..4).map(login).collect();
    for person in 0..4 {
        for what in 3..16u8 {
            let step = [0, what, 1, 1, 1, 1, 1, 1, 1, 1];
            all.push([login(person), step.to_vec(), step.to_vec()].concat());
        }
    }
    all
}
