//! The code that invites somebody into a practice: sent by whatever way, read by a program that knows nothing yet.
//!
//! ```text
//! code = relay's address ‖ "#" ‖ version (1) ‖ practice (32) ‖ inviter's device digest (20) ‖ secret (16) ‖ checksum (6),
//!        the latter in Crockford's base 32: 120 characters
//! ```
//!
//! Practice and inviter are learned from the code, never from the relay. The secret keeps everybody else out, but codes
//! travel by mail: so two people compare a [`super::ComparisonCode`] before anything is sealed to the newcomer.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use troth_protocol::ids::{DeviceId, Hash, PracticeId};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::code::{CodeError, DIGEST, LinkCode, SECRET};
use super::crockford::{self, Fault};
use super::keys;

const VERSION: u8 = 2;
const BODY: usize = 1 + PracticeId::LEN + DIGEST + SECRET;
const ENCODED: usize = BODY + 6;
const GROUP: usize = 5;
/// Longest relay address in a code, in bytes.
const RELAY: usize = 512;

/// The secret of an invitation, as the inviting device keeps it.
#[derive(Clone, ZeroizeOnDrop)]
pub struct InviteSecret([u8; SECRET]);

/// An invitation code.
#[derive(Clone)]
pub struct InviteCode {
    /// The relay's address, as the inviter reaches it.
    pub relay: String,
    /// The practice.
    pub practice: PracticeId,
    link: LinkCode,
}

super::redacted_debug!(InviteSecret, InviteCode);

impl InviteSecret {
    /// A new one.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut secret = [0; SECRET];
        rng.fill_bytes(&mut secret);
        Self(secret)
    }

    /// One that was kept.
    pub const fn from_bytes(bytes: &[u8; SECRET]) -> Self {
        Self(*bytes)
    }

    /// To be kept.
    pub const fn to_bytes(&self) -> [u8; SECRET] {
        self.0
    }
}

impl InviteCode {
    /// The code of an invitation by a device.
    pub fn new(relay: &str, practice: PracticeId, inviter: &DeviceId, secret: &InviteSecret) -> Self {
        Self {
            relay: relay.to_owned(),
            practice,
            link: LinkCode::with_secret(inviter, &secret.0),
        }
    }

    /// Reads a code.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        let (relay, code) = text.rsplit_once('#').ok_or(CodeError::NoRelay)?;
        let web = relay.starts_with("https://") || relay.starts_with("http://");
        if !web || relay.len() > RELAY || relay.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(CodeError::NoRelay);
        }
        let bytes = crockford::decode::<ENCODED>(code).map_err(|fault| match fault {
            Fault::Character(c) => CodeError::Character(c),
            Fault::Length(found) => CodeError::InviteLength(found),
        })?;
        let (body, check) = bytes.split_at(BODY);
        if check != checksum(relay, body) {
            return Err(CodeError::Mistyped);
        }
        let (version, rest) = body.split_at(1);
        let (practice, rest) = rest.split_at(PracticeId::LEN);
        let (digest, secret) = rest.split_at(DIGEST);
        let parts = (
            PracticeId::from_slice(practice),
            digest.try_into(),
            secret.try_into(),
        );
        match (version, parts) {
            ([VERSION], (Some(practice), Ok(digest), Ok(secret))) => Ok(Self {
                relay: relay.to_owned(),
                practice,
                link: LinkCode::from_parts(digest, secret),
            }),
            ([version], _) => Err(CodeError::Version(*version)),
            _ => Err(CodeError::Mistyped),
        }
    }

    /// The code, to be sent to whoever is invited.
    pub fn render(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; ENCODED]);
        let (digest, secret) = self.link.parts();
        bytes[0] = VERSION;
        bytes[1..=PracticeId::LEN].copy_from_slice(&self.practice.0);
        bytes[1 + PracticeId::LEN..][..DIGEST].copy_from_slice(digest);
        bytes[1 + PracticeId::LEN + DIGEST..BODY].copy_from_slice(secret);
        let check = checksum(&self.relay, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&check);
        let code = crockford::encode(bytes.as_slice(), GROUP);
        Zeroizing::new(format!("{}#{}", self.relay, code.as_str()))
    }

    /// The part of the code that leads two devices to each other: it names the inviter's device.
    pub const fn link(&self) -> &LinkCode {
        &self.link
    }

    /// What the roster's invitation commits to.
    pub fn commitment(&self) -> Hash {
        Hash::of(&[self.token().as_slice()])
    }

    /// What shows that somebody holds the code.
    pub fn token(&self) -> Zeroizing<[u8; 32]> {
        let (digest, secret) = self.link.parts();
        keys::invite_token(digest, secret)
    }
}

/// `SHA-256("troth/1/invite checksum" ‖ relay ‖ 0x00 ‖ body)`, its first 6 bytes.
fn checksum(relay: &str, body: &[u8]) -> [u8; 6] {
    let digest = Sha256::new()
        .chain_update(keys::INVITE_CHECKSUM)
        .chain_update(relay)
        .chain_update([0])
        .chain_update(body)
        .finalize();
    let mut out = [0; 6];
    out.copy_from_slice(&digest[..6]);
    out
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn code() -> InviteCode {
        let secret = InviteSecret::generate(&mut StdRng::seed_from_u64(1));
        InviteCode::new(
            "https://relay.example",
            PracticeId([7; 32]),
            &DeviceId([9; 32]),
            &secret,
        )
    }

    #[test]
    fn a_code_is_read_as_it_was_written() {
        let code = code();
        let shown = code.render();
        assert_eq!(
            shown.split('#').nth(1).map(|c| c.replace('-', "").len()),
            Some(120)
        );
        let read = InviteCode::parse(&format!("  {}\n", shown.to_lowercase())).unwrap();
        assert_eq!((&read.relay, read.practice), (&code.relay, code.practice));
        assert_eq!(read.link, code.link);
        assert_eq!(read.commitment(), code.commitment());
        assert!(read.link().names(&DeviceId([9; 32])));
    }

    #[test]
    fn a_code_for_another_relay_or_mistyped_is_not_taken() {
        let shown = code().render();
        let elsewhere = shown.replace("relay.example", "relay.examp1e");
        assert_eq!(InviteCode::parse(&elsewhere).err(), Some(CodeError::Mistyped));
        let at = shown.len() - 3;
        let letter = if &shown[at..=at] == "7" { "8" } else { "7" };
        let mistyped = format!("{}{letter}{}", &shown[..at], &shown[at + 1..]);
        assert_eq!(InviteCode::parse(&mistyped).err(), Some(CodeError::Mistyped));
        assert_eq!(InviteCode::parse("ABCDE").err(), Some(CodeError::NoRelay));
        assert!(matches!(
            InviteCode::parse("https://relay.example#ABCDE"),
            Err(CodeError::InviteLength(5))
        ));
    }
}
