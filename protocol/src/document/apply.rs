//! The rules of a document's entries, in one place to start from.

use crate::document::control::Standing;
use crate::document::{Author, Document};
use crate::entry::Parsed;
use crate::ids::{DeviceId, Hash, MemberId};
use crate::roster::Roster;
use crate::rule::Rule;
use crate::statement::{Body, Change, Erasure, Lane, Rights, Role};

impl Document {
    /// The state of a statement's document after it, from the state before it (`None`: there is no such document yet).
    pub fn applied(
        before: Option<&Self>,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
    ) -> Result<Self, Rule> {
        let signer = parsed.statement().signer;
        let member = roster.active(&signer, position)?.member;
        let at = Standing {
            roster,
            member,
            position,
            received,
        };
        let Some(before) = before else {
            return match &parsed.statement().body {
                Body::Document(body) => Self::create(&at, parsed, body),
                _ => Err(Rule::NoSuchDocument),
            };
        };
        match &parsed.statement().body {
            Body::Document(body) if body.prev.is_none() => Err(Rule::AlreadyExists),
            Body::Document(body) => {
                before.check_seen(parsed)?;
                before.control(&at, parsed, body)
            }
            Body::Erasure(body) => {
                before.check_seen(parsed)?;
                before.erase(&at, body)
            }
            _ => Err(Rule::NotInUse),
        }
    }

    /// Checks an edit and counts it. The frequent case: nothing is copied, and nothing changes unless all holds.
    pub fn edit(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        change: &Change,
    ) -> Result<(), Rule> {
        let signer = parsed.statement().signer;
        self.check_writes(roster, position, received, parsed, change.epoch)?;
        let (sequence, prev) = self.next_of(&signer);
        if change.sequence != sequence || change.prev != prev {
            return Err(Rule::AuthorChain);
        }
        self.authors.insert(
            signer,
            Author {
                sequence,
                last: parsed.hash(),
            },
        );
        Ok(())
    }

    /// R12 to R14, R41 to R43: whether what is sealed under an epoch may come from the signer now; whose device that is.
    pub(super) fn check_writes(
        &self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        epoch: u64,
    ) -> Result<MemberId, Rule> {
        let member = roster.active(&parsed.statement().signer, position)?.member;
        self.check_seen(parsed)?;
        if self.is_closed() {
            return Err(Rule::Closed);
        }
        if self.rights(roster, &member, position, received) != Some(Rights::Write) {
            return Err(Rule::NotPermitted);
        }
        if epoch != self.epoch() {
            return Err(Rule::WrongEpoch);
        }
        if self.is_stale(roster, position, received) {
            return Err(Rule::StaleEpoch);
        }
        Ok(member)
    }

    /// The sequence number and predecessor that a device's next edit carries.
    pub fn next_of(&self, device: &DeviceId) -> (u64, Option<Hash>) {
        match self.authors.get(device) {
            None => (1, None),
            Some(author) => (author.sequence.saturating_add(1), Some(author.last)),
        }
    }

    /// R7, R14: the signer acted on a head of this very chain.
    pub(super) fn check_seen(&self, parsed: &Parsed) -> Result<(), Rule> {
        let head = parsed
            .statement()
            .seen
            .and_then(|s| s.control)
            .ok_or(Rule::Seen)?;
        if self.heads.contains(&head) {
            Ok(())
        } else {
            Err(Rule::UnknownHead)
        }
    }

    /// An admin's device, or a counselor's who can write, orders the document erased; the directory, an admin's alone. What was
    /// superseded can be erased still: that is how a part of it is.
    fn erase(&self, at: &Standing<'_>, body: &Erasure) -> Result<Self, Rule> {
        if self.erased.is_some() {
            return Err(Rule::Closed);
        }
        if body.prev != self.head() {
            return Err(Rule::StaleChain);
        }
        let writes = self.rights(at.roster, &at.member, at.position, at.received) == Some(Rights::Write);
        let allowed = match at.roster.role(&at.member, at.position) {
            Some(Role::Admin) => true,
            Some(Role::Counselor) => writes && self.lane != Lane::Directory,
            _ => false,
        };
        if !allowed {
            return Err(Rule::NotPermitted);
        }
        let mut next = self.clone();
        next.erased = Some(at.position);
        next.snapshots.clear();
        Ok(next)
    }
}
