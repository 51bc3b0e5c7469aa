//! Shares whose date has passed: nothing of them is shown any more, and what was opened of them leaves this device.
//!
//! Two clocks are asked. By either of them, this device's own or the relay's, a share ends for whoever reads here. Only the
//! relay's takes away what is kept: this device's may be wrong, and be set right.

use rand_core::CryptoRng;
use troth_protocol::entry::Verified;
use troth_protocol::ids::{DocumentId, MemberId};
use troth_protocol::keys::KeyRef;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, DocumentAction, Principal};
use troth_protocol::stream::Stream;

use super::rows::{CONTENT, ENTRY, EntryRow};
use super::{Device, DeviceError};
use crate::storage::Storage;

/// How far the relay's clock may be ahead of what this device makes of it, in milliseconds, before a payload that it
/// withholds for a date's sake counts as withheld for no reason.
const SKEW_MS: u64 = 120_000;

impl<S: Storage> Device<S> {
    /// Tells the engine the time, in milliseconds since the Unix epoch, where no connection does: what is sensitive closes,
    /// and what was shared until a date that has passed.
    ///
    /// # Errors
    /// Whatever the storage says.
    pub fn tell(&mut self, now: u64, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        self.told(now, rng);
        self.close_ended(rng)
    }

    /// The relay's clock, as far as it is known: as the newest entry says, or as it said itself on this connection, and what
    /// passed since by this device's clock.
    fn relays_clock(&self) -> u64 {
        let received = self.state.as_ref().map_or(0, |state| state.received);
        let welcomed = self.connection.welcomed;
        let said = welcomed.map_or(0, |(theirs, ours)| {
            theirs.saturating_add(self.clock.saturating_sub(ours))
        });
        received.max(said)
    }

    /// The time by which a share ends for whoever reads here.
    pub(super) fn reading_clock(&self) -> u64 {
        self.clock.max(self.relays_clock())
    }

    /// The latest time that it may be at the relay.
    pub(super) fn latest_clock(&self) -> u64 {
        self.reading_clock().saturating_add(SKEW_MS)
    }

    fn ended(&self, id: &DocumentId, now: u64) -> bool {
        let (Some(state), Some(me)) = (&self.state, self.identity.member) else {
            return false;
        };
        has_ended(state, &me, id, now)
    }

    /// Lets nobody at a document whose share has ended.
    pub(super) fn check_not_ended(&self, id: &DocumentId) -> Result<(), DeviceError> {
        if self.ended(id, self.reading_clock()) {
            return Err(DeviceError::ShareEnded(self.lane(*id)));
        }
        Ok(())
    }

    /// Lets go of what is open of shares that have ended, of their keys, and of what was saved of their contents.
    pub(super) fn close_ended(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let now = self.relays_clock();
        let Some(state) = &self.state else {
            return Ok(());
        };
        let ended: Vec<DocumentId> = state
            .documents
            .keys()
            .filter(|id| self.ended(id, now))
            .copied()
            .collect();
        for id in ended {
            self.contents.remove(&id);
            self.keys
                .retain(|key, _| !matches!(key, KeyRef::Epoch(of, _) if *of == id));
            if self.rows.has(CONTENT, id.as_bytes())? {
                self.unsave(rng, id)?;
            }
        }
        Ok(())
    }

    /// Takes away what was saved of a document: it is in its entries still, should it be shared again.
    fn unsave(&mut self, rng: &mut impl CryptoRng, id: DocumentId) -> Result<(), DeviceError> {
        let mut edits = Vec::new();
        for row in self.rows.scan::<EntryRow>(ENTRY)? {
            let parsed = troth_protocol::entry::Parsed::parse(row.leaf.signed);
            let edit = parsed.is_ok_and(|parsed| {
                let statement = parsed.statement();
                statement.stream() == Stream::Document(id) && matches!(statement.body, Body::Change(_))
            });
            edits.extend(edit.then_some(row.position));
        }
        edits.sort_unstable();
        let mut writes = vec![self.rows.remove(CONTENT, id.as_bytes())];
        if let Some(row) = self.documents.get_mut(&id) {
            row.tail = edits;
        }
        self.write_document(rng, id, &mut writes);
        self.rows.commit(writes)
    }

    /// Whether an entry shares a document again whose share had ended for this member: what came meanwhile came without its
    /// content, and is fetched with it.
    pub(super) fn is_shared_again(&self, id: &DocumentId, received: u64, verified: &Verified) -> bool {
        let (Body::Document(control), Some(me)) = (&verified.statement().body, self.identity.member) else {
            return false;
        };
        let gives = |action: &DocumentAction| match action {
            DocumentAction::Grant { reader } => reader.principal == Principal::Member(me),
            _ => false,
        };
        self.ended(id, received) && control.actions.iter().any(gives)
    }
}

fn has_ended(state: &State, me: &MemberId, id: &DocumentId, now: u64) -> bool {
    let document = state.documents.get(id);
    document.is_some_and(|d| d.ended_on(&state.roster, me, u64::MAX, now).is_some())
}
