//! The clock, and everything that is yet to happen: one queue, one seed.

use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use troth_server::core::ConnectionId;

use super::network::Link;
use super::record::Record;
use super::relay::Relay;
use super::seat::Seat;
use super::trace::Trace;

/// When every story begins, in milliseconds since the Unix epoch.
pub const BEGIN: u64 = 1_800_000_000_000;
/// Happenings of one story at most: one that does not come to rest is a finding.
const HAPPENINGS: u64 = 400_000;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

impl Violation {
    /// A violation, in words.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a step of the simulation comes to.
pub type Step<T = ()> = Result<T, Violation>;

/// A seat: who sits at which device, by its number.
pub type SeatId = usize;

/// What is yet to happen.
pub enum Happening {
    /// A connection that a program asked for is open.
    Opened(SeatId, u64, ConnectionId),
    /// It could not be opened.
    Unreachable(SeatId, u64),
    /// A frame reaches the relay.
    ToRelay(ConnectionId, Vec<u8>),
    /// A frame reaches a device.
    ToDevice(ConnectionId, Vec<u8>),
    /// A device hears that its connection is gone.
    DeviceHears(ConnectionId),
    /// The relay hears that a connection is gone.
    RelayHears(ConnectionId),
    /// The relay takes what waits.
    Round(u64),
    /// The relay signs and shows what the last round made durable.
    Settle(u64),
    /// The relay reads the next frame of a plan.
    Reading(u64, u64),
    /// Time passes for the relay.
    RelayTick,
    /// The relay's program starts.
    RelayStarts,
    /// A device's program starts.
    Starts(SeatId),
    /// A person compared codes.
    Compared(SeatId, u64),
    /// A device can reach the relay again.
    Reachable(SeatId),
}

/// The relay, the devices, the network between them, and the clock.
pub struct World {
    /// True time, in milliseconds since the Unix epoch. Every program has a clock of its own.
    pub now: u64,
    /// Decides everything that is left to chance in the world itself.
    pub fate: StdRng,
    /// Whether the network delays and loses beyond what is usual.
    pub rough: bool,
    /// The relay.
    pub relay: Relay,
    /// The devices.
    pub seats: Vec<Seat>,
    /// What has to hold of what was seen.
    pub record: Record,
    /// What happened.
    pub trace: Trace,
    pub(super) links: BTreeMap<ConnectionId, Link>,
    pub(super) next_link: ConnectionId,
    seed: u64,
    calls: u64,
    sequence: u64,
    steps: u64,
    queue: BTreeMap<(u64, u64), Happening>,
}

impl World {
    /// A relay with nothing on it, and nobody around it.
    pub fn new(seed: u64) -> Step<Self> {
        let mut world = Self {
            now: BEGIN,
            fate: StdRng::seed_from_u64(seed),
            rough: false,
            relay: Relay::new(),
            seats: Vec::new(),
            record: Record::default(),
            trace: Trace::default(),
            links: BTreeMap::new(),
            next_link: 1,
            seed,
            calls: 0,
            sequence: 0,
            steps: 0,
            queue: BTreeMap::new(),
        };
        world.start_relay()?;
        world.after(1_000, Happening::RelayTick);
        Ok(world)
    }

    /// Notes what happened.
    pub fn note(&mut self, what: impl AsRef<str>) {
        self.trace.note(self.now - BEGIN, what.as_ref());
    }

    /// One chance in so many.
    pub fn one_in(&mut self, of: u32) -> bool {
        self.fate.random_ratio(1, of)
    }

    /// The randomness of one call of a program. Each has its own: how much one draws changes nothing for the others.
    pub fn randomness(&mut self) -> StdRng {
        self.calls += 1;
        StdRng::seed_from_u64(self.seed.rotate_left(32) ^ self.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn after(&mut self, milliseconds: u64, what: Happening) {
        self.at(self.now + milliseconds, what);
    }

    pub(super) fn at(&mut self, time: u64, what: Happening) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), what);
    }

    /// Lets time pass, and happen what is due.
    pub fn pass(&mut self, milliseconds: u64) -> Step {
        let until = self.now + milliseconds;
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.steps += 1;
            if self.steps > HAPPENINGS {
                return Err(Violation::new("it does not come to rest"));
            }
            self.happen()?;
        }
        self.now = until;
        Ok(())
    }

    fn next_due(&self) -> Option<u64> {
        let queued = self.queue.keys().next().map(|(time, _)| *time);
        let wakes = self.seats.iter().filter_map(Seat::next_wake).min();
        queued.into_iter().chain(wakes).min()
    }

    fn happen(&mut self) -> Step {
        let waking = self
            .seats
            .iter()
            .position(|seat| seat.next_wake().is_some_and(|wake| wake <= self.now));
        if let Some(seat) = waking {
            return self.wake(seat);
        }
        let Some((_, what)) = self.queue.pop_first() else {
            return Ok(());
        };
        match what {
            Happening::Opened(seat, boot, link) => self.opened(seat, boot, link),
            Happening::Unreachable(seat, boot) => self.unreachable(seat, boot),
            Happening::ToRelay(link, frame) => self.reach_relay(link, &frame),
            Happening::ToDevice(link, frame) => self.reach_device(link, &frame),
            Happening::DeviceHears(link) => self.device_hears(link),
            Happening::RelayHears(link) => self.relay_hears(link),
            Happening::Round(boot) => self.round(boot),
            Happening::Settle(boot) => self.settle_round(boot),
            Happening::Reading(boot, reading) => self.read_on(boot, reading),
            Happening::RelayTick => {
                self.after(5_000, Happening::RelayTick);
                self.relay_event(troth_server::core::Event::Tick)
            }
            Happening::RelayStarts => self.start_relay(),
            Happening::Starts(seat) => self.start(seat),
            Happening::Compared(seat, boot) => self.compared(seat, boot),
            Happening::Reachable(seat) => {
                self.seats[seat].reachable = true;
                Ok(())
            }
        }
    }
}

impl World {
    /// Writes of the relay and of all devices.
    pub fn writes(&self) -> u64 {
        let devices = self.seats.iter().map(|seat| seat.disk.faults.writes());
        self.relay.store.faults.writes() + devices.sum::<u64>()
    }
}
