//! The tables, and the settings that the durability contract rests on.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::Options;
use crate::store::{StoreError, directory};

// Rows stand in the order in which they arrived, under a number of 64 bits, so that appending touches the
// table's last page only, whichever practice it is for; whatever else is looked up by has an index of narrow
// columns. A statement's hash is indexed by its first 8 bytes; the row holds the rest. The payload is last,
// so that reading a row without it does not read the pages it overflows to. A payload of NULL is one that was
// erased.
const TABLES: &str = "
    CREATE TABLE practice (
        no   INTEGER PRIMARY KEY,
        id   BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        root BLOB NOT NULL
    ) STRICT;
    CREATE TABLE entry (
        no              INTEGER PRIMARY KEY,
        practice        INTEGER NOT NULL,
        position        INTEGER NOT NULL,
        statement_first INTEGER NOT NULL,
        statement_rest  BLOB NOT NULL,
        stream          BLOB NOT NULL,
        leaf            BLOB NOT NULL,
        payload         BLOB
    ) STRICT;
    CREATE UNIQUE INDEX entry_position ON entry (practice, position);
    CREATE INDEX entry_stream ON entry (practice, stream, position);
    CREATE INDEX entry_statement ON entry (statement_first);
    CREATE TABLE tile (
        no       INTEGER PRIMARY KEY,
        practice INTEGER NOT NULL,
        level    INTEGER NOT NULL,
        number   INTEGER NOT NULL,
        hashes   BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX tile_number ON tile (practice, level, number);
    CREATE TABLE snapshot (
        practice INTEGER PRIMARY KEY,
        size     INTEGER NOT NULL,
        state    BLOB NOT NULL
    ) STRICT;
";

// Beside the ledgers. A database that was made before there were intake links gets it when it is opened.
const LINKS: &str = "
    CREATE TABLE IF NOT EXISTS link (
        id   BLOB PRIMARY KEY,
        kept BLOB NOT NULL
    ) STRICT;
";

/// Statements that a connection keeps prepared: all there are.
const PREPARED: usize = 32;

/// The database's file within the store's directory.
pub fn file(dir: &Path) -> PathBuf {
    dir.join("troth.db")
}

/// Makes the database, and closes it, so that all of it is in the one file.
pub fn create(file: &Path) -> Result<(), StoreError> {
    // SQLite gives its further files the mode of the first.
    directory::private_file(file)?;
    let db = Connection::open(file)?;
    // Whether a database can give pages back is settled before its first table.
    db.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;",
    )?;
    db.execute_batch(&format!("BEGIN; {TABLES} {LINKS} COMMIT;"))?;
    db.close().map_err(|(_, error)| error.into())
}

/// The one connection that writes.
pub fn open_writer(file: &Path, options: &Options) -> Result<Connection, StoreError> {
    let db = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::corrupt(
            "the database is not in the mode it was made in",
        ));
    }
    // FULL: a transaction has reached the disk when COMMIT returns. secure_delete: what is erased is
    // overwritten with zeros. The log goes into the database once it has 64 MiB, and its file is kept at
    // that, since overwriting is faster than growing.
    db.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = 16384;
         PRAGMA journal_size_limit = 100663296;
         PRAGMA cache_size = -32768;",
    )?;
    db.execute_batch(LINKS)?;
    if let Some(pages) = options.max_pages {
        db.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))?;
    }
    Ok(db)
}

/// One of the connections that read.
pub fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let db = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
    Ok(db)
}

fn connect(file: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    // A database that somebody else changed must not run anything, and a damaged page must not be followed.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.execute_batch("PRAGMA cell_size_check = ON;")?;
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> T {
        db.query_row(&format!("PRAGMA {name}"), (), |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn the_settings_are_those_that_the_durability_contract_rests_on() {
        let dir = tempfile::tempdir().unwrap();
        let file = file(dir.path());
        create(&file).unwrap();
        let writer = open_writer(&file, &Options::default()).unwrap();
        assert_eq!(setting::<String>(&writer, "journal_mode"), "wal");
        assert_eq!(setting::<u8>(&writer, "synchronous"), 2, "FULL");
        assert_eq!(setting::<u8>(&writer, "secure_delete"), 1, "ON, and not FAST");
        assert_eq!(setting::<u8>(&writer, "auto_vacuum"), 2, "INCREMENTAL");
        assert_eq!(setting::<u32>(&writer, "wal_autocheckpoint"), 16_384);
        let reader = open_reader(&file).unwrap();
        assert_eq!(setting::<u8>(&reader, "query_only"), 1);
        for db in [&writer, &reader] {
            assert_eq!(setting::<u8>(db, "cell_size_check"), 1);
            assert_eq!(setting::<u8>(db, "trusted_schema"), 0);
        }
    }
}
