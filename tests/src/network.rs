//! A relay and its devices in one process, without a socket: messages move when the test says so, under one clock and one
//! seed. The relay's core and the devices' engines are the real ones.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is a test's scaffolding: what does not hold here ends the test"
)]

mod by_hand;
mod joining;
mod keys;
pub mod lies;
mod programs;
mod second;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use troth_client_core::crypto::{Cost, Passphrase};
use troth_client_core::device::{Device, DeviceError, Effect, Event, Phase, Report, SensitiveState};
use troth_client_core::storage::MemoryStorage;
use troth_protocol::ids::PracticeId;
use troth_protocol::state::State;
use troth_protocol::wire::{self, ClientMessage, Goodbye, Refused, RelayMessage};
use troth_server::core::{self, ConnectionId, Core, Settings};
use troth_server::directory::Directory;
use troth_server::reading::Reader;
use troth_server::store::Store;
use troth_server::verify::{Checked, Fault, check};

/// Where the relay of every test is said to be.
pub const RELAY: &str = "http://relay.test:8787";
/// A passphrase that the rules accept.
pub const PASSPHRASE: &str = "seven quiet herons wade at dusk";

/// The second passphrase of every device that has one.
pub const SENSITIVE_PASSPHRASE: &str = "copper kettles hum below the stairs";

/// A device in the network.
pub struct Seat {
    /// The device.
    pub device: Device<MemoryStorage>,
    /// What it told its person.
    pub reports: Vec<Report>,
    /// Whether it can reach the relay.
    pub online: bool,
    /// What its engine refused while the relay lied; while nobody lies, such a refusal fails the test.
    pub faults: Vec<DeviceError>,
    connection: Option<ConnectionId>,
    inbox: VecDeque<Vec<u8>>,
    said: Option<PracticeId>,
}

/// Changes what the relay sends to a seat, and says whether it arrives at all.
pub type Tamper = Box<dyn FnMut(&mut RelayMessage, usize) -> bool>;

/// The relay, its store, and everybody around it.
pub struct Network {
    /// The relay's core.
    pub core: Core,
    /// The relay's store.
    pub store: Arc<dyn Store>,
    /// The devices.
    pub seats: Vec<Seat>,
    /// The time, in milliseconds since the Unix epoch.
    pub now: u64,
    /// The one source of randomness.
    pub rng: StdRng,
    /// Every frame that crossed the wire, both ways.
    pub wire: Vec<Vec<u8>>,
    /// What a dishonest relay does to its messages.
    pub tamper: Option<Tamper>,
    directory: Directory,
    next: ConnectionId,
    who: HashMap<ConnectionId, usize>,
    strangers: HashMap<ConnectionId, Vec<Vec<u8>>>,
    events: Vec<core::Event>,
    settings: Settings,
    second: Option<Core>,
    at_second: HashSet<usize>,
    to_second: HashSet<ConnectionId>,
}

impl Network {
    /// A relay with nothing on it.
    pub fn new(seed: u64, store: Arc<dyn Store>) -> Self {
        let settings = Settings {
            origin: "relay.test:8787".to_owned(),
            key: Arc::new(ed25519_dalek::SigningKey::from_bytes(&[7; 32])),
            former: Vec::new(),
            max_practices: 16,
        };
        let core = Core::open(settings.clone(), store.clone()).expect("an empty store opens");
        Self {
            core,
            store,
            seats: Vec::new(),
            now: 1_800_000_000_000,
            rng: StdRng::seed_from_u64(seed),
            wire: Vec::new(),
            tamper: None,
            directory: Directory::default(),
            next: 1,
            who: HashMap::new(),
            strangers: HashMap::new(),
            events: Vec::new(),
            settings,
            second: None,
            at_second: HashSet::new(),
            to_second: HashSet::new(),
        }
    }

    /// Stops the relay and starts it again on the same store.
    pub fn restart_relay(&mut self) {
        self.swap_store(self.store.clone());
    }

    /// The relay is killed before it takes what was sent.
    pub fn crash_before(&mut self) {
        self.events.clear();
        self.restart_relay();
    }

