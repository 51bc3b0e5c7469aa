//! The new device's side.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::labels;

use super::{Answer, DONE, Linking, PROOF, put, take};
use crate::crypto::{LINK_ANSWER, LinkCode, NEWCOMER_REQUEST, SealingPublic, open_psk, seal_psk};
use crate::device::pending::{JoiningRow, Pending};
use crate::device::session::Step;
use crate::device::{Device, DeviceError, Effect};
use crate::storage::{Storage, Write};

impl<S: Storage> Device<S> {
    /// A new device asks to join: returns the code to read out or copy to a device of the same member.
    pub fn begin_join(&mut self, rng: &mut impl CryptoRng, relay_url: &str) -> Result<String, DeviceError> {
        if self.is_bound() {
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

    /// The new device: believes what comes under the code's secret, and signs for that member and practice.
    pub(super) fn answered(
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
    pub(in crate::device) fn believe(
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
}
