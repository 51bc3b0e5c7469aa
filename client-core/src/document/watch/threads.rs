//! Worker threads that may be abandoned.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::{Failure, Pulse, quietly};
use crate::document::limits;

type Job = Box<dyn FnOnce() + Send>;

/// Idle workers. One is added when none is idle, so there are as many as callers were ever busy at once.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());
static ABANDONED: AtomicUsize = AtomicUsize::new(0);
/// Shared by all jobs while no thread is abandoned, held by one at a time as long as any is: callers that
/// lose their threads at the same moment cannot exceed [`limits::ABANDONED`] together.
static TURN: RwLock<()> = RwLock::new(());
const _: () = assert!(limits::CALLERS <= limits::ABANDONED);

enum Turn {
    Shared { _held: RwLockReadGuard<'static, ()> },
    Alone { _held: RwLockWriteGuard<'static, ()> },
}

/// Waits for a turn; `None` when too many threads are abandoned.
fn turn() -> Option<Turn> {
    if ABANDONED.load(Ordering::Acquire) == 0 {
        let held = TURN.read().unwrap_or_else(PoisonError::into_inner);
        if ABANDONED.load(Ordering::Acquire) == 0 {
            return Some(Turn::Shared { _held: held });
        }
    }
    let held = TURN.write().unwrap_or_else(PoisonError::into_inner);
    (ABANDONED.load(Ordering::Acquire) < limits::ABANDONED).then_some(Turn::Alone { _held: held })
}

/// Runs `job` on a worker and waits for it for as long as its steps stay under `step` (a hang is noticed
/// within twice that).
///
/// # Errors
/// The failure, and the index of the change that the job was working on, if it was one.
pub(in crate::document) fn run<T: Send + 'static>(
    step: Duration,
    job: impl FnOnce(&Pulse) -> T + Send + 'static,
) -> Result<T, (Failure, Option<usize>)> {
    if ABANDONED.load(Ordering::Acquire) >= limits::ABANDONED {
        return Err((Failure::Exhausted, None));
    }
    let _turn = turn().ok_or((Failure::Exhausted, None))?;
    let pulse = Arc::new(Pulse::default());
    let theirs = Arc::clone(&pulse);
    // Set by whichever side is through first: the worker with its answer, or the caller with its patience.
    let parted = Arc::new(AtomicBool::new(false));
    let parting = Arc::clone(&parted);
    let (answer, answered) = channel();
    let job: Job = Box::new(move || {
        let result = quietly(|| job(&theirs));
        let _ = answer.send(result);
        if parting.swap(true, Ordering::AcqRel) {
            // Nobody waits any more: this thread had been abandoned and has come back after all.
            ABANDONED.fetch_sub(1, Ordering::AcqRel);
        }
    });
    let worker = hand_over(job).ok_or((Failure::Exhausted, None))?;
    match wait(&answered, &pulse, step) {
        Some(result) => {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            result.map_err(|()| (Failure::Panicked, pulse.culprit()))
        }
        None => {
            ABANDONED.fetch_add(1, Ordering::AcqRel);
            if parted.swap(true, Ordering::AcqRel) {
                ABANDONED.fetch_sub(1, Ordering::AcqRel);
            }
            Err((Failure::Stalled, pulse.culprit()))
        }
    }
}

fn wait<T>(answered: &Receiver<T>, pulse: &Pulse, step: Duration) -> Option<T> {
    let mut steps = pulse.steps.load(Ordering::Relaxed);
    loop {
        match answered.recv_timeout(step) {
            Ok(result) => return Some(result),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                let now = pulse.steps.load(Ordering::Relaxed);
                if now == steps {
                    return None;
                }
                steps = now;
            }
        }
    }
}

fn hand_over(job: Job) -> Option<Sender<Job>> {
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let worker = match idle {
        Some(worker) => worker,
        None => spawn()?,
    };
    match worker.send(job) {
        Ok(()) => Some(worker),
        Err(unsent) => {
            let worker = spawn()?;
            worker.send(unsent.0).ok()?;
            Some(worker)
        }
    }
}

fn spawn() -> Option<Sender<Job>> {
    let (give, take) = channel::<Job>();
    std::thread::Builder::new()
        .name("troth-document".into())
        .spawn(move || take.into_iter().for_each(|job| job()))
        .ok()?;
    Some(give)
}

/// Does `work` on each of `items`, in any order, on as many threads as the machine has cores (at most
/// [`limits::CALLERS`], this one among them); the results are in the order of the items.
pub(in crate::document) fn each<T: Send, R: Send>(
    items: &mut [T],
    work: impl Fn(&mut T) -> R + Sync,
) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let callers = cores.min(limits::CALLERS).min(items.len());
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let queue = Mutex::new(items.iter_mut().zip(&mut results));
    let caller = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((item, result)) = next else { break };
            *result = Some(work(item));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..callers {
            // A thread that cannot be had is one that the others do without.
            let _ = std::thread::Builder::new().spawn_scoped(scope, caller);
        }
        caller();
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runaway_job_is_left_behind_and_a_slow_but_moving_one_is_not() {
        let step = Duration::from_millis(40);
        let slow = run(step, |pulse| {
            for index in 0..8 {
                pulse.at(index);
                std::thread::sleep(Duration::from_millis(15));
            }
            7
        });
        assert_eq!(slow, Ok(7));

        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let hung = run(step, move |pulse| {
            pulse.at(3);
            while !flag.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(hung, Err((Failure::Stalled, Some(3))));
        assert_eq!(run(step, |_| 1), Ok(1), "the next job runs on another thread");
        stop.store(true, Ordering::Relaxed);
    }

    #[test]
    fn a_panic_is_an_answer_and_the_thread_is_used_again() {
        let failed: Result<(), _> = run(Duration::from_secs(5), |pulse| {
            pulse.at(2);
            panic!("not to be seen on stderr");
        });
        assert_eq!(failed, Err((Failure::Panicked, Some(2))));
        assert_eq!(run(Duration::from_secs(5), |_| "still here"), Ok("still here"));
    }
    #[test]
    fn while_a_thread_is_abandoned_the_others_take_turns() {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let hung = run(Duration::from_millis(40), move |_| {
            while !flag.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(hung, Err((Failure::Stalled, None)));
        static AT_WORK: AtomicUsize = AtomicUsize::new(0);
        let mut jobs: Vec<usize> = (0..8).collect();
        let most = each(&mut jobs, |index| {
            let most = run(Duration::from_secs(5), |_| {
                let now = AT_WORK.fetch_add(1, Ordering::SeqCst) + 1;
                std::thread::sleep(Duration::from_millis(5));
                AT_WORK.fetch_sub(1, Ordering::SeqCst);
                now
            });
            (*index, most)
        });
        stop.store(true, Ordering::Relaxed);
        let alone: Vec<_> = (0..8).map(|index| (index, Ok(1))).collect();
        assert_eq!(most, alone, "in order, and never two at once");
    }
}
