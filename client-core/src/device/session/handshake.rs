//! Founding, the challenge, the login.

use rand_core::CryptoRng;
use troth_protocol::evidence::Proof;
use troth_protocol::ids::Nonce;
use troth_protocol::wire::{Challenge, ClientMessage, Follow, Found, Info, Transcript, frame};

use super::Step;
use crate::device::accusation::Dishonest;
use crate::device::ledger::{Failure, NOT_THE_KEY};
use crate::device::{Device, DeviceError, Effect};
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
        let named = self.pinned_origin() == Some(challenge.origin.as_str());
        let transcript = match Transcript::verify(hello, challenge, &key) {
            Ok(transcript) if named => {
                match self.check_checkpoint(&challenge.checkpoint) {
                    Ok(()) => {}
                    Err(Failure::Device(error)) => return Err(error),
                    Err(Failure::Relay(what)) => return self.accuse(rng, what, effects),
                }
                transcript
            }
            // The key may have turned since somebody told this device of it. What the ledger says of its keys decides, once it
            // has come as far as the relay says that it is.
            Err(_) if named && self.state.is_none() => {
                self.connection.unproven = Some((hello, challenge.clone()));
                let (nonce, origin) = (challenge.nonce, challenge.origin.clone());
                Transcript::new(hello, nonce, origin, challenge.checkpoint)
            }
            _ => return self.accuse(rng, Dishonest::new(NOT_THE_KEY), effects),
        };
        let size = challenge.checkpoint.size;
        if size < self.frontier.size() {
            return self.rolled_back(rng, effects);
        }
        if self
            .identity
            .waypoint
            .is_some_and(|waypoint| size < waypoint.size)
        {
            let what = "the relay's ledger is shorter than what the approving device had verified";
            return self.accuse(rng, Dishonest::new(what), effects);
        }
        let own = self.checkpoint.filter(|own| own.size == size);
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
