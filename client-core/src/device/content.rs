//! Documents' contents: opened on demand from what was saved, the entries since, and what still waits to be sent.

mod behind;
mod entry;
mod saving;
pub(super) mod snapshots;

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use troth_protocol::ids::DocumentId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;

use super::outbox::{Intent, QuarantineRow};
use super::rows::{CONTENT, QUARANTINE};
use super::{Device, DeviceError};
use crate::crypto::actor;
use crate::document::{Applied, DocumentError, Incoming, LaneDocument, apply_many};
use crate::storage::Storage;

use behind::{Behind, Held};
pub(super) use entry::Opened;

/// Bytes of changes that are held opened at a time: a few kilobytes of payload may inflate to megabytes, and a member may
/// send many of them.
const OPEN_BYTES: usize = 32 << 20;
/// Entries since the last save after which a document is saved again.
const SAVE_AFTER: usize = 64;
/// Documents opened together: what waits to be applied to them is in memory at the same time.
const OPEN_TOGETHER: usize = 64;

/// An open document.
pub(super) struct Content {
    doc: LaneDocument,
    /// Every change entry up to this position was looked at.
    through: Option<u64>,
    /// Changes whose predecessors are not here yet, with the positions of their entries.
    waiting: Vec<(u64, Incoming)>,
    /// What waits behind those.
    behind: Behind,
    /// Entries whose payload did not come and may yet be explained: looked at again with the next ones.
    lacking: Vec<u64>,
    /// Entries since the last save.
    unsaved: usize,
}

/// What an open document has not seen.
struct Unseen {
    /// Every entry up to this position was looked at.
    last: Option<u64>,
    entries: usize,
    /// Positions of the entries that hold the changes, one for each change.
    positions: Vec<u64>,
    changes: Vec<Incoming>,
    /// Entries that did not come whole.
    lacking: Vec<u64>,
    /// Entries that do not open.
    bad: Vec<(u64, String)>,
    /// Entries that were opened a second time.
    again: BTreeSet<u64>,
}

impl<S: Storage> Device<S> {
    /// Looks at a document.
    ///
    /// # Errors
    /// [`DeviceError::NotReadable`] where this device holds no key, and whatever the storage says.
    pub fn read<T>(
        &mut self,
        id: DocumentId,
        look: impl FnOnce(&LaneDocument) -> T,
    ) -> Result<T, DeviceError> {
        Ok(look(&self.open_content(id)?.doc))
    }

    /// Looks at a document in a way that needs it exclusively, such as saving it for an export.
    pub fn read_mut<T>(
        &mut self,
        id: DocumentId,
        look: impl FnOnce(&mut LaneDocument) -> T,
    ) -> Result<T, DeviceError> {
        Ok(look(&mut self.open_content(id)?.doc))
    }

    /// Edits a document. The edit is durable in the outbox when this returns; call [`Device::pump`] to send it.
    pub fn edit(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        change: impl FnOnce(&mut LaneDocument) -> Result<Vec<u8>, DocumentError>,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        if self.halted() {
            return Err(self.why_halted());
        }
        if self.renewal_of(&id).is_some() {
            return Err(Rule::Closed.into());
        }
        let change = change(&mut self.open_content(id)?.doc)?;
        if change.is_empty() {
            return Ok(());
        }
        let intent = Intent::Edit {
            document: id,
            change: change.into(),
        };
        let kept = self.keep(rng, vec![intent], Vec::new());
        if kept.is_err() {
            // What is not durable must not be shown as if it were.
            self.contents.remove(&id);
        }
        kept?;
        // Saving spares work at the next start; the edit is kept without it.
        let _ = self.save_content(rng, id, SAVE_AFTER);
        Ok(())
    }

    /// Opens a document that exists only here so far.
    pub(super) fn new_content(&mut self, id: DocumentId) -> Result<&mut LaneDocument, DeviceError> {
        let doc = LaneDocument::new(actor(&self.secrets.id, &id))?;
        let content = Content {
            doc,
            through: None,
            waiting: Vec::new(),
            behind: Behind::default(),
            lacking: Vec::new(),
            unsaved: 0,
        };
        Ok(&mut self.contents.entry(id).or_insert(content).doc)
    }

