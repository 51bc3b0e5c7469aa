//! The relay's program around its core: rounds, effects in their order, readings beside them, and its end at any moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::wire::{self, ClientMessage, Goodbye, Refused, RelayMessage};
use troth_server::core::{ConnectionId, Core, Effect, Event, Settings};
use troth_server::directory::Directory;
use troth_server::reading::{Purpose, Reader};
use troth_server::store::Store;
use troth_server::verify::{Checked, Fault, check};

use super::store::MemoryStore;
use super::world::{Happening, Step, Violation, World};

/// A plan that is being carried out.
struct Reading {
    link: ConnectionId,
    purpose: Purpose,
    to: u64,
    reader: Reader,
}

/// The relay's computer.
pub struct Relay {
    /// Its disk.
    pub store: Arc<MemoryStore>,
    /// How far its clock is from the truth, in milliseconds.
    pub skew: i64,
    /// It dies after so many further effects.
    pub dies_after: Option<usize>,
    settings: Settings,
    core: Option<Core>,
    directory: Directory,
    inbox: Vec<Event>,
    round: bool,
    boot: u64,
    readings: BTreeMap<u64, Reading>,
    next_reading: u64,
}

impl Relay {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            skew: 0,
            dies_after: None,
            settings: Settings {
                origin: "relay.test:8787".to_owned(),
                key: Arc::new(ed25519_dalek::SigningKey::from_bytes(&[7; 32])),
                former: Vec::new(),
                max_practices: 4,
            },
            core: None,
            directory: Directory::default(),
            inbox: Vec::new(),
            round: false,
            boot: 0,
            readings: BTreeMap::new(),
            next_reading: 0,
        }
    }

    /// Whether its program runs.
    pub const fn is_up(&self) -> bool {
        self.core.is_some()
    }

    /// The ledger key.
    pub fn key(&self) -> troth_protocol::ids::VerifyingKey {
        troth_protocol::ids::VerifyingKey(self.settings.key.verifying_key().to_bytes())
    }

    /// Entries of its ledger, as its program knows it.
    pub fn size(&self) -> Option<u64> {
        let practice = self.core.as_ref()?.practices().values().next()?;
        Some(practice.tree.size())
    }

    /// The practice's state as the relay has it.
    pub fn state(&self) -> Option<&State> {
        let practice = self.core.as_ref()?.practices().values().next()?;
        Some(&practice.state)
    }
}

impl World {
    fn relay_clock(&self) -> u64 {
        self.now.saturating_add_signed(self.relay.skew)
    }

    pub(super) fn start_relay(&mut self) -> Step {
        if self.relay.is_up() {
            return Ok(());
        }
        self.relay.store.faults.revive();
        let store: Arc<dyn Store> = self.relay.store.clone();
        let opened = Core::open(self.relay.settings.clone(), store);
        self.note_faults();
        let core = match opened {
            Ok(core) => core,
            // A read that failed: whoever runs it starts it again.
            Err(troth_server::practice::LoadError::Store(error)) => {
                self.note(format!("the relay does not start: {error}"));
                self.after(1_000, Happening::RelayStarts);
                return Ok(());
            }
            Err(error) => return Err(Violation::new(format!("the relay does not start again: {error}"))),
        };
        self.relay.directory = Directory::default();
        core.ledgers()
            .for_each(|ledger| self.relay.directory.publish(ledger));
        self.relay.core = Some(core);
        self.relay.boot += 1;
        self.relay.round = false;
        self.note("the relay starts");
        Ok(())
    }

    /// The relay's program ends, and with it every connection.
    pub fn kill_relay(&mut self, down: u64) {
        if self.relay.core.take().is_none() {
            return;
        }
        self.note("the relay dies");
        self.relay.inbox.clear();
        self.relay.readings.clear();
        self.relay.dies_after = None;
        let open: Vec<ConnectionId> = self
            .links
            .iter()
            .filter(|(_, l)| l.relay_end)
            .map(|(id, _)| *id)
            .collect();
        for id in open {
            self.end_at_relay(id);
        }
        self.after(down, Happening::RelayStarts);
    }

    pub(super) fn relay_event(&mut self, event: Event) -> Step {
        if !self.relay.is_up() {
            return Ok(());
        }
        self.relay.inbox.push(event);
        if !self.relay.round {
            self.relay.round = true;
            let wait = self.fate.random_range(0..25);
            self.after(wait, Happening::Round(self.relay.boot));
        }
        Ok(())
    }

    pub(super) fn round(&mut self, boot: u64) -> Step {
        if boot != self.relay.boot {
            return Ok(());
        }
        self.relay.round = false;
        let (now, mut rng) = (self.relay_clock(), self.randomness());
        let events = std::mem::take(&mut self.relay.inbox);
        let Some(core) = &mut self.relay.core else {
            return Ok(());
        };
        let effects = core.handle(now, &mut rng, events);
        self.perform_all(effects)?;
        // What can wait until the answers are out is done a moment later; at times the next round comes before it.
        let wait = self.fate.random_range(0..4);
        self.after(wait, Happening::Settle(boot));
        Ok(())
    }

    pub(super) fn settle_round(&mut self, boot: u64) -> Step {
        match &mut self.relay.core {
            Some(core) if boot == self.relay.boot => {
                let effects = core.settle();
                self.perform_all(effects)
            }
            _ => Ok(()),
        }
    }

