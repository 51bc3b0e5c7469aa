//! Names of keys, and verifier keys (C2SP signed-note, "Signatures" and "Verifier keys").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;

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
}

/// `SHA-256(name ‖ 0x0A ‖ kind ‖ public key)[:4]` (C2SP signed-note): finds a key's signatures, and proves
/// nothing.
pub fn key_id(name: &str, kind: KeyKind, key: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = Hash::of(&[name.as_bytes(), b"\n", &[kind as u8], key.as_bytes()]).0;
    [a, b, c, d]
}

/// A *vkey*, `<name>+<key id in hexadecimal>+base64(kind ‖ public key)`: how a witness's key is written into
/// a policy.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
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
    #[error("only Ed25519 verifier keys (types 0x01 and 0x04) can be checked here; ask the witness for one")]
    UnsupportedKind,
    /// The public key is not a usable Ed25519 key.
    #[error("the verifier key holds no usable Ed25519 key; copy it again from its owner")]
    Key,
}

impl VerifierKey {
    /// A key under its owner's name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`]; [`VerifierKeyError::Key`] for bytes that are no curve point, or one of
    /// small order, for which anyone could sign.
    pub fn new(name: impl Into<String>, kind: KeyKind, key: VerifyingKey) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        check_name(&name).map_err(|_| VerifierKeyError::Name)?;
        match ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes()) {
            Ok(point) if !point.is_weak() => Ok(Self { name, kind, key }),
            _ => Err(VerifierKeyError::Key),
        }
    }

    /// The owner's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key's id.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind, &self.key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind as u8], &self.key.0[..]].concat();
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
        let kind = [KeyKind::Ed25519, KeyKind::Cosignature]
            .into_iter()
            .find(|known| *known as u8 == *kind);
        let key = match kind {
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
