//! Who reads which lane, and giving and ending that.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::keys::KeyRef;
use troth_protocol::roster::Roster;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Lane, Principal, Reader, Rights, Role};

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::storage::Storage;

/// A share that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// With whom.
    pub member: MemberId,
    /// Read only, or read and write.
    pub rights: Rights,
    /// Relay time from which it no longer holds, in milliseconds since the Unix epoch.
    pub until: Option<u64>,
}

/// One member's access to one lane, as the verified chains have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The lane.
    pub lane: Lane,
    /// Its document.
    pub document: DocumentId,
    /// The member.
    pub member: MemberId,
    /// What they may do; `None` for one who may do nothing any more.
    pub rights: Option<Rights>,
    /// Until when, in milliseconds since the Unix epoch: a date that has passed, where there are no rights any more for that.
    pub until: Option<u64>,
    /// Whether by their role, and not by a right of their own.
    pub by_role: bool,
    /// Whether the present key was sealed to a key of theirs: then they can read what is written under it. One who may not
    /// and still can is shut out by the turn before the next edit.
    pub holds_key: bool,
}

impl<S: Storage> Device<S> {
    /// Who can read which lane of a case, computed from the verified chains: rights, and to whose keys the present key is
    /// sealed.
    pub fn access_of(&self, now: u64, case: &CaseId) -> Result<Vec<Access>, DeviceError> {
        let (state, position) = (self.practice_state()?, self.frontier.size());
        let received = now.max(state.received);
        let of_case = |d: &&Document| d.case() == Some(*case) && !d.is_closed();
        let mut documents: Vec<&Document> = state.documents.values().filter(of_case).collect();
        if documents.is_empty() {
            return Err(DeviceError::NoSuchCase);
        }
        documents.sort_by_key(|d| d.lane());
        let mut all = Vec::new();
        for document in documents {
            let holders = holders(document, &state.roster, position);
            for member in state.roster.members().keys() {
                let rights = document.rights(&state.roster, member, position, received);
                let holds_key = holders.contains(member);
                let ended = document.ended_on(&state.roster, member, position, received);
                if rights.is_none() && !holds_key && ended.is_none() {
                    continue;
                }
                let mut readers = document.readers_at(position, received);
                let own = readers
                    .find(|r| r.principal == Principal::Member(*member))
                    .copied();
                all.push(Access {
                    lane: document.lane(),
                    document: document.id(),
                    member: *member,
                    rights,
                    until: own.and_then(|r| r.until).or(ended),
                    by_role: own.is_none() && ended.is_none(),
                    holds_key,
                });
            }
        }
        Ok(all)
    }

    /// Shares a lane with its history.
    ///
    /// # Errors
    /// [`DeviceError::OtherPartners`] for a partner's lane and the other partner; there is no such case or member.
    pub fn share(
        &mut self,
        rng: &mut impl CryptoRng,
        case: &CaseId,
        lane: Lane,
        share: Share,
    ) -> Result<(), DeviceError> {
        let document = self.shareable(case, lane, &share)?;
        let reader = reader(&share);
        self.keep(rng, vec![Intent::Grant { document, reader }], Vec::new())
    }

    /// Shares a lane from now on: a new document without the history takes the lane's place, and the old one is closed.
    /// From here on the lane is the new document on this device. What the old one takes in until it is closed is in the new one
    /// too; edits that other devices made offline and send later are set aside there for review.
    pub fn share_from_now(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        case: &CaseId,
        lane: Lane,
        share: Share,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let old = self.shareable(case, lane, &share)?;
        self.begin_renewal(rng, now, old, reader(&share))
    }

    /// Ends a member's share of a lane. Its key turns with it.
    pub fn unshare(
        &mut self,
        rng: &mut impl CryptoRng,
        case: &CaseId,
        lane: Lane,
        member: MemberId,
    ) -> Result<(), DeviceError> {
        self.check_whole()?;
        let document = self.document_of(case, lane).ok_or(DeviceError::NoSuchCase)?;
        let principal = Principal::Member(member);
        self.keep(rng, vec![Intent::EndShare { document, principal }], Vec::new())
    }

