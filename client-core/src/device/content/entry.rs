//! One entry's content: decrypted, decoded, and what it carries taken in; or why it is set aside.

use troth_protocol::cbor;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::KeyRef;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::may_open;

use super::{Opened, short};
use crate::content::Edits;
use crate::crypto::{DocumentCipher, PayloadContext, actor};
use crate::device::outbox::QuarantineRow;
use crate::device::{Device, DeviceError};
use crate::document::Incoming;
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    pub(in crate::device) fn open_entry(
        &mut self,
        id: DocumentId,
        position: u64,
    ) -> Result<Opened, DeviceError> {
        let Some(entry) = self.rows.entry(position)? else {
            return Ok(Opened::Nothing);
        };
        // An erased document has no tail: here, only a relay that withholds explains it.
        let Some(payload) = entry.payload else {
            if !self.may_open_at(id, position) {
                return Err(DeviceError::NotReadable(self.lane(id)));
            }
            return Ok(Opened::Bad("the relay did not send its content".to_owned()));
        };
        let statement: Statement = cbor::decode(&entry.leaf.signed.statement)?;
        let Body::Change(change) = &statement.body else {
            return Ok(Opened::Nothing);
        };
        let practice = *self.practice_state()?.practice();
        let key = match self.epoch_key(&KeyRef::Epoch(id, change.epoch)) {
            Ok(key) => key,
            Err(DeviceError::Open(_)) => return Err(DeviceError::NotReadable(self.lane(id))),
            Err(error) => return Err(error),
        };
        let context = PayloadContext {
            practice,
            document: id,
            epoch: change.epoch,
            author: statement.signer,
            sequence: change.sequence,
            kind: statement.body.kind(),
        };
        let content = match DocumentCipher::new(&key).decrypt(&context, &payload) {
            Ok(content) => zeroize::Zeroizing::new(content),
            Err(error) => return Ok(Opened::Bad(error.to_string())),
        };
        let Ok(edits) = Edits::decode(&content) else {
            return Ok(Opened::Bad(
                "its content is not in the one valid encoding".to_owned(),
            ));
        };
        if let Some(checkpoint) = edits.gossip {
            self.hear(statement.signer, position, checkpoint);
        }
        let actor = actor(&statement.signer, &id);
        let changes = edits.changes.into_iter().map(|c| Incoming {
            change: c.into(),
            actor,
        });
        Ok(Opened::Changes(changes.collect()))
    }

    /// Whether this member's role lets them have payloads at all.
    fn may_open_at(&self, id: DocumentId, position: u64) -> bool {
        let (Some(state), Some(me)) = (&self.state, self.identity.member) else {
            return false;
        };
        may_open(state, &me, &Stream::Document(id), position, self.reading_clock())
    }

    /// Remembers an entry to be set aside; the next thing that is kept writes it down.
    pub(in crate::device) fn note_bad(&mut self, id: DocumentId, position: u64, why: &str) {
        if self.bad.iter().any(|row| row.position == Some(position)) {
            return;
        }
        let author = self.rows.entry(position).ok().flatten();
        let author = author.and_then(|e| cbor::decode::<Statement>(&e.leaf.signed.statement).ok());
        let author = author.map_or_else(String::new, |s| {
            format!(" by device {}", short(s.signer.as_bytes()))
        });
        let what = format!("entry {position} in {}{author}: {why}", self.lane(id).name());
        let row = QuarantineRow {
            id: position,
            what,
            rule: 0,
            intent: None,
            position: Some(position),
            at: Some(self.clock),
            settled: None,
        };
        self.bad.push(row);
    }
}
