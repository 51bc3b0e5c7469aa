//! A new document with what this one says now, and none of what it ever said.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::schema::Root;
use super::{DocumentError, LaneDocument, Signature, limits};

impl LaneDocument {
    /// The present state as a new document, written by `actor`: what supersedes this one when it is shared
    /// from now on, or when something is to be erased from it. [`changes_since`](Self::changes_since) no
    /// heads gives what to send.
    ///
    /// Nothing visible is lost. A field with several values keeps the shown one under its name and the others
    /// beside it (`mood (2)`): one device cannot write a disagreement of two. A second note under one
    /// identifier gets an identifier derived from it. Amendments are carried verbatim, and so are signatures that
    /// `holds` says hold here; another one is carried without its proof, since who carries it stands in for it. What
    /// a signed note's prose has become since is carried as its prose.
    ///
    /// # Errors
    /// What the edits that make it up can give; a note that merged to more than [`limits::NOTE_TEXT`] bytes
    /// among them.
    pub fn without_history(
        &self,
        actor: [u8; 16],
        holds: impl Fn(&Signature) -> bool,
    ) -> Result<Self, DocumentError> {
        let mut new = Self::new(actor)?;
        for root in [Root::Fields, Root::Names, Root::Devices] {
            let settled = self.settled(root);
            let pairs: Vec<_> = settled
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            // In parts, so that no change grows past its limit.
            for part in pairs.chunks(limits::CHANGE_BYTES / 2 / (limits::FIELD_VALUE + limits::NAME)) {
                new.set(root, part)?;
            }
        }
        if let Some(head) = self.case() {
            new.set_case(&head)?;
        }
        let mut taken = HashSet::new();
        for (n, (id, record)) in self.records(None).into_iter().enumerate() {
            let id = if taken.insert(id) { id } else { beside(id, n) };
            new.add_record(id, &record)?;
        }
        for note in self.notes() {
            let id = if note.copy == 0 {
                note.id
            } else {
                beside(note.id, note.copy)
            };
            new.add_note(id, &note.as_signed(&note.text))?;
            for signature in &note.signatures {
                let carried = signature.item.carried(&holds);
                new.append(
                    id,
                    super::schema::SIGNATURES,
                    super::note::entry::encode(&carried)?,
                )?;
            }
            for amendment in &note.amendments {
                new.amend_note(id, &amendment.item)?;
            }
        }
        Ok(new)
    }

    /// One value for each key; values beside the shown one under keys of their own.
    pub(super) fn settled(&self, root: Root) -> Vec<(String, String)> {
        let registers = self.registers(root);
        let mut out = Vec::with_capacity(registers.len());
        for (key, values) in &registers {
            for (n, value) in values.iter().enumerate() {
                if n == 0 {
                    out.push((key.clone(), value.value.clone()));
                } else if root == Root::Fields {
                    let kept: String = key.chars().take(limits::FIELD_KEY - 8).collect();
                    let free = (n + 1..).map(|n| format!("{kept} ({n})"));
                    let name = free.into_iter().find(|name| {
                        !registers.contains_key(name) && !out.iter().any(|(taken, _)| taken == name)
                    });
                    out.extend(name.map(|name| (name, value.value.clone())));
                }
            }
        }
        out
    }
}

/// An identifier that is derived from one that is taken.
pub(super) fn beside(id: [u8; 16], n: usize) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(id)
        .chain_update((n as u64).to_be_bytes())
        .finalize();
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(digest) {
        *to = from;
    }
    out
}
