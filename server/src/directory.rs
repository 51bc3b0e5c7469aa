//! What of each ledger is durable and may be shown: read by whoever checks signatures and by whoever serves tiles, without
//! asking the core.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::PracticeId;
use troth_protocol::roster::Roster;
use troth_protocol::tree::Tree;

/// A ledger as of its newest durable entry.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The members, devices and keys.
    pub roster: Arc<Roster>,
    /// The tree.
    pub tree: Arc<Tree>,
    /// The relay's signature on the tree.
    pub checkpoint: CompactCheckpoint,
}

/// Every ledger as of its newest durable entry; cheap to clone, and all clones are the same.
#[derive(Clone, Default)]
pub struct Directory(Arc<RwLock<HashMap<PracticeId, Ledger>>>);

impl Directory {
    /// The ledger of a practice.
    pub fn ledger(&self, practice: &PracticeId) -> Option<Ledger> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(practice)
            .cloned()
    }

    /// The roster of a practice.
    pub fn get(&self, practice: &PracticeId) -> Option<Arc<Roster>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(practice)
            .map(|ledger| ledger.roster.clone())
    }

    /// Publishes a ledger. Only what is durable may be.
    pub fn publish(&self, ledger: Ledger) {
        let practice = *ledger.roster.practice();
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(practice, ledger);
    }
}
