//! `troth-server verify`: every ledger replayed from genesis.
//!
//! Nothing that the relay derived is believed: rules, signatures and stream counts are checked again entry by entry, the
//! tree is grown again and compared with the tiles and the head, every payload with the digest that its statement gives.

mod ledger;
mod report;

use std::sync::Arc;

use troth_protocol::ids::VerifyingKey;

pub use report::{Fault, LedgerReport, Report};

use crate::store::{Store, StoreError};

/// Verifies every ledger of a store. `keys` are the relay's ledger keys; `progress` hears the practice's number, how many
/// there are, and the entries done and to do.
///
/// # Errors
/// The store's, where it cannot even say what it keeps. What is wrong with a ledger stands in its report.
pub fn verify(
    store: &Arc<dyn Store>,
    keys: &[VerifyingKey],
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, StoreError> {
    let mut practices = store.practices()?;
    practices.sort_unstable_by_key(|(id, _)| *id);
    let count = practices.len();
    let mut ledgers = Vec::with_capacity(count);
    for (number, (id, head)) in practices.into_iter().enumerate() {
        let mut step = |done| {
            progress(Progress {
                number,
                count,
                done,
                entries: head.size,
            })
        };
        ledgers.push(ledger::verify(store, id, head, keys, &mut step));
    }
    Ok(Report::new(ledgers))
}

/// How far the verification has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The ledger's number, from 0.
    pub number: usize,
    /// How many ledgers there are.
    pub count: usize,
    /// Entries of this ledger done.
    pub done: u64,
    /// Entries that it has.
    pub entries: u64,
}
