//! A document's payloads: XChaCha20-Poly1305 under the epoch's payload key, bound to their place in the ledger.
//!
//! ```text
//! payload   = nonce (24, random) ‖ ciphertext ‖ tag (16)
//! plaintext = length (4, little-endian) ‖ codec (1) ‖ content (length) ‖ zeros up to the padded length
//! ```
//!
//! The padded length is the whole plaintext's; one content has one. Content is deflated (RFC 1951) only where that makes
//! the padded plaintext shorter, so small edits are never compressed. What compression still tells an observer is the
//! size bucket.

mod compression;
mod padding;

use chacha20poly1305::XChaCha20Poly1305;
use rand_core::CryptoRng;
use troth_protocol::ids::{DeviceId, DocumentId, PracticeId};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::document::EpochKey;
use super::error::{OpenError, SealError};
use super::{aead, keys};
use padding::FLOOR;
pub use padding::padme;

/// The largest content, bytes, before and after compression: a generous snapshot, and what a phone can hold twice.
pub const MAX_CONTENT: usize = 8 << 20;
/// The longest payload that [`encrypt`] makes and [`decrypt`] looks at, bytes.
pub const MAX_SEALED_CONTENT: usize = aead::NONCE + padme(HEADER + MAX_CONTENT) + aead::TAG;

const HEADER: usize = 5;
const RAW: u8 = 0;
const DEFLATE: u8 = 1;

/// Where a payload belongs: all of it is authenticated with the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadContext {
    /// The practice.
    pub practice: PracticeId,
    /// The document.
    pub document: DocumentId,
    /// The epoch whose key encrypts it.
    pub epoch: u64,
    /// The device that wrote it.
    pub author: DeviceId,
    /// The author's count of its statements in the document.
    pub sequence: u64,
    /// The kind of the statement that carries it, by its number.
    pub kind: u8,
}

impl PayloadContext {
    /// `practice (32) ‖ document (16) ‖ epoch (8) ‖ author (32) ‖ sequence (8) ‖ kind (1)`; numbers are big-endian.
    fn encode(&self) -> [u8; 97] {
        let mut out = [0; 97];
        out[..32].copy_from_slice(self.practice.as_bytes());
        out[32..48].copy_from_slice(self.document.as_bytes());
        out[48..56].copy_from_slice(&self.epoch.to_be_bytes());
        out[56..88].copy_from_slice(self.author.as_bytes());
        out[88..96].copy_from_slice(&self.sequence.to_be_bytes());
        out[96] = self.kind;
        out
    }
}

/// An epoch's cipher with its payload key derived once: for many payloads of one epoch.
#[derive(Clone)]
pub struct DocumentCipher(XChaCha20Poly1305);

impl ZeroizeOnDrop for DocumentCipher {}

super::redacted_debug!(DocumentCipher);

impl DocumentCipher {
    /// The cipher of an epoch.
    pub fn new(key: &EpochKey) -> Self {
        Self(aead::cipher(&keys::payload(key.expose())))
    }

    /// Compresses where it pays, pads and encrypts.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`MAX_CONTENT`] bytes.
    pub fn encrypt(
        &self,
        rng: &mut impl CryptoRng,
        context: &PayloadContext,
        content: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut sealed = layout(content)?;
        aead::seal_in_place(&self.0, rng, &context.encode(), &mut sealed);
        Ok(sealed)
    }

    /// Decrypts, checks the padding and decompresses.
    ///
    /// # Errors
    /// [`OpenError::Length`] or [`OpenError::Authentication`] for what the author's device did not make; the others for what
    /// it made wrongly.
    pub fn decrypt(&self, context: &PayloadContext, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        if sealed.len() > MAX_SEALED_CONTENT {
            return Err(OpenError::Length(sealed.len()));
        }
        content(&aead::open_with(&self.0, &context.encode(), sealed)?)
    }
}

