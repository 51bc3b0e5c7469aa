//! Entries of append-only lists: one JSON text each, so that an entry is whole or absent, and legible in any
//! Automerge tool.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::document::{DocumentError, limits};

/// Writes an entry.
pub(in crate::document) fn encode(entry: &impl Serialize) -> Result<String, DocumentError> {
    let text = serde_json::to_string(entry).map_err(|e| DocumentError::Engine(e.to_string()))?;
    if text.len() > limits::ENTRY {
        return Err(DocumentError::TooLong {
            what: "the entry",
            max: limits::ENTRY,
            unit: "bytes as JSON",
        });
    }
    Ok(text)
}

/// Reads an entry; `None` unless the text is exactly what [`encode`] writes.
pub(in crate::document) fn decode<T: Serialize + DeserializeOwned>(text: &str) -> Option<T> {
    if text.len() > limits::ENTRY {
        return None;
    }
    let entry: T = serde_json::from_str(text).ok()?;
    (serde_json::to_string(&entry).ok()? == text).then_some(entry)
}

/// Reads an identifier of 16 bytes from lower-case hexadecimal.
pub(in crate::document) fn id(key: &str) -> Option<[u8; 16]> {
    data_encoding::HEXLOWER
        .decode(key.as_bytes())
        .ok()?
        .try_into()
        .ok()
}
