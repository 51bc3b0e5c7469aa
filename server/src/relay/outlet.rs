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
mod tests {
    use super::*;

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![0; length])
    }

    #[tokio::test]
    async fn r65_what_waits_for_a_slow_reader_is_bounded() {
        let (outlet, outbox) = channel(&Held::default());
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
        let (outlet, mut outbox) = channel(&Held::default());
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
        let (outlet, outbox) = channel(&Held::default());
        assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let outlet = outlet.clone();
                tokio::spawn(async move { outlet.ready(|| {}).await.is_some() })
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
    async fn whoever_stands_still_is_told_apart_while_too_much_is_held_and_all_is_given_back() {
        let held = Held::default();
        let connections: Vec<_> = (0..=HELD_BYTES / READY_BYTES).map(|_| channel(&held)).collect();
        for (outlet, _) in &connections {
            assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
        }
        assert!(held.is_too_much());
        let (other, outbox) = channel(&held);
        let reading = tokio::spawn(async move { other.ready(|| {}).await.is_some() });
        tokio::time::sleep(Duration::from_millis(STILL_MS / 2)).await;
        assert!(!reading.is_finished(), "nobody is read for");
        let (first, _) = &connections[0];
        assert_eq!(first.stands_still(), None);
        connections[1].1.written(READY_BYTES / 2);
        outbox.meter().came(10);
        tokio::time::sleep(Duration::from_millis(STILL_MS / 2 + 100)).await;
        assert!(matches!(first.stands_still(), Some((_, READY_BYTES))));
        assert_eq!(connections[1].0.stands_still(), None, "it moved");
        drop(connections);
        assert!(reading.await.unwrap());
        assert_eq!(held.bytes(), 10);
        outbox.meter().dealt_with();
        assert_eq!(held.bytes(), 0);
    }

    #[tokio::test]
    async fn what_readings_keep_is_counted_and_let_go_of_while_too_much_is_held() {
        let held = Held::default();
        let (outlet, _outbox) = channel(&held);
        let mut mine = outlet.keeps();
        mine.set(10);
        mine.set(7);
        assert_eq!(held.bytes(), 7);
        let (other, _still) = channel(&held);
        let mut theirs = other.keeps();
        theirs.set(HELD_BYTES);
        let waiting = tokio::time::timeout(Duration::from_millis(3 * 50), outlet.ready(|| mine.set(0)));
        assert!(waiting.await.is_err(), "nobody is read for");
        assert_eq!(held.bytes(), HELD_BYTES, "what this one kept is given back");
        assert_eq!(other.stands_still(), None, "nothing is on its way there");
        drop(theirs);
        assert_eq!(held.bytes(), 0);
    }

    #[tokio::test]
    async fn one_reading_at_a_time_fills_the_room_there_is() {
        let (outlet, _outbox) = channel(&Held::default());
        let room = outlet.ready(|| {}).await;
        assert!(room.is_some());
        let second = tokio::time::timeout(Duration::from_millis(20), outlet.ready(|| {}));
        assert!(second.await.is_err(), "it waits until the first has filled it");
        drop(room);
        assert!(outlet.ready(|| {}).await.is_some());
    }

    #[tokio::test]
    async fn a_reading_ends_with_its_connection() {
        let (outlet, outbox) = channel(&Held::default());
        assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
        let reading = tokio::spawn(async move { outlet.ready(|| {}).await.is_some() });
        drop(outbox);
        assert!(!reading.await.unwrap());
    }
}
