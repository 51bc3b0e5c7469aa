//! Contents as the ledger has them; written down, so that the next start opens them quickly; and what was set aside while they were read.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use troth_protocol::ids::DocumentId;

use crate::device::outbox::{Intent, QuarantineRow};
use crate::device::rows::{CONTENT, QUARANTINE};
use crate::device::{Device, DeviceError};
use crate::document::LaneDocument;
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// A document as the ledger has it, without what waits here or was set aside; `None` where the ledger has none.
    pub(in crate::device) fn of_the_ledger(
        &mut self,
        id: DocumentId,
    ) -> Result<Option<LaneDocument>, DeviceError> {
        if self.state.as_ref().is_none_or(|s| !s.documents.contains_key(&id)) {
            return Ok(None);
        }
        self.check_unlocked(&id)?;
        let mut content = self.load_content(id)?;
        self.catch_up_content(id, &mut content)?;
        Ok(Some(content.doc))
    }

    /// Writes down what was set aside since the last time; returns what it says.
    pub(in crate::device) fn keep_bad(
        &mut self,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<String>, DeviceError> {
        let (mut writes, mut new) = (Vec::new(), Vec::new());
        for row in &self.bad {
            let name = [&b"entry"[..], &row.id.to_be_bytes()].concat();
            if self.rows.get::<QuarantineRow>(QUARANTINE, &name)?.is_none() {
                writes.push(self.rows.put(rng, QUARANTINE, &name, row));
                new.push((row.position, row.what.clone()));
            }
        }
        self.rows.commit(writes)?;
        self.quarantined += new.len();
        let said = new
            .into_iter()
            .map(|(position, what)| self.by_name(position, what));
        Ok(said.collect())
    }

    /// What is said of an entry, with the name of whoever sent it where this device can read that.
    fn by_name(&mut self, position: Option<u64>, what: String) -> String {
        let author = position.and_then(|position| self.of_entry(position).ok()?.1);
        match author.and_then(|member| self.name_of(member).ok().flatten()) {
            Some(name) => format!("{name}: {what}"),
            None => what,
        }
    }

    /// What was set aside while something was read, for whoever read it: once, and written down so that it is not applied again.
    ///
    /// # Errors
    /// Whatever the storage says.
    pub fn take_aside(&mut self, rng: &mut impl CryptoRng) -> Result<Vec<String>, DeviceError> {
        if self.bad.is_empty() {
            return Ok(Vec::new());
        }
        self.flush(rng)?;
        self.keep_bad(rng)
    }

    /// Saves an open document if that spares more than so many entries at the next start.
    pub(in crate::device) fn save_content(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        after: usize,
    ) -> Result<(), DeviceError> {
        // What is not in the ledger yet stays out of what is saved: it may still be refused.
        if self
            .outbox
            .values()
            .any(|i| matches!(i, Intent::Edit { document, .. } if *document == id))
        {
            return Ok(());
        }
        let (Some(content), Some(row)) = (self.contents.get_mut(&id), self.documents.get_mut(&id)) else {
            return Ok(());
        };
        if content.unsaved < after {
            return Ok(());
        }
        let saved = minicbor::bytes::ByteVec::from(content.doc.save());
        let waiting = content.waiting.iter().map(|(position, _)| *position);
        let waiting = waiting.chain(content.behind.entries());
        let waiting: BTreeSet<u64> = waiting.chain(content.lacking.iter().copied()).collect();
        let through = content.through;
        let mut tail = row.tail.clone();
        tail.retain(|p| through.is_none_or(|t| *p > t) || waiting.contains(p));
        let write = self
            .rows
            .put_under(self.vault_of(&id)?, rng, CONTENT, id.as_bytes(), &saved);
        let Some(row) = self.documents.get_mut(&id) else {
            return Ok(());
        };
        let before = std::mem::replace(&mut row.tail, tail);
        let mut writes = vec![write];
        // What is saved is not opened again, so what was heard in it must be kept as well.
        writes.extend(self.gossip_writes(rng));
        self.write_document(rng, id, &mut writes);
        let done = self.rows.commit(writes);
        match (&done, self.contents.get_mut(&id), self.documents.get_mut(&id)) {
            (Ok(()), Some(content), _) => content.unsaved = 0,
            (Err(_), _, Some(row)) => row.tail = before,
            _ => {}
        }
        done
    }

    /// Saves every open document that has entries since its last save: call it before the program ends.
    pub fn flush(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let open: Vec<DocumentId> = self.contents.keys().copied().collect();
        open.into_iter().try_for_each(|id| self.save_content(rng, id, 1))
    }
}
