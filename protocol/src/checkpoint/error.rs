//! What can be wrong with a signed checkpoint.

/// A checkpoint that is refused. Whoever sent it is at fault: the relay, or for a cosignature its witness.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The note is longer than [`MAX_NOTE_BYTES`](super::MAX_NOTE_BYTES).
    #[error("the checkpoint is longer than 64 KiB; send fewer cosignatures")]
    TooLong,
    /// The note is not UTF-8.
    #[error("the checkpoint is not UTF-8 text; send a C2SP signed note")]
    NotUtf8,
    /// The note has a control character other than a newline, such as the carriage return of CRLF.
    #[error("the checkpoint has a control character; end its lines with a newline alone")]
    ControlCharacter,
    /// There is no blank line, or no signature after it.
    #[error("the checkpoint carries no signature; have the ledger key sign it")]
    Unsigned,
    /// The last line has no newline: the end may be missing.
    #[error("the checkpoint's last line is not ended; it was cut short, ask for it again")]
    Unterminated,
    /// There are more signatures than [`MAX_SIGNATURES`](super::MAX_SIGNATURES).
    #[error("the checkpoint carries more than 32 signatures; send only those of configured witnesses")]
    TooManySignatures,
    /// A signature line is not `— <name> <base64>`.
    #[error("a signature line is not of the form \"— name signature\"; send a C2SP signed note")]
    SignatureLine,
    /// A key's name or an origin is empty, too long, or has a space, a control character or a plus sign.
    #[error(
        "a name or origin is empty, too long, or has spaces or plus signs; use a host and path such as relay.example/x"
    )]
    Name,
    /// Base64 (RFC 4648 §4) that is not as the encoder would have written it.
    #[error("the root or a signature is not standard base64 with padding; send it as the encoder wrote it")]
    Base64,
    /// There are fewer than three lines of text.
    #[error("the text is not origin, size and root on three lines; send a C2SP checkpoint")]
    Body,
    /// There are lines after the root.
    #[error("the checkpoint has extension lines, which nothing here can check; send it without")]
    Extension,
    /// The size is not a plain decimal number of 64 bits.
    #[error("the size is not a decimal number below 2^64 without leading zeroes")]
    Size,
    /// The root is not 32 bytes.
    #[error("the root is not a SHA-256 hash of 32 bytes")]
    Root,
    /// It is another ledger's checkpoint.
    #[error("the checkpoint is of \"{found}\", not of \"{expected}\"; do not trust it for this ledger")]
    WrongOrigin {
        /// The origin asked for.
        expected: String,
        /// The origin in the text.
        found: String,
    },
    /// No signature is by the key asked for.
    #[error("no signature is by the key of \"{0}\"; if the key was turned, sync the roster first")]
    UnknownKey(String),
    /// A signature that names the key asked for does not verify.
    #[error("a signature in the name of \"{0}\" is forged or damaged; do not trust the checkpoint")]
    BadSignature(String),
    /// A cosignature's time is above 2^63 - 1 seconds.
    #[error("the cosignature's time is beyond what tlog-cosignature allows; check the witness's clock")]
    Timestamp,
}
