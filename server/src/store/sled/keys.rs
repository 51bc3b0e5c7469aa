//! Where everything stands in sled's one tree. Numbers are big-endian, so that keys sort as their numbers do.
//!
//! ```text
//! h practice                     size ‖ root
//! e practice position            stream ‖ statement ‖ leaf      (in chunks)
//! p practice position            payload                        (in chunks; absent: erased)
//! s practice stream position     nothing
//! i practice statement position  nothing
//! t practice level index         a tile                         (in chunks)
//! n practice                     size ‖ state                   (in chunks)
//! l link                         what is kept for an intake link (in chunks)
//! ```

use troth_protocol::ids::{Hash, InviteId, PracticeId};

use crate::store::StreamKey;

fn key(kind: u8, practice: &PracticeId, rest: &[&[u8]]) -> Vec<u8> {
    [&[kind], &practice.0[..]]
        .into_iter()
        .chain(rest.iter().copied())
        .flatten()
        .copied()
        .collect()
}

/// What every head's key begins with.
pub const HEADS: &[u8] = b"h";

/// A practice's head.
pub fn head(practice: &PracticeId) -> Vec<u8> {
    key(b'h', practice, &[])
}

/// An entry without its payload.
pub fn entry(practice: &PracticeId, position: u64) -> Vec<u8> {
    key(b'e', practice, &[&position.to_be_bytes()])
}

/// An entry's payload.
pub fn payload(practice: &PracticeId, position: u64) -> Vec<u8> {
    key(b'p', practice, &[&position.to_be_bytes()])
}

/// That the entry at `position` belongs to the stream.
pub fn stream(practice: &PracticeId, stream: &StreamKey, position: u64) -> Vec<u8> {
    key(b's', practice, &[&stream.0, &position.to_be_bytes()])
}

/// What the keys of a statement's places begin with.
pub fn statement(practice: &PracticeId, statement: &Hash) -> Vec<u8> {
    key(b'i', practice, &[&statement.0])
}

/// That the statement stands at `position`.
pub fn statement_at(practice: &PracticeId, statement: &Hash, position: u64) -> Vec<u8> {
    key(b'i', practice, &[&statement.0, &position.to_be_bytes()])
}

/// A tile.
pub fn tile(practice: &PracticeId, level: u8, index: u64) -> Vec<u8> {
    key(b't', practice, &[&[level], &index.to_be_bytes()])
}

/// A practice's snapshot.
pub fn snapshot(practice: &PracticeId) -> Vec<u8> {
    key(b'n', practice, &[])
}

/// What is kept for an intake link.
pub fn link(link: &InviteId) -> Vec<u8> {
    [&b"l"[..], &link.0].concat()
}

/// The position that a key ends with.
pub fn position(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}
