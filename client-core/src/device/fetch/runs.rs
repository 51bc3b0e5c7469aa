//! Runs that were not shown, after entries among them were: what is left of each, as the roots of its subtrees.
//!
//! A subtree that is as large as it can be within what is left of a run is as large as it can be within the run, or within
//! the stretch between two fetched entries: its root is known from one of the two.

use std::collections::{BTreeSet, HashMap};

use rand_core::CryptoRng;
use troth_protocol::ids::Hash;
use troth_protocol::tree::cover;

use crate::device::Device;
use crate::device::ledger::{Failure, dishonest};
use crate::device::rows::{RUN, RunRow};
use crate::storage::{Storage, Write};

type Roots = HashMap<(u8, u64), Hash>;

impl<S: Storage> Device<S> {
    /// The rows that take the place of the runs in which these positions lie.
    pub(super) fn split_runs(
        &self,
        rng: &mut impl CryptoRng,
        shown: BTreeSet<u64>,
        fetched: &Roots,
    ) -> Result<Vec<Write>, Failure> {
        let mut writes = Vec::new();
        for run in self.rows.scan::<RunRow>(RUN)? {
            let to = run.from.saturating_add(run.entries);
            let within: Vec<u64> = shown.range(run.from..to).copied().collect();
            if within.is_empty() {
                continue;
            }
            writes.push(self.rows.remove(RUN, &run.from.to_be_bytes()));
            let roots = run.roots.chunks_exact(Hash::LEN).filter_map(Hash::from_slice);
            let own: Roots = cover(run.from, to)
                .zip(roots)
                .map(|(subtree, root)| ((subtree.level, subtree.index), root))
                .collect();
            let mut from = run.from;
            for end in within.into_iter().chain([to]) {
                if from < end {
                    let row = left(from, end, &own, fetched)?;
                    writes.push(self.rows.put(rng, RUN, &from.to_be_bytes(), &row));
                }
                from = end.saturating_add(1);
            }
        }
        Ok(writes)
    }
}

fn left(from: u64, to: u64, own: &Roots, fetched: &Roots) -> Result<RunRow, Failure> {
    let mut roots = Vec::new();
    for subtree in cover(from, to) {
        let name = (subtree.level, subtree.index);
        match own.get(&name).or_else(|| fetched.get(&name)) {
            Some(root) => roots.extend_from_slice(root.as_bytes()),
            None => return dishonest("what it fetched does not fit what it showed before"),
        }
    }
    Ok(RunRow {
        from,
        entries: to - from,
        roots,
    })
}