    fn open_content(&mut self, id: DocumentId) -> Result<&mut Content, DeviceError> {
        self.check_open(&id)?;
        if !self.contents.contains_key(&id) {
            let content = self.load_content(id)?;
            self.contents.insert(id, content);
            self.catch_up(id)?;
            self.apply_waiting_edits(id)?;
        } else {
            self.catch_up(id)?;
        }
        self.contents.get_mut(&id).ok_or(DeviceError::NoSuchDocument(id))
    }

    fn load_content(&self, id: DocumentId) -> Result<Content, DeviceError> {
        let exists = self.state.as_ref().is_some_and(|s| s.documents.contains_key(&id));
        let coming = || {
            self.outbox
                .values()
                .any(|i| matches!(i, Intent::Create { document, .. } if *document == id))
        };
        if !exists && !coming() {
            return Err(DeviceError::NoSuchDocument(id));
        }
        let actor = actor(&self.secrets.id, &id);
        let vault = self.vault_of(&id)?;
        let saved: Option<minicbor::bytes::ByteVec> = self.rows.get_under(vault, CONTENT, id.as_bytes())?;
        let doc = match saved {
            Some(saved) => LaneDocument::load(&saved, actor)?,
            None => LaneDocument::new(actor)?,
        };
        Ok(Content {
            doc,
            through: None,
            waiting: Vec::new(),
            behind: Behind::default(),
            lacking: Vec::new(),
            unsaved: 0,
        })
    }

    /// Opens many documents, which is faster than one after the other; those that are open already, and those
    /// that do not open, are passed over: [`Device::read`] says what is wrong with one.
    ///
    /// # Errors
    /// Whatever the storage says.
    pub fn open_many(&mut self, ids: &[DocumentId]) -> Result<(), DeviceError> {
        for ids in ids.chunks(OPEN_TOGETHER) {
            let mut opening = Vec::new();
            for id in ids {
                if self.contents.contains_key(id) || passed_over(self.check_open(id))?.is_none() {
                    continue;
                }
                let Some(content) = passed_over(self.load_content(*id))? else {
                    continue;
                };
                if let Some(Some(unseen)) = passed_over(self.unseen(*id, &content))? {
                    opening.push((*id, content, unseen));
                }
            }
            let mut documents: Vec<_> = opening
                .iter_mut()
                .map(|(_, content, unseen)| (&mut content.doc, &unseen.changes[..]))
                .collect();
            let applied = apply_many(&mut documents);
            for ((id, mut content, unseen), applied) in opening.into_iter().zip(applied) {
                let Ok(applied) = applied else { continue };
                self.settle(id, &mut content, unseen, &applied);
                self.contents.insert(id, content);
                if passed_over(self.apply_waiting_edits(id))?.is_none() {
                    self.contents.remove(&id);
                }
            }
        }
        Ok(())
    }

    /// Applies the entries that the open document has not seen.
    fn catch_up(&mut self, id: DocumentId) -> Result<(), DeviceError> {
        let Some(mut content) = self.contents.remove(&id) else {
            return Ok(());
        };
        let caught_up = self.catch_up_content(id, &mut content);
        self.contents.insert(id, content);
        caught_up
    }

    fn catch_up_content(&mut self, id: DocumentId, content: &mut Content) -> Result<(), DeviceError> {
        while let Some(unseen) = self.unseen(id, content)? {
            let applied = content.doc.apply(&unseen.changes)?;
            self.settle(id, content, unseen, &applied);
        }
        Ok(())
    }

