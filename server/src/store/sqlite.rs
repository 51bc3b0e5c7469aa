//! SQLite, the default engine: one connection that writes, a few that read, a write-ahead log between them.
//!
//! A commit is one transaction: it is appended to the write-ahead log and synced once. Readers see the
//! database as of the last transaction that was synced, so they never see what a power cut could take back.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use troth_protocol::ids::{Hash, InviteId, PracticeId};

use super::{
    Engine, EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey,
    directory::{self, Claim},
};

mod errors;
mod pool;
mod read;
mod schema;
mod write;

/// Connections that read. More would wait for the same disk.
const READERS: usize = 4;

/// How to open a SQLite store; the default is what a relay uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The most pages of 4 KiB that the database may have: what lets a test fill the disk without one to
    /// fill.
    pub max_pages: Option<u32>,
}

/// A store kept by SQLite.
pub struct SqliteStore {
    // Dropped in this order: the connection that writes goes last, so that closing it folds the log into the
    // database, and the lock goes after it.
    readers: pool::Pool,
    writer: Mutex<Connection>,
    dir: PathBuf,
    _claim: Claim,
}

impl SqliteStore {
    /// Opens the data directory `dir`, and makes it first where there is none.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn open(dir: &Path, options: &Options) -> Result<Self, StoreError> {
        let claim = Claim::take(dir)?;
        let dir = claim.store(Engine::Sqlite, |dir| schema::create(&schema::file(dir)))?;
        let file = schema::file(&dir);
        let writer = schema::open_writer(&file, options)?;
        read::check_heads(&writer)?;
        let readers = pool::Pool::new(
            (0..READERS)
                .map(|_| schema::open_reader(&file))
                .collect::<Result<_, _>>()?,
        );
        Ok(Self {
            readers,
            writer: Mutex::new(writer),
            dir,
            _claim: claim,
        })
    }

    // A panic while the lock was held has rolled its transaction back: the connection is as good as before.
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        batch.iter().try_for_each(PracticeBatch::check)?;
        write::commit(&mut self.writer(), batch)
    }

    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError> {
        self.readers.with(read::practices)
    }

    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
        self.readers.with(|db| read::head(db, practice))
    }

    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.readers
            .with(|db| read::entries(db, practice, from, to, max_bytes))
    }

    fn entries_at(
        &self,
        practice: &PracticeId,
        positions: &[u64],
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.readers
            .with(|db| read::entries_at(db, practice, positions, max_bytes))
    }

    fn stream(
        &self,
        practice: &PracticeId,
        stream: &StreamKey,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.readers
            .with(|db| read::stream(db, practice, stream, from, to, limit))
    }

    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError> {
        self.readers
            .with(|db| read::find_statement(db, practice, statement))
    }

    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.with(|db| read::tile(db, practice, level, index))
    }

    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
        self.readers.with(|db| read::snapshot(db, practice))
    }

    fn kept(&self, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.with(|db| read::kept(db, link))
    }

    fn keep(&self, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError> {
        write::keep(&self.writer(), link, value)
    }

    fn reclaim(&self) -> Result<(), StoreError> {
        // A file that does not become shorter, whatever the reason, is left as it is.
        let (mut before, mut free) = (u64::MAX, write::reclaim_some(&self.writer())?);
        while 0 < free && free < before {
            (before, free) = (free, write::reclaim_some(&self.writer())?);
        }
        write::truncate_log(&self.writer())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(directory::disk_bytes(&self.dir)?)
    }

    fn caveat(&self) -> Option<&'static str> {
        None
    }
}
