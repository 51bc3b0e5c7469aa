//! How a second device joins, and how one that is to replace all others asks for it. Its code carries the hash of its keys and a secret; both meet at a mailbox of the relay, which
//! learns neither. Slots: 0 the new device's public keys, 1 the answer sealed to them under the secret, 2 the new device's
//! signature over practice and member, 3 the word that it was added.
//!
//! Where a member has lost every device, an admin's device stands in for the member's own. The answer then says which
//! generations the member's new keys take; the new device makes them, and its signature travels with them, sealed to the
//! admin's device under the code's secret. What comes of it is a proposal, which another admin approves.
// Long because both ends of one exchange are read side by side.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{CheckpointRef, DeviceKind};
use troth_protocol::wire::{self, ClientMessage, NoMail, Put, Take, frame};

use super::invite::{Admitting, Entering};
use super::outbox::Intent;
use super::pending::{JoiningRow, Pending};
use super::session::Step;
use super::{Device, DeviceError, Effect, Report};
use crate::crypto::{LINK_ANSWER, LinkCode, NEWCOMER_REQUEST, SealingPublic, open_psk, seal_psk};
use crate::storage::{Storage, Write};

const KEYS: u8 = 0;
const ANSWER: u8 = 1;
pub(super) const PROOF: u8 = 2;
const DONE: u8 = 3;

/// What is going on at a mailbox.
#[derive(Default)]
pub(super) enum Linking {
    #[default]
    Nothing,
    /// This device wants to join.
    Joining {
        code: LinkCode,
        /// What it signed, once it has believed the answer.
        proof: Option<Vec<u8>>,
    },
    /// This device lets another in.
    Approving {
        code: LinkCode,
        keys: Option<Box<DeviceKeys>>,
        /// The member to be recovered, if it is not this device's own that the other joins.
        recovers: Option<MemberId>,
    },
    /// This device was invited.
    Entering(Box<Entering>),
    /// This device invited.
    Admitting(Box<Admitting>),
}

impl Linking {
    pub(super) const fn is_joining(&self) -> bool {
        matches!(self, Self::Joining { .. } | Self::Entering(_))
    }
}

/// What the approving device vouches for: neither the practice nor its ledger is learned from the relay.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Answer {
    #[n(0)]
    pub(super) practice: PracticeId,
    #[n(1)]
    pub(super) member: MemberId,
    #[n(2)]
    pub(super) origin: String,
    #[n(3)]
    pub(super) ledger_key: VerifyingKey,
    #[n(4)]
    pub(super) checkpoint: CheckpointRef,
    /// For a recovery: the admin's device, and the generations of the member's new keys.
    #[n(5)]
    pub(super) recovery: Option<Replacing>,
}

/// What a device that replaces all others of its member needs to know.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Replacing {
    #[n(0)]
    pub(super) admin: DeviceKeys,
    #[n(1)]
    pub(super) generations: [u32; 2],
}

pub(super) fn mailbox(code: &LinkCode) -> wire::MailboxId {
    troth_protocol::ids::DocumentId(code.mailbox().0)
}

pub(super) fn put(code: &LinkCode, slot: u8, value: Vec<u8>) -> Effect {
    Effect::Send(frame(&ClientMessage::Put(Put {
        mailbox: mailbox(code),
        slot,
        value,
    })))
}

pub(super) fn take(code: &LinkCode, slot: u8) -> Effect {
    Effect::Send(frame(&ClientMessage::Take(Take {
        mailbox: mailbox(code),
        slot,
    })))
}

impl<S: Storage> Device<S> {
    /// A new device asks to join: returns the code to read out or copy to a device of the same member.
    pub fn begin_join(&mut self, rng: &mut impl CryptoRng, relay_url: &str) -> Result<String, DeviceError> {
        if self.state.is_some() || self.identity.founding.is_some() {
            return Err(DeviceError::AlreadyInPractice);
        }
        // An attempt that was cut short is begun anew.
        self.identity.practice = None;
        self.identity.member = None;
        self.identity.waypoint = None;
        self.identity.stopped = None;
        self.identity.relay = Some(relay_url.to_owned());
        let write = self.rows.identity_write(rng, &self.identity);
        self.rows.commit(vec![write, self.no_pending()])?;
        let code = LinkCode::new(rng, &self.secrets.id);
        let shown = code.render().to_string();
        self.connection.linking = Linking::Joining { code, proof: None };
        Ok(shown)
    }

    /// An existing device lets the device of a code in, once it is caught up.
    pub fn begin_approve(&mut self, code: &str) -> Result<Vec<Effect>, DeviceError> {
        self.approve(code, None)
    }

