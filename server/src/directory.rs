//! What of each ledger is durable and may be shown: read by whoever checks signatures and by whoever serves tiles, without
//! asking the core.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{DeviceId, PracticeId};
use troth_protocol::roster::Roster;
use troth_protocol::rule::Rule;
use troth_protocol::signature::PublicKey;
use troth_protocol::tree::Tree;
use troth_protocol::wire::Witnessed;

/// The keys that a practice's devices sign with, ready for checking.
#[derive(Clone, Debug)]
pub struct Signers {
    practice: PracticeId,
    devices: HashMap<DeviceId, PublicKey>,
}

impl Signers {
    /// The devices of a roster, past and present. One whose key is no key is left out: it signs nothing.
    pub fn of(roster: &Roster) -> Self {
        let ready = |(id, device): (&DeviceId, &troth_protocol::roster::Device)| {
            Some((*id, PublicKey::new(&device.keys.signing).ok()?))
        };
        Self {
            practice: *roster.practice(),
            devices: roster.devices().iter().filter_map(ready).collect(),
        }
    }

    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// A device's key: R11 where the practice never had the device.
    pub fn key(&self, device: &DeviceId) -> Result<&PublicKey, Rule> {
        self.devices.get(device).ok_or(Rule::UnknownDevice)
    }
}

/// A ledger as of its newest durable entry.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The members, devices and keys.
    pub roster: Arc<Roster>,
    /// The keys that their devices sign with.
    pub signers: Arc<Signers>,
    /// The tree.
    pub tree: Arc<Tree>,
    /// The relay's signature on the tree.
    pub checkpoint: CompactCheckpoint,
}

/// Every ledger as of its newest durable entry; cheap to clone, and all clones are the same.
#[derive(Clone, Default)]
pub struct Directory(Arc<RwLock<Shown>>);

#[derive(Default)]
struct Shown {
    ledgers: HashMap<PracticeId, Ledger>,
    witnessed: HashMap<PracticeId, Arc<Witnessed>>,
}

impl Directory {
    /// The ledger of a practice.
    pub fn ledger(&self, practice: &PracticeId) -> Option<Ledger> {
        self.read().ledgers.get(practice).cloned()
    }

    /// The keys that a practice's devices sign with.
    pub fn signers(&self, practice: &PracticeId) -> Option<Arc<Signers>> {
        self.read()
            .ledgers
            .get(practice)
            .map(|ledger| ledger.signers.clone())
    }

    /// Publishes a ledger. Only what is durable may be.
    pub fn publish(&self, ledger: Ledger) {
        let practice = *ledger.roster.practice();
        self.write().ledgers.insert(practice, ledger);
    }

    /// Every ledger, in no particular order.
    pub fn ledgers(&self) -> Vec<Ledger> {
        self.read().ledgers.values().cloned().collect()
    }

    /// The newest checkpoint of a practice that its witnesses have cosigned, since the relay started.
    pub fn witnessed(&self, practice: &PracticeId) -> Option<Arc<Witnessed>> {
        self.read().witnessed.get(practice).cloned()
    }

    /// Shows a checkpoint with cosignatures that were checked.
    pub fn publish_witnessed(&self, practice: PracticeId, witnessed: Arc<Witnessed>) {
        self.write().witnessed.insert(practice, witnessed);
    }

    fn read(&self) -> RwLockReadGuard<'_, Shown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shown> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