    /// The relay takes what was sent and makes it durable, perhaps signs it as well, and is killed before anybody hears of it.
    pub fn crash(&mut self, signed: bool) {
        let events = std::mem::take(&mut self.events);
        drop(self.core.handle(self.now, &mut self.rng, events));
        if signed {
            drop(self.core.settle());
        }
        self.restart_relay();
    }

    /// Stops the relay and starts it again on another store.
    pub fn swap_store(&mut self, store: Arc<dyn Store>) {
        self.store = store;
        for seat in 0..self.seats.len() {
            self.disconnect(seat);
        }
        self.core = Core::open(self.settings.clone(), self.store.clone()).expect("the store opens again");
        self.directory = Directory::default();
        self.core
            .ledgers()
            .for_each(|ledger| self.directory.publish(ledger));
    }

    /// A new device of nobody yet; returns its seat.
    pub fn device(&mut self, name: &str) -> usize {
        let passphrase = Passphrase::new(PASSPHRASE, &[]).expect("a good passphrase");
        let cost = Cost { m_kib: 8, t: 1, p: 1 };
        let device = Device::create(&mut self.rng, MemoryStorage::default(), &passphrase, cost, name);
        self.seats.push(Seat {
            device: device.expect("a fresh storage takes a device"),
            reports: Vec::new(),
            online: true,
            faults: Vec::new(),
            connection: None,
            inbox: VecDeque::new(),
            said: None,
        });
        self.seats.len() - 1
    }

    /// A practice founded by a first device.
    pub fn practice(&mut self) -> usize {
        let first = self.device("study");
        self.seats[first]
            .device
            .begin_found(RELAY, "Lindenhof Counseling", "Ada Winter")
            .expect("free to found");
        self.settle();
        assert_eq!(self.seats[first].device.phase(), Phase::Live);
        first
    }

    /// A second device of the same member, linked by code.
    pub fn link(&mut self, existing: usize, name: &str) -> usize {
        let new = self.device(name);
        let code = self.seats[new]
            .device
            .begin_join(&mut self.rng, RELAY)
            .expect("free to join");
        let effects = self.seats[existing]
            .device
            .begin_approve(&code)
            .expect("a whole code");
        self.perform(existing, effects);
        self.settle();
        assert_eq!(
            self.seats[new].device.phase(),
            Phase::Live,
            "{:?}",
            self.seats[new].reports
        );
        new
    }

    /// Cuts a device's connection and keeps it off.
    pub fn offline(&mut self, seat: usize) {
        self.seats[seat].online = false;
        self.disconnect(seat);
    }

    /// Lets a device reach the relay again.
    pub fn online(&mut self, seat: usize) {
        self.seats[seat].online = true;
    }

    /// Ends a device's connection; it comes back by itself.
    pub fn disconnect(&mut self, seat: usize) {
        if let Some(id) = self.seats[seat].connection.take() {
            self.who.remove(&id);
            self.seats[seat].inbox.clear();
            self.events.push(core::Event::Closed(id));
            let effects = self.seats[seat]
                .device
                .handle(self.now, &mut self.rng, Event::Closed)
                .expect("no fault");
            self.perform(seat, effects);
        }
    }

    /// Sends what a device's person just did.
    pub fn pump(&mut self, seat: usize) {
        let effects = self.seats[seat]
            .device
            .pump(self.now, &mut self.rng)
            .expect("no fault");
        self.perform(seat, effects);
    }

