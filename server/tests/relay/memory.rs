//! A store in memory that does to a commit what disks do.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use troth_protocol::ids::{Hash, InviteId, PracticeId};
use troth_server::store::{EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey};

/// What happens to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is lost, and reported as failed.
    Lost,
    /// It is there, and reported as failed all the same.
    Unsure,
    /// There is no room for it.
    Full,
}

#[derive(Default)]
struct Ledger {
    rows: Vec<EntryRow>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    head: Option<Head>,
    snapshot: Option<Snapshot>,
}

#[derive(Default)]
struct Inner {
    ledgers: BTreeMap<PracticeId, Ledger>,
    /// The fate of commits by their number; of all from a number on.
    fates: BTreeMap<usize, Fate>,
    all: Option<Fate>,
    commits: usize,
    kept: BTreeMap<InviteId, Vec<u8>>,
}

/// See above.
#[derive(Default)]
pub struct Memory(Mutex<Inner>);

impl Memory {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Commits so far, those that failed too.
    pub fn commits(&self) -> usize {
        self.inner().commits
    }

    /// The `number`th commit, from 0, meets this fate.
    pub fn doom(&self, number: usize, fate: Fate) {
        self.inner().fates.insert(number, fate);
    }

    /// Every commit from now on meets this fate, or none.
    pub fn doom_all(&self, fate: Option<Fate>) {
        self.inner().all = fate;
    }

    /// Changes a row behind everyone's back.
    pub fn tamper(&self, practice: &PracticeId, position: u64, change: impl FnOnce(&mut EntryRow)) {
        change(&mut self.inner().ledgers.get_mut(practice).unwrap().rows[position as usize]);
    }

    pub fn tamper_tile(
        &self,
        practice: &PracticeId,
        level: u8,
        index: u64,
        change: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut inner = self.inner();
        let tiles = &mut inner.ledgers.get_mut(practice).unwrap().tiles;
        change(tiles.get_mut(&(level, index)).unwrap());
    }

    pub fn forget_tile(&self, practice: &PracticeId, level: u8, index: u64) {
        self.inner()
            .ledgers
            .get_mut(practice)
            .unwrap()
            .tiles
            .remove(&(level, index))
            .unwrap();
    }

    pub fn forget_snapshot(&self, practice: &PracticeId) -> bool {
        self.inner()
            .ledgers
            .get_mut(practice)
            .unwrap()
            .snapshot
            .take()
            .is_some()
    }

    fn read<T>(&self, practice: &PracticeId, ask: impl FnOnce(&Ledger) -> T) -> Option<T> {
        self.inner().ledgers.get(practice).map(ask)
    }
}

impl Inner {
    fn apply(&mut self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        for part in batch {
            let found = self
                .ledgers
                .get(&part.practice)
                .and_then(|l| l.head)
                .map_or(0, |head| head.size);
            if found != part.expect {
                return Err(StoreError::Conflict {
                    practice: part.practice,
                    expected: part.expect,
                    found,
                });
            }
        }
        for part in batch {
            let ledger = self.ledgers.entry(part.practice).or_default();
            ledger.rows.extend(part.entries.iter().cloned());
            assert_eq!(ledger.rows.len() as u64, part.head.size);
            let tiles = part
                .tiles
                .iter()
                .map(|tile| ((tile.level, tile.index), tile.hashes.clone()));
            ledger.tiles.extend(tiles);
            ledger.head = Some(part.head);
            ledger.snapshot = part.snapshot.clone().or(ledger.snapshot.take());
            for position in &part.erase {
                ledger.rows[*position as usize].payload = None;
            }
        }
        Ok(())
    }
}

impl Store for Memory {
    fn commit(&self, batch: &[PracticeBatch]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let number = inner.commits;
        inner.commits += 1;
        let fate = inner.fates.get(&number).copied().or(inner.all);
        match fate {
            None => inner.apply(batch),
            Some(Fate::Full) => Err(StoreError::Full),
            Some(Fate::Lost) => Err(StoreError::Io(std::io::Error::other("lost"))),
            Some(Fate::Unsure) => {
                inner.apply(batch)?;
                Err(StoreError::Io(std::io::Error::other("unsure")))
            }
        }
    }

    fn practices(&self) -> Result<Vec<(PracticeId, Head)>, StoreError> {
        Ok(self
            .inner()
            .ledgers
            .iter()
            .filter_map(|(id, ledger)| Some((*id, ledger.head?)))
            .collect())
    }

    fn head(&self, practice: &PracticeId) -> Result<Option<Head>, StoreError> {
        Ok(self.read(practice, |ledger| ledger.head).flatten())
    }

    fn entries(
        &self,
        practice: &PracticeId,
        from: u64,
        to: u64,
        max: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let rows = self.read(practice, |ledger| {
            let mut bytes = 0;
            let rows = ledger.rows.iter().skip(from as usize).take((to - from) as usize);
            rows.take_while(|row| {
                let first = bytes == 0;
                bytes += row.bytes();
                first || bytes <= max
            })
            .cloned()
            .collect()
        });
        Ok(rows.unwrap_or_default())
    }

    fn entries_at(
        &self,
        practice: &PracticeId,
        positions: &[u64],
        max_bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let rows = self.read(practice, |ledger| {
            let mut bytes = 0;
            let rows = positions
                .iter()
                .filter_map(|position| ledger.rows.get(*position as usize));
            rows.take_while(|row| {
                let first = bytes == 0;
                bytes += row.bytes();
                first || bytes <= max_bytes
            })
            .cloned()
            .collect()
        });
        Ok(rows.unwrap_or_default())
    }

    fn stream(
        &self,
        practice: &PracticeId,
        stream: &StreamKey,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let found = self.read(practice, |ledger| {
            let rows = ledger
                .rows
                .iter()
                .filter(|row| row.stream == *stream)
                .map(|row| row.position);
            rows.filter(|position| (from..to).contains(position))
                .take(limit)
                .collect()
        });
        Ok(found.unwrap_or_default())
    }

    fn find_statement(&self, practice: &PracticeId, statement: &Hash) -> Result<Option<u64>, StoreError> {
        let found = self.read(practice, |ledger| {
            ledger
                .rows
                .iter()
                .find(|row| row.statement == *statement)
                .map(|r| r.position)
        });
        Ok(found.flatten())
    }

    fn tile(&self, practice: &PracticeId, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .read(practice, |ledger| ledger.tiles.get(&(level, index)).cloned())
            .flatten())
    }

    fn snapshot(&self, practice: &PracticeId) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.read(practice, |ledger| ledger.snapshot.clone()).flatten())
    }

    fn kept(&self, link: &InviteId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.inner().kept.get(link).cloned())
    }

    fn keep(&self, link: &InviteId, value: Option<&[u8]>) -> Result<(), StoreError> {
        let mut inner = self.inner();
        match inner.all {
            Some(Fate::Full) => return Err(StoreError::Full),
            Some(Fate::Lost) => return Err(StoreError::Corrupt("the disk is gone".into())),
            _ => {}
        }
        match value {
            Some(value) => inner.kept.insert(*link, value.to_vec()),
            None => inner.kept.remove(link),
        };
        Ok(())
    }

    fn reclaim(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn caveat(&self) -> Option<&'static str> {
        Some("it forgets everything")
    }
}
