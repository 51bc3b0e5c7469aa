//! The core with connections that are only numbers, a clock that is told the time, and a store in memory or on a disk.

// Long because it is the one world that all stories of the core play in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{Hash, Nonce, PracticeId, VerifyingKey};
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::wire::{
    self, Append, Appended, ClientMessage, Follow, Found, Hello, Items, Receipt, Refused, RelayMessage,
    Transcript, Upload,
};
use troth_server::core::{ConnectionId, Core, Effect, Event, Settings};
use troth_server::directory::Directory;
use troth_server::reading::{ReadError, Reader};
use troth_server::store::Store;
use troth_server::verify::{Fault, check};

use super::memory::Memory;
use super::people::Device;

pub const ORIGIN: &str = "relay.example";
pub const DAY_MS: u64 = 24 * 3_600_000;

pub struct World {
    pub core: Core,
    pub directory: Directory,
    pub now: u64,
    pub closed: HashMap<ConnectionId, Rule>,
    /// Readings that wait: see [`World::hold_readings`].
    pub held: Option<Vec<(ConnectionId, Box<troth_server::reading::Plan>)>>,
    /// Readings that failed, where a story is about that.
    pub faults: Option<Vec<ReadError>>,
    store: Arc<dyn Store>,
    settings: Settings,
    rng: StdRng,
    next: ConnectionId,
    hellos: HashMap<ConnectionId, PracticeId>,
    inboxes: HashMap<ConnectionId, VecDeque<RelayMessage>>,
    /// Every root that was ever signed, by practice and size.
    signed: BTreeMap<(PracticeId, u64), Hash>,
}

pub fn settings() -> Settings {
    Settings {
        origin: ORIGIN.into(),
        key: Arc::new(SigningKey::from_bytes(&[99; 32])),
        former: Vec::new(),
        max_practices: 8,
    }
}

pub fn ledger_key() -> VerifyingKey {
    VerifyingKey(settings().key.verifying_key().to_bytes())
}

impl World {
    pub fn new() -> Self {
        Self::on(Arc::new(Memory::default()))
    }

    pub fn on(store: Arc<dyn Store>) -> Self {
        Self::with(store, settings())
    }

    pub fn with(store: Arc<dyn Store>, settings: Settings) -> Self {
        let core = Core::open(settings.clone(), store.clone()).unwrap();
        let mut world = Self {
            core,
            directory: Directory::default(),
            now: 1_700_000_000_000,
            closed: HashMap::new(),
            held: None,
            faults: None,
            store,
            settings,
            rng: StdRng::seed_from_u64(7),
            next: 1,
            hellos: HashMap::new(),
            inboxes: HashMap::new(),
            signed: BTreeMap::new(),
        };
        world.publish();
        world
    }

    fn publish(&mut self) {
        for ledger in self.core.ledgers().collect::<Vec<_>>() {
            self.note(*ledger.roster.practice(), &ledger.checkpoint);
            self.directory.publish(ledger);
        }
    }

    /// The relay is killed and started again: what is not in the store is gone, connections too.
    pub fn restart(&mut self) {
        self.core = Core::open(self.settings.clone(), self.store.clone()).unwrap();
        self.directory = Directory::default();
        (self.hellos, self.inboxes, self.closed) = Default::default();
        self.publish();
    }

