//! How the relay is set up.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use troth_protocol::ids::VerifyingKey;

/// How the relay is set up.
#[derive(Clone)]
pub struct Settings {
    /// The origin that new practices pin: host, with its port where that is not the scheme's own.
    pub origin: String,
    /// The ledger key that new practices pin; the newest that the relay has.
    pub key: Arc<SigningKey>,
    /// Those before it, the oldest first, which practices that have not turned to it are signed with.
    pub former: Vec<Arc<SigningKey>>,
    /// Practices that the relay takes at most.
    pub max_practices: usize,
}

impl Settings {
    /// The secret half of a ledger key, where the relay has it.
    pub fn key_of(&self, public: &VerifyingKey) -> Option<&Arc<SigningKey>> {
        let mut all = std::iter::once(&self.key).chain(&self.former);
        all.find(|key| key.verifying_key().as_bytes() == public.as_bytes())
    }

    /// The public halves of the keys that were made after another, the oldest first; none where the relay does not have that one.
    pub fn later_than(&self, public: VerifyingKey) -> impl Iterator<Item = VerifyingKey> {
        let all = self.former.iter().chain([&self.key]);
        let all = all.map(|key| VerifyingKey(key.verifying_key().to_bytes()));
        all.skip_while(move |key| *key != public).skip(1)
    }

    /// The public half of the newest.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.key.verifying_key().to_bytes())
    }
}
