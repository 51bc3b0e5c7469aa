//! The inviter's side, until people compare.
// Long because whoever comes is met, heard and told in one conversation, and every way in which it ends is in it.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{Hash, InviteId};
use troth_protocol::statement::Role;
use troth_protocol::wire::{NoMail, Put};

use super::{
    Greeting, Guest, HELLO, NUMBER, Number, OwnInvite, REQUEST, Request, Verdict, claimed, received,
};
use crate::crypto::{
    ComparisonCode, ComparisonCommitment, ComparisonNonce, InviteCode, InviteSecret, LinkCode,
    NEWCOMER_REQUEST, open_psk,
};
use crate::device::link::{Linking, mailbox, put, take};
use crate::device::outbox::{Intent, Newcomer};
use crate::device::rows::INVITE;
use crate::device::{Device, DeviceError, Effect, Over, Report};
use crate::storage::Storage;

/// Invitations listened to at once: of the four mailboxes that one connection may open, one is left for answers.
const AT_ONCE: usize = 3;
/// How long they are listened to before the next ones are, in milliseconds. Who came meanwhile waits in the mailbox.
const ROUND_MS: u64 = 10_000;
/// How long an invitation holds, in milliseconds: a week.
pub(in crate::device) const INVITE_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// This device invited.
pub(in crate::device) struct Admitting {
    /// Whose holders are heard, and told where it lets nobody in any more: the open ones first.
    waiting: Vec<OwnInvite>,
    /// The first of those that are listened to now.
    at: usize,
    /// Since when, in milliseconds since the Unix epoch.
    since: u64,
    pub(super) candidate: Option<Candidate>,
}

/// Somebody who holds a code.
pub(super) struct Candidate {
    pub(super) own: OwnInvite,
    pub(super) guest: Guest,
    pub(super) asks: Option<Asks>,
}

/// What they ask for.
pub(super) struct Asks {
    pub(super) newcomer: Newcomer,
    pub(super) name: String,
    pub(super) device_name: String,
}

impl Admitting {
    /// Those that are listened to now.
    fn round(&self) -> impl Iterator<Item = &OwnInvite> {
        let from_here = self.waiting.iter().cycle().skip(self.at);
        from_here.take(AT_ONCE.min(self.waiting.len()))
    }

    pub(super) fn leave(&mut self, invite: &InviteId) {
        self.waiting.retain(|own| own.invite != *invite);
        self.at = 0;
    }
}

impl<S: Storage> Device<S> {
    /// Invites somebody for a role: returns the code to send them. It holds for a week, once.
    ///
    /// # Errors
    /// Only admins invite (R13).
    pub fn invite(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        role: Role,
    ) -> Result<(InviteId, String), DeviceError> {
        self.told(now, rng);
        self.must_be_admin()?;
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let relay = self.identity.relay.clone().ok_or(DeviceError::NoPractice)?;
        let mut invite = InviteId::default();
        rng.fill_bytes(&mut invite.0);
        let secret = InviteSecret::generate(rng);
        let code = InviteCode::new(&relay, practice, &self.secrets.id, &secret);
        let expires = now.max(self.practice_state()?.received).saturating_add(INVITE_MS);
        let own = OwnInvite {
            invite,
            role,
            secret: secret.to_bytes(),
            expires,
            guest: None,
        };
        let intent = Intent::Invite {
            invite,
            role,
            commitment: code.commitment(),
            expires,
        };
        let write = self.rows.put(rng, INVITE, invite.as_bytes(), &own);
        self.keep(rng, vec![intent], vec![write])?;
        Ok((invite, code.render().to_string()))
    }

    /// Waits, once it is caught up, for those whom this device invited: all of them in turn, or one. Beside the open
    /// invitations those that let nobody in any more are listened to, to tell their holders.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchInvite`] where none is open, and nobody who was let in has yet to come.
    pub fn begin_admit(&mut self, now: u64, only: Option<InviteId>) -> Result<Vec<Effect>, DeviceError> {
        self.must_be_admin()?;
        let mut waiting = self.rows.scan::<OwnInvite>(INVITE)?;
        waiting.retain(|own| only.is_none_or(|id| id == own.invite));
        let closed = |own: &OwnInvite| self.over_at(own, now).is_some();
        let awaited = |own: &OwnInvite| now < own.expires && self.is_awaited(own);
        if !waiting.iter().any(|own| !closed(own) || awaited(own)) {
            return Err(DeviceError::NoSuchInvite);
        }
        waiting.sort_by_key(|own| (closed(own), std::cmp::Reverse(own.expires)));
        // Begun again, it goes on where it stood: nobody is passed over.
        let at = match &self.connection.linking {
            Linking::Admitting(before) => (before.at + AT_ONCE) % waiting.len(),
            _ => 0,
        };
        self.connection.linking = Linking::Admitting(Box::new(Admitting {
            waiting,
            at,
            since: now,
            candidate: None,
        }));
        let mut effects = Vec::new();
        if self.is_live() {
            self.approve_opened(&mut effects);
        }
        Ok(effects)
    }