    /// An admin's device carries the request of a member who lost every device, once it is caught up: what comes of it is a
    /// proposal.
    pub fn begin_propose_recovery(
        &mut self,
        code: &str,
        member: MemberId,
    ) -> Result<Vec<Effect>, DeviceError> {
        let roster = &self.practice_state()?.roster;
        if roster.role(&member, u64::MAX).is_none() || Some(member) == self.identity.member {
            return Err(DeviceError::NoSuchMember);
        }
        self.approve(code, Some(member))
    }

    fn approve(&mut self, code: &str, recovers: Option<MemberId>) -> Result<Vec<Effect>, DeviceError> {
        self.practice_state()?;
        self.connection.linking = Linking::Approving {
            code: LinkCode::parse(code)?,
            keys: None,
            recovers,
        };
        let mut effects = Vec::new();
        if self.is_live() {
            self.approve_opened(&mut effects);
        }
        Ok(effects)
    }

    pub(super) fn join_opened(&self, effects: &mut Vec<Effect>) {
        match &self.connection.linking {
            Linking::Joining { code, .. } => {
                effects.push(put(code, KEYS, cbor::encode(&self.secrets.keys)));
                effects.push(take(code, ANSWER));
            }
            Linking::Entering(entering) => self.enter_opened(entering, effects),
            _ => {}
        }
    }

    pub(super) fn approve_opened(&self, effects: &mut Vec<Effect>) {
        match &self.connection.linking {
            Linking::Approving { code, .. } => effects.push(take(code, KEYS)),
            Linking::Admitting(admitting) => self.listen(admitting, effects),
            _ => {}
        }
    }

    pub(super) fn mail(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        mail: Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        if let (KEYS, Some(own)) = (mail.slot, self.pledged(mail.mailbox)) {
            return self.came_again(rng, &own, &mail.value, effects);
        }
        match (&self.connection.linking, mail.slot) {
            _ if mail.value.is_empty() => Ok(()),
            (Linking::Joining { proof: None, .. }, ANSWER) => self.answered(rng, &mail.value, effects),
            (Linking::Joining { proof: Some(_), .. }, DONE) => {
                self.linked(effects)?;
                self.hello(rng, effects);
                Ok(())
            }
            (Linking::Approving { .. }, KEYS) => self.answer(rng, &mail.value, effects),
            (Linking::Approving { recovers: None, .. }, PROOF) => self.proven(now, rng, &mail.value, effects),
            (Linking::Approving { .. }, PROOF) => self.asked_to_recover(now, rng, &mail.value, effects),
            (Linking::Entering(_) | Linking::Admitting(_), _) => self.invited_mail(rng, mail, effects),
            _ => Ok(()),
        }
    }

    /// The approver: the keys are those whose hash the code carries; the answer is sealed to them under the code's secret.
    fn answer(
        &mut self,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let keys: DeviceKeys = cbor::decode(value).map_err(|_| DeviceError::WrongCode)?;
        let Linking::Approving { recovers, .. } = &self.connection.linking else {
            return Ok(());
        };
        let answer = match *recovers {
            None => self.vouch(self.identity.member.ok_or(DeviceError::NoPractice)?)?,
            Some(member) => Answer {
                recovery: Some(self.replacing(&member)?),
                ..self.vouch(member)?
            },
        };
        let Linking::Approving { code, keys: kept, .. } = &mut self.connection.linking else {
            return Ok(());
        };
        let to = SealingPublic::from_bytes(keys.sealing.as_x_wing()).ok_or(DeviceError::WrongCode)?;
        if !code.names(&keys.id()) {
            return Err(DeviceError::WrongCode);
        }
        let sealed = seal_psk(
            rng,
            &to,
            LINK_ANSWER,
            keys.id().as_bytes(),
            &cbor::encode(&answer),
            &code.psk(),
        )?;
        effects.push(put(code, ANSWER, sealed));
        effects.push(take(code, PROOF));
        *kept = Some(Box::new(keys));
        Ok(())
    }

    /// What this device knows of its practice, for one that knows nothing yet.
    pub(super) fn vouch(&self, member: MemberId) -> Result<Answer, DeviceError> {
        let state = self.practice_state()?;
        Ok(Answer {
            practice: *state.practice(),
            member,
            origin: state.roster.origin().to_owned(),
            ledger_key: state.roster.ledger_key(),
            checkpoint: CheckpointRef {
                size: self.frontier.size(),
                root: self.frontier.root(),
            },
            recovery: None,
        })
    }

