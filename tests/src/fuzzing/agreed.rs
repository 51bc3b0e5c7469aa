//! What relay and devices both read.

use std::fmt::Debug;

use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::checkpoint::{
    Checkpoint, CompactCheckpoint, Cosignature, SignedCheckpoint, SignedNote, VerifierKey,
};
use troth_protocol::entry::{Leaf, Parsed, Signed};
use troth_protocol::ids::{PracticeId, VerifyingKey};
use troth_protocol::keys::{DeviceKeys, SealedKeys};
use troth_protocol::limits;
use troth_protocol::signature::Signature;
use troth_protocol::state::{self, State};
use troth_protocol::statement::Statement;
use troth_protocol::tree::{Frontier, TilePath, cover, decode_tile, encode_tile};
use troth_protocol::wire::{self, ClientMessage, Item, Items, RelayMessage};

/// What is read has one encoding, and it is these bytes.
fn one_encoding<T>(bytes: &[u8]) -> Option<T>
where
    T: Encode<()> + for<'b> Decode<'b, ()> + Debug,
{
    let value = cbor::decode::<T>(bytes).ok()?;
    assert_eq!(cbor::encode(&value), bytes, "{value:?}");
    Some(value)
}

/// A statement, with everything that is asked of it before its signature is known to hold.
pub fn statement(data: &[u8]) {
    let Some(statement) = one_encoding::<Statement>(data) else {
        return;
    };
    let signature = Signature::Ed25519([7; 64]);
    let statement_bytes = data.to_vec();
    let parsed = Parsed::parse(Signed {
        statement: statement_bytes,
        signature,
    });
    let Ok(parsed) = parsed else {
        assert!(data.len() > limits::STATEMENT);
        return;
    };
    assert_eq!(parsed.statement(), &statement);
    let _ = (
        statement.stream().key(),
        statement.body.name(),
        statement.sealings().len(),
    );
    let _ = parsed.check_payload(data);
    let _ = state::sealed_keys(&statement, data);
    assert!(state::verify_genesis(parsed.clone()).is_err(), "nobody signed it");
    assert!(parsed.verify(&VerifyingKey([3; 32]), &PracticeId::ZERO).is_err());
}

/// A leaf.
pub fn leaf(data: &[u8]) {
    if let Some(leaf) = one_encoding::<Leaf>(data) {
        assert_eq!(leaf.encode(), data);
        let _ = Parsed::parse(leaf.signed);
    }
    let _ = one_encoding::<Signed>(data);
    let _ = one_encoding::<DeviceKeys>(data).map(|keys| keys.id());
}

/// A frame from a device.
pub fn wire_client(data: &[u8]) {
    if let Ok(message) = wire::message::<ClientMessage>(data) {
        assert_eq!(wire::frame(&message), data);
        if let ClientMessage::Append(append) = message {
            for upload in append.uploads {
                let _ = Parsed::parse(upload.signed).map(|parsed| parsed.check_payload(&upload.payload));
            }
        }
    }
}

/// A frame from a relay.
pub fn wire_relay(data: &[u8]) {
    if let Ok(message) = wire::message::<RelayMessage>(data) {
        assert_eq!(wire::frame(&message), data);
        if let RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) = &message {
            fold(items);
        }
        if let RelayMessage::Refused(refused) = &message {
            let _ = refused.rule();
        }
    }
}

/// Items, folded onto a frontier of the size that they ask for.
pub fn items(data: &[u8]) {
    if let Some(items) = one_encoding::<Items>(data) {
        fold(&items);
    }
}

fn fold(items: &Items) {
    let roots = vec![troth_protocol::ids::Hash([5; 32]); items.from.count_ones() as usize];
    let start = Frontier::from_parts(items.from, roots).expect("one root for each bit");
    let positions = items
        .items
        .iter()
        .filter(|item| matches!(item, Item::Entry(_)))
        .count();
    if let Ok(folded) = items.fold(&start) {
        assert_eq!(folded.positions.len(), positions);
        assert_eq!(folded.frontier.size(), items.checkpoint.size);
        assert_eq!(folded.frontier.root(), items.checkpoint.root);
    }
    // The same run in two parts leads to the same frontier.
    for item in &items.items {
        let Item::Roots(run) = item else { continue };
        let mut frontier = start.clone();
        if run.fold_into(&mut frontier).is_ok() {
            let to = items.from + run.entries;
            assert_eq!(frontier.size(), to);
            assert_eq!(cover(items.from, to).count() * 32, run.roots.len());
            assert!(run.roots.len() <= 128 * 32);
        }
    }
}

/// A signed note: a checkpoint with its witnesses.
pub fn note(data: &[u8]) {
    if let Ok(note) = SignedNote::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data, "one spelling");
        for line in note.signatures() {
            let _ = Cosignature::from_line(line);
        }
    }
    if let Ok(signed) = SignedCheckpoint::parse(data) {
        assert_eq!(signed.to_string().as_bytes(), data);
        let origin = signed.checkpoint().origin().to_owned();
        assert!(signed.verify(&origin, &VerifyingKey([3; 32])).is_err());
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(checkpoint) = Checkpoint::parse_body(text)
    {
        assert_eq!(checkpoint.note_body(), text);
    }
}

/// A verifier key.
pub fn verifier_key(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(key) = text.parse::<VerifierKey>()
    {
        assert_eq!(key.to_string(), text, "one spelling");
    }
}

/// A checkpoint in binary.
pub fn compact(data: &[u8]) {
    if let Some(compact) = one_encoding::<CompactCheckpoint>(data) {
        assert!(compact.verify("relay.example/x", &VerifyingKey([3; 32])).is_err());
        if let Ok(text) = std::str::from_utf8(data) {
            let _ = compact.to_signed(text, &VerifyingKey([3; 32]));
        }
    }
}

/// A tile's path, and a tile.
pub fn tile_path(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(path) = text.parse::<TilePath>()
    {
        assert_eq!(path.to_string(), text, "one name for each tile");
        let _ = (path.is_within(u64::MAX), path.is_within(0));
    }
    if let Some(hashes) = decode_tile(data) {
        assert_eq!(encode_tile(&hashes), data);
    }
}

/// A frontier.
pub fn frontier(data: &[u8]) {
    if let Some(mut frontier) = one_encoding::<Frontier>(data) {
        let size = frontier.size();
        let _ = frontier.root();
        if frontier.push_leaf(troth_protocol::ids::Hash([1; 32])).is_ok() {
            assert_eq!(frontier.size(), size + 1);
        }
        assert_eq!(frontier.roots().len(), frontier.size().count_ones() as usize);
    }
}

/// The payload that carries sealed keys.
pub fn sealed_keys(data: &[u8]) {
    if let Some(keys) = one_encoding::<SealedKeys>(data) {
        assert!(keys.0.len() <= data.len());
    }
}

/// A state as the relay wrote it down, read back at its start.
pub fn state(data: &[u8]) {
    if let Some(state) = one_encoding::<State>(data) {
        let _ = (
            state.practice(),
            state.roster.origin(),
            state.roster.ledger_origin(),
        );
        let _ = troth_server::verify::Signers::of(&state.roster);
        for id in state.documents.keys() {
            let _ = state.count(&troth_protocol::stream::Stream::Document(*id));
        }
    }
}
