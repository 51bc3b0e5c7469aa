//! How a second device joins. Its code carries the hash of its keys and a secret; both meet at a mailbox of the relay, which
//! learns neither. Slots: 0 the new device's public keys, 1 the answer sealed to them under the secret, 2 the new device's
//! signature over practice and member, 3 the word that it was added.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{CheckpointRef, DeviceKind};
use troth_protocol::wire::{self, ClientMessage, Put, Take, frame};

use super::outbox::Intent;
use super::session::Step;
use super::{Device, DeviceError, Effect, Report};
use crate::crypto::{LINK_ANSWER, LinkCode, SealingPublic, open_psk, seal_psk};
use crate::storage::Storage;

const KEYS: u8 = 0;
const ANSWER: u8 = 1;
const PROOF: u8 = 2;
const DONE: u8 = 3;

/// What is going on at a mailbox.
#[derive(Default)]
pub(super) enum Linking {
    #[default]
    Nothing,
    /// This device wants to join.
    Joining(LinkCode),
    /// This device lets another in.
    Approving {
        code: LinkCode,
        keys: Option<Box<DeviceKeys>>,
    },
}

impl Linking {
    pub(super) const fn is_joining(&self) -> bool {
        matches!(self, Self::Joining(_))
    }
}

/// What the approving device vouches for: neither the practice nor its ledger is learned from the relay.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Answer {
    #[n(0)]
    practice: PracticeId,
    #[n(1)]
    member: MemberId,
    #[n(2)]
    origin: String,
    #[n(3)]
    ledger_key: VerifyingKey,
    #[n(4)]
    checkpoint: CheckpointRef,
}

fn mailbox(code: &LinkCode) -> wire::MailboxId {
    troth_protocol::ids::DocumentId(code.mailbox().0)
}

fn put(code: &LinkCode, slot: u8, value: Vec<u8>) -> Effect {
    Effect::Send(frame(&ClientMessage::Put(Put {
        mailbox: mailbox(code),
        slot,
        value,
    })))
}

fn take(code: &LinkCode, slot: u8) -> Effect {
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
        self.rows.commit(vec![write])?;
        let code = LinkCode::new(rng, &self.secrets.id);
        let shown = code.render().to_string();
        self.connection.linking = Linking::Joining(code);
        Ok(shown)
    }

    /// An existing device lets the device of a code in, once it is caught up.
    pub fn begin_approve(&mut self, code: &str) -> Result<Vec<Effect>, DeviceError> {
        self.practice_state()?;
        self.connection.linking = Linking::Approving {
            code: LinkCode::parse(code)?,
            keys: None,
        };
        let mut effects = Vec::new();
        if self.is_live() {
            self.approve_opened(&mut effects);
        }
        Ok(effects)
    }

    pub(super) fn join_opened(&self, effects: &mut Vec<Effect>) {
        if let Linking::Joining(code) = &self.connection.linking {
            effects.push(put(code, KEYS, cbor::encode(&self.secrets.keys)));
            effects.push(take(code, ANSWER));
        }
    }

    pub(super) fn approve_opened(&self, effects: &mut Vec<Effect>) {
        if let Linking::Approving { code, keys: None } = &self.connection.linking {
            effects.push(take(code, KEYS));
        }
    }

    pub(super) fn mail(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        mail: Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        match (&self.connection.linking, mail.slot) {
            _ if mail.value.is_empty() => Ok(()),
            (Linking::Joining(_), ANSWER) => self.answered(rng, &mail.value, effects),
            (Linking::Joining(_), DONE) => {
                self.connection.linking = Linking::Nothing;
                effects.push(Effect::Report(Report::Joined));
                self.hello(rng, effects);
                Ok(())
            }
            (Linking::Approving { .. }, KEYS) => self.answer(rng, &mail.value, effects),
            (Linking::Approving { .. }, PROOF) => self.proven(now, rng, &mail.value, effects),
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
        let state = self.practice_state()?;
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let answer = Answer {
            practice: *state.practice(),
            member,
            origin: state.roster.origin().to_owned(),
            ledger_key: state.roster.ledger_key(),
            checkpoint: CheckpointRef {
                size: self.frontier.size(),
                root: self.frontier.root(),
            },
        };
        let Linking::Approving { code, keys: kept } = &mut self.connection.linking else {
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

    /// The new device: believes what comes under the code's secret, and signs for that member and practice.
    fn answered(
        &mut self,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Joining(code) = &self.connection.linking else {
            return Ok(());
        };
        let aad = self.secrets.id;
        let opened = open_psk(
            &self.secrets.general,
            LINK_ANSWER,
            aad.as_bytes(),
            value,
            &code.psk(),
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let answer: Answer = cbor::decode(&opened).map_err(|_| DeviceError::WrongCode)?;
        let proof = self
            .secrets
            .sign(labels::DEVICE_PROOF, &answer.practice, answer.member.as_bytes());
        effects.push(put(code, PROOF, cbor::encode(&proof)));
        effects.push(take(code, DONE));
        self.identity.practice = Some(answer.practice);
        self.identity.member = Some(answer.member);
        self.identity.origin = Some(answer.origin);
        self.identity.ledger_key = Some(answer.ledger_key);
        self.identity.waypoint = Some(answer.checkpoint);
        let write = self.rows.identity_write(rng, &self.identity);
        self.rows.commit(vec![write])?;
        self.connection.step = Step::Joining;
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
        let intent = Intent::AddDevice {
            keys: keys.clone(),
            kind: DeviceKind::Device,
            proof,
        };
        self.keep(rng, vec![intent], Vec::new())?;
        effects.extend(self.pump(now, rng)?);
        Ok(())
    }

    /// The approved device stands in the verified ledger: it may come in.
    pub(super) fn link_progress(&mut self, added: &[DeviceId], effects: &mut Vec<Effect>) {
        let Linking::Approving {
            code,
            keys: Some(keys),
        } = &self.connection.linking
        else {
            return;
        };
        let id = keys.id();
        if added.contains(&id) {
            effects.push(put(code, DONE, vec![1]));
            effects.push(Effect::Report(Report::DeviceAdded(id)));
            self.connection.linking = Linking::Nothing;
        }
    }

    pub(super) fn link_refused(&mut self, rule: Rule, effects: &mut Vec<Effect>) {
        let what = "the code".to_owned();
        effects.push(Effect::Report(Report::Refused { rule, what }));
        self.connection.linking = Linking::Nothing;
    }
}
