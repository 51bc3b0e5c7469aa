//! What a stretch of a ledger holds, counted.

use anyhow::{Context, Result};
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::PracticeId;
use troth_protocol::statement::{Body, Statement};
use troth_server::store::Store;

/// Entries of a stretch of a ledger, by kind, and the keys sealed in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Roster entries.
    pub roster: usize,
    /// Keys sealed in them.
    pub roster_keys: usize,
    /// Entries in documents' control chains.
    pub control: usize,
    /// Keys sealed in them.
    pub control_keys: usize,
    /// Edits.
    pub edits: usize,
    /// Logins.
    pub logins: usize,
    /// All others.
    pub others: usize,
}

impl Tally {
    /// Counts a practice's entries from a position on.
    ///
    /// # Errors
    /// The store cannot be read, or does not hold the practice.
    pub fn since(store: &dyn Store, practice: &PracticeId, from: u64) -> Result<Self> {
        let size = store.head(practice)?.context("the practice is there")?.size;
        let mut tally = Self::default();
        for row in store.entries(practice, from, size, usize::MAX)? {
            let leaf: Leaf = cbor::decode(&row.leaf).map_err(anyhow::Error::msg)?;
            let statement = cbor::decode(&leaf.signed.statement).map_err(anyhow::Error::msg)?;
            tally.count(&statement);
        }
        Ok(tally)
    }

    fn count(&mut self, statement: &Statement) {
        let keys = statement.sealings().len();
        match statement.body {
            Body::Roster(_) => {
                self.roster += 1;
                self.roster_keys += keys;
            }
            Body::Document(_) => {
                self.control += 1;
                self.control_keys += keys;
            }
            Body::Change(_) => self.edits += 1,
            Body::Session(_) => self.logins += 1,
            _ => self.others += 1,
        }
    }
}
