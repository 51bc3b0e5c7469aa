//! Entries that the relay lost and that this device still has: kept until they are in the ledger again, and sent there as they
//! were signed, whoever signed them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::wire::{ClientMessage, Receipt, Refused, Restore, frame};

use crate::content::Edits;
use crate::device::outbox::{Intent, OutboxRow, QuarantineRow};
use crate::device::rows::{EntryRow, LOST, QUARANTINE};
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::{Storage, Write};

/// Bytes of entries sent back together, at most; one that is longer goes alone.
const TOGETHER: usize = 512 * 1024;
/// Wait after a relay that is busy or full, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// An entry that the relay lost.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct LostRow {
    /// In which order it came to be known as lost: that in which it stood.
    #[n(0)]
    pub number: u64,
    /// The entry, where it stood.
    #[n(1)]
    pub entry: EntryRow,
    /// Number of the rule by which the relay did not take it back, last; 0: none.
    #[n(2)]
    pub refused: u16,
}

/// What is lost, by number.
#[derive(Default)]
pub(in crate::device) struct Lost {
    entries: BTreeMap<u64, Hash>,
    numbers: HashMap<Hash, u64>,
    /// Documents that were erased by what is lost.
    erased: BTreeSet<DocumentId>,
    /// On this connection: what the relay did not take, or what cannot be sent from here.
    passed: BTreeSet<u64>,
    /// On this connection: what the relay has taken and not yet shown.
    taken: BTreeSet<u64>,
    /// What is on its way.
    request: Option<(u64, Vec<u64>)>,
    /// Until when the relay is left alone.
    pause: u64,
    /// Whether this connection's relay was told that there is nothing more.
    done: bool,
}

impl Lost {
    /// Takes back what was kept.
    pub(in crate::device) fn kept(rows: &[LostRow]) -> Result<Self, DeviceError> {
        let mut lost = Self::default();
        for row in rows {
            let hash = hash_of(&row.entry.leaf);
            lost.entries.insert(row.number, hash);
            lost.numbers.insert(hash, row.number);
            let statement: Statement = cbor::decode(&row.entry.leaf.signed.statement)?;
            if let Body::Erasure(erasure) = &statement.body {
                lost.erased.insert(erasure.document);
            }
        }
        Ok(lost)
    }

    /// How many entries are lost.
    pub(in crate::device) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of the next that is lost.
    pub(in crate::device) fn next(&self) -> u64 {
        self.entries.keys().next_back().map_or(0, |last| last + 1)
    }

    /// Whether a request is the one under way.
    pub(in crate::device) fn is(&self, request: u64) -> bool {
        self.request.as_ref().is_some_and(|(own, _)| *own == request)
    }

    /// The connection ended.
    pub(in crate::device) fn hang_up(&mut self) {
        self.passed.clear();
        self.taken.clear();
        self.request = None;
        self.pause = 0;
        self.done = false;
    }

    fn remove(&mut self, number: u64) {
        if let Some(hash) = self.entries.remove(&number) {
            self.numbers.remove(&hash);
        }
        self.taken.remove(&number);
        self.passed.remove(&number);
    }

    /// What can be sent now.
    fn waiting(&self) -> impl Iterator<Item = u64> {
        let waits = |n: &&u64| !self.passed.contains(n) && !self.taken.contains(n);
        self.entries.keys().filter(waits).copied()
    }
}

fn hash_of(leaf: &Leaf) -> Hash {
    Hash::of(&[&leaf.signed.statement])
}

impl<S: Storage> Device<S> {
    /// Entries that the relay lost, that this device has, and that are not in the ledger again.
    pub fn not_back(&self) -> usize {
        self.lost.len()
    }

    /// Whether what the relay lost is on its way back, so that whatever is new has to wait.
    pub fn is_putting_back(&self) -> bool {
        self.connection.held.is_some_and(|held| held.waits)
            || self.lost.request.is_some()
            || self.lost.waiting().next().is_some()
            // The others are let in once the relay was told that this is all.
            || self.connection.held.is_some() && !self.lost.done
    }

