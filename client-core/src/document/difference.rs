//! What one state of a document says over another, in terms that people read; and saying it again in a third.
//!
//! A document that takes another's place shares no history with it, so that the engine cannot merge the two. What is carried
//! from one to the other is carried by what it means.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, AutomergeError, ObjType, ROOT, ReadDoc};

use super::note::prose;
use super::present::beside;
use super::schema::{self, Root};
use super::{Amendment, CaseHead, DocumentError, Head, LaneDocument, NewNote, Record, Signature, limits};

/// Registers of a document that hold one text for each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Clinical fields, by their names.
    Fields,
    /// Members' names, by pseudonym.
    Names,
    /// Devices' names, by identifier.
    Devices,
}

impl Register {
    const ALL: [Self; 3] = [Self::Fields, Self::Names, Self::Devices];

    const fn root(self) -> Root {
        match self {
            Self::Fields => Root::Fields,
            Self::Names => Root::Names,
            Self::Devices => Root::Devices,
        }
    }
}

/// One thing that a state says and an earlier one did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A value that was set, changed or removed.
    Value {
        /// Of which register.
        of: Register,
        /// Under which key.
        key: String,
        /// What it was; `None` where there was none.
        before: Option<String>,
        /// What it is; `None` where it was removed.
        after: Option<String>,
    },
    /// The head of the case.
    Case {
        /// What it was.
        before: Option<CaseHead>,
        /// What it is.
        after: CaseHead,
    },
    /// A note that is new, or whose prose reads otherwise.
    Note {
        /// Its identifier.
        id: [u8; 16],
        /// The note, with its prose as it is.
        note: NewNote,
        /// Its prose as it was; `None` for a new note.
        before: Option<String>,
    },
    /// A signature under a note.
    Signed {
        /// The note's identifier.
        note: [u8; 16],
        /// The signature.
        signature: Signature,
    },
    /// An amendment to a note.
    Amended {
        /// The note's identifier.
        note: [u8; 16],
        /// The amendment.
        amendment: Amendment,
    },
    /// A record: a consent, an attachment's particulars.
    Record {
        /// Its identifier.
        id: [u8; 16],
        /// The record.
        record: Record,
    },
}

impl LaneDocument {
    /// This document as it was when it had these heads: a copy, edited in the name of the same actor. Heads that are unknown
    /// here are passed over.
    ///
    /// # Errors
    /// [`DocumentError::Engine`] if the engine cannot.
    pub fn at(&self, heads: &[Head]) -> Result<Self, DocumentError> {
        let mut doc = self.doc.clone();
        let mut known: Vec<_> = heads.iter().map(|head| automerge::ChangeHash(*head)).collect();
        known.retain(|head| doc.get_change_meta_by_hash(head).is_some());
        let actor = doc.get_actor().clone();
        let doc = doc.fork_at(&known)?.with_actor(actor);
        Ok(Self { doc, history: None })
    }

    /// What this document says over `before`. What only `before` says is a difference where it can be taken back: a field.
    pub fn differences_from(&self, before: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        for of in Register::ALL {
            let (old, new) = (before.settled(of.root()), self.settled(of.root()));
            let value = |all: &[(String, String)], key: &str| {
                let found = all.iter().find(|(k, _)| k == key);
                found.map(|(_, value)| value.clone())
            };
            let gone = old.iter().filter(|(key, _)| value(&new, key).is_none());
            let keys = new.iter().chain(gone).map(|(key, _)| key);
            found.extend(keys.filter_map(|key| {
                let (before, after) = (value(&old, key), value(&new, key));
                let key = key.clone();
                (before != after).then_some(Difference::Value {
                    of,
                    key,
                    before,
                    after,
                })
            }));
        }
        let head = before.case();
        if let Some(after) = self.case().filter(|after| head.as_ref() != Some(after)) {
            found.push(Difference::Case { before: head, after });
        }
        let records = before.records(None);
        let new = self.records(None).into_iter().filter(|r| !records.contains(r));
        found.extend(new.map(|(id, record)| Difference::Record { id, record }));
        self.note_differences(before, &mut found);
        found
    }

    fn note_differences(&self, before: &Self, found: &mut Vec<Difference>) {
        let old = before.notes();
        for note in self.notes() {
            let was = old.iter().find(|o| (o.id, o.copy) == (note.id, note.copy));
            let id = if note.copy == 0 {
                note.id
            } else {
                beside(note.id, note.copy)
            };
            if was.is_none_or(|was| was.text != note.text) {
                found.push(Difference::Note {
                    id,
                    note: note.as_signed(&note.text),
                    before: was.map(|was| was.text.clone()),
                });
            }
            let signed = note.signatures.iter().map(|s| &s.item);
            let signed =
                signed.filter(|s| was.is_none_or(|was| was.signatures.iter().all(|o| o.item != **s)));
            found.extend(signed.map(|signature| Difference::Signed {
                note: id,
                signature: signature.clone(),
            }));
            let amended = note.amendments.iter().map(|a| &a.item);
            let amended =
                amended.filter(|a| was.is_none_or(|was| was.amendments.iter().all(|o| o.item != **a)));
            found.extend(amended.map(|amendment| Difference::Amended {
                note: id,
                amendment: amendment.clone(),
            }));
        }
    }