    /// The entries that `content` has not seen, and with them the changes that waited for them.
    fn unseen(&mut self, id: DocumentId, content: &Content) -> Result<Option<Unseen>, DeviceError> {
        let Some(row) = self.documents.get(&id) else {
            return Ok(None);
        };
        let new: Vec<u64> = row
            .tail
            .iter()
            .copied()
            .filter(|p| content.through.is_none_or(|t| *p > t) || content.lacking.contains(p))
            .collect();
        let full = Held::of(&content.waiting).full();
        let freed = content.behind.freed(&full);
        if new.is_empty() && freed.is_empty() {
            return Ok(None);
        }
        if freed.is_empty() && new == content.lacking && !self.is_explained(id, &new)? {
            return Ok(None);
        }
        let (mut bad, mut lacking) = (Vec::new(), Vec::new());
        let (mut positions, mut changes) = self.stand_ins(id, &new, &mut bad)?;
        let (mut entries, mut bytes, mut last) = (0, 0, content.through);
        let mut again = BTreeSet::new();
        let new: BTreeSet<u64> = freed.iter().copied().chain(new).collect();
        for position in &new {
            if bytes > OPEN_BYTES {
                break;
            }
            (entries, last) = (entries + 1, last.max(Some(*position)));
            if freed.contains(position) {
                again.insert(*position);
            }
            match self.open_entry(id, *position)? {
                Opened::Changes(theirs) => {
                    bytes += theirs.iter().map(|incoming| incoming.change.len()).sum::<usize>();
                    positions.extend(theirs.iter().map(|_| *position));
                    changes.extend(theirs);
                }
                Opened::Nothing => {}
                Opened::Missing => lacking.push(*position),
                Opened::Bad(why) => bad.push((*position, why)),
            }
        }
        let later = new.iter().skip(entries).copied();
        lacking.extend(later.filter(|position| content.lacking.contains(position)));
        // What waited comes first, as it did in the ledger; what was opened a second time is whole without it.
        let waited = content.waiting.iter().filter(|(at, _)| !again.contains(at));
        let (mut all, mut of): (Vec<u64>, Vec<Incoming>) = waited.cloned().unzip();
        all.append(&mut positions);
        of.append(&mut changes);
        let (positions, changes) = (all, of);
        Ok(Some(Unseen {
            last,
            entries,
            positions,
            changes,
            lacking,
            bad,
            again,
        }))
    }

    /// Notes what became of what the document had not seen.
    fn settle(&mut self, id: DocumentId, content: &mut Content, unseen: Unseen, applied: &Applied) {
        content.through = unseen.last;
        content.lacking = unseen.lacking;
        content.unsaved += unseen.entries;
        let of = |i: usize| Some((*unseen.positions.get(i)?, unseen.changes.get(i)?.clone()));
        content.waiting = applied.waiting.iter().filter_map(|i| of(*i)).collect();
        content.behind.take_back(&unseen.again);
        let aside = self.hold(id, content);
        let mut bad = unseen.bad;
        bad.extend(
            aside
                .into_iter()
                .map(|position| (position, behind::WHY.to_owned())),
        );
        for poisoned in &applied.poisoned {
            if let Some(position) = unseen.positions.get(poisoned.index) {
                bad.push((*position, poisoned.reason.to_string()));
            }
        }
        for (position, why) in bad {
            self.note_bad(id, position, &why);
        }
    }

    /// Edits of this device that are not in the ledger yet belong to what is shown.
    fn apply_waiting_edits(&mut self, id: DocumentId) -> Result<(), DeviceError> {
        let actor = actor(&self.secrets.id, &id);
        let of = |number: u64, intent: &Intent| match intent {
            Intent::Edit { document, change } if *document == id => Some(self.unsealed(number, &id, change)),
            _ => None,
        };
        let waiting = self
            .outbox
            .iter()
            .filter_map(|(number, intent)| of(*number, intent));
        let mut changes: Vec<Vec<u8>> = waiting.collect::<Result<_, _>>()?;
        if self.halted() {
            // A stopped device goes on showing its person what they wrote; nobody else ever gets it.
            for row in self.rows.scan::<QuarantineRow>(QUARANTINE)? {
                let change = row.intent.as_ref().and_then(|intent| of(row.id, intent));
                changes.extend(change.transpose()?);
            }
        }
        let edits: Vec<Incoming> = changes
            .into_iter()
            .map(|change| Incoming { change, actor })
            .collect();
        if let Some(content) = self.contents.get_mut(&id).filter(|_| !edits.is_empty()) {
            content.doc.apply(&edits)?;
        }
        Ok(())
    }

    /// Whether a person may look at a document's content now: the ledger is here as far as it was, its share has not ended, and it is not locked.
    fn check_open(&mut self, id: &DocumentId) -> Result<(), DeviceError> {
        self.check_whole()?;
        self.check_not_ended(id)?;
        self.check_unlocked(id)
    }

    pub(super) fn lane(&self, id: DocumentId) -> Lane {
        let known = self.state.as_ref().and_then(|s| s.documents.get(&id));
        known.map_or(Lane::Joint, troth_protocol::document::Document::lane)
    }
}

/// Nothing in place of an error that concerns one document alone.
pub(super) fn passed_over<T>(result: Result<T, DeviceError>) -> Result<Option<T>, DeviceError> {
    match result {
        Ok(opened) => Ok(Some(opened)),
        Err(error @ (DeviceError::Storage(_) | DeviceError::Torn)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The first eight hexadecimal digits of an id, as people see it.
pub(super) fn short(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id.get(..4).unwrap_or(id))
}