    /// The relay is started again with another ledger key, and a device logs in.
    pub fn new_key(&mut self, practice: PracticeId, device: &Device, key: &SigningKey) -> ConnectionId {
        let before = std::mem::replace(&mut self.settings.key, Arc::new(key.clone()));
        self.settings.former.push(before);
        self.restart();
        let id = self.login(practice, device);
        match self.receive(id) {
            Some(RelayMessage::NewKey(new)) => assert_eq!(new.key, self.settings.public()),
            other => panic!("no new key is offered: {other:?}"),
        }
        id
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn state(&self, practice: &PracticeId) -> &State {
        &self.core.practices()[practice].state
    }

    pub fn size(&self, practice: &PracticeId) -> u64 {
        self.core.practices()[practice].tree.size()
    }

    /// No two roots are ever signed for one size.
    fn note(&mut self, practice: PracticeId, checkpoint: &CompactCheckpoint) {
        let origin = troth_protocol::checkpoint::ledger_origin(ORIGIN, &practice);
        let key = self.state(&practice).roster.key_at(checkpoint.size);
        checkpoint.verify(&origin, &key).unwrap();
        let before = self.signed.insert((practice, checkpoint.size), checkpoint.root);
        assert!(
            before.is_none_or(|root| root == checkpoint.root),
            "two roots for size {}",
            checkpoint.size
        );
    }

    pub fn connect(&mut self) -> ConnectionId {
        self.next += 1;
        self.next
    }

    pub fn send(&mut self, id: ConnectionId, message: ClientMessage) {
        self.round(vec![(id, message)]);
    }

    /// Messages that reach the core together, and so share one durable write.
    pub fn round(&mut self, messages: Vec<(ConnectionId, ClientMessage)>) {
        let mut events = Vec::new();
        for (id, message) in messages {
            events.extend(self.check(id, &wire::frame(&message)));
        }
        self.handle(events);
    }

    /// Bytes as they come from a socket.
    pub fn raw(&mut self, id: ConnectionId, frame: &[u8]) {
        let event = self.check(id, frame);
        self.handle(event.into_iter().collect());
    }

    /// What a connection does with a frame before the core hears of it.
    fn check(&mut self, id: ConnectionId, frame: &[u8]) -> Option<Event> {
        match check(frame, self.hellos.get(&id), &self.directory) {
            Ok(message) => {
                if let troth_server::verify::Checked::Hello(hello) = &message {
                    self.hellos.entry(id).or_insert(hello.practice);
                }
                Some(Event::Message(id, message))
            }
            Err(Fault::Statement(request, index, rule)) => {
                let refused = Refused {
                    request,
                    index,
                    rule: rule.number(),
                    head: None,
                };
                self.inboxes
                    .entry(id)
                    .or_default()
                    .push_back(RelayMessage::Refused(refused));
                None
            }
            Err(Fault::Connection(rule)) => {
                self.closed.insert(id, rule);
                Some(Event::Closed(id))
            }
        }
    }

    /// Time passes, in milliseconds.
    pub fn pass(&mut self, time: u64) {
        self.now += time;
        self.handle(vec![Event::Tick]);
    }

    pub fn disconnect(&mut self, id: ConnectionId) {
        self.handle(vec![Event::Closed(id)]);
    }

    pub fn handle(&mut self, events: Vec<Event>) {
        let mut events = events;
        while !events.is_empty() {
            let mut effects = self
                .core
                .handle(self.now, &mut self.rng, std::mem::take(&mut events));
            effects.extend(self.core.settle());
            for effect in effects {
                self.perform(effect, &mut events);
            }
        }
    }

    fn perform(&mut self, effect: Effect, events: &mut Vec<Event>) {
        match effect {
            Effect::Send(id, frame) => self.deliver(id, &frame),
            Effect::Close(id, rule) => {
                self.closed.insert(id, rule);
            }
            Effect::Reclaim => self.store.reclaim().expect("space is given back"),
            Effect::Publish(ledger) => {
                self.note(*ledger.roster.practice(), &ledger.checkpoint);
                self.directory.publish(ledger);
            }
            Effect::Read(id, plan) => match &mut self.held {
                Some(held) => held.push((id, plan)),
                None => events.push(self.read(id, *plan)),
            },
        }
    }

    /// Readings wait from now on, until they are carried out one by one.
    pub fn hold_readings(&mut self) {
        self.held = Some(Vec::new());
    }

    /// Carries out the readings that wait, newest first.
    pub fn release_readings(&mut self) {
        for (id, plan) in self.held.take().into_iter().flatten().rev() {
            let event = self.read(id, *plan);
            self.handle(vec![event]);
        }
    }

    fn read(&mut self, id: ConnectionId, plan: troth_server::reading::Plan) -> Event {
        let (purpose, to) = (plan.purpose, plan.to);
        match self.carry_out(id, plan) {
            Ok(()) => Event::Delivered(id, purpose, to),
            Err(error) => {
                let faults = self.faults.as_mut();
                faults.unwrap_or_else(|| panic!("{error}")).push(error);
                self.closed.insert(id, Rule::Unavailable);
                Event::Closed(id)
            }
        }
    }

    fn carry_out(&mut self, id: ConnectionId, plan: troth_server::reading::Plan) -> Result<(), ReadError> {
        let mut reader = Reader::new(plan, self.store.clone())?;
        while let Some(frame) = reader.next_frame()? {
            self.deliver(id, &frame);
        }
        Ok(())
    }

    fn deliver(&mut self, id: ConnectionId, frame: &[u8]) {
        let message: RelayMessage =
            wire::message(frame).expect("what the relay sends is canonical and within limits");
        let checkpoint = match &message {
            RelayMessage::Challenge(challenge) => Some(challenge.checkpoint),
            RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) => Some(items.checkpoint),
            _ => None,
        };
        if let (Some(checkpoint), Some(practice)) = (checkpoint, self.hellos.get(&id)) {
            self.note(*practice, &checkpoint);
        }
        if !self.closed.contains_key(&id) {
            self.inboxes.entry(id).or_default().push_back(message);
        }
    }

