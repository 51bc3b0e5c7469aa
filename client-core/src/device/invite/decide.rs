//! The inviter's side, once people have compared: the addition, and the answer, as often as it takes to arrive.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, InviteId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Principal, Reader, Rights, Role};
use troth_protocol::wire::MailboxId;

use super::admit::{Candidate, INVITE_MS};
use super::{Greeting, Guest, HELLO, Named, OUTCOME, Outcome, OwnInvite, Verdict};
use crate::crypto::{NEWCOMER_ANSWER, SealingPublic, seal_psk};
use crate::device::content::passed_over;
use crate::device::link::{Linking, mailbox, put, take};
use crate::device::outbox::Intent;
use crate::device::rows::INVITE;
use crate::device::{Device, DeviceError, Effect, Over, Report};
use crate::storage::Storage;

/// Of those who were let in, as many as are waited for at once. What they put into their mailbox stays there until it is
/// their turn.
const AT_ONCE: usize = 2;
/// How long until the next ones are waited for, in milliseconds.
const AGAIN_MS: u64 = 60_000;

/// Those who were let in, and have not come in yet.
#[derive(Default)]
pub(in crate::device) struct Pledges {
    to: Vec<OwnInvite>,
    /// Since when the first of them are waited for, in milliseconds since the Unix epoch.
    since: u64,
}

impl<S: Storage> Device<S> {
    /// What the two people found when they compared: whether the newcomer becomes a member, or is turned away.
    ///
    /// # Errors
    /// Nobody waits to be confirmed, or the device has stopped.
    pub fn confirm(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        agree: bool,
    ) -> Result<Vec<Effect>, DeviceError> {
        self.told(now, rng);
        let Linking::Admitting(admitting) = &mut self.connection.linking else {
            return Err(DeviceError::NoSuchInvite);
        };
        let candidate = admitting.candidate.as_mut().ok_or(DeviceError::NoSuchInvite)?;
        let asks = candidate.asks.take().ok_or(DeviceError::NoSuchInvite)?;
        let (mut own, guest) = (candidate.own.clone(), candidate.guest.clone());
        let mut effects = Vec::new();
        if let (true, Some(over)) = (agree, self.over(&own)) {
            self.told_over(rng, &own, &guest, over, &mut effects)?;
            return Ok(effects);
        }
        let verdict = match agree {
            true => Verdict::Agreed,
            false => Verdict::TurnedAway,
        };
        let named = agree.then_some(Named {
            name: asks.name,
            device: asks.device_name,
        });
        own.guest = Some(Guest {
            verdict,
            named,
            ..guest
        });
        let write = self.rows.put(rng, INVITE, own.invite.as_bytes(), &own);
        self.connection.linking = Linking::Nothing;
        if !agree {
            self.rows.commit(vec![write])?;
            effects.extend(self.answered_again(rng, &own)?);
            return Ok(effects);
        }
        let member = asks.newcomer.member;
        let mut intents = vec![Intent::AddMember {
            invite: own.invite,
            role: own.role,
            newcomer: Box::new(asks.newcomer),
        }];
        // Clients and auditors do not learn the others' names; the practice learns theirs.
        if let (Some(document), Role::Counselor) = (self.directory(), own.role) {
            intents.push(Intent::Grant {
                document,
                reader: Reader {
                    principal: Principal::Member(member),
                    rights: Rights::Write,
                    until: None,
                },
            });
        }
        self.keep(rng, intents, vec![write])?;
        self.connection.pledges.to.push(own);
        self.pump(now, rng)
    }

    /// Gives whoever was let in, and stands in the ledger by now, and their device the names that they came with, where the
    /// directory has none for them: what the ledger never took in leaves no name behind.
    fn name_guest(&mut self, rng: &mut impl CryptoRng, own: &OwnInvite) -> Result<(), DeviceError> {
        let agreed = own
            .guest
            .as_ref()
            .filter(|guest| guest.verdict == Verdict::Agreed);
        let named = agreed.and_then(|guest| Some((guest.greeting.device.id(), guest.named.clone()?)));
        let (Some((device, named)), Some(directory)) = (named, self.directory()) else {
            return Ok(());
        };
        let roster = &self.practice_state()?.roster;
        let Some(member) = roster
            .devices()
            .get(&device)
            .map(|found| found.member.to_string())
        else {
            return Ok(());
        };
        let device = device.to_string();
        let present = self.read(directory, |d| (d.name(&member), d.device_name(&device)));
        let Some((name, device_name)) = passed_over(present)? else {
            return Ok(());
        };
        if name.is_none() && !named.name.is_empty() {
            let done = self.edit(self.clock, rng, directory, |d| d.set_name(&member, &named.name));
            passed_over(done)?;
        }
        if device_name.is_none() && !named.device.is_empty() {
            let done = self.edit(self.clock, rng, directory, |d| {
                d.set_device_name(&device, &named.device)
            });
            passed_over(done)?;
        }
        Ok(())
    }

