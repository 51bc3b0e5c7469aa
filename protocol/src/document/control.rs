//! The rules of a document's control chain.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Epoch, ReaderSpan};
use crate::entry::Parsed;
use crate::ids::{DeviceId, DocumentId, Hash, MemberId};
use crate::keys::{KeyRef, Sealing};
use crate::limits;
use crate::roster::{Planned, Roster};
use crate::rule::Rule;
use crate::statement::{self, DocumentAction, Lane, Principal, Reader, Rights, Role};

/// Where a statement stands, and who signed it.
pub(super) struct Standing<'a> {
    pub roster: &'a Roster,
    pub member: MemberId,
    pub position: u64,
    pub received: u64,
}

impl Standing<'_> {
    fn is_staff(&self) -> bool {
        self.roster.is_staff(&self.member, self.position)
    }

    fn is_admin(&self) -> bool {
        self.roster.role(&self.member, self.position) == Some(Role::Admin)
    }
}

impl Document {
    /// The document that a creating statement makes.
    pub(super) fn create(
        at: &Standing<'_>,
        parsed: &Parsed,
        body: &statement::Document,
    ) -> Result<Self, Rule> {
        let planned = Self::plan_create(at, body.document, &body.actions)?;
        if body.prev.is_some() {
            return Err(Rule::StaleChain);
        }
        // R7: there is no head yet that the signer could have seen.
        if parsed.statement().seen.is_some_and(|s| s.control.is_some()) {
            return Err(Rule::Seen);
        }
        crate::roster::check_sealings(&body.sealings, &planned.required, &planned.optional)?;
        let mut next = planned.after;
        next.heads.push(parsed.hash());
        Ok(next)
    }

    fn plan_create(
        at: &Standing<'_>,
        id: DocumentId,
        actions: &[DocumentAction],
    ) -> Result<Planned<Self>, Rule> {
        let [
            DocumentAction::Create {
                case,
                lane,
                readers,
                commitment,
            },
        ] = actions
        else {
            return Err(Rule::NoSuchDocument);
        };
        if readers.len() > limits::READERS {
            return Err(Rule::TooLarge);
        }
        // R1: a case has its lanes, the practice its directory.
        if case.is_none() != (*lane == Lane::Directory) {
            return Err(Rule::Malformed);
        }
        let mut document = Self {
            id,
            case: *case,
            lane: *lane,
            heads: Vec::new(),
            readers: Vec::new(),
            epochs: Vec::new(),
            authors: BTreeMap::new(),
            superseded: None,
            erased: None,
            snapshots: Vec::new(),
            links: BTreeMap::new(),
        };
        for reader in readers {
            if document
                .readers
                .iter()
                .any(|s| s.reader.principal == reader.principal)
            {
                return Err(Rule::AlreadyExists);
            }
            document.admit(at, reader)?;
        }
        let writes = document.rights(at.roster, &at.member, at.position, at.received) == Some(Rights::Write);
        // What devices show as names comes from a directory: an admin begins it.
        if !at.is_staff() || !writes || (*lane == Lane::Directory && !at.is_admin()) {
            return Err(Rule::NotPermitted);
        }
        let sealed_to = document.recipients(at.roster, at.position, at.received);
        let key = KeyRef::Epoch(document.id, 1);
        let required = sealed_to.iter().map(|to| Sealing { key, to: *to }).collect();
        document.begin_epoch(at.position, *commitment, sealed_to);
        Ok(Planned {
            after: document,
            required,
            optional: BTreeSet::new(),
        })
    }

    /// The document after a control statement.
    pub(super) fn control(
        &self,
        at: &Standing<'_>,
        parsed: &Parsed,
        body: &statement::Document,
    ) -> Result<Self, Rule> {
        if self.is_closed() {
            return Err(Rule::Closed);
        }
        if body.prev != Some(self.head()) {
            return Err(Rule::StaleChain);
        }
        let planned = self.plan_control(at, &body.actions)?;
        crate::roster::check_sealings(&body.sealings, &planned.required, &planned.optional)?;
        let mut next = planned.after;
        next.note_sealed(&body.sealings);
        let reseals = body.actions.contains(&DocumentAction::Reseal);
        if reseals && body.sealings.is_empty() {
            return Err(Rule::Sealings);
        }
        next.heads.push(parsed.hash());
        Ok(next)
    }