    /// An entry is in the ledger: if it was lost, it is so no more.
    pub(in crate::device) fn is_back(&mut self, hash: &Hash, writes: &mut Vec<Write>) -> bool {
        let Some(number) = self.lost.numbers.get(hash).copied() else {
            return false;
        };
        self.lost.remove(number);
        writes.push(self.rows.remove(LOST, &number.to_be_bytes()));
        true
    }

    /// Sends the relay what it lost. Whether everything else has to wait for that.
    pub(in crate::device) fn put_back(
        &mut self,
        now: u64,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, DeviceError> {
        let held = self.connection.held;
        if held.is_some_and(|held| held.waits) || self.lost.request.is_some() || now < self.lost.pause {
            return Ok(true);
        }
        let numbers: Vec<u64> = self.lost.waiting().take(limits::APPEND_STATEMENTS).collect();
        let (mut bytes, mut sent, mut entries) = (0, Vec::new(), Vec::new());
        for number in numbers {
            let Some(row) = self.rows.get::<LostRow>(LOST, &number.to_be_bytes())? else {
                self.lost.remove(number);
                continue;
            };
            let Some(lost) = self.sendable(row.entry)? else {
                self.lost.passed.insert(number);
                continue;
            };
            let length = lost.signed.statement.len() + lost.payload.as_ref().map_or(0, |p| p.len());
            if bytes > 0 && bytes + length > TOGETHER {
                break;
            }
            bytes += length;
            sent.push(number);
            entries.push(lost);
        }
        if !entries.is_empty() {
            let request = self.connection.next_request();
            self.lost.request = Some((request, sent));
            self.lost.done = false;
            let restore = Restore { request, entries };
            effects.push(Effect::Send(frame(&ClientMessage::Restore(restore))));
            return Ok(true);
        }
        if held.is_some() && !self.lost.done {
            self.lost.done = true;
            effects.push(Effect::Send(frame(&ClientMessage::Restored)));
        }
        Ok(false)
    }

    /// The relay has what was on its way. Where that stands in what this device has folded already, it is lost no more.
    pub(in crate::device) fn taken_back(&mut self, receipts: &[Receipt]) -> Result<(), DeviceError> {
        let Some((_, numbers)) = self.lost.request.take() else {
            return Ok(());
        };
        let mut writes = Vec::new();
        for (number, receipt) in numbers.into_iter().zip(receipts) {
            if receipt.position < self.frontier.size() {
                self.lost.remove(number);
                writes.push(self.rows.remove(LOST, &number.to_be_bytes()));
            } else {
                self.lost.taken.insert(number);
            }
        }
        self.rows.commit(writes)
    }

    /// An entry as it is sent: nothing where its payload never came here, and somebody else may have it.
    fn sendable(&self, entry: EntryRow) -> Result<Option<troth_protocol::wire::Lost>, DeviceError> {
        let EntryRow { leaf, payload, .. } = entry;
        let statement: Statement = cbor::decode(&leaf.signed.statement)?;
        let payload = match (payload, statement.payload) {
            (Some(payload), _) => Some(payload),
            (None, None) => Some(Vec::new().into()),
            (None, Some(_)) => {
                let erased = matches!(statement.stream(), troth_protocol::stream::Stream::Document(id)
                    if self.lost.erased.contains(&id) || self.is_erased(&id));
                if !erased {
                    return Ok(None);
                }
                None
            }
        };
        Ok(Some(troth_protocol::wire::Lost {
            received: leaf.received,
            signed: leaf.signed,
            payload,
        }))
    }

    /// The relay does not take something back. What it has no room for waits; an edit of this device's own that fits no more is
    /// set aside for review, as if it had never been sent; the rest stays here, and is tried again: it may follow something that
    /// another device still has.
    pub(in crate::device) fn not_taken_back(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        refused: &Refused,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some((_, numbers)) = self.lost.request.take() else {
            return Ok(());
        };
        let rule = refused.rule();
        let index = usize::try_from(refused.index).unwrap_or(usize::MAX);
        match (rule, numbers.get(index)) {
            (Rule::Quota | Rule::DiskFull | Rule::Unavailable | Rule::Behind, _) | (_, None) => {
                self.lost.pause = now.saturating_add(BUSY_MS);
                let what = "what the relay lost".to_owned();
                effects.push(Effect::Report(Report::Refused { rule, what }));
                effects.push(Effect::WakeAt(self.lost.pause));
                return Ok(());
            }
            (_, Some(number)) => {
                self.lost.passed.insert(*number);
                if let Some(mut row) = self.rows.get::<LostRow>(LOST, &number.to_be_bytes())? {
                    row.refused = rule.number();
                    if !self.set_own_edit_aside(rng, &row, rule, effects)? {
                        let write = self.rows.put(rng, LOST, &number.to_be_bytes(), &row);
                        self.rows.commit(vec![write])?;
                    }
                }
            }
        }
        effects.extend(self.pump(now, rng)?);
        Ok(())
    }

    /// An edit of this device's own, which no other device will enter again, goes where its refused edits go.
    fn set_own_edit_aside(
        &mut self,
        rng: &mut impl CryptoRng,
        row: &LostRow,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, DeviceError> {
        let statement: Statement = cbor::decode(&row.entry.leaf.signed.statement)?;
        let (Body::Change(change), Some(payload)) = (&statement.body, &row.entry.payload) else {
            return Ok(false);
        };
        let waits = matches!(
            rule,
            Rule::NoSuchDocument | Rule::UnknownDevice | Rule::UnknownHead
        );
        if statement.signer != self.secrets.id || waits {
            return Ok(false);
        }
        let (id, epoch, sequence) = (change.document, change.epoch, change.sequence);
        // What is locked, or sealed with a key that is not back yet, is tried again with the next connection.
        let Ok(Ok(content)) = self.unsealed_payload(id, &statement, epoch, sequence, payload) else {
            return Ok(false);
        };
        let Ok(edits) = Edits::decode(&content) else {
            return Ok(false);
        };
        let first = self.next_id;
        let intents = edits
            .changes
            .into_iter()
            .zip(first..)
            .map(|(made, number)| OutboxRow {
                id: number,
                intent: Intent::Edit {
                    document: id,
                    change: Vec::from(made).into(),
                },
            });
        let Ok(rows) = self.seal_sensitive(rng, intents.collect()) else {
            return Ok(false);
        };
        let what = format!(
            "an edit of this device in {}, which the relay lost and cannot take back",
            self.lane(id).name()
        );
        let count = rows.len();
        let mut writes = vec![self.rows.remove(LOST, &row.number.to_be_bytes())];
        for OutboxRow { id, intent } in rows {
            let row = QuarantineRow {
                id,
                what: what.clone(),
                rule: rule.number(),
                intent: Some(intent),
                position: None,
                at: Some(self.clock),
                settled: None,
            };
            writes.push(self.rows.put(rng, QUARANTINE, &id.to_be_bytes(), &row));
        }
        self.rows.commit(writes)?;
        self.next_id = first + count as u64;
        self.quarantined += count;
        self.lost.remove(row.number);
        effects.push(Effect::Report(Report::Quarantined {
            what,
            rule: Some(rule),
        }));
        // What waits and was written upon it could never be applied without it.
        let later = self.outbox.iter().filter_map(|(number, intent)| match intent {
            Intent::Edit { document, .. } if *document == id => Some(*number),
            _ => None,
        });
        let later: Vec<u64> = later.collect();
        self.set_aside(rng, &later, rule, effects)?;
        Ok(true)
    }
}
