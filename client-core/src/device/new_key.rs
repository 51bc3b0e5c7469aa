//! The ledger key turns: the relay has made a new one, and an admin, who has compared it with what the relay's operator says, puts
//! it into the roster.

use rand_core::CryptoRng;
use troth_protocol::ids::{PracticeId, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;
use troth_protocol::wire::NewKey;

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// The ledger key that the relay would sign with from now on, where it offers one that the practice can turn to and this
    /// device's member is an admin. Whether it is the relay's is for people to compare.
    pub fn offered_ledger_key(&self) -> Option<VerifyingKey> {
        let roster = &self.state.as_ref()?.roster;
        let offered = self.connection.offered.map(|offered| offered.key)?;
        let new = roster.ledger_keys().iter().all(|(_, had)| *had != offered);
        (new && self.role() == Some(Role::Admin)).then_some(offered)
    }

    /// Turns the practice's ledger key to the one that the relay offers: from the statement's position on, the relay signs with it,
    /// and the one before it signs nothing larger.
    ///
    /// # Errors
    /// Only an admin does (R13); the relay offers no such key, or the practice had it before (R31).
    pub fn turn_ledger_key(
        &mut self,
        rng: &mut impl CryptoRng,
        key: VerifyingKey,
    ) -> Result<(), DeviceError> {
        self.must_be_admin()?;
        let offered = self.connection.offered.filter(|offered| offered.key == key);
        let Some((offered, _)) = offered.zip(self.offered_ledger_key()) else {
            return Err(Rule::LedgerKey.into());
        };
        let intent = Intent::TurnLedgerKey {
            key: offered.key,
            proof: offered.proof,
        };
        self.keep(rng, vec![intent], Vec::new())
    }

    /// The relay offers a key. One that does not sign for this practice is none.
    pub(super) fn hear_of_key(&mut self, new: NewKey) {
        let signs = |practice: &PracticeId| {
            let held = new.proof.verify(&new.key, labels::LEDGER_PROOF, practice, &[]);
            held.is_ok()
        };
        if self.identity.practice.as_ref().is_some_and(signs) {
            self.connection.offered = Some(new);
        }
    }
}
