//! The question to the relay: what it makes of a size that this device has been at; and everything that can come of it.

use rand_core::CryptoRng;
use troth_protocol::evidence::Proof;
use troth_protocol::rule::Rule;
use troth_protocol::tree::{Frontier, Trail};
use troth_protocol::wire::{ClientMessage, Fetch, Items, frame};

use super::{About, Question, Weighed};
use crate::device::accusation::Dishonest;
use crate::device::session::SILENCE_MS;
use crate::device::{Device, DeviceError, Effect};
use crate::storage::Storage;

/// Beats that must have come since a question was asked before it counts as not answered.
const BEATS: u32 = 2;
/// Connections that may end before a question is answered: a relay is not asked for ever.
const EVASIONS: u32 = 5;
/// Time before a question is asked again that the relay had no time for, in milliseconds.
const AGAIN_MS: u64 = 5_000;

impl<S: Storage> Device<S> {
    /// Asks what the relay makes of the size that this device is at, and of a smaller one on the way there.
    pub(super) fn ask(&mut self, now: u64, about: About, effects: &mut Vec<Effect>) {
        let Some(own) = self.checkpoint else { return };
        let through = match &about {
            About::Heard(heard) => Some(heard.checkpoint.size),
            About::Fold(_) => None,
        };
        let request = self.connection.next_request();
        let (since, beats) = self
            .gossip
            .question
            .as_ref()
            .map_or((now, 0), |q| (q.since, q.beats));
        self.gossip.question = Some(Question {
            request,
            since,
            asked: now,
            beats,
            own,
            about,
        });
        effects.push(Effect::Send(frame(&ClientMessage::Fetch(Fetch {
            request,
            documents: Vec::new(),
            size: own.size,
            through,
        }))));
    }

    /// What came does not fold: asks for the relay's signature on this device's own size, which accuses it if it is another
    /// than before. Whether there is anything to ask about.
    pub(in crate::device) fn doubt(&mut self, now: u64, what: &str, effects: &mut Vec<Effect>) -> bool {
        let known = self.checkpoint.is_some();
        if known {
            self.gossip.question = None;
            self.ask(now, About::Fold(what.to_owned()), effects);
        }
        known
    }

    /// Asks again, or no longer waits.
    pub(super) fn insist(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(question) = &self.gossip.question else {
            return Ok(());
        };
        let silent = question.beats >= BEATS && now >= question.since.saturating_add(SILENCE_MS);
        if silent || self.gossip.evasions >= EVASIONS {
            let accusation = self.unanswered();
            return self.accuse(rng, accusation, effects);
        }
        let again = question.request == 0 && now >= question.asked.saturating_add(AGAIN_MS);
        if let (true, About::Heard(heard)) = (again, &question.about) {
            let about = About::Heard(*heard);
            self.ask(now, about, effects);
        }
        Ok(())
    }

    fn unanswered(&self) -> Dishonest {
        match self.gossip.question.as_ref().map(|q| &q.about) {
            Some(About::Fold(what)) => Dishonest::new(what.clone()),
            Some(About::Heard(heard)) => Dishonest::new(format!(
                "the relay does not prove that the ledger of {} entries, which it signed, is this one",
                heard.checkpoint.size
            )),
            None => Dishonest::new("the relay does not answer"),
        }
    }

    /// The relay's answer.
    pub(in crate::device) fn proven_or_not(
        &mut self,
        rng: &mut impl CryptoRng,
        more: bool,
        items: &Items,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(question) = &self.gossip.question else {
            return Ok(());
        };
        let (own, answer) = (question.own, items.checkpoint);
        let whole = !more && answer.size == own.size && self.check_checkpoint(&answer).is_ok();
        if whole && answer.root != own.root {
            let what = format!(
                "the relay signed another ledger of {} entries than the one it showed before",
                own.size
            );
            let proof = Proof::Roots(own, answer);
            return self.accuse(rng, Dishonest::proven(what, proof), effects);
        }
        let About::Heard(heard) = question.about else {
            let accusation = self.unanswered();
            return self.accuse(rng, accusation, effects);
        };
        let empty = Frontier::new();
        let folded = items.fold(&empty).ok().filter(|_| whole);
        let past = folded.and_then(|folded| {
            let mut trail = Trail::new(empty);
            trail.extend(&folded.pieces);
            trail.at(heard.checkpoint.size)
        });
        let Some(past) = past else {
            let accusation = self.unanswered();
            return self.accuse(rng, accusation, effects);
        };
        self.gossip.question = None;
        self.gossip.evasions = 0;
        match self.confront(&heard, past, &answer) {
            Weighed::Other(accusation) => self.accuse(rng, accusation, effects),
            _ => {
                self.gossip.settle(&heard);
                Ok(())
            }
        }
    }

    /// The relay refused to answer: with no time for it just now, or for good.
    pub(in crate::device) fn not_answered(
        &mut self,
        rng: &mut impl CryptoRng,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let busy = matches!(rule, Rule::Quota | Rule::Unavailable);
        match &mut self.gossip.question {
            Some(question) if busy && matches!(question.about, About::Heard(_)) => {
                question.request = 0;
                Ok(())
            }
            _ => {
                let accusation = self.unanswered();
                self.accuse(rng, accusation, effects)
            }
        }
    }

    /// The connection ended, perhaps before an answer came. What was doubted before that is an accusation now.
    pub(in crate::device) fn hang_up(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(question) = &self.gossip.question else {
            return Ok(());
        };
        if matches!(question.about, About::Fold(_)) {
            let accusation = self.unanswered();
            return self.accuse(rng, accusation, effects);
        }
        self.gossip.question = None;
        self.gossip.evasions += 1;
        Ok(())
    }
}
