//! A document's epoch key: drawn at random, committed to in the control chain, sealed to each reader, and sealed under its
//! successor so that readers keep the history.

use rand_core::CryptoRng;
use troth_protocol::ids::{DocumentId, Hash, PracticeId};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::error::{OpenError, SealError};
use super::lineage::PredecessorWrap;
use super::sealing::{SealingPublic, SealingSecret};
use super::{keys, sealing};

/// Which epoch of which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochContext {
    /// The practice.
    pub practice: PracticeId,
    /// The document.
    pub document: DocumentId,
    /// The epoch's number.
    pub epoch: u64,
}

impl EpochContext {
    /// `practice (32) ‖ document (16) ‖ epoch (8, big-endian)`.
    pub(super) fn encode(&self) -> [u8; 56] {
        let mut out = [0; 56];
        out[..32].copy_from_slice(self.practice.as_bytes());
        out[32..48].copy_from_slice(self.document.as_bytes());
        out[48..].copy_from_slice(&self.epoch.to_be_bytes());
        out
    }

    /// `encode() ‖ predecessor's epoch (8, big-endian)`.
    fn encode_predecessor(&self, predecessor: u64) -> [u8; 64] {
        let mut out = [0; 64];
        out[..56].copy_from_slice(&self.encode());
        out[56..].copy_from_slice(&predecessor.to_be_bytes());
        out
    }
}

/// 32 random bytes: the key of one epoch of one document.
#[derive(Clone, ZeroizeOnDrop)]
pub struct EpochKey([u8; 32]);

super::redacted_debug!(EpochKey);

impl EpochKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(*super::random_key(rng))
    }

    /// A key that was kept. What somebody else sealed is opened with [`EpochKey::open`], which checks it.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// The key's bytes, to be kept under a vault.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the control chain says of the key.
    pub fn commitment(&self, context: &EpochContext) -> Hash {
        keys::epoch_commitment(&self.0, context)
    }

    /// Seals the key to a reader, 1168 bytes.
    ///
    /// # Errors
    /// None in practice; the context is of fixed length.
    pub fn seal(
        &self,
        rng: &mut impl CryptoRng,
        to: &SealingPublic,
        context: &EpochContext,
    ) -> Result<Vec<u8>, SealError> {
        sealing::seal(rng, to, keys::SEALED_EPOCH_KEY, &context.encode(), &self.0)
    }

    /// Opens a key that was sealed to this device, member or role, and holds it against the chain's commitment.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] if it is another key than the chain names; otherwise as [`sealing::open`].
    pub fn open(
        secret: &SealingSecret,
        context: &EpochContext,
        commitment: &Hash,
        sealed: &[u8],
    ) -> Result<Self, OpenError> {
        let opened = sealing::open(secret, keys::SEALED_EPOCH_KEY, &context.encode(), sealed)?;
        Self::committed(&opened, context, commitment)
    }

    /// Seals the key of epoch `predecessor` under this one, whose epoch `context` names.
    pub fn wrap_predecessor(
        &self,
        rng: &mut impl CryptoRng,
        predecessor_key: &Self,
        context: &EpochContext,
        predecessor: u64,
    ) -> PredecessorWrap {
        let aad = context.encode_predecessor(predecessor);
        PredecessorWrap::seal(&keys::epoch_predecessor(&self.0), rng, &aad, &predecessor_key.0)
    }

    /// Opens the key of epoch `predecessor`, whose commitment the chain holds.
    ///
    /// # Errors
    /// [`OpenError::Authentication`], or [`OpenError::WrongKey`] if it is another key than the chain names.
    pub fn unwrap_predecessor(
        &self,
        context: &EpochContext,
        predecessor: u64,
        commitment: &Hash,
        wrap: &PredecessorWrap,
    ) -> Result<Self, OpenError> {
        let aad = context.encode_predecessor(predecessor);
        let opened = wrap.open(&keys::epoch_predecessor(&self.0), &aad)?;
        Self::committed(
            opened.as_slice(),
            &EpochContext {
                epoch: predecessor,
                ..*context
            },
            commitment,
        )
    }

    fn committed(bytes: &[u8], context: &EpochContext, commitment: &Hash) -> Result<Self, OpenError> {
        let key = Self(bytes.try_into().map_err(|_| OpenError::WrongKey)?);
        if key.commitment(context) == *commitment {
            Ok(key)
        } else {
            Err(OpenError::WrongKey)
        }
    }
}

#[cfg(test)]
mod tests;
