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

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It waits for the socket.
    Queued,
    /// The connection was over already.
    Gone,
    /// Too much waits already: the connection was cut off.
    TooSlow,
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
    (
        Outlet {
            frames: sender,
            level: level.clone(),
        },
        Outbox {
            frames: receiver,
            level,
        },
    )
}

impl Outlet {
    /// Queues a frame. Where too much waits already, the connection is cut off (R65).
    pub fn send(&self, frame: Bytes) -> Sent {
        let length = frame.len();
        if self.level.queued.fetch_add(length, Ordering::AcqRel) + length > QUEUED_BYTES {
            self.cut(Rule::SlowReader);
            return Sent::TooSlow;
        }
        match self.frames.send(Out::Frame(frame)) {
            Ok(()) => Sent::Queued,
            Err(_) => Sent::Gone,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![0; length])
    }

    #[tokio::test]
    async fn r65_what_waits_for_a_slow_reader_is_bounded() {
        let (outlet, outbox) = channel();
        let mut taken = 0;
        while outlet.send(frame(limits::ITEMS_FRAME)) == Sent::Queued {
            taken += limits::ITEMS_FRAME;
            assert!(taken <= QUEUED_BYTES);
        }
        assert!(taken > QUEUED_BYTES - limits::ITEMS_FRAME);
        assert_eq!(outbox.cut_off().await, Rule::SlowReader);
    }

    #[tokio::test]
    async fn a_reader_that_keeps_up_is_never_cut_off() {
        let (outlet, mut outbox) = channel();
        for _ in 0..100 {
            assert_eq!(outlet.send(frame(limits::FRAME)), Sent::Queued);
            let Some(Out::Frame(frame)) = outbox.next().await else {
                panic!("nothing came")
            };
            outbox.written(frame.len());
        }
    }

    #[tokio::test]
    async fn several_readings_go_on_when_little_waits() {
        let (outlet, outbox) = channel();
        assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let outlet = outlet.clone();
                tokio::spawn(async move { outlet.ready().await })
            })
            .collect();
        tokio::task::yield_now().await;
        outbox.written(READY_BYTES);
        for reading in waiting {
            let done = tokio::time::timeout(std::time::Duration::from_secs(5), reading).await;
            assert!(done.expect("each of them goes on").unwrap());
        }
    }

    #[tokio::test]
    async fn a_reading_ends_with_its_connection() {
        let (outlet, outbox) = channel();
        assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
        let reading = tokio::spawn(async move { outlet.ready().await });
        drop(outbox);
        assert!(!reading.await.unwrap());
    }
}
