//! What is kept of the verified ledger, and how it comes back.

use rand_core::CryptoRng;
use troth_protocol::entry::Verified;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::KeyRef;
use troth_protocol::state::State;
use troth_protocol::statement::Body;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, Trail};
use troth_protocol::wire::{Item, Items};

use crate::device::compact::Compaction;
use crate::device::fetch::Fetching;
use crate::device::gossip::Gossip;
use crate::device::keyring::SealedAt;
use crate::device::outbox::{Inflight, OutboxRow, QuarantineRow};
use crate::device::restore::Lost;
use crate::device::rows::{
    CONTENT, COUNTED, DOCUMENT, DocumentRow, ENTRY, GOSSIP, INFLIGHT, LOST, LedgerRow, OUTBOX, QUARANTINE,
    RUN, RosterRow, RunRow, WITNESSED,
};
use crate::device::{Device, DeviceError};
use crate::storage::{Storage, Write};

impl<S: Storage> Device<S> {
    /// Goes back to what is on the disk: of a batch that was not believed, nothing stays in memory either.
    pub(in crate::device) fn forget(&mut self) -> Result<(), DeviceError> {
        self.state = None;
        self.documents.clear();
        self.contents.clear();
        self.keys.clear();
        self.sealed.clear();
        self.inflight.clear();
        self.missing.clear();
        self.fetching = Fetching::default();
        self.compaction = Compaction::default();
        self.refold = false;
        self.frontier = Frontier::new();
        self.trail = Trail::default();
        self.gossip = Gossip::default();
        self.counted = None;
        self.claimed = None;
        self.checkpoint = None;
        self.checkpoint_at = 0;
        self.outbox.clear();
        self.lost = Lost::default();
        self.restore()
    }

    /// Loads what was verified before.
    pub(in crate::device) fn restore(&mut self) -> Result<(), DeviceError> {
        if let (Some(ledger), Some(roster)) = (self.rows.ledger()?, self.rows.roster()?) {
            let mut state = State {
                roster: roster.roster,
                documents: std::collections::BTreeMap::new(),
                counts: ledger.counts.into_iter().collect(),
                logins: ledger.logins.into_iter().collect(),
                received: ledger.received,
            };
            self.index(&roster.sealed);
            for row in self.rows.scan::<DocumentRow>(DOCUMENT)? {
                let id = row.document.id();
                state.counts.insert(Stream::Document(id), row.count);
                state.documents.insert(id, row.document.clone());
                self.documents.insert(id, row);
            }
            self.state = Some(state);
            self.trail = Trail::new(ledger.frontier.clone());
            self.frontier = ledger.frontier;
            self.checkpoint = ledger.checkpoint;
            self.checkpoint_at = ledger.checkpoint_at;
            self.missing = ledger.missing;
            self.fetching = Fetching::wanting(ledger.wanted);
            self.refold = ledger.refold;
        }
        self.lost = Lost::kept(&self.rows.scan(LOST)?)?;
        self.gossip = Gossip::kept(self.rows.scan(GOSSIP)?);
        self.counted = self.rows.get(COUNTED, &[])?;
        self.witnessed = self.rows.get(WITNESSED, &[])?;
        self.outbox = self
            .rows
            .scan::<OutboxRow>(OUTBOX)?
            .into_iter()
            .map(|row| (row.id, row.intent))
            .collect();
        for mut inflight in self.rows.scan::<Inflight>(INFLIGHT)? {
            inflight.request = 0;
            self.inflight.insert(inflight.stream, inflight);
        }
        let quarantine = self.rows.scan::<QuarantineRow>(QUARANTINE)?;
        self.quarantined = quarantine.iter().filter(|q| q.settled.is_none()).count();
        let newest = self
            .outbox
            .keys()
            .copied()
            .chain(quarantine.iter().map(|q| q.id))
            .max();
        self.next_id = newest.unwrap_or(0) + 1;
        Ok(())
    }

