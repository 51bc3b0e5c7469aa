//! A script of a relay that alters, drops, repeats and invents what it sends to a device that catches up: with the ledger
//! key in its hands, or without.
//!
//! Whatever it does: nothing panics; what the device keeps verifies from genesis and opens again as the same; and unless the
//! relay signed a lie itself, every size and root that the device ever held is the true ledger's.

use troth_client_core::device::{Device, Effect, Event};
use troth_client_core::storage::MemoryStorage;
use troth_protocol::checkpoint::Checkpoint;
use troth_protocol::ids::{DocumentId, Hash, Nonce};
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_protocol::wire::{
    self, Appended, Goodbye, Item, Items, Put, Receipt, Refused, RelayMessage, RootsItem, Welcome,
};

use super::relay_side::{LEDGER_KEY, RelaySide};
use super::scene::{Scene, scene};
use super::script::Script;
use super::seeds;
use crate::network::PASSPHRASE;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Frames that reach the device at most.
const FRAMES: usize = 96;

struct Play<'a> {
    scene: &'static Scene,
    script: Script<'a>,
    relay: RelaySide,
    device: Device<MemoryStorage>,
    rng: StdRng,
    connection: u64,
    open: bool,
    delivered: usize,
    /// Every size and root that the device held.
    held: Vec<(u64, Hash)>,
    /// Whether the relay has put its name to something untrue.
    lied: bool,
}

/// Plays the script.
pub fn device(data: &[u8]) {
    gained(data);
}

/// Plays the script; how many entries the device has verified by it.
pub fn gained(data: &[u8]) -> u64 {
    let scene = scene();
    let mut play = Play {
        scene,
        script: Script::new(data),
        relay: RelaySide::open(scene.store.copy(), scene.now),
        device: Device::open(scene.behind.clone(), PASSPHRASE).expect("its own passphrase"),
        rng: StdRng::seed_from_u64(2),
        connection: 0,
        open: false,
        delivered: 0,
        held: Vec::new(),
        lied: false,
    };
    let before = play.device.frontier().size();
    let mut budget = FRAMES;
    for round in 0..6 {
        play.person();
        play.event(Event::Tick);
        while budget > 0 && play.next() {
            budget -= 1;
        }
        play.relay.now += 700 + round * 9_000;
        play.relay.tick();
        play.relay.turn();
    }
    play.verify();
    play.device.frontier().size().saturating_sub(before)
}

