//! A relay's store in memory: what a script does to it is forgotten with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use troth_protocol::ids::{Hash, PracticeId};
use troth_server::store::{EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey};

/// The rows. Cheap to copy for the few dozen entries of a script.
#[derive(Default)]
pub(super) struct Shelf(Mutex<BTreeMap<PracticeId, Ledger>>);

#[derive(Clone, Default)]
struct Ledger {
    head: Option<Head>,
    entries: Vec<EntryRow>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    snapshot: Option<Snapshot>,
}

impl Clone for Shelf {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.ledgers().clone()))
    }
}

impl Shelf {
    fn ledgers(&self) -> MutexGuard<'_, BTreeMap<PracticeId, Ledger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look<T: Default>(
        &self,
        practice: &PracticeId,
        at: impl FnOnce(&Ledger) -> T,
    ) -> Result<T, StoreError> {
        Ok(self.ledgers().get(practice).map(at).unwrap_or_default())
    }
}

impl Store for Shelf {
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        let mut ledgers = self.ledgers();
        let mut next = ledgers.clone();
        for part in batch {
            let ledger = next.entry(part.practice).or_default();
            let found = ledger.entries.len() as u64;
            if found != part.expect || found + part.entries.len() as u64 != part.head.size {
                let (practice, expected) = (part.practice, part.expect);
                return Err(StoreError::Conflict {
                    practice,
                    expected,
                    found,
                });
            }
            ledger.entries.extend(part.entries.iter().cloned());
            let tiles = part.tiles.iter();
            ledger
                .tiles
                .extend(tiles.map(|tile| ((tile.level, tile.index), tile.hashes.clone())));
            ledger.head = Some(part.head);
            ledger.snapshot = part.snapshot.clone().or(ledger.snapshot.take());
            for position in &part.erase {
                ledger.entries[*position as usize].payload = None;
            }
        }
        *ledgers = next;
        Ok(())
    }

    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError> {
        let ledgers = self.ledgers();
        Ok(ledgers
            .iter()
            .filter_map(|(id, ledger)| Some((*id, ledger.head?)))
            .collect())
    }

    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
        self.look(practice, |ledger| ledger.head)
    }

    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.look(practice, |ledger| {
            let mut bytes = 0;
            let rows = ledger
                .entries
                .iter()
                .filter(|row| (from..to).contains(&row.position));
            let fits = |row: &&EntryRow| {
                let first = bytes == 0;
                bytes += row.bytes();
                first || bytes <= max
            };
            rows.take_while(fits).cloned().collect()
        })
    }

    fn entries_at(&self, practice: &PracticeId, positions: &[u64]) -> Result<Vec<EntryRow>, StoreError> {
        self.look(practice, |ledger| {
            let rows = positions
                .iter()
                .filter_map(|at| ledger.entries.get(usize::try_from(*at).ok()?));
            rows.cloned().collect()
        })
    }

    fn stream(
        &self,
        practice: &PracticeId,
        stream: &StreamKey,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.look(practice, |ledger| {
            let rows = ledger.entries.iter().filter(|row| row.stream == *stream);
            let positions = rows.map(|row| row.position).filter(|at| (from..to).contains(at));
            positions.take(limit).collect()
        })
    }

    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError> {
        self.look(practice, |ledger| {
            let row = ledger.entries.iter().find(|row| row.statement == *statement);
            row.map(|row| row.position)
        })
    }

    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.look(practice, |ledger| ledger.tiles.get(&(level, index)).cloned())
    }

    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
        self.look(practice, |ledger| ledger.snapshot.clone())
    }

    fn reclaim(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some("it is memory")
    }
}
