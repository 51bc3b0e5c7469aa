//! The ledger as this device verifies it: items folded, signatures checked, rules applied, counts compared; then kept, all
//! at once.

mod keep;
mod signed;
pub(super) mod verifier;

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;
use troth_protocol::counts::digest;
use troth_protocol::entry::Verified;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, DeviceKind, Role, RosterAction};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::{entitled, may_open, visible_until};
use troth_protocol::wire::{EntryItem, Items};

use super::accusation::{Dishonest, Hint};
use super::keyring::{SealedAt, sealed_in};
use super::restore::resuming;
use super::rows::{ENTRY, EntryRow};
use super::{Device, DeviceError};
use crate::storage::Storage;
use signed::names_a_key;
pub(super) use signed::{NOT_SIGNED, NOT_THE_KEY};
use verifier::Verifier;

/// Entries that this device can go back over without asking, at least.
const TRAIL: usize = 1024;

/// What a batch of items came to.
#[derive(Default)]
pub(super) struct Taken {
    /// Documents with new entries.
    pub documents: BTreeSet<DocumentId>,
    /// Whether the roster changed.
    pub roster: bool,
    /// Devices that were added, or proposed.
    pub added: Vec<DeviceId>,
    /// Devices that a kit added, and whose they are.
    pub by_kit: Vec<(MemberId, DeviceId)>,
    /// Whether this device was revoked.
    pub revoked: bool,
    /// Whether something of this very device came that it never signed from this store.
    pub copied: bool,
    /// Whether an admin resumed the ledger after its relay had lost its end.
    pub resumed: bool,
    /// Edits, by author.
    pub changes: BTreeMap<DeviceId, Vec<(DocumentId, u64)>>,
}

/// Failing for one of two reasons: the relay's, or this device's own.
pub(super) enum Failure {
    Relay(Dishonest),
    Device(DeviceError),
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

pub(super) fn dishonest<T>(what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Relay(Dishonest::new(what)))
}