impl Play<'_> {
    /// What the device's person does meanwhile.
    fn person(&mut self) {
        let (now, document) = (self.relay.now, self.scene.documents[0]);
        match self.script.below(8) {
            1 => {
                let _ = self
                    .device
                    .edit(now, &mut self.rng, document, |d| d.set_field("goal", "go on"));
            }
            2 => {
                let _ = self.device.read(document, |d| d.notes().len());
            }
            3 => {
                let _ = self.device.new_case(now, &mut self.rng, "Lee", "Ann", None);
            }
            4 => {
                let storage = self.device.storage().clone();
                self.device = Device::open(storage, PASSPHRASE).expect("it opens again");
                self.relay.close(self.connection);
                self.open = false;
                self.relay.turn();
            }
            5 => {
                let member = self.scene.members[1];
                let _ = self.device.remove_member(now, &mut self.rng, member, false);
            }
            _ => {}
        }
        if let Ok(effects) = self.device.pump(now, &mut self.rng) {
            self.perform(effects);
        }
    }

    fn event(&mut self, event: Event<'_>) {
        // An error is the device's way to say that it did not take it.
        let effects = self.device.handle(self.relay.now, &mut self.rng, event);
        let frontier = self.device.frontier();
        let now_held = (frontier.size(), frontier.root());
        if self.held.last() != Some(&now_held) {
            self.held.push(now_held);
        }
        let effects = effects.unwrap_or_default();
        assert!(effects.len() < 2_000, "{} effects of one event", effects.len());
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect => {
                    self.connection += 1;
                    self.open = true;
                    self.delivered = self.relay.sent.len();
                    self.event(Event::Opened);
                }
                Effect::Send(frame) if self.open => {
                    self.relay.say(self.connection, &frame);
                    self.relay.turn();
                }
                Effect::Close if self.open => {
                    self.open = false;
                    self.relay.close(self.connection);
                    self.relay.turn();
                    self.event(Event::Closed);
                }
                Effect::Send(_) | Effect::Close | Effect::WakeAt(_) | Effect::Report(_) => {}
            }
        }
    }

    /// Delivers one frame, or what the script makes of it; whether there was one.
    fn next(&mut self) -> bool {
        let Some((to, frame)) = self.relay.sent.get(self.delivered).cloned() else {
            return false;
        };
        self.delivered += 1;
        if to != self.connection || !self.open {
            return true;
        }
        match if self.script.is_over() {
            0
        } else {
            self.script.below(12)
        } {
            0..=3 => self.event(Event::Frame(&frame)),
            4 => {
                let mut spoilt = frame;
                self.script.spoil(&mut spoilt);
                self.event(Event::Frame(&spoilt));
            }
            5 => {}
            6 => {
                self.event(Event::Frame(&frame));
                self.event(Event::Frame(&frame));
            }
            7 => {
                let samples = seeds::relay_frames();
                let sample = &samples[self.script.below(samples.len())];
                self.event(Event::Frame(sample));
                self.event(Event::Frame(&frame));
            }
            8 => {
                let invented = self.invented();
                self.event(Event::Frame(&wire::frame(&invented)));
                self.event(Event::Frame(&frame));
            }
            9 => {
                self.relay.close(self.connection);
                self.relay.turn();
                self.open = false;
                self.event(Event::Closed);
            }
            _ => {
                let mut message = wire::message::<RelayMessage>(&frame).expect("the relay sends messages");
                self.alter(&mut message);
                self.event(Event::Frame(&wire::frame(&message)));
            }
        }
        true
    }

    fn invented(&mut self) -> RelayMessage {
        let request = self.script.below(8) as u64;
        match self.script.below(6) {
            0 => RelayMessage::Welcome(Welcome {
                now: self.script.number(),
            }),
            1 => {
                let receipt = Receipt {
                    position: self.script.number(),
                    received: self.script.number(),
                    stream_seq: self.script.number(),
                };
                RelayMessage::Appended(Appended {
                    request,
                    receipts: vec![receipt; self.script.below(3)],
                })
            }
            2 => {
                let (index, rule) = (self.script.number() as u32, self.script.below(90) as u16);
                let head = (self.script.below(2) == 1).then(|| Hash([self.script.byte(); 32]));
                RelayMessage::Refused(Refused {
                    request,
                    index,
                    rule,
                    head,
                })
            }
            3 => {
                let value = self.script.bytes().to_vec();
                RelayMessage::Mail(Put {
                    mailbox: DocumentId([1; 16]),
                    slot: self.script.byte() % 5,
                    value,
                })
            }
            4 => RelayMessage::Goodbye(Goodbye {
                rule: self.script.below(90) as u16,
            }),
            _ => RelayMessage::Located(None),
        }
    }

    fn alter(&mut self, message: &mut RelayMessage) {
        match message {
            RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) => self.alter_items(items),
            RelayMessage::Challenge(challenge) => match self.script.below(4) {
                0 => challenge.nonce = Nonce([self.script.byte(); 32]),
                1 => challenge.origin.push('x'),
                2 => challenge.checkpoint.size = self.script.number(),
                _ => challenge.checkpoint.root = Hash([self.script.byte(); 32]),
            },
            RelayMessage::Appended(appended) => {
                appended.request = self.script.below(8) as u64;
                appended.receipts.truncate(self.script.below(2));
            }
            RelayMessage::Refused(refused) => refused.rule = self.script.below(90) as u16,
            RelayMessage::Welcome(welcome) => welcome.now = self.script.number(),
            other => *other = self.invented(),
        }
    }

    fn alter_items(&mut self, items: &mut Items) {
        let at = self.script.below(items.items.len().max(1));
        let other = self.script.below(items.items.len().max(1));
        match self.script.below(11) {
            0 => items.from = self.script.number(),
            1 if !items.items.is_empty() => drop(items.items.remove(at)),
            2 if !items.items.is_empty() => items.items.insert(at, items.items[other].clone()),
            3 if !items.items.is_empty() => items.items.swap(at, other),
            4 => items.checkpoint.size = self.script.number(),
            5 => items.counts = None,
            6 => {
                if let Some(counts) = &mut items.counts {
                    counts.counts.beat = self.script.number();
                }
            }
            7 => {
                let run = RootsItem {
                    entries: self.script.number(),
                    roots: self.script.bytes().to_vec(),
                };
                items.items.insert(at.min(items.items.len()), Item::Roots(run));
            }
            _ => match items.items.get_mut(at) {
                Some(Item::Entry(entry)) => match self.script.below(6) {
                    0 => entry.leaf.received = self.script.number(),
                    1 => entry.leaf.stream_seq = self.script.number(),
                    2 => self.script.spoil(&mut entry.leaf.signed.statement),
                    3 => entry.payload = None,
                    4 => entry.payload = Some(self.script.bytes().to_vec().into()),
                    _ => {
                        // Shown as not to be seen.
                        let roots = leaf_hash(&entry.leaf.encode()).as_bytes().to_vec();
                        items.items[at] = Item::Roots(RootsItem { entries: 1, roots });
                    }
                },
                Some(Item::Roots(run)) => run.entries = self.script.number(),
                None => {}
            },
        }
        if self.script.below(2) == 1 {
            self.sign(items);
        }
    }

    /// Signs whatever the items lead to from where the device stands.
    fn sign(&mut self, items: &mut Items) {
        let mut frontier = self.device.frontier().clone();
        items.from = frontier.size();
        for item in &items.items {
            let folded = match item {
                Item::Entry(entry) => frontier.push_leaf(leaf_hash(&entry.leaf.encode())).is_ok(),
                Item::Roots(run) => run.fold_into(&mut frontier).is_ok(),
            };
            if !folded {
                return;
            }
        }
        let origin = self.relay.core.practices()[&self.scene.practice]
            .state
            .roster
            .ledger_origin();
        let key = ed25519_dalek::SigningKey::from_bytes(&LEDGER_KEY);
        let checkpoint = Checkpoint::new(&*origin, frontier.size(), frontier.root()).expect("a plain origin");
        items.checkpoint = checkpoint.sign_compact(&key);
        self.lied = true;
    }

    fn verify(&self) {
        if self.device.state().is_some() {
            let verified = self.device.verify_ledger(&mut |_, _| {});
            assert!(verified.is_ok(), "{verified:?}");
        }
        let again = Device::open(self.device.storage().clone(), PASSPHRASE).expect("it opens again");
        assert_eq!(again.frontier(), self.device.frontier());
        assert_eq!(again.state(), self.device.state());
        let truth = self.truth();
        if !self.lied {
            for (size, root) in &self.held {
                assert_eq!(truth.get(*size as usize), Some(root), "at size {size}");
            }
        }
        if let (Some(state), Some(relay)) = (
            again.state(),
            self.relay.core.practices().get(&self.scene.practice),
        ) {
            for device in state.roster.devices().keys() {
                assert!(
                    relay.state.roster.devices().contains_key(device),
                    "a device that nobody added"
                );
            }
            for document in state.documents.keys() {
                assert!(
                    relay.state.documents.contains_key(document),
                    "a document that nobody made"
                );
            }
        }
    }

    /// The root at each size.
    fn truth(&self) -> Vec<Hash> {
        let mut roots = self.scene.roots.clone();
        let rows = self
            .relay
            .store
            .entries(&self.scene.practice, 0, u64::MAX, usize::MAX)
            .expect("rows");
        let mut frontier = Frontier::new();
        for row in rows {
            frontier.push_leaf(leaf_hash(&row.leaf)).expect("room");
            if frontier.size() as usize >= roots.len() {
                roots.push(frontier.root());
            }
        }
        roots
    }
}
