//! What the one writing connection does.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use troth_protocol::ids::{InviteId, PracticeId};

use super::read::{signed, split, unsigned};
use crate::store::{EntryRow, PracticeBatch, StoreError};

/// Pages given back in one transaction: bounds how long a commit waits for it.
const PAGES_A_STEP: u32 = 2048;

/// One transaction for everything in `batch`. Any error rolls it back.
pub fn commit(db: &mut Connection, batch: &[PracticeBatch]) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for part in batch {
        let no = advance(&tx, part)?;
        append(&tx, no, part)?;
        erase(&tx, no, &part.erase)?;
    }
    Ok(tx.commit()?)
}

/// The fence, and the head behind it. Answers the practice's number.
fn advance(tx: &Transaction<'_>, part: &PracticeBatch) -> Result<i64, StoreError> {
    let PracticeBatch {
        practice,
        expect,
        head,
        ..
    } = part;
    let now = tx
        .prepare_cached("SELECT no, size FROM practice WHERE id = ?1")?
        .query_row([&practice.0[..]], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    let conflict = |found| StoreError::Conflict {
        practice: *practice,
        expected: *expect,
        found,
    };
    match now {
        None if *expect == 0 => create(tx, practice, part),
        None => Err(conflict(0)),
        Some((_, size)) if size != signed(*expect) => Err(conflict(unsigned(size)?)),
        Some((no, _)) => {
            tx.prepare_cached("UPDATE practice SET size = ?2, root = ?3 WHERE no = ?1")?
                .execute((no, signed(head.size), &head.root.0[..]))?;
            Ok(no)
        }
    }
}

fn create(tx: &Transaction<'_>, practice: &PracticeId, part: &PracticeBatch) -> Result<i64, StoreError> {
    tx.prepare_cached("INSERT INTO practice (id, size, root) VALUES (?1, ?2, ?3)")?
        .execute((&practice.0[..], signed(part.head.size), &part.head.root.0[..]))?;
    Ok(tx.last_insert_rowid())
}

fn append(tx: &Transaction<'_>, no: i64, part: &PracticeBatch) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO entry (practice, position, statement_first, statement_rest, stream, leaf, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for EntryRow {
        position,
        stream,
        statement,
        leaf,
        payload,
    } in &part.entries
    {
        let (first, rest) = split(statement);
        insert.execute((no, signed(*position), first, rest, &stream.0[..], leaf, payload))?;
    }
    for tile in &part.tiles {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO tile (practice, level, number, hashes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((no, tile.level, signed(tile.index), &tile.hashes))?;
    }
    if let Some(snapshot) = &part.snapshot {
        tx.prepare_cached("INSERT OR REPLACE INTO snapshot (practice, size, state) VALUES (?1, ?2, ?3)")?
            .execute((no, signed(snapshot.size), &snapshot.state))?;
    }
    Ok(())
}

fn erase(tx: &Transaction<'_>, no: i64, positions: &[u64]) -> Result<(), StoreError> {
    let mut erase = tx.prepare_cached(
        "UPDATE entry SET payload = NULL WHERE practice = ?1 AND position = ?2 AND payload NOT NULL",
    )?;
    for position in positions {
        erase.execute((no, signed(*position)))?;
    }
    Ok(())
}

/// Moves some pages from the end of the file into free ones and cuts the file there. Says how many are free
/// still.
pub fn reclaim_some(db: &Connection) -> Result<u64, StoreError> {
    // Each row that the pragma answers is a page given back: it stops where its caller stops asking.
    let mut step = db.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES_A_STEP})"))?;
    let mut pages = step.query(())?;
    while pages.next()?.is_some() {}
    unsigned(db.query_row("PRAGMA freelist_count", (), |row| row.get(0))?)
}

/// Folds the write-ahead log into the database and cuts it to nothing: it held the erased payloads still.
pub fn truncate_log(db: &Connection) -> Result<(), StoreError> {
    let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    if busy { Err(StoreError::Busy) } else { Ok(()) }
}

/// Keeps what belongs to an intake link, or takes it away.
pub fn keep(db: &Connection, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError> {
    match value {
        Some(value) => db
            .prepare_cached("INSERT OR REPLACE INTO link (id, kept) VALUES (?1, ?2)")?
            .execute((&link.0[..], value))?,
        None => db
            .prepare_cached("DELETE FROM link WHERE id = ?1")?
            .execute([&link.0[..]])?,
    };
    Ok(())
}
