//! Whose signature a ledger has: the key that is pinned at first, then those that the verified roster names.

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::Parsed;
use troth_protocol::ids::VerifyingKey;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, RosterAction};
use troth_protocol::wire::{Challenge, Hello, Item, Transcript};

use super::{Failure, dishonest};
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

/// What is said of a relay that does not answer with the ledger key.
pub(in crate::device) const NOT_THE_KEY: &str =
    "the relay does not hold the key that this practice's ledger pins";

/// Whether an item is a statement that names a ledger key. What it says is verified later.
pub(super) fn names_a_key(item: &Item) -> bool {
    let Item::Entry(entry) = item else { return false };
    Parsed::parse(entry.leaf.signed.clone()).is_ok_and(|parsed| match &parsed.statement().body {
        Body::Genesis(_) => true,
        Body::Roster(roster) => {
            let turns = |action: &RosterAction| matches!(action, RosterAction::TurnLedgerKey { .. });
            roster.actions.iter().any(turns)
        }
        _ => false,
    })
}

impl<S: Storage> Device<S> {
    /// The key that the relay signs with: the verified roster's, or what was pinned when founding or joining.
    pub(in crate::device) fn ledger_key(&self) -> Option<VerifyingKey> {
        self.state
            .as_ref()
            .map(|s| s.roster.ledger_key())
            .or(self.identity.ledger_key)
    }

    /// The relay's origin, likewise.
    pub(in crate::device) fn pinned_origin(&self) -> Option<&str> {
        self.state
            .as_ref()
            .map(|s| s.roster.origin())
            .or(self.identity.origin.as_deref())
    }

    /// Checks the relay's signature on a size and root of this practice's ledger.
    pub(in crate::device) fn check_checkpoint(&self, checkpoint: &CompactCheckpoint) -> Result<(), Failure> {
        if self.is_signed(checkpoint)? {
            Ok(())
        } else {
            dishonest("a checkpoint is not signed by the relay's key")
        }
    }

    /// Whether a ledger key signed it that may sign its size, as far as this device knows them.
    pub(super) fn is_signed(&self, checkpoint: &CompactCheckpoint) -> Result<bool, DeviceError> {
        let (Some(key), Some(origin), Some(practice)) =
            (self.ledger_key(), self.pinned_origin(), self.identity.practice)
        else {
            return Err(DeviceError::NoPractice);
        };
        let origin = troth_protocol::checkpoint::ledger_origin(origin, &practice);
        let by = |key: VerifyingKey| checkpoint.verify(&origin, &key).is_ok();
        Ok(match &self.state {
            Some(state) => state.roster.keys_for(checkpoint.size).any(by),
            None => by(key),
        })
    }

    /// Who had verified nothing when the relay answered, and knew another key, knows by now which one it had to answer with.
    pub(super) fn check_answer(&self, state: &State, checkpoint: &CompactCheckpoint) -> Result<(), Failure> {
        let reached = |(_, challenge): &&(Hello, Challenge)| challenge.checkpoint.size <= checkpoint.size;
        let Some((hello, challenge)) = self.connection.unproven.as_ref().filter(reached) else {
            return Ok(());
        };
        let key = state.roster.key_at(challenge.checkpoint.size);
        if Transcript::verify(*hello, challenge, &key).is_err() {
            return dishonest(NOT_THE_KEY);
        }
        self.check_checkpoint(&challenge.checkpoint)
    }
}
