//! Snapshots: when this device makes one, and what it says to those of others.
//!
//! ```text
//! many edits since the last ──> snapshot, by whoever wrote last ──> every other device recomputes the document
//!                                                                    the same: another member's attests it
//!                                                                    another:  says so, by name, and keeps what it has
//! ```
//!
//! Only what is caught up, unlocked and free of own unsent edits is looked at; none of it counts as use by a person.

mod statements;

use std::collections::{BTreeSet, HashMap};

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::document::SnapshotRecord;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::statement::{Rights, Statement};
use troth_protocol::wire::Upload;

use super::content::passed_over;
use super::content::snapshots::{Contents, Sealed};
use super::outbox::Intent;
use super::rows::{DOCUMENT, Verdict};
use super::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

/// Edits since the last snapshot after which one is due: a new device then fetches one payload in place of so many.
const EDITS: usize = 256;
/// Bytes of their payloads after which one is due.
const BYTES: u64 = 256 * 1024;
/// So many times as much is let come before a snapshot is followed by another that nobody attested yet, and before another
/// device than the last writer's makes one.
const PATIENCE: usize = 4;

/// Documents to be looked at, and those for which a snapshot was tried.
#[derive(Default)]
pub(super) struct Compaction {
    look: BTreeSet<DocumentId>,
    /// Position of the newest edit at the last try.
    tried: HashMap<DocumentId, u64>,
}

impl<S: Storage> Device<S> {
    /// Sends a document whole at once, whether or not that is due, unless there is nothing new to cover.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchDocument`], [`DeviceError::Halted`], and whatever the storage says.
    pub fn snapshot(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        if !self.documents.contains_key(&document) {
            return Err(DeviceError::NoSuchDocument(document));
        }
        self.keep(rng, vec![Intent::Snapshot { document }], Vec::new())
    }

    /// Notes documents that news came of.
    pub(super) fn look_for_snapshots(&mut self, documents: impl Iterator<Item = DocumentId>) {
        self.compaction.look.extend(documents);
    }

    /// Judges snapshots, attests those of other members that are right, and makes one where that is due. One document is
    /// judged at a time: opening a large one may take a second.
    pub(super) fn compact_where_due(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let look: Vec<DocumentId> = self.compaction.look.iter().copied().collect();
        let mut intents = Vec::new();
        for id in look {
            if self.is_locked(&id) {
                continue;
            }
            self.compaction.look.remove(&id);
            if self.halted() || self.fetching.wanted().any(|wanted| wanted == id) {
                continue;
            }
            let judged = self.judge_next(rng, id, effects)?;
            intents.extend(self.attestable(&id, now));
            if self.is_due(&id, now)? {
                intents.push(Intent::Snapshot { document: id });
            }
            if judged {
                // There may be more of it.
                self.compaction.look.insert(id);
                break;
            }
        }
        if intents.is_empty() {
            return Ok(());
        }
        self.keep(rng, intents, Vec::new())
    }

