//! The way out to one connection: bounded in bytes. A reader that does not keep up is disconnected, never buffered
//! without bound. What all connections together make the relay hold, going out and coming in, is counted too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};
use tokio::time::Instant;
use troth_protocol::limits::{self, HELD_BYTES, STILL_MS};
use troth_protocol::rule::Rule;

/// Bytes that wait for one socket at most: three of the longest frames.
const QUEUED_BYTES: usize = 3 * limits::FRAME;
/// Bytes waiting below which a catch-up goes on.
const READY_BYTES: usize = limits::ITEMS_FRAME;
/// How often a catch-up looks whether there is room again.
const LOOK: Duration = Duration::from_millis(50);

/// What goes out.
pub enum Out {
    /// A frame.
    Frame(Bytes),
    /// The reason why the relay closes, and the close.
    Close(Rule),
}

/// What all connections together make the relay hold; cheap to clone.
#[derive(Clone)]
pub struct Held(Arc<Total>);

struct Total {
    bytes: AtomicUsize,
    since: Instant,
}

impl Default for Held {
    fn default() -> Self {
        Self(Arc::new(Total {
            bytes: AtomicUsize::new(0),
            since: Instant::now(),
        }))
    }
}

impl Held {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Acquire)
    }

    /// Whether that is more than it should be.
    pub fn is_too_much(&self) -> bool {
        self.bytes() > HELD_BYTES
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

struct Level {
    queued: AtomicUsize,
    /// Bytes of a message that has begun to come in, and of those that wait to be dealt with.
    reading: AtomicUsize,
    /// Bytes that readings for this connection keep while they wait.
    kept: AtomicUsize,
    /// When something last moved, or began to wait, by the clock of [`Held`].
    moved: AtomicU64,
    held: Held,
    /// Number of the rule by which the connection is cut off without waiting for its socket; 0: it is not.
    cut: AtomicU16,
    cut_off: Notify,
    drained: Notify,
    /// One reading at a time looks whether there is room and fills it.
    turn: Semaphore,
}

impl Drop for Level {
    fn drop(&mut self) {
        let held = *self.queued.get_mut() + *self.reading.get_mut() + *self.kept.get_mut();
        self.held.0.bytes.fetch_sub(held, Ordering::AcqRel);
    }
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

/// What comes in on a connection is counted with this; cheap to clone.
#[derive(Clone)]
pub struct Meter(Arc<Level>);

impl Meter {
    /// So many bytes more have come. Returns how many have since a message was last dealt with.
    pub fn came(&self, bytes: usize) -> usize {
        let level = &self.0;
        level.held.0.bytes.fetch_add(bytes, Ordering::AcqRel);
        level.moved.store(level.held.now(), Ordering::Release);
        level.reading.fetch_add(bytes, Ordering::AcqRel) + bytes
    }

    /// A message was dealt with.
    pub fn dealt_with(&self) {
        let bytes = self.0.reading.swap(0, Ordering::AcqRel);
        self.0.held.0.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// What a reading keeps while it waits for its connection, counted until this is dropped.
pub struct Kept {
    level: Arc<Level>,
    bytes: usize,
}

impl Kept {
    /// It keeps so many bytes now.
    pub fn set(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        for total in [&self.level.kept, &self.level.held.0.bytes] {
            total.fetch_add(bytes, Ordering::AcqRel);
            total.fetch_sub(before, Ordering::AcqRel);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A way out.
pub fn channel(held: &Held) -> (Outlet, Outbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let level = Arc::new(Level {
        queued: AtomicUsize::new(0),
        reading: AtomicUsize::new(0),
        kept: AtomicUsize::new(0),
        moved: AtomicU64::new(0),
        held: held.clone(),
        cut: AtomicU16::new(0),
        cut_off: Notify::new(),
        drained: Notify::new(),
        turn: Semaphore::new(1),
    });
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
        self.level.held.0.bytes.fetch_add(length, Ordering::AcqRel);
        let before = self.level.queued.fetch_add(length, Ordering::AcqRel);
        if before == 0 {
            self.level.moved.store(self.level.held.now(), Ordering::Release);
        }
        if before + length > QUEUED_BYTES {
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

    /// Since when nothing has moved on this connection though something is on its way, and how many bytes are held for it;
    /// `None` where it is not for long enough to say so. A reading that waits for others to make room does not stand still.
    pub fn stands_still(&self) -> Option<(u64, usize)> {
        let level = &self.level;
        let under_way = level.queued.load(Ordering::Acquire) + level.reading.load(Ordering::Acquire);
        let moved = level.moved.load(Ordering::Acquire);
        let still = under_way > 0 && level.held.now() >= moved.saturating_add(STILL_MS);
        still.then(|| (moved, under_way + level.kept.load(Ordering::Acquire)))
    }

    /// Counts what a reading keeps.
    pub fn keeps(&self) -> Kept {
        Kept {
            level: self.level.clone(),
            bytes: 0,
        }
    }

    /// Waits until little waits, here and in all; `None` when the connection is gone. While too much waits in all, `let_go` is
    /// called: were what readings keep not given back, they might wait for each other.
    ///
    /// Whoever has the permit fills the room before giving it back: of several readings that found the same room, all would
    /// fill it, and a reader that keeps up be cut off.
    pub async fn ready(&self, mut let_go: impl FnMut()) -> Option<SemaphorePermit<'_>> {
        let mut turn = std::pin::pin!(self.level.turn.acquire());
        let turn = loop {
            tokio::select! {
                turn = &mut turn => break turn.ok()?,
                () = tokio::time::sleep(LOOK) => if self.level.held.is_too_much() {
                    let_go();
                },
            }
        };
        loop {
            while self.level.held.is_too_much() && !self.frames.is_closed() {
                let_go();
                tokio::time::sleep(LOOK).await;
            }
            // Listening begins before the level is looked at, so no change of it is missed; several may listen.
            let mut drained = std::pin::pin!(self.level.drained.notified());
            drained.as_mut().enable();
            if self.level.queued.load(Ordering::Acquire) < READY_BYTES {
                return (!self.frames.is_closed()).then_some(turn);
            }
            tokio::select! {
                () = drained => {}
                () = self.frames.closed() => return None,
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
        self.level.held.0.bytes.fetch_sub(length, Ordering::AcqRel);
        self.level.moved.store(self.level.held.now(), Ordering::Release);
        self.level.drained.notify_waiters();
    }

    /// Counts what comes in on the same connection.
    pub fn meter(&self) -> Meter {
        Meter(self.level.clone())
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
mod tests;
