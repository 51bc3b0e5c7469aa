//! Why something could not be sealed or opened, and who is to blame.

use thiserror::Error;

/// The caller asked to seal more than fits: a mistake in this program, nobody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The content is longer than its limit; both in bytes.
    #[error(
        "the content has {found} bytes and at most {limit} can be sealed: split it, or store it as an attachment"
    )]
    TooLong {
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The HPKE `info` and pre-shared key id together exceed [`super::MAX_INFO`] bytes.
    #[error("the sealing context has {0} bytes, above its limit: shorten it")]
    InfoTooLong(usize),
}

/// Why something sealed did not open.
///
/// The first two say nothing of who is at fault: damage, tampering, a wrong key and a wrong context look alike. The others
/// are reached only after authentication, so whoever held the key sealed what no correct client seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Shorter than the smallest sealed content, longer than the largest, or a context above its limit.
    #[error("the sealed data has an impossible length ({0} bytes): it was cut, or is something else")]
    Length(usize),
    /// The authentication tag does not match.
    #[error("the sealed data does not open: it was altered, or belongs to another key or place")]
    Authentication,
    /// What opened is not the key that the chain commits to.
    #[error("the sealed key opens, but is not the key that the record names: whoever sealed it is at fault")]
    WrongKey,
    /// The padding is not zero, or its length is not the one that the content calls for.
    #[error("the content's padding is wrong: its author's device is faulty or hostile")]
    Padding,
    /// The compression code is unknown.
    #[error("the content's codec {0} is unknown: update this program, or its author's device is faulty")]
    Codec(u8),
    /// The compressed content does not decompress to exactly its end.
    #[error("the content does not decompress: its author's device is faulty or hostile")]
    Inflate,
    /// The content decompresses to more than [`super::MAX_CONTENT`] bytes.
    #[error("the content decompresses to more than is allowed: its author's device is faulty or hostile")]
    TooLarge,
}
