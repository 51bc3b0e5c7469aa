//! Which key signs which of a ledger's trees.
//!
//! A size is always signed with the same key, so that signing it again gives the same bytes: the newest that a tree of that
//! size turned to. The keys before it are kept for whoever has not heard of the turn yet; where one was taken away, those
//! that came after it stand in, which may sign every size.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use troth_protocol::ids::VerifyingKey;
use troth_protocol::roster::Roster;

use crate::core::Settings;

/// The ledger keys of one practice, as far as the relay has them: each with the position of the statement that turned to it.
#[derive(Clone)]
pub struct LedgerKeys {
    /// The practice's present key. Invariant: the last of `keys`, where that is not empty.
    present: Arc<SigningKey>,
    keys: Vec<(u64, Arc<SigningKey>)>,
}

impl LedgerKeys {
    /// The keys of a practice; `None` where the relay does not have the one that it signs with now.
    pub fn of(roster: &Roster, settings: &Settings) -> Option<Self> {
        let present = settings.key_of(&roster.ledger_key())?.clone();
        let held = |(from, key): &(u64, VerifyingKey)| settings.key_of(key).map(|held| (*from, held.clone()));
        let keys = roster.ledger_keys().iter().filter_map(held).collect();
        Some(Self { present, keys })
    }

    /// The key that the practice's relay signs with now.
    pub fn present(&self) -> &Arc<SigningKey> {
        &self.present
    }

    /// The key that signs a tree of a size, and answers whoever has verified that many entries.
    pub fn at(&self, size: u64) -> &Arc<SigningKey> {
        let turned = self.keys.iter().rev().find(|(from, _)| *from < size);
        turned
            .or_else(|| self.keys.first())
            .map_or(&self.present, |(_, key)| key)
    }
}
