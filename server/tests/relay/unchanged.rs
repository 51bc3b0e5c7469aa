//! All that the relay has, to be compared: what is refused changes none of it.

use troth_protocol::cbor;
use troth_protocol::ids::{Hash, PracticeId};
use troth_server::store::{EntryRow, Head};

use super::world::World;

/// All that the relay has of a practice.
#[derive(PartialEq, Eq)]
pub struct Has {
    practice: PracticeId,
    size: u64,
    root: Hash,
    state: Vec<u8>,
    head: Option<Head>,
    rows: Vec<EntryRow>,
}

impl World {
    /// All that the relay has, in memory and in its store.
    pub fn all(&self) -> Vec<Has> {
        let practices = self.core.practices().iter();
        let has = practices.map(|(practice, kept)| Has {
            practice: *practice,
            size: kept.tree.size(),
            root: kept.tree.root(),
            state: cbor::encode(&kept.state),
            head: self.store().head(practice).unwrap(),
            rows: self
                .store()
                .entries(practice, 0, u64::MAX >> 1, usize::MAX)
                .unwrap(),
        });
        let mut all: Vec<Has> = has.collect();
        all.sort_by_key(|has| has.practice);
        all
    }
}
