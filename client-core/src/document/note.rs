//! Notes: prose that merges while it is a draft, and stands as signed once it is signed.
//!
//! A signature holds the text that was signed, verbatim, in an append-only list. Edits that another device
//! made offline still merge into the prose, but not into what was signed: [`NoteView::standing`] tells the
//! two apart. Amendments are appended. Nothing of a note is ever replaced or removed except characters of its
//! prose.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, AutomergeError, ObjId, ObjType, ReadDoc};

use super::schema::{self, Root};
use super::{DocumentError, LaneDocument, at_most, hex, limits, time};

pub use signature::{Amendment, Signature};
pub use view::{NoteView, Standing, Written};

pub(super) mod entry;
mod signature;
mod view;

/// What a note begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewNote {
    /// Pseudonym of who writes it, in hexadecimal.
    pub author: String,
    /// When, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Identifier of its template, or empty; see [`super::Template::id`].
    pub template: String,
    /// The prose.
    pub text: String,
}

impl LaneDocument {
    /// Adds a note under a fresh identifier (16 random bytes). Returns the change.
    ///
    /// # Errors
    /// The identifier is taken; the text is over [`limits::NOTE_TEXT`] bytes, author or template over
    /// [`limits::NAME`]; the time is out of range.
    pub fn add_note(&mut self, id: [u8; 16], note: &NewNote) -> Result<Vec<u8>, DocumentError> {
        at_most("the note", &note.text, limits::NOTE_TEXT)?;
        at_most("the note's author", &note.author, limits::NAME)?;
        at_most("the note's template", &note.template, limits::NAME)?;
        let created = time(note.created_ms)?;
        let notes = self.root(Root::Notes)?;
        let key = hex(&id);
        if self.doc.get(&notes, key.as_str())?.is_some() {
            return Err(DocumentError::Exists(key));
        }
        self.edit(|doc| {
            let object = doc.put_object(&notes, key, ObjType::Map)?;
            doc.put(&object, schema::AUTHOR, note.author.as_str())?;
            doc.put(&object, schema::CREATED, created)?;
            doc.put(&object, schema::TEMPLATE, note.template.as_str())?;
            let text = doc.put_object(&object, schema::TEXT, ObjType::Text)?;
            doc.put_object(&object, schema::SIGNATURES, ObjType::List)?;
            doc.put_object(&object, schema::AMENDMENTS, ObjType::List)?;
            doc.splice_text(&text, 0, 0, &note.text)
        })
    }

    /// Makes the note's prose read `text`, touching only what differs, so that it merges with edits made
    /// elsewhere. Returns the change, empty if it reads so already.
    ///
    /// # Errors
    /// No such note; it is signed; the text is over [`limits::NOTE_TEXT`] bytes, or the difference too large
    /// for one change.
    pub fn edit_note(&mut self, id: [u8; 16], text: &str) -> Result<Vec<u8>, DocumentError> {
        at_most("the note", text, limits::NOTE_TEXT)?;
        let view = self.note(id).ok_or_else(|| DocumentError::NoSuchNote(hex(&id)))?;
        if !view.signatures.is_empty() {
            return Err(DocumentError::Signed(hex(&id)));
        }
        self.set_prose(id, &view.text, text)
    }

    /// Makes the prose of a note, which reads `old`, read `new`, whether or not it is signed: what was signed stays as it was.
    ///
    /// # Errors
    /// The difference is too large for one change.
    pub(super) fn set_prose(&mut self, id: [u8; 16], old: &str, new: &str) -> Result<Vec<u8>, DocumentError> {
        let object = self.note_part(id, schema::TEXT)?;
        let (_, removed, inserted) = difference(old, new);
        if removed.chars().count() as u64 + inserted.chars().count() as u64 > limits::CHANGE_OPERATIONS {
            let max = usize::try_from(limits::CHANGE_OPERATIONS).unwrap_or(usize::MAX);
            return Err(DocumentError::TooLong {
                what: "the difference",
                max,
                unit: "characters",
            });
        }
        self.edit(|doc| prose(doc, &object, old, new))
    }

