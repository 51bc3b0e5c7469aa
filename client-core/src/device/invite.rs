//! How somebody who was invited becomes a member. Both devices meet at a mailbox of the relay, which the code names.
//!
//! ```text
//! newcomer                                              inviter
//!   0  device keys, commitment to a number    ──>
//!                                             <──   1  device keys, a number
//!   2  the number, member keys, names; sealed ──>      people compare the code that both numbers give
//!                                             <──   3  the practice, its ledger and a checkpoint; sealed
//! ```
//!
//! What is sealed is HPKE in PSK mode, so that only holders of the code take part; the code that people compare binds both
//! devices, whoever else holds it. The newcomer's device signs for the member's keys that it made, whose secrets never leave
//! it unsealed. Nothing of the practice is sealed to the newcomer before the inviter has said that the codes agree.
//!
//! What either side says it keeps first, and says again, the same, on every connection until there is an answer: both may
//! restart at any moment. Whoever comes with an invitation that lets nobody in is told so at once, in slot 3.

mod admit;
mod decide;
mod enter;
#[cfg(test)]
mod vectors;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{InviteId, MemberId, PracticeId};
use troth_protocol::keys::{Class, ClassKeys, DeviceKeys, KeyRef, Sealing};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::Role;
use troth_protocol::wire::Put;

use super::keyring::{Target, seal_one};
use super::link::{Answer, Linking};
use super::outbox::Newcomer;
use super::sign::sealing_pair;
use super::{Device, DeviceError, Effect, Over, Secrets};
use crate::crypto::{ComparisonNonce, SealingPublic};
use crate::document::{DocumentError, limits};
use crate::storage::Storage;

pub(super) use admit::Admitting;
pub(super) use decide::Pledges;
pub(super) use enter::{Entering, EnteringRow};

const HELLO: u8 = 0;
const NUMBER: u8 = 1;
const REQUEST: u8 = 2;
const OUTCOME: u8 = 3;

/// An invitation of this device, kept for a week after its end, so that whoever comes too late is told.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct OwnInvite {
    #[n(0)]
    pub(super) invite: InviteId,
    #[n(1)]
    pub(super) role: Role,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) secret: [u8; 16],
    #[n(3)]
    pub(super) expires: u64,
    /// Who was heard last at its mailbox.
    #[n(4)]
    guest: Option<Guest>,
}

/// Who holds a code, and what was said to them. It is kept before anything is said: said again after a restart, it is the same.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Guest {
    #[n(0)]
    greeting: Greeting,
    #[cbor(n(1), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[n(2)]
    verdict: Verdict,
    /// What they called themselves and their device: it goes into the directory once the ledger has them.
    #[n(3)]
    named: Option<Named>,
}

/// What somebody called themselves.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Named {
    #[n(0)]
    name: String,
    #[n(1)]
    device: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum Verdict {
    /// People have not compared yet.
    #[n(0)]
    Open,
    /// They agreed: once the addition is in the ledger, the newcomer is told of the practice.
    #[n(1)]
    Agreed,
    #[n(2)]
    TurnedAway,
    #[n(3)]
    Over(#[n(0)] Over),
}

/// Slot 0.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Greeting {
    #[n(0)]
    device: DeviceKeys,
    #[cbor(n(1), with = "minicbor::bytes")]
    commitment: [u8; 32],
}

/// Slot 1.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Number {
    #[n(0)]
    device: DeviceKeys,
    #[cbor(n(1), with = "minicbor::bytes")]
    nonce: [u8; 32],
}

/// Slot 2, sealed.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Request {
    #[cbor(n(0), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    token: [u8; 32],
    #[n(2)]
    name: String,
    #[n(3)]
    device_name: String,
    #[n(4)]
    claim: ByteVec,
}

