//! The relay's store in memory, under the whole contract of [`Store`], with faults.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use troth_protocol::ids::{Hash, InviteId, PracticeId};
use troth_server::store::{EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey};

use super::faults::{Fault, Faults};

/// One practice.
#[derive(Clone, Default)]
struct Ledger {
    head: Option<Head>,
    entries: Vec<EntryRow>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    snapshot: Option<Snapshot>,
}

impl Ledger {
    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn take(&mut self, part: &PracticeBatch) {
        self.entries.extend(part.entries.iter().cloned());
        for tile in &part.tiles {
            self.tiles.insert((tile.level, tile.index), tile.hashes.clone());
        }
        self.head = Some(part.head);
        if let Some(snapshot) = &part.snapshot {
            self.snapshot = Some(snapshot.clone());
        }
        for position in &part.erase {
            if let Some(row) = self.row_mut(*position) {
                row.payload = None;
            }
        }
    }

    fn row(&self, position: u64) -> Option<&EntryRow> {
        self.entries.get(usize::try_from(position).ok()?)
    }

    fn row_mut(&mut self, position: u64) -> Option<&mut EntryRow> {
        self.entries.get_mut(usize::try_from(position).ok()?)
    }
}

/// A store that outlasts the relay that writes to it.
#[derive(Default)]
pub struct MemoryStore {
    ledgers: Mutex<BTreeMap<PracticeId, Ledger>>,
    kept: Mutex<BTreeMap<InviteId, Vec<u8>>>,
    /// What goes wrong in it.
    pub faults: Faults,
}

impl MemoryStore {
    /// What it holds, in a store of its own in which nothing goes wrong.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            ledgers: Mutex::new(self.ledgers().clone()),
            kept: Mutex::new(self.kept().clone()),
            faults: Faults::default(),
        }
    }

    fn ledgers(&self) -> MutexGuard<'_, BTreeMap<PracticeId, Ledger>> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<InviteId, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Default>(
        &self,
        practice: &PracticeId,
        look: impl FnOnce(&Ledger) -> T,
    ) -> Result<T, StoreError> {
        self.readable()?;
        Ok(self.ledgers().get(practice).map(look).unwrap_or_default())
    }

    fn readable(&self) -> Result<(), StoreError> {
        if self.faults.read() {
            Ok(())
        } else {
            Err(StoreError::Io(io::Error::other("a read failed")))
        }
    }
}

fn fits(sizes: &mut BTreeMap<PracticeId, u64>, part: &PracticeBatch, now: u64) -> Result<(), StoreError> {
    part.check()?;
    let size = sizes.entry(part.practice).or_insert(now);
    if *size != part.expect {
        return Err(StoreError::Conflict {
            practice: part.practice,
            expected: part.expect,
            found: *size,
        });
    }
    *size = part.head.size;
    Ok(())
}

impl Store for MemoryStore {
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        let mut ledgers = self.ledgers();
        let mut sizes = BTreeMap::new();
        for part in batch {
            let now = ledgers.get(&part.practice).map_or(0, Ledger::size);
            fits(&mut sizes, part, now)?;
        }
        let Some(fate) = self.faults.write() else {
            return Err(StoreError::Stopped("the power is gone"));
        };
        if fate.kept {
            for part in batch {
                ledgers.entry(part.practice).or_default().take(part);
            }
        }
        match fate.fault {
            None => Ok(()),
            Some(Fault::Full) => Err(StoreError::Full),
            Some(Fault::Lost | Fault::Unheard) => Err(StoreError::Stopped("the power is gone")),
            Some(Fault::Failed | Fault::Denied) => Err(StoreError::Io(io::Error::other("a write failed"))),
        }
    }

    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError> {
        self.readable()?;
        let ledgers = self.ledgers();
        Ok(ledgers
            .iter()
            .filter_map(|(id, ledger)| Some((*id, ledger.head?)))
            .collect())
    }

    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
        self.read(practice, |ledger| ledger.head)
    }

    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.read(practice, |ledger| {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            for row in (from..to.min(ledger.size())).filter_map(|position| ledger.row(position)) {
                bytes += row.bytes();
                if !rows.is_empty() && bytes > max_bytes {
                    break;
                }
                rows.push(row.clone());
            }
            rows
        })
    }

    fn entries_at(
        &self,
        practice: &PracticeId,
        positions: &[u64],
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.read(practice, |ledger| {
            let mut bytes = 0_usize;
            let found = positions.iter().filter_map(|position| ledger.row(*position));
            let fits = |row: &&EntryRow| {
                let first = bytes == 0;
                bytes = bytes.saturating_add(row.bytes());
                first || bytes <= max_bytes
            };
            found.take_while(fits).cloned().collect()
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
        self.read(practice, |ledger| {
            let within = ledger
                .entries
                .iter()
                .filter(|row| (from..to).contains(&row.position));
            let of = within.filter(|row| row.stream == *stream);
            of.map(|row| row.position).take(limit).collect()
        })
    }

    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError> {
        self.read(practice, |ledger| {
            let found = ledger.entries.iter().find(|row| row.statement == *statement);
            found.map(|row| row.position)
        })
    }

    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(practice, |ledger| ledger.tiles.get(&(level, index)).cloned())
    }

    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
        self.read(practice, |ledger| ledger.snapshot.clone())
    }

    fn kept(&self, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError> {
        self.readable()?;
        Ok(self.kept().get(link).cloned())
    }

    fn keep(&self, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError> {
        let mut kept = self.kept();
        match value {
            Some(value) => kept.insert(*link, value.to_vec()),
            None => kept.remove(link),
        };
        Ok(())
    }

    fn reclaim(&self) -> Result<(), StoreError> {
        self.readable()
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.readable()?;
        let ledgers = self.ledgers();
        let rows = ledgers.values().flat_map(|ledger| &ledger.entries);
        Ok(rows.map(|row| row.bytes() as u64).sum())
    }

    fn caveat(&self) -> Option<&'static str> {
        Some("everything is in memory, and gone with it")
    }
}
