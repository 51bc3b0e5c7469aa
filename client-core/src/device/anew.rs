//! The ledger followed anew, for a member whose role shows them more than it did. Until it is there again, their person goes on
//! seeing what was known before, and what they do is kept to be sent.
//!
//! ```text
//! more to see ──> next login ──> the other place: follow from 0, through the root that this device had ──> there: the old goes
//!                                outside `handle`: what was known before
//! ```
//!
//! There are two of all that is known of the ledger meanwhile, in memory and in the store. What comes from the relay is worked
//! on with the new one in the old one's place; whoever else asks this device finds the old one. The old one goes with the frame
//! that reaches where it stood, so that the new one never holds an edit of this device that the old one lacks: what is written
//! upon the old one is written upon all that this device ever wrote.

use std::collections::HashMap;

use rand_core::CryptoRng;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::KeyRef;
use troth_protocol::state::State;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, Trail};

use super::compact::Compaction;
use super::content::Content;
use super::fetch::Fetching;
use super::keyring::{SealedAt, Secret};
use super::rows::{DocumentRow, Identity, Kept, OF_THE_LEDGER};
use super::{Device, DeviceError};
use crate::storage::Storage;

/// What is known of the ledger: all that following it anew makes again.
#[derive(Default)]
pub(super) struct View {
    state: Option<State>,
    frontier: Frontier,
    trail: Trail,
    checkpoint: Option<CompactCheckpoint>,
    checkpoint_at: u64,
    sealed: HashMap<KeyRef, Vec<SealedAt>>,
    documents: HashMap<DocumentId, DocumentRow>,
    contents: HashMap<DocumentId, Content>,
    keys: HashMap<KeyRef, Secret>,
    missing: Vec<(Stream, u64)>,
    fetching: Fetching,
    refold: bool,
    compaction: Compaction,
}

impl View {
    /// Lets go of what is open, and of the keys that opened it.
    pub(super) fn close(&mut self) {
        self.contents.clear();
        self.keys.clear();
    }
}

impl<S: Storage> Device<S> {
    /// Whether the ledger is followed anew, and what is shown meanwhile is what was known before.
    pub const fn follows_anew(&self) -> bool {
        self.beside.is_some()
    }

    fn exchange(&mut self, view: &mut View) {
        use std::mem::swap;
        swap(&mut self.state, &mut view.state);
        swap(&mut self.frontier, &mut view.frontier);
        swap(&mut self.trail, &mut view.trail);
        swap(&mut self.checkpoint, &mut view.checkpoint);
        swap(&mut self.checkpoint_at, &mut view.checkpoint_at);
        swap(&mut self.sealed, &mut view.sealed);
        swap(&mut self.documents, &mut view.documents);
        swap(&mut self.contents, &mut view.contents);
        swap(&mut self.keys, &mut view.keys);
        swap(&mut self.missing, &mut view.missing);
        swap(&mut self.fetching, &mut view.fetching);
        swap(&mut self.refold, &mut view.refold);
        swap(&mut self.compaction, &mut view.compaction);
        self.rows.turn_to(self.rows.face().other());
    }

    /// Goes on after a restart: with what its person is shown, and with what was followed anew so far.
    pub(super) fn resume_anew(&mut self) -> Result<(), DeviceError> {
        let Some(Kept { anew: true, .. }) = self.identity.kept else {
            return Ok(());
        };
        let mut view = Box::<View>::default();
        self.exchange(&mut view);
        let restored = self.restore();
        self.exchange(&mut view);
        self.beside = Some(view);
        restored
    }

    /// Before what comes from the relay is worked on: what is followed anew takes the place of what was known before.
    pub(super) fn take_up(&mut self) {
        if let Some(mut view) = self.beside.take() {
            self.exchange(&mut view);
            self.beside = Some(view);
        }
    }

    /// After that: back to what was known before, until the ledger is there as far as it was. Then the old one goes.
    pub(super) fn lay_down(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        if self.beside.is_none() {
            return Ok(());
        }
        let ended = match self.check_whole() {
            Ok(()) => self.end_anew(rng),
            Err(_) => Ok(()),
        };
        if self.beside.is_some() {
            self.take_up();
        }
        ended
    }

    fn end_anew(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let face = self.rows.face();
        let mut identity = self.identity.clone();
        identity.kept = Some(Kept { face, anew: false });
        self.rows.turn_to(face.other());
        let ended = self.commit_without_ledger(rng, &identity);
        self.rows.turn_to(face);
        ended?;
        self.identity = identity;
        self.beside = None;
        // What its person wrote meanwhile was written to what was shown, and waits: it is in what is opened from here on.
        self.contents.clear();
        Ok(())
    }

    /// Keeps who this device is, and nothing of the ledger in the place that is turned to.
    fn commit_without_ledger(
        &mut self,
        rng: &mut impl CryptoRng,
        identity: &Identity,
    ) -> Result<(), DeviceError> {
        let mut writes = vec![self.rows.identity_write(rng, identity)];
        for table in OF_THE_LEDGER {
            writes.extend(self.rows.clear(table)?);
        }
        self.rows.commit(writes)
    }

    /// Begins to follow the ledger anew. Where it must lead through is not forgotten: what this device had verified.
    pub(super) fn forget_ledger(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let mut identity = self.identity.clone();
        identity.ledger_key = self.ledger_key();
        // What is not whole shows nobody anything: it is begun once more in its place.
        let whole = self.beside.is_none() && self.check_whole().is_ok();
        if whole {
            identity.waypoint = Some(CheckpointRef {
                size: self.frontier.size(),
                root: self.frontier.root(),
            });
            identity.kept = Some(Kept {
                face: self.rows.face(),
                anew: true,
            });
        }
        let present = self.rows.face();
        if whole {
            self.rows.turn_to(present.other());
        }
        let begun = self.commit_without_ledger(rng, &identity);
        self.rows.turn_to(present);
        begun?;
        self.identity = identity;
        if whole {
            let mut view = Box::<View>::default();
            self.exchange(&mut view);
            self.beside = Some(view);
            Ok(())
        } else {
            self.forget()
        }
    }
}
