//! The relay's ledger keys.

use std::sync::Arc;

use troth_protocol::ids::VerifyingKey;
use troth_server::core::Settings;

use super::Network;

impl Network {
    /// The relay's ledger key, for tests in which it lies.
    pub fn ledger_key(&self) -> &ed25519_dalek::SigningKey {
        &self.settings.key
    }

    /// The relay has made another ledger key, and is started with it.
    pub fn new_ledger_key(&mut self, seed: u8) -> VerifyingKey {
        let next = Arc::new(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]));
        let before = std::mem::replace(&mut self.settings.key, next);
        self.settings.former.push(before);
        self.restart_relay();
        self.settings.public()
    }

    /// How the relay is set up, for another one on the same store.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
}
