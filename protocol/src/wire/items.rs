//! Items: the sync stream, which is the proof.

use minicbor::{Decode, Encode};

use crate::checkpoint::CompactCheckpoint;
use crate::counts::SignedCounts;
use crate::entry::Leaf;
use crate::ids::Hash;
use crate::tree::{self, Frontier};

/// Items that cover exactly the positions from `from` up to the checkpoint's size.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Items {
    /// The first position covered.
    #[n(0)]
    pub from: u64,
    /// Entries and subtree roots, in order.
    #[n(1)]
    pub items: Vec<Item>,
    /// What they fold into.
    #[n(2)]
    pub checkpoint: CompactCheckpoint,
    /// The relay's word on how many entries there are to see; at the end of a catch-up and with each beat.
    #[n(3)]
    pub counts: Option<SignedCounts>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// An entry that the reader may see.
    #[n(0)]
    Entry(#[n(0)] EntryItem),
    /// A run of entries that the reader may not see, or did not ask for.
    #[n(1)]
    Roots(#[n(0)] RootsItem),
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EntryItem {
    /// What the tree commits to.
    #[n(0)]
    pub leaf: Leaf,
    /// The payload; `None` where there is none, where it was erased, and for readers of statements only.
    #[n(1)]
    pub payload: Option<minicbor::bytes::ByteVec>,
}

/// A run of entries, as the roots of the shortest list of aligned subtrees that covers it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RootsItem {
    /// Entries in the run.
    #[n(0)]
    pub entries: u64,
    /// The roots, 32 bytes each, in order.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub roots: Vec<u8>,
}

/// The items do not fold into what the relay signed: it altered, left out or added something, or the frontier is not of
/// this ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the relay sent does not fold into the checkpoint that it signed")]
pub struct Mismatch;

/// A frontier that the items lead to, and where each entry stands.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The frontier after the items.
    pub frontier: Frontier,
    /// The entries' positions, in the order of the entries among the items.
    pub positions: Vec<u64>,
    /// What was folded, in order: the height of each complete subtree, 0 for an entry, and its root.
    pub pieces: Vec<(u8, Hash)>,
}

impl Items {
    /// Folds the items into a frontier. Succeeds only if they begin where it ends and lead to exactly the size and root of
    /// their checkpoint; the checkpoint's own signature is the caller's to check.
    pub fn fold(&self, frontier: &Frontier) -> Result<Folded, Mismatch> {
        let mut frontier = frontier.clone();
        let mut positions = Vec::with_capacity(self.items.len());
        let mut pieces = Vec::with_capacity(self.items.len());
        if frontier.size() != self.from {
            return Err(Mismatch);
        }
        for item in &self.items {
            match item {
                Item::Entry(entry) => {
                    positions.push(frontier.size());
                    let leaf = tree::leaf_hash(&entry.leaf.encode());
                    frontier.push_leaf(leaf).map_err(|_| Mismatch)?;
                    pieces.push((0, leaf));
                }
                Item::Roots(run) => run.fold(&mut frontier, |level, root| pieces.push((level, root)))?,
            }
        }
        if frontier.size() == self.checkpoint.size && frontier.root() == self.checkpoint.root {
            Ok(Folded {
                frontier,
                positions,
                pieces,
            })
        } else {
            Err(Mismatch)
        }
    }

    /// The entries, without the runs between them.
    pub fn into_entries(self) -> impl Iterator<Item = EntryItem> {
        self.items.into_iter().filter_map(|item| match item {
            Item::Entry(entry) => Some(entry),
            Item::Roots(_) => None,
        })
    }
}

impl RootsItem {
    /// Folds the run into a frontier.
    pub fn fold_into(&self, frontier: &mut Frontier) -> Result<(), Mismatch> {
        self.fold(frontier, |_, _| ())
    }

    fn fold(&self, frontier: &mut Frontier, mut each: impl FnMut(u8, Hash)) -> Result<(), Mismatch> {
        let from = frontier.size();
        let to = from.checked_add(self.entries).ok_or(Mismatch)?;
        let mut roots = self.roots.chunks_exact(Hash::LEN);
        for subtree in tree::cover(from, to) {
            let root = roots.next().and_then(Hash::from_slice).ok_or(Mismatch)?;
            frontier.push_subtree(subtree.level, root).map_err(|_| Mismatch)?;
            each(subtree.level, root);
        }
        if roots.next().is_none() && roots.remainder().is_empty() {
            Ok(())
        } else {
            Err(Mismatch)
        }
    }
}
