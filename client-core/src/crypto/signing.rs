//! A device's signing key: Ed25519 (RFC 8032).

use ed25519_dalek::{Signer, SigningKey};
use rand_core::CryptoRng;
use troth_protocol::ids::VerifyingKey;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The secret half of an Ed25519 key; it erases itself when dropped. Boxed, so that moving it leaves no copy behind.
#[derive(Clone)]
pub struct SigningSecret(Box<SigningKey>);

impl ZeroizeOnDrop for SigningSecret {}

super::redacted_debug!(SigningSecret);

impl SigningSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(&super::random_key(rng))
    }

    /// The key of a 32-byte seed (RFC 8032's private key); every seed is one.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Box::new(SigningKey::from_bytes(seed)))
    }

    /// The seed, to be kept under a vault.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs exactly these bytes: 64 bytes, without an algorithm's tag. The caller has put the context in front.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}
