//! Checkpoints with signatures: as they arrived, and as they were found to be true.

use std::fmt;

use super::note::{SignatureLine, SignedNote};
use super::{Checkpoint, CheckpointError, CompactCheckpoint, KeyKind, key_id};
use crate::ids::{Hash, VerifyingKey};

/// A checkpoint in a signed note, as it arrived. Trust nothing in it before [`verify`](Self::verify).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    /// Invariant: the note's text is this checkpoint's body.
    checkpoint: Checkpoint,
    note: SignedNote,
}

/// A checkpoint that the ledger's key has signed. Only a verifier makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    key: VerifyingKey,
    signature: [u8; 64],
}

impl SignedCheckpoint {
    /// The note of a checkpoint, its origin's key and a signature that nobody has checked.
    pub(super) fn assemble(checkpoint: Checkpoint, key: &VerifyingKey, signature: &[u8; 64]) -> Self {
        let id = key_id(&checkpoint.origin, KeyKind::Ed25519, key);
        let line = SignatureLine::new(&checkpoint.origin, id, signature);
        Self {
            note: SignedNote::new(checkpoint.note_body(), line),
            checkpoint,
        }
    }

    /// Reads a note. It must be as [`Display`](fmt::Display) writes it, to the byte.
    ///
    /// # Errors
    /// Those of [`CheckpointError`] that concern form.
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        Ok(Self {
            checkpoint: Checkpoint::parse_body(note.text())?,
            note,
        })
    }

    /// Checks that the ledger of that origin signed, with that key, under the origin's name.
    ///
    /// # Errors
    /// [`CheckpointError::WrongOrigin`], [`CheckpointError::UnknownKey`], [`CheckpointError::BadSignature`].
    pub fn verify(&self, origin: &str, key: &VerifyingKey) -> Result<VerifiedCheckpoint, CheckpointError> {
        if self.checkpoint.origin != origin {
            let (expected, found) = (origin.to_owned(), self.checkpoint.origin.clone());
            return Err(CheckpointError::WrongOrigin { expected, found });
        }
        let signature = self.note.verify(origin, key)?;
        Ok(VerifiedCheckpoint {
            checkpoint: self.checkpoint.clone(),
            key: *key,
            signature,
        })
    }

    /// What the note says, unverified.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Adds a signature, such as a witness's, after the others.
    ///
    /// # Errors
    /// [`CheckpointError::TooManySignatures`], [`CheckpointError::TooLong`]; the note is then unchanged.
    pub fn add(&mut self, signature: SignatureLine) -> Result<(), CheckpointError> {
        self.note.add(signature)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl VerifiedCheckpoint {
    /// What was signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The ledger's name.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root of the tree.
    pub fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// The key that signed.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The binary form, with the same signature.
    pub fn compact(&self) -> CompactCheckpoint {
        CompactCheckpoint {
            size: self.size(),
            root: *self.root(),
            signature: self.signature,
        }
    }

    /// The note, with the ledger's signature alone.
    pub fn to_signed(&self) -> SignedCheckpoint {
        SignedCheckpoint::assemble(self.checkpoint.clone(), &self.key, &self.signature)
    }
}
