//! Sealing to a public key: HPKE (RFC 9180), single-shot, with the X-Wing KEM (X25519 + ML-KEM-768,
//! draft-connolly-cfrg-xwing-kem; KEM id 0x647a), HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! Base and PSK mode only. X-Wing has no authenticated mode (the library panics if asked for one): who sealed something
//! is shown by the signature on the statement that carries it.

use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use troth_protocol::ids::Hash;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::error::{OpenError, SealError};

/// Length of an encoded public key, bytes.
pub const PUBLIC_KEY: usize = 1216;
/// Length of the encapsulated key that starts everything sealed, bytes.
pub const ENCAPSULATED_KEY: usize = 1120;
/// How much longer than its plaintext something sealed is, bytes: encapsulated key and tag.
pub const SEALED_OVERHEAD: usize = ENCAPSULATED_KEY + 16;
/// The most that `info` and a pre-shared key's id may have together, bytes. RFC 9180 allows more; contexts here are short
/// labels, and the library panics near 64 KiB.
pub const MAX_INFO: usize = 1024;

/// The secret half of an X-Wing key: a 32-byte seed.
///
/// Boxed, so that moving it leaves no copy behind; the library's key erases itself when dropped.
#[derive(Clone)]
pub struct SealingSecret(Box<<XWing as Kem>::PrivateKey>);

impl ZeroizeOnDrop for SealingSecret {}

super::redacted_debug!(SealingSecret, Psk);

impl SealingSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_bytes(&super::random_key(rng))
    }

    /// The key of a 32-byte seed; every seed is one.
    #[expect(
        clippy::expect_used,
        reason = "the library refuses only other lengths than 32"
    )]
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(Box::new(
            Deserializable::from_bytes(seed).expect("a 32-byte seed"),
        ))
    }

    /// The seed, to be kept under a vault or sealed to somebody.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        self.0.write_exact(seed.as_mut());
        seed
    }

    /// The public half.
    pub fn public(&self) -> SealingPublic {
        SealingPublic(Box::new(XWing::sk_to_pk(&self.0)))
    }
}

impl PartialEq for SealingSecret {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SealingSecret {}

/// The public half of an X-Wing key, 1216 bytes encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingPublic(Box<<XWing as Kem>::PublicKey>);

impl SealingPublic {
    /// Reads an encoded key; `None` unless it is 1216 bytes and its ML-KEM half passes the modulus check (FIPS 203,
    /// section 7.2).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Deserializable::from_bytes(bytes)
            .ok()
            .map(|key| Self(Box::new(key)))
    }

    /// The encoded key.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY] {
        let mut bytes = [0; PUBLIC_KEY];
        self.0.write_exact(&mut bytes);
        bytes
    }
}

impl fmt::Debug for SealingPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingPublic(sha256 {})", Hash::of(&[&self.to_bytes()]))
    }
}

/// A pre-shared key for HPKE's PSK mode, with the name both sides know it by.
///
/// RFC 9180 (sections 5.1.2, 9.5) asks for 32 bytes of entropy, so that nobody can search for the key. Link codes carry 16
/// random bytes, stretched here to 32: 2^128 guesses are out of reach, and 16 bytes are what a person can type.
#[derive(ZeroizeOnDrop)]
pub struct Psk {
    key: [u8; 32],
    #[zeroize(skip)]
    id: [u8; 16],
}

impl Psk {
    pub(super) fn new(key: [u8; 32], id: [u8; 16]) -> Self {
        Self { key, id }
    }

    /// A key and its name from outside. `key` must be uniform, or derived from at least 16 uniform bytes.
    pub fn from_bytes(key: &[u8; 32], id: &[u8; 16]) -> Self {
        Self { key: *key, id: *id }
    }

    /// The name both sides know the key by; not a secret.
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    #[expect(
        clippy::expect_used,
        reason = "RFC 9180 refuses only a key without a name, or a name without a key"
    )]
    fn bundle(&self) -> PskBundle<'_> {
        PskBundle::new(&self.key, &self.id).expect("neither is empty")
    }
}

/// Seals `plaintext` to `to` in Base mode: `encapsulated key (1120) ‖ ciphertext ‖ tag (16)`. `info` says what it is for
/// and `aad` where it belongs; opening needs both again.
///
/// # Errors
/// [`SealError::InfoTooLong`] above [`MAX_INFO`] bytes of `info`.
pub fn seal(
    rng: &mut impl CryptoRng,
    to: &SealingPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal_in(&OpModeS::Base, info.len(), rng, to, info, aad, plaintext)
}

/// As [`seal`], in PSK mode: opens only for whoever has `psk` as well, and shows them that its sealer had it.
///
/// # Errors
/// [`SealError::InfoTooLong`] above [`MAX_INFO`] bytes of `info` and the key's id.
pub fn seal_psk(
    rng: &mut impl CryptoRng,
    to: &SealingPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    psk: &Psk,
) -> Result<Vec<u8>, SealError> {
    seal_in(
        &OpModeS::Psk(psk.bundle()),
        info.len() + psk.id.len(),
        rng,
        to,
        info,
        aad,
        plaintext,
    )
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`OpenError::Length`] or [`OpenError::Authentication`].
pub fn open(
    secret: &SealingSecret,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_in(&OpModeR::Base, info.len(), secret, info, aad, sealed)
}

/// Opens what [`seal_psk`] made.
///
/// # Errors
/// [`OpenError::Length`] or [`OpenError::Authentication`].
pub fn open_psk(
    secret: &SealingSecret,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
    psk: &Psk,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_in(
        &OpModeR::Psk(psk.bundle()),
        info.len() + psk.id.len(),
        secret,
        info,
        aad,
        sealed,
    )
}

#[expect(
    clippy::expect_used,
    reason = "X-Wing encapsulates to every valid key; a single message is below every limit"
)]
fn seal_in(
    mode: &OpModeS<'_, XWing>,
    context: usize,
    rng: &mut impl CryptoRng,
    to: &SealingPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    if context > MAX_INFO {
        return Err(SealError::InfoTooLong(context));
    }
    let (key, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        mode, &to.0, info, plaintext, aad, rng,
    )
    .expect("a valid public key and a first message");
    let mut sealed = Vec::with_capacity(ENCAPSULATED_KEY + ciphertext.len());
    sealed.extend_from_slice(&key.to_bytes());
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn open_in(
    mode: &OpModeR<'_, XWing>,
    context: usize,
    secret: &SealingSecret,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let length = OpenError::Length(sealed.len());
    if sealed.len() < SEALED_OVERHEAD || context > MAX_INFO {
        return Err(length);
    }
    let (key, ciphertext) = sealed.split_at(ENCAPSULATED_KEY);
    let key = <XWing as Kem>::EncappedKey::from_bytes(key).map_err(|_| length)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        mode, &secret.0, &key, info, ciphertext, aad,
    )
    .map(Zeroizing::new)
    .map_err(|_| OpenError::Authentication)
}

#[cfg(test)]
mod tests;