    /// Signs a note: appends the signature, which holds the text signed.
    ///
    /// # Errors
    /// No such note; its text is no longer the signature's; the signature is over [`limits::ENTRY`] bytes as
    /// JSON or its proof over [`limits::PROOF`].
    pub fn sign_note(&mut self, id: [u8; 16], signature: &Signature) -> Result<Vec<u8>, DocumentError> {
        let view = self.note(id).ok_or_else(|| DocumentError::NoSuchNote(hex(&id)))?;
        if view.text != signature.text {
            return Err(DocumentError::ChangedBeforeSigning(hex(&id)));
        }
        at_most("the signer's pseudonym", &signature.signer, limits::NAME)?;
        if signature.proof.len() > limits::PROOF {
            return Err(DocumentError::TooLong {
                what: "the signature",
                max: limits::PROOF,
                unit: "bytes",
            });
        }
        let entry = entry::encode(signature)?;
        self.append(id, schema::SIGNATURES, entry)
    }

    /// Appends an amendment.
    ///
    /// # Errors
    /// No such note; the text is empty or over [`limits::NOTE_TEXT`] bytes, the author over [`limits::NAME`].
    pub fn amend_note(&mut self, id: [u8; 16], amendment: &Amendment) -> Result<Vec<u8>, DocumentError> {
        if amendment.text.is_empty() {
            return Err(DocumentError::Empty("the amendment"));
        }
        at_most("the amendment", &amendment.text, limits::NOTE_TEXT)?;
        at_most("the amendment's author", &amendment.author, limits::NAME)?;
        let entry = entry::encode(amendment)?;
        self.append(id, schema::AMENDMENTS, entry)
    }

    pub(super) fn append(
        &mut self,
        id: [u8; 16],
        part: &str,
        entry: String,
    ) -> Result<Vec<u8>, DocumentError> {
        let list = self.note_part(id, part)?;
        let end = self.doc.length(&list);
        self.edit(|doc| doc.insert(&list, end, entry))
    }

    /// The part of the note that is shown under this identifier.
    fn note_part(&self, id: [u8; 16], part: &str) -> Result<ObjId, DocumentError> {
        let missing = || DocumentError::NoSuchNote(hex(&id));
        let notes = self.root(Root::Notes)?;
        let (_, note) = self.doc.get(&notes, hex(&id))?.ok_or_else(missing)?;
        let (_, part) = self.doc.get(&note, part)?.ok_or_else(missing)?;
        Ok(part)
    }
}

/// Makes a text that reads `old` read `new`, touching only what differs.
pub(super) fn prose(doc: &mut AutoCommit, text: &ObjId, old: &str, new: &str) -> Result<(), AutomergeError> {
    let (start, removed, inserted) = difference(old, new);
    let (out, come) = (removed.chars().count(), inserted.chars().count());
    if out.max(come) <= limits::DIFF {
        return doc.update_text(text, new);
    }
    doc.splice_text(text, start, isize::try_from(out).unwrap_or(isize::MAX), inserted)
}

/// What differs between two texts once their common beginning and end are left out: the position of the
/// difference in characters, what goes and what comes.
fn difference<'a>(old: &'a str, new: &'a str) -> (usize, &'a str, &'a str) {
    let same = |(a, b): &(char, char)| a == b;
    let head = old.chars().zip(new.chars()).take_while(same);
    let (start, bytes) = head.fold((0, 0), |(n, bytes), (c, _)| (n + 1, bytes + c.len_utf8()));
    let (old, new) = (
        old.get(bytes..).unwrap_or_default(),
        new.get(bytes..).unwrap_or_default(),
    );
    let tail: usize = old
        .chars()
        .rev()
        .zip(new.chars().rev())
        .take_while(same)
        .map(|(c, _)| c.len_utf8())
        .sum();
    (
        start,
        old.get(..old.len() - tail).unwrap_or_default(),
        new.get(..new.len() - tail).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_what_differs_is_touched() {
        assert_eq!(difference("same", "same"), (4, "", ""));
        assert_eq!(difference("they met", "they never met"), (5, "", "never "));
        assert_eq!(difference("关系紧张", "关系很紧张"), (2, "", "很"));
        assert_eq!(difference("aaa", "aa"), (2, "a", ""));
        assert_eq!(
            difference("é", "è"),
            (0, "é", "è"),
            "never cut inside a character"
        );
    }
}
