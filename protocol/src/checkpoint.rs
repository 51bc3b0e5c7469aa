//! Checkpoints: what a ledger's relay signs after each commit (C2SP tlog-checkpoint, in a C2SP signed note).
//!
//! ```text
//! relay.example/2c26…          origin: the relay, and the practice's id
//! 20852163                     size, in leaves
//! CsUYapGGPo4dkMgIAUqom/Xaj…   root
//!
//! — relay.example/2c26… Az3g…  the ledger key's signature
//! — witness.example/w1 jWbP…   witnesses' cosignatures (C2SP tlog-cosignature)
//! ```
//!
//! A [`SignedCheckpoint`] is what arrived; only its verifier makes a [`VerifiedCheckpoint`].
//! [`CompactCheckpoint`] carries the same signature in binary. The ledger key's name is always the origin, as
//! tlog-checkpoint recommends, so neither form need say more than the other.

mod compact;
mod cosignature;
mod error;
mod key;
mod ml_dsa;
mod note;
mod signed;

#[cfg(test)]
mod tests;

pub use compact::CompactCheckpoint;
pub use cosignature::{Cosignature, VerifiedCosignature};
pub use error::CheckpointError;
pub use key::{KeyKind, VerifierKey, VerifierKeyError, key_id};
pub use ml_dsa::MlDsaKey;
pub use note::{MAX_NAME_BYTES, MAX_NOTE_BYTES, MAX_SIGNATURES, SignatureLine, SignedNote};
pub use signed::{SignedCheckpoint, VerifiedCheckpoint};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::ids::{Hash, PracticeId};

/// The origin of a practice's ledger: `<relay>/<practice id in lower-case hexadecimal>`, where `relay` is the
/// relay's host, with `:port` where it is not 443.
pub fn ledger_origin(relay: &str, practice: &PracticeId) -> String {
    format!("{relay}/{practice}")
}

/// The origin of a ledger that was resumed after its relay had lost its end: the practice's, a slash, and what the resumption
/// calls it ([`crate::roster::Resumption`]).
pub fn resumed_origin(relay: &str, practice: &PracticeId, ledger: &PracticeId) -> String {
    format!("{relay}/{practice}/{ledger}")
}

/// A tree's size and root, under the name of its log. Nobody has signed it yet, or nobody has checked who
/// did.
///
/// Extension lines, which tlog-checkpoint allows and advises against, are refused.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// Invariant: a key name (C2SP signed-note), so that the log can sign under it.
    origin: String,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// The checkpoint of a tree of `size` leaves.
    ///
    /// # Errors
    /// [`CheckpointError::Name`] if the origin cannot be a key's name: it is empty, longer than
    /// [`MAX_NAME_BYTES`], or has Unicode spaces, control characters or plus signs.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        note::check_name(&origin)?;
        Ok(Self { origin, size, root })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The text that is signed: origin, size and root, each on a line that ends in a newline.
    pub fn note_body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.0)
        )
    }

    /// Reads the text that is signed; there is one way to write each checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Body`], [`CheckpointError::Extension`], [`CheckpointError::Name`],
    /// [`CheckpointError::Size`], [`CheckpointError::Base64`], [`CheckpointError::Root`].
    pub fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let mut lines = body.strip_suffix('\n').ok_or(CheckpointError::Body)?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Body);
        let (origin, size, root) = (line()?, line()?, line()?);
        if lines.next().is_some() {
            return Err(CheckpointError::Extension);
        }
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Base64)?;
        let root = Hash::from_slice(&root).ok_or(CheckpointError::Root)?;
        Self::new(origin, parse_size(size)?, root)
    }

    /// Signs with the ledger's key, under the origin's name.
    ///
    /// Nothing here remembers what was signed before: whoever signs must have made this size and root
    /// durable, and must never sign another root for the same size.
    pub fn sign(&self, key: &SigningKey) -> SignedCheckpoint {
        let public = crate::ids::VerifyingKey(key.verifying_key().to_bytes());
        SignedCheckpoint::assemble(self.clone(), &public, &self.sign_compact(key).signature)
    }

    /// Signs as [`sign`](Self::sign) does; what comes back is the binary form.
    pub fn sign_compact(&self, key: &SigningKey) -> CompactCheckpoint {
        let signature = key.sign(self.note_body().as_bytes()).to_bytes();
        CompactCheckpoint {
            size: self.size,
            root: self.root,
            signature,
        }
    }
}

/// A decimal number without sign or leading zeroes.
fn parse_size(digits: &str) -> Result<u64, CheckpointError> {
    let canonical = digits == "0" || !digits.starts_with('0');
    let size = if canonical && digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    };
    size.ok_or(CheckpointError::Size)
}
