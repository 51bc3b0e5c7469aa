//! Reading notes.

use automerge::{ObjId, ReadDoc, Value};

use super::{Amendment, NewNote, Signature, entry};
use crate::document::schema::{self, Root};
use crate::document::{LaneDocument, hex, text_of, time_of, writer};

/// Something in a document, with the actor of the device that wrote it: that much the ledger proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// The device's actor in this document.
    pub actor: [u8; 16],
    /// What it wrote.
    pub item: T,
}

/// A note as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteView {
    /// Its identifier.
    pub id: [u8; 16],
    /// Zero, but where two devices used one identifier at once: then the notes under it count up from zero,
    /// the shown one first.
    pub copy: usize,
    /// The actor of the device that made it.
    pub actor: [u8; 16],
    /// Pseudonym of its author, by that device's word.
    pub author: String,
    /// When it was made, in milliseconds since the Unix epoch, by that device's word.
    pub created_ms: u64,
    /// Identifier of its template, or empty.
    pub template: String,
    /// The prose as merged, whether signed or not: see [`standing`](Self::standing).
    pub text: String,
    /// Signatures in their order in the document. Not verified: that takes keys.
    pub signatures: Vec<Written<Signature>>,
    /// Amendments in their order in the document.
    pub amendments: Vec<Written<Amendment>>,
}

/// What a reader may take a note's text for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has signed it.
    Draft,
    /// Every valid signature is under the text as it is.
    Signed,
    /// It was changed after it was signed: show these texts as the note (most often one; two when two people
    /// signed different texts), and the note's present text as a late edit, apart.
    SignedThenChanged(Vec<String>),
}

impl NoteView {
    /// What the text stands for, given which signatures are valid.
    pub fn standing(&self, valid: impl Fn(&Written<Signature>) -> bool) -> Standing {
        let mut texts: Vec<&String> = Vec::new();
        for signature in self.signatures.iter().filter(|signature| valid(signature)) {
            if !texts.contains(&&signature.item.text) {
                texts.push(&signature.item.text);
            }
        }
        match &texts[..] {
            [] => Standing::Draft,
            [only] if **only == self.text => Standing::Signed,
            _ => Standing::SignedThenChanged(texts.into_iter().cloned().collect()),
        }
    }

    /// What [`Signature::message`] is made from: the note with its present text, for signing, or with a
    /// signature's, for verifying.
    pub fn as_signed(&self, text: &str) -> NewNote {
        NewNote {
            author: self.author.clone(),
            created_ms: self.created_ms,
            template: self.template.clone(),
            text: text.to_owned(),
        }
    }
}

impl LaneDocument {
    /// The note under an identifier; where there are several, the shown one.
    pub fn note(&self, id: [u8; 16]) -> Option<NoteView> {
        self.views(id).into_iter().next()
    }

    /// All notes, the oldest first.
    pub fn notes(&self) -> Vec<NoteView> {
        let Ok(notes) = self.root(Root::Notes) else {
            return Vec::new();
        };
        let mut views: Vec<_> = self
            .doc
            .keys(&notes)
            .filter_map(|key| entry::id(&key))
            .flat_map(|id| self.views(id))
            .collect();
        views.sort_by_key(|view| (view.created_ms, view.id, view.copy));
        views
    }

    fn views(&self, id: [u8; 16]) -> Vec<NoteView> {
        let Ok(notes) = self.root(Root::Notes) else {
            return Vec::new();
        };
        let all = self.doc.get_all(&notes, hex(&id)).unwrap_or_default();
        let objects = all
            .into_iter()
            .rev()
            .filter(|(value, _)| matches!(value, Value::Object(_)));
        objects
            .enumerate()
            .map(|(copy, (_, object))| self.view(id, copy, &object))
            .collect()
    }

    fn view(&self, id: [u8; 16], copy: usize, object: &ObjId) -> NoteView {
        let part = |key: &str| self.doc.get(object, key).ok().flatten();
        let text = |key| {
            part(key)
                .and_then(|(value, _)| text_of(&value))
                .unwrap_or_default()
        };
        NoteView {
            id,
            copy,
            actor: writer(object),
            author: text(schema::AUTHOR),
            created_ms: part(schema::CREATED)
                .and_then(|(value, _)| time_of(&value))
                .unwrap_or_default(),
            template: text(schema::TEMPLATE),
            text: part(schema::TEXT)
                .and_then(|(_, prose)| self.doc.text(prose).ok())
                .unwrap_or_default(),
            signatures: part(schema::SIGNATURES)
                .map_or_else(Vec::new, |(_, list)| self.list(&list, Signature::decode)),
            amendments: part(schema::AMENDMENTS)
                .map_or_else(Vec::new, |(_, list)| self.list(&list, Amendment::decode)),
        }
    }

    fn list<T>(&self, list: &ObjId, decode: impl Fn(&str) -> Option<T>) -> Vec<Written<T>> {
        let entries = (0..self.doc.length(list)).filter_map(|i| self.doc.get(list, i).ok().flatten());
        entries
            .filter_map(|(value, id)| {
                Some(Written {
                    actor: writer(&id),
                    item: decode(&text_of(&value)?)?,
                })
            })
            .collect()
    }
}
