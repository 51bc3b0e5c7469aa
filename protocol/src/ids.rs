//! Identifiers and digests. All are plain bytes; none says anything about a person.

use std::fmt;

use minicbor::bytes::ByteArray;
use sha2::{Digest, Sha256};

/// Declares a fixed-size byte identifier that encodes as a CBOR byte string and prints as lower-case hexadecimal.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The identifier's bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Reads an identifier from exactly as many bytes as it has; `None` for any other length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads lower-case hexadecimal; `None` for anything else.
            pub fn from_hex(text: &str) -> Option<Self> {
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
                Self::from_slice(&bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
                let bytes: ByteArray<$len> = d.decode_with(ctx)?;
                Ok(Self(bytes.into()))
            }
        }
    };
}

id!(
    /// A SHA-256 digest (FIPS 180-4).
    Hash, 32
);
id!(
    /// A practice: the SHA-256 of its genesis statement.
    PracticeId, 32
);
id!(
    /// A device: the SHA-256 of its public keys' encoding under [`crate::labels::DEVICE_ID`].
    DeviceId, 32
);
id!(
    /// A member: a random pseudonym.
    MemberId, 16
);
id!(
    /// A case: a random pseudonym.
    CaseId, 16
);
id!(
    /// A document: a random pseudonym.
    DocumentId, 16
);
id!(
    /// An invitation to join, or an intake link: a random pseudonym.
    InviteId, 16
);
id!(
    /// An Ed25519 public key (RFC 8032), 32 bytes.
    VerifyingKey, 32
);
id!(
    /// A value that is used once: chosen at random by whoever asks for proof of freshness.
    Nonce, 32
);

impl Hash {
    /// SHA-256 over the concatenation of `parts`.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut h = Sha256::new();
        for part in parts {
            h.update(part);
        }
        Self(h.finalize().into())
    }
}

impl PracticeId {
    /// The practice id under which a genesis statement is signed, before there is a practice.
    pub const ZERO: Self = Self([0; 32]);
}