impl<S: Storage> Device<S> {
    /// Takes items into the verified ledger, or believes none of them.
    pub(super) fn take(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        items: Items,
    ) -> Result<Taken, Failure> {
        // What turns the key is signed with the next one, and what founds the practice pins the first. A resumption says under
        // which name the relay signs from there on.
        let resumes = resuming(&items);
        let signed = self.ledger_signed(&items.checkpoint, &resumes)?;
        if !signed && !items.items.iter().any(names_a_key) {
            return dishonest(NOT_SIGNED);
        }
        let Ok(folded) = items.fold(&self.frontier) else {
            let what = "what it sent does not fold into the checkpoint that it signed";
            return Err(Failure::Relay(Dishonest::new(what).hinting(Hint::Fold)));
        };
        let mut trail = self.trail.clone();
        trail.extend(&folded.pieces);
        // R35: what an admin resumed is what is before it.
        for here in &resumes {
            let past = trail.at(here.position).map(|past| past.frontier.root());
            if past != Some(here.root) {
                return broken(here.position, Rule::Resumption);
            }
        }
        let waypoint = self.check_waypoint(&resumes, &items, &trail)?;
        let promised = self.check_promise(&items, &trail);
        let checkpoint = items.checkpoint;
        let mut writes = self.runs(rng, &items);
        let entries: Vec<EntryItem> = items.into_entries().collect();
        let mut taken = Taken::default();
        let mut roster_changed = false;
        let mut landed: Vec<u64> = Vec::new();
        let mut had_role = self.role();
        let mut verifier = Verifier::new(&entries)?;
        for (index, (entry, position)) in entries
            .into_iter()
            .zip(folded.positions.iter().copied())
            .enumerate()
        {
            let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
            let verified = verifier.verified(index, self.state.as_ref(), &practice);
            let verified = verified.or_else(|rule| broken(position, rule))?;
            let was_lost = self.is_back(&verified.hash(), &mut writes);
            if self.is_wanted(&entry, &verified) || self.comes_again(&entry, &verified) {
                // It is judged when what came before it is here, and kept until then: as its signer sent it, or not at all.
                if let Some(payload) = &entry.payload {
                    verified
                        .check_payload(payload)
                        .or_else(|rule| broken(position, rule))?;
                }
                writes.push(self.set_by(rng, position, entry));
                continue;
            }
            self.check_entry(position, &entry, &verified)
                .or_else(|rule| broken(position, rule))?;
            taken.note_change(position, &verified);
            let applied = match &mut self.state {
                None => State::found(entry.leaf.received, &verified).map(|state| self.state = Some(state)),
                Some(state) => state.apply(position, entry.leaf.received, &verified),
            };
            applied.or_else(|rule| broken(position, rule))?;
            let stream = verified.statement().stream();
            let sealed: Vec<SealedAt> = sealed_in(verified.statement(), position).collect();
            match stream {
                Stream::Roster => {
                    roster_changed = true;
                    self.index(&sealed);
                    let left = taken.note_roster(&verified);
                    self.refold |= position >= self.connection.whole_until && self.sees_more(had_role, left);
                    had_role = self.role();
                    self.note_kit(position, &verified, &mut taken);
                }
                Stream::Document(id) => {
                    self.note_document(id, position, &verified, sealed);
                    taken.documents.insert(id);
                }
                Stream::Device(_) | Stream::Notices => {}
            }
            taken.copied |= !was_lost && self.is_anothers(position, &verified, &stream);
            if verified.statement().resumes().is_some() && waypoint.is_none_or(|w| position >= w.size) {
                taken.resumed = true;
            }
            landed.extend(self.landed(rng, &verified.hash(), &stream, &mut writes));
            if entry.payload.is_none() && verified.statement().payload.is_some() {
                self.missing.push((stream, position));
            }
            let row = EntryRow {
                position,
                leaf: entry.leaf,
                payload: entry.payload,
            };
            writes.push(self.rows.put(rng, ENTRY, &position.to_be_bytes(), &row));
        }
        if !signed {
            self.check_checkpoint(&checkpoint)?;
        }
        let Some(state) = &self.state else {
            return dishonest("its ledger does not begin with genesis");
        };
        self.check_answer(state, &checkpoint)?;
        // What an entry shows by itself names the lie better, so this comes last.
        promised?;
        taken.revoked = state.roster.active(&self.secrets.id, u64::MAX) == Err(Rule::Revoked);
        for id in &taken.documents {
            self.write_document(rng, *id, &mut writes);
        }
        if waypoint != self.identity.waypoint {
            let mut identity = self.identity.clone();
            identity.waypoint = waypoint;
            writes.push(self.rows.identity_write(rng, &identity));
            self.identity = identity;
        }
        self.frontier = folded.frontier;
        // What the fold took, the trail takes.
        let _ = trail.shorten(TRAIL);
        self.trail = trail;
        self.checkpoint = Some(checkpoint);
        self.checkpoint_at = now;
        taken.roster = roster_changed;
        if roster_changed {
            writes.push(self.roster_write(rng));
        }
        writes.push(self.ledger_write(rng));
        if let Err(error) = self.rows.commit(writes) {
            // Memory is ahead of the disk now: nothing more is kept until the device is opened again.
            self.rows.tear();
            return Err(error.into());
        }
        for id in landed {
            self.outbox.remove(&id);
        }
        Ok(taken)
    }

    /// Whether a statement of this device was not signed from this store: everything that it signs is kept here before it is
    /// sent, until it is seen again.
    fn is_anothers(&self, position: u64, verified: &Verified, stream: &Stream) -> bool {
        // What was verified before, and is followed again, is let go already.
        if self.identity.waypoint.is_some_and(|w| position < w.size) {
            return false;
        }
        let own = verified.statement().signer == self.secrets.id;
        let kept = !matches!(
            verified.statement().body,
            Body::Genesis(_) | Body::Session(_) | Body::Erasure(_) | Body::Notice(_) | Body::Submission(_)
        ) && verified.statement().resumes().is_none();
        let hash = verified.hash();
        let mut signed_here = self.inflight.values().flat_map(|f| &f.parts);
        own && kept && !signed_here.any(|part| part.stream == *stream && part.hash() == hash)
    }

    /// A device that a kit added is news to everybody, but not to itself or the kit, nor where it is history.
    fn note_kit(&self, position: u64, verified: &Verified, taken: &mut Taken) {
        let (Some(state), Body::Roster(roster)) = (&self.state, &verified.statement().body) else {
            return;
        };
        let signer = verified.statement().signer;
        let kit = state.roster.devices().get(&signer);
        let kit = kit.filter(|d| d.kind == DeviceKind::Kit && signer != self.secrets.id);
        let Some(kit) = kit.filter(|_| self.identity.waypoint.is_none_or(|w| position >= w.size)) else {
            return;
        };
        let added = roster.actions.iter().filter_map(|action| match action {
            RosterAction::AddDevice { device, .. } => Some(device.id()),
            _ => None,
        });
        let others = added.filter(|id| *id != self.secrets.id);
        taken.by_kit.extend(others.map(|id| (kit.member, id)));
    }

