//! The way out to one connection: bounded in bytes. A reader that does not keep up is disconnected, never buffered
//! without bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use troth_protocol::limits;
use troth_protocol::rule::Rule;

/// Bytes that wait for one socket at most: three of the longest frames.
const QUEUED_BYTES: usize = 3 * limits::FRAME;
/// Bytes waiting below which a catch-up goes on.
const READY_BYTES: usize = limits::ITEMS_FRAME;

/// What goes out.
pub enum Out {
    /// A frame.
    Frame(Bytes),
    /// The reason why the relay closes, and the close.
    Close(Rule),
}

#[derive(Default)]
struct Level {
    queued: AtomicUsize,
    /// Number of the rule by which the connection is cut off without waiting for its socket; 0: it is not.
    cut: AtomicU16,
    cut_off: Notify,
    drained: Notify,
}

/// The sending end, held by the core's thread.
#[derive(Clone)]
pub struct Outlet {
    frames: mpsc::UnboundedSender<Out>,
    level: Arc<Level>,
}

/// The receiving end, held by the connection.
pub struct Outbox {
    frames: mpsc::UnboundedReceiver<Out>,
    level: Arc<Level>,
}

/// A way out.
pub fn channel() -> (Outlet, Outbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let level = Arc::new(Level::default());
    (Outlet { frames: sender, level: level.clone() }, Outbox { frames: receiver, level })
}

impl Outlet {
    /// Queues a frame. Where too much waits already, the connection is cut off (R65) and `false` returned.
    pub fn send(&self, frame: Bytes) -> bool {
        let length = frame.len();
        if self.level.queued.fetch_add(length, Ordering::AcqRel) + length > QUEUED_BYTES {
            self.cut(Rule::SlowReader);
            return false;
        }
        self.frames.send(Out::Frame(frame)).is_ok()
    }

    /// Closes after what waits.
    pub fn close(&self, rule: Rule) {
        let _ = self.frames.send(Out::Close(rule));
    }

    /// Cuts off at once.
    pub fn cut(&self, rule: Rule) {
        self.level.cut.store(rule.number(), Ordering::Release);
        self.level.cut_off.notify_one();
    }

    /// Waits until little waits; `false` when the connection is gone.
    pub async fn ready(&self) -> bool {
        loop {
            // Listening begins before the level is looked at, so no change of it is missed; several may listen.
            let mut drained = std::pin::pin!(self.level.drained.notified());
            drained.as_mut().enable();
            if self.level.queued.load(Ordering::Acquire) < READY_BYTES {
                return !self.frames.is_closed();
            }
            tokio::select! {
                () = drained => {}
                () = self.frames.closed() => return false,
            }
        }
    }
}

impl Outbox {
    /// The next thing to send; `None` when the core let go of the connection.
    pub async fn next(&mut self) -> Option<Out> {
        self.frames.recv().await
    }

    /// Says that a frame of this length was written.
    pub fn written(&self, length: usize) {
        self.level.queued.fetch_sub(length, Ordering::AcqRel);
        self.level.drained.notify_waiters();
    }

    /// A handle that resolves when the connection is cut off.
    pub fn cut_off(&self) -> impl Future<Output = Rule> + 'static {
        let level = self.level.clone();
        async move {
            loop {
                if let Some(rule) = Rule::from_number(level.cut.load(Ordering::Acquire)) {
                    return rule;
                }
                level.cut_off.notified().await;
            }
        }
    }
}
