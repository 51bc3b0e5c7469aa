//! A document's entries, opened one by one.

use troth_protocol::cbor;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::KeyRef;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::may_open;
use zeroize::Zeroizing;

use super::short;
use crate::content::Edits;
use crate::crypto::{DocumentCipher, PayloadContext, actor};
use crate::device::outbox::QuarantineRow;
use crate::device::{Device, DeviceError};
use crate::document::Incoming;
use crate::storage::Storage;

/// What an entry holds, or why it is set aside.
pub(in crate::device) enum Opened {
    Changes(Vec<Incoming>),
    Nothing,
    /// It did not come, and nothing that came so far explains that.
    Missing,
    Bad(String),
}

impl<S: Storage> Device<S> {
    pub(in crate::device) fn open_entry(
        &mut self,
        id: DocumentId,
        position: u64,
    ) -> Result<Opened, DeviceError> {
        let Some(entry) = self.rows.entry(position)? else {
            return Ok(Opened::Nothing);
        };
        if entry.payload.is_none() && self.may_lack(&id, &entry)? {
            return Ok(Opened::Nothing);
        }
        // An erased document has no tail: either what explains it is still to come, or the relay withholds it.
        let Some(payload) = entry.payload else {
            if !self.may_open_at(id, position) {
                return Err(DeviceError::NotReadable(self.lane(id)));
            }
            return Ok(Opened::Missing);
        };
        let statement: Statement = cbor::decode(&entry.leaf.signed.statement)?;
        let Body::Change(change) = &statement.body else {
            return Ok(Opened::Nothing);
        };
        let (epoch, sequence) = (change.epoch, change.sequence);
        let content = match self.unsealed_payload(id, &statement, epoch, sequence, &payload)? {
            Ok(content) => content,
            Err(why) => return Ok(Opened::Bad(why)),
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

    /// A payload's content, or why it is set aside.
    pub(in crate::device) fn unsealed_payload(
        &mut self,
        id: DocumentId,
        statement: &Statement,
        epoch: u64,
        sequence: u64,
        payload: &[u8],
    ) -> Result<Result<Zeroizing<Vec<u8>>, String>, DeviceError> {
        let key = match self.epoch_key(&KeyRef::Epoch(id, epoch)) {
            Ok(key) => key,
            Err(DeviceError::Open(_)) => return Err(DeviceError::NotReadable(self.lane(id))),
            Err(error) => return Err(error),
        };
        let context = PayloadContext {
            practice: *self.practice_state()?.practice(),
            document: id,
            epoch,
            author: statement.signer,
            sequence,
            kind: statement.body.kind(),
        };
        let opened = DocumentCipher::new(&key).decrypt(&context, payload);
        Ok(opened.map(Zeroizing::new).map_err(|error| error.to_string()))
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
