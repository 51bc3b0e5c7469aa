//! Somebody who holds one device's keys and the relay's whole store: everything that the relay keeps back is theirs to try.
//!
//! They walk from the device's keys along every sealed key that any statement ever carried, to every key that opens, and try
//! each key on every payload. What they cannot read, nobody with that device can.

use std::collections::{BTreeMap, BTreeSet};

use troth_client_core::crypto::{
    DocumentCipher, EpochContext, EpochKey, KeyContext, KeyHolder, PayloadContext, PredecessorWrap,
    SealingPublic, SealingSecret,
};
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{DocumentId, PracticeId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::state::{State, sealed_keys};
use troth_protocol::statement::{Body, Statement};
use troth_server::store::{Store, StoreError};

use crate::wire_client::Device;

/// What a device's keys open of a relay's store.
#[derive(Default)]
pub struct Outsider {
    sealing: BTreeMap<KeyRef, SealingSecret>,
    epochs: BTreeMap<(DocumentId, u64), EpochKey>,
}

/// A sealed key as it stands in the store.
struct Sealed {
    position: u64,
    sealing: Sealing,
    bytes: Vec<u8>,
}

/// An edit as it stands in the store.
struct Edit {
    context: PayloadContext,
    payload: Vec<u8>,
}

impl Outsider {
    /// Opens what these keys open. `both` says whether what is sensitive was unlocked too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn with(
        device: &Device,
        both: bool,
        state: &State,
        store: &dyn Store,
    ) -> Result<(Self, BTreeSet<DocumentId>), StoreError> {
        let mut this = Self::default();
        for class in Class::ALL {
            if both || class == Class::General {
                let secret = device.sealing(class).clone();
                this.sealing.insert(KeyRef::Device(device.id(), class), secret);
            }
        }
        let (sealed, edits) = everything(*state.practice(), state, store)?;
        while sealed.iter().any(|s| this.open(s, state)) {}
        let read = edits.iter().filter(|edit| this.reads(edit));
        let documents = read.map(|edit| edit.context.document).collect();
        Ok((this, documents))
    }

    /// The key of a document's epoch, if it was opened.
    pub fn key(&self, document: DocumentId, epoch: u64) -> Option<&EpochKey> {
        self.epochs.get(&(document, epoch))
    }

    /// Whether the key of a document's epoch was opened.
    pub fn holds(&self, document: DocumentId, epoch: u64) -> bool {
        self.epochs.contains_key(&(document, epoch))
    }

    fn reads(&self, edit: &Edit) -> bool {
        let key = self.epochs.get(&(edit.context.document, edit.context.epoch));
        key.is_some_and(|key| {
            DocumentCipher::new(key)
                .decrypt(&edit.context, &edit.payload)
                .is_ok()
        })
    }

    /// Whether something new opened.
    fn open(&mut self, sealed: &Sealed, state: &State) -> bool {
        let practice = *state.practice();
        match (sealed.sealing.key, sealed.sealing.to) {
            (KeyRef::Epoch(id, epoch), to) => {
                if self.holds(id, epoch) {
                    return false;
                }
                let Some(record) = state.documents.get(&id).and_then(|d| d.epoch_record(epoch)) else {
                    return false;
                };
                let at = |epoch| EpochContext {
                    practice,
                    document: id,
                    epoch,
                };
                let opened = match to {
                    KeyRef::Epoch(of, next) => self.epochs.get(&(of, next)).and_then(|key| {
                        let wrap = PredecessorWrap::from_slice(&sealed.bytes)?;
                        key.unwrap_predecessor(&at(next), epoch, &record.commitment, &wrap)
                            .ok()
                    }),
                    to => self.sealing.get(&to).and_then(|key| {
                        EpochKey::open(key, &at(epoch), &record.commitment, &sealed.bytes).ok()
                    }),
                };
                let found = opened.is_some();
                self.epochs.extend(opened.map(|key| ((id, epoch), key)));
                found
            }
            (key, to) => {
                if self.sealing.contains_key(&key) {
                    return false;
                }
                let opened = self.open_sealing(sealed, &key, &to, state);
                let found = opened.is_some();
                self.sealing.extend(opened.map(|secret| (key, secret)));
                found
            }
        }
    }

    fn open_sealing(
        &self,
        sealed: &Sealed,
        key: &KeyRef,
        to: &KeyRef,
        state: &State,
    ) -> Option<SealingSecret> {
        let opener = self.sealing.get(to)?;
        let practice = if sealed.position == 0 {
            PracticeId::ZERO
        } else {
            *state.practice()
        };
        let named = SealingPublic::from_bytes(state.roster.public_key(key)?.as_x_wing())?;
        let (own, next) = (context(practice, key)?, context(practice, to));
        let succeeds = next.filter(|n| n.holder == own.holder && n.sensitive == own.sensitive);
        match succeeds {
            Some(next) => {
                let wrap = PredecessorWrap::from_slice(&sealed.bytes)?;
                opener
                    .unwrap_predecessor(&next, own.generation, &named, &wrap)
                    .ok()
            }
            None => SealingSecret::open_sealed(opener, &own, &named, &sealed.bytes).ok(),
        }
    }
}

fn context(practice: PracticeId, key: &KeyRef) -> Option<KeyContext> {
    let (holder, class, generation) = match *key {
        KeyRef::Member(member, class, generation) => (KeyHolder::Member(member), class, generation),
        KeyRef::Role(role, class, generation) => (KeyHolder::Role(role as u8), class, generation),
        _ => return None,
    };
    Some(KeyContext {
        practice,
        holder,
        sensitive: class == Class::Sensitive,
        generation: generation.into(),
    })
}

/// Every sealed key and every edit of a practice.
fn everything(
    practice: PracticeId,
    state: &State,
    store: &dyn Store,
) -> Result<(Vec<Sealed>, Vec<Edit>), StoreError> {
    let (mut all, mut edits) = (Vec::new(), Vec::new());
    let size = store.head(&practice)?.map_or(0, |head| head.size);
    for row in store.entries(&practice, 0, size, usize::MAX)? {
        let corrupt = |_| StoreError::Corrupt(format!("entry {}", row.position));
        let leaf: Leaf = cbor::decode(&row.leaf).map_err(corrupt)?;
        let statement: Statement = cbor::decode(&leaf.signed.statement).map_err(corrupt)?;
        let payload = row.payload.clone().unwrap_or_default();
        if let Body::Change(change) = &statement.body {
            let context = PayloadContext {
                practice: *state.practice(),
                document: change.document,
                epoch: change.epoch,
                author: statement.signer,
                sequence: change.sequence,
                kind: statement.body.kind(),
            };
            edits.push(Edit { context, payload });
        } else if !statement.sealings().is_empty() && !payload.is_empty() {
            let keys = sealed_keys(&statement, &payload).map_err(corrupt)?;
            let listed = statement.sealings().iter().zip(keys.0);
            all.extend(listed.map(|(sealing, bytes)| Sealed {
                position: row.position,
                sealing: *sealing,
                bytes: bytes.into(),
            }));
        }
    }
    Ok((all, edits))
}
