//! What a commit changes in sled's tree, worked out before any of it is written.

use std::collections::{HashMap, HashSet};

use ::sled::{Batch, Tree};
use troth_protocol::ids::{InviteId, PracticeId};

use super::{Open, chunks, keys, read};
use crate::store::{PracticeBatch, Snapshot, StoreError};

/// The changes that `parts` make, all in one batch, or the fence's refusal.
pub fn changes(tree: &Tree, parts: &[PracticeBatch]) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let mut sizes: HashMap<PracticeId, u64> = HashMap::new();
    let erased: HashSet<(PracticeId, u64)> = parts
        .iter()
        .flat_map(|part| part.erase.iter().map(|position| (part.practice, *position)))
        .collect();
    for part in parts {
        let found = match sizes.get(&part.practice) {
            Some(size) => *size,
            None => read::head(tree, &part.practice)?.map_or(0, |head| head.size),
        };
        if found != part.expect {
            return Err(StoreError::Conflict {
                practice: part.practice,
                expected: part.expect,
                found,
            });
        }
        sizes.insert(part.practice, part.head.size);
        append(&mut batch, part, &erased)?;
    }
    for (practice, position) in &erased {
        chunks::remove(&mut batch, tree, &keys::payload(practice, *position))?;
    }
    let snapshots: HashMap<&PracticeId, &Snapshot> = parts
        .iter()
        .filter_map(|part| Some((&part.practice, part.snapshot.as_ref()?)))
        .collect();
    for (practice, snapshot) in snapshots {
        let key = keys::snapshot(practice);
        chunks::remove(&mut batch, tree, &key)?;
        chunks::put(&mut batch, &key, &[&snapshot.size.to_be_bytes(), &snapshot.state])?;
    }
    Ok(batch)
}

/// What keeping something for an intake link, or taking it away, changes.
pub fn keeping(tree: &Tree, link: &InviteId, value: Option<&[u8]>) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let key = keys::link(link);
    chunks::remove(&mut batch, tree, &key)?;
    if let Some(value) = value {
        chunks::put(&mut batch, &key, &[value])?;
    }
    Ok(batch)
}

/// Writes the changes, and waits for the disk. After an error nobody can say whether they are there.
pub fn durably(open: &Open, changes: Batch) -> Result<(), StoreError> {
    let written = (|| {
        open.tree.apply_batch(changes)?;
        open.db.flush()?;
        Ok(open.file.sync_data()?)
    })();
    // A full disk leaves nothing behind with other engines; with this one it may.
    written.map_err(|error| {
        if matches!(error, StoreError::Full) {
            StoreError::Stopped("the disk is full")
        } else {
            error
        }
    })
}

/// Entries, tiles and head. A payload that the same commit erases is never written.
fn append(
    batch: &mut Batch,
    part: &PracticeBatch,
    erased: &HashSet<(PracticeId, u64)>,
) -> Result<(), StoreError> {
    let practice = &part.practice;
    for entry in &part.entries {
        let position = entry.position;
        chunks::put(
            batch,
            &keys::entry(practice, position),
            &[&entry.stream.0, &entry.statement.0, &entry.leaf],
        )?;
        if let Some(payload) = entry
            .payload
            .as_ref()
            .filter(|_| !erased.contains(&(*practice, position)))
        {
            chunks::put(batch, &keys::payload(practice, position), &[payload])?;
        }
        batch.insert(keys::stream(practice, &entry.stream, position), &[]);
        batch.insert(keys::statement_at(practice, &entry.statement, position), &[]);
    }
    for tile in &part.tiles {
        chunks::put(
            batch,
            &keys::tile(practice, tile.level, tile.index),
            &[&tile.hashes],
        )?;
    }
    batch.insert(
        keys::head(practice),
        [&part.head.size.to_be_bytes()[..], &part.head.root.0].concat(),
    );
    Ok(())
}
