//! A relay and its devices with a watch on each: what the relay's core did, and what each device's engine did.

mod moving;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use troth_client_core::device::{Device, DeviceError, Event, Phase, Report};
use troth_client_core::storage::MemoryStorage;
use troth_protocol::ids::PracticeId;
use troth_protocol::state::State;
use troth_server::core::{self, ConnectionId, Core};
use troth_server::directory::Directory;
use troth_server::store::Store;

use super::Tally;
use crate::network::Network;

/// As long as a device waits at most before it connects again, in milliseconds.
const WAIT_MS: u64 = 60_000;

/// A device, and what it took.
pub struct Desk {
    /// The device.
    pub device: Device<MemoryStorage>,
    /// What it told its person.
    pub reports: Vec<Report>,
    /// Time that its engine took.
    pub spent: Duration,
    /// Bytes that it received.
    pub received: usize,
    connection: Option<ConnectionId>,
    said: Option<PracticeId>,
    inbox: VecDeque<Vec<u8>>,
}

/// The relay, and everybody around it.
pub struct Office {
    /// The devices.
    pub desks: Vec<Desk>,
    /// The time, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Time that the relay took: checks, rules, its writes to the disk, reading back.
    pub relay: Duration,
    core: Core,
    store: Arc<dyn Store>,
    rng: StdRng,
    directory: Directory,
    events: Vec<core::Event>,
    next: ConnectionId,
}

impl Office {
    /// Takes over a network's relay and devices. Nobody is connected.
    pub fn over(mut net: Network) -> Self {
        (0..net.seats.len()).for_each(|seat| net.offline(seat));
        net.step();
        let Network {
            core,
            store,
            seats,
            now,
            rng,
            ..
        } = net;
        let directory = Directory::default();
        core.ledgers().for_each(|ledger| directory.publish(ledger));
        let desks = seats.into_iter().map(|seat| Desk {
            device: seat.device,
            reports: Vec::new(),
            spent: Duration::ZERO,
            received: 0,
            connection: None,
            said: None,
            inbox: VecDeque::new(),
        });
        Self {
            desks: desks.collect(),
            now,
            relay: Duration::ZERO,
            core,
            store,
            rng,
            directory,
            events: Vec::new(),
            next: 1 << 32,
        }
    }

    /// The practice's state as the relay has it.
    pub fn state(&self) -> Result<&State> {
        let practice = self.core.practices().values().next();
        Ok(&practice.context("a practice")?.state)
    }

    /// Entries of the ledger.
    pub fn size(&self) -> Result<u64> {
        let practice = self.core.practices().values().next();
        Ok(practice.context("a practice")?.tree.size())
    }

    /// What was written from a position on.
    pub fn since(&self, position: u64) -> Result<Tally> {
        Tally::since(&*self.store, self.state()?.practice(), position)
    }

    /// Sets every watch to zero.
    pub fn reset(&mut self) {
        self.relay = Duration::ZERO;
        for desk in &mut self.desks {
            (desk.spent, desk.received) = (Duration::ZERO, 0);
        }
    }

    /// Connects a device, and waits until nothing moves. A device that ends its connection of itself, to begin another, does
    /// so a few times at most.
    pub fn connect(&mut self, seat: usize) -> Result<()> {
        for _ in 0..4 {
            self.now += WAIT_MS;
            self.tell(seat, Event::Tick)?;
            self.run()?;
            if self.desks[seat].device.phase() != Phase::Offline {
                break;
            }
        }
        Ok(())
    }

    /// Connects devices that belong to the practice, until all have caught up.
    pub fn connect_all(&mut self, seats: std::ops::Range<usize>) -> Result<()> {
        for seat in seats {
            self.connect(seat)?;
            let phase = self.desks[seat].device.phase();
            ensure!(phase == Phase::Live, "seat {seat} is {phase:?}");
        }
        Ok(())
    }

    /// Ends a device's connection.
    pub fn disconnect(&mut self, seat: usize) -> Result<()> {
        let desk = &mut self.desks[seat];
        let Some(id) = desk.connection.take() else {
            return Ok(());
        };
        desk.inbox.clear();
        self.events.push(core::Event::Closed(id));
        self.tell(seat, Event::Closed)
    }

    /// What a device's person does, on its watch.
    pub fn act<T>(
        &mut self,
        seat: usize,
        act: impl FnOnce(&mut Device<MemoryStorage>, u64, &mut StdRng) -> Result<T, DeviceError>,
    ) -> Result<T> {
        let desk = &mut self.desks[seat];
        let begin = Instant::now();
        let done = act(&mut desk.device, self.now, &mut self.rng);
        desk.spent += begin.elapsed();
        Ok(done?)
    }

    /// Sends what a device's person did.
    pub fn pump(&mut self, seat: usize) -> Result<()> {
        let effects = self.act(seat, |device, now, rng| device.pump(now, rng))?;
        self.perform(seat, effects)
    }
}
