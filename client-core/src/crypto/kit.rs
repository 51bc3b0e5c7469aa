//! A recovery kit: 24 printed words that are a device of their member, like any other but made of paper.
//!
//! ```text
//! entropy (256 random bits) ──BIP-39──> 24 words, in English or Chinese
//!                           ──HKDF────> Ed25519 key, X-Wing key, X-Wing key for what is sensitive
//! ```
//!
//! The words are the whole secret. They are not stretched (BIP-39's PBKDF2 is not used): stretching buys time against
//! guessing what a person chose, and 256 bits that nobody chose are not guessed. The keys come from the entropy, never
//! from the text, so a kit is the same device in either language.

mod error;
mod words;

use bip39::Mnemonic;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use troth_protocol::ids::{DeviceId, MemberId, PracticeId};
use troth_protocol::keys::{self, Class, DeviceKeys, SealingKey};
use troth_protocol::labels;
use troth_protocol::signature::{self, Signature};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::sealing::SealingSecret;
use super::signing::SigningSecret;

pub use error::KitError;
pub use words::{MAX_KIT_TEXT, WORDS, WordList};

/// The secret of a recovery kit; it erases itself when dropped. Boxed, so that moving it leaves no copy behind.
#[derive(Clone)]
pub struct Kit(Box<Zeroizing<[u8; 32]>>);

impl ZeroizeOnDrop for Kit {}

super::redacted_debug!(Kit, KitDevice);

impl Kit {
    /// A new kit.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Box::new(super::random_key(rng)))
    }

    /// The [`WORDS`] words in a language, in order, one space between any two. Erased when dropped.
    #[expect(clippy::expect_used, reason = "BIP-39 refuses only other lengths of entropy")]
    pub fn words(&self, list: WordList) -> Zeroizing<String> {
        let mnemonic = Mnemonic::from_entropy_in(list.language(), self.0.as_slice()).expect("32 bytes");
        words::joined(mnemonic.words())
    }

    /// Reads the words as a person types, pastes or scans them: in either language, in upper or lower case, full or half
    /// width, with any spaces, commas and numbers between them; English words may be cut after their fourth letter, by
    /// which BIP-39 tells them apart, and Chinese ones may stand together.
    ///
    /// # Errors
    /// What is wrong, and with which word.
    pub fn parse(text: &str) -> Result<Self, KitError> {
        let read = words::read(text)?;
        if read.count != WORDS {
            return Err(KitError::Count(read.count));
        }
        // The words are all in the list, and there are 24 of them.
        let mnemonic = Mnemonic::parse_in_normalized(read.list.language(), &read.text)
            .map_err(|_| KitError::Checksum)?;
        let entropy = Zeroizing::new(mnemonic.to_entropy_array().0);
        let mut kit = Box::new(Zeroizing::new([0; 32]));
        kit.copy_from_slice(&entropy[..32]);
        Ok(Self(kit))
    }

    /// How many words a text holds so far, for those who are asked for a line at a time.
    ///
    /// # Errors
    /// A word is in no list, there are more than [`WORDS`], or the text is too long.
    pub fn count(text: &str) -> Result<usize, KitError> {
        match words::read(text)?.count {
            count @ ..=WORDS => Ok(count),
            count => Err(KitError::Count(count)),
        }
    }

    /// The device that the kit is, with its keys. The same for the same words, always.
    #[expect(clippy::expect_used, reason = "every X-Wing public key has the one length")]
    pub fn device(&self) -> KitDevice {
        let signing = super::keys::kit_signing(&self.0);
        let general = super::keys::kit_sealing(&self.0, Class::General);
        let sensitive = super::keys::kit_sealing(&self.0, Class::Sensitive);
        let public = |secret: &SealingSecret| {
            SealingKey::x_wing(&secret.public().to_bytes()).expect("an X-Wing public key")
        };
        let keys = DeviceKeys {
            algorithm: keys::ED25519,
            signing: signing.verifying_key(),
            sealing: public(&general),
            sensitive: public(&sensitive),
        };
        KitDevice {
            signing,
            general,
            sensitive,
            keys,
        }
    }

    /// Whether these words are the kit that stands in the roster under this id. In constant time.
    pub fn is(&self, device: &DeviceId) -> bool {
        self.device().keys.id().as_bytes().ct_eq(device.as_bytes()).into()
    }
}

impl PartialEq for Kit {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for Kit {}

/// A kit as a device: its secrets, and the public keys that the roster knows it by.
#[derive(Clone)]
pub struct KitDevice {
    /// Signs its statements.
    pub signing: SigningSecret,
    /// Opens what is sealed to it.
    pub general: SealingSecret,
    /// Opens what is sealed to it and sensitive.
    pub sensitive: SealingSecret,
    /// The public halves. Their id is the device's.
    pub keys: DeviceKeys,
}

impl KitDevice {
    /// The device's id.
    pub fn id(&self) -> DeviceId {
        self.keys.id()
    }

    /// The kit's signature over the practice and the member that it recovers, which enrols it (rule R21). Deterministic
    /// (RFC 8032), so that the words alone make it again and a kit recognises its practice by it.
    pub fn proof(&self, practice: &PracticeId, member: &MemberId) -> Signature {
        let message = signature::message(labels::DEVICE_PROOF, practice, member.as_bytes());
        Signature::Ed25519(self.signing.sign(&message))
    }
}

#[cfg(test)]
mod tests;
