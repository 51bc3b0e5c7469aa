//! Statements from intents: what to seal to whom is asked of the same rules that everyone checks with.

mod genesis;

use std::collections::HashMap;

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{DocumentId, Hash, PracticeId};
use troth_protocol::keys::{KeyRef, SealedKeys, Sealing, SealingKey};
use troth_protocol::labels;
use troth_protocol::signature::{Signature, message};
use troth_protocol::state::State;
use troth_protocol::statement::{
    self, Access, AccessKind, Body, Change, DocumentAction, Erasure, PayloadRef, RosterAction, Seen, Session,
    Statement,
};
use troth_protocol::wire::Upload;

use super::keyring::{Secret, Target, is_predecessor, seal_one};
use super::{Device, DeviceError, Secrets};
use crate::crypto::{DocumentCipher, EpochContext, EpochKey, PayloadContext, SealingPublic, SealingSecret};
use crate::storage::Storage;

pub(super) use genesis::genesis;

/// Keys that a statement makes, and what others sealed for it.
#[derive(Default)]
pub(super) struct Fresh {
    pub(super) secrets: HashMap<KeyRef, Secret>,
    pub(super) sealed: HashMap<Sealing, ByteVec>,
}

impl Secrets {
    /// Signs bytes in a context, for a practice.
    pub(super) fn sign(&self, context: &[u8], practice: &PracticeId, bytes: &[u8]) -> Signature {
        Signature::Ed25519(self.signing.sign(&message(context, practice, bytes)))
    }

    pub(super) fn upload(
        &self,
        practice: &PracticeId,
        seen: Option<Seen>,
        body: Body,
        payload: Vec<u8>,
    ) -> Upload {
        let statement = Statement {
            signer: self.id,
            seen,
            payload: PayloadRef::of(&payload),
            body,
        };
        let statement = cbor::encode(&statement);
        let signature = self.sign(labels::STATEMENT, practice, &statement);
        Upload {
            signed: Signed { statement, signature },
            payload,
        }
    }
}

/// A new sealing key: its secret and its public half.
pub(super) fn sealing_pair(rng: &mut impl CryptoRng) -> Result<(Secret, SealingKey), DeviceError> {
    let secret = SealingSecret::generate(rng);
    let public = SealingKey::x_wing(&secret.public().to_bytes()).ok_or(DeviceError::Damaged("a new key"))?;
    Ok((Secret::Sealing(secret), public))
}

/// What a statement's signer had seen: the roster, and the control chain of the document that it is about.
pub(super) fn seen(state: &State, control: Option<Hash>) -> Option<Seen> {
    Some(Seen {
        roster: state.roster.head(),
        control,
    })
}

impl<S: Storage> Device<S> {
    /// A login over a handshake's transcript. Before this device knows the roster, it has seen what its approver vouched for.
    pub(super) fn sign_session(&self, practice: &PracticeId, transcript: Hash) -> Upload {
        let roster = self.state.as_ref().map_or(Hash(practice.0), |s| s.roster.head());
        let seen = Some(Seen {
            roster,
            control: None,
        });
        self.secrets
            .upload(practice, seen, Body::Session(Session { transcript }), Vec::new())
    }

    /// A roster statement with these actions; `fresh` holds the secrets of keys that they make.
    pub(super) fn sign_roster(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        actions: Vec<RosterAction>,
        mut fresh: Fresh,
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let (practice, head) = (*state.practice(), state.roster.head());
        let received = now.max(state.received);
        let planned = state
            .roster
            .plan(self.frontier.size(), received, self.secrets.id, &actions)?;
        let after = planned.after;
        let mut sealings: Vec<Sealing> = planned.required.into_iter().collect();
        // What may follow later is given at once where this device can open it, and nobody gave it before.
        for sealing in planned.optional {
            if !self.is_sealed(&sealing)
                && let Ok(secret) = self.sealing_secret(&sealing.key)
            {
                fresh.secrets.insert(sealing.key, Secret::Sealing(secret));
                sealings.push(sealing);
            }
        }
        let public = |key: &KeyRef| {
            after
                .public_key(key)
                .and_then(|k| SealingPublic::from_bytes(k.as_x_wing()))
        };
        let payload = self.seal_all(rng, practice, &sealings, &fresh, public)?;
        let body = Body::Roster(statement::Roster {
            prev: head,
            actions,
            sealings,
        });
        let seen = Some(Seen {
            roster: head,
            control: None,
        });
        Ok(self.secrets.upload(&practice, seen, body, payload))
    }

    /// A control statement. The key of the epoch that its actions may begin is drawn here, and opened again from the ledger
    /// like any other reader's: `actions` is told the epoch's number and the key's commitment. Of the sealed keys that may
    /// stand in it, those that `chosen` says do.
    pub(super) fn sign_control(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
        actions: impl FnOnce(u64, Hash) -> Vec<DocumentAction>,
        chosen: impl Fn(&Sealing) -> bool,
    ) -> Result<Upload, DeviceError> {
        let key = EpochKey::generate(rng);
        self.sign_control_with(rng, now, id, key, actions, chosen)
    }

