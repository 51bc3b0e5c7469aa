//! Checkpoints in binary, for the wire and for gossip inside encrypted changes.

use minicbor::{Decode, Encode};

use super::{Checkpoint, CheckpointError, SignedCheckpoint, VerifiedCheckpoint};
use crate::ids::{Hash, VerifyingKey};

/// A checkpoint without its origin and key, which whoever receives it knows: the CBOR array `[size, root,
/// signature]`.
///
/// The signature is the note's, over the same text, so that either form proves what the other does. Read it
/// back with [`crate::cbor::decode`]. Unverified: see [`verify`](Self::verify).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Encode, Decode)]
#[cbor(array)]
pub struct CompactCheckpoint {
    /// The number of leaves.
    #[n(0)]
    pub size: u64,
    /// The root of the tree.
    #[n(1)]
    pub root: Hash,
    /// The ledger key's Ed25519 signature over [`Checkpoint::note_body`], 64 bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

impl CompactCheckpoint {
    /// Checks that the ledger of that origin signed, with that key.
    ///
    /// # Errors
    /// [`CheckpointError::Name`], [`CheckpointError::BadSignature`].
    pub fn verify(&self, origin: &str, key: &VerifyingKey) -> Result<VerifiedCheckpoint, CheckpointError> {
        self.to_signed(origin, key)?.verify(origin, key)
    }

    /// The note of this origin and key, unverified.
    ///
    /// # Errors
    /// [`CheckpointError::Name`] if the origin can be no ledger's.
    pub fn to_signed(&self, origin: &str, key: &VerifyingKey) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint = Checkpoint::new(origin, self.size, self.root)?;
        Ok(SignedCheckpoint::assemble(checkpoint, key, &self.signature))
    }
}
