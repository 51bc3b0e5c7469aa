//! What the relay keeps on disk, and the promise made about it.
//!
//! [`Store`] is the whole of it: ledgers' entries, tiles, heads and snapshots, committed in atomic, durable
//! batches. Its comments are the durability contract; an engine that cannot keep all of it says so in
//! [`Store::caveat`]. The store knows nothing of what the bytes mean: it checks no signature and no hash.
//! Whoever reads an entry back checks it against its leaf.
//!
//! | file | holds |
//! | --- | --- |
//! | `rows` | what is stored, and what makes a batch well formed |
//! | `error` | who is to blame when it does not work |
//! | `directory` | how a data directory comes to be, and who has it open |
//! | `sqlite` | the default engine |
//! | `sled` | the other embedded engine, by choice |
//! | `conformance` | the stories that every engine must be able to tell |

use std::path::Path;

use troth_protocol::ids::{Hash, InviteId, PracticeId};

#[cfg(test)]
mod conformance;
mod directory;
mod engine;
mod error;
mod rows;
#[cfg(feature = "sled")]
pub mod sled;
pub mod sqlite;
#[cfg(test)]
mod tests;

pub use engine::Engine;
pub use error::StoreError;
pub use rows::{EntryRow, Head, MAX_VALUE_BYTES, PracticeBatch, Snapshot, StreamKey, TILE_BYTES, TileRow};

/// Opens the data directory `dir` with `engine`, and makes it first where there is none.
///
/// The directory belongs to the returned store until that is dropped: a second opener, in this process or
/// another, gets [`StoreError::InUse`]. A kill at any moment of the first creation leaves a directory that
/// opens.
///
/// # Errors
/// [`StoreError::OtherEngine`] where another engine made the directory, [`StoreError::Format`] where another
/// version of the relay did, [`StoreError::Unsupported`] where this build has no such engine, and whatever
/// the disk says.
pub fn open(dir: &Path, engine: Engine) -> Result<Box<dyn Store>, StoreError> {
    match engine {
        Engine::Sqlite => Ok(Box::new(sqlite::SqliteStore::open(
            dir,
            &sqlite::Options::default(),
        )?)),
        #[cfg(feature = "sled")]
        Engine::Sled => Ok(Box::new(sled::SledStore::open(dir)?)),
        #[cfg(not(feature = "sled"))]
        Engine::Sled => Err(StoreError::Unsupported(engine)),
    }
}

/// A relay's storage.
///
/// **Reads** may run beside each other and beside a commit, from any thread. Each sees whole commits only,
/// and only such as are durable: what was read is still there after a power cut. Two reads in a row may see
/// different commits.
///
/// **Errors of a read** change nothing; the read may be repeated. A practice that is not there is not an
/// error: it has no head and no rows.
pub trait Store: Send + Sync {
    /// Commits `batch`: for each practice its entries, its tiles, its new head, its snapshot, its erasures. A
    /// practice may occur more than once; the later part then continues the earlier one.
    ///
    /// *Atomic* over everything in `batch`, all practices together: at no time, and after no crash, is a part
    /// of it there without the rest.
    ///
    /// *Durable on return*: after `Ok`, all of it has reached the disk, and survives `kill -9` and power
    /// loss.
    ///
    /// *Fenced*: each part names in [`PracticeBatch::expect`] the size that its ledger must have now. Commits
    /// are applied one after another, however many threads call.
    ///
    /// *After an error* the batch is either wholly there or wholly absent. It is certainly absent after
    /// [`StoreError::Conflict`], [`StoreError::Misuse`] and [`StoreError::Full`]. After any other error the
    /// caller reads [`Store::head`] of each practice again and goes on from what that says; until it has, it
    /// acknowledges and signs nothing. The same batch may always be tried again: if it was there after all,
    /// the fence refuses it.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`]: a ledger has another size than the batch expects.
    /// - [`StoreError::Misuse`]: the batch contradicts itself. Trying again cannot help.
    /// - [`StoreError::Full`]: no room on the disk. Reads go on; commits succeed again once there is room.
    /// - [`StoreError::Stopped`]: an earlier failure left the engine unable to say what is durable. Only
    ///   opening it again helps.
    /// - [`StoreError::Corrupt`], [`StoreError::Io`]: the disk's fault.
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError>;

    /// Every practice and the head of its ledger, in no particular order.
    ///
    /// # Errors
    /// The disk's only.
    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError>;

    /// The head of the practice's ledger; `None` where the practice is not there.
    ///
    /// # Errors
    /// The disk's only.
    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError>;

    /// The entries at the positions `from..to`, in order: as many as fit `max_bytes` of leaves and payloads
    /// together, but at least one if there is any. The caller asks again from where the answer ended.
    ///
    /// # Errors
    /// The disk's only.
    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// The entries at `positions`, in the order asked: as many as fit `max_bytes` of leaves and payloads together,
    /// but at least one if there is any. Positions that the ledger does not have are left out.
    ///
    /// # Errors
    /// The disk's only.
    fn entries_at(
        &self,
        practice: &PracticeId,
        positions: &[u64],
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// The positions within `from..to` of the entries of `stream`, ascending, the first `limit` of them.
    ///
    /// # Errors
    /// The disk's only.
    fn stream(
        &self,
        practice: &PracticeId,
        stream: &StreamKey,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError>;

    /// Where the statement with this hash stands in the practice's ledger; the first place, should there be
    /// several.
    ///
    /// # Errors
    /// The disk's only.
    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError>;

    /// A complete tile: exactly [`TILE_BYTES`] bytes.
    ///
    /// # Errors
    /// The disk's only.
    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The snapshot that was committed last.
    ///
    /// # Errors
    /// The disk's only.
    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError>;

    /// What is kept for an intake link beside every ledger: what its PIN opens, and its draft.
    ///
    /// # Errors
    /// The disk's only.
    fn kept(&self, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps that in the place of what was kept, or takes it away. *Durable on return*, as [`Self::commit`] is.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the disk's; what was kept before is then there still, or the new one is.
    fn keep(&self, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError>;

    /// Gives the space of erased payloads back to the file system, where the engine can, and leaves no byte
    /// of them in any of its files. May take long on a large store; commits go on meanwhile, between its
    /// steps. May be repeated, and may be interrupted by a kill: nothing is lost then but what was still to
    /// be given back.
    ///
    /// # Errors
    /// The disk's; [`StoreError::Busy`] where a read that would not end kept it from finishing.
    fn reclaim(&self) -> Result<(), StoreError>;

    /// The bytes that the store's files take up, by their lengths.
    ///
    /// # Errors
    /// The disk's only.
    fn disk_bytes(&self) -> Result<u64, StoreError>;

    /// What of this contract the engine does not promise, for the relay to print when it starts. `None`: it
    /// promises all.
    fn caveat(&self) -> Option<&'static str>;
}
