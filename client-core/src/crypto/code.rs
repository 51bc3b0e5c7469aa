//! The code that links a device: shown or printed by one device, scanned or typed into another.
//!
//! ```text
//! code = version (1) ‖ device digest (20) ‖ secret (16) ‖ checksum (3), in Crockford's base 32: 64 characters
//! ```
//!
//! The digest is the start of the device id, so whoever reads the code seals to that device's keys and no other's, whatever
//! the relay says; a second device with the same digest takes 2^160 work. The secret keeps everybody else out. The
//! checksum finds typing mistakes, all but one in 2^24; it protects nothing.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use troth_protocol::ids::DeviceId;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::crockford::{self, Fault};
use super::keys;
use super::sealing::Psk;

const VERSION: u8 = 1;
pub(super) const DIGEST: usize = 20;
pub(super) const SECRET: usize = 16;
const BODY: usize = 1 + DIGEST + SECRET;
const ENCODED: usize = BODY + 3;
const GROUP: usize = 5;

/// Where the answer to a link code waits on the relay: derived from the secret, and all that the relay sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxId(pub [u8; 16]);

/// Why a code is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Another number of characters than 64, hyphens and spaces not counted.
    #[error("this code has {0} characters and should have 64: type or scan all of it")]
    Length(usize),
    /// An invitation with another number of characters than 120 after its `#`, hyphens and spaces not counted.
    #[error("this invitation has {0} characters after its # and should have 120: copy all of it")]
    InviteLength(usize),
    /// An invitation without the relay's address.
    #[error("an invitation begins with the relay's address and has a # in it: copy all of it")]
    NoRelay,
    /// A character that codes do not have.
    #[error("codes do not have the character {0:?}: look at it again")]
    Character(char),
    /// The checksum does not match.
    #[error("this code was mistyped: compare it with the other device's and try again")]
    Mistyped,
    /// The code is of another version.
    #[error("this code was made by a newer version (format {0}): update this program")]
    Version(u8),
}

/// A link code. Single use; how long it lives is for whoever issued it to say.
#[derive(Clone, ZeroizeOnDrop)]
pub struct LinkCode {
    digest: [u8; DIGEST],
    secret: [u8; SECRET],
}

super::redacted_debug!(LinkCode);

impl LinkCode {
    /// A new code for a device's keys.
    pub fn new(rng: &mut impl CryptoRng, device: &DeviceId) -> Self {
        let mut secret = [0; SECRET];
        rng.fill_bytes(&mut secret);
        Self {
            digest: digest(device),
            secret,
        }
    }

    /// The code of a device with a secret that is kept already.
    pub(super) fn with_secret(device: &DeviceId, secret: &[u8; SECRET]) -> Self {
        Self {
            digest: digest(device),
            secret: *secret,
        }
    }

    /// A code from its parts, as another form of it carries them.
    pub(super) const fn from_parts(digest: [u8; DIGEST], secret: [u8; SECRET]) -> Self {
        Self { digest, secret }
    }

    pub(super) const fn parts(&self) -> (&[u8; DIGEST], &[u8; SECRET]) {
        (&self.digest, &self.secret)
    }

    /// Reads a code in either case, with or without hyphens and spaces, O for 0 and I or L for 1.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let bytes = crockford::decode::<ENCODED>(text).map_err(|fault| match fault {
            Fault::Character(c) => CodeError::Character(c),
            Fault::Length(found) => CodeError::Length(found),
        })?;
        let (body, check) = bytes.split_at(BODY);
        if check != checksum(body) {
            return Err(CodeError::Mistyped);
        }
        let mut code = Self {
            digest: [0; DIGEST],
            secret: [0; SECRET],
        };
        code.digest.copy_from_slice(&body[1..=DIGEST]);
        code.secret.copy_from_slice(&body[1 + DIGEST..]);
        if body[0] == VERSION {
            Ok(code)
        } else {
            Err(CodeError::Version(body[0]))
        }
    }

    /// The code in groups of five characters: 12 groups and one of four.
    pub fn render(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; ENCODED]);
        bytes[0] = VERSION;
        bytes[1..=DIGEST].copy_from_slice(&self.digest);
        bytes[1 + DIGEST..BODY].copy_from_slice(&self.secret);
        let check = checksum(&bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&check);
        crockford::encode(bytes.as_slice(), GROUP)
    }

    /// Whether this is the device that the code speaks of. Must be asked before anything is sealed to its keys.
    pub fn names(&self, device: &DeviceId) -> bool {
        self.digest.ct_eq(&digest(device)).into()
    }

    /// Where the answer waits.
    pub fn mailbox(&self) -> MailboxId {
        MailboxId(keys::link_mailbox(&self.digest, &self.secret))
    }

    /// The key that the answer is sealed with, besides the device's.
    pub fn psk(&self) -> Psk {
        keys::link_psk(&self.digest, &self.secret)
    }
}

impl PartialEq for LinkCode {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        (self.digest.ct_eq(&other.digest) & self.secret.ct_eq(&other.secret)).into()
    }
}

impl Eq for LinkCode {}

fn digest(device: &DeviceId) -> [u8; DIGEST] {
    let mut out = [0; DIGEST];
    out.copy_from_slice(&device.as_bytes()[..DIGEST]);
    out
}

/// `SHA-256("troth/1/link checksum" ‖ body)`, its first 3 bytes.
fn checksum(body: &[u8]) -> [u8; 3] {
    let digest = Sha256::new()
        .chain_update(keys::LINK_CHECKSUM)
        .chain_update(body)
        .finalize();
    [digest[0], digest[1], digest[2]]
}

#[cfg(test)]
mod tests;
