//! A document: its control chain (who reads it, under which key) and its authors' chains (who wrote what).
//!
//! A document is judged against the roster *as of* each entry's position, so it can be replayed alone, at any time, by
//! whoever is shown it.

mod apply;
mod control;
mod custody;
mod intake;
mod readers;
mod snapshot;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::ids::{CaseId, DeviceId, DocumentId, Hash, InviteId};
use crate::keys::{Class, KeyRef};
use crate::statement::{Lane, Reader};

pub use intake::Link;
pub use snapshot::SnapshotRecord;

/// A document's state, with its history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Document {
    #[n(0)]
    id: DocumentId,
    #[n(1)]
    case: Option<CaseId>,
    #[n(2)]
    lane: Lane,
    #[n(3)]
    heads: Vec<Hash>,
    #[n(4)]
    readers: Vec<ReaderSpan>,
    #[n(5)]
    epochs: Vec<Epoch>,
    #[n(6)]
    authors: BTreeMap<DeviceId, Author>,
    #[n(7)]
    superseded: Option<(u64, DocumentId)>,
    #[n(8)]
    erased: Option<u64>,
    #[n(9)]
    snapshots: Vec<SnapshotRecord>,
    #[n(10)]
    links: BTreeMap<InviteId, Link>,
}

/// A right, and the positions between which it was held.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReaderSpan {
    /// The right.
    #[n(0)]
    pub reader: Reader,
    /// Position of the statement that gave it.
    #[n(1)]
    pub from: u64,
    /// Position of the statement that took or replaced it.
    #[n(2)]
    pub to: Option<u64>,
}

/// One key of a document, and to whom it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Epoch {
    /// Position of the statement that began it.
    #[n(0)]
    pub from: u64,
    /// Commitment to the key.
    #[n(1)]
    pub commitment: Hash,
    /// The keys that it is sealed to.
    #[n(2)]
    pub sealed_to: Vec<KeyRef>,
}

/// How far an author's chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Author {
    /// Sequence number of the last change.
    #[n(0)]
    pub sequence: u64,
    /// Hash of its statement.
    #[n(1)]
    pub last: Hash,
}

impl Document {
    /// The document.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// The case it belongs to.
    pub const fn case(&self) -> Option<CaseId> {
        self.case
    }

    /// What it is for.
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// Which key hierarchy protects it.
    pub const fn class(&self) -> Class {
        self.lane.class()
    }

    /// Hash of the newest control statement.
    pub fn head(&self) -> Hash {
        self.heads.last().copied().unwrap_or_default()
    }

    /// The present epoch, from 1.
    pub fn epoch(&self) -> u64 {
        self.epochs.len() as u64
    }

    /// An epoch by its number.
    pub fn epoch_record(&self, epoch: u64) -> Option<&Epoch> {
        self.epochs.get(usize::try_from(epoch.checked_sub(1)?).ok()?)
    }

    /// How far each author has come.
    pub const fn authors(&self) -> &BTreeMap<DeviceId, Author> {
        &self.authors
    }

    /// Every right that was ever given.
    pub fn readers(&self) -> &[ReaderSpan] {
        &self.readers
    }

    /// The document that goes on in this one's place.
    pub fn superseded_by(&self) -> Option<DocumentId> {
        self.superseded.map(|(_, by)| by)
    }

    /// Whether it was superseded or erased: nobody writes to it any more (R41).
    pub const fn is_closed(&self) -> bool {
        self.superseded.is_some() || self.erased.is_some()
    }

    /// Position of the statement that ordered it erased.
    pub const fn erased(&self) -> Option<u64> {
        self.erased
    }
}
