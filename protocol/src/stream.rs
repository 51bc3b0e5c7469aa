//! Streams: the relay counts the entries of each without gaps, so that what is withheld is missed.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, DocumentId};

/// A sequence of entries that the same readers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Stream {
    /// Genesis and the practice chain.
    #[n(0)]
    Roster,
    /// One document: its control chain, changes, snapshots, erasure, and its intake links with what came through them.
    #[n(1)]
    Document(#[n(0)] DocumentId),
    /// One device's log, named by the first half of its id.
    #[n(3)]
    Device(#[n(0)] DocumentId),
    /// The relay's notices.
    #[n(4)]
    Notices,
}

impl Stream {
    /// The log of a device.
    pub fn device(device: &DeviceId) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&device.0[..16]);
        Self::Device(DocumentId(half))
    }

    /// The stream as a fixed key of 17 bytes: its kind and its id.
    pub fn key(&self) -> [u8; 17] {
        let (kind, id) = match self {
            Self::Roster => (0, [0; 16]),
            Self::Document(d) => (1, d.0),
            Self::Device(d) => (3, d.0),
            Self::Notices => (4, [0; 16]),
        };
        let mut key = [kind; 17];
        key[1..].copy_from_slice(&id);
        key
    }
}