    /// The new device: believes what comes under the code's secret, and signs for that member and practice.
    fn answered(
        &mut self,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Joining { code, .. } = &self.connection.linking else {
            return Ok(());
        };
        let (code, code_psk, aad) = (code.clone(), code.psk(), self.secrets.id);
        let opened = open_psk(
            &self.secrets.general,
            LINK_ANSWER,
            aad.as_bytes(),
            value,
            &code_psk,
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let answer: Answer = cbor::decode(&opened).map_err(|_| DeviceError::WrongCode)?;
        let proven = match &answer.recovery {
            None => {
                let practice = &answer.practice;
                let member = answer.member.as_bytes();
                cbor::encode(&self.secrets.sign(labels::DEVICE_PROOF, practice, member))
            }
            Some(replacing) => {
                let newcomer = self.newcomer(rng, answer.practice, answer.member, replacing.generations)?;
                let to = SealingPublic::from_bytes(replacing.admin.sealing.as_x_wing());
                let to = to.ok_or(DeviceError::WrongCode)?;
                let claim = self.claim(&answer.practice, &newcomer);
                seal_psk(rng, &to, NEWCOMER_REQUEST, aad.as_bytes(), &claim, &code_psk)?
            }
        };
        let pending = Pending::Joining(JoiningRow {
            code: code.render().to_string(),
            proof: proven.clone().into(),
        });
        let pending = self.pending_write(rng, &pending);
        self.believe(rng, answer, pending)?;
        effects.extend([put(&code, PROOF, proven.clone()), take(&code, DONE)]);
        let proof = Some(proven);
        self.connection.linking = Linking::Joining { code, proof };
        self.connection.step = Step::Joining;
        effects.push(Effect::WakeAt(self.clock.saturating_add(1)));
        Ok(())
    }

    /// Keeps what a device that may be believed says of the practice, with what becomes of this device's joining.
    pub(super) fn believe(
        &mut self,
        rng: &mut impl CryptoRng,
        answer: Answer,
        pending: Write,
    ) -> Result<(), DeviceError> {
        let mut identity = self.identity.clone();
        identity.practice = Some(answer.practice);
        identity.member = Some(answer.member);
        identity.origin = Some(answer.origin);
        identity.ledger_key = Some(answer.ledger_key);
        identity.waypoint = Some(answer.checkpoint);
        let write = self.rows.identity_write(rng, &identity);
        self.rows.commit(vec![write, pending])?;
        self.identity = identity;
        Ok(())
    }

    /// The approver: the new device signed; now it can be added.
    fn proven(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Approving { keys: Some(keys), .. } = &self.connection.linking else {
            return Ok(());
        };
        let proof: Signature = cbor::decode(value).map_err(|_| DeviceError::WrongCode)?;
        let practice = *self.practice_state()?.practice();
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        proof
            .verify(&keys.signing, labels::DEVICE_PROOF, &practice, member.as_bytes())
            .map_err(|_| DeviceError::WrongCode)?;
        let id = keys.id();
        if self.practice_state()?.roster.devices().contains_key(&id) {
            return self.link_progress(rng, &[id], effects);
        }
        let waits = |intent: &Intent| matches!(intent, Intent::AddDevice { keys, .. } if keys.id() == id);
        if !self.outbox.values().any(waits) {
            let intent = Intent::AddDevice {
                keys: keys.clone(),
                kind: DeviceKind::Device,
                proof,
            };
            self.keep(rng, vec![intent], Vec::new())?;
        }
        effects.extend(self.pump(now, rng)?);
        Ok(())
    }

    /// The approved device stands in the verified ledger: it may come in.
    pub(super) fn link_progress(
        &mut self,
        rng: &mut impl CryptoRng,
        added: &[DeviceId],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        match &self.connection.linking {
            Linking::Approving {
                code,
                keys: Some(keys),
                recovers,
            } if added.contains(&keys.id()) => {
                effects.push(put(code, DONE, vec![1]));
                effects.push(Effect::Report(match recovers {
                    None => Report::DeviceAdded(keys.id()),
                    Some(member) => Report::RecoveryProposed(*member),
                }));
                self.connection.linking = Linking::Nothing;
            }
            _ => {}
        }
        self.admitted(rng, added, effects)
    }

    /// The relay refuses something at a mailbox.
    pub(super) fn no_mail(&mut self, no: &NoMail, effects: &mut Vec<Effect>) {
        match &self.connection.linking {
            Linking::Admitting(_) => self.unheard(no, effects),
            Linking::Nothing => {}
            Linking::Joining { code, .. } | Linking::Approving { code, .. }
                if mailbox(code) != no.mailbox => {}
            // Answered before, by this very program before it was restarted; or else what comes next shows it.
            Linking::Approving { .. } if no.slot == ANSWER => {}
            Linking::Entering(entering) if !entering.ends_with(no) => {}
            _ => self.link_refused(no.rule(), effects),
        }
    }

    pub(super) fn link_refused(&mut self, rule: Rule, effects: &mut Vec<Effect>) {
        let what = "the code".to_owned();
        effects.push(Effect::Report(Report::Refused { rule, what }));
        self.connection.linking = Linking::Nothing;
    }
}
