//! How a second device joins (`link/join`), and is let in (`link/approve`); and how one that is to replace all others asks for
//! it. Its code carries the hash of its keys and a secret; both meet at a mailbox of the relay, which learns neither. Slots:
//! 0 the new device's public keys, 1 the answer sealed to them under the secret, 2 the new device's signature over practice
//! and member, 3 the word that it was added.
//!
//! Where a member has lost every device, an admin's device stands in for the member's own. The answer then says which
//! generations the member's new keys take; the new device makes them, and its signature travels with them, sealed to the
//! admin's device under the code's secret. What comes of it is a proposal, which another admin approves.

mod approve;
mod join;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::rule::Rule;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::wire::{self, ClientMessage, NoMail, Put, Take, frame};

use super::invite::{Admitting, Entering};
use super::{Device, DeviceError, Effect, Report};
use crate::crypto::LinkCode;
use crate::storage::Storage;

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
