//! What the reading connections do. Each query names the index that it is made for.

use rusqlite::{Connection, OptionalExtension, Row};
use troth_protocol::ids::{Hash, InviteId, PracticeId};

use crate::store::{EntryRow, Head, Snapshot, StoreError, StreamKey, TILE_BYTES};

/// The columns of an entry, in the order in which [`entry`] takes them.
macro_rules! entries_where {
    ($rest:literal) => {
        concat!(
            "SELECT position, stream, statement_first, statement_rest, leaf, payload
             FROM entry INDEXED BY entry_position
             WHERE practice = (SELECT no FROM practice WHERE id = ?1) AND ",
            $rest
        )
    };
}

/// SQLite's integers have a sign; no ledger is so long that it shows.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Sizes and positions were written without a sign.
pub fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::corrupt(format!("a size or position of {number}")))
}

/// A statement's hash as it is stored: its first 8 bytes as a number, for the index, and the rest.
pub fn split(statement: &Hash) -> (i64, &[u8]) {
    let (first, rest) = statement.0.split_at(8);
    (
        first
            .iter()
            .fold(0, |number, byte| number << 8 | i64::from(*byte)),
        rest,
    )
}

/// Refuses a database whose ledgers do not reach as far as their heads say.
pub fn check_heads(db: &Connection) -> Result<(), StoreError> {
    let short: i64 = db.query_row(
        "SELECT count(*) FROM practice WHERE NOT EXISTS (
             SELECT 1 FROM entry INDEXED BY entry_position
             WHERE entry.practice = practice.no AND entry.position = practice.size - 1)",
        (),
        |row| row.get(0),
    )?;
    if short > 0 {
        Err(StoreError::corrupt(format!(
            "{short} ledgers end before their heads"
        )))
    } else {
        Ok(())
    }
}

/// See [`crate::store::Store::practices`].
pub fn practices(db: &Connection) -> Result<Vec<(PracticeId, Head)>, StoreError> {
    let mut select = db.prepare_cached("SELECT id, size, root FROM practice")?;
    let mut rows = select.query(())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((
            PracticeId(fixed(row, 0)?),
            Head {
                size: unsigned(row.get(1)?)?,
                root: Hash(fixed(row, 2)?),
            },
        ));
    }
    Ok(found)
}

/// See [`crate::store::Store::head`].
pub fn head(db: &Connection, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
    let mut select = db.prepare_cached("SELECT size, root FROM practice WHERE id = ?1")?;
    let mut rows = select.query([&practice.0[..]])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Head {
        size: unsigned(row.get(0)?)?,
        root: Hash(fixed(row, 1)?),
    }))
}

/// See [`crate::store::Store::entries`].
pub fn entries(
    db: &Connection,
    practice: &PracticeId,
    from: u64,
    to: u64,
    max_bytes: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    let mut select = db.prepare_cached(entries_where!(
        "position >= ?2 AND position < ?3 ORDER BY position"
    ))?;
    let mut rows = select.query((&practice.0[..], signed(from), signed(to)))?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let entry = entry(row)?;
        bytes = bytes.saturating_add(entry.bytes());
        if bytes > max_bytes && !found.is_empty() {
            break;
        }
        found.push(entry);
    }
    Ok(found)
}

/// See [`crate::store::Store::entries_at`].
pub fn entries_at(
    db: &Connection,
    practice: &PracticeId,
    positions: &[u64],
    max_bytes: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    // One transaction, so that all are of one time.
    let tx = db.unchecked_transaction()?;
    let mut select = tx.prepare_cached(entries_where!("position = ?2"))?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    for position in positions {
        let mut rows = select.query((&practice.0[..], signed(*position)))?;
        let Some(row) = rows.next()? else { continue };
        let entry = entry(row)?;
        bytes = bytes.saturating_add(entry.bytes());
        if bytes > max_bytes && !found.is_empty() {
            break;
        }
        found.push(entry);
    }
    Ok(found)
}

/// See [`crate::store::Store::stream`].
pub fn stream(
    db: &Connection,
    practice: &PracticeId,
    stream: &StreamKey,
    from: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT position FROM entry INDEXED BY entry_stream
         WHERE practice = (SELECT no FROM practice WHERE id = ?1) AND stream = ?2
         AND position >= ?3 AND position < ?4 ORDER BY position LIMIT ?5",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select.query_map(
        (&practice.0[..], &stream.0[..], signed(from), signed(to), limit),
        |row| row.get(0),
    )?;
    rows.map(|position| unsigned(position?)).collect()
}

/// See [`crate::store::Store::find_statement`].
pub fn find_statement(
    db: &Connection,
    practice: &PracticeId,
    statement: &Hash,
) -> Result<Option<u64>, StoreError> {
    let (first, rest) = split(statement);
    let mut select = db.prepare_cached(
        "SELECT min(position) FROM entry INDEXED BY entry_statement
         WHERE statement_first = ?2 AND statement_rest = ?3
         AND practice = (SELECT no FROM practice WHERE id = ?1)",
    )?;
    let position: Option<i64> = select.query_row((&practice.0[..], first, rest), |row| row.get(0))?;
    position.map(unsigned).transpose()
}

/// See [`crate::store::Store::tile`].
pub fn tile(
    db: &Connection,
    practice: &PracticeId,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT hashes FROM tile INDEXED BY tile_number
         WHERE practice = (SELECT no FROM practice WHERE id = ?1) AND level = ?2 AND number = ?3",
    )?;
    let hashes: Option<Vec<u8>> = select
        .query_row((&practice.0[..], level, signed(index)), |row| row.get(0))
        .optional()?;
    match hashes {
        Some(hashes) if hashes.len() != TILE_BYTES => Err(StoreError::corrupt("a tile is not complete")),
        hashes => Ok(hashes),
    }
}

/// See [`crate::store::Store::snapshot`].
pub fn snapshot(db: &Connection, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT size, state FROM snapshot WHERE practice = (SELECT no FROM practice WHERE id = ?1)",
    )?;
    let mut rows = select.query([&practice.0[..]])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Snapshot {
        size: unsigned(row.get(0)?)?,
        state: row.get(1)?,
    }))
}

fn entry(row: &Row<'_>) -> Result<EntryRow, StoreError> {
    let first: i64 = row.get(2)?;
    let rest: [u8; 24] = fixed(row, 3)?;
    let mut statement = [0; Hash::LEN];
    statement[..8].copy_from_slice(&first.to_be_bytes());
    statement[8..].copy_from_slice(&rest);
    Ok(EntryRow {
        position: unsigned(row.get(0)?)?,
        stream: StreamKey(fixed(row, 1)?),
        statement: Hash(statement),
        leaf: row.get(4)?,
        payload: row.get(5)?,
    })
}

fn fixed<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N], StoreError> {
    let blob = row
        .get_ref(column)?
        .as_blob()
        .map_err(|error| StoreError::corrupt(error.to_string()))?;
    blob.try_into()
        .map_err(|_| StoreError::corrupt(format!("a value of {} bytes where {N} belong", blob.len())))
}

/// What is kept for an intake link.
pub fn kept(db: &Connection, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError> {
    let mut ask = db.prepare_cached("SELECT kept FROM link WHERE id = ?1")?;
    Ok(ask.query_row([&link.0[..]], |row| row.get(0)).optional()?)
}
