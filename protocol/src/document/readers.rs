//! Who may read and write a document, and whom its key is sealed to.

use std::collections::BTreeSet;

use crate::document::{Document, ReaderSpan};
use crate::ids::MemberId;
use crate::keys::KeyRef;
use crate::roster::Roster;
use crate::statement::{Principal, Reader, Rights, Role};

impl Document {
    /// The rights in force as of a position and at a relay time (ms since the Unix epoch).
    pub fn readers_at(&self, position: u64, received: u64) -> impl Iterator<Item = &Reader> {
        self.readers
            .iter()
            .filter(move |s| s.from <= position && s.to.is_none_or(|to| to > position))
            .map(|s| &s.reader)
            .filter(move |r| r.until.is_none_or(|until| received < until))
    }

    /// What a member may do with the document: their own right, or their role's, whichever is more. An auditor has none,
    /// whatever they were given before they became one. The custodian of process notes reads them once their author has
    /// left.
    pub fn rights(&self, roster: &Roster, member: &MemberId, position: u64, received: u64) -> Option<Rights> {
        let role = roster
            .role(member, position)
            .filter(|role| *role != Role::Auditor)?;
        self.readers_at(position, received)
            .filter(|r| r.principal == Principal::Member(*member) || r.principal == Principal::Role(role))
            .map(|r| r.rights)
            .max()
            .or_else(|| self.inherits(roster, member, position).then_some(Rights::Read))
    }

    /// Whether anybody can write.
    pub(super) fn has_writer(&self, roster: &Roster, position: u64, received: u64) -> bool {
        let mut writers = self
            .readers_at(position, received)
            .filter(|r| r.rights == Rights::Write);
        writers.any(|r| match r.principal {
            Principal::Member(member) => self.rights(roster, &member, position, received).is_some(),
            Principal::Role(role) => roster.members_with(role, position).next().is_some(),
        })
    }

    /// The last position as of which a member could read the document; `None` if they never could, `u64::MAX` while they
    /// can. A revocation is visible to those it concerns, so its own position counts. A right whose date has passed ends
    /// with the next control statement, before which nothing can be written.
    pub fn readable_until(&self, roster: &Roster, member: &MemberId) -> Option<u64> {
        let record = roster.members().get(member)?;
        let spans = self.readers.iter().flat_map(|span| {
            let (from, to) = (span.from, span.to.unwrap_or(u64::MAX));
            let own = (span.reader.principal == Principal::Member(*member)).then_some((from, to));
            let tenures = record.tenures().filter_map(move |(role, since, until)| {
                (span.reader.principal == Principal::Role(role)).then_some((from.max(since), to.min(until)))
            });
            own.into_iter().chain(tenures)
        });
        let spans = spans.chain(self.inherited(roster, member));
        spans.filter(|(from, to)| from < to).map(|(_, to)| to).max()
    }

    /// The date on which a member's own right ended, if the last that they were given had one, it has passed, and nothing
    /// else gives them a right as of a position and at a relay time.
    pub fn ended_on(&self, roster: &Roster, member: &MemberId, position: u64, received: u64) -> Option<u64> {
        let own = |s: &&ReaderSpan| s.reader.principal == Principal::Member(*member);
        let until = self.readers.iter().rfind(own)?.reader.until?;
        let ended = until <= received && self.rights(roster, member, position, received).is_none();
        ended.then_some(until)
    }

    /// The keys that a new epoch is sealed to: those of everyone with a right, and of the custodian of process notes.
    pub fn recipients(&self, roster: &Roster, position: u64, received: u64) -> BTreeSet<KeyRef> {
        let class = self.class();
        let readers = self.readers_at(position, received).filter(|r| match r.principal {
            Principal::Member(member) => self.rights(roster, &member, position, received).is_some(),
            Principal::Role(_) => true,
        });
        readers
            .map(|r| r.principal)
            .chain(self.custodian(roster, position).map(Principal::Member))
            .flat_map(|principal| roster.recipients(&principal, class, position))
            .collect()
    }

    /// Whether the present epoch's key was sealed to someone who since lost the right, or to a key since exposed, or a
    /// right's date has passed: then nobody may write before turning it (R43).
    pub fn is_stale(&self, roster: &Roster, position: u64, received: u64) -> bool {
        let Some(epoch) = self.epochs.last() else {
            return true;
        };
        // Until the next control statement a right whose date has passed is still written down as one.
        let mut expired = self.readers.iter().filter(|s| {
            let held = s.from <= position && s.to.is_none_or(|to| to > position);
            held && s.reader.until.is_some_and(|until| until <= received)
        });
        expired.next().is_some()
            || epoch.sealed_to.iter().any(|key| {
                roster.is_exposed(key, position)
                    || match key {
                        KeyRef::Device(device, _) => roster
                            .active(device, position)
                            .is_ok_and(|d| !self.may_hold(roster, &d.member, position, received)),
                        KeyRef::Member(member, ..) => !self.may_hold(roster, member, position, received),
                        KeyRef::Role(role, ..) => !self
                            .readers_at(position, received)
                            .any(|r| r.principal == Principal::Role(*role)),
                        KeyRef::Epoch(..) => false,
                    }
            })
    }

    /// Whether a member may hold the present key: who has a right, and the custodian of process notes.
    fn may_hold(&self, roster: &Roster, member: &MemberId, position: u64, received: u64) -> bool {
        self.rights(roster, member, position, received).is_some()
            || self.custodian(roster, position) == Some(*member)
    }
}