    /// What was just folded: a newcomer who stands in the verified ledger is told of the practice, and one whose invitation
    /// ended meanwhile is told so.
    pub(in crate::device) fn admitted(
        &mut self,
        rng: &mut impl CryptoRng,
        added: &[DeviceId],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        for own in self.connection.pledges.to.clone() {
            let device = own.guest.as_ref().map(|guest| guest.greeting.device.id());
            let Some(device) = device.filter(|device| added.contains(device)) else {
                continue;
            };
            let found = self.practice_state()?.roster.devices().get(&device);
            if let Some(member) = found.map(|found| found.member) {
                self.name_guest(rng, &own)?;
                effects.push(Effect::Report(Report::MemberAdded(member)));
                effects.extend(self.answered_again(rng, &own)?);
            }
        }
        if let Linking::Admitting(admitting) = &self.connection.linking
            && let Some(Candidate { own, guest, .. }) = &admitting.candidate
            && let Some(over) = self.over(own)
        {
            let (own, guest) = (own.clone(), guest.clone());
            self.told_over(rng, &own, &guest, over, effects)?;
        }
        Ok(())
    }

    /// Caught up: what is known of old invitations is looked through, and whoever was let in and has not come is waited for.
    pub(in crate::device) fn renew_pledges(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        for own in self.rows.scan::<OwnInvite>(INVITE)? {
            self.name_guest(rng, &own)?;
        }
        self.look_through()?;
        self.await_pledges(effects);
        Ok(())
    }

    /// Whether somebody was let in by an invitation and has not come in yet.
    pub(super) fn is_awaited(&self, own: &OwnInvite) -> bool {
        let agreed = own.guest.as_ref().filter(|g| g.verdict == Verdict::Agreed);
        let came = |guest: &Guest| {
            let logins = self.state.as_ref().map(|state| &state.logins);
            logins.is_some_and(|logins| logins.contains_key(&guest.greeting.device.id()))
        };
        agreed.is_some_and(|guest| !came(guest))
    }

    fn look_through(&mut self) -> Result<(), DeviceError> {
        let state = self.practice_state()?;
        let now = self.clock.max(state.received);
        let (mut gone, mut to) = (Vec::new(), Vec::new());
        for own in self.rows.scan::<OwnInvite>(INVITE)? {
            let agreed = own.guest.as_ref().is_some_and(|g| g.verdict == Verdict::Agreed);
            let awaited = self.is_awaited(&own);
            if (agreed && !awaited) || now >= own.expires.saturating_add(INVITE_MS) {
                gone.push(self.rows.remove(INVITE, own.invite.as_bytes()));
            } else if awaited && now < own.expires {
                to.push(own);
            }
        }
        self.rows.commit(gone)?;
        self.connection.pledges = Pledges {
            to,
            since: self.clock,
        };
        Ok(())
    }

    /// Waits again for those whose answer has not arrived, when it is time.
    pub(in crate::device) fn tend_pledges(
        &mut self,
        now: u64,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let pledges = &mut self.connection.pledges;
        pledges.since = pledges.since.min(now);
        if pledges.to.is_empty() {
            return Ok(());
        }
        effects.push(Effect::WakeAt(now.saturating_add(AGAIN_MS)));
        if now < pledges.since.saturating_add(AGAIN_MS) {
            return Ok(());
        }
        // Those who were waited for first are so last the next time.
        let mut order: Vec<InviteId> = pledges.to.iter().map(|own| own.invite).collect();
        let first = AT_ONCE.min(order.len());
        order.rotate_left(first);
        self.look_through()?;
        let place = |own: &OwnInvite| order.iter().position(|id| *id == own.invite);
        self.connection.pledges.to.sort_by_key(place);
        self.await_pledges(effects);
        Ok(())
    }

