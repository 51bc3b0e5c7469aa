//! Tiles of a ledger, read from the store.

use std::collections::HashMap;
use std::sync::Arc;

use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::tree::TileSource;

use crate::store::{Store, StoreError};

/// Reads a ledger's complete tiles, keeping the last one of each level.
pub struct StoredTiles {
    store: Arc<dyn Store>,
    practice: PracticeId,
    kept: HashMap<u8, (u64, Vec<Hash>)>,
}

impl StoredTiles {
    /// The tiles of a practice's ledger.
    pub fn new(store: &Arc<dyn Store>, practice: PracticeId) -> Self {
        Self {
            store: store.clone(),
            practice,
            kept: HashMap::new(),
        }
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
        self.kept.insert(level, (index, hashes.clone()));
        Ok(hashes)
    }
}
