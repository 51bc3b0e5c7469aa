//! A log server's tree: everything that is needed to append, held in memory.

use super::source::perfect_root;
use super::tile::{TILE_LEVELS, hashes_at};
use super::{FoldError, Frontier, Subtree, SubtreeError, TILE_WIDTH, Tile, TileSource, subtree_root};
use crate::ids::Hash;

/// The frontier of a tree, and the partial tile at the right edge of each level of tiles.
///
/// At most 255 hashes for each of eight levels; a clone of a tree below 2^24 leaves is a copy of some 24 KB.
/// To append with a way back, append to a clone, make the tiles durable, then keep the clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    frontier: Frontier,
    /// Invariant: `partial[l]` holds `floor(size / 256^l) mod 256` hashes.
    partial: [Vec<Hash>; TILE_LEVELS as usize],
}

/// A tile that has become complete and will never change again. The tree forgets it: it is for the store to
/// keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompleteTile {
    /// Its place.
    pub tile: Tile,
    /// Its hashes, [`TILE_WIDTH`] of them.
    pub hashes: Vec<Hash>,
}

/// Why a tree cannot be put together again from what was stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RestoreError<E> {
    /// A complete tile could not be read.
    #[error("cannot read a tile of the ledger: {0}")]
    Source(E),
    /// A tile that must be complete has some other number of hashes.
    #[error("stored tile {tile:?} has {found} hashes, not 256; restore the store from a backup")]
    Incomplete {
        /// The tile.
        tile: Tile,
        /// The number of hashes that were found.
        found: usize,
    },
    /// The tail does not hold the leaves after the last complete tile.
    #[error(
        "{expected} leaf hashes follow the last complete tile, but {found} were given; restore from a backup"
    )]
    Tail {
        /// `size mod 256`.
        expected: usize,
        /// The number given.
        found: usize,
    },
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self {
            frontier: Frontier::new(),
            partial: Default::default(),
        }
    }

    /// Puts a tree of `size` leaves together from its complete tiles and the leaf hashes after the last
    /// complete tile, those of positions `size - size % 256 .. size`.
    ///
    /// Reads at most 255 tiles of each level. What was stored is taken at its word: compare
    /// [`root`](Self::root) with the checkpoint last signed.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn restore<S>(size: u64, source: &mut S, tail: &[Hash]) -> Result<Self, RestoreError<S::Error>>
    where
        S: TileSource + ?Sized,
    {
        let expected = (size % TILE_WIDTH as u64) as usize;
        if tail.len() != expected {
            return Err(RestoreError::Tail {
                expected,
                found: tail.len(),
            });
        }
        let mut tree = Self::new();
        for level in (1..TILE_LEVELS).rev() {
            let hashes = hashes_at(level, size);
            for index in hashes - hashes % TILE_WIDTH as u64..hashes {
                let tile = Tile {
                    level: level - 1,
                    index,
                };
                let below = source
                    .tile(tile.level, tile.index)
                    .map_err(RestoreError::Source)?;
                let root = complete_root(tile, below.as_ref())?;
                tree.place(level, root);
            }
        }
        tail.iter().for_each(|leaf| tree.place(0, *leaf));
        Ok(tree)
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The frontier.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The hashes of the partial tile at the right edge of a level of tiles, 0 to 255 of them.
    pub fn partial(&self, level: u8) -> &[Hash] {
        self.partial.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Adds leaves, by their hashes, and returns the tiles that this completed: each before any that builds
    /// on it.
    ///
    /// # Errors
    /// [`FoldError::Full`]; the tree is then unchanged.
    pub fn append(&mut self, leaves: &[Hash]) -> Result<Vec<CompleteTile>, FoldError> {
        let added = u64::try_from(leaves.len()).map_err(|_| FoldError::Full)?;
        self.size().checked_add(added).ok_or(FoldError::Full)?;
        let mut completed = Vec::new();
        for leaf in leaves {
            self.frontier.push_leaf(*leaf)?;
            self.partial[0].push(*leaf);
            self.carry(&mut completed);
        }
        Ok(completed)
    }

    /// The root of any complete subtree of this tree: from memory where a partial tile holds it, else from
    /// the source, which must have every tile that [`append`](Self::append) returned.
    ///
    /// # Errors
    /// See [`SubtreeError`].
    pub fn subtree_root<S>(&self, subtree: Subtree, source: &mut S) -> Result<Hash, SubtreeError<S::Error>>
    where
        S: TileSource + ?Sized,
    {
        let (tile, range) = Tile::holding(subtree).ok_or(SubtreeError::Beyond(subtree))?;
        if tile.width_at(self.size()) == TILE_WIDTH {
            return subtree_root(subtree, source);
        }
        // Not complete: at the right edge, and so in memory, or beyond it.
        let at_edge = tile.index == hashes_at(tile.level, self.size()) / TILE_WIDTH as u64;
        let hashes = if at_edge {
            self.partial(tile.level).get(range)
        } else {
            None
        };
        hashes.and_then(perfect_root).ok_or(SubtreeError::Short { tile })
    }

    /// Turns every tile that has just become full into one hash of the level above.
    fn carry(&mut self, completed: &mut Vec<CompleteTile>) {
        let size = self.frontier.size();
        for level in 0..TILE_LEVELS {
            let slot = usize::from(level);
            if self.partial[slot].len() < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(&mut self.partial[slot]);
            if let (Some(above), Some(root)) = (self.partial.get_mut(slot + 1), perfect_root(&hashes)) {
                above.push(root);
            }
            let index = hashes_at(level, size) / TILE_WIDTH as u64 - 1;
            completed.push(CompleteTile {
                tile: Tile { level, index },
                hashes,
            });
        }
    }

    /// Adds a stored hash at the right edge of its level. Levels are placed from the top down and each holds
    /// fewer than 256, so the frontier is always aligned to what comes next, and no larger than the size to
    /// be restored.
    fn place(&mut self, level: u8, hash: Hash) {
        let folded = self.frontier.push_subtree(level * super::tile::TILE_HEIGHT, hash);
        debug_assert_eq!(folded, Ok(()));
        self.partial[usize::from(level)].push(hash);
    }
}

/// The root over a tile that must be complete.
fn complete_root<E>(tile: Tile, hashes: &[Hash]) -> Result<Hash, RestoreError<E>> {
    let incomplete = RestoreError::Incomplete {
        tile,
        found: hashes.len(),
    };
    if hashes.len() != TILE_WIDTH {
        return Err(incomplete);
    }
    perfect_root(hashes).ok_or(incomplete)
}
