//! Statements about a document's content.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, DocumentId, Hash};

/// An edit: the payload holds CRDT changes sealed under the epoch's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Change {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The epoch whose key sealed the payload.
    #[n(1)]
    pub epoch: u64,
    /// The author's count of their changes in this document, from 1.
    #[n(2)]
    pub sequence: u64,
    /// Hash of the author's change before this one in this document.
    #[n(3)]
    pub prev: Option<Hash>,
}

/// A range of one author's changes, from their first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cover {
    /// The author.
    #[n(0)]
    pub device: DeviceId,
    /// The last sequence number covered.
    #[n(1)]
    pub sequence: u64,
    /// Hash of that statement.
    #[n(2)]
    pub last: Hash,
}

/// Stands in for the changes it covers, with the document's full history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Snapshot {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The epoch whose key sealed the payload.
    #[n(1)]
    pub epoch: u64,
    /// What it covers, in the order of the authors' ids.
    #[n(2)]
    pub covers: Vec<Cover>,
}

/// A device of another member recomputed a snapshot and found the same document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Attest {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Hash of the snapshot's statement.
    #[n(1)]
    pub snapshot: Hash,
}
