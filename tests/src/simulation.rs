//! A whole practice under faults, from one seed: the relay's core, the devices' engines, the network between them and every
//! clock, in one process. The same seed tells the same story, byte for byte.
//!
//! | file | holds |
//! | --- | --- |
//! | `world` | the clock, and what is yet to happen |
//! | `network` | connections: late, cut, ended on one side |
//! | `relay`, `store` | the relay's program, and its disk |
//! | `seat`, `disk`, `joining` | a device's program, its disk, and how people let each other in |
//! | `faults` | what goes wrong with a write |
//! | `story`, `actions` | what people do, and what happens to them |
//! | `record`, `invariants` | what was promised and seen, and what has to hold in the end |
//! | `trace`, `diagnosis` | what happened |
//!
//! *Torn writes.* Both disks promise that a batch is there as a whole or not at all, and what keeps that promise on a real disk is
//! tested where the real engines are (`power_cut`). Above it a write can be torn in two ways, and both are played here: the
//! power goes after a batch and before what was to follow it (an answer, a signature, the next batch of the same act); and
//! the power goes between two effects of one round, when some of those who wait were answered and others were not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use troth_protocol::ids::Hash;

mod actions;
mod diagnosis;
mod disk;
mod faults;
mod invariants;
mod joining;
mod network;
mod record;
mod relay;
mod seat;
mod store;
mod story;
mod trace;
mod world;

pub use store::MemoryStore;
pub use world::Violation;
use world::World;

/// What one seed came to.
#[derive(Debug)]
pub struct Outcome {
    /// The digest of all that happened, and of the ledger.
    pub digest: Hash,
    /// Entries of the ledger.
    pub entries: u64,
    /// Notes that people wrote.
    pub notes: usize,
    /// Writes of the relay and of all devices.
    pub writes: u64,
    /// What happened.
    pub trace: Vec<String>,
}

/// A seed that ended badly.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What must not be.
    pub what: String,
    /// What happened before.
    pub trace: Vec<String>,
}

/// Plays a seed, and holds what comes of it against every invariant.
///
/// # Errors
/// An invariant does not hold, or something panicked.
pub fn run(seed: u64) -> Result<Outcome, Box<Failure>> {
    let fail = |what: String, trace: Vec<String>| Box::new(Failure { seed, what, trace });
    let mut world = World::new(seed).map_err(|violation| fail(violation.0, Vec::new()))?;
    let told = catch_unwind(AssertUnwindSafe(|| {
        world.tell()?;
        world.heal()?;
        world.judge()
    }));
    let mut trace = world.trace.lines().to_vec();
    if !matches!(told, Ok(Ok(_))) {
        trace.extend(world.ledger_lines());
    }
    match told {
        Ok(Ok(entries)) => Ok(Outcome {
            digest: world.trace.digest(),
            entries,
            notes: world.record.notes.len(),
            writes: world.writes(),
            trace,
        }),
        Ok(Err(violation)) => Err(fail(violation.0, trace)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(fail(format!("a panic: {}", text.unwrap_or_default()), trace))
        }
    }
}
