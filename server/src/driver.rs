//! What surrounds the core: it gathers the events that wait, hands them over with the time and randomness, and performs
//! what the core says. Who turns that [`wheel`] is told there.

pub(crate) mod wheel;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tracing::{error, warn};
use troth_protocol::limits;
use troth_protocol::rule::Rule;

use crate::core::{ConnectionId, Core, Effect, Event, Settings};
use crate::practice::LoadError;
use crate::reading::{Plan, Reader};
use crate::relay::{Held, Input, Outlet, Relay, Sent, WAITING_MESSAGES};
use crate::store::{Store, StoreError};
use crate::verify::Directory;
use wheel::{Turned, WeakInputs, Wheel};

/// Events of one round at most: what one durable write carries.
const ROUND: usize = 4096;
/// How often the core hears that time passes.
const TICK: Duration = Duration::from_secs(1);
/// Readings that go to the disk at once, at most; more would wait for the same disk.
const READINGS: usize = 8;
/// Wait between two runs that give space back, and before one that readers kept from finishing is tried again.
const RECLAIM_PAUSE: Duration = Duration::from_secs(30);
/// Tries of one run.
const RECLAIM_TRIES: u32 = 10;

/// Readings at once on this machine: whoever catches up leaves one processor to those who are caught up.
fn readings() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    processors.saturating_sub(1).clamp(1, READINGS)
}

/// Loads every ledger and starts the core. Must be called within a Tokio runtime.
pub fn start(settings: Settings, store: Arc<dyn Store>) -> Result<Relay, LoadError> {
    let core = Core::open(settings.clone(), store.clone())?;
    let directory = Directory::default();
    core.ledgers().for_each(|ledger| directory.publish(ledger));
    let (reclaim, wanted) = mpsc::channel(1);
    tokio::spawn(reclaim_when_asked(Arc::downgrade(&store), wanted));
    let held = Held::default();
    let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
    let inputs = Wheel::start(sender, |back| Driver {
        core,
        directory: directory.clone(),
        store: store.clone(),
        outlets: HashMap::new(),
        held: held.clone(),
        runtime: Handle::current(),
        back,
        inputs: receiver,
        readings: Arc::new(Semaphore::new(readings())),
        reclaim,
    })
    .map_err(|e| LoadError::Store(StoreError::Io(e)))?;
    let ticks = inputs.downgrade();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            let Some(inputs) = ticks.upgrade() else { return };
            if !inputs.send(Input::Event(Event::Tick, None)).await {
                return;
            }
        }
    });
    Ok(Relay::new(inputs, directory, store, settings, held))
}

/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

struct Driver {
    core: Core,
    directory: Directory,
    store: Arc<dyn Store>,
    outlets: HashMap<ConnectionId, Outlet>,
    held: Held,
    runtime: Handle,
    back: WeakInputs,
    inputs: mpsc::Receiver<Input>,
    readings: Arc<Semaphore>,
    /// Asks for the space of dropped payloads to be given back; one request waits at most.
    reclaim: mpsc::Sender<()>,
}

impl Driver {
    /// Takes what waits, up to one round of it, and performs what comes of it.
    fn turn(&mut self) -> Turned {
        let mut rng = UnwrapErr(SysRng);
        let mut events = Vec::new();
        let mut permits = Vec::new();
        let mut probes = Vec::new();
        let mut stop = false;
        while events.len() < ROUND && !stop {
            match self.inputs.try_recv() {
                Ok(Input::Opened(id, outlet)) => {
                    self.outlets.insert(id, outlet);
                }
                Ok(Input::Event(event, permit)) => {
                    match event {
                        Event::Closed(id) => drop(self.outlets.remove(&id)),
                        Event::Tick => self.make_room(),
                        _ => {}
                    }
                    events.push(event);
                    permits.extend(permit);
                }
                Ok(Input::Probe(answer)) => probes.push(answer),
                Ok(Input::Shutdown) => stop = true,
                Err(_) => break,
            }
        }
        for effect in self.core.handle(now(), &mut rng, events) {
            self.perform(effect);
        }
        for effect in self.core.settle() {
            self.perform(effect);
        }
        drop(permits);
        for answer in probes {
            let _ = answer.send(());
        }
        if stop {
            self.outlets
                .values()
                .for_each(|outlet| outlet.close(Rule::Unavailable));
            return Turned::Stopped;
        }
        Turned::On
    }

