//! Running the engine on what others sent.
//!
//! The work runs on a thread of its own. Should it panic, nothing is printed and the caller is told. Should
//! one step of it take longer than [`limits::STEP`], the caller goes on without it: threads cannot be ended,
//! so it is abandoned with its copy, and at most [`limits::ABANDONED`] of them are ever borne. Threads are
//! kept and used again; a hand-over takes some microseconds.
//!
//! In WebAssembly there is one thread and a panic ends it: the work runs in place, and whoever drives the
//! worker notes which entry it was working on, restarts the worker, and leaves that entry out. What the index
//! refuses never gets there.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

#[cfg(not(target_arch = "wasm32"))]
mod threads;
#[cfg(not(target_arch = "wasm32"))]
pub(super) use threads::{each, run};

/// How far a job has come: each step moves it, so that a long job is told from one that hangs.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    steps: AtomicU64,
    /// Index of the change being worked on, plus one; zero when it is all of them.
    at: AtomicUsize,
}

impl Pulse {
    /// A step that concerns one change begins.
    pub(super) fn at(&self, index: usize) {
        self.at.store(index + 1, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// A step that concerns all changes begins.
    pub(super) fn whole(&self) {
        self.at.store(0, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    fn culprit(&self) -> Option<usize> {
        self.at.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Why a job has no result.
#[cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, reason = "without a second thread nothing is timed")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It panicked.
    Panicked,
    /// A step took too long.
    Stalled,
    /// Too many threads have been abandoned, or none could be started.
    Exhausted,
}

/// Runs `job` in place; there is no second thread to watch from.
#[cfg(target_arch = "wasm32")]
pub(super) fn run<T>(
    _step: std::time::Duration,
    job: impl FnOnce(&Pulse) -> T,
) -> Result<T, (Failure, Option<usize>)> {
    let pulse = Pulse::default();
    quietly(|| job(&pulse)).map_err(|()| (Failure::Panicked, pulse.culprit()))
}

/// Does `work` on each of `items`, one after the other: there is no second thread.
#[cfg(target_arch = "wasm32")]
pub(super) fn each<T, R>(items: &mut [T], work: impl Fn(&mut T) -> R) -> Vec<R> {
    items.iter_mut().map(work).collect()
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `job` and turns a panic into an error, without the panic hook's message. What the job holds is given
/// up with it.
pub(super) fn quietly<T>(job: impl FnOnce() -> T) -> Result<T, ()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                previous(info);
            }
        }));
    });
    let before = QUIET.with(|quiet| quiet.replace(true));
    // Unwind safe: the job owns all that it touches, or what it borrows is dropped by the caller on an error.
    let result = catch_unwind(AssertUnwindSafe(job));
    QUIET.with(|quiet| quiet.set(before));
    result.map_err(|payload| {
        // A payload whose own drop panics would unwind here; the engine's payloads are strings.
        drop(payload);
    })
}
