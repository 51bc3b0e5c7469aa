//! Which passphrases may protect a vault: NIST SP 800-63B-4, section 3.1.1.2. Length and a blocklist; no rules about
//! kinds of characters, no expiry, no hints.
//!
//! A vault is attacked offline, so what guessing tools try first is refused as well: passphrases made wholly of common
//! words, runs, repeats and keyboard walks (`patterns`). The whole passphrase is judged, never a part of it.
//!
//! Each Unicode code point counts as one character. The passphrase is taken as typed, without normalization: a vault is
//! unlocked on the device that made it, where the same keys give the same code points.

mod patterns;

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The fewest characters: SP 800-63B-4's least for a password that is the only factor.
pub const MIN_PASSPHRASE_CHARS: usize = 15;
/// The most bytes of UTF-8; room for any sentence, and a bound on what is hashed.
pub const MAX_PASSPHRASE_BYTES: usize = 1024;

/// The least that must be left once everything predictable counts as one character.
const MIN_SURPRISE: usize = 11;

const BLOCKLIST: &str = include_str!("passphrase/blocklist.txt");

/// A passphrase that may protect a vault. Erased when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Passphrase(String);

super::redacted_debug!(Passphrase);

/// Why a passphrase is refused, in words for whoever chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PassphraseFault {
    /// Fewer than [`MIN_PASSPHRASE_CHARS`] characters.
    #[error("this passphrase has {0} characters; use at least 15. Four or five unrelated words work well")]
    TooShort(usize),
    /// More than [`MAX_PASSPHRASE_BYTES`] bytes.
    #[error("this passphrase is too long; use at most 1,024 bytes, which is some 150 words")]
    TooLong,
    /// It is on the blocklist.
    #[error(
        "this passphrase is well known and would be guessed first; use words that only you would put together"
    )]
    Common,
    /// It is made of repeats, sequences, keyboard walks, common words or the user's own names.
    #[error(
        "this passphrase follows a pattern that is easily guessed; use four or five unrelated words instead"
    )]
    Predictable,
}

impl Passphrase {
    /// Judges a chosen passphrase. `personal` is what is known of the user anyway (their name, the practice's): it counts
    /// as common.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn new(text: &str, personal: &[&str]) -> Result<Self, PassphraseFault> {
        if text.len() > MAX_PASSPHRASE_BYTES {
            return Err(PassphraseFault::TooLong);
        }
        let chars = text.chars().count();
        if chars < MIN_PASSPHRASE_CHARS {
            return Err(PassphraseFault::TooShort(chars));
        }
        let mut folded = patterns::fold(text);
        let common = BLOCKLIST.lines().any(|line| patterns::fold(line) == folded);
        let surprise = patterns::surprise(text, personal);
        folded.zeroize();
        if common {
            Err(PassphraseFault::Common)
        } else if surprise < MIN_SURPRISE {
            Err(PassphraseFault::Predictable)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
