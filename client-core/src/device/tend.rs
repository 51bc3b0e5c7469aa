//! What devices do for their member without being asked: exposed keys turn, and whoever is entitled to a key and lacks it is
//! given it, so that nobody is stranded whatever came in between.

use rand_core::CryptoRng;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::KeyRef;

use super::outbox::{Intent, lacking};
use super::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// Looks at what the newest state asks of this device, and keeps it to be done.
    pub(super) fn tend(&mut self, rng: &mut impl CryptoRng, now: u64) -> Result<(), DeviceError> {
        if self.halted() || self.identity.member.is_none() || self.state.is_none() {
            return Ok(());
        }
        let mut intents = Vec::new();
        let waits = |intent: &Intent| self.outbox.values().any(|i| i == intent);
        if !waits(&Intent::TendRoster) && self.tending(rng)?.is_some() {
            intents.push(Intent::TendRoster);
        }
        for (document, key) in self.untended(now)? {
            let intent = Intent::TendDocument { document };
            if !self.outbox.values().any(|i| *i == intent) && self.epoch_key(&key).is_ok() {
                intents.push(intent);
            }
        }
        if intents.is_empty() {
            return Ok(());
        }
        self.keep(rng, intents, Vec::new())
    }

    /// Documents whose present key was not sealed to a key of this member or of the admins that should open it.
    fn untended(&self, now: u64) -> Result<Vec<(DocumentId, KeyRef)>, DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let (state, position) = (self.practice_state()?, self.frontier.size());
        let received = now.max(state.received);
        let untended = state.documents.values().filter(|document| {
            let rights = document.rights(&state.roster, &me, position, received);
            rights.is_some() && !lacking(state, document, me, position, received).is_empty()
        });
        let named = untended.map(|d| (d.id(), KeyRef::Epoch(d.id(), d.epoch())));
        Ok(named.collect())
    }
}