    /// Carries out effects, in an order that does not depend on how the core's tables are laid out in memory: what concerns
    /// one connection stays in its order.
    fn perform_all(&mut self, mut effects: Vec<Effect>) -> Step {
        self.note_faults();
        if self.relay.store.faults.dead() {
            let down = self.fate.random_range(200..20_000);
            self.kill_relay(down);
            return Ok(());
        }
        effects.sort_by_key(|effect| match effect {
            Effect::Publish(_) | Effect::Reclaim => 0,
            Effect::Send(id, _) | Effect::Close(id, _) | Effect::Read(id, _) => *id,
        });
        for effect in effects {
            if self.relay.dies_after.is_some_and(|left| left == 0) {
                self.note("between two effects");
                let down = self.fate.random_range(200..20_000);
                self.kill_relay(down);
                return Ok(());
            }
            self.relay.dies_after = self.relay.dies_after.map(|left| left - 1);
            self.relay_effect(effect)?;
        }
        Ok(())
    }

    fn relay_effect(&mut self, effect: Effect) -> Step {
        match effect {
            Effect::Publish(ledger) => {
                self.relay.directory.publish(ledger);
                Ok(())
            }
            // What it does not finish, it goes on with after the next time that it is asked.
            Effect::Reclaim => {
                let _ = self.relay.store.reclaim();
                Ok(())
            }
            Effect::Send(id, frame) => self.say(id, frame.to_vec()),
            Effect::Close(id, rule) => self.dismiss(id, rule),
            Effect::Read(id, plan) => {
                let (to, purpose) = (plan.to, plan.purpose);
                let store: Arc<dyn Store> = self.relay.store.clone();
                match Reader::new(*plan, store) {
                    Ok(reader) => {
                        let number = self.relay.next_reading;
                        self.relay.next_reading += 1;
                        let link = id;
                        self.relay.readings.insert(
                            number,
                            Reading {
                                link,
                                purpose,
                                to,
                                reader,
                            },
                        );
                        self.after(1, Happening::Reading(self.relay.boot, number));
                        Ok(())
                    }
                    Err(error) => self.reading_failed(id, &error),
                }
            }
        }
    }

    /// The next frame of a plan; what is committed and erased meanwhile is so for it too.
    pub(super) fn read_on(&mut self, boot: u64, number: u64) -> Step {
        if boot != self.relay.boot || !self.relay.is_up() {
            return Ok(());
        }
        let Some(mut reading) = self.relay.readings.remove(&number) else {
            return Ok(());
        };
        let id = reading.link;
        match reading.reader.next_frame() {
            Ok(Some(frame)) => {
                self.relay.readings.insert(number, reading);
                self.after(1, Happening::Reading(boot, number));
                self.say(id, frame)
            }
            Ok(None) => self.relay_event(Event::Delivered(id, reading.purpose, reading.to)),
            Err(error) => self.reading_failed(id, &error),
        }
    }

    fn reading_failed(&mut self, id: ConnectionId, error: &troth_server::reading::ReadError) -> Step {
        self.note_faults();
        if let troth_server::reading::ReadError::Damaged(position) = error {
            return Err(Violation::new(format!(
                "the relay reads entry {position} back as another"
            )));
        }
        self.dismiss(id, Rule::Unavailable)?;
        self.relay_event(Event::Closed(id))
    }

    fn dismiss(&mut self, id: ConnectionId, rule: Rule) -> Step {
        if self.links.get(&id).is_some_and(|link| link.relay_end) {
            self.say(
                id,
                wire::frame(&RelayMessage::Goodbye(Goodbye { rule: rule.number() })),
            )?;
            self.end_at_relay(id);
        }
        Ok(())
    }

    fn say(&mut self, id: ConnectionId, frame: Vec<u8>) -> Step {
        let Some(link) = self.links.get(&id).filter(|link| link.relay_end) else {
            return Ok(());
        };
        let message = wire::message::<RelayMessage>(&frame)
            .map_err(|rule| Violation::new(format!("the relay sends no message: {rule}")))?;
        self.record.said(link, &message)?;
        self.send_to_device(id, frame);
        Ok(())
    }

    /// A frame has arrived: checked beside the core, as in the relay.
    pub(super) fn receive(&mut self, id: ConnectionId, frame: &[u8]) -> Step {
        let Some(link) = self.links.get_mut(&id) else {
            return Ok(());
        };
        if let Ok(ClientMessage::Append(append)) = wire::message::<ClientMessage>(frame) {
            let hash = |upload: &wire::Upload| troth_protocol::ids::Hash::of(&[&upload.signed.statement]);
            link.asked
                .insert(append.request, append.uploads.iter().map(hash).collect());
        }
        match check(frame, link.said.as_ref(), &self.relay.directory) {
            Ok(message) => {
                if let Checked::Hello(hello) = &message {
                    link.said = Some(hello.practice);
                }
                self.relay_event(Event::Message(id, message))
            }
            Err(Fault::Statement(request, index, rule)) => {
                let refused = Refused {
                    request,
                    index,
                    rule: rule.number(),
                    head: None,
                };
                self.say(id, wire::frame(&RelayMessage::Refused(refused)))
            }
            Err(Fault::Connection(rule)) => {
                self.dismiss(id, rule)?;
                self.relay_event(Event::Closed(id))
            }
        }
    }

    pub(super) fn note_faults(&mut self) {
        for what in self.relay.store.faults.happened() {
            self.note(format!("the relay's store: {what}"));
        }
    }
}
