//! What is appended to a note.

use serde::{Deserialize, Serialize};

use super::{NewNote, entry};
use crate::document::limits;

/// A signature under a note, with the text as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Pseudonym of who signed, in hexadecimal.
    pub signer: String,
    /// When, by the signer's clock, in milliseconds since the Unix epoch.
    pub signed_ms: u64,
    /// The text signed, verbatim.
    pub text: String,
    /// The document that it was signed in, in hexadecimal: it stays so where the document goes on in another. Absent in those
    /// that are for one document alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The signature over [`message`](Self::message); its form is the caller's. Hexadecimal in the document.
    #[serde(with = "proof")]
    pub proof: Vec<u8>,
}

impl Signature {
    /// The bytes that a signer signs: deterministic CBOR, an array of the note's identifier, author, time of
    /// creation and template, the text, the signer and the time of signing. The caller adds its signing
    /// context, and the practice and document.
    pub fn message(note_id: [u8; 16], note: &NewNote, signer: &str, signed_ms: u64) -> Vec<u8> {
        let mut e = minicbor::Encoder::new(Vec::new());
        let written = e
            .array(7)
            .and_then(|e| e.bytes(&note_id))
            .and_then(|e| e.str(&note.author))
            .and_then(|e| e.u64(note.created_ms))
            .and_then(|e| e.str(&note.template))
            .and_then(|e| e.str(&note.text))
            .and_then(|e| e.str(signer))
            .and_then(|e| e.u64(signed_ms))
            .map(drop);
        // Writing into a vector does not fail; should it ever, nothing verifies over an empty message.
        if written.is_ok() {
            e.into_writer()
        } else {
            Vec::new()
        }
    }

    /// As it is carried into another document: without its proof, unless it holds in the one that it is carried from.
    pub fn carried(&self, holds: impl Fn(&Self) -> bool) -> Self {
        let mut carried = self.clone();
        if !holds(self) {
            carried.proof.clear();
        }
        carried
    }

    /// Reads what a document holds; `None` unless it is exactly what this program writes.
    pub(in crate::document) fn decode(text: &str) -> Option<Self> {
        let signature: Self = entry::decode(text)?;
        (signature.signer.len() <= limits::NAME && signature.proof.len() <= limits::PROOF)
            .then_some(signature)
    }
}

/// Something added to a signed note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// Pseudonym of who amends, in hexadecimal.
    pub author: String,
    /// When, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// What is added.
    pub text: String,
}

impl Amendment {
    /// Reads what a document holds; `None` unless it is exactly what this program writes.
    pub(in crate::document) fn decode(text: &str) -> Option<Self> {
        let amendment: Self = entry::decode(text)?;
        let short = amendment.author.len() <= limits::NAME && amendment.text.len() <= limits::NOTE_TEXT;
        short.then_some(amendment)
    }
}

mod proof {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(proof: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&data_encoding::HEXLOWER.encode(proof))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .map_err(D::Error::custom)
    }
}
