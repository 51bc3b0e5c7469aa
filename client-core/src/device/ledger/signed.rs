//! What the relay signed: under which of the ledger's names, with which of its keys; and what this device knew before, compared
//! with it.

use troth_protocol::checkpoint::{CompactCheckpoint, ledger_origin, resumed_origin};
use troth_protocol::entry::Parsed;
use troth_protocol::evidence::{Proof, Rewritten};
use troth_protocol::ids::{PracticeId, VerifyingKey};
use troth_protocol::state::State;
use troth_protocol::statement::{Body, CheckpointRef, RosterAction};
use troth_protocol::tree::Trail;
use troth_protocol::wire::{Challenge, Hello, Item, Items, Transcript};

use super::{Failure, dishonest};
use crate::device::accusation::Dishonest;
use crate::device::restore::Resumes;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

/// What is said of a relay that does not answer with the ledger key.
pub(in crate::device) const NOT_THE_KEY: &str =
    "the relay does not hold the key that this practice's ledger pins";

/// What is said of a checkpoint that no ledger key signed, or under another name than the ledger's.
pub(in crate::device) const NOT_SIGNED: &str = "a checkpoint is not signed by the relay's key";

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
        if self.ledger_signed(checkpoint, &[])? {
            Ok(())
        } else {
            dishonest(NOT_SIGNED)
        }
    }

    /// Whether the relay signed a checkpoint under a name that it says a resumption gave to the ledger.
    pub(in crate::device) fn is_signed_as(
        &self,
        checkpoint: &CompactCheckpoint,
        ledger: Option<PracticeId>,
    ) -> bool {
        let pinned = (self.pinned_origin(), self.identity.practice, self.ledger_key());
        let (Some(ledger), (Some(origin), Some(practice), Some(key))) = (ledger, pinned) else {
            return false;
        };
        let origin = resumed_origin(origin, &practice, &ledger);
        checkpoint.verify(&origin, &key).is_ok()
    }

    /// Whether a ledger key that may sign its size signed it under the name of that size, as far as this device knows them; a
    /// resumption among the items that lead to it says under which name the relay signs from there on.
    pub(super) fn ledger_signed(
        &self,
        checkpoint: &CompactCheckpoint,
        resumes: &[Resumes],
    ) -> Result<bool, DeviceError> {
        let (Some(key), Some(origin), Some(practice)) =
            (self.ledger_key(), self.pinned_origin(), self.identity.practice)
        else {
            return Err(DeviceError::NoPractice);
        };
        let newest = resumes.iter().rev().find(|r| r.position < checkpoint.size);
        let origin = match (newest, &self.state) {
            (Some(here), _) => resumed_origin(origin, &practice, &here.ledger),
            (None, Some(state)) => state.roster.origin_at(checkpoint.size),
            (None, None) => ledger_origin(origin, &practice),
        };
        let by = |key: VerifyingKey| checkpoint.verify(&origin, &key).is_ok();
        Ok(match &self.state {
            Some(state) => state.roster.keys_for(checkpoint.size).any(by),
            None => by(key),
        })
    }

    /// A ledger that an approving device vouched for must pass through what that device had verified, unless an admin says that
    /// it was abandoned. What it must pass through from here on.
    pub(super) fn check_waypoint(
        &self,
        resumes: &[Resumes],
        items: &Items,
        trail: &Trail,
    ) -> Result<Option<CheckpointRef>, Failure> {
        let Some(waypoint) = self.identity.waypoint else {
            return Ok(None);
        };
        let CheckpointRef { size, root } = waypoint;
        if size <= self.frontier.size() || size > items.checkpoint.size {
            return Ok(Some(waypoint));
        }
        let abandoned = || {
            let here = resumes.iter().any(|r| r.position < size && size <= r.abandoned);
            here || self.is_abandoned(size)
        };
        match trail.at(size) {
            Some(past) if past.frontier.root() == root => Ok(Some(waypoint)),
            _ if abandoned() => Ok(None),
            Some(_) => dishonest("the ledger is not the one that the approving device had verified"),
            None => {
                dishonest("a run hides whether the ledger is the one that the approving device had verified")
            }
        }
    }

    /// Whether an admin says that entries up to a size were abandoned when the ledger was resumed.
    pub(in crate::device) fn is_abandoned(&self, size: u64) -> bool {
        let state = self.state.as_ref();
        let mut all = state.into_iter().flat_map(|s| s.roster.resumptions());
        all.any(|r| r.position < size && size <= r.abandoned.size)
    }

    /// What the relay signed in the handshake is what the ledger leads through: it signed both.
    pub(super) fn check_promise(&self, items: &Items, trail: &Trail) -> Result<(), Failure> {
        let Some(promised) = self
            .connection
            .promised
            .filter(|p| p.size <= items.checkpoint.size)
        else {
            return Ok(());
        };
        let past = trail.at(promised.size);
        let Some(past) = past.filter(|past| past.frontier.root() != promised.root) else {
            return Ok(());
        };
        let what = "the relay signed two ledgers of the same size";
        let proof = if promised.size == items.checkpoint.size {
            Proof::Roots(promised, items.checkpoint)
        } else {
            Proof::Rewritten(Rewritten {
                earlier: promised,
                frontier: past.frontier,
                since: past.since,
                later: items.checkpoint,
            })
        };
        Err(Failure::Relay(Dishonest::proven(what, proof)))
    }

    /// What the relay answered with, and could not be judged by what was known then, is judged once the ledger has come so far: it
    /// says which key had to answer, and under which name.
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
