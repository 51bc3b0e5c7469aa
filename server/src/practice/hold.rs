//! A ledger whose relay has not all that it signed: it takes nothing until an admin resumes it, and then first what it lost.
//!
//! ```text
//! whole ──a checkpoint of its own that is beyond it, or the operator's word──> behind ──resumed──> restoring ──an admin's device
//!   ▲                                                                                              has nothing more──┐
//!   └────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! It is written down beside the ledger and outlasts a restart. That the ledger has grown since says that it was resumed: nothing
//! else makes it grow meanwhile.

use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::ids::{Hash, InviteId, MemberId, PracticeId};
use troth_protocol::statement::{CheckpointRef, Role};

use super::Practice;
use crate::store::{Store, StoreError};

/// What a relay knows of what it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hold {
    /// The ledger's size as it was restored.
    #[n(0)]
    pub size: u64,
    /// The newest checkpoint that is beyond that and that a device showed; none where the operator alone says that it was
    /// restored.
    #[n(1)]
    pub abandoned: Option<CheckpointRef>,
}

/// Where it is kept: the store keeps a value for each 16 bytes, and no link is named like that but by chance.
fn key(practice: &PracticeId) -> InviteId {
    let hash = Hash::of(&[b"troth/1/held\0", practice.as_bytes()]);
    let mut key = InviteId::default();
    let length = key.0.len();
    key.0.copy_from_slice(&hash.0[..length]);
    key
}

impl Hold {
    /// What is written down of a practice.
    pub(super) fn kept(store: &dyn Store, practice: &PracticeId) -> Result<Option<Self>, StoreError> {
        let kept = store.kept(&key(practice))?;
        let decode = |bytes: Vec<u8>| {
            cbor::decode(&bytes).map_err(|_| StoreError::Corrupt("what is kept of a restore".into()))
        };
        kept.map(decode).transpose()
    }
}

/// The operator says that the store was restored: every ledger waits for an admin's word, whether or not anything of it is lost.
/// Called before the store's practices are loaded.
///
/// # Errors
/// The disk's; some ledgers are held then and some are not.
pub fn hold_all(store: &dyn Store) -> Result<(), StoreError> {
    for (practice, head) in store.practices()? {
        let abandoned = Hold::kept(store, &practice)?.and_then(|hold| hold.abandoned);
        let hold = Hold {
            size: head.size,
            abandoned,
        };
        store.keep(&key(&practice), Some(&cbor::encode(&hold)))?;
    }
    Ok(())
}

impl Practice {
    /// Whether it waits to be resumed.
    pub fn is_behind(&self) -> bool {
        self.hold.is_some_and(|hold| hold.size == self.tree.size())
    }

    /// Whether a member may resume it.
    pub fn is_admin(&self, member: &MemberId) -> bool {
        self.state.roster.role(member, u64::MAX) == Some(Role::Admin)
    }

    /// Holds it, or lets it go on. Durable when it returns.
    pub fn set_hold(&mut self, store: &dyn Store, hold: Option<Hold>) -> Result<(), StoreError> {
        let bytes = hold.map(|hold| cbor::encode(&hold));
        store.keep(&key(self.id()), bytes.as_deref())?;
        self.hold = hold;
        Ok(())
    }
}
