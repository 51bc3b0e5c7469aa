//! Names of keys, and verifier keys (C2SP signed-note, "Signatures" and "Verifier keys").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;

use super::cosignature::MAX_COSIGNED_NAME;
use super::ml_dsa;
use super::note::check_name;
use crate::ids::{Hash, VerifyingKey};

/// What a key signs: the signature type identifier of C2SP signed-note.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum KeyKind {
    /// `0x01`: Ed25519 over the note's text. A ledger's key.
    Ed25519 = 0x01,
    /// `0x04`: Ed25519 over a timestamp and a checkpoint (C2SP tlog-cosignature). A witness's key.
    Cosignature = 0x04,
    /// `0x06`: ML-DSA-44 over a witness's name, a timestamp and a checkpoint (C2SP tlog-cosignature). A witness's key.
    MlDsaCosignature = 0x06,
}

impl KeyKind {
    /// Every kind.
    const ALL: [Self; 3] = [Self::Ed25519, Self::Cosignature, Self::MlDsaCosignature];

    /// Whether a witness has such a key.
    pub const fn cosigns(self) -> bool {
        matches!(self, Self::Cosignature | Self::MlDsaCosignature)
    }
}

/// `SHA-256(name ‖ 0x0A ‖ kind ‖ public key)[:4]` (C2SP signed-note): finds a key's signatures, and proves
/// nothing.
pub fn key_id(name: &str, kind: KeyKind, key: &VerifyingKey) -> [u8; 4] {
    id_of(name, kind, key.as_bytes())
}

fn id_of(name: &str, kind: KeyKind, key: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = Hash::of(&[name.as_bytes(), b"\n", &[kind as u8], key]).0;
    [a, b, c, d]
}

/// A *vkey*, `<name>+<key id in hexadecimal>+base64(kind ‖ public key)`: how a witness's key is written into
/// a policy.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: Public,
}

/// A public key. Invariant: its length is that of its kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Public {
    Ed25519(VerifyingKey),
    MlDsa44(Box<[u8]>),
}

impl Public {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key.as_bytes(),
            Self::MlDsa44(key) => key,
        }
    }
}

/// A verifier key that is refused. Whoever configured it is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not of the form `name+id+base64`.
    #[error("not a verifier key; copy it whole, in the form name+12345678+base64")]
    Malformed,
    /// The name is one that no key can have.
    #[error(
        "the verifier key's name is empty, too long, or has spaces; use a host and path such as witness.example/w1"
    )]
    Name,
    /// The key id is not that of the name and key.
    #[error("the verifier key's id does not belong to its name and key; copy it again from its owner")]
    KeyId,
    /// The kind of key is none of [`KeyKind`].
    #[error(
        "only verifier keys of Ed25519 (types 0x01 and 0x04) and ML-DSA-44 (type 0x06) can be checked here; ask the witness for one"
    )]
    UnsupportedKind,
    /// The public key is not a usable key of its kind.
    #[error("the verifier key holds no usable key; copy it again from its owner")]
    Key,
}

impl VerifierKey {
    /// An Ed25519 key under its owner's name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`]; [`VerifierKeyError::UnsupportedKind`] for a kind that is not Ed25519's;
    /// [`VerifierKeyError::Key`] for bytes that are no curve point, or one of small order, for which anyone could sign.
    pub fn new(name: impl Into<String>, kind: KeyKind, key: VerifyingKey) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        check_name(&name).map_err(|_| VerifierKeyError::Name)?;
        if kind == KeyKind::MlDsaCosignature {
            return Err(VerifierKeyError::UnsupportedKind);
        }
        match ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes()) {
            Ok(point) if !point.is_weak() => Ok(Self {
                name,
                kind,
                key: Public::Ed25519(key),
            }),
            _ => Err(VerifierKeyError::Key),
        }
    }

    /// An ML-DSA-44 key under its owner's name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`], also for one that is too long to be cosigned with; [`VerifierKeyError::Key`] for another length
    /// than 1,312 bytes.
    pub fn ml_dsa(name: impl Into<String>, key: &[u8]) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        if check_name(&name).is_err() || name.len() > MAX_COSIGNED_NAME {
            return Err(VerifierKeyError::Name);
        }
        if key.len() != ml_dsa::KEY_BYTES {
            return Err(VerifierKeyError::Key);
        }
        Ok(Self {
            name,
            kind: KeyKind::MlDsaCosignature,
            key: Public::MlDsa44(key.into()),
        })
    }

    /// The owner's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key, where it is one of Ed25519.
    pub fn ed25519(&self) -> Option<&VerifyingKey> {
        match &self.key {
            Public::Ed25519(key) => Some(key),
            Public::MlDsa44(_) => None,
        }
    }

    /// The public key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.key.as_bytes()
    }

    pub(super) fn public(&self) -> &Public {
        &self.key
    }

    /// The key's id.
    pub fn id(&self) -> [u8; 4] {
        id_of(&self.name, self.kind, self.key.as_bytes())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind as u8], self.key.as_bytes()].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            HEXLOWER.encode(&self.id()),
            STANDARD.encode(material)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        // Base64 has plus signs too; the name and the id have none.
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(VerifierKeyError::Malformed);
        let (name, id, material) = (part()?, part()?, part()?);
        let id = HEXLOWER
            .decode(id.as_bytes())
            .map_err(|_| VerifierKeyError::Malformed)?;
        let material = STANDARD
            .decode(material)
            .map_err(|_| VerifierKeyError::Malformed)?;
        let (kind, key) = material.split_first().ok_or(VerifierKeyError::Malformed)?;
        let kind = KeyKind::ALL.into_iter().find(|known| *known as u8 == *kind);
        let key = match kind {
            Some(KeyKind::MlDsaCosignature) => Self::ml_dsa(name, key)?,
            Some(kind) => Self::new(
                name,
                kind,
                VerifyingKey::from_slice(key).ok_or(VerifierKeyError::Key)?,
            )?,
            None => return Err(VerifierKeyError::UnsupportedKind),
        };
        if key.id()[..] == id {
            Ok(key)
        } else {
            Err(VerifierKeyError::KeyId)
        }
    }
}

/// Ed25519 by the strict rule (no small-order or non-canonical keys and points), on which all implementations
/// agree.
pub(super) fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes())
        .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}
