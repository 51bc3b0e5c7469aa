//! Records: whole, append-only, never merged. Consents, attachments' particulars, answers to forms.

use automerge::ReadDoc;
use automerge::transaction::Transactable;
use serde::{Deserialize, Serialize};

use super::note::entry;
use super::schema::Root;
use super::{DocumentError, LaneDocument, at_most, hex, limits, text_of};

/// Something kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What it is: `consent`, `attachment`, `answers`. Read by this program's other parts.
    pub kind: String,
    /// Its content, in whatever form its kind has; usually JSON.
    pub body: String,
}

impl Record {
    /// Reads what a document holds; `None` unless it is exactly what this program writes.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let record: Self = entry::decode(text)?;
        (record.kind.len() <= limits::NAME && record.body.len() <= limits::NOTE_TEXT).then_some(record)
    }
}

impl LaneDocument {
    /// Adds a record under a fresh identifier (16 random bytes, or derived from what it records).
    ///
    /// # Errors
    /// The identifier is taken, the kind is over [`limits::NAME`] bytes, the body over [`limits::NOTE_TEXT`].
    pub fn add_record(&mut self, id: [u8; 16], record: &Record) -> Result<Vec<u8>, DocumentError> {
        at_most("the record's kind", &record.kind, limits::NAME)?;
        at_most("the record", &record.body, limits::NOTE_TEXT)?;
        let object = self.root(Root::Records)?;
        let key = hex(&id);
        if self.doc.get(&object, key.as_str())?.is_some() {
            return Err(DocumentError::Exists(key));
        }
        let text = entry::encode(record)?;
        self.edit(|doc| doc.put(&object, key, text))
    }

    /// All records by identifier, those of one kind or (`None`) of every kind. One identifier used twice at
    /// once gives two.
    pub fn records(&self, kind: Option<&str>) -> Vec<([u8; 16], Record)> {
        let Ok(object) = self.root(Root::Records) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for key in self.doc.keys(&object) {
            let Some(id) = entry::id(&key) else { continue };
            for (value, _) in self.doc.get_all(&object, key.as_str()).unwrap_or_default() {
                if let Some(record) = text_of(&value).and_then(|text| Record::decode(&text))
                    && kind.is_none_or(|kind| kind == record.kind)
                {
                    found.push((id, record));
                }
            }
        }
        found
    }
}
