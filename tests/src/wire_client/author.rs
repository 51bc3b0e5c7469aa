//! One device's chain of changes in one document.

use std::sync::Arc;

use anyhow::Result;
use minicbor::bytes::ByteVec;
use rand::CryptoRng;
use troth_client_core::content::Edits;
use troth_client_core::crypto::{DocumentCipher, PayloadContext};
use troth_protocol::ids::{DeviceId, DocumentId, Hash, PracticeId};
use troth_protocol::statement::{Body, Change, PayloadRef, Seen, Statement};
use troth_protocol::wire::Upload;

use super::{Device, Document, Member};

/// Number of the kind `change`.
pub const KIND_CHANGE: u8 = 3;

/// Writes changes into a document in the name of a device, each naming the one before it.
pub struct Author {
    practice: PracticeId,
    device: Arc<Device>,
    document: DocumentId,
    seen: Seen,
    cipher: DocumentCipher,
    sequence: u64,
    last: Option<Hash>,
}

impl Author {
    /// A device that has not written in the document yet.
    pub fn new(member: &Member, device: Arc<Device>, document: &Document) -> Self {
        Self {
            practice: member.practice,
            device,
            document: document.id,
            seen: Seen {
                roster: member.roster,
                control: Some(document.control),
            },
            cipher: DocumentCipher::new(&document.key),
            sequence: 0,
            last: None,
        }
    }

    /// The document.
    pub const fn document(&self) -> DocumentId {
        self.document
    }

    /// Count of the changes written so far.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Hash of the newest change.
    pub const fn last(&self) -> Option<Hash> {
        self.last
    }

    /// Encrypts CRDT changes and signs the statement that carries them.
    ///
    /// # Errors
    /// The changes are longer than a payload may be.
    pub fn write(&mut self, rng: &mut impl CryptoRng, changes: &[Vec<u8>]) -> Result<Upload> {
        let sequence = self.sequence + 1;
        let context = context(self.practice, self.document, self.device.id(), sequence);
        let payload = self.cipher.encrypt(rng, &context, &content(changes))?;
        let statement = Statement {
            signer: self.device.id(),
            seen: Some(self.seen),
            payload: PayloadRef::of(&payload),
            body: Body::Change(Change {
                document: self.document,
                epoch: 1,
                sequence,
                prev: self.last,
            }),
        };
        let (upload, hash) = self.device.upload(&self.practice, &statement, payload);
        self.sequence = sequence;
        self.last = Some(hash);
        Ok(upload)
    }
}

/// Where a change of the first epoch belongs.
pub const fn context(
    practice: PracticeId,
    document: DocumentId,
    author: DeviceId,
    sequence: u64,
) -> PayloadContext {
    PayloadContext {
        practice,
        document,
        epoch: 1,
        author,
        sequence,
        kind: KIND_CHANGE,
    }
}

/// What a change's payload holds before it is encrypted, without gossip.
pub fn content(changes: &[Vec<u8>]) -> Vec<u8> {
    Edits {
        gossip: None,
        changes: changes.iter().cloned().map(ByteVec::from).collect(),
    }
    .encode()
}