/// Slot 3, sealed.
#[derive(Encode, Decode)]
enum Outcome {
    #[n(0)]
    Admitted(#[n(0)] Box<Answer>),
    #[n(1)]
    TurnedAway,
    #[n(2)]
    Over(#[n(0)] Over),
}

/// A newcomer's keys with their device's signature over them.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Claim {
    #[n(0)]
    newcomer: ByteVec,
    #[n(1)]
    signature: Signature,
}

impl<S: Storage> Device<S> {
    /// What comes through the mailbox of an invitation.
    pub(super) fn invited_mail(
        &mut self,
        rng: &mut impl CryptoRng,
        mail: Put,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        match (&self.connection.linking, mail.slot) {
            (Linking::Entering(_), NUMBER) => self.numbered(rng, &mail.value, effects),
            (Linking::Entering(_), OUTCOME) => self.entered(rng, &mail.value, effects),
            (Linking::Admitting(_), HELLO) => self.greeted(rng, &mail, effects),
            (Linking::Admitting(_), REQUEST) => self.requested(rng, &mail, effects),
            _ => Ok(()),
        }
    }

    /// New keys for a member, made on this device and sealed to it.
    pub(super) fn newcomer(
        &self,
        rng: &mut impl CryptoRng,
        practice: PracticeId,
        member: MemberId,
        generations: [u32; 2],
    ) -> Result<Newcomer, DeviceError> {
        let (general, general_public) = sealing_pair(rng)?;
        let (sensitive, sensitive_public) = sealing_pair(rng)?;
        let mut sealed: [ByteVec; 2] = [Vec::new().into(), Vec::new().into()];
        let parts = Class::ALL.into_iter().zip(generations).zip([general, sensitive]);
        for (((class, generation), secret), sealed) in parts.zip(&mut sealed) {
            let sealing = Sealing {
                key: KeyRef::Member(member, class, generation),
                to: KeyRef::Device(self.secrets.id, class),
            };
            let to = self.secrets.keys.sealing(class).as_x_wing();
            let to = SealingPublic::from_bytes(to).ok_or(DeviceError::Damaged("a device key"))?;
            *sealed = seal_one(rng, practice, 1, &sealing, &secret, Target::Public(&to))?.into();
        }
        Ok(Newcomer {
            member,
            device: self.secrets.keys.clone(),
            proof: self
                .secrets
                .sign(labels::DEVICE_PROOF, &practice, member.as_bytes()),
            keys: ClassKeys {
                general: general_public,
                sensitive: sensitive_public,
            },
            generations,
            sealed,
        })
    }

    /// The newcomer, signed.
    pub(super) fn claim(&self, practice: &PracticeId, newcomer: &Newcomer) -> Vec<u8> {
        self.secrets.claim(practice, newcomer)
    }
}

impl Secrets {
    fn claim(&self, practice: &PracticeId, newcomer: &Newcomer) -> Vec<u8> {
        let newcomer = cbor::encode(newcomer);
        cbor::encode(&Claim {
            signature: self.sign(labels::NEWCOMER, practice, &newcomer),
            newcomer: newcomer.into(),
        })
    }
}

/// Reads a claim: whose keys they are is what the device itself signed.
pub(super) fn claimed(
    claim: &[u8],
    practice: &PracticeId,
    device: &DeviceKeys,
) -> Result<Newcomer, DeviceError> {
    let wrong = |_| DeviceError::WrongCode;
    let claim: Claim = cbor::decode(claim).map_err(wrong)?;
    let signed = &claim.signature;
    signed
        .verify(&device.signing, labels::NEWCOMER, practice, &claim.newcomer)
        .map_err(wrong)?;
    let newcomer: Newcomer = cbor::decode(&claim.newcomer).map_err(wrong)?;
    let proof = &newcomer.proof;
    proof
        .verify(
            &device.signing,
            labels::DEVICE_PROOF,
            practice,
            newcomer.member.as_bytes(),
        )
        .map_err(wrong)?;
    (newcomer.device == *device)
        .then_some(newcomer)
        .ok_or(DeviceError::WrongCode)
}

fn received(nonce: &[u8; 32]) -> ComparisonNonce {
    ComparisonNonce::from_bytes(nonce)
}

/// Whether names fit into the directory.
fn check_names(name: &str, device: &str) -> Result<(), DeviceError> {
    if name.len().max(device.len()) > limits::NAME {
        return Err(DeviceError::Document(DocumentError::TooLong {
            what: "the name",
            max: limits::NAME,
            unit: "bytes",
        }));
    }
    Ok(())
}
