//! How a ledger comes back into memory: the state that was last written down, and the entries since, replayed and verified.

use std::sync::Arc;

use thiserror::Error;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::tree::{TILE_WIDTH, Tree, leaf_hash};
use troth_protocol::{cbor, tree};

use super::{Hold, LedgerKeys, Practice, StoredTiles};
use crate::core::Settings;
use crate::store::{EntryRow, Head, Store, StoreError};

/// Bytes of entries held at once while replaying.
const REPLAY_BYTES: usize = 4 << 20;

/// Why a ledger could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The store failed, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry breaks a rule.
    #[error("entry {position} of practice {practice} breaks rule R{}: {rule}; restore a backup", .rule.number())]
    Entry {
        /// The practice.
        practice: PracticeId,
        /// Where.
        position: u64,
        /// What.
        rule: Rule,
    },
    /// The tree is not the one that was signed.
    #[error("the entries of practice {0} do not lead to the root that was signed; restore a backup")]
    Root(PracticeId),
    /// The relay does not hold the ledger key that the practice is signed with.
    #[error(
        "practice {0} knows another ledger key than this relay has; put the ledger.key that belongs to it back, or the \
         ledger-N.key that it was turned to"
    )]
    Key(PracticeId),
}

/// Loads a practice as of its head.
pub fn load(
    store: &Arc<dyn Store>,
    practice: PracticeId,
    head: Head,
    settings: &Settings,
) -> Result<Practice, LoadError> {
    let tree = load_tree(store, practice, head.size)?;
    if tree.root() != head.root {
        return Err(LoadError::Root(practice));
    }
    let (mut state, mut position) = written_down(&**store, practice)?;
    let from = position;
    while position < head.size {
        let rows = store.entries(&practice, position, head.size, REPLAY_BYTES)?;
        if rows.is_empty() {
            return Err(missing(position).into());
        }
        for row in rows {
            if row.position != position {
                return Err(missing(position).into());
            }
            replay(&mut state, practice, &row)?;
            position += 1;
        }
    }
    let state = state.ok_or(LoadError::Root(practice))?;
    let keys = LedgerKeys::of(&state.roster, settings).ok_or(LoadError::Key(practice))?;
    let checkpoint = super::sign(&state, tree.size(), tree.root(), &keys);
    let mut loaded = Practice::new(state, keys, tree, checkpoint, from);
    loaded.hold = Hold::kept(&**store, &practice)?;
    Ok(loaded)
}

/// The state that was last written down; none where there is none or it is of another version: then all is replayed.
fn written_down(store: &dyn Store, practice: PracticeId) -> Result<(Option<State>, u64), StoreError> {
    let Some(snapshot) = store.snapshot(&practice)? else {
        return Ok((None, 0));
    };
    match cbor::decode::<State>(&snapshot.state) {
        Ok(state) if *state.practice() == practice => Ok((Some(state), snapshot.size)),
        _ => Ok((None, 0)),
    }
}

/// Applies one stored entry to the state, checking everything that the relay checked when it took it.
pub(crate) fn replay(
    state: &mut Option<State>,
    practice: PracticeId,
    row: &EntryRow,
) -> Result<(), LoadError> {
    let position = row.position;
    let fail = |rule| LoadError::Entry {
        practice,
        position,
        rule,
    };
    let leaf: Leaf = cbor::decode(&row.leaf).map_err(fail)?;
    let parsed = Parsed::parse(leaf.signed).map_err(fail)?;
    let stream = parsed.statement().stream();
    match state {
        None => {
            let genesis = verify_genesis(parsed).map_err(fail)?;
            let founded = State::found(leaf.received, &genesis).map_err(fail)?;
            if *founded.practice() != practice || leaf.stream_seq != 0 {
                return Err(fail(Rule::UnknownPractice));
            }
            *state = Some(founded);
        }
        Some(state) => {
            if leaf.stream_seq != state.count(&stream) {
                return Err(fail(Rule::StreamGap));
            }
            let key = state.signing_key(parsed.statement()).map_err(fail)?;
            let verified = parsed.verify(&key, &practice).map_err(fail)?;
            state.apply(position, leaf.received, &verified).map_err(fail)?;
        }
    }
    Ok(())
}

fn missing(position: u64) -> StoreError {
    StoreError::Corrupt(format!("entry {position} is missing"))
}

fn load_tree(store: &Arc<dyn Store>, practice: PracticeId, size: u64) -> Result<Tree, LoadError> {
    let edge = size - size % TILE_WIDTH as u64;
    let mut tail: Vec<Hash> = Vec::new();
    while edge + (tail.len() as u64) < size {
        let rows = store.entries(&practice, edge + tail.len() as u64, size, REPLAY_BYTES)?;
        if rows.is_empty() {
            return Err(missing(edge + tail.len() as u64).into());
        }
        tail.extend(rows.iter().map(|row| leaf_hash(&row.leaf)));
    }
    Tree::restore(size, &mut StoredTiles::new(store, practice), &tail).map_err(|error| match error {
        tree::RestoreError::Source(store) => LoadError::Store(store),
        other => LoadError::Store(StoreError::Corrupt(other.to_string())),
    })
}
