//! The first change, the same in every document.
//!
//! Two devices that each create a map under the same key create two maps, and Automerge shows only one of
//! them: edits in the other are lost to sight. So nobody creates the root maps. One fixed change does:
//! constant author, time zero, same bytes everywhere. Every device starts from it and nobody sends it. Its
//! hash is pinned by a test: a document that starts otherwise is not one of ours.

use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, AutomergeError, Change, ChangeHash, ObjType, ROOT};

use super::schema::Root;

/// Author of the first change. No device's actor is equal to it: theirs are derived by hashing.
pub const ACTOR: [u8; 16] = *b"troth-genesis-v1";
/// Version of the layout below the root, kept in the document under `schema`.
pub const SCHEMA: i64 = 1;
/// SHA-256 of the first change, as Automerge computes it.
pub const HASH: [u8; 32] = hex_literal(b"cc8fe5caaf0fd683d3fe349446ae25f5fefd7d020661233cf0675d5b99996c3f");

/// A copy of the document that holds the first change alone.
pub(super) fn document() -> Result<AutoCommit, AutomergeError> {
    static FIRST: OnceLock<Result<AutoCommit, String>> = OnceLock::new();
    FIRST
        .get_or_init(|| write().map_err(|e| e.to_string()))
        .clone()
        .map_err(|_| AutomergeError::Fail)
}

/// The first change's hash, in the engine's type.
pub(super) fn hash() -> ChangeHash {
    ChangeHash(HASH)
}

/// The first change itself; `None` if the engine could not write it.
pub(super) fn change() -> Option<Change> {
    document().ok()?.get_change_by_hash(&hash())
}

fn write() -> Result<AutoCommit, AutomergeError> {
    let mut doc = AutoCommit::new().with_actor(ActorId::from(&ACTOR[..]));
    doc.put(ROOT, "schema", SCHEMA)?;
    for root in Root::ALL {
        doc.put_object(ROOT, root.name(), ObjType::Map)?;
    }
    doc.commit_with(CommitOptions::default().with_time(0));
    Ok(doc)
}

const fn hex_literal(text: &[u8; 64]) -> [u8; 32] {
    const fn nibble(c: u8) -> u8 {
        if c.is_ascii_digit() {
            c - b'0'
        } else {
            c - b'a' + 10
        }
    }
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_change_never_changes() {
        let heads = write().unwrap().get_heads();
        assert_eq!(
            heads,
            vec![hash()],
            "a new first change would split every practice in two"
        );
    }
}
