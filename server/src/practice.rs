//! One ledger in memory: what its statements amount to, and its tree.

mod again;
mod compact;
mod hold;
mod keys;
mod load;
mod sequence;
mod tiles;

use std::collections::HashMap;
use std::sync::Arc;

use troth_protocol::checkpoint::{Checkpoint, CompactCheckpoint};
use troth_protocol::ids::{DocumentId, Hash, InviteId, PracticeId};
use troth_protocol::roster::Roster;
use troth_protocol::state::State;
use troth_protocol::tree::Tree;

use crate::core::Settings;
use crate::directory::{Ledger, Signers};
use compact::Sweep;

pub use again::Again;
pub use hold::{Hold, hold_all};
pub use keys::LedgerKeys;
pub(crate) use load::replay;
pub use load::{LoadError, load};
pub use sequence::{Fresh, Outcome, Pending, ReceiptOr, Sequenced, found, practice_id};
pub use tiles::StoredTiles;

/// One practice's ledger as of its newest durable entry.
pub struct Practice {
    /// What its statements amount to.
    pub state: State,
    /// Its roster as of its newest durable entry, for whoever checks signatures.
    pub roster: Arc<Roster>,
    /// The keys that its devices sign with.
    pub signers: Arc<Signers>,
    /// The keys that it is signed with, as of its newest durable entry.
    pub keys: LedgerKeys,
    /// Its tree.
    pub tree: Arc<Tree>,
    /// The newest checkpoint, signed after what it commits to was durable.
    pub checkpoint: CompactCheckpoint,
    /// Size at which the state was last written down.
    pub written_down: u64,
    /// The document of each intake link.
    pub links: HashMap<InviteId, DocumentId>,
    /// What it is known to lack, from a restore on until everything is back that a device has.
    pub hold: Option<Hold>,
    /// Documents with payloads that may have to go.
    sweep: Sweep,
}

impl Practice {
    /// The practice.
    pub const fn id(&self) -> &PracticeId {
        self.state.practice()
    }

    /// A ledger that is written down as of a size and no further.
    pub fn new(
        state: State,
        keys: LedgerKeys,
        tree: Tree,
        checkpoint: CompactCheckpoint,
        written_down: u64,
    ) -> Self {
        Self {
            keys,
            roster: Arc::new(state.roster.clone()),
            signers: Arc::new(Signers::of(&state.roster)),
            sweep: Sweep::of(&state),
            links: links_of(&state),
            hold: None,
            state,
            tree: Arc::new(tree),
            checkpoint,
            written_down,
        }
    }

    /// What may be shown of it.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            roster: self.roster.clone(),
            signers: self.signers.clone(),
            tree: self.tree.clone(),
            checkpoint: self.checkpoint,
        }
    }

    /// Takes the state's roster for the one that signatures are checked by, and made by.
    pub fn show_roster(&mut self, settings: &Settings) {
        if let Some(keys) = LedgerKeys::of(&self.state.roster, settings) {
            self.keys = keys;
        }
        self.signers = Arc::new(Signers::of(&self.state.roster));
        self.roster = Arc::new(self.state.roster.clone());
    }

    /// Signs the ledger as it is. Called only for what is durable; Ed25519 is deterministic, so signing a size again after
    /// a crash gives the same bytes.
    pub fn sign(&mut self) {
        self.checkpoint = sign(&self.state, self.tree.size(), self.tree.root(), &self.keys);
    }
}

fn links_of(state: &State) -> HashMap<InviteId, DocumentId> {
    let documents = state.documents.iter();
    documents
        .flat_map(|(id, document)| document.links().map(|(invite, _)| (*invite, *id)))
        .collect()
}

/// The relay's signature on a size and root of a practice's ledger.
pub fn sign(state: &State, size: u64, root: Hash, keys: &LedgerKeys) -> CompactCheckpoint {
    match Checkpoint::new(state.roster.origin_at(size), size, root) {
        Ok(checkpoint) => checkpoint.sign_compact(keys.at(size)),
        Err(_) => unreachable!("a roster's origin is plain: genesis with another is refused"),
    }
}
