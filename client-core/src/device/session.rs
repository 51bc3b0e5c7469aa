//! The connection's life: hello, challenge, login, catching up, live; and what happens when it ends.
// Long because every message of the relay finds its place here, and what follows from each is elsewhere.

mod halt;
mod handshake;
mod items;
mod locate;

use rand_core::CryptoRng;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{DocumentId, Nonce, VerifyingKey};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{
    Challenge, ClientMessage, Found, Goodbye, Held, Hello, NewKey, RelayMessage, frame, message,
};

use super::invite::Pledges;
use super::ledger::Failure;
use super::link::Linking;
use super::restore::Resuming;
use super::rows::Stopped;
use super::{Device, DeviceError, Effect, Event, Phase, Report};
use crate::storage::Storage;

/// First wait before connecting again, in milliseconds; doubles with each failure.
const RETRY_MS: u64 = 500;
/// Longest wait before connecting again, in milliseconds.
const RETRY_MAX_MS: u64 = 60_000;
/// Silence after which a connection counts as dead, in milliseconds: two beats and a little.
pub(super) const SILENCE_MS: u64 = 2 * limits::BEAT_MS + 15_000;

/// How long a new device that has signed waits for the word that it was added, in milliseconds.
const WORD_MS: u64 = 15_000;

/// Where the connection stands.
#[derive(Default)]
pub(super) enum Step {
    /// No connection; the next may be tried from this time on.
    #[default]
    Idle,
    Opening,
    /// Asked what relay this is, to found a practice on it.
    Asking,
    /// Sent genesis.
    Founding,
    /// A kit that asked which practice knows it, and what the relay calls itself.
    Locating(Option<(String, VerifyingKey)>),
    /// A new device that waits to be let in.
    Joining,
    /// Said hello.
    Greeted(Hello),
    /// Signed the transcript.
    LoggingIn {
        total: u64,
    },
    /// Follows the ledger.
    Following {
        nonce: Nonce,
        beat: u64,
        live: bool,
        total: u64,
    },
    /// What came does not fold, and the relay is asked what it stands by.
    Doubting,
    /// Stopped for good.
    Halted,
}

/// The connection and what is going on over it.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) step: Step,
    pub(super) linking: Linking,
    pub(super) pledges: Pledges,
    /// Names for the practice about to be founded: its own and its founder's.
    pub(super) founding: Option<(String, String)>,
    /// Whether this device knows its own keys and not its practice: a kit.
    pub(super) locating: bool,
    retry_at: u64,
    failures: u32,
    heard: u64,
    /// What the relay signed in this connection's handshake.
    pub(super) promised: Option<CompactCheckpoint>,
    /// The relay's answer to a device that has verified nothing yet, by a key that it does not know: the ledger has to name it.
    pub(super) unproven: Option<(Hello, Challenge)>,
    /// A ledger key that the relay would have this practice turn to; it signs for the practice.
    pub(super) offered: Option<NewKey>,
    /// Up to which position this connection's follow began at nothing, and so shows all that this member may see today.
    pub(super) whole_until: u64,
    /// When payloads that are missing were asked for once more; and whether its person knows that they still are.
    pub(super) asked_again: Option<(u64, bool)>,
    /// The relay's clock at this connection's login, and this device's.
    pub(super) welcomed: Option<(u64, u64)>,
    /// What the person wants of a relay that was restored: to be told, or that it goes on.
    pub(super) resuming: Option<Resuming>,
    /// What the relay says of itself, where it was restored.
    pub(super) held: Option<Held>,
    /// Where the relay's ledger ends, where it ends before this device's.
    pub(super) behind: Option<CompactCheckpoint>,
    /// When counts last held, or the ledger that was promised at the login was not all here yet.
    counted: u64,
    requests: u64,
}

impl Connection {
    /// A number for the next request of this process.
    pub(super) fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }
}