    /// The same with a key that is there already, for statements that go to the ledger together.
    pub(super) fn sign_control_with(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
        key: EpochKey,
        actions: impl FnOnce(u64, Hash) -> Vec<DocumentAction>,
        chosen: impl Fn(&Sealing) -> bool,
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let practice = *state.practice();
        let before = state.documents.get(&id);
        let epoch = before.map_or(0, Document::epoch) + 1;
        let actions = actions(
            epoch,
            key.commitment(&EpochContext {
                practice,
                document: id,
                epoch,
            }),
        );
        let (position, received) = (self.frontier.size(), now.max(state.received));
        let planned = Document::plan(
            before,
            &state.roster,
            position,
            received,
            &self.secrets.id,
            id,
            &actions,
        )?;
        let (prev, roster) = (before.map(Document::head), state.roster.head());
        let recipients = state.roster.clone();
        let mut sealings: Vec<Sealing> = planned.required.into_iter().collect();
        sealings.extend(planned.optional.into_iter().filter(chosen));
        let fresh = Fresh {
            secrets: HashMap::from([(KeyRef::Epoch(id, epoch), Secret::Epoch(key))]),
            ..Fresh::default()
        };
        let public = |key: &KeyRef| {
            recipients
                .public_key(key)
                .and_then(|k| SealingPublic::from_bytes(k.as_x_wing()))
        };
        let payload = self.seal_all(rng, practice, &sealings, &fresh, public)?;
        let body = Body::Document(statement::Document {
            document: id,
            prev,
            actions,
            sealings,
        });
        Ok(self.secrets.upload(
            &practice,
            Some(Seen {
                roster,
                control: prev,
            }),
            body,
            payload,
        ))
    }

    /// The order that a document's contents and keys be destroyed.
    pub(super) fn sign_erasure(&self, id: DocumentId) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let prev = document.head();
        let seen = seen(state, Some(prev));
        let body = Body::Erasure(Erasure { document: id, prev });
        Ok(self.secrets.upload(state.practice(), seen, body, Vec::new()))
    }

    /// An edit: content sealed under the document's present epoch.
    pub(super) fn sign_change(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        content: &[u8],
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let (sequence, prev) = document.next_of(&self.secrets.id);
        let change = Change {
            document: id,
            epoch: document.epoch(),
            sequence,
            prev,
        };
        let head = document.head();
        let key = self.epoch_key(&KeyRef::Epoch(id, change.epoch))?;
        self.sign_change_under(rng, change, head, &key, content)
    }

    /// An edit in its place in the document's chains, under their `head`.
    pub(super) fn sign_change_under(
        &self,
        rng: &mut impl CryptoRng,
        change: Change,
        head: Hash,
        key: &EpochKey,
        content: &[u8],
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let practice = *state.practice();
        let seen = seen(state, Some(head));
        let (document, epoch, sequence) = (change.document, change.epoch, change.sequence);
        let body = Body::Change(change);
        let context = PayloadContext {
            practice,
            document,
            epoch,
            author: self.secrets.id,
            sequence,
            kind: body.kind(),
        };
        let payload = DocumentCipher::new(key).encrypt(rng, &context, content)?;
        Ok(self.secrets.upload(&practice, seen, body, payload))
    }

    /// A report that something was done with a record.
    pub(super) fn sign_access(
        &self,
        id: DocumentId,
        kind: AccessKind,
        at: u64,
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        if !state.documents.contains_key(&id) {
            return Err(DeviceError::NoSuchDocument(id));
        }
        let seen = seen(state, None);
        let body = Body::Access(Access {
            document: id,
            kind,
            at,
        });
        Ok(self.secrets.upload(state.practice(), seen, body, Vec::new()))
    }

    fn seal_all(
        &mut self,
        rng: &mut impl CryptoRng,
        practice: PracticeId,
        sealings: &[Sealing],
        fresh: &Fresh,
        public: impl Fn(&KeyRef) -> Option<SealingPublic>,
    ) -> Result<Vec<u8>, DeviceError> {
        let position = self.frontier.size();
        let mut sealed = Vec::with_capacity(sealings.len());
        for sealing in sealings {
            if let Some(given) = fresh.sealed.get(sealing) {
                sealed.push(given.clone());
                continue;
            }
            let key = self.known_or_fresh(&sealing.key, fresh)?;
            let bytes = if is_predecessor(sealing) {
                let successor = self.known_or_fresh(&sealing.to, fresh)?;
                seal_one(
                    rng,
                    practice,
                    position,
                    sealing,
                    &key,
                    Target::Successor(&successor),
                )?
            } else {
                let to = public(&sealing.to).ok_or(DeviceError::Damaged("a recipient without a key"))?;
                seal_one(rng, practice, position, sealing, &key, Target::Public(&to))?
            };
            sealed.push(ByteVec::from(bytes));
        }
        Ok(if sealed.is_empty() {
            Vec::new()
        } else {
            cbor::encode(&SealedKeys(sealed))
        })
    }

    fn known_or_fresh(&mut self, key: &KeyRef, fresh: &Fresh) -> Result<Secret, DeviceError> {
        match (fresh.secrets.get(key), key) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, KeyRef::Epoch(..)) => self.epoch_key(key).map(Secret::Epoch),
            (None, _) => self.sealing_secret(key).map(Secret::Sealing),
        }
    }
}
