//! Documents whole, as snapshots carry them: made from what is open here, opened, and stood in for what is gone.

use std::collections::BTreeSet;

use minicbor::bytes::{ByteArray, ByteVec};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::document::SnapshotRecord;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::limits;
use troth_protocol::statement::{Body, Cover, Statement};
use troth_protocol::wire::Upload;

use super::Opened;
use crate::content::Whole;
use crate::crypto::actor;
use crate::device::rows::{EntryRow, Verdict};
use crate::device::{Device, DeviceError};
use crate::document::{Head, Incoming, claimed};
use crate::storage::Storage;

/// A snapshot's payload as it was opened.
pub(in crate::device) enum Sealed {
    Here(Contents),
    /// It is not on this device.
    Gone,
    Bad(String),
}

/// What a snapshot says that a document is.
pub(in crate::device) struct Contents {
    pub covers: Vec<Cover>,
    pub heads: Vec<Head>,
    pub changes: Vec<Incoming>,
    /// Their hashes.
    pub hashes: BTreeSet<Head>,
}

impl<S: Storage> Device<S> {
    /// Whether an entry's payload may be gone, by this device's clock.
    pub(in crate::device) fn may_lack(&self, id: &DocumentId, row: &EntryRow) -> Result<bool, DeviceError> {
        let state = self.practice_state()?;
        let statement: Statement = cbor::decode(&row.leaf.signed.statement)?;
        let hash = Hash::of(&[&row.leaf.signed.statement]);
        let document = state.documents.get(id);
        Ok(document.is_some_and(|d| d.may_lack(&statement, &hash, self.ledger_time())))
    }

