//! What witnesses add to a checkpoint (C2SP tlog-cosignature).

use ed25519_dalek::{Signer as _, SigningKey};

use super::key::{Public, verifies};
use super::ml_dsa::{self, MlDsaKey};
use super::note::check_name;
use super::{Checkpoint, CheckpointError, KeyKind, SignatureLine, SignedCheckpoint, VerifierKey, key_id};
use crate::ids::VerifyingKey;

/// Length of an Ed25519 signature, in bytes (RFC 8032).
const ED25519_BYTES: usize = 64;
/// Longest name of a witness, and longest origin of a log, that an ML-DSA-44 cosignature can be of, in bytes.
pub(super) const MAX_COSIGNED_NAME: usize = u8::MAX as usize;
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
    /// Type 0x06.
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
            ml_dsa::SIGNATURE_BYTES => Some(Self::MlDsa44 {
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

    /// Cosigns with ML-DSA-44, which commits to the witness's name too.
    ///
    /// # Errors
    /// As [`cosign`](Self::cosign); [`CheckpointError::Name`] also for a name or an origin that is longer than 255 bytes.
    pub fn cosign_ml_dsa(
        &self,
        witness: &str,
        key: &MlDsaKey,
        timestamp: u64,
    ) -> Result<SignatureLine, CheckpointError> {
        let public = VerifierKey::ml_dsa(witness, &key.public()).map_err(|_| CheckpointError::Name)?;
        let message = subtree_message(witness, self, timestamp)?;
        let signature = key.sign(&message);
        let signature = signature.ok_or_else(|| CheckpointError::BadSignature(witness.to_owned()))?;
        let signed = [&timestamp.to_be_bytes(), &signature[..]].concat();
        Ok(SignatureLine::new(witness, public.id(), &signed))
    }
}

impl SignedCheckpoint {
    /// Checks a witness's cosignature, by a key of either kind; of several, all, and the newest counts.
    ///
    /// It says nothing about the ledger's own signature: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`CheckpointError::UnknownKey`], also for a key that is no witness's; [`CheckpointError::BadSignature`];
    /// [`CheckpointError::Timestamp`]; [`CheckpointError::Name`] for an origin that such a cosignature cannot be of.
    pub fn verify_cosignature(&self, key: &VerifierKey) -> Result<VerifiedCosignature, CheckpointError> {
        let (witness, checkpoint) = (key.name(), self.checkpoint());
        let mut newest = None;
        let lines = self.note().signatures_by(witness, key.id());
        for line in lines.filter(|_| key.kind().cosigns()) {
            let (timestamp, holds) = match (key.public(), Cosignature::from_line(line)) {
                (Public::Ed25519(key), Some(Cosignature::Ed25519 { timestamp, signature })) => {
                    let message = message(checkpoint, timestamp)?;
                    (timestamp, verifies(key, message.as_bytes(), &signature))
                }
                (Public::MlDsa44(key), Some(Cosignature::MlDsa44 { timestamp, signature })) => {
                    let message = subtree_message(witness, checkpoint, timestamp)?;
                    (timestamp, ml_dsa::verifies(key, &message, &signature))
                }
                _ => (0, false),
            };
            if !holds {
                return Err(CheckpointError::BadSignature(witness.to_owned()));
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

/// What an ML-DSA-44 cosignature signs: `cosigned_message`, for the subtree that is the whole tree.
fn subtree_message(
    witness: &str,
    checkpoint: &Checkpoint,
    timestamp: u64,
) -> Result<Vec<u8>, CheckpointError> {
    if timestamp > MAX_TIMESTAMP {
        return Err(CheckpointError::Timestamp);
    }
    let length = |name: &str| match u8::try_from(name.len()) {
        Ok(length) if length > 0 => Ok([length]),
        _ => Err(CheckpointError::Name),
    };
    let origin = checkpoint.origin();
    let parts: [&[u8]; 9] = [
        b"subtree/v1\n\0",
        &length(witness)?,
        witness.as_bytes(),
        &timestamp.to_be_bytes(),
        &length(origin)?,
        origin.as_bytes(),
        &0_u64.to_be_bytes(),
        &checkpoint.size().to_be_bytes(),
        checkpoint.root().as_bytes(),
    ];
    Ok(parts.concat())
}
