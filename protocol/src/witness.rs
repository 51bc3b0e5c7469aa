//! What a log asks of a witness, and what a witness answers (C2SP tlog-witness, `add-checkpoint`).
//!
//! ```text
//! old 20852014                     size of the checkpoint that the witness cosigned last
//! PlRNCrwHpqhGrupue0L7gxbjbMiK…    the consistency proof from there
//!
//! relay.example/2c26…              the new checkpoint, as a signed note
//! …
//! ```
//!
//! [`AddCheckpoint`] is what arrived. [`consider`] is the whole of a witness's judgement, without IO: whoever calls it makes the
//! answer durable before it is given, and one at a time for each log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{
    CheckpointError, KeyKind, MAX_NOTE_BYTES, SignedCheckpoint, VerifiedCheckpoint, VerifierKey,
};
use crate::ids::{Hash, PracticeId};
use crate::tree::{EMPTY_ROOT, MAX_PROOF, is_consistent};

/// Longest request, in bytes: the old size, 63 hashes in base64, and a note.
pub const MAX_REQUEST_BYTES: usize = 32 + MAX_PROOF * 45 + MAX_NOTE_BYTES;

/// A request to cosign a checkpoint, unverified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness is thought to have cosigned last; 0 where it has none.
    pub old: u64,
    /// The consistency proof (RFC 6962 §2.1.2), at most [`MAX_PROOF`] hashes.
    pub proof: Vec<Hash>,
    /// The checkpoint to cosign.
    pub checkpoint: SignedCheckpoint,
}

/// Which logs a witness follows: one by its key, or all practices of a relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedLog(VerifierKey);

/// Why a witness does not cosign. Each has a status of HTTP.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The request is not of the form that tlog-witness gives it.
    #[error("this is no add-checkpoint request: {0}")]
    Malformed(&'static str),
    /// The checkpoint in it is not.
    #[error("{0}")]
    Note(CheckpointError),
    /// The witness does not follow this log.
    #[error("this witness does not follow this log; ask its operator to add the log's key")]
    UnknownLog,
    /// No signature on the checkpoint is by the log's key, or one that claims to be is false.
    #[error("the checkpoint is not signed by the key that this witness knows the log by: {0}")]
    Unsigned(CheckpointError),
    /// The old size is above the new one.
    #[error("the old size is above the checkpoint's; a log never shrinks")]
    Backwards,
    /// The witness has cosigned another size last: this one.
    #[error("the checkpoint that was cosigned last has the size {0}; send the proof from there")]
    Conflict(u64),
    /// The proof does not show that the log only grew.
    #[error("the proof does not show that the log has only grown")]
    Inconsistent,
}

impl Refusal {
    /// The status that tlog-witness gives it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Note(_) | Self::Backwards => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl AddCheckpoint {
    /// Reads a request; there is one way to write each.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::Note`].
    pub fn parse(request: &[u8]) -> Result<Self, Refusal> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(Refusal::Malformed("it is longer than any can be"));
        }
        let text = std::str::from_utf8(request).map_err(|_| Refusal::Malformed("it is not UTF-8"))?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(Refusal::Malformed("no empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| number(line.strip_prefix("old ")?))
            .ok_or(Refusal::Malformed("it does not begin with \"old\" and a size"))?;
        let proof: Vec<Hash> = lines
            .map(|line| Hash::from_slice(&STANDARD.decode(line).ok()?))
            .collect::<Option<_>>()
            .ok_or(Refusal::Malformed(
                "a line of the proof is not a hash of 32 bytes in base64",
            ))?;
        if proof.len() > MAX_PROOF {
            return Err(Refusal::Malformed("its proof has more than 63 hashes"));
        }
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(Refusal::Note)?;
        Ok(Self {
            old,
            proof,
            checkpoint,
        })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash.0))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl TrustedLog {
    /// A log by its verifier key: one log, where the key's name is its origin; every practice of a relay, where the name is the
    /// relay's, since a practice's origin is the relay's name, a slash and the practice's id. `None` for a witness's key.
    pub fn new(key: VerifierKey) -> Option<Self> {
        (key.kind() == KeyKind::Ed25519).then_some(Self(key))
    }

    /// Whether the log of this origin is meant.
    pub fn is(&self, origin: &str) -> bool {
        let practice = |rest: &str| {
            rest.strip_prefix('/')
                .is_some_and(|id| PracticeId::from_hex(id).is_some_and(|read| read.to_string() == id))
        };
        origin
            .strip_prefix(self.0.name())
            .is_some_and(|rest| rest.is_empty() || practice(rest))
    }
}

/// Whether a witness cosigns, given the size and root of what it cosigned last for that log: what it cosigns then.
///
/// # Errors
/// [`Refusal`].
pub fn consider(
    logs: &[TrustedLog],
    last: Option<(u64, Hash)>,
    request: &AddCheckpoint,
) -> Result<VerifiedCheckpoint, Refusal> {
    let checkpoint = request.checkpoint.checkpoint();
    let (size, root) = (checkpoint.size(), checkpoint.root());
    let mut verdict = Err(Refusal::UnknownLog);
    let known = logs.iter().filter(|log| log.is(checkpoint.origin()));
    for key in known.filter_map(|log| log.0.ed25519()) {
        match request.checkpoint.verify(checkpoint.origin(), key) {
            Ok(verified) => verdict = Ok(verified),
            // A line that claims to be by a key that is trusted, and is not, spoils the note.
            Err(error @ CheckpointError::BadSignature(_)) => return Err(Refusal::Unsigned(error)),
            Err(error) if verdict.is_err() => verdict = Err(Refusal::Unsigned(error)),
            Err(_) => {}
        }
    }
    let verified = verdict?;
    if request.old > size {
        return Err(Refusal::Backwards);
    }
    let (old, old_root) = last.unwrap_or((0, EMPTY_ROOT));
    if request.old != old {
        return Err(Refusal::Conflict(old));
    }
    if is_consistent(old, &old_root, size, root, &request.proof) {
        Ok(verified)
    } else {
        Err(Refusal::Inconsistent)
    }
}

/// A decimal number without sign or leading zeroes.
fn number(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests;
