//! DEFLATE (RFC 1951), bounded on the way back.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use zeroize::Zeroizing;

use crate::crypto::error::OpenError;

/// The content compressed, whether or not that made it shorter; `None` if the compressor failed.
pub(super) fn deflate(content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).ok()?;
    encoder.finish().ok().map(Zeroizing::new)
}

/// The content of at most `limit` bytes that `body`, to its last byte, compresses.
pub(super) fn inflate(body: &[u8], limit: usize) -> Result<Vec<u8>, OpenError> {
    let mut decoder = DeflateDecoder::new(body);
    let mut content = Vec::new();
    let one_too_many = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    (&mut decoder)
        .take(one_too_many)
        .read_to_end(&mut content)
        .map_err(|_| OpenError::Inflate)?;
    if content.len() > limit {
        return Err(OpenError::TooLarge);
    }
    if decoder.into_inner().is_empty() {
        Ok(content)
    } else {
        Err(OpenError::Inflate)
    }
}
