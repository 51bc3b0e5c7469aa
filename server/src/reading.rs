//! Catch-ups and fetches: what a reader may see between two positions, read from the store frame by frame. Each frame
//! folds into a checkpoint of its own, so a reader holds no more than one frame unverified, and the relay none unsent.

mod plan;

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::Hash;
use troth_protocol::tree::{Frontier, Subtree, SubtreeError, Tree, cover};
use troth_protocol::wire::{self, EntryItem, Item, Items, RelayMessage, RootsItem};
use troth_protocol::{cbor, checkpoint, limits, tree};

pub use plan::{Plan, Purpose, Streams, Until};

use crate::practice::StoredTiles;
use crate::store::{EntryRow, Store, StoreError};

/// Why reading stopped.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was read back is not what was committed.
    #[error("entry {0} is not the one that the tree committed to; restore a backup")]
    Damaged(u64),
}

/// Carries a plan out, one frame at a time.
pub struct Reader {
    plan: Plan,
    store: Arc<dyn Store>,
    tiles: StoredTiles,
    /// Positions shown that are not read yet, as far as the ledger was looked through for them.
    positions: VecDeque<u64>,
    looked_through: u64,
    frontier: Frontier,
    rows: VecDeque<EntryRow>,
}

/// Entries asked for at once, where the positions are scattered; a frame's bytes bound what comes.
const READ_AHEAD: usize = 256;
/// How much of a ledger is looked through at once for what is shown: 256 KiB of positions at most.
const WINDOW: u64 = 32 * 1024;

impl Reader {
    /// Begins a plan.
    pub fn new(plan: Plan, store: Arc<dyn Store>) -> Result<Self, ReadError> {
        let mut tiles = StoredTiles::new(&store, plan.practice);
        let frontier = frontier_at(&plan.tree, plan.from, &mut tiles)?;
        Ok(Self {
            looked_through: plan.from,
            plan,
            store,
            tiles,
            positions: VecDeque::new(),
            frontier,
            rows: VecDeque::new(),
        })
    }

    /// Bytes that it holds between two frames: an entry that fitted no more, positions, tiles.
    pub fn held(&self) -> usize {
        let rows: usize = self.rows.iter().map(EntryRow::bytes).sum();
        rows + self.positions.len() * size_of::<u64>() + self.tiles.held()
    }

    /// Lets go of that; it is read again when the next frame is asked for.
    pub fn let_go(&mut self) {
        self.rows = VecDeque::new();
        self.positions = VecDeque::new();
        self.looked_through = self.frontier.size();
        self.tiles.let_go();
    }

