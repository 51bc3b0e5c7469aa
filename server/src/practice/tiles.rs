//! Tiles of a ledger, read from the store.

use std::collections::HashMap;
use std::sync::Arc;

use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::tree::{Frontier, Subtree, SubtreeError, TILE_WIDTH, Tile, TileSource, Tree};

use crate::store::{Store, StoreError, TILE_BYTES};

/// Levels of the tree that one level of tiles spans.
const TILE_HEIGHT: u8 = 8;

/// Reads a ledger's complete tiles, keeping the last one of each level.
pub struct StoredTiles {
    store: Arc<dyn Store>,
    practice: PracticeId,
    kept: HashMap<u8, (u64, Vec<Hash>)>,
    /// Of each level the one that was checked last.
    checked: HashMap<u8, u64>,
}

impl StoredTiles {
    /// The tiles of a practice's ledger.
    pub fn new(store: &Arc<dyn Store>, practice: PracticeId) -> Self {
        Self {
            store: store.clone(),
            practice,
            kept: HashMap::new(),
            checked: HashMap::new(),
        }
    }

    /// Refuses a complete tile that is not the one that the tree, whose right edge is in memory, was made of. `subtree` is what
    /// is to be computed from it.
    pub fn check(&mut self, tree: &Tree, subtree: Subtree) -> Result<(), SubtreeError<StoreError>> {
        let Some((tile, _)) = Tile::holding(subtree).filter(|(tile, _)| self.is_unchecked(tree, *tile))
        else {
            return Ok(());
        };
        let whole = Subtree {
            level: (tile.level + 1) * TILE_HEIGHT,
            index: tile.index,
        };
        self.check(tree, whole)?;
        let hashes = self.tile(tile.level, tile.index).map_err(SubtreeError::Source)?;
        let mut of_its_own = Frontier::new();
        let folds = hashes
            .iter()
            .all(|hash| of_its_own.push_subtree(tile.level * TILE_HEIGHT, *hash).is_ok());
        if !folds || of_its_own.root() != tree.subtree_root(whole, self)? {
            let what = format!("tile {}/{} is not the tree's", tile.level, tile.index);
            return Err(SubtreeError::Source(StoreError::Corrupt(what)));
        }
        self.checked.insert(tile.level, tile.index);
        Ok(())
    }

    fn is_unchecked(&self, tree: &Tree, tile: Tile) -> bool {
        tile.width_at(tree.size()) == TILE_WIDTH && self.checked.get(&tile.level) != Some(&tile.index)
    }

    /// Bytes of the tiles kept.
    pub fn held(&self) -> usize {
        self.kept.len() * TILE_BYTES
    }

    /// Keeps none of them.
    pub fn let_go(&mut self) {
        self.kept.clear();
        self.checked.clear();
    }
}

impl TileSource for StoredTiles {
    type Hashes = Vec<Hash>;
    type Error = StoreError;

    fn tile(&mut self, level: u8, index: u64) -> Result<Vec<Hash>, StoreError> {
        if let Some((_, hashes)) = self.kept.get(&level).filter(|(kept, _)| *kept == index) {
            return Ok(hashes.clone());
        }
        let bytes = self
            .store
            .tile(&self.practice, level, index)?
            .ok_or_else(|| StoreError::Corrupt(format!("tile {level}/{index} is missing")))?;
        let hashes: Vec<Hash> = bytes
            .chunks_exact(Hash::LEN)
            .filter_map(Hash::from_slice)
            .collect();
        self.checked.remove(&level);
        self.kept.insert(level, (index, hashes.clone()));
        Ok(hashes)
    }
}