    /// Moves everything until nothing moves, a few seconds of the network's time.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            for seat in 0..self.seats.len() {
                self.pump(seat);
                let effects = self.seats[seat]
                    .device
                    .handle(self.now, &mut self.rng, Event::Tick)
                    .expect("no fault");
                self.perform(seat, effects);
            }
            while self.step() {}
            self.now += 1_000;
        }
    }

    /// Lets time pass, in steps of a second.
    pub fn pass(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        while self.now < until {
            self.events.push(core::Event::Tick);
            while self.step() {}
            self.now += 1_000;
        }
    }

    /// The relay passes on what witnesses are said to have cosigned, true or not.
    pub fn pass_on(&mut self, practice: PracticeId, witnessed: wire::Witnessed) {
        let event = core::Event::Witnessed(practice, Box::new(witnessed));
        self.events.push(event);
        while self.step() {}
    }

    /// One round of the relay and one frame for each device; whether anything moved.
    pub fn step(&mut self) -> bool {
        let mut events = std::mem::take(&mut self.events);
        let mut moved = !events.is_empty();
        let mut effects = self.second_round(&mut events);
        effects.extend(self.core.handle(self.now, &mut self.rng, events));
        effects.extend(self.core.settle());
        for effect in effects {
            moved = true;
            self.relay_effect(effect);
        }
        for seat in 0..self.seats.len() {
            if let Some(frame) = self.seats[seat].inbox.pop_front() {
                moved = true;
                let handled = self.seats[seat]
                    .device
                    .handle(self.now, &mut self.rng, Event::Frame(&frame));
                match handled {
                    Ok(effects) => self.perform(seat, effects),
                    Err(fault) if self.tamper.is_some() => self.seats[seat].faults.push(fault),
                    Err(fault) => panic!("no fault of the device's own, but {fault:?}"),
                }
            }
        }
        moved
    }

    fn deliver(&mut self, id: ConnectionId, mut frame: Vec<u8>) {
        let Some(seat) = self.who.get(&id).copied() else {
            self.strangers.entry(id).or_default().push(frame.clone());
            return self.wire.push(frame);
        };
        if let Some(tamper) = &mut self.tamper {
            let mut message = wire::message(&frame).expect("the relay sends messages");
            if !tamper(&mut message, seat) {
                return;
            }
            frame = wire::frame(&message);
        }
        self.wire.push(frame.clone());
        self.seats[seat].inbox.push_back(frame);
    }

    fn relay_effect(&mut self, effect: core::Effect) {
        match effect {
            core::Effect::Send(id, frame) => self.deliver(id, frame.to_vec()),
            core::Effect::Close(id, rule) => {
                let goodbye = RelayMessage::Goodbye(Goodbye { rule: rule.number() });
                self.deliver(id, wire::frame(&goodbye));
            }
            core::Effect::Reclaim => self.store.reclaim().expect("space is given back"),
            core::Effect::Publish(ledger) => self.directory.publish(ledger),
            core::Effect::Read(id, plan) => {
                let (to, purpose) = (plan.to, plan.purpose);
                let mut reader = Reader::new(*plan, self.store.clone()).expect("readable");
                while let Some(frame) = reader.next_frame().expect("readable") {
                    self.deliver(id, frame);
                }
                self.events.push(core::Event::Delivered(id, purpose, to));
            }
        }
    }

    /// Carries out what a device wants.
    pub fn perform(&mut self, seat: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect => {
                    let event = if self.seats[seat].online {
                        let id = self.next;
                        self.next += 1;
                        self.who.insert(id, seat);
                        if self.at_second.contains(&seat) {
                            self.to_second.insert(id);
                        }
                        self.seats[seat].connection = Some(id);
                        self.seats[seat].said = None;
                        Event::Opened
                    } else {
                        Event::Closed
                    };
                    let next = self.seats[seat]
                        .device
                        .handle(self.now, &mut self.rng, event)
                        .expect("no fault");
                    self.perform(seat, next);
                }
                Effect::Send(frame) => self.send(seat, frame),
                Effect::Close => self.disconnect(seat),
                Effect::WakeAt(_) => {}
                Effect::Report(report) => self.seats[seat].reports.push(report),
            }
        }
    }

    fn send(&mut self, seat: usize, frame: Vec<u8>) {
        let Some(id) = self.seats[seat].connection else {
            return;
        };
        self.wire.push(frame.clone());
        match check(&frame, self.seats[seat].said.as_ref(), &self.directory) {
            Ok(message) => {
                if let Checked::Hello(hello) = &message {
                    self.seats[seat].said = Some(hello.practice);
                }
                self.events.push(core::Event::Message(id, message));
            }
            Err(Fault::Statement(request, index, rule)) => {
                let refused = Refused {
                    request,
                    index,
                    rule: rule.number(),
                    head: None,
                };
                self.deliver(id, wire::frame(&RelayMessage::Refused(refused)));
            }
            Err(Fault::Connection(rule)) => {
                self.deliver(
                    id,
                    wire::frame(&RelayMessage::Goodbye(Goodbye { rule: rule.number() })),
                );
            }
        }
    }
}
