//! Reading from sled's tree.

use ::sled::Tree;
use troth_protocol::ids::{Hash, PracticeId};

use super::{chunks, keys};
use crate::store::{EntryRow, Head, Snapshot, StoreError, StreamKey, TILE_BYTES};

/// Refuses a tree whose ledgers do not reach as far as their heads say: sled drops a damaged end without a
/// word.
pub fn check_heads(tree: &Tree) -> Result<(), StoreError> {
    for (practice, head) in practices(tree)? {
        if head.size == 0 || !tree.contains_key(keys::entry(&practice, head.size - 1))? {
            return Err(StoreError::corrupt("a ledger ends before its head"));
        }
    }
    Ok(())
}

/// See [`crate::store::Store::practices`].
pub fn practices(tree: &Tree) -> Result<Vec<(PracticeId, Head)>, StoreError> {
    let found = tree.scan_prefix(keys::HEADS).map(|pair| {
        let (key, value) = pair?;
        let practice = PracticeId::from_slice(&key[keys::HEADS.len()..]);
        Ok((
            practice.ok_or_else(|| StoreError::corrupt("a head without its practice"))?,
            parse_head(&value)?,
        ))
    });
    found.collect()
}

/// See [`crate::store::Store::head`].
pub fn head(tree: &Tree, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
    tree.get(keys::head(practice))?
        .map(|value| parse_head(&value))
        .transpose()
}

fn parse_head(value: &[u8]) -> Result<Head, StoreError> {
    let parsed = value.split_first_chunk().and_then(|(size, root)| {
        Some(Head {
            size: u64::from_be_bytes(*size),
            root: Hash::from_slice(root)?,
        })
    });
    parsed.ok_or_else(|| StoreError::corrupt("a head of the wrong length"))
}

/// See [`crate::store::Store::entries`].
pub fn entries(
    tree: &Tree,
    practice: &PracticeId,
    from: u64,
    to: u64,
    max_bytes: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    let size = head(tree, practice)?.map_or(0, |head| head.size);
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    for position in from..to.min(size) {
        let Some(entry) = entry(tree, practice, position)? else {
            return Err(StoreError::corrupt("an entry is missing"));
        };
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
    tree: &Tree,
    practice: &PracticeId,
    positions: &[u64],
    max_bytes: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    for position in positions {
        let Some(entry) = entry(tree, practice, *position)? else {
            continue;
        };
        bytes = bytes.saturating_add(entry.bytes());
        if bytes > max_bytes && !found.is_empty() {
            break;
        }
        found.push(entry);
    }
    Ok(found)
}

fn entry(tree: &Tree, practice: &PracticeId, position: u64) -> Result<Option<EntryRow>, StoreError> {
    let Some(value) = chunks::get(tree, &keys::entry(practice, position))? else {
        return Ok(None);
    };
    let payload = chunks::get(tree, &keys::payload(practice, position))?;
    let parsed = value.split_first_chunk().and_then(|(stream, rest)| {
        let (statement, leaf) = rest.split_first_chunk()?;
        let (stream, statement) = (StreamKey(*stream), Hash(*statement));
        Some(EntryRow {
            position,
            stream,
            statement,
            leaf: leaf.to_vec(),
            payload,
        })
    });
    parsed
        .map(Some)
        .ok_or_else(|| StoreError::corrupt("an entry is too short"))
}

/// See [`crate::store::Store::stream`].
pub fn stream(
    tree: &Tree,
    practice: &PracticeId,
    stream: &StreamKey,
    from: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let range = tree.range(keys::stream(practice, stream, from)..keys::stream(practice, stream, to));
    range.keys().take(limit).map(|key| position(&key?)).collect()
}

/// See [`crate::store::Store::find_statement`].
pub fn find_statement(
    tree: &Tree,
    practice: &PracticeId,
    statement: &Hash,
) -> Result<Option<u64>, StoreError> {
    tree.scan_prefix(keys::statement(practice, statement))
        .keys()
        .next()
        .map(|key| position(&key?))
        .transpose()
}

fn position(key: &[u8]) -> Result<u64, StoreError> {
    keys::position(key).ok_or_else(|| StoreError::corrupt("a key without its position"))
}

/// See [`crate::store::Store::tile`].
pub fn tile(
    tree: &Tree,
    practice: &PracticeId,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    match chunks::get(tree, &keys::tile(practice, level, index))? {
        Some(hashes) if hashes.len() != TILE_BYTES => Err(StoreError::corrupt("a tile is not complete")),
        hashes => Ok(hashes),
    }
}

/// See [`crate::store::Store::snapshot`].
pub fn snapshot(tree: &Tree, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
    let Some(value) = chunks::get(tree, &keys::snapshot(practice))? else {
        return Ok(None);
    };
    let (size, state) = value
        .split_first_chunk()
        .ok_or_else(|| StoreError::corrupt("a snapshot is too short"))?;
    Ok(Some(Snapshot {
        size: u64::from_be_bytes(*size),
        state: state.to_vec(),
    }))
}
