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
    #[n(1)]
    pub changes: Vec<ByteVec>,
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
    #[n(1)]
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
