//! The inviter's side.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, Hash, InviteId, MemberId};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::statement::{Principal, Reader, Rights, Role};
use troth_protocol::wire::Put;

use super::{Greeting, HELLO, NUMBER, Number, OUTCOME, OwnInvite, REQUEST, Request, claimed, received};
use crate::crypto::{
    ComparisonCode, ComparisonCommitment, ComparisonNonce, InviteCode, InviteSecret, LinkCode,
    NEWCOMER_ANSWER, NEWCOMER_REQUEST, SealingPublic, open_psk, seal_psk,
};
use crate::device::link::{Answer, Linking, mailbox, put, take};
use crate::device::outbox::{Intent, Newcomer};
use crate::device::rows::INVITE;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

/// Invitations waited for at once: as many mailboxes as one connection may open.
const AT_ONCE: usize = 4;
/// How long an invitation holds, in milliseconds: a week.
pub(in crate::device) const INVITE_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// This device invited.
pub(in crate::device) struct Admitting {
    waiting: Vec<(OwnInvite, LinkCode)>,
    candidate: Option<Candidate>,
}

/// Somebody who holds a code.
struct Candidate {
    invite: OwnInvite,
    link: LinkCode,
    device: DeviceKeys,
    commitment: ComparisonCommitment,
    nonce: ComparisonNonce,
    /// Whether their request was taken from the mailbox, which gives it once.
    heard: bool,
    asks: Option<Asks>,
}

/// What they ask for.
struct Asks {
    newcomer: Newcomer,
    name: String,
    device_name: String,
}