    /// While too much is held for all connections together, those go that stand still, the longest first.
    fn make_room(&mut self) {
        if !self.held.is_too_much() {
            return;
        }
        let still =
            |(id, outlet): (&ConnectionId, &Outlet)| outlet.stands_still().map(|(at, held)| (at, *id, held));
        let mut still: Vec<_> = self.outlets.iter().filter_map(still).collect();
        still.sort_unstable();
        let mut held = self.held.bytes();
        for (_, id, bytes) in still {
            if held <= limits::HELD_BYTES {
                break;
            }
            held = held.saturating_sub(bytes);
            if let Some(outlet) = self.outlets.remove(&id) {
                warn!(
                    connection = id,
                    "too much waits in all, and here nothing moves; it is disconnected"
                );
                outlet.cut(Rule::SlowReader);
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send(id, frame) => match self.outlets.get(&id).map(|outlet| outlet.send(frame)) {
                None | Some(Sent::Queued) => {}
                Some(Sent::Gone) => {
                    self.outlets.remove(&id);
                }
                Some(Sent::TooSlow) => {
                    warn!(connection = id, "a reader did not keep up; it is disconnected");
                    self.outlets.remove(&id);
                }
            },
            Effect::Close(id, rule) => {
                if let Some(outlet) = self.outlets.remove(&id) {
                    outlet.close(rule);
                }
            }
            Effect::Publish(ledger) => self.directory.publish(ledger),
            Effect::Reclaim => {
                // One that waits already serves for this one too.
                let _ = self.reclaim.try_send(());
            }
            Effect::Read(id, plan) => {
                if let Some(outlet) = self.outlets.get(&id) {
                    let reading = Reading {
                        id,
                        store: self.store.clone(),
                        outlet: outlet.clone(),
                        back: self.back.clone(),
                    };
                    self.runtime.spawn(reading.run(plan, self.readings.clone()));
                }
            }
        }
    }
}

/// Gives back the space of dropped payloads whenever that is asked for, one run at a time and with a pause between.
async fn reclaim_when_asked(store: Weak<dyn Store>, mut wanted: mpsc::Receiver<()>) {
    while wanted.recv().await.is_some() {
        for _ in 0..RECLAIM_TRIES {
            // Nothing is held between two tries: whoever stops the relay is given its data at once.
            let Some(store) = store.upgrade() else { return };
            match tokio::task::spawn_blocking(move || store.reclaim()).await {
                Ok(Ok(())) => break,
                Ok(Err(StoreError::Busy)) => tokio::time::sleep(RECLAIM_PAUSE).await,
                Ok(Err(error)) => {
                    error!(%error, "space could not be given back; it is tried again when more is dropped");
                    break;
                }
                Err(error) => {
                    error!(%error, "giving space back failed");
                    break;
                }
            }
        }
        tokio::time::sleep(RECLAIM_PAUSE).await;
    }
}

/// A plan on its way to one connection.
struct Reading {
    id: ConnectionId,
    store: Arc<dyn Store>,
    outlet: Outlet,
    back: WeakInputs,
}

impl Reading {
    /// Carries out a plan at the pace of its connection's socket.
    async fn run(self, plan: Box<Plan>, readings: Arc<Semaphore>) {
        let (purpose, to) = (plan.purpose, plan.to);
        let Some(mut reader) = self.begin(plan, &readings).await else {
            return;
        };
        let mut kept = self.outlet.keeps();
        loop {
            kept.set(reader.held());
            let let_go = || {
                reader.let_go();
                kept.set(reader.held());
            };
            let Some(_room) = self.outlet.ready(let_go).await else {
                return;
            };
            let Ok(_permit) = readings.acquire().await else {
                return;
            };
            let step = tokio::task::spawn_blocking(move || {
                let frame = reader.next_frame();
                (reader, frame)
            });
            match step.await {
                Ok((next, Ok(Some(frame)))) => {
                    reader = next;
                    if self.outlet.send(frame.into()) != Sent::Queued {
                        return;
                    }
                }
                Ok((_, Ok(None))) => break,
                Ok((_, Err(error))) => return self.failed(&error),
                Err(error) => return self.failed(&error),
            }
        }
        if let Some(back) = self.back.upgrade() {
            back.send(Input::Event(Event::Delivered(self.id, purpose, to), None))
                .await;
        }
    }

    async fn begin(&self, plan: Box<Plan>, readings: &Semaphore) -> Option<Box<Reader>> {
        let _permit = readings.acquire().await.ok()?;
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || Reader::new(*plan, store).map(Box::new)).await {
            Ok(Ok(reader)) => return Some(reader),
            Ok(Err(error)) => self.failed(&error),
            Err(error) => self.failed(&error),
        }
        None
    }

    fn failed(&self, error: &dyn std::fmt::Display) {
        error!(connection = self.id, %error, "a reading failed");
        self.outlet.close(Rule::Unavailable);
    }
}
