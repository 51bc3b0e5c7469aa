//! What is stored, and what makes a batch well formed.

use std::fmt;

use troth_protocol::ids::{Hash, PracticeId};

use super::StoreError;

/// Bytes of a complete tile: 256 SHA-256 hashes (C2SP `tlog-tiles`).
pub const TILE_BYTES: usize = 256 * Hash::LEN;

/// The most bytes that a single leaf, payload or snapshot may have: far above what the protocol allows, and
/// below what any engine can hold.
pub const MAX_VALUE_BYTES: usize = 256 << 20;

/// A stream within a practice: one byte for its kind and 16 for which one. Opaque to the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(pub [u8; 17]);

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// An entry of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its place in the ledger, from 0.
    pub position: u64,
    /// The stream it belongs to.
    pub stream: StreamKey,
    /// The hash of its statement.
    pub statement: Hash,
    /// The encoded leaf. Never erased.
    pub leaf: Vec<u8>,
    /// The ciphertext, possibly empty; `None` once erased.
    pub payload: Option<Vec<u8>>,
}

impl EntryRow {
    /// Bytes of leaf and payload together: what a read's `max_bytes` counts.
    pub fn bytes(&self) -> usize {
        self.leaf.len() + self.payload.as_ref().map_or(0, Vec::len)
    }
}

/// A complete tile of the ledger's tree. It follows from the entries, so writing one again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRow {
    /// Its level, from 0 (hashes of leaves).
    pub level: u8,
    /// Its number within the level.
    pub index: u64,
    /// Its hashes: exactly [`TILE_BYTES`] bytes.
    pub hashes: Vec<u8>,
}

/// Where a ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree at that size.
    pub root: Hash,
}

/// A practice's derived state at some size of its ledger, from which replaying may start. Opaque to the
/// store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// How many entries the state takes into account.
    pub size: u64,
    /// The state.
    pub state: Vec<u8>,
}

/// What one commit does to one practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeBatch {
    /// Whose ledger.
    pub practice: PracticeId,
    /// The fence: the size that the ledger must have now. 0 creates the practice.
    pub expect: u64,
    /// The entries to append, at the positions `expect..head.size` without a gap.
    pub entries: Vec<EntryRow>,
    /// The tiles that became complete.
    pub tiles: Vec<TileRow>,
    /// The head afterwards.
    pub head: Head,
    /// A snapshot that takes the place of the one before.
    pub snapshot: Option<Snapshot>,
    /// Positions whose payload is dropped, after the entries are appended. What was erased already may be
    /// named again.
    pub erase: Vec<u64>,
}

impl PracticeBatch {
    /// Refuses a batch that contradicts itself, before any of it is written: what every engine asks first.
    ///
    /// # Errors
    /// [`StoreError::Misuse`].
    pub fn check(&self) -> Result<(), StoreError> {
        let ensure = |holds: bool, otherwise| holds.then_some(()).ok_or(StoreError::Misuse(otherwise));
        let positions = self.expect..self.head.size;
        ensure(
            i64::try_from(self.head.size).is_ok(),
            "a ledger has at most 2^63 - 1 entries",
        )?;
        ensure(self.head.size > 0, "a ledger is created with its first entry")?;
        ensure(
            positions
                .clone()
                .eq(self.entries.iter().map(|entry| entry.position)),
            "the entries of a batch lead without a gap from the size it expects to its head",
        )?;
        ensure(
            self.tiles.iter().all(|tile| tile.hashes.len() == TILE_BYTES),
            "only complete tiles are stored",
        )?;
        ensure(
            self.tiles.iter().all(|tile| i64::try_from(tile.index).is_ok()),
            "a tile's index is below 2^63",
        )?;
        ensure(
            self.snapshot
                .as_ref()
                .is_none_or(|snapshot| snapshot.size <= self.head.size),
            "a snapshot covers no more than the ledger has",
        )?;
        ensure(
            self.erase.iter().all(|position| *position < self.head.size),
            "only payloads that are in the ledger can be erased",
        )?;
        ensure(
            self.lengths().all(|bytes| bytes <= MAX_VALUE_BYTES),
            "a value is longer than any store takes",
        )
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        let entries = self
            .entries
            .iter()
            .flat_map(|entry| [entry.leaf.len(), entry.payload.as_ref().map_or(0, Vec::len)]);
        entries.chain(self.snapshot.iter().map(|snapshot| snapshot.state.len()))
    }
}
