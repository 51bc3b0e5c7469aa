//! Founding, the challenge, the login.

use rand_core::CryptoRng;
use troth_protocol::evidence::Proof;
use troth_protocol::ids::Nonce;
use troth_protocol::wire::{Challenge, ClientMessage, Follow, Found, Info, Transcript, frame};

use super::Step;
use crate::device::accusation::Dishonest;
use crate::device::ledger::Failure;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    pub(super) fn found_on(
        &mut self,
        rng: &mut impl CryptoRng,
        info: &Info,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let (Step::Asking, Some((practice, founder))) =
            (&self.connection.step, self.connection.founding.clone())
        else {
            return Ok(());
        };
        let genesis = self.found(rng, info, &practice, &founder)?;
        self.connection.founding = None;
        self.connection.step = Step::Founding;
        effects.push(Effect::Send(frame(&ClientMessage::Found(Found { genesis }))));
        Ok(())
    }

    /// The relay proves that it holds the ledger key, for this connection; and its ledger is not behind what it showed before.
    pub(super) fn challenged(
        &mut self,
        rng: &mut impl CryptoRng,
        challenge: &Challenge,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Step::Greeted(hello) = self.connection.step else {
            return Ok(());
        };
        let key = self.ledger_key().ok_or(DeviceError::NoPractice)?;
        let transcript = Transcript::verify(hello, challenge, &key);
        let (Ok(transcript), true) = (
            transcript,
            self.pinned_origin() == Some(challenge.origin.as_str()),
        ) else {
            let what = "the relay does not hold the key that this practice's ledger pins";
            return self.accuse(rng, Dishonest::new(what), effects);
        };
        // A ledger that was resumed since is signed under a name that this device does not know yet: it is compared once it does.
        let known = match self.check_checkpoint(&challenge.checkpoint) {
            Ok(()) => true,
            Err(Failure::Device(error)) => return Err(error),
            Err(Failure::Relay(_)) if self.is_signed_as(&challenge.checkpoint, challenge.ledger) => false,
            Err(Failure::Relay(what)) => return self.accuse(rng, what, effects),
        };
        let size = challenge.checkpoint.size;
        if size < self.frontier.size() {
            self.connection.behind = Some(challenge.checkpoint);
            self.show_ahead(effects);
            if known && self.connection.resuming.is_none() {
                return self.rolled_back(rng, effects);
            }
        }
        let waypoint = self.identity.waypoint.filter(|w| !self.is_abandoned(w.size));
        if known && self.connection.behind.is_none() && waypoint.is_some_and(|waypoint| size < waypoint.size)
        {
            let what = "the relay's ledger is shorter than what the approving device had verified";
            return self.accuse(rng, Dishonest::new(what), effects);
        }
        let own = self.checkpoint.filter(|own| known && own.size == size);
        if let Some(own) = own.filter(|own| own.root != challenge.checkpoint.root) {
            let what = "the relay signed another ledger of the same size than the one it showed before";
            let proof = Proof::Roots(own, challenge.checkpoint);
            return self.accuse(rng, Dishonest::proven(what, proof), effects);
        }
        self.connection.promised = Some(challenge.checkpoint);
        let session = self.sign_session(&hello.practice, transcript.hash());
        self.connection.step = Step::LoggingIn { total: size };
        effects.push(Effect::Send(frame(&ClientMessage::Session(session.signed))));
        Ok(())
    }

    pub(super) fn welcome(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        if self.identity.stopped.take().is_some() {
            let write = self.rows.identity_write(rng, &self.identity);
            self.rows.commit(vec![write])?;
        }
        let Step::LoggingIn { total } = self.connection.step else {
            return Ok(());
        };
        self.connection.failures = 0;
        if self.has_signed() {
            self.linked(effects)?;
        }
        // Nobody resumed what this device has more of: it goes on being a rollback.
        if self.connection.behind.is_some() && self.frontier.size() > total {
            return self.rolled_back(rng, effects);
        }
        if self.connection.held.is_none_or(|held| !held.waits) && self.connection.resuming.take().is_some() {
            effects.push(Effect::Report(Report::NothingToResume));
        }
        if self.refold {
            self.forget_ledger(rng)?;
        }
        self.follow(rng, total, effects);
        Ok(())
    }

    /// Follows the ledger from this device's frontier.
    pub(in crate::device) fn follow(
        &mut self,
        rng: &mut impl CryptoRng,
        total: u64,
        effects: &mut Vec<Effect>,
    ) {
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce.0);
        self.connection.step = Step::Following {
            nonce,
            beat: 0,
            live: false,
            total,
        };
        let size = self.frontier.size();
        self.connection.whole_until = if size == 0 { total } else { 0 };
        let waypoint = self.identity.waypoint.map(|waypoint| waypoint.size);
        let follow = Follow {
            nonce,
            size,
            through: waypoint.filter(|through| *through > size),
        };
        effects.push(Effect::Send(frame(&ClientMessage::Follow(follow))));
    }
}