    pub fn receive(&mut self, id: ConnectionId) -> Option<RelayMessage> {
        self.inboxes.get_mut(&id)?.pop_front()
    }

    /// The refusal that comes next, and nothing else.
    pub fn refused(&mut self, id: ConnectionId) -> Refused {
        match self.receive(id) {
            Some(RelayMessage::Refused(refused)) => refused,
            other => panic!("not refused: {other:?}, closed {:?}", self.closed.get(&id)),
        }
    }

    pub fn appended(&mut self, id: ConnectionId) -> Appended {
        match self.receive(id) {
            Some(RelayMessage::Appended(appended)) => appended,
            other => panic!("not appended: {other:?}, closed {:?}", self.closed.get(&id)),
        }
    }

    /// Every items frame that waits.
    pub fn items(&mut self, id: ConnectionId) -> Vec<Items> {
        let mut all = Vec::new();
        while let Some(message) = self.receive(id) {
            match message {
                RelayMessage::Items(items) => all.push(items),
                other => panic!("not items: {other:?}"),
            }
        }
        all
    }

    /// A device founds a practice.
    pub fn found(&mut self, founder: &Device, nonce: u8) -> PracticeId {
        let (practice, genesis) = founder.genesis(ORIGIN, ledger_key(), nonce);
        let id = self.connect();
        self.send(id, ClientMessage::Found(Found { genesis }));
        assert_eq!(self.appended(id).receipts[0].position, 0);
        self.disconnect(id);
        practice
    }

    /// Says hello, and returns the transcript's hash that the relay's challenge answers with.
    pub fn hello(&mut self, id: ConnectionId, practice: PracticeId, device: &Device, size: u64) -> Hash {
        let hello = Hello {
            practice,
            device: device.id(),
            nonce: Nonce([5; 32]),
            size,
        };
        self.send(id, ClientMessage::Hello(hello));
        match self.receive(id) {
            Some(RelayMessage::Challenge(challenge)) => {
                let roster = &self.state(&practice).roster;
                let key = match size {
                    0 => roster.ledger_key(),
                    size => roster.key_at(size),
                };
                Transcript::verify(hello, &challenge, &key).unwrap().hash()
            }
            other => panic!("not challenged: {other:?}, closed {:?}", self.closed.get(&id)),
        }
    }

    /// Goes through the handshake up to the login, and says nothing of how it ended.
    pub fn try_login(&mut self, practice: PracticeId, device: &Device) -> ConnectionId {
        let id = self.connect();
        let transcript = self.hello(id, practice, device, 0);
        let session = device.session(self.state(&practice), transcript);
        self.send(id, ClientMessage::Session(session));
        id
    }

    pub fn login(&mut self, practice: PracticeId, device: &Device) -> ConnectionId {
        let id = self.try_login(practice, device);
        match self.receive(id) {
            Some(RelayMessage::Welcome(welcome)) => assert_eq!(welcome.now, self.now),
            other => panic!("not welcome: {other:?}, closed {:?}", self.closed.get(&id)),
        }
        id
    }

    /// Appends, and returns the receipts.
    pub fn append(&mut self, id: ConnectionId, uploads: Vec<Upload>) -> Vec<Receipt> {
        self.send(id, ClientMessage::Append(Append { request: 1, uploads }));
        self.appended(id).receipts
    }

    /// Appends, and is refused, which changes nothing: in memory, in the tree, in the store. (A write that failed may have
    /// reached the disk all the same.)
    pub fn append_refused(&mut self, id: ConnectionId, uploads: Vec<Upload>) -> Refused {
        let before = self.all();
        self.send(id, ClientMessage::Append(Append { request: 1, uploads }));
        let refused = self.refused(id);
        assert!(
            refused.rule() == Rule::Unavailable || self.all() == before,
            "{refused:?} changed something"
        );
        refused
    }

    pub fn follow(&mut self, id: ConnectionId, size: u64) {
        self.send(
            id,
            ClientMessage::Follow(Follow {
                nonce: NONCE,
                size,
                through: None,
            }),
        );
    }
}

/// The nonce of every follow.
pub const NONCE: Nonce = Nonce([6; 32]);
