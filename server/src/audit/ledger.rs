//! One ledger, from its genesis to its head.

use std::collections::BTreeMap;
use std::sync::Arc;

use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{Hash, PracticeId, VerifyingKey};
use troth_protocol::state::State;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{CompleteTile, Tree, encode_tile, leaf_hash};

use super::report::{Fault, LedgerReport};
use crate::practice::replay;
use crate::store::{EntryRow, Head, Snapshot, Store, StoreError, StreamKey};

/// Bytes of entries held at once.
const READ: usize = 4 << 20;
/// Faults after which a ledger is given up: what follows would say the same.
const FAULTS: usize = 100;

struct Audit<'a> {
    store: &'a dyn Store,
    practice: PracticeId,
    state: Option<State>,
    tree: Tree,
    /// Payloads that are missing, and those that are there, of documents: judged when all erasures are known.
    missing: BTreeMap<Stream, Vec<u64>>,
    present: BTreeMap<Stream, u64>,
    snapshot: Option<Snapshot>,
    faults: Vec<Fault>,
}

/// Why a ledger is followed no further.
struct GivenUp;

/// Verifies one ledger.
pub(super) fn verify(
    store: &Arc<dyn Store>,
    practice: PracticeId,
    head: Head,
    keys: &[VerifyingKey],
    progress: &mut dyn FnMut(u64),
) -> LedgerReport {
    let mut audit = Audit {
        store: &**store,
        practice,
        state: None,
        tree: Tree::new(),
        missing: BTreeMap::new(),
        present: BTreeMap::new(),
        snapshot: None,
        faults: Vec::new(),
    };
    match store.snapshot(&practice) {
        Ok(snapshot) => audit.snapshot = snapshot,
        Err(error) => audit.unreadable(&error),
    }
    if audit.entries(head, progress).is_ok() {
        audit.head(head);
        audit.beyond(head);
        audit.streams();
        audit.payloads();
        audit.key(keys);
    }
    audit.report()
}