    /// Assigns a case to a counselor: every lane that this member may share, but nobody's process notes.
    pub fn assign(
        &mut self,
        rng: &mut impl CryptoRng,
        case: &CaseId,
        member: MemberId,
    ) -> Result<usize, DeviceError> {
        let role = self.practice_state()?.roster.role(&member, u64::MAX);
        if !role.is_some_and(Role::is_staff) {
            return Err(DeviceError::NoSuchMember);
        }
        let share = Share {
            member,
            rights: Rights::Write,
            until: None,
        };
        let reader = reader(&share);
        let lanes: Vec<DocumentId> = self
            .lanes_of(case)
            .filter(|(l, _)| *l != Lane::ProcessNotes)
            .map(|(_, d)| d)
            .collect();
        if lanes.is_empty() {
            return Err(DeviceError::NoSuchCase);
        }
        let intents: Vec<Intent> = lanes
            .into_iter()
            .map(|document| Intent::Grant { document, reader })
            .collect();
        let count = intents.len();
        self.keep(rng, intents, Vec::new())?;
        Ok(count)
    }

    /// Erases a case: every document of it that this device knows, those that others took the place of too. Returns how many.
    pub fn erase_case(&mut self, rng: &mut impl CryptoRng, case: &CaseId) -> Result<usize, DeviceError> {
        let documents = self.erasable(case)?;
        let count = documents.len();
        let intents = documents.into_iter().map(|document| Intent::Erase { document });
        let intents = intents.collect();
        self.keep(rng, intents, Vec::new())?;
        Ok(count)
    }

    /// The documents that [`Self::erase_case`] would erase.
    pub fn erasable(&self, case: &CaseId) -> Result<Vec<DocumentId>, DeviceError> {
        let state = self.practice_state()?;
        let of_case = |d: &&Document| d.case() == Some(*case) && d.erased().is_none();
        let documents: Vec<DocumentId> = state
            .documents
            .values()
            .filter(of_case)
            .map(Document::id)
            .collect();
        if documents.is_empty() {
            return Err(DeviceError::NoSuchCase);
        }
        Ok(documents)
    }

    fn shareable(&mut self, case: &CaseId, lane: Lane, share: &Share) -> Result<DocumentId, DeviceError> {
        self.check_whole()?;
        let role = self.practice_state()?.roster.role(&share.member, u64::MAX);
        match role {
            None => return Err(DeviceError::NoSuchMember),
            Some(Role::Auditor) => return Err(Rule::NotPermitted.into()),
            Some(_) if lane == Lane::ProcessNotes => return Err(Rule::NotPermitted.into()),
            Some(_) => {}
        }
        self.check_partner(case, lane, share.member)?;
        self.document_of(case, lane).ok_or(DeviceError::NoSuchCase)
    }
}

const fn reader(share: &Share) -> Reader {
    Reader {
        principal: Principal::Member(share.member),
        rights: share.rights,
        until: share.until,
    }
}

/// Members to one of whose keys a document's present key is sealed: their own, a device's, or that of their role.
fn holders(document: &Document, roster: &Roster, position: u64) -> BTreeSet<MemberId> {
    let sealed_to = document
        .epoch_record(document.epoch())
        .map(|e| e.sealed_to.as_slice());
    let mut holders = BTreeSet::new();
    for key in sealed_to.unwrap_or_default() {
        match key {
            KeyRef::Member(member, ..) => {
                holders.insert(*member);
            }
            KeyRef::Device(device, _) => holders.extend(roster.devices().get(device).map(|d| d.member)),
            KeyRef::Role(role, ..) => holders.extend(roster.members_with(*role, position).copied()),
            KeyRef::Epoch(..) => {}
        }
    }
    holders
}