    /// The next frame; `None` when the plan is done.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let (from, end) = (self.frontier.size(), self.plan.to);
        if from == end {
            return Ok(None);
        }
        let all = matches!(self.plan.streams, Streams::All);
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut more = false;
        while let Some(row) = self.next_row(limits::ITEMS_FRAME.saturating_sub(bytes))? {
            // Where everything is shown, a gap is a missing entry and not a run to pass over.
            let expected = self.frontier.size();
            if row.position < expected || (all && row.position != expected) {
                return Err(ReadError::Damaged(expected));
            }
            if bytes > 0 && bytes + row.bytes() > limits::ITEMS_FRAME {
                self.rows.push_front(row);
                more = true;
                break;
            }
            bytes += row.bytes() + self.skip_to(row.position, &mut items)?;
            let position = row.position;
            let item = self.entry(row)?;
            self.frontier
                .push_leaf(tree::leaf_hash(&item.leaf.encode()))
                .map_err(|_| ReadError::Damaged(position))?;
            items.push(Item::Entry(item));
        }
        if all && !more && self.frontier.size() != end {
            return Err(ReadError::Damaged(self.frontier.size()));
        }
        let to = if more { self.frontier.size() } else { end };
        self.skip_to(to, &mut items)?;
        // The root is computed from the tiles alone: a damaged entry can never make the relay sign a false one.
        let root = if to == self.plan.tree.size() {
            self.plan.tree.root()
        } else {
            frontier_at(&self.plan.tree, to, &mut self.tiles)?.root()
        };
        if root != self.frontier.root() {
            return Err(ReadError::Damaged(from));
        }
        Ok(Some(self.plan.frame(Items {
            from,
            items,
            checkpoint: self.plan.sign(to, root),
            counts: None,
        })))
    }

    /// Covers the run up to a position with subtree roots; returns the bytes that takes.
    fn skip_to(&mut self, to: u64, items: &mut Vec<Item>) -> Result<usize, ReadError> {
        let from = self.frontier.size();
        if let Some(through) = self.plan.through.filter(|at| from < *at && *at < to) {
            return Ok(self.skip_to(through, items)? + self.skip_to(to, items)?);
        }
        if from >= to {
            return Ok(0);
        }
        let run = roots(
            &self.plan.tree,
            from,
            to,
            &mut self.tiles,
            Some(&mut self.frontier),
        )?;
        let bytes = run.roots.len();
        items.push(Item::Roots(run));
        Ok(bytes)
    }

    /// The next entry that is shown. Where none is at hand, as many are read as fit `room`, or one.
    fn next_row(&mut self, room: usize) -> Result<Option<EntryRow>, ReadError> {
        if self.rows.is_empty() {
            let rows = match &self.plan.streams {
                Streams::All => {
                    let (from, to) = (self.frontier.size(), self.plan.to);
                    self.store.entries(&self.plan.practice, from, to, room)?
                }
                Streams::Some(_) => self.scattered(room)?,
            };
            self.rows.extend(rows);
        }
        Ok(self.rows.pop_front())
    }

    fn scattered(&mut self, room: usize) -> Result<Vec<EntryRow>, ReadError> {
        while self.positions.is_empty() && self.looked_through < self.plan.to {
            let end = self.plan.to.min(self.looked_through.saturating_add(WINDOW));
            self.positions = self
                .plan
                .positions(&*self.store, self.looked_through, end)?
                .into();
            self.looked_through = end;
        }
        let wanted: Vec<u64> = self.positions.iter().take(READ_AHEAD).copied().collect();
        let Some(first) = wanted.first() else {
            return Ok(Vec::new());
        };
        let rows = self.store.entries_at(&self.plan.practice, &wanted, room)?;
        let as_asked = |(row, position): (&EntryRow, &u64)| row.position == *position;
        if rows.is_empty() || !rows.iter().zip(&wanted).all(as_asked) {
            return Err(ReadError::Damaged(*first));
        }
        self.positions.drain(..rows.len());
        Ok(rows)
    }

    /// An entry as the reader gets it, checked against the digest that its statement gives.
    fn entry(&self, row: EntryRow) -> Result<EntryItem, ReadError> {
        let damaged = |_| ReadError::Damaged(row.position);
        let leaf: Leaf = cbor::decode(&row.leaf).map_err(damaged)?;
        let parsed = Parsed::parse(leaf.signed.clone()).map_err(damaged)?;
        let shown = self
            .plan
            .shows_payload(&parsed.statement().stream(), row.position);
        let payload = row
            .payload
            .filter(|p| shown && !p.is_empty() && parsed.statement().payload.is_some());
        if let Some(payload) = &payload {
            parsed.check_payload(payload).map_err(damaged)?;
        }
        Ok(EntryItem {
            leaf,
            payload: payload.map(Into::into),
        })
    }
}

/// The frontier of a tree at an earlier size.
pub fn frontier_at(tree: &Tree, size: u64, tiles: &mut StoredTiles) -> Result<Frontier, ReadError> {
    if size == tree.size() {
        return Ok(tree.frontier().clone());
    }
    let mut frontier = Frontier::new();
    roots(tree, 0, size, tiles, Some(&mut frontier))?;
    Ok(frontier)
}

/// A run of entries as the roots of its subtrees, folded into a frontier on the way if one is given.
pub fn roots(
    tree: &Tree,
    from: u64,
    to: u64,
    tiles: &mut StoredTiles,
    mut frontier: Option<&mut Frontier>,
) -> Result<RootsItem, ReadError> {
    let mut roots = Vec::new();
    for subtree in cover(from, to) {
        let root = subtree_root(tree, subtree, tiles)?;
        if let Some(frontier) = frontier.as_deref_mut() {
            frontier
                .push_subtree(subtree.level, root)
                .map_err(|_| ReadError::Damaged(from))?;
        }
        roots.extend_from_slice(root.as_bytes());
    }
    Ok(RootsItem {
        entries: to.saturating_sub(from),
        roots,
    })
}

fn subtree_root(tree: &Tree, subtree: Subtree, tiles: &mut StoredTiles) -> Result<Hash, ReadError> {
    let root = match tiles.check(tree, subtree) {
        Ok(()) => tree.subtree_root(subtree, tiles),
        Err(error) => Err(error),
    };
    root.map_err(|error| match error {
        SubtreeError::Source(store) => ReadError::Store(store),
        other => ReadError::Store(StoreError::Corrupt(other.to_string())),
    })
}

impl Plan {
    /// Signs an earlier size of the same ledger: it has only one root.
    fn sign(&self, size: u64, root: Hash) -> checkpoint::CompactCheckpoint {
        match checkpoint::Checkpoint::new(self.roster.origin_at(size), size, root) {
            Ok(checkpoint) => checkpoint.sign_compact(self.keys.at(size)),
            Err(_) => unreachable!("a roster's origin is plain: genesis with another is refused"),
        }
    }

    fn frame(&self, items: Items) -> Vec<u8> {
        wire::frame(&match self.purpose {
            Purpose::CatchUp => RelayMessage::Items(items),
            Purpose::Fetch { request } => {
                let more = items.checkpoint.size < self.to;
                RelayMessage::Fetched(request, more, items)
            }
        })
    }
}