    fn plan_control(&self, at: &Standing<'_>, actions: &[DocumentAction]) -> Result<Planned<Self>, Rule> {
        if actions.is_empty() || actions.len() > limits::ACTIONS {
            return Err(Rule::TooLarge);
        }
        let mut after = self.clone();
        after.end_expired(at);
        let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
        for action in actions {
            after.act(at, action, &mut required, &mut optional)?;
        }
        let kept = after.superseded.is_some() || after.has_writer(at.roster, at.position, at.received);
        if !kept && self.has_writer(at.roster, at.position, at.received) {
            return Err(Rule::NoWriter);
        }
        Ok(Planned {
            after,
            required,
            optional,
        })
    }

    /// The sealed keys that a control statement with these actions must carry, and the document that would come of it;
    /// `before` is `None` for the one that creates.
    pub fn plan(
        before: Option<&Self>,
        roster: &Roster,
        position: u64,
        received: u64,
        signer: &DeviceId,
        id: DocumentId,
        actions: &[DocumentAction],
    ) -> Result<Planned<Self>, Rule> {
        let member = roster.active(signer, position)?.member;
        let at = Standing {
            roster,
            member,
            position,
            received,
        };
        match before {
            None => Self::plan_create(&at, id, actions),
            Some(before) if before.is_closed() => Err(Rule::Closed),
            Some(before) => before.plan_control(&at, actions),
        }
    }

    fn act(
        &mut self,
        at: &Standing<'_>,
        action: &DocumentAction,
        required: &mut BTreeSet<Sealing>,
        optional: &mut BTreeSet<Sealing>,
    ) -> Result<(), Rule> {
        let rights = self
            .rights(at.roster, &at.member, at.position, at.received)
            .ok_or(Rule::NotPermitted)?;
        self.check_directory(at, action)?;
        let (may_write, may_share) = (rights == Rights::Write, rights == Rights::Write && at.is_staff());
        match action {
            DocumentAction::Create { .. } => Err(Rule::AlreadyExists),
            DocumentAction::Grant { reader } if may_share => {
                if self.is_stale(at.roster, at.position, at.received) {
                    return Err(Rule::TurnFirst);
                }
                self.end(&reader.principal, at.position);
                self.admit(at, reader)?;
                let key = KeyRef::Epoch(self.id, self.epoch());
                let holders: BTreeSet<KeyRef> = self
                    .epochs
                    .last()
                    .map(|e| e.sealed_to.iter().copied().collect())
                    .unwrap_or_default();
                for to in at.roster.recipients(&reader.principal, self.class(), at.position) {
                    if !holders.contains(&to) {
                        required.insert(Sealing { key, to });
                    }
                }
                Ok(())
            }
            DocumentAction::Revoke { principal } if may_share => {
                if self.end(principal, at.position) {
                    Ok(())
                } else {
                    Err(Rule::NoSuchSubject)
                }
            }
            DocumentAction::Turn { epoch, commitment } if may_write => {
                let present = self.epoch();
                if Some(*epoch) != present.checked_add(1) {
                    return Err(Rule::Generation);
                }
                let new = KeyRef::Epoch(self.id, *epoch);
                let sealed_to = self.recipients(at.roster, at.position, at.received);
                required.extend(sealed_to.iter().map(|to| Sealing { key: new, to: *to }));
                required.insert(Sealing {
                    key: KeyRef::Epoch(self.id, present),
                    to: new,
                });
                self.begin_epoch(at.position, *commitment, sealed_to);
                Ok(())
            }
            DocumentAction::Supersede { by } if may_share => {
                if *by == self.id {
                    return Err(Rule::AlreadyExists);
                }
                self.superseded = Some((at.position, *by));
                Ok(())
            }
            DocumentAction::Reseal => {
                let key = KeyRef::Epoch(self.id, self.epoch());
                let entitled = self.recipients(at.roster, at.position, at.received);
                optional.extend(entitled.iter().map(|to| Sealing { key, to: *to }));
                Ok(())
            }
            _ => Err(Rule::NotPermitted),
        }
    }

