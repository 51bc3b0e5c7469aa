//! sled, the other embedded engine, for those who choose it.
//!
//! sled's own `flush()` asks the kernel to begin writing and does not wait for the disk. So a commit here is
//! one batch over one tree, a flush, and then an fdatasync on a handle of our own to sled's file; only then
//! does it return. Values are split (see `chunks`), because sled puts long ones in files of their own that
//! nobody syncs. And sled panics on files it did not write: every call is made where a panic is caught and
//! becomes an error, after which the store stays shut.

use std::{
    fs::{self, File, OpenOptions},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ::sled::{Db, Tree};
use troth_protocol::ids::{Hash, InviteId, PracticeId};

use super::{
    Engine, EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey,
    directory::{self, Claim},
};

mod chunks;
mod keys;
mod read;
mod write;

/// Bytes of memory that sled may keep pages in.
const CACHE_BYTES: u64 = 64 << 20;

const CAVEAT: &str = "the sled engine keeps what it acknowledged, but it gives no disk space back, may keep \
    erased ciphertext in its files, takes far more memory than the default engine, serves nothing between a \
    full disk and a restart, and has had no release since 2021; see docs/storage.md";

/// A store kept by sled.
pub struct SledStore {
    // A reader must not see what is not durable yet, so a commit keeps readers out until its fdatasync is
    // done.
    open: RwLock<Option<Open>>,
    // Set for good once sled failed to write or panicked: what it has in memory is then neither on the disk
    // nor not, and its locks may be held by nobody.
    broken: AtomicBool,
    dir: PathBuf,
    _claim: Claim,
}

struct Open {
    db: Db,
    tree: Tree,
    file: File,
}

impl SledStore {
    /// Opens the data directory `dir`, and makes it first where there is none.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let claim = Claim::take(dir)?;
        let dir = claim.store(Engine::Sled, create)?;
        let open = caught(|| {
            let open = connect(&dir)?;
            read::check_heads(&open.tree)?;
            Ok(open)
        })?;
        Ok(Self {
            open: RwLock::new(Some(open)),
            broken: AtomicBool::new(false),
            dir,
            _claim: claim,
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Tree) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        self.call(open.as_ref(), |open| read(&open.tree))
    }

    fn call<T>(
        &self,
        open: Option<&Open>,
        call: impl FnOnce(&Open) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let open = open.filter(|_| !self.broken.load(Ordering::Acquire));
        let open = open.ok_or(StoreError::Stopped("sled could not go on"))?;
        let mut returned = false;
        let result = caught(|| {
            let result = call(open);
            returned = true;
            result
        });
        if !returned {
            self.broken.store(true, Ordering::Release);
        }
        result
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // Closing writes; what a broken one would write is not known to be sound.
        if self.broken.load(Ordering::Acquire) {
            mem::forget(self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

fn create(dir: &Path) -> Result<(), StoreError> {
    caught(|| {
        let open = connect(dir)?;
        open.db.flush()?;
        drop(open);
        Ok(())
    })?;
    #[cfg(unix)]
    for name in ["db", "conf"] {
        fs::set_permissions(
            dir.join("sled").join(name),
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        )?;
    }
    Ok(())
}

/// How long a dropped store may take to let go of its files.
const LET_GO_WITHIN: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LET_GO_PAUSE: Duration = Duration::from_millis(10);

fn connect(dir: &Path) -> Result<Open, StoreError> {
    let dir = dir.join("sled");
    remove_unfinished_snapshots(&dir)?;
    let config = ::sled::Config::new()
        .path(&dir)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None);
    let db = open_once_free(&config)?;
    let tree = db.open_tree("troth")?;
    let file = OpenOptions::new().write(true).open(dir.join("db"))?;
    Ok(Open { db, tree, file })
}

/// sled writes a snapshot of its own bookkeeping when it opens, and renames it when it is whole. What a kill or a power cut
/// left of one that was not, it takes for the newest snapshot, finds damaged, and does not open any more. Nothing is lost
/// with it: the one before it, or the log, says the same.
fn remove_unfinished_snapshots(dir: &Path) -> Result<(), StoreError> {
    if !dir.is_dir() {
        return Ok(());
    }
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Opens the database once nobody holds its lock. The directory is this store's own already, so who holds it can only be a
/// thread of a store that was just dropped in this process: sled lets go of its files a moment after it returns.
fn open_once_free(config: &::sled::Config) -> Result<::sled::Db, StoreError> {
    let deadline = Instant::now() + LET_GO_WITHIN;
    loop {
        match config.open() {
            Err(::sled::Error::Io(error)) if is_locked(&error) && Instant::now() < deadline => {
                std::thread::sleep(LET_GO_PAUSE);
            }
            done => return Ok(done?),
        }
    }
}

/// sled wraps what the system said into a text.
fn is_locked(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

/// Turns a panic of sled's into damage: that is what it panics on.
fn caught<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(StoreError::corrupt("sled gave up on what it read or wrote")))
}

impl From<::sled::Error> for StoreError {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Io(error) => error.into(),
            error @ ::sled::Error::Corruption { .. } => Self::corrupt(error.to_string()),
            error => Self::Io(std::io::Error::other(error)),
        }
    }
}

impl Store for SledStore {
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        batch.iter().try_for_each(PracticeBatch::check)?;
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let changes = self.call(open.as_ref(), |open| write::changes(&open.tree, batch))?;
        self.call(open.as_ref(), |open| {
            let written = write::durably(open, changes);
            self.broken.fetch_or(written.is_err(), Ordering::AcqRel);
            written
        })
    }

    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError> {
        self.read(read::practices)
    }

    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
        self.read(|tree| read::head(tree, practice))
    }

    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.read(|tree| read::entries(tree, practice, from, to, max_bytes))
    }

    fn entries_at(
        &self,
        practice: &PracticeId,
        positions: &[u64],
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.read(|tree| read::entries_at(tree, practice, positions, max_bytes))
    }

    fn stream(
        &self,
        practice: &PracticeId,
        stream: &StreamKey,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(|tree| read::stream(tree, practice, stream, from, to, limit))
    }

    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError> {
        self.read(|tree| read::find_statement(tree, practice, statement))
    }

    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tree| read::tile(tree, practice, level, index))
    }

    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
        self.read(|tree| read::snapshot(tree, practice))
    }

    fn kept(&self, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tree| chunks::get(tree, &keys::link(link)))
    }

    fn keep(&self, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError> {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let changes = self.call(open.as_ref(), |open| write::keeping(&open.tree, link, value))?;
        self.call(open.as_ref(), |open| {
            let written = write::durably(open, changes);
            self.broken.fetch_or(written.is_err(), Ordering::AcqRel);
            written
        })
    }

    fn reclaim(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(directory::disk_bytes(&self.dir)?)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some(CAVEAT)
    }
}
