//! Members, roles and invitations, as a person sees and changes them.

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{InviteId, MemberId};
use troth_protocol::statement::{DeviceKind, Principal, Reader, Rights, Role};

use super::invite::OwnInvite;
use super::outbox::Intent;
use super::rows::INVITE;
use super::{Device, DeviceError};
use crate::storage::Storage;

/// A member, past or present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSummary {
    /// Their pseudonym.
    pub id: MemberId,
    /// What the directory calls them, where this device can read it.
    pub name: Option<String>,
    /// Their role; `None` once they have left.
    pub role: Option<Role>,
    /// Active devices.
    pub devices: usize,
    /// Active recovery kits.
    pub kits: usize,
    /// Whether it is this device's.
    pub this: bool,
}

/// An invitation that can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteSummary {
    /// Its pseudonym.
    pub id: InviteId,
    /// The role that it gives.
    pub role: Role,
    /// When it ends, in milliseconds since the Unix epoch, by the relay's clock.
    pub expires: u64,
    /// Whether this device made it, and so can let its holder in.
    pub mine: bool,
}

impl<S: Storage> Device<S> {
    /// This member's role.
    pub fn role(&self) -> Option<Role> {
        let member = self.identity.member?;
        self.state.as_ref()?.roster.role(&member, u64::MAX)
    }

    pub(super) fn must_be_admin(&self) -> Result<(), DeviceError> {
        match self.role() {
            Some(Role::Admin) => Ok(()),
            _ => Err(troth_protocol::rule::Rule::NotPermitted.into()),
        }
    }

    fn member_of(&self, member: &MemberId) -> Result<Role, DeviceError> {
        let role = self.practice_state()?.roster.role(member, u64::MAX);
        role.ok_or(DeviceError::NoSuchMember)
    }

    /// Every member, past and present.
    pub fn members(&mut self) -> Result<Vec<MemberSummary>, DeviceError> {
        let names = match self.directory() {
            Some(directory) => match self.read(directory, crate::document::LaneDocument::names) {
                Ok(names) => names,
                Err(DeviceError::NotReadable(_)) => std::collections::BTreeMap::new(),
                Err(error) => return Err(error),
            },
            None => std::collections::BTreeMap::new(),
        };
        let roster = &self.practice_state()?.roster;
        let active = |member: &MemberId, kind: DeviceKind| {
            let devices = roster.devices().iter();
            let of_kind = devices.filter(|(_, d)| d.member == *member && d.kind == kind);
            of_kind
                .filter(|(id, _)| roster.active(id, u64::MAX).is_ok())
                .count()
        };
        let summary = |(id, member): (&MemberId, &troth_protocol::roster::Member)| MemberSummary {
            id: *id,
            name: names.get(&id.to_string()).cloned(),
            role: member.role(u64::MAX),
            devices: active(id, DeviceKind::Device),
            kits: active(id, DeviceKind::Kit),
            this: Some(*id) == self.identity.member,
        };
        Ok(roster.members().iter().map(summary).collect())
    }

    /// Invitations that are open as of a time.
    pub fn invites(&self, now: u64) -> Result<Vec<InviteSummary>, DeviceError> {
        let own = self.rows.scan::<OwnInvite>(INVITE)?;
        let mine = |id: &InviteId| own.iter().any(|own| own.invite == *id);
        let invites = self.practice_state()?.roster.invites().iter();
        let open = invites.filter(|(_, i)| i.open && now < i.expires);
        let summary = open.map(|(id, i)| InviteSummary {
            id: *id,
            role: i.role,
            expires: i.expires,
            mine: mine(id),
        });
        Ok(summary.collect())
    }

    /// Withdraws an invitation.
    pub fn withdraw_invite(&mut self, rng: &mut impl CryptoRng, invite: InviteId) -> Result<(), DeviceError> {
        self.must_be_admin()?;
        self.keep(rng, vec![Intent::Withdraw { invite }], Vec::new())
    }

    /// Gives a member another role. It takes effect in keys and at the relay at once.
    pub fn change_role(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        member: MemberId,
        role: Role,
    ) -> Result<(), DeviceError> {
        self.must_be_admin()?;
        let before = self.member_of(&member)?;
        let mut intents = vec![Intent::ChangeRole { member, role }];
        if let Some(document) = self.directory() {
            let principal = Principal::Member(member);
            let rights = Rights::Write;
            let reader = Reader {
                principal,
                rights,
                until: None,
            };
            if role == Role::Counselor {
                intents.push(Intent::Grant { document, reader });
            }
        }
        // Who keeps no records any more keeps no rights to them either: what a client reads is shared with them anew.
        if !role.is_staff() && before.is_staff() {
            intents.extend(self.ends_of_all(now, member)?);
        }
        self.keep(rng, intents, Vec::new())
    }

    /// Removes a member with all their devices. What they could open turns before it is written to again; with `compromised`,
    /// every document that this device can write to turns at once. Returns how many.
    pub fn remove_member(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        member: MemberId,
        compromised: bool,
    ) -> Result<usize, DeviceError> {
        self.told(now, rng);
        self.must_be_admin()?;
        self.member_of(&member)?;
        let mut intents = vec![Intent::RemoveMember { member }];
        if compromised {
            intents.extend(self.turns_of_all(now)?);
        }
        let turns = intents.len() - 1;
        self.keep(rng, intents, Vec::new())?;
        Ok(turns)
    }

    /// The end of every right of a member's own that this device can end.
    fn ends_of_all(&self, now: u64, member: MemberId) -> Result<Vec<Intent>, DeviceError> {
        let (position, state) = (self.frontier.size(), self.practice_state()?);
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let (received, principal) = (now.max(state.received), Principal::Member(member));
        let ends = |d: &&Document| {
            let held = d.readers_at(position, received).any(|r| r.principal == principal);
            let mine = d.rights(&state.roster, &me, position, received) == Some(Rights::Write);
            held && mine && !d.is_closed()
        };
        let documents = state.documents.values().filter(ends).map(Document::id);
        Ok(documents
            .map(|document| Intent::EndShare { document, principal })
            .collect())
    }

    /// A turn of every open document that this device can write to.
    pub(super) fn turns_of_all(&self, now: u64) -> Result<Vec<Intent>, DeviceError> {
        let (position, state) = (self.frontier.size(), self.practice_state()?);
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let received = now.max(state.received);
        let writes =
            |d: &&Document| d.rights(&state.roster, &member, position, received) == Some(Rights::Write);
        let open = |d: &&Document| !d.is_closed();
        let turn = state.documents.values().filter(open).filter(writes);
        Ok(turn.map(|d| Intent::Turn { document: d.id() }).collect())
    }
}
