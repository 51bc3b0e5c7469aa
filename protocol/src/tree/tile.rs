//! Tiles: how a log stores and serves its tree (C2SP tlog-tiles).

use super::Subtree;
use crate::ids::Hash;

/// The number of hashes in a complete tile.
pub const TILE_WIDTH: usize = 256;
/// How many levels of the tree one level of tiles spans: the binary logarithm of [`TILE_WIDTH`].
pub(super) const TILE_HEIGHT: u8 = 8;
/// Levels of tiles that a tree of 64-bit size can reach.
pub(super) const TILE_LEVELS: u8 = 8;

/// A tile's place: the hashes of the complete subtrees of height `8 · level`, from the `256 · index`th on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    /// 0 for leaf hashes. C2SP tlog-tiles allows up to 63; a tree of 64-bit size reaches 7.
    pub level: u8,
    /// How many tiles of the same level stand to its left.
    pub index: u64,
}

impl Tile {
    /// The tile that holds what a subtree's root is computed from, and where in it those hashes begin and how
    /// many there are. `None` for a subtree that no tree can hold.
    pub fn holding(subtree: Subtree) -> Option<(Self, std::ops::Range<usize>)> {
        subtree.leaves()?;
        let height = subtree.level % TILE_HEIGHT;
        let first = subtree.index << height;
        let offset = (first % TILE_WIDTH as u64) as usize;
        let tile = Self {
            level: subtree.level / TILE_HEIGHT,
            index: first / TILE_WIDTH as u64,
        };
        Some((tile, offset..offset + (1 << height)))
    }

    /// How many hashes this tile has in a tree of `size` leaves, 0 to [`TILE_WIDTH`].
    pub fn width_at(&self, size: u64) -> usize {
        let hashes = hashes_at(self.level, size);
        let before = self.index.saturating_mul(TILE_WIDTH as u64);
        hashes.saturating_sub(before).min(TILE_WIDTH as u64) as usize
    }
}

/// How many hashes all tiles of a level hold in a tree of `size` leaves: `floor(size / 256^level)`.
pub(super) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))
        .unwrap_or(0)
}

/// The bytes of a tile as stored and served: its hashes one after the other, 32 bytes each.
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads the bytes of a tile of 1 to [`TILE_WIDTH`] hashes; `None` for any other length.
pub fn decode_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    let whole = rest.is_empty() && (1..=TILE_WIDTH).contains(&hashes.len());
    whole.then(|| hashes.iter().copied().map(Hash).collect())
}
