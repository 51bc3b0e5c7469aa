//! What a change's payload holds once it is opened.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::rule::Rule;

/// Edits travelling together: as many as waited while the one before was in flight.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Edits {
    /// The author's newest verified checkpoint, where it is newer than the last one sent: fork gossip.
    #[n(0)]
    pub gossip: Option<CompactCheckpoint>,
    /// Automerge changes, in the order in which they were made.
    #[cbor(n(1), decode_with = "read_changes")]
    pub changes: Vec<ByteVec>,
}

/// Shortest change, in bytes: its frame takes ten, the hash of what it follows 32, its author 17, its columns the rest.
/// Without it a few kilobytes that inflate to [`MAX_CONTENT`](crate::crypto::MAX_CONTENT) would be millions of changes.
const SHORTEST: usize = 64;

fn read_changes<'b, C>(
    d: &mut minicbor::Decoder<'b>,
    _: &mut C,
) -> Result<Vec<ByteVec>, minicbor::decode::Error> {
    let wrong = minicbor::decode::Error::message;
    let count = d.array()?.ok_or_else(|| wrong("the count comes first"))?;
    let mut changes = Vec::new();
    for _ in 0..count {
        match d.bytes()? {
            change if change.len() >= SHORTEST => changes.push(change.to_vec().into()),
            _ => return Err(wrong("shorter than any change")),
        }
    }
    Ok(changes)
}

impl Edits {
    /// The payload's plaintext.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads a payload's plaintext: R1 for what is not the one encoding of edits.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rule> {
        cbor::decode(bytes)
    }
}

/// What a snapshot's payload holds once it is opened: a document with its full history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Whole {
    /// The newest changes, sorted: whoever applies all changes arrives at these.
    #[n(0)]
    pub heads: Vec<ByteArray<32>>,
    /// Automerge changes, each after those that it builds on, without the first one that all documents share.
    #[cbor(n(1), decode_with = "read_changes")]
    pub changes: Vec<ByteVec>,
}

impl Whole {
    /// The payload's plaintext.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads a payload's plaintext: R1 for what is not the one encoding of a snapshot.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rule> {
        cbor::decode(bytes)
    }
}