    /// R13: the directory is the admins'. Others who write it add names and turn its key; they neither share nor close it, and
    /// nobody takes it from the admins or leaves it to them to read.
    fn check_directory(&self, at: &Standing<'_>, action: &DocumentAction) -> Result<(), Rule> {
        const ADMINS: Principal = Principal::Role(Role::Admin);
        let allowed = match action {
            DocumentAction::Grant { reader } => {
                at.is_admin() && (reader.principal != ADMINS || reader.rights == Rights::Write)
            }
            DocumentAction::Revoke { principal } => at.is_admin() && *principal != ADMINS,
            DocumentAction::Supersede { .. } => at.is_admin(),
            _ => true,
        };
        if self.lane == Lane::Directory && !allowed {
            return Err(Rule::NotPermitted);
        }
        Ok(())
    }

    /// Process notes are their author's alone, who begins them: nobody else is given a right. Only admins hold a role's key.
    /// A role's right has no end on a date: who takes the role after it must not find the key among the role's.
    fn admit(&mut self, at: &Standing<'_>, reader: &Reader) -> Result<(), Rule> {
        let allowed = match reader.principal {
            Principal::Role(role) => role == Role::Admin && reader.until.is_none(),
            Principal::Member(member) => match at.roster.role(&member, at.position) {
                None => return Err(Rule::NoSuchSubject),
                Some(Role::Auditor) => false,
                Some(_) => true,
            },
        };
        let author = reader.principal == Principal::Member(at.member)
            && reader.rights == Rights::Write
            && reader.until.is_none();
        let lasting = reader.until.is_none_or(|until| at.received < until);
        if !allowed || !lasting || (self.lane == Lane::ProcessNotes && !author) {
            return Err(Rule::NotPermitted);
        }
        if self.readers_at(at.position, at.received).count() >= limits::READERS {
            return Err(Rule::TooLarge);
        }
        self.readers.push(ReaderSpan {
            reader: *reader,
            from: at.position,
            to: None,
        });
        Ok(())
    }

    /// Ends the rights whose date has passed. The first control statement after the date does it, and no edit can come
    /// between (R43): so how far a reader sees depends on positions alone, never on whose clock is asked.
    fn end_expired(&mut self, at: &Standing<'_>) {
        for span in self.readers.iter_mut().filter(|s| s.to.is_none()) {
            if span.reader.until.is_some_and(|until| until <= at.received) {
                span.to = Some(at.position);
            }
        }
    }

    fn end(&mut self, principal: &Principal, position: u64) -> bool {
        let mut ended = false;
        for span in self
            .readers
            .iter_mut()
            .filter(|s| s.to.is_none() && s.reader.principal == *principal)
        {
            span.to = Some(position);
            ended = true;
        }
        ended
    }

    fn begin_epoch(&mut self, from: u64, commitment: Hash, sealed_to: BTreeSet<KeyRef>) {
        self.epochs.push(Epoch {
            from,
            commitment,
            sealed_to: sealed_to.into_iter().collect(),
        });
    }

    /// Remembers who else the present epoch's key was sealed to.
    fn note_sealed(&mut self, sealings: &[Sealing]) {
        let key = KeyRef::Epoch(self.id, self.epoch());
        if let Some(epoch) = self.epochs.last_mut() {
            for sealing in sealings.iter().filter(|s| s.key == key) {
                if !epoch.sealed_to.contains(&sealing.to) {
                    epoch.sealed_to.push(sealing.to);
                }
            }
        }
    }
}