    /// Says differences here, whatever was said here meanwhile; returns the changes. Nothing that stands here is lost: prose
    /// is merged as if both had edited the same document, a field that reads otherwise meanwhile gets the other value beside
    /// it (`mood (2)`), and what stands here already is not said again.
    ///
    /// # Errors
    /// What the edits that it takes can give: text beyond its limit among them. What was done until then stays done.
    pub fn enter(&mut self, differences: &[Difference]) -> Result<Vec<Vec<u8>>, DocumentError> {
        let mut changes = Vec::new();
        for difference in differences {
            let change = match difference {
                Difference::Value {
                    of,
                    key,
                    before,
                    after,
                } => self.enter_value(*of, key, before.as_deref(), after.as_deref())?,
                Difference::Case { before, after } => self.enter_case(before.as_ref(), after)?,
                Difference::Note { id, note, before } => self.enter_note(*id, note, before.as_deref())?,
                Difference::Signed { note, signature } => {
                    let view = self.note(*note);
                    let new = view.is_some_and(|v| v.signatures.iter().all(|s| s.item != *signature));
                    if new {
                        let entry = super::note::entry::encode(signature)?;
                        self.append(*note, schema::SIGNATURES, entry)?
                    } else {
                        Vec::new()
                    }
                }
                Difference::Amended { note, amendment } => {
                    let view = self.note(*note);
                    let new = view.is_some_and(|v| v.amendments.iter().all(|a| a.item != *amendment));
                    if new {
                        self.amend_note(*note, amendment)?
                    } else {
                        Vec::new()
                    }
                }
                Difference::Record { id, record } => self.enter_record(*id, record)?,
            };
            changes.push(change);
        }
        changes.retain(|change| !change.is_empty());
        Ok(changes)
    }

    fn enter_value(
        &mut self,
        of: Register,
        key: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<Vec<u8>, DocumentError> {
        let root = of.root();
        let present = self.shown(root, key);
        if present.as_deref() == after {
            return Ok(Vec::new());
        }
        match after {
            Some(value) if present.as_deref() == before => self.set(root, &[(key, value)]),
            None if present.as_deref() == before => self.remove(root, key),
            Some(value) if of == Register::Fields => {
                let kept: String = key.chars().take(limits::FIELD_KEY - 8).collect();
                let names = (2..).map(|n: u32| format!("{kept} ({n})"));
                let mut free = names.filter_map(|name| match self.shown(root, &name) {
                    None => Some(Some(name)),
                    Some(there) if there == value => Some(None),
                    Some(_) => None,
                });
                match free.next().flatten() {
                    Some(name) => self.set(root, &[(name.as_str(), value)]),
                    None => Ok(Vec::new()),
                }
            }
            // A name has one bearer's word and no second value; one that was changed here since is the newer.
            Some(_) | None => Ok(Vec::new()),
        }
    }

    fn enter_case(&mut self, before: Option<&CaseHead>, after: &CaseHead) -> Result<Vec<u8>, DocumentError> {
        let mut head = self.case().unwrap_or_else(|| after.clone());
        let told = |part: fn(&CaseHead) -> &String| before.map(part) != Some(part(after));
        if told(|h| &h.name) {
            head.name.clone_from(&after.name);
        }
        if told(|h| &h.partner_a) {
            head.partner_a.clone_from(&after.partner_a);
        }
        if told(|h| &h.partner_b) {
            head.partner_b.clone_from(&after.partner_b);
        }
        if told(|h| &h.status) {
            head.status.clone_from(&after.status);
        }
        self.set_case(&head)
    }

    fn enter_note(
        &mut self,
        id: [u8; 16],
        note: &NewNote,
        before: Option<&str>,
    ) -> Result<Vec<u8>, DocumentError> {
        let Some(present) = self.note(id) else {
            return self.add_note(id, note);
        };
        let Some(before) = before else {
            if present.as_signed(&present.text) == *note {
                return Ok(Vec::new());
            }
            // The identifier is taken by something else.
            let other = (1..).map(|n| beside(id, n)).find(|id| self.note(*id).is_none());
            return other.map_or_else(|| Ok(Vec::new()), |id| self.add_note(id, note));
        };
        let merged = merged(before, &note.text, &present.text)?;
        self.set_prose(id, &present.text, &merged)
    }

    fn enter_record(&mut self, id: [u8; 16], record: &Record) -> Result<Vec<u8>, DocumentError> {
        let there = self.records(None);
        if there.iter().any(|(i, r)| *i == id && r == record) {
            return Ok(Vec::new());
        }
        let taken = |id: &[u8; 16]| there.iter().any(|(i, _)| i == id);
        let ids = std::iter::once(id).chain((1..).map(|n| beside(id, n)));
        match ids.into_iter().find(|id| !taken(id)) {
            Some(id) => self.add_record(id, record),
            None => Ok(Vec::new()),
        }
    }
}

/// Two texts that both came of a third, merged as the engine merges edits made at once.
fn merged(before: &str, theirs: &str, ours: &str) -> Result<String, DocumentError> {
    if theirs == before || theirs == ours {
        return Ok(ours.to_owned());
    }
    if ours == before {
        return Ok(theirs.to_owned());
    }
    let merge = || -> Result<String, AutomergeError> {
        let mut doc = AutoCommit::new();
        let text = doc.put_object(ROOT, schema::TEXT, ObjType::Text)?;
        doc.splice_text(&text, 0, 0, before)?;
        doc.commit();
        let mut other = doc.fork();
        prose(&mut other, &text, before, theirs)?;
        prose(&mut doc, &text, before, ours)?;
        doc.merge(&mut other)?;
        doc.text(&text)
    };
    Ok(merge()?)
}