    /// Where the holder of an invitation is met.
    pub(super) fn link_of(&self, own: &OwnInvite) -> LinkCode {
        let relay = self.identity.relay.clone().unwrap_or_default();
        let practice = self.identity.practice.unwrap_or_default();
        let secret = InviteSecret::from_bytes(&own.secret);
        let code = InviteCode::new(&relay, practice, &self.secrets.id, &secret);
        code.link().clone()
    }

    /// Why an invitation lets nobody in, if so.
    pub(super) fn over(&self, own: &OwnInvite) -> Option<Over> {
        self.over_at(own, self.clock)
    }

    fn over_at(&self, own: &OwnInvite, now: u64) -> Option<Over> {
        let state = self.state.as_ref()?;
        let known = state.roster.invites().get(&own.invite);
        let withdrawn =
            |intent: &Intent| matches!(intent, Intent::Withdraw { invite } if *invite == own.invite);
        let used = own.guest.as_ref().is_some_and(|g| g.verdict == Verdict::Agreed);
        if used || known.is_some_and(|i| !i.open) || self.outbox.values().any(withdrawn) {
            Some(Over::Closed)
        } else if self.must_be_admin().is_err() {
            Some(Over::NotPermitted)
        } else {
            (own.expires <= now.max(state.received)).then_some(Over::Expired)
        }
    }

    pub(in crate::device) fn listen(&self, admitting: &Admitting, effects: &mut Vec<Effect>) {
        match &admitting.candidate {
            None => effects.extend(admitting.round().map(|own| take(&self.link_of(own), HELLO))),
            // The connection was lost between the two.
            Some(Candidate { own, guest, asks }) if asks.is_none() => self.number(own, guest, effects),
            Some(_) => {}
        }
    }

    /// The device's keys and its number, for the one who was heard.
    fn number(&self, own: &OwnInvite, guest: &Guest, effects: &mut Vec<Effect>) {
        let (link, device) = (self.link_of(own), self.secrets.keys.clone());
        let number = Number {
            device,
            nonce: guest.nonce,
        };
        effects.push(put(&link, NUMBER, cbor::encode(&number)));
        effects.push(take(&link, REQUEST));
    }

    /// Listens to the next invitations, when it is time.
    pub(in crate::device) fn next_round(&mut self, now: u64, effects: &mut Vec<Effect>) {
        let Linking::Admitting(admitting) = &mut self.connection.linking else {
            return;
        };
        admitting.since = admitting.since.min(now);
        if now >= admitting.since.saturating_add(ROUND_MS) {
            admitting.since = now;
            admitting.at = (admitting.at + AT_ONCE)
                .checked_rem(admitting.waiting.len())
                .unwrap_or(0);
            if admitting.candidate.is_none() {
                self.approve_opened(effects);
            }
        }
        effects.push(Effect::WakeAt(now.saturating_add(ROUND_MS)));
    }

    /// Somebody came to one of the mailboxes: the first is heard, with one number and no more. The same one, who comes again,
    /// is told the same again.
    pub(super) fn greeted(
        &mut self,
        rng: &mut impl CryptoRng,
        mail: &Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Admitting(admitting) = &self.connection.linking else {
            return Ok(());
        };
        let found = admitting.waiting.iter();
        let found = found
            .clone()
            .find(|own| mailbox(&self.link_of(own)) == mail.mailbox);
        let (Some(mut own), None) = (found.cloned(), &admitting.candidate) else {
            return Ok(());
        };
        let Ok(greeting) = cbor::decode::<Greeting>(&mail.value) else {
            return self.spoilt(own.invite, DeviceError::WrongCode, effects);
        };
        let before = own.guest.take_if(|guest| guest.greeting == greeting);
        if let Some(guest) = before.as_ref().filter(|guest| guest.verdict != Verdict::Open) {
            effects.extend(self.word(rng, &own, guest)?);
            self.spent(own.invite, effects);
            return Ok(());
        }
        let guest = before.unwrap_or_else(|| Guest {
            greeting,
            nonce: ComparisonNonce::generate(rng).reveal(),
            verdict: Verdict::Open,
            named: None,
        });
        if let Some(over) = self.over(&own) {
            return self.told_over(rng, &own, &guest, over, effects);
        }
        own.guest = Some(guest.clone());
        let write = self.rows.put(rng, INVITE, own.invite.as_bytes(), &own);
        self.rows.commit(vec![write])?;
        self.number(&own, &guest, effects);
        if let Linking::Admitting(admitting) = &mut self.connection.linking {
            admitting.candidate = Some(Candidate {
                own,
                guest,
                asks: None,
            });
        }
        Ok(())
    }