impl Admitting {
    pub(in crate::device) fn opened(&self, effects: &mut Vec<Effect>) {
        match &self.candidate {
            None => effects.extend(self.waiting.iter().map(|(_, link)| take(link, HELLO))),
            // The connection was lost between the two.
            Some(candidate) if !candidate.heard => effects.push(take(&candidate.link, REQUEST)),
            Some(_) => {}
        }
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

    /// Waits, once it is caught up, for those whom this device invited: all of them, or one.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchInvite`] where none is open.
    pub fn begin_admit(&mut self, now: u64, only: Option<InviteId>) -> Result<Vec<Effect>, DeviceError> {
        self.must_be_admin()?;
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let mut own = self.rows.scan::<OwnInvite>(INVITE)?;
        let roster = &self.practice_state()?.roster;
        let open = |own: &OwnInvite| {
            let known = roster.invites().get(&own.invite);
            known.is_none_or(|i| i.open) && now < own.expires && only.is_none_or(|id| id == own.invite)
        };
        own.retain(open);
        own.sort_by_key(|own| std::cmp::Reverse(own.expires));
        own.truncate(AT_ONCE);
        if own.is_empty() {
            return Err(DeviceError::NoSuchInvite);
        }
        let relay = self.identity.relay.clone().unwrap_or_default();
        let link = |own: &OwnInvite| {
            let secret = InviteSecret::from_bytes(&own.secret);
            InviteCode::new(&relay, practice, &self.secrets.id, &secret)
                .link()
                .clone()
        };
        let waiting = own.into_iter().map(|own| (own.clone(), link(&own))).collect();
        self.connection.linking = Linking::Admitting(Box::new(Admitting {
            waiting,
            candidate: None,
        }));
        let mut effects = Vec::new();
        if self.is_live() {
            self.approve_opened(&mut effects);
        }
        Ok(effects)
    }

    /// Somebody came to one of the mailboxes: the first is heard, with one number and no more.
    pub(super) fn greeted(
        &mut self,
        rng: &mut impl CryptoRng,
        mail: &Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Admitting(admitting) = &mut self.connection.linking else {
            return Ok(());
        };
        let found = admitting
            .waiting
            .iter()
            .find(|(_, link)| mailbox(link) == mail.mailbox);
        let (Some((invite, link)), None) = (found.cloned(), &admitting.candidate) else {
            return Ok(());
        };
        let greeting: Greeting = cbor::decode(&mail.value).map_err(|_| DeviceError::WrongCode)?;
        let nonce = ComparisonNonce::generate(rng);
        let number = Number {
            device: self.secrets.keys.clone(),
            nonce: nonce.reveal(),
        };
        effects.push(put(&link, NUMBER, cbor::encode(&number)));
        effects.push(take(&link, REQUEST));
        admitting.candidate = Some(Candidate {
            invite,
            link,
            device: greeting.device,
            commitment: ComparisonCommitment(greeting.commitment),
            nonce,
            heard: false,
            asks: None,
        });
        Ok(())
    }

    /// The newcomer has shown its number and its keys: now people compare.
    pub(super) fn requested(&mut self, value: &[u8], effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let Linking::Admitting(admitting) = &mut self.connection.linking else {
            return Ok(());
        };
        let Some(candidate) = admitting.candidate.as_mut().filter(|c| c.asks.is_none()) else {
            return Ok(());
        };
        candidate.heard = true;
        let wrong = |_| DeviceError::WrongCode;
        let device = candidate.device.id();
        let psk = candidate.link.psk();
        let opened = open_psk(
            &self.secrets.general,
            NEWCOMER_REQUEST,
            device.as_bytes(),
            value,
            &psk,
        );
        let opened = opened.map_err(|_| DeviceError::WrongCode)?;
        let request: Request = cbor::decode(&opened).map_err(wrong)?;
        let code = ComparisonCode::new(
            &candidate.commitment,
            (&device, &received(&request.nonce)),
            (&self.secrets.id, &candidate.nonce),
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let known = self
            .state
            .as_ref()
            .and_then(|s| s.roster.invites().get(&candidate.invite.invite));
        if known.is_some_and(|invitation| invitation.commitment != Hash::of(&[&request.token])) {
            return Err(DeviceError::WrongCode);
        }
        super::check_names(&request.name, &request.device_name)?;
        let newcomer = claimed(&request.claim, &practice, &candidate.device)?;
        effects.push(Effect::Report(Report::Compare {
            code: code.render().to_string(),
            name: request.name.clone(),
        }));
        candidate.asks = Some(Asks {
            newcomer,
            name: request.name,
            device_name: request.device_name,
        });
        Ok(())
    }

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
        if !agree {
            let (link, device) = (candidate.link.clone(), candidate.device.clone());
            self.connection.linking = Linking::Nothing;
            return Ok(vec![answer(rng, &link, &device, None)?]);
        }
        let (invite, role) = (candidate.invite.invite, candidate.invite.role);
        let (member, device) = (asks.newcomer.member, candidate.device.id());
        let mut intents = vec![Intent::AddMember {
            invite,
            role,
            newcomer: Box::new(asks.newcomer),
        }];
        // Clients and auditors do not learn the others' names; the practice learns theirs.
        if let (Some(document), Role::Counselor) = (self.directory(), role) {
            intents.push(Intent::Grant {
                document,
                reader: Reader {
                    principal: Principal::Member(member),
                    rights: Rights::Write,
                    until: None,
                },
            });
        }
        self.keep(rng, intents, Vec::new())?;
        self.name_member(now, rng, member, &asks.name, Some((device, &asks.device_name)))?;
        self.pump(now, rng)
    }

    /// Gives a member, and their device, their names.
    pub(in crate::device) fn name_member(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        member: MemberId,
        name: &str,
        device: Option<(DeviceId, &str)>,
    ) -> Result<(), DeviceError> {
        let Some(directory) = self.directory() else {
            return Ok(());
        };
        if !name.is_empty() {
            self.edit(now, rng, directory, |d| d.set_name(&member.to_string(), name))?;
        }
        match device.filter(|(_, name)| !name.is_empty()) {
            Some((id, name)) => self.edit(now, rng, directory, |d| d.set_device_name(&id.to_string(), name)),
            None => Ok(()),
        }
    }

    /// The newcomer stands in the verified ledger: now they are told of the practice.
    pub(in crate::device) fn admitted(
        &mut self,
        rng: &mut impl CryptoRng,
        added: &[DeviceId],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Admitting(admitting) = &self.connection.linking else {
            return Ok(());
        };
        let Some(candidate) = &admitting.candidate else {
            return Ok(());
        };
        let device = candidate.device.id();
        let found = self.practice_state()?.roster.devices().get(&device);
        let Some(member) = found.filter(|_| added.contains(&device)).map(|d| d.member) else {
            return Ok(());
        };
        let (invite, link, keys) = (
            candidate.invite.invite,
            candidate.link.clone(),
            candidate.device.clone(),
        );
        let write = self.rows.remove(INVITE, invite.as_bytes());
        self.rows.commit(vec![write])?;
        effects.push(answer(rng, &link, &keys, Some(self.vouch(member)?))?);
        effects.push(Effect::Report(Report::MemberAdded(member)));
        self.connection.linking = Linking::Nothing;
        Ok(())
    }
}

fn answer(
    rng: &mut impl CryptoRng,
    link: &LinkCode,
    device: &DeviceKeys,
    answer: Option<Answer>,
) -> Result<Effect, DeviceError> {
    let to = SealingPublic::from_bytes(device.sealing.as_x_wing()).ok_or(DeviceError::WrongCode)?;
    let plain = cbor::encode(&answer);
    let sealed = seal_psk(
        rng,
        &to,
        NEWCOMER_ANSWER,
        device.id().as_bytes(),
        &plain,
        &link.psk(),
    )?;
    Ok(put(link, OUTCOME, sealed))
}
