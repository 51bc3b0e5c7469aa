//! Payloads that a snapshot stands in for, and those of snapshots that nothing needs any more: found again from the state
//! and the store alone, so that a relay that was killed between two steps goes on where it was.

use std::collections::{BTreeMap, BTreeSet};

use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::DocumentId;
use troth_protocol::limits;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::stream::Stream;

use super::Practice;
use crate::store::{EntryRow, Head, PracticeBatch, Store, StoreError, StreamKey};

/// Entries of a document read at a time.
const READ: usize = 64;
/// Bytes of them held at once.
const READ_BYTES: usize = 4 << 20;
/// Entries looked at in one sweep: some milliseconds, in which nobody else is served.
const SWEEP: usize = 4096;

/// Documents with payloads that may have to go.
#[derive(Default)]
pub struct Sweep {
    due: BTreeSet<DocumentId>,
    /// Documents whose snapshot will stand of itself, by the relay's clock then.
    later: BTreeMap<u64, BTreeSet<DocumentId>>,
}

impl Sweep {
    /// What a ledger's state asks for, whatever was done about it before.
    pub fn of(state: &State) -> Self {
        let mut sweep = Self::default();
        for document in state.documents.values() {
            sweep.look_at(document);
        }
        sweep
    }

    fn look_at(&mut self, document: &Document) {
        for snapshot in document.snapshots() {
            if snapshot.attested {
                self.due.insert(document.id());
            } else if snapshot.alone {
                let at = snapshot.received.saturating_add(limits::SNAPSHOT_GRACE_MS);
                self.later.entry(at).or_default().insert(document.id());
            }
        }
    }

    fn next(&mut self, received: u64) -> Option<DocumentId> {
        while let Some(entry) = self.later.first_entry().filter(|entry| *entry.key() <= received) {
            self.due.extend(entry.remove());
        }
        self.due.pop_first()
    }
}

impl Practice {
    /// Notes that a statement may have made payloads superfluous.
    pub(super) fn note_snapshot(&mut self, statement: &Statement) {
        let (Body::Snapshot(_) | Body::Attest(_), Stream::Document(id)) =
            (&statement.body, statement.stream())
        else {
            return;
        };
        if let Some(document) = self.state.documents.get(&id) {
            self.sweep.due.insert(id);
            self.sweep.look_at(document);
        }
    }

    /// The next write that drops payloads; none where there is nothing to drop. Called while all that is in the state is
    /// durable. A write that fails changes nothing: [`Self::sweep_again`].
    pub fn sweep(&mut self, store: &dyn Store) -> Result<Option<PracticeBatch>, StoreError> {
        let (mut erase, mut looked_at) = (Vec::new(), 0);
        while looked_at < SWEEP
            && let Some(id) = self.sweep.next(self.state.received)
        {
            let Some(document) = self.state.documents.get(&id) else {
                continue;
            };
            looked_at += self.droppable(store, document, &mut erase)?;
        }
        let head = Head {
            size: self.tree.size(),
            root: self.tree.root(),
        };
        Ok((!erase.is_empty()).then(|| PracticeBatch {
            practice: *self.id(),
            expect: head.size,
            entries: Vec::new(),
            tiles: Vec::new(),
            head,
            snapshot: None,
            erase,
        }))
    }

    /// Looks at everything anew, after a write that failed.
    pub fn sweep_again(&mut self) {
        self.sweep = Sweep::of(&self.state);
    }

    /// Adds a document's payloads that may go and are still there; answers how many entries that took to find out.
    fn droppable(
        &self,
        store: &dyn Store,
        document: &Document,
        erase: &mut Vec<u64>,
    ) -> Result<usize, StoreError> {
        let key = StreamKey(Stream::Document(document.id()).key());
        let positions = store.stream(self.id(), &key, 0, self.tree.size(), usize::MAX)?;
        let mut looked_at = 0;
        // The newest first: what is dropped is dropped in one write, so where one is gone those before it are. (What an
        // earlier snapshot left out, because it followed something that never came, may stay a while longer.)
        for some in positions.rchunks(READ) {
            let (mut gone, mut found) = (false, false);
            let mut rest = some;
            while !rest.is_empty() {
                let rows = store.entries_at(self.id(), rest, READ_BYTES)?;
                let Some(last) = rows.last().map(|row| row.position) else {
                    break;
                };
                rest = &rest[rest.partition_point(|position| *position <= last)..];
                for row in rows {
                    looked_at += 1;
                    if self.may_lack(document, &row)? {
                        gone |= row.payload.is_none();
                        if row.payload.is_some() {
                            found = true;
                            erase.push(row.position);
                        }
                    }
                }
            }
            if gone && !found {
                break;
            }
        }
        Ok(looked_at)
    }

    fn may_lack(&self, document: &Document, row: &EntryRow) -> Result<bool, StoreError> {
        let damaged = |_| StoreError::Corrupt(format!("entry {} is unreadable", row.position));
        let leaf: Leaf = cbor::decode(&row.leaf).map_err(damaged)?;
        let parsed = Parsed::parse(leaf.signed).map_err(damaged)?;
        let statement = parsed.statement();
        Ok(statement.payload.is_some() && document.may_lack(statement, &parsed.hash(), self.state.received))
    }
}
