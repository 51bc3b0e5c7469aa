//! Sealing keys that are handed on: a member's, a role's. Each generation is sealed to its holders, and seals
//! the generation before it.

use rand_core::CryptoRng;
use troth_protocol::ids::{MemberId, PracticeId};
use zeroize::Zeroizing;

use super::error::{OpenError, SealError};
use super::sealing::{SealingPublic, SealingSecret};
use super::{aead, keys, sealing};

/// Whose sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHolder {
    /// A member's, held by their devices.
    Member(MemberId),
    /// A role's, by its number, held by the members who have the role.
    Role(u8),
}

/// Which generation of whose sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyContext {
    /// The practice.
    pub practice: PracticeId,
    /// Whose key.
    pub holder: KeyHolder,
    /// Whether it is the second key, behind the second unlock.
    pub sensitive: bool,
    /// The generation's number.
    pub generation: u64,
}

impl KeyContext {
    /// `practice (32) ‖ kind of holder (1) ‖ holder (16) ‖ sensitive (1) ‖ generation (8, big-endian)`; a role is its
    /// number and 15 zeros.
    fn encode(&self) -> [u8; 58] {
        let (kind, id) = match self.holder {
            KeyHolder::Member(member) => (1, member.0),
            KeyHolder::Role(role) => (2, [role, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        };
        let mut out = [0; 58];
        out[..32].copy_from_slice(self.practice.as_bytes());
        out[32] = kind;
        out[33..49].copy_from_slice(&id);
        out[49] = u8::from(self.sensitive);
        out[50..].copy_from_slice(&self.generation.to_be_bytes());
        out
    }

    /// `encode() ‖ predecessor's generation (8, big-endian)`.
    fn encode_predecessor(&self, predecessor: u64) -> [u8; 66] {
        let mut out = [0; 66];
        out[..58].copy_from_slice(&self.encode());
        out[58..].copy_from_slice(&predecessor.to_be_bytes());
        out
    }
}

impl SealingSecret {
    /// Seals this key to one of its holders, 1168 bytes.
    ///
    /// # Errors
    /// None in practice; the context is of fixed length.
    pub fn seal_to(
        &self,
        rng: &mut impl CryptoRng,
        to: &SealingPublic,
        context: &KeyContext,
    ) -> Result<Vec<u8>, SealError> {
        sealing::seal(
            rng,
            to,
            keys::SEALED_SEALING_KEY,
            &context.encode(),
            self.to_bytes().as_slice(),
        )
    }

    /// Opens a key that was sealed to `opener`, and holds it against the public key that the chain names.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] if it is another key's secret; otherwise as [`sealing::open`].
    pub fn open_sealed(
        opener: &Self,
        context: &KeyContext,
        named: &SealingPublic,
        sealed: &[u8],
    ) -> Result<Self, OpenError> {
        let opened = sealing::open(opener, keys::SEALED_SEALING_KEY, &context.encode(), sealed)?;
        Self::named(&opened, named)
    }

    /// Seals the key of generation `predecessor` under this one, whose generation `context` names.
    pub fn wrap_predecessor(
        &self,
        rng: &mut impl CryptoRng,
        predecessor_key: &Self,
        context: &KeyContext,
        predecessor: u64,
    ) -> PredecessorWrap {
        let key = keys::sealing_predecessor(&self.to_bytes());
        PredecessorWrap::seal(
            &key,
            rng,
            &context.encode_predecessor(predecessor),
            &predecessor_key.to_bytes(),
        )
    }

    /// Opens the key of generation `predecessor`, whose public key the chain names.
    ///
    /// # Errors
    /// [`OpenError::Authentication`], or [`OpenError::WrongKey`] if it is another key's secret.
    pub fn unwrap_predecessor(
        &self,
        context: &KeyContext,
        predecessor: u64,
        named: &SealingPublic,
        wrap: &PredecessorWrap,
    ) -> Result<Self, OpenError> {
        let key = keys::sealing_predecessor(&self.to_bytes());
        let opened = wrap.open(&key, &context.encode_predecessor(predecessor))?;
        Self::named(opened.as_slice(), named)
    }

    fn named(seed: &[u8], named: &SealingPublic) -> Result<Self, OpenError> {
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| OpenError::WrongKey)?);
        let secret = Self::from_bytes(&seed);
        if secret.public() == *named {
            Ok(secret)
        } else {
            Err(OpenError::WrongKey)
        }
    }
}

/// A key sealed under its successor with XChaCha20-Poly1305: `nonce (24) ‖ ciphertext (32) ‖ tag (16)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredecessorWrap(pub [u8; 72]);

impl PredecessorWrap {
    /// Length in bytes.
    pub const LEN: usize = 72;

    /// Reads a wrap; `None` unless it has 72 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The wrap's bytes.
    pub const fn as_bytes(&self) -> &[u8; 72] {
        &self.0
    }

    pub(super) fn seal(key: &[u8; 32], rng: &mut impl CryptoRng, aad: &[u8], plaintext: &[u8; 32]) -> Self {
        let mut out = [0; Self::LEN];
        out.copy_from_slice(&aead::seal(key, rng, aad, plaintext));
        Self(out)
    }

    pub(super) fn open(&self, key: &[u8; 32], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        aead::open(key, aad, &self.0)
    }
}

#[cfg(test)]
mod tests;
