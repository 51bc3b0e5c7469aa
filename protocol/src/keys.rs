//! Public keys, and the names by which statements speak of keys.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, DocumentId, Hash, MemberId, VerifyingKey};
use crate::statement::Role;
use crate::{cbor, labels};

/// Algorithm tag of an X-Wing public key (X25519 + ML-KEM-768).
const X_WING: u8 = 1;
/// Length of an X-Wing public key, in bytes.
pub const X_WING_LEN: usize = 1216;
/// Algorithm tag of an Ed25519 device key. A hybrid would take the next number and carry a second key.
pub const ED25519: u8 = 1;

/// A public key that secrets are sealed to: an algorithm tag and the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealingKey(Box<[u8]>);

impl SealingKey {
    /// Tags an X-Wing public key of [`X_WING_LEN`] bytes; `None` for any other length.
    pub fn x_wing(key: &[u8]) -> Option<Self> {
        (key.len() == X_WING_LEN).then(|| {
            let mut tagged = Vec::with_capacity(1 + X_WING_LEN);
            tagged.push(X_WING);
            tagged.extend_from_slice(key);
            Self(tagged.into())
        })
    }

    /// The X-Wing key's bytes, without the tag.
    pub fn as_x_wing(&self) -> &[u8] {
        &self.0[1..]
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", Hash::of(&[&self.0]))
    }
}

impl<C> Encode<C> for SealingKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SealingKey {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        match d.bytes()? {
            [X_WING, key @ ..] if key.len() == X_WING_LEN => Ok(Self([&[X_WING], key].concat().into())),
            _ => Err(minicbor::decode::Error::message("unknown sealing key")),
        }
    }
}

/// Which of two apart key hierarchies a key belongs to. What is sensitive opens only after a second unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// Opened with the device's passphrase.
    #[n(0)]
    General,
    /// Opened with the second passphrase as well.
    #[n(1)]
    Sensitive,
}

impl Class {
    /// Both classes.
    pub const ALL: [Self; 2] = [Self::General, Self::Sensitive];
}

/// A device's public keys. Made on the device; the secret halves are never copied off it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceKeys {
    /// Signature algorithm: [`ED25519`].
    #[n(0)]
    pub algorithm: u8,
    /// Verifies the device's statements.
    #[n(1)]
    pub signing: VerifyingKey,
    /// What is sealed to the device.
    #[n(2)]
    pub sealing: SealingKey,
    /// What is sealed to the device and opens with the second unlock only.
    #[n(3)]
    pub sensitive: SealingKey,
}

impl DeviceKeys {
    /// The device's id: SHA-256 over a label and the keys' encoding, so that an id stands for exactly these keys.
    pub fn id(&self) -> DeviceId {
        DeviceId(Hash::of(&[labels::DEVICE_ID, &cbor::encode(self)]).0)
    }

    /// The sealing key of one class.
    pub fn sealing(&self, class: Class) -> &SealingKey {
        match class {
            Class::General => &self.sealing,
            Class::Sensitive => &self.sensitive,
        }
    }
}

/// A pair of public keys, one for each class: a member's or a role's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ClassKeys {
    /// For what the first unlock opens.
    #[n(0)]
    pub general: SealingKey,
    /// For what the second unlock opens.
    #[n(1)]
    pub sensitive: SealingKey,
}

impl ClassKeys {
    /// The key of one class.
    pub fn class(&self, class: Class) -> &SealingKey {
        match class {
            Class::General => &self.general,
            Class::Sensitive => &self.sensitive,
        }
    }
}

/// The name of a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum KeyRef {
    /// A device's sealing key.
    #[n(0)]
    Device(#[n(0)] DeviceId, #[n(1)] Class),
    /// A member's key of a generation.
    #[n(1)]
    Member(#[n(0)] MemberId, #[n(1)] Class, #[n(2)] u32),
    /// A role's key of a generation.
    #[n(2)]
    Role(#[n(0)] Role, #[n(1)] Class, #[n(2)] u32),
    /// A document's key of an epoch.
    #[n(3)]
    Epoch(#[n(0)] DocumentId, #[n(1)] u64),
}

/// One sealed key: the secret that `key` names, closed so that the holder of `to` can open it. Statements list them in
/// clear; the ciphertexts stand in the payload, in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Sealing {
    /// The key inside.
    #[n(0)]
    pub key: KeyRef,
    /// Who can open it.
    #[n(1)]
    pub to: KeyRef,
}

/// A payload of sealed keys: one ciphertext for each [`Sealing`] of its statement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct SealedKeys(#[n(0)] pub Vec<minicbor::bytes::ByteVec>);