impl Audit<'_> {
    fn entries(&mut self, head: Head, progress: &mut dyn FnMut(u64)) -> Result<(), GivenUp> {
        while self.tree.size() < head.size {
            let position = self.tree.size();
            let rows = self
                .store
                .entries(&self.practice, position, head.size, READ)
                .map_err(|error| {
                    self.unreadable(&error);
                    GivenUp
                })?;
            if rows.is_empty() {
                return self.give_up(position, "the entry is missing".into());
            }
            for row in rows {
                self.entry(&row)?;
            }
            progress(self.tree.size());
        }
        Ok(())
    }

    fn entry(&mut self, row: &EntryRow) -> Result<(), GivenUp> {
        let position = self.tree.size();
        if row.position != position {
            return self.give_up(position, "the entry is missing".into());
        }
        if let Err(error) = replay(&mut self.state, self.practice, row) {
            return self.give_up(position, error.to_string());
        }
        let parsed = cbor::decode::<Leaf>(&row.leaf).and_then(|leaf| Parsed::parse(leaf.signed));
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(rule) => return self.give_up(position, rule.to_string()),
        };
        let stream = parsed.statement().stream();
        if row.stream != StreamKey(stream.key()) {
            self.fault(position, "the entry is filed under another stream than its own");
        }
        if row.statement != parsed.hash() {
            self.fault(
                position,
                "the entry is filed under another statement's hash than its own",
            );
        }
        self.payload(position, &parsed, row.payload.as_deref());
        if let Some((_, resumed)) = parsed.statement().resumes()
            && resumed.root != self.tree.root()
        {
            self.fault(
                position,
                "a resumption names another root than the entries before it have",
            );
        }
        match self.tree.append(&[leaf_hash(&row.leaf)]) {
            Ok(complete) => complete
                .into_iter()
                .for_each(|complete| self.tile(position, &complete)),
            Err(error) => return self.give_up(position, error.to_string()),
        }
        self.written_down();
        if self.faults.len() < FAULTS {
            Ok(())
        } else {
            Err(GivenUp)
        }
    }

    fn payload(&mut self, position: u64, parsed: &Parsed, payload: Option<&[u8]>) {
        let stream = parsed.statement().stream();
        match (parsed.statement().payload, payload) {
            (None, None) => {}
            (None, Some([])) => {}
            (None, Some(_)) => self.fault(position, "there is a payload that the statement does not name"),
            (Some(_), None) => self.missing.entry(stream).or_default().push(position),
            (Some(_), Some(payload)) => {
                if parsed.check_payload(payload).is_err() {
                    self.fault(position, "the payload is not the one that the statement names");
                }
                self.present.entry(stream).or_insert(position);
            }
        }
    }

    fn tile(&mut self, position: u64, complete: &CompleteTile) {
        let (level, index) = (complete.tile.level, complete.tile.index);
        match self.store.tile(&self.practice, level, index) {
            Ok(Some(stored)) if stored == encode_tile(&complete.hashes) => {}
            Ok(Some(_)) => self.fault(
                position,
                &format!("tile {level}/{index} is not what the entries lead to"),
            ),
            Ok(None) => self.fault(position, &format!("tile {level}/{index} is missing")),
            Err(error) => self.unreadable(&error),
        }
    }

    /// The state that was written down is the one that the entries lead to.
    fn written_down(&mut self) {
        let size = self.tree.size();
        let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.size == size) else {
            return;
        };
        if self
            .state
            .as_ref()
            .is_none_or(|state| cbor::encode(state) != snapshot.state)
        {
            self.fault(
                size,
                "the state written down here is not what the entries lead to",
            );
        }
    }

    fn head(&mut self, head: Head) {
        if self.tree.root() != head.root {
            let what = format!(
                "the entries lead to root {} and not to {}",
                self.tree.root(),
                head.root
            );
            self.faults.push(Fault { position: None, what });
        }
        if self.snapshot.is_some() {
            self.faults.push(Fault {
                position: None,
                what: "a state is written down for no size of the ledger".into(),
            });
        }
    }

    /// Nothing stands where the next entries go: an append would fail there.
    fn beyond(&mut self, head: Head) {
        let at_head = self.store.entries_at(&self.practice, &[head.size], 1);
        let later = || self.store.entries(&self.practice, head.size, u64::MAX, 1);
        let found = at_head.and_then(|rows| if rows.is_empty() { later() } else { Ok(rows) });
        match found.as_deref() {
            Ok([]) => {}
            Ok([row, ..]) => {
                let what = format!(
                    "there is an entry beyond the head, which is at size {}: nothing can be appended there",
                    head.size
                );
                self.fault(row.position, &what);
            }
            Err(error) => self.unreadable(error),
        }
    }

    /// The store finds every stream's entries, and no others.
    fn streams(&mut self) {
        let Some(state) = &self.state else { return };
        let counts = state.counts.clone();
        for (stream, count) in counts {
            match self
                .store
                .stream(&self.practice, &StreamKey(stream.key()), 0, u64::MAX, usize::MAX)
            {
                Ok(positions) if positions.len() as u64 == count => {}
                Ok(positions) => {
                    let what = format!(
                        "{stream:?} has {count} entries, and the store finds {}",
                        positions.len()
                    );
                    self.faults.push(Fault { position: None, what });
                }
                Err(error) => self.unreadable(&error),
            }
        }
    }

    /// A payload is missing only where its document was ordered erased, and there it must be; or where a snapshot stands.
    fn payloads(&mut self) {
        let Some(state) = &self.state else { return };
        let erased = |stream: &Stream| match stream {
            Stream::Document(id) => state
                .documents
                .get(id)
                .is_some_and(|document| document.erased().is_some()),
            _ => false,
        };
        let missing = self
            .missing
            .iter()
            .filter(|(stream, _)| !erased(stream))
            .flat_map(|(_, at)| at);
        let missing = missing.copied().filter(|at| !self.may_lack(state, *at));
        let missing = missing.map(|at| {
            (
                at,
                "the payload is missing, though nothing ordered it erased and no snapshot stands in for it",
            )
        });
        let present = self.present.iter().filter(|(stream, _)| erased(stream));
        let present = present.map(|(_, at)| {
            (
                *at,
                "the payload is still there, though its document was ordered erased",
            )
        });
        let faults: Vec<_> = missing.chain(present).take(FAULTS).collect();
        faults.into_iter().for_each(|(at, what)| self.fault(at, what));
    }

    fn may_lack(&self, state: &State, position: u64) -> bool {
        let rows = self.store.entries_at(&self.practice, &[position], 1);
        let leaf = rows
            .ok()
            .and_then(|rows| cbor::decode::<Leaf>(&rows.first()?.leaf).ok());
        let parsed = leaf.and_then(|leaf| Parsed::parse(leaf.signed).ok());
        parsed.is_some_and(|parsed| match parsed.statement().stream() {
            Stream::Document(id) => state
                .documents
                .get(&id)
                .is_some_and(|d| d.may_lack(parsed.statement(), &parsed.hash(), state.received)),
            _ => false,
        })
    }

    fn key(&mut self, keys: &[VerifyingKey]) {
        let Some(state) = &self.state else { return };
        let present = state.roster.ledger_key();
        let what = match keys {
            [] => "the relay has no ledger key to serve this ledger with: put ledger.key back from a backup",
            keys if keys.contains(&present) => return,
            _ => {
                "the relay has another ledger key than the practice knows: put the right ledger.key back, or the \
                 ledger-N.key that it was turned to"
            }
        };
        self.faults.push(Fault {
            position: None,
            what: what.into(),
        });
    }

    fn fault(&mut self, position: u64, what: &str) {
        self.faults.push(Fault {
            position: Some(position),
            what: what.to_owned(),
        });
    }

    fn give_up(&mut self, position: u64, what: String) -> Result<(), GivenUp> {
        self.faults.push(Fault {
            position: Some(position),
            what,
        });
        Err(GivenUp)
    }

    fn unreadable(&mut self, error: &StoreError) {
        self.faults.push(Fault {
            position: None,
            what: error.to_string(),
        });
    }

    fn report(self) -> LedgerReport {
        let root: Hash = self.tree.root();
        let state = self.state.as_ref();
        let erased = |state: &State| state.documents.values().filter_map(Document::erased).count();
        LedgerReport {
            practice: self.practice.to_string(),
            entries: self.tree.size(),
            documents: state.map_or(0, |s| s.documents.len()),
            erased: state.map_or(0, erased),
            members: state.map_or(0, |s| s.roster.members().len()),
            devices: state.map_or(0, |s| s.roster.devices().len()),
            root: root.to_string(),
            faults: self.faults,
        }
    }
}
