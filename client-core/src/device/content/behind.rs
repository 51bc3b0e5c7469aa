//! Changes that follow one that has not come: so many of an author's are held, and of those behind them only where they stand.
//!
//! An author's changes form a chain: while one of them waits, so do all that follow it. Holding more than the first few would
//! only take memory, and be tried for nothing with each news. What is not held is not lost: it stands in the ledger and on this
//! device, and is opened again as soon as those before it are applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use troth_protocol::ids::DocumentId;

use super::Content;
use crate::device::Device;
use crate::document::{Incoming, limits};
use crate::storage::Storage;

/// What is said of the first of an author's entries that is not held.
pub(super) const WHY: &str =
    "it follows too many that follow one that has not come: they are left aside until that one is here";

/// An author within a document.
type Author = [u8; 16];

/// Entries whose author has as much waiting as is held, by their author.
#[derive(Default)]
pub(super) struct Behind(BTreeMap<Author, BTreeSet<u64>>);

/// What is held of each author.
#[derive(Default)]
pub(super) struct Held(HashMap<Author, (usize, usize)>);

impl Held {
    /// Of changes that wait.
    pub(super) fn of(waiting: &[(u64, Incoming)]) -> Self {
        let mut held = Self::default();
        waiting.iter().for_each(|(_, incoming)| held.add(incoming));
        held
    }

    fn add(&mut self, incoming: &Incoming) {
        let (count, bytes) = self.0.entry(incoming.actor).or_default();
        (*count, *bytes) = (*count + 1, *bytes + incoming.change.len());
    }

    fn is_full(&self, author: &Author) -> bool {
        let held = self.0.get(author);
        held.is_some_and(|(count, bytes)| *count >= limits::WAITING || *bytes >= limits::WAITING_BYTES)
    }

    /// The authors of whom no more is held.
    pub(super) fn full(&self) -> BTreeSet<Author> {
        self.0
            .keys()
            .filter(|author| self.is_full(author))
            .copied()
            .collect()
    }
}

impl Behind {
    /// Of each author of whom more may be held, the first entries that are not.
    pub(super) fn freed(&self, full: &BTreeSet<Author>) -> BTreeSet<u64> {
        let freed = self.0.iter().filter(|(author, _)| !full.contains(*author));
        freed
            .flat_map(|(_, entries)| entries.iter().take(limits::WAITING))
            .copied()
            .collect()
    }

    pub(super) fn take_back(&mut self, opened: &BTreeSet<u64>) {
        self.0.retain(|_, entries| {
            entries.retain(|position| !opened.contains(position));
            !entries.is_empty()
        });
    }

    /// Puts entries behind their authors' waiting ones; which of them are the first of their author.
    fn put_off(&mut self, entries: Vec<(Author, u64)>) -> Vec<u64> {
        let mut first = Vec::new();
        for (author, position) in entries {
            let behind = self.0.entry(author).or_default();
            if behind.is_empty() {
                first.push(position);
            }
            behind.insert(position);
        }
        first
    }

    /// All of them.
    pub(super) fn entries(&self) -> impl Iterator<Item = u64> {
        self.0.values().flatten().copied()
    }
}

impl<S: Storage> Device<S> {
    /// How many changes of an open document wait for one that has not come, and how many entries stand behind those.
    pub fn held_back(&self, id: DocumentId) -> (usize, usize) {
        let content = self.contents.get(&id);
        content.map_or((0, 0), |c| (c.waiting.len(), c.behind.entries().count()))
    }

    /// Holds of each author's waiting changes the first ones, and of the others where they stand; which of those are the first of
    /// their author.
    pub(super) fn hold(&self, id: DocumentId, content: &mut Content) -> Vec<u64> {
        if content.waiting.len() <= 1 {
            return Vec::new();
        }
        let tail: BTreeSet<u64> = self
            .documents
            .get(&id)
            .map(|row| row.tail.iter().copied().collect())
            .unwrap_or_default();
        let Content { waiting, behind, .. } = content;
        waiting.sort_by_key(|(position, _)| *position);
        let (mut held, mut more) = (Held::default(), Vec::new());
        waiting.retain(|(position, incoming)| {
            // What stands in for entries that are gone is in a snapshot, and cannot be opened by itself.
            let keep = !held.is_full(&incoming.actor) || !tail.contains(position);
            if keep {
                held.add(incoming);
            } else {
                more.push((incoming.actor, *position));
            }
            keep
        });
        behind.put_off(more)
    }
}