    /// Judges the oldest snapshot of a document that was not judged yet; whether there was one.
    fn judge_next(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, DeviceError> {
        let (Some(row), Some(document)) = (
            self.documents.get(&id),
            self.state.as_ref().and_then(|s| s.documents.get(&id)),
        ) else {
            return Ok(false);
        };
        let new = |s: &&SnapshotRecord| row.judged.iter().all(|(statement, _)| *statement != s.statement);
        let Some(snapshot) = document.snapshots().iter().find(new).cloned() else {
            return Ok(false);
        };
        let Some((verdict, why)) = passed_over(self.judge(id, &snapshot))? else {
            return Ok(false);
        };
        self.note_verdict(rng, id, &snapshot, verdict)?;
        if verdict == Verdict::Wrong {
            let name = self
                .unused(|device| device.name_of(snapshot.member))
                .ok()
                .flatten();
            effects.push(Effect::Report(Report::SnapshotRefused {
                member: snapshot.member,
                name,
                lane: self.lane(id),
                position: snapshot.position,
                why,
            }));
        }
        Ok(true)
    }

    /// Whether a snapshot is the document that its ranges make: its changes and heads against those of the entries that this
    /// device holds, as far as they count here. A hash covers all that a change builds on, so the same changes are the same
    /// document.
    fn judge(&mut self, id: DocumentId, snapshot: &SnapshotRecord) -> Result<(Verdict, String), DeviceError> {
        let wrong = |why: &str| Ok((Verdict::Wrong, why.to_owned()));
        let unsure = Ok((Verdict::Unsure, String::new()));
        let contents = match self.open_snapshot(id, snapshot.position)? {
            Sealed::Here(contents) => contents,
            Sealed::Gone => return unsure,
            Sealed::Bad(why) => return Ok((Verdict::Wrong, why)),
        };
        let Contents { heads, hashes, .. } = contents;
        let Some(mine) = self.unused(|device| device.recompute(id, snapshot))? else {
            return unsure;
        };
        if !mine.hashes.is_subset(&hashes) {
            return wrong("it leaves out an edit that it says it covers");
        }
        if !hashes.is_subset(&mine.hashes) {
            return wrong("it holds an edit that is not among those that it covers");
        }
        match mine.heads {
            None => return wrong("it covers an edit without what that builds on"),
            Some(mine) if mine != heads => return wrong("it is not the document that it says it is"),
            Some(_) => {}
        }
        Ok((Verdict::Right, String::new()))
    }

    /// Writes down what was found. What a right one holds, later ones are compared with in place of the entries.
    fn note_verdict(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        snapshot: &SnapshotRecord,
        verdict: Verdict,
    ) -> Result<(), DeviceError> {
        let covered = match verdict {
            Verdict::Right => self.covered_history(&id, snapshot)?,
            Verdict::Wrong | Verdict::Unsure => BTreeSet::new(),
        };
        let current: BTreeSet<Hash> = self
            .state
            .as_ref()
            .and_then(|s| s.documents.get(&id))
            .map(|d| d.snapshots().iter().map(|s| s.statement).collect())
            .unwrap_or_default();
        let Some(row) = self.documents.get_mut(&id) else {
            return Ok(());
        };
        let mut next = row.clone();
        next.judged.retain(|(statement, _)| current.contains(statement));
        next.judged.push((snapshot.statement, verdict));
        if verdict == Verdict::Right {
            next.base = Some(snapshot.position);
            next.history.retain(|(position, _)| !covered.contains(position));
        }
        let write = self.rows.put(rng, DOCUMENT, id.as_bytes(), &next);
        self.rows.commit(vec![write])?;
        self.documents.insert(id, next);
        Ok(())
    }

    /// The attestation that a snapshot of another member waits for, and that this device can give.
    fn attestable(&self, id: &DocumentId, now: u64) -> Option<Intent> {
        let (me, state) = (self.identity.member?, self.state.as_ref()?);
        let (document, row) = (state.documents.get(id)?, self.documents.get(id)?);
        let received = now.max(state.received);
        document.rights(&state.roster, &me, self.frontier.size(), received)?;
        let right = |s: &&SnapshotRecord| {
            !s.attested && s.member != me && row.judged.contains(&(s.statement, Verdict::Right))
        };
        let snapshot = document.snapshots().iter().rev().find(right)?.statement;
        let intent = Intent::Attest {
            document: *id,
            snapshot,
        };
        let open = !document.is_closed() && !self.outbox.values().any(|i| *i == intent);
        open.then_some(intent)
    }

    /// Whether this device should make a snapshot now: it may, it has nothing unsent there, enough has come since the last
    /// that it did not find wrong, and it wrote last, or whoever did has not made one.
    fn is_due(&mut self, id: &DocumentId, now: u64) -> Result<bool, DeviceError> {
        let (Some(state), Some(row)) = (&self.state, self.documents.get(id)) else {
            return Ok(false);
        };
        let Some(document) = state.documents.get(id) else {
            return Ok(false);
        };
        let wrong = |s: &SnapshotRecord| row.judged.contains(&(s.statement, Verdict::Wrong));
        let last = document.snapshots().iter().rev().find(|s| !wrong(s));
        let stands = last.is_none_or(|s| s.stands(state.received));
        let patience = if stands { 1 } else { PATIENCE };
        let since = last
            .map(|s| s.position)
            .max(self.compaction.tried.get(id).copied());
        let new = row.history.iter().filter(|(position, _)| Some(*position) > since);
        let (edits, bytes) = new.fold((0, 0), |(n, bytes), (_, b)| (n + 1, bytes + u64::from(*b)));
        let reached = |times: usize| edits >= EDITS * times || bytes >= BYTES * times as u64;
        let waits_alone = last.is_some_and(|s| s.alone && !s.stands(state.received));
        let Some((newest, _)) = row.history.last().copied() else {
            return Ok(false);
        };
        if !reached(patience) || waits_alone || !self.can_snapshot(id, now)? {
            return Ok(false);
        }
        if !reached(patience * PATIENCE) && self.signer_of(newest)? != Some(self.secrets.id) {
            return Ok(false);
        }
        self.compaction.tried.insert(*id, newest);
        Ok(true)
    }

    fn can_snapshot(&self, id: &DocumentId, now: u64) -> Result<bool, DeviceError> {
        let (Some(me), state) = (self.identity.member, self.practice_state()?) else {
            return Ok(false);
        };
        let Some(document) = state.documents.get(id) else {
            return Ok(false);
        };
        let (position, received) = (self.frontier.size(), now.max(state.received));
        let free = !self.outbox.values().any(
            |i| matches!(i, Intent::Edit { document, .. } | Intent::Snapshot { document } if document == id),
        );
        Ok(free
            && !document.is_closed()
            && document.rights(&state.roster, &me, position, received) == Some(Rights::Write)
            && !document.is_stale(&state.roster, position, received))
    }

    fn signer_of(&self, position: u64) -> Result<Option<DeviceId>, DeviceError> {
        let Some(row) = self.rows.entry(position)? else {
            return Ok(None);
        };
        Ok(Some(
            cbor::decode::<Statement>(&row.leaf.signed.statement)?.signer,
        ))
    }

    /// The statement of a snapshot, unless that is no longer called for.
    pub(super) fn next_snapshot(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
    ) -> Result<Option<Upload>, DeviceError> {
        let edits = |i: &Intent| matches!(i, Intent::Edit { document, .. } if *document == id);
        let waits = self.outbox.values().any(edits);
        if waits || self.is_locked(&id) || self.must_write(id, now).is_err() || self.is_stale(id, now)? {
            return Ok(None);
        }
        let made = self.unused(|device| device.sign_whole(rng, id));
        Ok(passed_over(made)?.flatten())
    }

    /// The statement of an attestation, unless the snapshot stands already or was replaced.
    pub(super) fn next_attest(
        &mut self,
        id: DocumentId,
        snapshot: Hash,
    ) -> Result<Option<Upload>, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).filter(|d| !d.is_closed());
        let waits = document.is_some_and(|d| {
            let mut snapshots = d.snapshots().iter();
            snapshots.any(|s| s.statement == snapshot && !s.attested)
        });
        if waits {
            self.sign_attest(id, snapshot).map(Some)
        } else {
            Ok(None)
        }
    }
}
