//! Every label that separates one use of a hash or a signature from another. None is a prefix of another.

/// Prefix of everything that is signed: the protocol and its version.
pub const SIGNED: &[u8] = b"troth/1/";
/// Context of a statement's signature.
pub const STATEMENT: &[u8] = b"statement";
/// Context of a new device's own signature over the member it joins.
pub const DEVICE_PROOF: &[u8] = b"device-proof";
/// Context of the relay's signature over a handshake transcript.
pub const CHALLENGE: &[u8] = b"challenge";
/// Context of the relay's signature over stream counts.
pub const COUNTS: &[u8] = b"counts";
/// Context of a new ledger key's own signature over the practice it takes over.
pub const LEDGER_PROOF: &[u8] = b"ledger-proof";
/// Context of a newcomer's signature over the member's keys that its device made.
pub const NEWCOMER: &[u8] = b"newcomer";
/// Context of a signature under a note.
pub const NOTE: &[u8] = b"note";
/// Context of a signature under a note that names the case, the lane and the document that it is for.
pub const CASE_NOTE: &[u8] = b"case-note";
/// Context of a client's signature under a consent.
pub const CONSENT: &[u8] = b"consent";
/// Context of a signature under a consent that names the case and the document that it is for.
pub const CASE_CONSENT: &[u8] = b"case-consent";

/// Context of a client's signature over what they send through an intake link.
pub const INTAKE: &[u8] = b"intake";
/// Context of a client's signature over the consents that they give or withdraw through an intake link.
pub const CLIENT_CONSENT: &[u8] = b"client-consent";

/// Hash label: a device's id from its public keys.
pub const DEVICE_ID: &[u8] = b"troth/1/device-id\0";
/// Hash label: a handshake transcript.
pub const TRANSCRIPT: &[u8] = b"troth/1/transcript\0";
/// Hash label: what a ledger is called from a resumption on.
pub const RESUMED: &[u8] = b"troth/1/resumed\0";
/// Hash label: the digest of stream counts.
pub const STREAM_COUNTS: &[u8] = b"troth/1/stream-counts\0";