    pub(super) fn index(&mut self, sealed: &[SealedAt]) {
        for at in sealed {
            self.sealed.entry(at.sealing.key).or_default().push(*at);
        }
    }

    pub(in crate::device) fn note_document(
        &mut self,
        id: DocumentId,
        position: u64,
        verified: &Verified,
        sealed: Vec<SealedAt>,
    ) {
        let Some(document) = self.state.as_ref().and_then(|s| s.documents.get(&id)) else {
            return;
        };
        let count = self.state.as_ref().map_or(0, |s| s.count(&Stream::Document(id)));
        let row = self.documents.entry(id).or_insert_with(|| DocumentRow {
            document: document.clone(),
            count: 0,
            sealed: Vec::new(),
            tail: Vec::new(),
            history: Vec::new(),
            base: None,
            judged: Vec::new(),
        });
        row.count = count;
        row.sealed.extend(sealed);
        match &verified.statement().body {
            Body::Change(_) => {
                row.tail.push(position);
                let bytes = verified.statement().payload.map_or(0, |p| p.length);
                row.history.push((position, bytes));
            }
            Body::Erasure(_) => {
                row.tail.clear();
                row.history.clear();
                row.sealed.clear();
                self.contents.remove(&id);
                self.keys
                    .retain(|key, _| !matches!(key, KeyRef::Epoch(of, _) if *of == id));
            }
            _ => {}
        }
    }

    /// The row of a document; an erased one's content goes with it.
    pub(in crate::device) fn write_document(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        writes: &mut Vec<Write>,
    ) {
        let Some(document) = self.state.as_ref().and_then(|s| s.documents.get(&id)) else {
            return;
        };
        if let Some(row) = self.documents.get_mut(&id) {
            row.document = document.clone();
            writes.push(self.rows.put(rng, DOCUMENT, id.as_bytes(), row));
        }
        if document.erased().is_some() {
            writes.push(self.rows.remove(CONTENT, id.as_bytes()));
        }
    }

    pub(super) fn runs(&self, rng: &mut impl CryptoRng, items: &Items) -> Vec<Write> {
        let mut position = items.from;
        let mut writes = Vec::new();
        for item in &items.items {
            match item {
                Item::Entry(_) => position += 1,
                Item::Roots(run) => {
                    let row = RunRow {
                        from: position,
                        entries: run.entries,
                        roots: run.roots.clone(),
                    };
                    writes.push(self.rows.put(rng, RUN, &position.to_be_bytes(), &row));
                    position = position.saturating_add(run.entries);
                }
            }
        }
        writes
    }

    pub(super) fn roster_write(&self, rng: &mut impl CryptoRng) -> Write {
        let roster = self.state.as_ref().map(|s| s.roster.clone());
        match roster {
            Some(roster) => {
                let mut sealed: Vec<SealedAt> = self.sealed.values().flatten().copied().collect();
                sealed.sort_by_key(|at| (at.position, at.index));
                self.rows.roster_write(rng, &RosterRow { roster, sealed })
            }
            None => self.rows.remove(ENTRY, &[]),
        }
    }

    pub(in crate::device) fn ledger_write(&self, rng: &mut impl CryptoRng) -> Write {
        let state = self.state.as_ref();
        let counts = state.into_iter().flat_map(|s| s.counts.iter());
        let row = LedgerRow {
            frontier: self.frontier.clone(),
            checkpoint: self.checkpoint,
            checkpoint_at: self.checkpoint_at,
            received: state.map_or(0, |s| s.received),
            counts: counts
                .filter(|(s, _)| !matches!(s, Stream::Document(_)))
                .map(|(s, c)| (*s, *c))
                .collect(),
            logins: state
                .into_iter()
                .flat_map(|s| s.logins.iter())
                .map(|(d, at)| (*d, *at))
                .collect(),
            missing: self.missing.clone(),
            wanted: self.fetching.wanted().collect(),
            refold: self.refold,
        };
        self.rows.ledger_write(rng, &row)
    }
}
