//! Who turns the core's wheel.
//!
//! One at a time: the core stands behind a lock. Whoever puts something in while nobody turns it turns it once, there and
//! then, on their own thread: an edit that comes alone is checked, committed and acknowledged without waking another thread
//! twice. Whoever finds it turning leaves what they brought, and all of that goes into the next durable write together;
//! a thread of the core's own turns on for as long as something waits.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError, Weak};
use std::thread::{self, Thread};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc;
use tracing::error;

use super::Driver;
use crate::relay::Input;

/// What became of the relay in a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// It goes on.
    On,
    /// It was told to stop, and everybody was told.
    Stopped,
}

/// The core with all that surrounds it, one turn at a time.
pub(crate) struct Wheel {
    /// `None` once it has stopped.
    driver: Mutex<Option<Driver>>,
    /// The core's own thread.
    thread: OnceLock<Thread>,
}

/// The way in; cheap to clone.
#[derive(Clone)]
pub(crate) struct Inputs {
    sender: mpsc::Sender<Input>,
    wheel: Arc<Wheel>,
}

/// The way in for whoever must not keep the relay alive.
#[derive(Clone)]
pub(crate) struct WeakInputs {
    sender: mpsc::WeakSender<Input>,
    wheel: Weak<Wheel>,
}

impl Wheel {
    /// Starts the core's own thread. The driver is made knowing the way back to itself.
    pub(super) fn start(
        sender: mpsc::Sender<Input>,
        driver: impl FnOnce(WeakInputs) -> Driver,
    ) -> std::io::Result<Inputs> {
        let wheel = Arc::new(Self {
            driver: Mutex::new(None),
            thread: OnceLock::new(),
        });
        let inputs = Inputs { sender, wheel };
        let made = driver(inputs.downgrade());
        *inputs.wheel.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        let weak = inputs.downgrade();
        let thread = thread::Builder::new().name("core".into());
        let handle = thread.spawn(move || run(&weak))?;
        let _ = inputs.wheel.thread.set(handle.thread().clone());
        Ok(inputs)
    }

    /// Has the core's own thread look.
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Turns once if nobody else does. A panic of the core's is left to its own thread to find.
    fn turn_here(&self) {
        match self.driver.try_lock() {
            Ok(mut driver) => {
                if driver.as_mut().map(Driver::turn) == Some(Turned::Stopped) {
                    *driver = None;
                }
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Poisoned(_)) => self.wake(),
        }
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        self.wake();
    }
}

/// The core's own thread: turns while something waits, sleeps otherwise.
fn run(weak: &WeakInputs) {
    loop {
        let Some(wheel) = weak.wheel.upgrade() else { return };
        loop {
            let Ok(mut driver) = wheel.driver.lock() else {
                error!("the core has failed; the relay stops");
                *wheel.driver.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return;
            };
            match driver.as_mut().map(Driver::turn) {
                None => return,
                Some(Turned::Stopped) => {
                    *driver = None;
                    return;
                }
                Some(Turned::On) => {}
            }
            drop(driver);
            match weak.sender.upgrade() {
                Some(sender) if is_waited_in(&sender) => {}
                _ => break,
            }
        }
        drop(wheel);
        thread::park();
    }
}

/// Whether something waits. Looked at after the lock is given back, since whoever found it taken relies on that: each side
/// first does its own part, then looks at the other's.
fn is_waited_in(sender: &mpsc::Sender<Input>) -> bool {
    fence(Ordering::SeqCst);
    sender.capacity() < sender.max_capacity()
}

impl Inputs {
    /// Puts something in, and sees that somebody deals with it; waits while too much waits already. `false` once the relay
    /// has stopped.
    pub(crate) async fn send(&self, input: Input) -> bool {
        if self.sender.send(input).await.is_err() {
            return false;
        }
        fence(Ordering::SeqCst);
        // On a runtime of one thread, the relay's sockets would wait for its disk.
        if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
            self.wheel.turn_here();
            if is_waited_in(&self.sender) {
                self.wheel.wake();
            }
        } else {
            self.wheel.wake();
        }
        true
    }

    /// Resolves when the core has stopped.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Whether the core has stopped.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// The same way, without keeping the relay alive.
    pub(crate) fn downgrade(&self) -> WeakInputs {
        WeakInputs {
            sender: self.sender.downgrade(),
            wheel: Arc::downgrade(&self.wheel),
        }
    }
}

impl WeakInputs {
    /// The way in, if the relay is still there.
    pub(crate) fn upgrade(&self) -> Option<Inputs> {
        Some(Inputs {
            sender: self.sender.upgrade()?,
            wheel: self.wheel.upgrade()?,
        })
    }
}
