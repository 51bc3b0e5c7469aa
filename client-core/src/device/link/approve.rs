//! The approver's side.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, MemberId};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{CheckpointRef, DeviceKind};

use super::{ANSWER, Answer, DONE, Linking, PROOF, put, take};
use crate::crypto::{LINK_ANSWER, LinkCode, SealingPublic, seal_psk};
use crate::device::outbox::Intent;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
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

    /// The approver: the keys are those whose hash the code carries; the answer is sealed to them under the code's secret.
    pub(super) fn answer(
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
    pub(in crate::device) fn vouch(&self, member: MemberId) -> Result<Answer, DeviceError> {
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

    /// The approver: the new device signed; now it can be added.
    pub(super) fn proven(
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
    pub(in crate::device) fn link_progress(
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
}
