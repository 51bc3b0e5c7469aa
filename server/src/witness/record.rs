//! What a witness remembers: the size and root of each ledger that it cosigned last. Losing it would be forgetting what it
//! promised, so it is on the disk before any cosignature leaves.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use thiserror::Error;
use troth_protocol::checkpoint::SignatureLine;
use troth_protocol::ids::Hash;
use troth_protocol::witness::Refusal;

/// The record's file within the witness's directory.
const FILE: &str = "witness.db";
/// Ledgers that one witness remembers at most: a relay that is followed could otherwise fill its disk with practices.
const LEDGERS: i64 = 100_000;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS cosigned (
        origin_hash BLOB PRIMARY KEY,
        size        INTEGER NOT NULL,
        root        BLOB NOT NULL,
        note        TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Why the record cannot be read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The disk, or SQLite.
    #[error("the witness's record: {0}; check the disk and its free space")]
    Database(#[from] rusqlite::Error),
    /// A row is not what was written.
    #[error("the witness's record is damaged: restore it, or retire this witness's key")]
    Damaged,
    /// There is no room for another ledger.
    #[error("this witness follows as many ledgers as it can; ask its operator")]
    Crowded,
}

/// The record.
pub struct Record(Mutex<Connection>);

/// What is to be recorded: size, root and note, and the cosignatures to answer with.
pub type Advance = (u64, Hash, String, Vec<SignatureLine>);

impl Record {
    /// Opens the record of a witness; makes it where there is none.
    ///
    /// # Errors
    /// [`RecordError::Database`].
    pub fn open(dir: &Path) -> Result<Self, RecordError> {
        let db = Connection::open(dir.join(FILE))?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        db.execute_batch(TABLE)?;
        Ok(Self(Mutex::new(db)))
    }

    /// Reads what was cosigned last, decides, and writes what follows, as one step that no other can come between: two requests
    /// at once could otherwise roll the record back.
    ///
    /// # Errors
    /// [`RecordError`]; nothing is cosigned then.
    pub fn advance(
        &self,
        origin: &str,
        decide: impl FnOnce(Option<(u64, Hash)>) -> Result<Advance, Refusal>,
    ) -> Result<Result<(u64, Vec<SignatureLine>), Refusal>, RecordError> {
        let hash = Hash::of(&[origin.as_bytes()]);
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last = tx
            .query_row(
                "SELECT size, root FROM cosigned WHERE origin_hash = ?1",
                [&hash.0[..]],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
            )
            .optional()?
            .map(|(size, root)| {
                let size = u64::try_from(size).map_err(|_| RecordError::Damaged)?;
                Ok::<_, RecordError>((size, Hash::from_slice(&root).ok_or(RecordError::Damaged)?))
            })
            .transpose()?;
        let (size, root, note, lines) = match decide(last) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if last.is_none()
            && tx.query_row("SELECT count(*) FROM cosigned", (), |row| row.get::<_, i64>(0))? >= LEDGERS
        {
            return Err(RecordError::Crowded);
        }
        let Ok(stored) = i64::try_from(size) else {
            return Ok(Err(Refusal::Malformed("no ledger is that long")));
        };
        tx.execute(
            "INSERT OR REPLACE INTO cosigned (origin_hash, size, root, note) VALUES (?1, ?2, ?3, ?4)",
            (&hash.0[..], stored, &root.0[..], note),
        )?;
        tx.commit()?;
        Ok(Ok((size, lines)))
    }

    /// The note that was cosigned last, with its cosignature; by the SHA-256 of the ledger's origin.
    ///
    /// # Errors
    /// [`RecordError::Database`].
    pub fn note(&self, origin: &Hash) -> Result<Option<String>, RecordError> {
        let db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(db
            .query_row(
                "SELECT note FROM cosigned WHERE origin_hash = ?1",
                [&origin.0[..]],
                |row| row.get(0),
            )
            .optional()?)
    }
}