    /// An invitation's mailbox is of no use for now; the others are listened to. Says how many open ones are left.
    fn spent(&mut self, invite: InviteId, effects: &mut Vec<Effect>) -> usize {
        let Linking::Admitting(admitting) = &mut self.connection.linking else {
            return 0;
        };
        admitting.candidate = None;
        admitting.leave(&invite);
        let waiting = admitting.waiting.clone();
        let left = waiting.iter().filter(|own| self.over(own).is_none()).count();
        effects.push(Effect::Report(Report::InviteSpent { invite, left }));
        if left == 0 {
            self.connection.linking = Linking::Nothing;
        }
        self.approve_opened(effects);
        left
    }

    /// Tells the holder of an invitation that it lets nobody in, and goes on with the others.
    pub(super) fn told_over(
        &mut self,
        rng: &mut impl CryptoRng,
        own: &OwnInvite,
        guest: &Guest,
        over: Over,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let verdict = Verdict::Over(over);
        let guest = Guest {
            verdict,
            ..guest.clone()
        };
        effects.extend(self.word(rng, own, &guest)?);
        effects.push(Effect::Report(Report::NotAdmitted(over)));
        if let Linking::Admitting(admitting) = &mut self.connection.linking {
            admitting.leave(&own.invite);
            admitting.candidate = None;
        }
        self.approve_opened(effects);
        Ok(())
    }

    /// What came to an invitation's mailbox is not as it must be: an error where no other is listened to.
    fn spoilt(
        &mut self,
        invite: InviteId,
        why: DeviceError,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        match self.spent(invite, effects) {
            0 => Err(why),
            _ => Ok(()),
        }
    }

    /// The relay refuses something at a mailbox where this device waits for somebody.
    pub(in crate::device) fn unheard(&mut self, no: &NoMail, effects: &mut Vec<Effect>) {
        let Linking::Admitting(admitting) = &self.connection.linking else {
            return;
        };
        let Some(Candidate { own, asks: None, .. }) = &admitting.candidate else {
            // An empty mailbox that is over is opened again with the next round.
            return;
        };
        if mailbox(&self.link_of(own)) != no.mailbox {
            return;
        }
        let invite = own.invite;
        match no.slot {
            // Somebody else who holds the code has answered in this device's place.
            NUMBER => {
                self.spent(invite, effects);
            }
            // They left before they showed their number.
            REQUEST => {
                if let Linking::Admitting(admitting) = &mut self.connection.linking {
                    admitting.candidate = None;
                }
                self.approve_opened(effects);
            }
            _ => {}
        }
    }

    /// The newcomer has shown its number and its keys: now people compare.
    pub(super) fn requested(
        &mut self,
        rng: &mut impl CryptoRng,
        mail: &Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Admitting(admitting) = &self.connection.linking else {
            return Ok(());
        };
        let Some(candidate @ Candidate { asks: None, .. }) = &admitting.candidate else {
            return Ok(());
        };
        if mailbox(&self.link_of(&candidate.own)) != mail.mailbox {
            return Ok(());
        }
        let (own, guest) = (candidate.own.clone(), candidate.guest.clone());
        let (asks, code) = match self.examine(&own, &guest, &mail.value) {
            Ok(found) => found,
            Err(error) => return self.spoilt(own.invite, error, effects),
        };
        if let Some(over) = self.over(&own) {
            return self.told_over(rng, &own, &guest, over, effects);
        }
        effects.push(Effect::Report(Report::Compare {
            code,
            name: asks.name.clone(),
        }));
        if let Linking::Admitting(admitting) = &mut self.connection.linking
            && let Some(candidate) = &mut admitting.candidate
        {
            candidate.asks = Some(asks);
        }
        Ok(())
    }

    /// What a request asks for, and the code to compare.
    fn examine(&self, own: &OwnInvite, guest: &Guest, value: &[u8]) -> Result<(Asks, String), DeviceError> {
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let wrong = |_| DeviceError::WrongCode;
        let device = guest.greeting.device.id();
        let (secret, psk) = (&self.secrets.general, self.link_of(own).psk());
        let opened = open_psk(secret, NEWCOMER_REQUEST, device.as_bytes(), value, &psk);
        let opened = opened.map_err(|_| DeviceError::WrongCode)?;
        let request: Request = cbor::decode(&opened).map_err(wrong)?;
        let code = ComparisonCode::new(
            &ComparisonCommitment(guest.greeting.commitment),
            (&device, &received(&request.nonce)),
            (&self.secrets.id, &received(&guest.nonce)),
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let known = self
            .state
            .as_ref()
            .and_then(|s| s.roster.invites().get(&own.invite));
        if known.is_some_and(|invitation| invitation.commitment != Hash::of(&[&request.token])) {
            return Err(DeviceError::WrongCode);
        }
        super::check_names(&request.name, &request.device_name)?;
        let asks = Asks {
            newcomer: claimed(&request.claim, &practice, &guest.greeting.device)?,
            name: request.name,
            device_name: request.device_name,
        };
        Ok((asks, code.render().to_string()))
    }
}
