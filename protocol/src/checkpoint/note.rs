//! Signed notes (C2SP signed-note): text, a blank line, and a line for each signature.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::verifies;
use super::{CheckpointError, KeyKind, key_id};
use crate::ids::VerifyingKey;

/// Longest note, in bytes: sixteen ML-DSA-44 cosignatures, at 3.3 KB each the largest known.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Most signatures on one note: C2SP signed-note demands 16; a ledger's own and those of sixteen witnesses
/// are 17.
pub const MAX_SIGNATURES: usize = 32;
/// Longest key name or origin, in bytes: a DNS name with its port, and a path.
pub const MAX_NAME_BYTES: usize = 512;

/// What begins a signature line: an em dash and a space.
const MARK: &str = "— ";

/// A note as it arrived: in order, and signed by nobody knows whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A line `— <key name> base64(key id ‖ signature)`. Lines of unknown keys are kept, to be forwarded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SignatureLine {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl SignedNote {
    /// A note with its first signature. The text must end in a newline and follow the rules of C2SP
    /// signed-note.
    pub(super) fn new(text: String, signature: SignatureLine) -> Self {
        Self {
            text,
            signatures: vec![signature],
        }
    }

    /// Reads a note. It must be as [`Display`](fmt::Display) writes it, to the byte.
    ///
    /// # Errors
    /// Those of [`CheckpointError`] that concern form.
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(CheckpointError::TooLong);
        }
        let note = std::str::from_utf8(note).map_err(|_| CheckpointError::NotUtf8)?;
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(CheckpointError::ControlCharacter);
        }
        // The text may have blank lines of its own; the last one ends it.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(CheckpointError::Unsigned)?;
        if lines.is_empty() {
            return Err(CheckpointError::Unsigned);
        }
        let lines = lines.strip_suffix('\n').ok_or(CheckpointError::Unterminated)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(CheckpointError::TooManySignatures);
        }
        let signatures = lines
            .split('\n')
            .map(SignatureLine::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }

    /// The text that is signed, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature after the others, unless the same is there already.
    ///
    /// # Errors
    /// [`CheckpointError::TooManySignatures`], [`CheckpointError::TooLong`]; the note is then unchanged.
    pub fn add(&mut self, signature: SignatureLine) -> Result<(), CheckpointError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(CheckpointError::TooManySignatures);
        }
        self.signatures.push(signature);
        if self.to_string().len() > MAX_NOTE_BYTES {
            self.signatures.pop();
            return Err(CheckpointError::TooLong);
        }
        Ok(())
    }

    /// Checks the Ed25519 signatures (type 0x01) in the name and with the id of a key, and returns the first.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownKey`] if there is none; [`CheckpointError::BadSignature`] if any of them is
    /// false, as C2SP signed-note advises. Signatures of other keys are ignored, as it demands.
    pub fn verify(&self, name: &str, key: &VerifyingKey) -> Result<[u8; 64], CheckpointError> {
        let mut first = None;
        for line in self.signatures_by(name, key_id(name, KeyKind::Ed25519, key)) {
            let bad = || CheckpointError::BadSignature(name.to_owned());
            let signature = line.signature.as_slice().try_into().map_err(|_| bad())?;
            if !verifies(key, self.text.as_bytes(), &signature) {
                return Err(bad());
            }
            first = first.or(Some(signature));
        }
        first.ok_or_else(|| CheckpointError::UnknownKey(name.to_owned()))
    }

    /// The signatures that claim to be by a key. Name and id must both match.
    pub(super) fn signatures_by(&self, name: &str, id: [u8; 4]) -> impl Iterator<Item = &SignatureLine> {
        self.signatures
            .iter()
            .filter(move |line| line.name == name && line.key_id == id)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignatureLine {
    /// A signature by the key of that name and id. The name has passed [`check_name`].
    pub(super) fn new(name: &str, key_id: [u8; 4], signature: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            key_id,
            signature: signature.to_owned(),
        }
    }

    /// Reads one line, without its newline: what a witness answers with (C2SP tlog-witness).
    ///
    /// # Errors
    /// [`CheckpointError::SignatureLine`], [`CheckpointError::Name`], [`CheckpointError::Base64`].
    pub fn parse(line: &str) -> Result<Self, CheckpointError> {
        let rest = line.strip_prefix(MARK).ok_or(CheckpointError::SignatureLine)?;
        let (name, encoded) = rest.split_once(' ').ok_or(CheckpointError::SignatureLine)?;
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| CheckpointError::Base64)?;
        match bytes.split_first_chunk() {
            Some((key_id, signature)) if !signature.is_empty() => Ok(Self::new(name, *key_id, signature)),
            _ => Err(CheckpointError::SignatureLine),
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key; see [`key_id`](super::key_id).
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// The signature, in the form that the key's kind gives it.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id, &self.signature[..]].concat();
        write!(f, "{MARK}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Key names are not empty and have no Unicode spaces or plus signs (C2SP signed-note).
pub(super) fn check_name(name: &str) -> Result<(), CheckpointError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(forbidden) {
        return Err(CheckpointError::Name);
    }
    Ok(())
}
