//! What witnesses add to a checkpoint (C2SP tlog-cosignature).

use ed25519_dalek::{Signer as _, SigningKey};

use super::key::verifies;
use super::note::check_name;
use super::{Checkpoint, CheckpointError, KeyKind, SignatureLine, SignedCheckpoint, key_id};
use crate::ids::VerifyingKey;

/// Length of an Ed25519 signature, in bytes (RFC 8032).
const ED25519_BYTES: usize = 64;
/// Length of an ML-DSA-44 signature, in bytes (FIPS 204).
const ML_DSA_44_BYTES: usize = 2420;
/// The latest time that C2SP tlog-cosignature allows, in seconds.
const MAX_TIMESTAMP: u64 = i64::MAX as u64;

/// A witness's statement that at a time it had seen no larger tree of this log, and no fork. As it arrived,
/// unverified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cosignature {
    /// Type 0x04.
    Ed25519 {
        /// When, in seconds since the Unix epoch.
        timestamp: u64,
        /// Over the timestamp and the checkpoint's body.
        signature: [u8; ED25519_BYTES],
    },
    /// Type 0x06: recognised and forwarded, but checked by others.
    MlDsa44 {
        /// When, in seconds since the Unix epoch.
        timestamp: u64,
        /// 2420 bytes.
        signature: Vec<u8>,
    },
}

/// A witness's cosignature that was found to be true. Only a verifier makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedCosignature {
    witness: String,
    timestamp: u64,
}

impl Cosignature {
    /// Reads a `timestamped_signature` out of a signature line; `None` if its length is that of no
    /// cosignature.
    pub fn from_line(line: &SignatureLine) -> Option<Self> {
        let (timestamp, signature) = line.signature().split_first_chunk()?;
        let timestamp = u64::from_be_bytes(*timestamp);
        match signature.len() {
            ED25519_BYTES => signature
                .try_into()
                .ok()
                .map(|signature| Self::Ed25519 { timestamp, signature }),
            ML_DSA_44_BYTES => Some(Self::MlDsa44 {
                timestamp,
                signature: signature.to_owned(),
            }),
            _ => None,
        }
    }
}

impl VerifiedCosignature {
    /// The witness's key name.
    pub fn witness(&self) -> &str {
        &self.witness
    }

    /// When the witness signed, in seconds since the Unix epoch, by its own clock.
    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }
}

impl Checkpoint {
    /// Cosigns as a witness does, at a time in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`CheckpointError::Name`], [`CheckpointError::Timestamp`].
    pub fn cosign(
        &self,
        witness: &str,
        key: &SigningKey,
        timestamp: u64,
    ) -> Result<SignatureLine, CheckpointError> {
        check_name(witness)?;
        let message = message(self, timestamp)?;
        let id = key_id(
            witness,
            KeyKind::Cosignature,
            &VerifyingKey(key.verifying_key().to_bytes()),
        );
        let signature = key.sign(message.as_bytes()).to_bytes();
        Ok(SignatureLine::new(
            witness,
            id,
            &[&timestamp.to_be_bytes(), &signature[..]].concat(),
        ))
    }
}

impl SignedCheckpoint {
    /// Checks a witness's Ed25519 cosignature (type 0x04); of several, all, and the newest counts.
    ///
    /// It says nothing about the ledger's own signature: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`CheckpointError::UnknownKey`], [`CheckpointError::BadSignature`], [`CheckpointError::Timestamp`].
    pub fn verify_cosignature(
        &self,
        witness: &str,
        key: &VerifyingKey,
    ) -> Result<VerifiedCosignature, CheckpointError> {
        let mut newest = None;
        for line in self
            .note()
            .signatures_by(witness, key_id(witness, KeyKind::Cosignature, key))
        {
            let bad = || CheckpointError::BadSignature(witness.to_owned());
            let Some(Cosignature::Ed25519 { timestamp, signature }) = Cosignature::from_line(line) else {
                return Err(bad());
            };
            if !verifies(key, message(self.checkpoint(), timestamp)?.as_bytes(), &signature) {
                return Err(bad());
            }
            newest = newest.max(Some(timestamp));
        }
        match newest {
            Some(timestamp) => Ok(VerifiedCosignature {
                witness: witness.to_owned(),
                timestamp,
            }),
            None => Err(CheckpointError::UnknownKey(witness.to_owned())),
        }
    }
}

/// What an Ed25519 cosignature signs.
fn message(checkpoint: &Checkpoint, timestamp: u64) -> Result<String, CheckpointError> {
    if timestamp > MAX_TIMESTAMP {
        return Err(CheckpointError::Timestamp);
    }
    Ok(format!(
        "cosignature/v1\ntime {timestamp}\n{}",
        checkpoint.note_body()
    ))
}