    /// They greet again where they wait.
    fn await_pledges(&self, effects: &mut Vec<Effect>) {
        let to = self.connection.pledges.to.iter().take(AT_ONCE);
        effects.extend(to.map(|own| take(&self.link_of(own), HELLO)));
    }

    /// Whose mailbox this is of those who were let in, or of somebody in their place.
    pub(in crate::device) fn pledged(&self, at: MailboxId) -> Option<OwnInvite> {
        let mut to = self.connection.pledges.to.iter();
        to.find(|own| mailbox(&self.link_of(own)) == at).cloned()
    }

    /// Somebody came to such a mailbox: whoever was let in gets their answer again, anybody else is told that the invitation
    /// is used.
    pub(in crate::device) fn came_again(
        &mut self,
        rng: &mut impl CryptoRng,
        own: &OwnInvite,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Ok(greeting) = cbor::decode::<Greeting>(value) else {
            return Ok(());
        };
        let mut guest = own.guest.clone().filter(|guest| guest.greeting == greeting);
        let stranger = guest.is_none();
        let guest = guest.get_or_insert(Guest {
            greeting,
            nonce: [0; 32],
            verdict: Verdict::Over(Over::Closed),
            named: None,
        });
        effects.extend(self.word(rng, own, guest)?);
        if stranger {
            effects.push(Effect::Report(Report::NotAdmitted(Over::Closed)));
        } else if let Some(found) = self
            .practice_state()?
            .roster
            .devices()
            .get(&guest.greeting.device.id())
        {
            effects.push(Effect::Report(Report::MemberAdded(found.member)));
        }
        Ok(())
    }

    /// The relay does not take a member's addition: they are told.
    pub(in crate::device) fn not_added(
        &mut self,
        rng: &mut impl CryptoRng,
        invite: InviteId,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.connection.pledges.to.retain(|own| own.invite != invite);
        let Some(mut own) = self.rows.get::<OwnInvite>(INVITE, invite.as_bytes())? else {
            return Ok(());
        };
        let Some(mut guest) = own.guest.take() else {
            return Ok(());
        };
        let over = self.over(&own).unwrap_or(match rule {
            Rule::NotPermitted | Rule::Revoked => Over::NotPermitted,
            Rule::Invitation => Over::Closed,
            _ => Over::Failed,
        });
        guest.verdict = Verdict::Over(over);
        own.guest = Some(guest);
        let write = self.rows.put(rng, INVITE, invite.as_bytes(), &own);
        self.rows.commit(vec![write])?;
        effects.extend(self.answered_again(rng, &own)?);
        effects.push(Effect::Report(Report::NotAdmitted(over)));
        Ok(())
    }

    fn answered_again(
        &self,
        rng: &mut impl CryptoRng,
        own: &OwnInvite,
    ) -> Result<Option<Effect>, DeviceError> {
        match &own.guest {
            Some(guest) => self.word(rng, own, guest),
            None => Ok(None),
        }
    }

    /// The answer to somebody, sealed to them; none while it waits for the ledger.
    pub(super) fn word(
        &self,
        rng: &mut impl CryptoRng,
        own: &OwnInvite,
        guest: &Guest,
    ) -> Result<Option<Effect>, DeviceError> {
        let device = &guest.greeting.device;
        let outcome = match guest.verdict {
            Verdict::Open => return Ok(None),
            Verdict::Agreed => match self.practice_state()?.roster.devices().get(&device.id()) {
                Some(found) => Outcome::Admitted(Box::new(self.vouch(found.member)?)),
                None => return Ok(None),
            },
            Verdict::TurnedAway => Outcome::TurnedAway,
            Verdict::Over(over) => Outcome::Over(over),
        };
        let to = SealingPublic::from_bytes(device.sealing.as_x_wing()).ok_or(DeviceError::WrongCode)?;
        let (link, id, plain) = (self.link_of(own), device.id(), cbor::encode(&outcome));
        let sealed = seal_psk(rng, &to, NEWCOMER_ANSWER, id.as_bytes(), &plain, &link.psk())?;
        Ok(Some(put(&link, OUTCOME, sealed)))
    }
}
