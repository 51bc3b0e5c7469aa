//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce in front: `nonce (24) ‖ ciphertext ‖ tag (16)`.
//!
//! 24 bytes are enough to draw nonces at random without counting them: 2^80 messages under one key collide with
//! probability 2^-32.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::error::OpenError;

/// Length of the nonce, bytes.
pub(super) const NONCE: usize = 24;
/// Length of the tag, bytes.
pub(super) const TAG: usize = 16;

/// A cipher for many messages under one key.
pub(super) fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// Encrypts `sealed[NONCE..]` where it stands, fills in the nonce before it and appends the tag.
///
/// `sealed` starts with `NONCE` bytes of room, whatever they hold; the plaintext follows.
#[expect(
    clippy::expect_used,
    reason = "the cipher refuses only plaintexts above 256 GiB, which no `Vec` here reaches"
)]
pub(super) fn seal_in_place(
    cipher: &XChaCha20Poly1305,
    rng: &mut impl CryptoRng,
    aad: &[u8],
    sealed: &mut Vec<u8>,
) {
    let (nonce, plaintext) = sealed.split_at_mut(NONCE);
    rng.fill_bytes(nonce);
    let mut array = XNonce::default();
    array.copy_from_slice(nonce);
    let tag = cipher
        .encrypt_inout_detached(&array, aad, plaintext.into())
        .expect("plaintext below 256 GiB");
    sealed.extend_from_slice(&tag);
}

/// Seals `plaintext` under `key`: `nonce ‖ ciphertext ‖ tag`.
pub(super) fn seal(key: &[u8; 32], rng: &mut impl CryptoRng, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(NONCE + plaintext.len() + TAG);
    sealed.resize(NONCE, 0);
    sealed.extend_from_slice(plaintext);
    seal_in_place(&cipher(key), rng, aad, &mut sealed);
    sealed
}

/// Opens what [`seal_in_place`] made.
///
/// # Errors
/// [`OpenError::Length`] below `NONCE + TAG` bytes, [`OpenError::Authentication`] otherwise.
pub(super) fn open_with(
    cipher: &XChaCha20Poly1305,
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let short = OpenError::Length(sealed.len());
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(short)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(short)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    cipher
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            aad,
            plaintext.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .map_err(|_| OpenError::Authentication)?;
    Ok(plaintext)
}

/// Opens what [`seal`] made under `key`.
///
/// # Errors
/// As [`open_with`].
pub(super) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_with(&cipher(key), aad, sealed)
}
