//! Signatures, tagged with their algorithm, over bytes as they arrived.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::ids::{PracticeId, VerifyingKey};
use crate::labels;
use crate::rule::Rule;

/// Tag of an Ed25519 signature (RFC 8032): 64 bytes follow.
const ED25519: u8 = 1;

/// An algorithm-tagged signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Ed25519, 64 bytes.
    Ed25519([u8; 64]),
}

/// A public key made ready for checking many signatures: decompressing its point is a sixth of what a check costs.
#[derive(Clone, Debug)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// Makes a key ready. Fails with [`Rule::BadSignature`] for 32 bytes that are no key: nothing verifies under them.
    pub fn new(key: &VerifyingKey) -> Result<Self, Rule> {
        ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes())
            .map(Self)
            .map_err(|_| Rule::BadSignature)
    }
}

/// What is signed: `"troth/1/" ‖ context ‖ 0x00 ‖ practice ‖ bytes`.
pub fn message(context: &[u8], practice: &PracticeId, bytes: &[u8]) -> Vec<u8> {
    [labels::SIGNED, context, &[0], practice.as_bytes(), bytes].concat()
}

impl Signature {
    /// Signs `bytes` in a context, for one practice.
    pub fn sign(key: &SigningKey, context: &[u8], practice: &PracticeId, bytes: &[u8]) -> Self {
        Self::Ed25519(key.sign(&message(context, practice, bytes)).to_bytes())
    }

    /// Checks the signature with the strict rule (no small-order or non-canonical keys and points), the same on both sides:
    /// what the relay accepts every client must accept. Fails with [`Rule::BadSignature`].
    pub fn verify(
        &self,
        key: &VerifyingKey,
        context: &[u8],
        practice: &PracticeId,
        bytes: &[u8],
    ) -> Result<(), Rule> {
        self.verify_with(&PublicKey::new(key)?, context, practice, bytes)
    }

    /// As [`Self::verify`], with a key that was made ready.
    pub fn verify_with(
        &self,
        key: &PublicKey,
        context: &[u8],
        practice: &PracticeId,
        bytes: &[u8],
    ) -> Result<(), Rule> {
        let Self::Ed25519(signature) = self;
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        key.0
            .verify_strict(&message(context, practice, bytes), &signature)
            .map_err(|_| Rule::BadSignature)
    }
}

impl<C> minicbor::Encode<C> for Signature {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let Self::Ed25519(signature) = self;
        let mut tagged = [ED25519; 65];
        tagged[1..].copy_from_slice(signature);
        e.bytes(&tagged)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Signature {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        match d.bytes()? {
            [ED25519, signature @ ..] => signature
                .try_into()
                .map(Self::Ed25519)
                .map_err(|_| minicbor::decode::Error::message("an Ed25519 signature has 64 bytes")),
            _ => Err(minicbor::decode::Error::message("unknown signature algorithm")),
        }
    }
}