impl<S: Storage> Device<S> {
    /// How far the connection is.
    pub const fn phase(&self) -> Phase {
        match self.connection.step {
            Step::Halted => Phase::Halted,
            Step::Idle | Step::Opening if self.identity.stopped.is_some() => Phase::Halted,
            _ if self.identity.practice.is_none() => Phase::NoPractice,
            Step::Idle | Step::Opening => Phase::Offline,
            Step::Asking
            | Step::Founding
            | Step::Locating(_)
            | Step::Joining
            | Step::Greeted(_)
            | Step::LoggingIn { .. } => Phase::LoggingIn,
            Step::Following { live: false, .. } | Step::Doubting => Phase::CatchingUp,
            // What others' edits say of the ledger is part of what is to be verified.
            Step::Following { live: true, .. } if self.gossip.is_asking() => Phase::CatchingUp,
            Step::Following { live: true, .. } => Phase::Live,
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        matches!(self.connection.step, Step::Following { live: true, .. })
    }

    /// Whether this device takes no edits: for this run, or over restarts.
    pub(super) const fn halted(&self) -> bool {
        matches!(self.connection.step, Step::Halted) || self.identity.stopped.is_some()
    }

    /// Takes what happened, at a time in milliseconds since the Unix epoch, and says what to do.
    pub fn handle(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        event: Event<'_>,
    ) -> Result<Vec<Effect>, DeviceError> {
        self.told(now, rng);
        if matches!(event, Event::Tick) {
            self.close_ended(rng)?;
        }
        self.take_up();
        let handled = self.handled(now, rng, event);
        let laid = self.lay_down(rng);
        let effects = handled?;
        laid?;
        Ok(effects)
    }

    fn handled(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        event: Event<'_>,
    ) -> Result<Vec<Effect>, DeviceError> {
        let mut effects = Vec::new();
        match event {
            Event::Tick => self.tick(now, rng, &mut effects)?,
            Event::Opened => self.opened(now, rng, &mut effects)?,
            Event::Closed => self.closed(now, rng, &mut effects)?,
            Event::Frame(bytes) => {
                self.connection.heard = now;
                match message::<RelayMessage>(bytes) {
                    Ok(message) => self.receive(now, rng, bytes, message, &mut effects)?,
                    Err(rule) => {
                        effects.push(Effect::Report(Report::RelayClosed(rule)));
                        effects.push(Effect::Close);
                    }
                }
            }
        }
        self.compare(now, rng, &mut effects)?;
        let said = self.keep_bad(rng)?;
        effects.extend(
            said.into_iter()
                .map(|what| Effect::Report(Report::Quarantined { what, rule: None })),
        );
        // So that what is sensitive closes on time where nothing else happens.
        effects.extend(self.next_closing().map(Effect::WakeAt));
        Ok(effects)
    }

    fn tick(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let wanted = self.identity.practice.is_some()
            || self.connection.founding.is_some()
            || self.connection.locating
            || self.connection.linking.is_joining();
        match self.connection.step {
            Step::Halted => {}
            Step::Idle if matches!(self.identity.stopped, Some(Stopped::Copied)) => {
                self.connection.step = Step::Halted;
                effects.push(Effect::Report(Report::Copied));
            }
            Step::Idle if matches!(self.identity.stopped, Some(Stopped::Dishonest)) => {
                self.accuse_again(effects)?;
            }
            Step::Idle if wanted && now >= self.connection.retry_at => {
                self.connection.step = Step::Opening;
                self.connection.heard = now;
                effects.push(Effect::Connect);
            }
            Step::Idle if wanted => effects.push(Effect::WakeAt(self.connection.retry_at)),
            // Whoever adds this device may do so without a word: logging in tells.
            Step::Joining if self.has_signed() && now >= self.connection.heard + WORD_MS => {
                self.hello(rng, effects);
            }
            Step::Joining if self.has_signed() => {
                effects.push(Effect::WakeAt(self.connection.heard + WORD_MS));
            }
            Step::Idle | Step::Opening | Step::Joining => {}
            _ if now >= self.connection.heard + SILENCE_MS => effects.push(Effect::Close),
            // A relay that talks and does not count is not to be lived with: catching up again makes it count. Nor is one that goes
            // on and on beyond the ledger that it promised.
            Step::Following { .. } if now >= self.connection.counted + SILENCE_MS => {
                effects.push(Effect::Close);
            }
            _ => {
                effects.push(Effect::WakeAt(self.connection.heard + SILENCE_MS));
                if self.is_live() {
                    self.next_round(now, effects);
                    self.tend_pledges(now, effects)?;
                }
                effects.extend(self.pump(now, rng)?);
            }
        }
        Ok(())
    }

    fn opened(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.connection.heard = now;
        if let Some(genesis) = self.identity.founding.clone() {
            self.connection.step = Step::Founding;
            effects.push(Effect::Send(frame(&ClientMessage::Found(Found { genesis }))));
        } else if self.identity.practice.is_some() {
            self.sign_again(effects);
            self.hello(rng, effects);
        } else if self.connection.locating {
            self.connection.step = Step::Locating(None);
            effects.push(Effect::Send(frame(&ClientMessage::Info)));
            effects.push(Effect::Send(frame(&ClientMessage::Locate(self.secrets.id))));
        } else if self.connection.founding.is_some() {
            self.connection.step = Step::Asking;
            effects.push(Effect::Send(frame(&ClientMessage::Info)));
        } else if self.connection.linking.is_joining() {
            self.connection.step = Step::Joining;
            self.join_opened(effects);
        }
        effects.push(Effect::WakeAt(now + SILENCE_MS));
        Ok(())
    }

    fn closed(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.hang_up(rng, effects)?;
        self.fetching.put_off();
        self.lost.hang_up();
        self.connection.held = None;
        self.connection.behind = None;
        self.connection.welcomed = None;
        for inflight in self.inflight.values_mut() {
            inflight.request = 0;
            inflight.signed_at = u64::MAX;
        }
        if matches!(self.connection.step, Step::Halted) {
            return Ok(());
        }
        // Jitter keeps the devices of a relay that restarts from coming back all at once.
        let wait = RETRY_MAX_MS.min(RETRY_MS << self.connection.failures.min(7));
        let mut draw = [0; 8];
        rng.fill_bytes(&mut draw);
        self.connection.retry_at = now + wait / 2 + u64::from_le_bytes(draw) % (wait / 2 + 1);
        self.connection.failures += 1;
        self.connection.step = Step::Idle;
        effects.push(Effect::WakeAt(self.connection.retry_at));
        Ok(())
    }

    pub(super) fn hello(&mut self, rng: &mut impl CryptoRng, effects: &mut Vec<Effect>) {
        // A connection has one handshake, whatever tells this device a second time that it is let in.
        let begun = matches!(
            self.connection.step,
            Step::Greeted(_)
                | Step::LoggingIn { .. }
                | Step::Following { .. }
                | Step::Doubting
                | Step::Halted
        );
        let (Some(practice), false) = (self.identity.practice, begun) else {
            return;
        };
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce.0);
        let hello = Hello {
            practice,
            device: self.secrets.id,
            nonce,
            size: self.frontier.size(),
        };
        self.connection.step = Step::Greeted(hello);
        effects.push(Effect::Send(frame(&ClientMessage::Hello(hello))));
    }