    /// R4, R16, R17: what surrounds the statement is as the leaf and the streams say.
    fn check_entry(&self, position: u64, entry: &EntryItem, verified: &Verified) -> Result<(), Rule> {
        let (received, count) = match &self.state {
            None if position == 0 => (0, 0),
            None => return Err(Rule::Genesis),
            Some(state) => (state.received, state.count(&verified.statement().stream())),
        };
        if entry.leaf.received < received {
            return Err(Rule::ClockBack);
        }
        if entry.leaf.stream_seq != count {
            return Err(Rule::StreamGap);
        }
        match &entry.payload {
            Some(payload) => verified.check_payload(payload),
            None => Ok(()),
        }
    }

    /// Whether a statement of the roster shows this member more than they were shown so far: as an overseer, or as the
    /// custodian of the notes of somebody who left.
    fn sees_more(&self, had_role: Option<Role>, left: bool) -> bool {
        let (Some(state), Some(me), Some(had)) = (&self.state, self.identity.member, had_role) else {
            return false;
        };
        // An auditor was shown statements without what they hold.
        let changed = |role: &Role| *role != had && (role.oversees() || had == Role::Auditor);
        self.role().is_some_and(|role| changed(&role)) || (left && state.roster.was_custodian(&me))
    }

    /// Whether an entry stands in a stream whose beginning this member was not shown, and that a change of their role shows
    /// them now. The relay shows what may be seen today, so the entry may stand before the change, which is yet to come. The
    /// ledger is followed anew for it, and this entry comes again in its place. (A document's beginning is fetched.)
    fn comes_again(&self, entry: &EntryItem, verified: &Verified) -> bool {
        let (Some(state), Some(me)) = (&self.state, self.identity.member) else {
            return false;
        };
        let stream = verified.statement().stream();
        let hidden = visible_until(state, &me, &stream) != Some(u64::MAX);
        entry.leaf.stream_seq > state.count(&stream) && (self.refold || hidden)
    }

    /// Whether payloads that this device may open did not come. Once it is caught up, only an erasure explains that, a
    /// snapshot that stands, or the end of a share: for the relay's clock may be ahead of what is known of it, one that is
    /// near counts as past.
    pub(super) fn lacks_payloads(&mut self) -> Result<bool, DeviceError> {
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let mut missing = std::mem::take(&mut self.missing);
        let latest = self.latest_clock();
        let state = self.practice_state()?;
        let opens =
            |(stream, position): &(Stream, u64), now| may_open(state, &member, stream, *position, now);
        missing.retain(|at @ (stream, _)| {
            let erased = matches!(stream, Stream::Document(id)
                if state.documents.get(id).is_none_or(|d| d.erased().is_some()));
            // Whoever may no longer read a record is not shown its erasure.
            let shown = visible_until(state, &member, stream) == Some(u64::MAX);
            !erased && shown && opens(at, state.received)
        });
        let mut lacks = false;
        for (stream, position) in std::mem::take(&mut missing) {
            if !matches!(stream, Stream::Document(id) if self.is_explained(id, &[position])?) {
                lacks |= may_open(self.practice_state()?, &member, &stream, position, latest);
                missing.push((stream, position));
            }
        }
        self.missing = missing;
        Ok(lacks)
    }

    /// The digest of what this device has counted itself, of all that it is entitled to.
    pub(super) fn counted(&self) -> Result<Hash, DeviceError> {
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        Ok(digest(&entitled(self.practice_state()?, &member)))
    }
}

pub(super) fn broken<T>(position: u64, rule: Rule) -> Result<T, Failure> {
    let what = Dishonest::new(format!("entry {position} breaks rule R{}: {rule}", rule.number()));
    let hint = if rule == Rule::StreamGap {
        Hint::Gap
    } else {
        Hint::None
    };
    Err(Failure::Relay(what.hinting(hint)))
}

impl Taken {
    fn note_change(&mut self, position: u64, verified: &Verified) {
        if let Body::Change(change) = &verified.statement().body {
            let edits = self.changes.entry(verified.statement().signer).or_default();
            edits.push((change.document, position));
        }
    }

    /// Notes what the roster's statement says; whether a member left by it.
    fn note_roster(&mut self, verified: &Verified) -> bool {
        use troth_protocol::statement::RosterAction::{AddDevice, AddMember, ProposeRecovery, RemoveMember};
        if let Body::Roster(roster) = &verified.statement().body {
            self.added
                .extend(roster.actions.iter().filter_map(|action| match action {
                    AddDevice { device, .. } | AddMember { device, .. } | ProposeRecovery { device, .. } => {
                        Some(device.id())
                    }
                    _ => None,
                }));
            let leaves = |action: &_| matches!(action, RemoveMember { .. });
            return roster.actions.iter().any(leaves);
        }
        false
    }
}
