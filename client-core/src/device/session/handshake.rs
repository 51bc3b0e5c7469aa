//! Founding, the challenge, the login.

use rand_core::CryptoRng;
use troth_protocol::evidence::Proof;
use troth_protocol::ids::{Nonce, PracticeId};
use troth_protocol::wire::{Challenge, ClientMessage, Follow, Found, Hello, Info, Transcript, frame};

use super::Step;
use crate::device::accusation::Dishonest;
use crate::device::ledger::{Failure, NOT_SIGNED, NOT_THE_KEY};
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
        self.connection.unproven = None;
        if self.pinned_origin() != Some(challenge.origin.as_str()) {
            return self.accuse(rng, Dishonest::new(NOT_THE_KEY), effects);
        }
        let size = challenge.checkpoint.size;
        // A ledger that was resumed since is signed under a name that this device does not know yet: it is compared once it does.
        let known = match self.check_checkpoint(&challenge.checkpoint) {
            Ok(()) => true,
            Err(Failure::Device(error)) => return Err(error),
            Err(Failure::Relay(_)) => false,
        };
        let renamed = challenge.ledger.filter(|name| !known && !self.was_called(name));
        let (transcript, proven) = match Transcript::verify(hello, challenge, &key) {
            Ok(transcript) if known || self.is_signed_as(&challenge.checkpoint, renamed) => {
                (transcript, true)
            }
            Ok(_) => return self.accuse(rng, Dishonest::new(NOT_SIGNED), effects),
            // The key may have turned since somebody told this device of it, or in what a restored relay does not have, or since
            // it was resumed. Who has verified something is shown an admin's word before the welcome, or goes no further.
            Err(_) if self.state.is_none() || renamed.is_some() || self.is_past_answer(hello, challenge) => {
                let (nonce, origin) = (challenge.nonce, challenge.origin.clone());
                (Transcript::new(hello, nonce, origin, challenge.checkpoint), false)
            }
            Err(_) => return self.accuse(rng, Dishonest::new(NOT_THE_KEY), effects),
        };
        // What the ledger says of its keys and names decides, once it has come as far as the relay says that it is.
        if !proven || !known {
            self.connection.unproven = Some((hello, challenge.clone()));
        }
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

    /// Whether the ledger has had a name, as far as this device knows.
    fn was_called(&self, name: &PracticeId) -> bool {
        let state = self.state.as_ref();
        state.is_some_and(|state| state.roster.eras().any(|era| era.ledger == *name))
    }

    /// Whether a relay that has less than this device answers with the key that signed what it has: the one that it had when its
    /// backup was made.
    fn is_past_answer(&self, hello: Hello, challenge: &Challenge) -> bool {
        let size = challenge.checkpoint.size;
        let past = self.state.as_ref().filter(|_| size < self.frontier.size());
        past.is_some_and(|state| Transcript::verify(hello, challenge, &state.roster.key_at(size)).is_ok())
    }

    /// Whether the relay answered with a key that this device does not know, and has shown nothing that explains it.
    pub(in crate::device) fn lacks_proof(&self) -> bool {
        let (Some((hello, challenge)), Some(state)) = (&self.connection.unproven, &self.state) else {
            return false;
        };
        let present = state.roster.ledger_key();
        Transcript::verify(*hello, challenge, &present).is_err() && !self.is_past_answer(*hello, challenge)
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
        if self.lacks_proof() {
            return self.accuse(rng, Dishonest::new(NOT_THE_KEY), effects);
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
        self.connection.counted = self.connection.heard;
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
