//! The running relay: what connections and HTTP handlers hold of it.

mod outlet;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::timeout;
use troth_protocol::limits;

pub use outlet::{Held, Meter, Out, Outbox, Outlet, Sent, channel};

use crate::core::{ConnectionId, Event, Settings};
use crate::directory::Directory;
use crate::driver::wheel::Inputs;
use crate::store::Store;

/// Bytes of messages that wait for the core at once, of all connections together; who sends more waits on the socket.
const WAITING_BYTES: usize = 64 << 20;
/// Messages that wait for the core at once.
pub(crate) const WAITING_MESSAGES: usize = 8192;
/// How long the connections may take to say goodbye when the relay stops.
const GOODBYES_WITHIN: Duration = Duration::from_secs(2);
/// How long the core may take to answer before it counts as not answering.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What reaches the core.
pub(crate) enum Input {
    /// A connection is open.
    Opened(ConnectionId, Outlet),
    /// Something happened; the permit is given back once it is dealt with.
    Event(Event, Option<OwnedSemaphorePermit>),
    /// Is anyone there?
    Probe(oneshot::Sender<()>),
    /// The relay stops: what waits is committed, then every connection is told.
    Shutdown,
}

/// A handle on the relay; cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Shared>);

struct Shared {
    inputs: Inputs,
    directory: Directory,
    store: Arc<dyn Store>,
    settings: Settings,
    waiting: Arc<Semaphore>,
    next: AtomicU64,
    open: watch::Sender<usize>,
    held: Held,
}

impl Relay {
    pub(crate) fn new(
        inputs: Inputs,
        directory: Directory,
        store: Arc<dyn Store>,
        settings: Settings,
        held: Held,
    ) -> Self {
        Self(Arc::new(Shared {
            inputs,
            directory,
            store,
            settings,
            waiting: Arc::new(Semaphore::new(WAITING_BYTES)),
            next: AtomicU64::new(1),
            open: watch::Sender::new(0),
            held,
        }))
    }

    /// The ledgers as they are on the disk.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// How the relay is set up.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whether the core still takes events.
    pub fn is_up(&self) -> bool {
        !self.0.inputs.is_closed()
    }

    /// Whether the core answers, within two seconds.
    pub async fn answers(&self) -> bool {
        let (sender, receiver) = oneshot::channel();
        let asked = async { self.0.inputs.send(Input::Probe(sender)).await && receiver.await.is_ok() };
        timeout(ANSWER_WITHIN, asked).await.unwrap_or(false)
    }

    /// Resolves when the core has stopped, asked to or not.
    pub async fn stopped(&self) {
        self.0.inputs.closed().await;
    }

    /// Commits what waits, then closes every connection with a reason; waits until they have heard it, or two
    /// seconds.
    pub async fn shut_down(&self) {
        self.0.inputs.send(Input::Shutdown).await;
        self.0.inputs.closed().await;
        let mut open = self.0.open.subscribe();
        let _ = timeout(GOODBYES_WITHIN, open.wait_for(|open| *open == 0)).await;
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        *self.0.open.borrow()
    }

    /// Opens a connection; `None` when there are too many or the relay stops.
    pub(crate) async fn open(&self) -> Option<(ConnectionId, Outbox)> {
        let admitted = self.0.open.send_if_modified(|open| {
            let room = *open < limits::CONNECTIONS;
            *open += usize::from(room);
            room
        });
        if !admitted {
            return None;
        }
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (outlet, outbox) = channel(&self.0.held);
        if !self.0.inputs.send(Input::Opened(id, outlet)).await {
            self.gone();
            return None;
        }
        Some((id, outbox))
    }

    /// The core hears of a connection no more.
    pub(crate) async fn closed(&self, id: ConnectionId) {
        self.0.inputs.send(Input::Event(Event::Closed(id), None)).await;
    }

    /// A connection that was opened is over.
    pub(crate) fn gone(&self) {
        self.0.open.send_modify(|open| *open = open.saturating_sub(1));
    }

    /// Hands an event of `bytes` to the core; waits while too much waits already. `false` when the relay stops.
    pub(crate) async fn submit(&self, event: Event, bytes: usize) -> bool {
        let permits = u32::try_from(bytes.clamp(1, limits::FRAME)).unwrap_or(1);
        let permit = self.0.waiting.clone().acquire_many_owned(permits).await.ok();
        self.0.inputs.send(Input::Event(event, permit)).await
    }
}
