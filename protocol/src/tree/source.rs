//! The past of a tree, computed from its tiles.

use super::{FoldError, Frontier, Subtree, Tile, cover, node_hash};
use crate::ids::Hash;

/// Where tiles are read from. Any `FnMut(u8, u64) -> Result<impl AsRef<[Hash]>, E>` is one.
pub trait TileSource {
    /// A tile's hashes.
    type Hashes: AsRef<[Hash]>;
    /// Why a tile could not be read.
    type Error;

    /// The hashes of a tile, by level and index: all 256, or as many as there are of a partial one.
    ///
    /// # Errors
    /// Whatever keeps the tile from being read, its absence too.
    fn tile(&mut self, level: u8, index: u64) -> Result<Self::Hashes, Self::Error>;
}

impl<F, T, E> TileSource for F
where
    F: FnMut(u8, u64) -> Result<T, E>,
    T: AsRef<[Hash]>,
{
    type Hashes = T;
    type Error = E;

    fn tile(&mut self, level: u8, index: u64) -> Result<T, E> {
        self(level, index)
    }
}

/// Why a subtree's root cannot be computed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubtreeError<E> {
    /// The tile could not be read.
    #[error("cannot read a tile of the ledger: {0}")]
    Source(E),
    /// The tile has fewer hashes than the subtree needs: the tree is not yet that large, or the store lost
    /// some.
    #[error(
        "tile {tile:?} does not reach as far as asked; ask for no more than the tree holds, or check the store"
    )]
    Short {
        /// The tile that was read.
        tile: Tile,
    },
    /// The subtree does not fit into any tree.
    #[error("no tree reaches as far as {0:?}; ask for no more than the tree holds")]
    Beyond(Subtree),
}

/// The root of a complete subtree, from the one tile that it takes: at most 127 hashes are computed.
///
/// # Errors
/// See [`SubtreeError`].
pub fn subtree_root<S>(subtree: Subtree, source: &mut S) -> Result<Hash, SubtreeError<S::Error>>
where
    S: TileSource + ?Sized,
{
    let (tile, range) = Tile::holding(subtree).ok_or(SubtreeError::Beyond(subtree))?;
    let hashes = source
        .tile(tile.level, tile.index)
        .map_err(SubtreeError::Source)?;
    let hashes = hashes.as_ref().get(range).ok_or(SubtreeError::Short { tile })?;
    perfect_root(hashes).ok_or(SubtreeError::Short { tile })
}

/// The frontier that a tree had when it held `size` leaves, from its tiles: one tile for each bit set in the
/// size.
///
/// # Errors
/// See [`SubtreeError`].
pub fn frontier_at<S>(size: u64, source: &mut S) -> Result<Frontier, SubtreeError<S::Error>>
where
    S: TileSource + ?Sized,
{
    let mut frontier = Frontier::new();
    for subtree in cover(0, size) {
        let root = subtree_root(subtree, source)?;
        frontier
            .push_subtree(subtree.level, root)
            .map_err(|_: FoldError| SubtreeError::Beyond(subtree))?;
    }
    Ok(frontier)
}

/// The root over hashes whose number is a power of two; `None` for none.
pub(super) fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        for parent in 0..level.len() / 2 {
            level[parent] = node_hash(&level[2 * parent], &level[2 * parent + 1]);
        }
        level.truncate(level.len() / 2);
    }
    level.first().copied()
}
