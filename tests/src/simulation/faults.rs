//! What goes wrong when something is written: decided in advance, write by write, so that a seed replays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What becomes of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes before it: nothing of it is there, and whoever wrote is gone.
    Lost,
    /// The power goes when it is there, and before anybody hears of it: whoever wrote is gone.
    Unheard,
    /// It fails, and says so: nothing of it is there, and whoever wrote goes on.
    Failed,
    /// It is there, and is reported as failed; whoever wrote goes on. Only the relay's store may do so.
    Denied,
    /// There is no room: nothing of it is there, and whoever wrote goes on.
    Full,
}

/// Whether a write is there, and what its caller hears.
pub struct Fate {
    /// Whether all of it is there; otherwise none of it is.
    pub kept: bool,
    /// What the caller hears.
    pub fault: Option<Fault>,
}

/// One disk's faults.
#[derive(Default)]
struct Plan {
    writes: u64,
    reads: u64,
    due: BTreeMap<u64, Fault>,
    unreadable: BTreeMap<u64, ()>,
    dead: bool,
    happened: Vec<String>,
}

/// The faults of one disk, shared by the disk and by who plans them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The write that comes after so many others meets with a fault.
    pub fn arm(&self, after: u64, fault: Fault) {
        let mut plan = self.plan();
        let at = plan.writes + after;
        plan.due.insert(at, fault);
    }

    /// The read that comes after so many others fails.
    pub fn arm_read(&self, after: u64) {
        let mut plan = self.plan();
        let at = plan.reads + after;
        plan.unreadable.insert(at, ());
    }

    /// Nothing that was planned happens any more.
    pub fn disarm(&self) {
        let mut plan = self.plan();
        plan.due.clear();
        plan.unreadable.clear();
    }

    /// A write is to be done: what becomes of it. `None`: the power is gone already.
    pub fn write(&self) -> Option<Fate> {
        let mut plan = self.plan();
        if plan.dead {
            return None;
        }
        let number = plan.writes;
        plan.writes += 1;
        let fault = plan.due.remove(&number);
        if let Some(fault) = fault {
            plan.happened.push(format!("write {number} {fault:?}"));
            plan.dead = matches!(fault, Fault::Lost | Fault::Unheard);
        }
        let kept = matches!(fault, None | Some(Fault::Unheard | Fault::Denied));
        Some(Fate { kept, fault })
    }

    /// Whether a read succeeds.
    pub fn read(&self) -> bool {
        let mut plan = self.plan();
        let number = plan.reads;
        plan.reads += 1;
        let fails = plan.unreadable.remove(&number).is_some();
        if fails {
            plan.happened.push(format!("read {number} failed"));
        }
        !fails && !plan.dead
    }

    /// Whether the power went.
    pub fn dead(&self) -> bool {
        self.plan().dead
    }

    /// The power is back.
    pub fn revive(&self) {
        self.plan().dead = false;
    }

    /// What happened since this was asked last.
    pub fn happened(&self) -> Vec<String> {
        std::mem::take(&mut self.plan().happened)
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.plan().writes
    }
}