    fn receive(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        bytes: &[u8],
        message: RelayMessage,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        match message {
            RelayMessage::Info(info) if matches!(self.connection.step, Step::Locating(_)) => {
                self.connection.step = Step::Locating(Some((info.origin, info.ledger_key)));
                Ok(())
            }
            RelayMessage::Info(info) => self.found_on(rng, &info, effects),
            RelayMessage::Witnessed(witnessed) => self.take_witnessed(now, rng, &witnessed, effects),
            RelayMessage::NewKey(new) => {
                self.hear_of_key(new);
                Ok(())
            }
            RelayMessage::Located(practice) => self.located(rng, practice, effects),
            RelayMessage::Challenge(challenge) => self.challenged(rng, &challenge, effects),
            RelayMessage::Resumed(placed) => self.shown_resumptions(rng, placed, effects),
            RelayMessage::Held(held) => self.told_held(rng, held, effects),
            RelayMessage::Welcome(welcome) => {
                self.connection.welcomed = Some((welcome.now, now));
                self.welcome(rng, effects)
            }
            RelayMessage::Items(items) => self.items(now, rng, bytes, items, effects),
            RelayMessage::Appended(_) if matches!(self.connection.step, Step::Founding) => {
                self.identity.founding = None;
                let write = self.rows.identity_write(rng, &self.identity);
                self.rows.commit(vec![write])?;
                self.hello(rng, effects);
                Ok(())
            }
            RelayMessage::Appended(appended) if self.lost.is(appended.request) => {
                self.taken_back(&appended.receipts)?;
                effects.extend(self.pump(now, rng)?);
                Ok(())
            }
            // Durable at the relay; done only when folded into a signed checkpoint.
            RelayMessage::Appended(_) => Ok(()),
            RelayMessage::Fetched(request, more, items) if self.gossip.is(request) => {
                self.proven_or_not(rng, more, &items, effects)
            }
            RelayMessage::Fetched(request, more, items) => {
                match self.fetched(now, rng, request, more, items, effects) {
                    Ok(()) => Ok(()),
                    Err(Failure::Device(error)) => Err(error),
                    Err(Failure::Relay(what)) => self.disbelieve(now, rng, bytes, what, effects),
                }
            }
            RelayMessage::Refused(refused) if matches!(self.connection.step, Step::Founding) => {
                Err(DeviceError::Rule(refused.rule()))
            }
            RelayMessage::Refused(refused) if refused.request == 0 && refused.rule() == Rule::BeyondEnd => {
                self.rolled_back(rng, effects)
            }
            RelayMessage::Refused(refused) if self.lost.is(refused.request) => {
                self.not_taken_back(now, rng, &refused, effects)
            }
            RelayMessage::Refused(refused) if self.is_resumption(refused.request) => {
                self.connection.resuming = None;
                let (rule, what) = (refused.rule(), "the resumption of the ledger".to_owned());
                effects.push(Effect::Report(Report::Refused { rule, what }));
                Ok(())
            }
            RelayMessage::Refused(refused) if self.gossip.is(refused.request) => {
                self.not_answered(rng, refused.rule(), effects)
            }
            RelayMessage::Refused(refused) if refused.request == 0 => {
                self.link_refused(refused.rule(), effects);
                Ok(())
            }
            RelayMessage::Refused(refused) if self.fetching.is(refused.request) => {
                // Too much at once; the next beat asks again.
                self.fetching.put_off();
                Ok(())
            }
            RelayMessage::Refused(refused) => {
                self.refused(now, rng, refused.request, refused.rule(), effects)
            }
            // Devices ask nothing of links: those are for whoever has none.
            RelayMessage::Linked(_) | RelayMessage::Unlocked(_) | RelayMessage::NoLink(_) => Ok(()),
            RelayMessage::NoMail(no) => {
                self.no_mail(&no, effects);
                Ok(())
            }
            RelayMessage::Mail(mail) => self.mail(now, rng, mail, effects),
            RelayMessage::Goodbye(Goodbye { rule }) => {
                let rule = Rule::from_number(rule).unwrap_or(Rule::Unavailable);
                if rule == Rule::Revoked || (rule == Rule::UnknownDevice && self.state.is_some()) {
                    self.halt_revoked(rng, effects)?;
                } else if rule != Rule::UnknownDevice || !self.has_signed() {
                    effects.push(Effect::Report(Report::RelayClosed(rule)));
                }
                effects.push(Effect::Close);
                Ok(())
            }
        }
    }

    /// A random document id.
    pub(super) fn random_document(rng: &mut impl CryptoRng) -> DocumentId {
        let mut id = DocumentId::default();
        rng.fill_bytes(&mut id.0);
        id
    }
}
