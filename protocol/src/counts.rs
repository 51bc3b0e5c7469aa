//! Signed stream counts: folding shows that what came is true; counts show that it is all.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};

use crate::ids::{Hash, Nonce, PracticeId, VerifyingKey};
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::CheckpointRef;
use crate::stream::Stream;
use crate::{cbor, labels};

/// What the relay signs at the end of a catch-up and with each beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Counts {
    /// The client's nonce: this was signed for this follower, after it asked.
    #[n(0)]
    pub nonce: Nonce,
    /// Counts the beats of this follow, from 0: none is replayed.
    #[n(1)]
    pub beat: u64,
    /// The ledger at that moment.
    #[n(2)]
    pub checkpoint: CheckpointRef,
    /// Digest of (stream, count) for each stream that the client may see to its end.
    #[n(3)]
    pub digest: Hash,
}

/// [`Counts`] with the relay's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedCounts {
    /// What was signed.
    #[n(0)]
    pub counts: Counts,
    /// The ledger key's signature.
    #[n(1)]
    pub signature: Signature,
}

/// The digest of stream counts: SHA-256 over a label and the map's encoding, in the streams' order.
pub fn digest(counts: &BTreeMap<Stream, u64>) -> Hash {
    Hash::of(&[labels::STREAM_COUNTS, &cbor::encode(counts)])
}

impl SignedCounts {
    /// Signs with the ledger key.
    pub fn sign(counts: Counts, practice: &PracticeId, key: &SigningKey) -> Self {
        let signature = Signature::sign(key, labels::COUNTS, practice, &cbor::encode(&counts));
        Self { counts, signature }
    }

    /// Checks the relay's signature (R5).
    pub fn verify(&self, practice: &PracticeId, key: &VerifyingKey) -> Result<&Counts, Rule> {
        self.signature
            .verify(key, labels::COUNTS, practice, &cbor::encode(&self.counts))?;
        Ok(&self.counts)
    }
}
