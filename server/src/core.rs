//! The relay without IO: `handle(now, rng, events) -> effects`.
//!
//! One place orders everything. A round takes all events that wait: what only asks is answered from the durable state;
//! what appends takes its positions; then one durable write commits the appends of all practices together; only then are
//! they acknowledged. Signing the grown ledgers and sending what is new to those who follow comes after the
//! acknowledgements, in [`Core::settle`]: whoever waits for an acknowledgement does not wait for the others' frames. Time
//! and randomness come as arguments, the store is a trait: the same core runs in the relay and in tests that crash it at
//! every write.
// Long because every event of the relay finds its place here, and what follows from each is elsewhere.

mod append;
mod compact;
mod fanout;
mod follow;
mod handshake;
mod intake;
mod mailbox;
mod restore;
mod settings;
mod turn;
mod witnessed;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use rand_core::CryptoRng;
use tracing::{error, info};
use troth_protocol::ids::{DeviceId, Hash, MemberId, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{self, Info, Refused, RelayMessage};
use troth_protocol::wire::{Follow, Hello, Witnessed};

use crate::directory::Ledger;
use crate::practice::{LoadError, Practice, load};
use crate::quota::Accounts;
use crate::reading::{Plan, Purpose};
use crate::store::{Store, StoreError};
use crate::verify::Checked;
use append::{Round, Settlement};
use mailbox::Mailboxes;
pub use settings::Settings;

/// A connection, for as long as it lasts.
pub type ConnectionId = u64;

/// After a write that found the disk full, the next one is tried only so much later, in milliseconds: each that fails
/// makes the relay read its ledgers back.
pub const RETRY_FULL_MS: u64 = 5_000;
/// The same after a write that failed for another reason.
pub const RETRY_FAILED_MS: u64 = 1_000;

/// What happens to the relay.
#[derive(Debug)]
pub enum Event {
    /// A connection sent a message that passed its checks.
    Message(ConnectionId, Checked),
    /// All frames of a plan were handed to the connection's socket, up to this position.
    Delivered(ConnectionId, Purpose, u64),
    /// A connection is gone.
    Closed(ConnectionId),
    /// Witnesses have cosigned a practice's checkpoint; their cosignatures were checked.
    Witnessed(PracticeId, Box<Witnessed>),
    /// Time passed.
    Tick,
}

/// What the relay does.
#[derive(Debug)]
pub enum Effect {
    /// Send a frame.
    Send(ConnectionId, Bytes),
    /// Send the reason, then close.
    Close(ConnectionId, Rule),
    /// Carry out a plan, and say so when its last frame is handed over.
    Read(ConnectionId, Box<Plan>),
    /// A ledger has grown and is durable: this is what it shows from now on.
    Publish(Ledger),
    /// Have the store give back the space of payloads that were dropped, beside everything else. Asked for again after
    /// every start, so that a kill in between costs nothing but time.
    Reclaim,
}

/// A connection's state in the protocol.
enum Connection {
    /// Said hello and was challenged.
    Challenged { hello: Hello, transcript: Hash },
    /// Logged in.
    Live(Live),
}

/// A device that is logged in.
struct Live {
    practice: PracticeId,
    device: DeviceId,
    member: MemberId,
    follow: Option<Following>,
    /// Fetches that are being carried out.
    fetches: usize,
    /// Statements that it sent beyond its quota.
    beyond: usize,
}

/// A connection that follows its ledger.
struct Following {
    follow: Follow,
    beat: u64,
    /// Everything visible before this position was sent.
    position: u64,
    /// Whether it is caught up and gets what comes; otherwise a plan is being carried out for it.
    live: bool,
    /// When the next beat is due, in milliseconds since the Unix epoch.
    next_beat: u64,
}

/// The relay.
pub struct Core {
    settings: Settings,
    store: Arc<dyn Store>,
    practices: HashMap<PracticeId, Practice>,
    followers: HashMap<PracticeId, HashSet<ConnectionId>>,
    connections: HashMap<ConnectionId, Connection>,
    mailboxes: Mailboxes,
    accounts: Accounts,
    /// The newest checkpoint of each practice that its witnesses have cosigned, as a frame.
    witnessed: HashMap<PracticeId, Bytes>,
    effects: Vec<Effect>,
    /// What is durable and acknowledged, and not yet signed and sent on.
    unsettled: Settlement,
    /// The clock as it was last told. It may go back; what a ledger says was received never does, of itself.
    now: u64,
    /// Until when nothing is written after a write that failed, and the rule that says why.
    resting: Option<(u64, Rule)>,
    /// When drafts are looked through for those that have expired, in milliseconds since the Unix epoch.
    next_sweep: u64,
    /// Whether payloads were dropped whose space is not yet given back, as far as this process knows.
    dropped: bool,
}

impl Core {
    /// Loads every practice that the store keeps.
    pub fn open(settings: Settings, store: Arc<dyn Store>) -> Result<Self, LoadError> {
        let mut practices = HashMap::new();
        for (id, head) in store.practices()? {
            practices.insert(id, load(&store, id, head, &settings)?);
        }
        Ok(Self {
            settings,
            store,
            practices,
            followers: HashMap::new(),
            connections: HashMap::new(),
            mailboxes: Mailboxes::default(),
            accounts: Accounts::default(),
            witnessed: HashMap::new(),
            effects: Vec::new(),
            unsettled: Settlement::default(),
            now: 0,
            resting: None,
            next_sweep: 0,
            dropped: true,
        })
    }

    /// The ledgers, as of their newest durable entries.
    pub fn ledgers(&self) -> impl Iterator<Item = Ledger> {
        self.practices.values().map(Practice::ledger)
    }

    /// The practices, as of their newest durable entries.
    pub const fn practices(&self) -> &HashMap<PracticeId, Practice> {
        &self.practices
    }

    /// Takes a round of events at a time (milliseconds since the Unix epoch) and says what to do at once. What can wait
    /// until that is done is for [`Self::settle`]; left out, it is done with the next round.
    pub fn handle(&mut self, now: u64, rng: &mut impl CryptoRng, events: Vec<Event>) -> Vec<Effect> {
        self.finish();
        if now < self.now {
            self.set_back(now);
        }
        self.now = now;
        self.resting = self.resting.filter(|(until, _)| self.now < *until);
        let mut round = Round::default();
        let mut appends = Vec::new();
        let mut submissions = Vec::new();
        let mut restores = Vec::new();
        for event in events {
            match event {
                Event::Message(id, Checked::Append(request, uploads)) => appends.push((id, request, uploads)),
                Event::Message(id, Checked::Submit(request, of, parsed, payload)) => {
                    submissions.push((id, request, of, parsed, payload));
                }
                Event::Message(id, Checked::Restore(request, entries)) => {
                    restores.push((id, request, entries))
                }
                Event::Message(id, message) => self.message(rng, id, message, &mut round),
                Event::Delivered(id, purpose, position) => self.delivered(id, purpose, position),
                Event::Closed(id) => self.closed(id),
                Event::Witnessed(practice, witnessed) => self.witnessed(practice, *witnessed),
                Event::Tick => self.tick(),
            }
        }
        self.log_in_waiting(&mut round);
        for (id, request, uploads) in appends {
            self.append(id, request, uploads, &mut round);
        }
        for (id, request, entries) in restores {
            self.restore(id, request, entries, &mut round);
        }
        for (id, request, of, parsed, payload) in submissions {
            self.submit(id, request, of, *parsed, payload, &mut round);
        }
        self.commit(round);
        std::mem::take(&mut self.effects)
    }

    /// Signs what the last round made durable, shows it, and sends it to those who follow.
    pub fn settle(&mut self) -> Vec<Effect> {
        self.finish();
        std::mem::take(&mut self.effects)
    }

    /// The clock went back, as it does when it was wrong and is put right: nothing waits longer from now than it would
    /// if it had just begun to.
    fn set_back(&mut self, now: u64) {
        self.mailboxes.set_back(now);
        self.next_sweep = self.next_sweep.min(now);
        self.resting = self
            .resting
            .map(|(until, rule)| (until.min(now.saturating_add(pause(rule))), rule));
        for connection in self.connections.values_mut() {
            if let Connection::Live(Live {
                follow: Some(following),
                ..
            }) = connection
            {
                following.next_beat = following.next_beat.min(now.saturating_add(limits::BEAT_MS));
            }
        }
    }

    fn message(&mut self, rng: &mut impl CryptoRng, id: ConnectionId, message: Checked, round: &mut Round) {
        match message {
            Checked::Hello(hello) => self.hello(rng, id, hello),
            Checked::Session(statement) => self.session(id, *statement, round),
            Checked::Follow(follow) => self.follow(id, follow),
            Checked::Fetch(fetch) => self.fetch(id, &fetch),
            Checked::Found(genesis) => self.found(id, *genesis, round),
            Checked::Info => {
                let info = Info {
                    origin: self.settings.origin.clone(),
                    ledger_key: self.settings.public(),
                    now: self.now,
                };
                self.send(id, &RelayMessage::Info(info));
            }
            Checked::Locate(device) => {
                let has = |practice: &&Practice| practice.roster.active(&device, u64::MAX).is_ok();
                let found = self.practices.values().find(has).map(|practice| *practice.id());
                self.send(id, &RelayMessage::Located(found));
            }
            Checked::Put(put) => {
                let answers = self.mailboxes.put(self.now, id, put);
                self.mail(answers);
            }
            Checked::Take(take) => {
                let answers = self.mailboxes.take(self.now, id, take);
                self.mail(answers);
            }
            Checked::Link(invite) => self.link(id, &invite),
            Checked::Unlock(unlock) => self.unlock(rng, id, &unlock),
            Checked::KeepDraft(keep) => self.keep_draft(id, keep),
            Checked::Ahead(ahead) => self.ahead(id, &ahead),
            Checked::Restored => self.restored(id),
            Checked::Append(..) | Checked::Submit(..) | Checked::Restore(..) => {}
        }
    }

    fn mail(&mut self, answers: Vec<(ConnectionId, Result<wire::Put, wire::NoMail>)>) {
        for (id, answer) in answers {
            match answer {
                Ok(put) => self.send(id, &RelayMessage::Mail(put)),
                Err(refusal) => self.send(id, &RelayMessage::NoMail(refusal)),
            }
        }
    }

    fn tick(&mut self) {
        let expired = self.mailboxes.expire(self.now);
        self.mail(expired);
        self.compact();
        self.accounts.sweep(self.now);
        self.sweep_drafts();
        self.beats();
    }

    fn closed(&mut self, id: ConnectionId) {
        self.mailboxes.forget(id);
        if let Some(Connection::Live(live)) = self.connections.remove(&id) {
            self.accounts.leave(live.practice, live.device, id);
            if let Some(followers) = self.followers.get_mut(&live.practice) {
                followers.remove(&id);
            }
        }
    }

    fn live(&self, id: ConnectionId) -> Option<&Live> {
        match self.connections.get(&id) {
            Some(Connection::Live(live)) => Some(live),
            _ => None,
        }
    }

    fn send(&mut self, id: ConnectionId, message: &RelayMessage) {
        self.effects
            .push(Effect::Send(id, Bytes::from(wire::frame(message))));
    }

    fn refuse(&mut self, id: ConnectionId, request: u64, index: u32, rule: Rule, head: Option<Hash>) {
        self.send(
            id,
            &RelayMessage::Refused(Refused {
                request,
                index,
                rule: rule.number(),
                head,
            }),
        );
    }

    fn close(&mut self, id: ConnectionId, rule: Rule) {
        self.closed(id);
        self.effects.push(Effect::Close(id, rule));
    }

    /// After a write that failed, memory may be ahead of the disk: what the disk says counts.
    fn reload(&mut self, touched: impl Iterator<Item = PracticeId>) {
        for id in touched {
            let found = self.store.head(&id).map_err(LoadError::from);
            let loaded = found.and_then(|head| {
                head.map(|head| load(&self.store, id, head, &self.settings))
                    .transpose()
            });
            match loaded {
                Ok(Some(practice)) => {
                    self.effects.push(Effect::Publish(practice.ledger()));
                    self.practices.insert(id, practice);
                    self.cut_off(&id);
                    self.catch_up_all(&id);
                }
                Ok(None) => {
                    self.practices.remove(&id);
                }
                Err(error) => {
                    error!(practice = %id, %error, "a ledger cannot be read back; it is closed until the relay restarts");
                    self.practices.remove(&id);
                    let lost: Vec<ConnectionId> = self.of_practice(&id).collect();
                    for connection in lost {
                        self.close(connection, Rule::Unavailable);
                    }
                }
            }
            info!(practice = %id, "read back after a failed write");
        }
    }

    /// The rule by which everything that needs a write is refused just now, if a write failed a moment ago.
    fn resting(&self) -> Option<Rule> {
        self.resting.map(|(_, rule)| rule)
    }

    fn rest_after(&mut self, error: &StoreError) -> Rule {
        let rule = match error {
            StoreError::Full => Rule::DiskFull,
            _ => Rule::Unavailable,
        };
        self.resting = Some((self.now.saturating_add(pause(rule)), rule));
        rule
    }

    fn of_practice(&self, practice: &PracticeId) -> impl Iterator<Item = ConnectionId> {
        let of = *practice;
        self.connections
            .iter()
            .filter(move |(_, c)| matches!(c, Connection::Live(live) if live.practice == of))
            .map(|(id, _)| *id)
    }
}

/// How long nothing is written after a write that failed so, in milliseconds.
const fn pause(rule: Rule) -> u64 {
    match rule {
        Rule::DiskFull => RETRY_FULL_MS,
        _ => RETRY_FAILED_MS,
    }
}