/// [`DocumentCipher::encrypt`] for a single payload.
///
/// # Errors
/// [`SealError::TooLong`] above [`MAX_CONTENT`] bytes.
pub fn encrypt(
    rng: &mut impl CryptoRng,
    key: &EpochKey,
    context: &PayloadContext,
    content: &[u8],
) -> Result<Vec<u8>, SealError> {
    DocumentCipher::new(key).encrypt(rng, context, content)
}

/// [`DocumentCipher::decrypt`] for a single payload.
///
/// # Errors
/// As there.
pub fn decrypt(key: &EpochKey, context: &PayloadContext, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    DocumentCipher::new(key).decrypt(context, sealed)
}

/// Room for a nonce, then the plaintext, with room for a tag.
pub(super) fn layout(content: &[u8]) -> Result<Vec<u8>, SealError> {
    if content.len() > MAX_CONTENT {
        return Err(SealError::TooLong {
            found: content.len(),
            limit: MAX_CONTENT,
        });
    }
    let raw = padme(HEADER + content.len());
    let deflated = if raw > FLOOR {
        compression::deflate(content)
    } else {
        None
    };
    let (codec, body, padded) = match deflated.as_deref() {
        Some(body) if padme(HEADER + body.len()) < raw => {
            (DEFLATE, body.as_slice(), padme(HEADER + body.len()))
        }
        _ => (RAW, content, raw),
    };
    let length = u32::try_from(body.len()).map_err(|_| SealError::TooLong {
        found: body.len(),
        limit: MAX_CONTENT,
    })?;
    let mut out = Vec::with_capacity(aead::NONCE + padded + aead::TAG);
    out.resize(aead::NONCE, 0);
    out.extend_from_slice(&length.to_le_bytes());
    out.push(codec);
    out.extend_from_slice(body);
    out.resize(aead::NONCE + padded, 0);
    Ok(out)
}

/// Reads an authenticated plaintext: the reverse of [`layout`], and strict.
pub(super) fn content(plaintext: &Zeroizing<Vec<u8>>) -> Result<Vec<u8>, OpenError> {
    let (length, rest) = plaintext.split_first_chunk::<4>().ok_or(OpenError::Padding)?;
    let (codec, rest) = rest.split_first().ok_or(OpenError::Padding)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| OpenError::Padding)?;
    let (body, padding) = rest.split_at_checked(length).ok_or(OpenError::Padding)?;
    if length > MAX_CONTENT {
        return Err(OpenError::TooLarge);
    }
    if plaintext.len() != padme(HEADER + length) || padding.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Padding);
    }
    match *codec {
        RAW => Ok(body.to_vec()),
        DEFLATE => compression::inflate(body, MAX_CONTENT),
        other => Err(OpenError::Codec(other)),
    }
}

/// Reads what was padded to `floor` bytes where it would have been shorter: whatever is short is then of one length.
pub(super) fn content_padded_to(plaintext: &Zeroizing<Vec<u8>>, floor: usize) -> Result<Vec<u8>, OpenError> {
    let (length, _) = plaintext.split_first_chunk::<4>().ok_or(OpenError::Padding)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| OpenError::Padding)?;
    let own = padme(length.saturating_add(HEADER));
    if plaintext.len() != floor || own >= floor {
        return content(plaintext);
    }
    let (inner, padding) = plaintext.split_at_checked(own).ok_or(OpenError::Padding)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Padding);
    }
    content(&Zeroizing::new(inner.to_vec()))
}

/// [`layout`] without room for a nonce, and no shorter than `floor` bytes.
pub(super) fn padded_to(content: &[u8], floor: usize) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let mut padded = Zeroizing::new(layout(content)?.split_off(aead::NONCE));
    if padded.len() < floor {
        padded.resize(floor, 0);
    }
    Ok(padded)
}

/// Whether an opened payload is laid out as one may be.
pub(crate) fn is_layout(plaintext: &[u8]) -> bool {
    content(&Zeroizing::new(plaintext.to_vec())).is_ok()
}

#[cfg(test)]
mod tests;
