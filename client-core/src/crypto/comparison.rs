//! A short code that two people compare aloud, to know that nobody stands between their devices.
//!
//! Commit, then reveal (Vaudenay, "Secure Communications over Insecure Channels Based on Short Authenticated Strings",
//! CRYPTO 2005):
//!
//! ```text
//! initiator                                      responder
//!   draws n          ── device, commitment(n) ──>
//!                    <── device, m ──              draws m, having accepted one commitment and no more
//!                    ── n ──>                      checks n against the commitment
//!   code(n, m)            people compare           code(n, m)
//! ```
//!
//! Whoever stands between must commit before knowing the other's number: each attempt succeeds with probability 2^-40, and
//! a failed one shows. A commitment, and a number, serve once.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use troth_protocol::ids::DeviceId;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{crockford, keys};

/// One side's 32 random bytes; the initiator's is a secret until the responder has answered.
#[derive(Clone, ZeroizeOnDrop)]
pub struct ComparisonNonce([u8; 32]);

super::redacted_debug!(ComparisonNonce);

/// What the initiator sends first: `SHA-256("troth/1/comparison commitment" ‖ 0x00 ‖ initiator ‖ nonce)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonCommitment(pub [u8; 32]);

/// The initiator revealed another number than it had committed to: somebody is in between, or its program is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the other device changed its number after committing to it: do not continue, somebody may be in between"
)]
pub struct BrokenCommitment;

impl ComparisonNonce {
    /// A new number.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(*super::random_key(rng))
    }

    /// A number that was received.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// The number, to be sent: the responder's at once, the initiator's only after the responder's has come.
    pub fn reveal(&self) -> [u8; 32] {
        self.0
    }

    /// The initiator's commitment to its number.
    pub fn commit(&self, initiator: &DeviceId) -> ComparisonCommitment {
        let digest = Sha256::new()
            .chain_update(keys::COMPARISON_COMMITMENT)
            .chain_update([0])
            .chain_update(initiator.as_bytes())
            .chain_update(self.0)
            .finalize();
        ComparisonCommitment(digest.into())
    }
}

/// 40 bits, read as eight characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonCode(pub [u8; 5]);

impl ComparisonCode {
    /// The code on either side, once both numbers are known: the first 5 bytes of `SHA-256("troth/1/comparison code" ‖
    /// 0x00 ‖ initiator ‖ responder ‖ initiator's nonce ‖ responder's nonce)`.
    ///
    /// # Errors
    /// [`BrokenCommitment`] if the initiator's number is not the one committed to.
    pub fn new(
        commitment: &ComparisonCommitment,
        initiator: (&DeviceId, &ComparisonNonce),
        responder: (&DeviceId, &ComparisonNonce),
    ) -> Result<Self, BrokenCommitment> {
        if !bool::from(initiator.1.commit(initiator.0).0.ct_eq(&commitment.0)) {
            return Err(BrokenCommitment);
        }
        let digest = Sha256::new()
            .chain_update(keys::COMPARISON_CODE)
            .chain_update([0])
            .chain_update(initiator.0.as_bytes())
            .chain_update(responder.0.as_bytes())
            .chain_update(initiator.1.0)
            .chain_update(responder.1.0)
            .finalize();
        Ok(Self([digest[0], digest[1], digest[2], digest[3], digest[4]]))
    }

    /// Eight characters of Crockford's base 32, in two groups of four.
    pub fn render(&self) -> Zeroizing<String> {
        crockford::encode(&self.0, 4)
    }
}

#[cfg(test)]
mod tests;
