//! The relay's whole message handler in one place: `check`, the core, and what its effects ask for; without a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use troth_protocol::ids::PracticeId;
use troth_protocol::wire::{self, Goodbye, Refused, RelayMessage};
use troth_server::core::{ConnectionId, Core, Effect, Event, Settings};
use troth_server::directory::Directory;
use troth_server::reading::Reader;
use troth_server::store::Store;
use troth_server::verify::{Checked, Fault, check};

use crate::simulation::MemoryStore;

/// The ledger key of every relay here: the in-memory network's.
pub(super) const LEDGER_KEY: [u8; 32] = [7; 32];

/// A relay and its connections.
pub(super) struct RelaySide {
    pub(super) core: Core,
    pub(super) store: Arc<dyn Store>,
    pub(super) now: u64,
    /// What the relay sent, to whom, oldest first.
    pub(super) sent: Vec<(ConnectionId, Vec<u8>)>,
    directory: Directory,
    named: BTreeMap<ConnectionId, PracticeId>,
    waiting: Vec<Event>,
    rng: StdRng,
}

pub(super) fn settings() -> Settings {
    Settings {
        origin: "relay.test:8787".to_owned(),
        key: Arc::new(SigningKey::from_bytes(&LEDGER_KEY)),
        former: Vec::new(),
        max_practices: 4,
    }
}

impl RelaySide {
    pub(super) fn open(store: MemoryStore, now: u64) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let core = Core::open(settings(), store.clone()).expect("the store opens");
        let directory = Directory::default();
        core.ledgers().for_each(|ledger| directory.publish(ledger));
        Self {
            core,
            store,
            now,
            sent: Vec::new(),
            directory,
            named: BTreeMap::new(),
            waiting: Vec::new(),
            rng: StdRng::seed_from_u64(1),
        }
    }

    /// The relay's program ends and starts again; every connection is gone.
    pub(super) fn restart(&mut self) {
        self.core = Core::open(settings(), self.store.clone()).expect("what it stored opens again");
        self.directory = Directory::default();
        self.core
            .ledgers()
            .for_each(|ledger| self.directory.publish(ledger));
        self.named.clear();
        self.waiting.clear();
    }

    /// A frame arrives. What it causes waits for the next [`Self::turn`].
    pub(super) fn say(&mut self, id: ConnectionId, frame: &[u8]) {
        match check(frame, self.named.get(&id), &self.directory) {
            Ok(message) => {
                if let Checked::Hello(hello) = &message {
                    self.named.entry(id).or_insert(hello.practice);
                }
                self.waiting.push(Event::Message(id, message));
            }
            Err(Fault::Statement(request, index, rule)) => {
                let (rule, head) = (rule.number(), None);
                let refused = RelayMessage::Refused(Refused {
                    request,
                    index,
                    rule,
                    head,
                });
                self.sent.push((id, wire::frame(&refused)));
            }
            Err(Fault::Connection(rule)) => self.goodbye(id, rule.number()),
        }
    }

    pub(super) fn close(&mut self, id: ConnectionId) {
        self.named.remove(&id);
        self.waiting.push(Event::Closed(id));
    }

    pub(super) fn tick(&mut self) {
        self.waiting.push(Event::Tick);
    }

    /// Everything that waits, in one round; then what follows from it, until nothing does.
    pub(super) fn turn(&mut self) {
        for _ in 0..1_000 {
            if self.waiting.is_empty() {
                return;
            }
            let events = std::mem::take(&mut self.waiting);
            let mut effects = self.core.handle(self.now, &mut self.rng, events);
            effects.extend(self.core.settle());
            for effect in effects {
                self.perform(effect);
            }
        }
        panic!("the relay never comes to rest");
    }

    fn goodbye(&mut self, id: ConnectionId, rule: u16) {
        self.sent
            .push((id, wire::frame(&RelayMessage::Goodbye(Goodbye { rule }))));
        self.close(id);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send(id, frame) => self.sent.push((id, frame.to_vec())),
            Effect::Close(id, rule) => self.goodbye(id, rule.number()),
            Effect::Publish(ledger) => self.directory.publish(ledger),
            Effect::Reclaim => self.store.reclaim().expect("space is given back"),
            Effect::Read(id, plan) => {
                let (to, purpose) = (plan.to, plan.purpose);
                let mut reader = Reader::new(*plan, self.store.clone()).expect("readable");
                while let Some(frame) = reader.next_frame().expect("readable") {
                    self.sent.push((id, frame));
                }
                self.waiting.push(Event::Delivered(id, purpose, to));
            }
        }
    }
}
