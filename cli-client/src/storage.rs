//! The device's store: one SQLite file in the device's home, in which every value is ciphertext already.
//!
//! ```text
//! HOME/            0700 if it is made here
//! HOME/lock        locked for as long as a process has the store open
//! HOME/device.db   0600; there as a whole or not at all, since it is made under another name and renamed
//! ```

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use troth_client_core::storage::{Storage, StorageError, Write};

use crate::files;

// Rows are found by name alone, and never in the order in which they came: the name is the key, and there is no other.
const TABLE: &str = "CREATE TABLE item (
        tbl INTEGER NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tbl, name)
    ) STRICT, WITHOUT ROWID;";

/// How long a command waits for another one that is about to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another troth is running on {0}")]
    Busy(PathBuf),
    /// The disk's doing.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The database does not open.
    #[error("{0}")]
    Store(#[from] StorageError),
}

/// A store that no other process has open.
#[derive(Debug)]
pub struct SqliteStorage {
    // Dropped first: closing it folds the log into the database, still under the lock.
    db: Connection,
    _lock: File,
}

/// The database's file within a home.
pub fn file(home: &Path) -> PathBuf {
    home.join("device.db")
}

impl SqliteStorage {
    /// Opens the store in `home`, and makes both where there are none.
    ///
    /// # Errors
    /// [`OpenError::Busy`] while another process has it; whatever the disk says.
    pub fn open(home: &Path) -> Result<Self, OpenError> {
        files::private_dir(home)?;
        let lock = lock(home)?;
        let file = file(home);
        if !file.try_exists()? {
            create(home, &file)?;
        }
        let db = connect(&file).map_err(store_error)?;
        check_table(&db)?;
        // FULL: a transaction has reached the disk when COMMIT returns. secure_delete: what is erased is overwritten.
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 4194304;",
        )
        .map_err(store_error)?;
        Ok(Self { db, _lock: lock })
    }
}

impl Storage for SqliteStorage {
    fn get(&self, table: u8, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StorageError> {
        let mut query = self
            .db
            .prepare_cached("SELECT value FROM item WHERE tbl = ?1 AND name = ?2")
            .map_err(storage)?;
        query
            .query_row(params![table, name], |row| row.get(0))
            .optional()
            .map_err(storage)
    }

    fn scan(&self, table: u8) -> Result<Vec<([u8; 32], Vec<u8>)>, StorageError> {
        let mut query = self
            .db
            .prepare_cached("SELECT name, value FROM item WHERE tbl = ?1 ORDER BY name")
            .map_err(storage)?;
        let rows = query
            .query_map(params![table], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(storage)?;
        rows.collect::<Result<_, _>>().map_err(storage)
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        let transaction = self.db.transaction().map_err(storage)?;
        {
            let mut put = transaction
                .prepare_cached("INSERT OR REPLACE INTO item (tbl, name, value) VALUES (?1, ?2, ?3)")
                .map_err(storage)?;
            let mut delete = transaction
                .prepare_cached("DELETE FROM item WHERE tbl = ?1 AND name = ?2")
                .map_err(storage)?;
            for write in writes {
                match write.value {
                    Some(value) => put.execute(params![write.table, write.name, value]),
                    None => delete.execute(params![write.table, write.name]),
                }
                .map_err(storage)?;
            }
        }
        transaction.commit().map_err(storage)
    }
}

fn lock(home: &Path) -> Result<File, OpenError> {
    let lock = files::private_file(&home.join("lock"))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(40))
            }
            Err(TryLockError::WouldBlock) => return Err(OpenError::Busy(home.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// A kill at any moment leaves either no database or a whole one.
fn create(home: &Path, file: &Path) -> Result<(), OpenError> {
    let unfinished = home.join("device.db.new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(home.join(format!("device.db.new{suffix}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    // SQLite gives its further files the mode of the first.
    files::private_file(&unfinished)?;
    let db = Connection::open(&unfinished).map_err(store_error)?;
    db.execute_batch(&format!("PRAGMA journal_mode = WAL; {TABLE}"))
        .map_err(store_error)?;
    db.close().map_err(|(_, error)| store_error(error))?;
    files::private_file(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, file)?;
    Ok(files::sync_dir(home)?)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(
        file,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // A database that somebody else changed must not run anything.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    Ok(db)
}

/// A file that was cut off to nothing opens as an empty database: what has no table is damaged as well.
fn check_table(db: &Connection) -> Result<(), OpenError> {
    match db.prepare("SELECT tbl, name, value FROM item LIMIT 0") {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            Err(StorageError::Damaged(error.to_string()).into())
        }
        Err(error) => Err(store_error(error)),
    }
}

fn store_error(error: rusqlite::Error) -> OpenError {
    OpenError::Store(storage(error))
}

fn storage(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::Full,
        // The index of the write-ahead log grows by file size, and reports a full disk as a failure of that.
        _ if no_room_for_the_index(&error) => StorageError::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
            StorageError::Damaged(error.to_string())
        }
        _ => StorageError::Io(error.to_string()),
    }
}

fn no_room_for_the_index(error: &rusqlite::Error) -> bool {
    let failure = error.sqlite_error();
    failure.is_some_and(|failure| failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

#[cfg(test)]
mod tests;
