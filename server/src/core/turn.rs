//! The ledger key turns: the relay makes the new one, an admin's statement puts it into the roster, and from that entry on the
//! relay signs with it.

use tracing::error;
use troth_protocol::ids::PracticeId;
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, Role, RosterAction};
use troth_protocol::wire::{NewKey, RelayMessage};

use super::{ConnectionId, Core};
use crate::practice::Pending;
use crate::verify::CheckedUpload;

impl Core {
    /// An admin who logs in hears of the newest key, until the practice has turned to it: nobody else can turn to it.
    pub(super) fn offer_key(&mut self, id: ConnectionId) {
        let Some(live) = self.live(id) else { return };
        let Some(practice) = self.practices.get(&live.practice) else {
            return;
        };
        let (roster, key) = (&practice.roster, self.settings.public());
        let admin = roster.role(&live.member, u64::MAX) == Some(Role::Admin);
        if admin && roster.ledger_keys().iter().all(|(_, had)| *had != key) {
            let proof = Signature::sign(&self.settings.key, labels::LEDGER_PROOF, practice.id(), &[]);
            self.send(id, &RelayMessage::NewKey(NewKey { key, proof }));
        }
    }

    /// R31: a practice turns to the newest key that the relay has, or not at all: a statement that turned to another would end
    /// the ledger. One that is there already is answered as the first time, whatever key has come since.
    pub(super) fn may_not_turn(&self, of: &PracticeId, upload: &CheckedUpload) -> bool {
        let Body::Roster(roster) = &upload.statement.statement().body else {
            return false;
        };
        let newest = self.settings.public();
        let other = |action: &RosterAction| matches!(action, RosterAction::TurnLedgerKey { key, .. } if *key != newest);
        roster.actions.iter().any(other) && !self.is_known(of, upload)
    }

    /// R31: what comes back to a ledger that lost it turns to whichever key the relay had then, if it has it still.
    pub(super) fn has_no_key_for(&self, body: &Body) -> bool {
        let Body::Roster(roster) = body else { return false };
        let lacks = |action: &RosterAction| matches!(action, RosterAction::TurnLedgerKey { key, .. } if self.settings.key_of(key).is_none());
        roster.actions.iter().any(lacks)
    }

    fn is_known(&self, of: &PracticeId, upload: &CheckedUpload) -> bool {
        let Some(practice) = self.practices.get(of) else {
            return false;
        };
        let known = practice.known(&*self.store, &Pending::default(), &upload.statement.hash());
        known
            .inspect_err(|error| error!(%error, practice = %of, "a statement could not be looked up"))
            .is_ok_and(|known| known.is_some())
    }
}
