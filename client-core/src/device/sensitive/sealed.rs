//! What the second vault seals besides the seed: saved contents, and edits that wait or were set aside.

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::Class;
use troth_protocol::stream::Stream;

use super::Second;
use crate::crypto::Vault;
use crate::device::outbox::{Intent, OutboxRow, Written};
use crate::device::rows::OUTBOX;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// Which unlock a document's content takes; `None` for a document that is not known here.
    pub(in crate::device) fn class_of(&self, id: &DocumentId) -> Option<Class> {
        let known = self.state.as_ref().and_then(|s| s.documents.get(id));
        let coming = || {
            self.outbox.values().find_map(|intent| match intent {
                Intent::Create { document, lane, .. } if document == id => Some(lane.class()),
                _ => None,
            })
        };
        known.map(Document::class).or_else(coming)
    }

    /// The vault that a document's content is kept under.
    pub(in crate::device) fn vault_of(&self, id: &DocumentId) -> Result<&Vault, DeviceError> {
        match self.class_of(id).ok_or(DeviceError::NoSuchDocument(*id))? {
            Class::General => Ok(self.rows.vault()),
            Class::Sensitive => self.second_vault(),
        }
    }

    fn second_vault(&self) -> Result<&Vault, DeviceError> {
        match &self.second {
            Second::NotSet => Err(DeviceError::SensitiveNotSet),
            Second::Locked(_) => Err(DeviceError::SensitiveLocked),
            Second::Open(open) => Ok(&open.vault),
        }
    }

    /// Seals the edits of sensitive documents among what is about to be kept. They stay sealed, in memory too, until they are
    /// sent or shown, so that they can wait and be set aside while they cannot be opened.
    pub(in crate::device) fn seal_sensitive(
        &self,
        rng: &mut impl CryptoRng,
        mut rows: Vec<OutboxRow>,
    ) -> Result<Vec<OutboxRow>, DeviceError> {
        let created: Vec<(DocumentId, Class)> = rows
            .iter()
            .filter_map(|row| match &row.intent {
                Intent::Create { document, lane, .. } => Some((*document, lane.class())),
                _ => None,
            })
            .collect();
        for row in &mut rows {
            let Intent::Edit { document, change } = &mut row.intent else {
                continue;
            };
            let made_here = created
                .iter()
                .find(|(id, _)| id == document)
                .map(|(_, class)| *class);
            let class = made_here.or_else(|| self.class_of(document));
            if class.ok_or(DeviceError::NoSuchDocument(*document))? == Class::General {
                continue;
            }
            if let Written::Plain(plain) = change {
                let vault = self.second_vault()?;
                let name = edit_name(vault, row.id, document);
                let plain = zeroize::Zeroizing::new(std::mem::take(plain));
                *change = Written::Sealed(vault.seal_row(rng, &name, &plain));
            }
        }
        Ok(rows)
    }

    /// The change of an edit with its number in the outbox.
    pub(in crate::device) fn unsealed(
        &self,
        number: u64,
        document: &DocumentId,
        change: &Written,
    ) -> Result<Vec<u8>, DeviceError> {
        match change {
            Written::Plain(change) => Ok(change.clone()),
            Written::Sealed(sealed) => {
                let vault = self.second_vault()?;
                let opened = vault.open_row(&edit_name(vault, number, document), sealed)?;
                Ok(opened.to_vec())
            }
        }
    }

    /// Of what waits, how much is not sent before the second passphrase comes: edits of sensitive documents, and what needs
    /// their keys.
    pub fn waiting_for_unlock(&self) -> usize {
        if !matches!(self.second, Second::Locked(_)) {
            return 0;
        }
        let mut held_up: Vec<Stream> = Vec::new();
        let mut count = 0;
        for (id, intent) in &self.outbox {
            let stream = intent.stream();
            let Stream::Document(document) = stream else {
                continue;
            };
            let mut signed = self.inflight.values().filter(|f| !f.outdated);
            if signed.any(|f| f.covers().any(|covered| covered == *id)) {
                continue;
            }
            let needs_a_key = match intent {
                Intent::Create { document, .. } => self.renewed_by(document).is_some(),
                Intent::TendDocument { .. } | Intent::Erase { .. } => false,
                _ => true,
            };
            let sealed = matches!(
                intent,
                Intent::Edit {
                    change: Written::Sealed(_),
                    ..
                }
            );
            let sensitive = sealed || self.class_of(&document) == Some(Class::Sensitive);
            if held_up.contains(&stream) || (needs_a_key && sensitive) {
                held_up.push(stream);
                count += 1;
            }
        }
        count
    }
}

/// What binds a sealed edit to its number and document: wherever it is moved, it stays this edit.
fn edit_name(vault: &Vault, number: u64, document: &DocumentId) -> [u8; 32] {
    vault.row_name(OUTBOX, &[&number.to_be_bytes()[..], document.as_bytes()].concat())
}
