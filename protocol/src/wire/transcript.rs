//! The handshake's transcript: what both sides sign.

use ed25519_dalek::SigningKey;
use minicbor::Encode;

use crate::checkpoint::CompactCheckpoint;
use crate::ids::{Hash, Nonce, VerifyingKey};
use crate::rule::Rule;
use crate::signature::Signature;
use crate::wire::{Challenge, Hello};
use crate::{cbor, labels};

/// Everything that was said before the login.
#[derive(Clone, Debug, Encode)]
#[cbor(array)]
pub struct Transcript {
    #[n(0)]
    hello: Hello,
    #[n(1)]
    nonce: Nonce,
    #[n(2)]
    origin: String,
    #[n(3)]
    checkpoint: CompactCheckpoint,
}

impl Transcript {
    /// The transcript of a handshake up to the challenge.
    pub fn new(hello: Hello, nonce: Nonce, origin: String, checkpoint: CompactCheckpoint) -> Self {
        Self {
            hello,
            nonce,
            origin,
            checkpoint,
        }
    }

    /// The transcript's hash, which the device signs in its `session` statement.
    pub fn hash(&self) -> Hash {
        Hash::of(&[labels::TRANSCRIPT, &cbor::encode(self)])
    }

    /// The relay's challenge.
    pub fn challenge(&self, key: &SigningKey) -> Challenge {
        Challenge {
            nonce: self.nonce,
            origin: self.origin.clone(),
            checkpoint: self.checkpoint,
            signature: Signature::sign(
                key,
                labels::CHALLENGE,
                &self.hello.practice,
                self.hash().as_bytes(),
            ),
            ledger: None,
        }
    }

    /// The transcript that a challenge answers to a hello, once the relay's signature holds (R5).
    pub fn verify(hello: Hello, challenge: &Challenge, key: &VerifyingKey) -> Result<Self, Rule> {
        let transcript = Self::new(
            hello,
            challenge.nonce,
            challenge.origin.clone(),
            challenge.checkpoint,
        );
        challenge.signature.verify(
            key,
            labels::CHALLENGE,
            &hello.practice,
            transcript.hash().as_bytes(),
        )?;
        Ok(transcript)
    }
}