    /// Whether something that came since explains why one of these entries' payloads did not.
    pub(in crate::device) fn is_explained(
        &self,
        id: DocumentId,
        entries: &[u64],
    ) -> Result<bool, DeviceError> {
        for position in entries {
            if let Some(row) = self.rows.entry(*position)?
                && self.may_lack(&id, &row)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the relay's clock may show by now, in milliseconds since the Unix epoch.
    pub(in crate::device) fn ledger_time(&self) -> u64 {
        let received = self.state.as_ref().map_or(0, |state| state.received);
        self.clock.max(received).saturating_add(limits::SNAPSHOT_SKEW_MS)
    }

    /// Changes that stand in for the payloads that did not come among these entries, each with its snapshot's position.
    pub(super) fn stand_ins(
        &mut self,
        id: DocumentId,
        entries: &[u64],
        bad: &mut Vec<(u64, String)>,
    ) -> Result<(Vec<u64>, Vec<Incoming>), DeviceError> {
        let (mut positions, mut changes) = (Vec::new(), Vec::new());
        let mut lacks = false;
        for position in entries {
            lacks |= self.rows.entry(*position)?.is_some_and(|e| e.payload.is_none());
        }
        if !lacks {
            return Ok((positions, changes));
        }
        for snapshot in self.standing(&id) {
            match self.open_snapshot(id, snapshot.position)? {
                Sealed::Here(contents) => {
                    positions.extend(contents.changes.iter().map(|_| snapshot.position));
                    changes.extend(contents.changes);
                }
                Sealed::Gone => {}
                Sealed::Bad(why) => bad.push((snapshot.position, why)),
            }
        }
        Ok((positions, changes))
    }

    /// The snapshots that stand for a document.
    pub(in crate::device) fn standing(&self, id: &DocumentId) -> Vec<SnapshotRecord> {
        let document = self.state.as_ref().and_then(|s| s.documents.get(id));
        document.map_or_else(Vec::new, |d| d.standing(self.ledger_time()).cloned().collect())
    }

    /// Opens a snapshot: changes of those whom it covers, and of nobody else.
    pub(in crate::device) fn open_snapshot(
        &mut self,
        id: DocumentId,
        position: u64,
    ) -> Result<Sealed, DeviceError> {
        let Some(row) = self.rows.entry(position)? else {
            return Ok(Sealed::Gone);
        };
        let Some(payload) = row.payload else {
            return Ok(Sealed::Gone);
        };
        let statement: Statement = cbor::decode(&row.leaf.signed.statement)?;
        let Body::Snapshot(snapshot) = &statement.body else {
            return Ok(Sealed::Gone);
        };
        let content = match self.unsealed_payload(id, &statement, snapshot.epoch, 0, &payload)? {
            Ok(content) => content,
            Err(why) => return Ok(Sealed::Bad(why)),
        };
        let Ok(whole) = Whole::decode(&content) else {
            let why = "its content is not in the one valid encoding";
            return Ok(Sealed::Bad(why.to_owned()));
        };
        let authors: BTreeSet<[u8; 16]> = snapshot.covers.iter().map(|c| actor(&c.device, &id)).collect();
        let mut changes = Vec::with_capacity(whole.changes.len());
        let mut hashes = BTreeSet::new();
        for change in whole.changes {
            match claimed(&change).filter(|(actor, _)| authors.contains(actor)) {
                Some((actor, hash)) => {
                    hashes.insert(hash);
                    let change = change.into();
                    changes.push(Incoming { change, actor });
                }
                None => {
                    return Ok(Sealed::Bad(
                        "it holds an edit of nobody whom it covers".to_owned(),
                    ));
                }
            }
        }
        let heads = whole.heads.into_iter().map(Into::into).collect();
        Ok(Sealed::Here(Contents {
            covers: snapshot.covers.clone(),
            heads,
            changes,
            hashes,
        }))
    }

    /// A snapshot of a document as it stands in the ledger; `None` where it would cover nothing or does not fit.
    pub(in crate::device) fn sign_whole(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
    ) -> Result<Option<Upload>, DeviceError> {
        self.open_content(id)?;
        let covers = self.coverable(&id)?;
        let Some(content) = self.contents.get_mut(&id).filter(|_| !covers.is_empty()) else {
            return Ok(None);
        };
        let whole = Whole {
            heads: content.doc.heads().into_iter().map(ByteArray::from).collect(),
            changes: content
                .doc
                .changes_since(&[])
                .into_iter()
                .map(ByteVec::from)
                .collect(),
        };
        let content = zeroize::Zeroizing::new(whole.encode());
        self.sign_snapshot(rng, id, covers, &content)
    }

    /// What a snapshot of the open document covers: every author's chain to its end. An author one of whose edits waits for
    /// something that is not here is covered as far as an earlier snapshot did, and no further: that edit may come to count.
    fn coverable(&self, id: &DocumentId) -> Result<Vec<Cover>, DeviceError> {
        let (Some(content), Some(document)) =
            (self.contents.get(id), self.practice_state()?.documents.get(id))
        else {
            return Ok(Vec::new());
        };
        let mut waits = BTreeSet::new();
        for (position, _) in &content.waiting {
            if let Some(row) = self.rows.entry(*position)? {
                waits.insert(cbor::decode::<Statement>(&row.leaf.signed.statement)?.signer);
            }
        }
        let received = self.practice_state()?.received;
        let stood = |device| {
            let mut stood = document.standing(received).flat_map(|s| &s.covers);
            stood.find(|cover| cover.device == device).copied()
        };
        let covers = document.authors().iter().filter_map(|(device, author)| {
            if waits.contains(device) {
                return stood(*device);
            }
            Some(Cover {
                device: *device,
                sequence: author.sequence,
                last: author.last,
            })
        });
        Ok(covers.collect())
    }

    /// The changes that a snapshot's ranges come to by what this device holds itself. `None` where something of it is not
    /// here, and nothing that this device relies on stands in for it.
    pub(in crate::device) fn recompute(
        &mut self,
        id: DocumentId,
        snapshot: &SnapshotRecord,
    ) -> Result<Option<Recomputed>, DeviceError> {
        let covered = self.covered_history(&id, snapshot)?;
        let (mut changes, mut lacks) = (Vec::new(), Vec::new());
        for position in &covered {
            match self.rows.entry(*position)? {
                Some(row) if row.payload.is_none() => lacks.push(said_in(&row)?),
                _ => {
                    if let Opened::Changes(theirs) = self.open_entry(id, *position)? {
                        changes.extend(theirs);
                    }
                }
            }
        }
        let row = self.documents.get(&id);
        let own = row.and_then(|row| row.base);
        let mut bases: Vec<u64> = own.into_iter().collect();
        if !lacks.is_empty() {
            let wrong = |s: &SnapshotRecord| {
                row.is_some_and(|row| row.judged.contains(&(s.statement, Verdict::Wrong)))
            };
            let standing = self.standing(&id).into_iter();
            let earlier = standing.filter(|s| s.position < snapshot.position && !wrong(s));
            bases.extend(earlier.map(|s| s.position));
        }
        let mut covers = Vec::new();
        for position in bases {
            if let Sealed::Here(contents) = self.open_snapshot(id, position)? {
                changes.extend(contents.changes);
                covers.extend(contents.covers);
            } else if own == Some(position) {
                return Ok(None);
            }
        }
        let stood_for =
            |device: &DeviceId, n: u64| covers.iter().any(|c| c.device == *device && c.sequence >= n);
        if !lacks.iter().all(|(device, n)| stood_for(device, *n)) {
            return Ok(None);
        }
        let was_open = self.contents.contains_key(&id);
        let content = self.open_content(id)?;
        let waits = content
            .waiting
            .iter()
            .any(|(position, _)| covered.contains(position));
        let hashes = changes.iter().filter_map(|c| Some(claimed(&c.change)?.1));
        // What was set aside counts for nobody.
        let hashes: BTreeSet<Head> = hashes.filter(|hash| content.doc.holds(hash)).collect();
        let heads = content.doc.heads_of(&hashes).filter(|_| !waits);
        if !was_open {
            self.contents.remove(&id);
        }
        Ok(Some(Recomputed { hashes, heads }))
    }

    /// Positions of the entries that a snapshot covers, of those that this device compares snapshots with.
    pub(in crate::device) fn covered_history(
        &self,
        id: &DocumentId,
        snapshot: &SnapshotRecord,
    ) -> Result<BTreeSet<u64>, DeviceError> {
        let mut covered = BTreeSet::new();
        let history = self.documents.get(id).map_or(&[][..], |row| &row.history);
        for (position, _) in history.iter().filter(|(at, _)| *at < snapshot.position) {
            let Some(row) = self.rows.entry(*position)? else {
                continue;
            };
            let (device, sequence) = said_in(&row)?;
            if snapshot.covers(&device, sequence) {
                covered.insert(*position);
            }
        }
        Ok(covered)
    }
}

/// What a document is as far as some entries go.
pub(in crate::device) struct Recomputed {
    pub hashes: BTreeSet<Head>,
    /// Its heads; `None` where something builds on what is not among them.
    pub heads: Option<Vec<Head>>,
}

/// Whose edit an entry holds, and its number; 0 for what is no edit.
fn said_in(row: &EntryRow) -> Result<(DeviceId, u64), DeviceError> {
    let statement: Statement = cbor::decode(&row.leaf.signed.statement)?;
    let sequence = match statement.body {
        Body::Change(change) => change.sequence,
        _ => 0,
    };
    Ok((statement.signer, sequence))
}
