//! The newcomer's side.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::MemberId;
use zeroize::Zeroizing;

use super::{Greeting, HELLO, NUMBER, Number, OUTCOME, REQUEST, Request, received};
use crate::crypto::{
    ComparisonCode, ComparisonNonce, InviteCode, NEWCOMER_ANSWER, NEWCOMER_REQUEST, SealingPublic, open_psk,
    seal_psk,
};
use crate::device::link::{Answer, Linking, put, take};
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

/// This device was invited.
pub(in crate::device) struct Entering {
    code: InviteCode,
    name: String,
    nonce: ComparisonNonce,
}

impl<S: Storage> Device<S> {
    /// Joins a practice by an invitation, under a name.
    ///
    /// # Errors
    /// The code is not one, or the device belongs to a practice.
    pub fn begin_enter(
        &mut self,
        rng: &mut impl CryptoRng,
        code: &str,
        name: &str,
    ) -> Result<(), DeviceError> {
        if self.state.is_some() || self.identity.founding.is_some() {
            return Err(DeviceError::AlreadyInPractice);
        }
        super::check_names(name, &self.identity.name)?;
        let code = InviteCode::parse(code)?;
        let mut identity = self.identity.clone();
        identity.practice = None;
        identity.member = None;
        identity.waypoint = None;
        identity.stopped = None;
        identity.relay = Some(code.relay.clone());
        let write = self.rows.identity_write(rng, &identity);
        self.rows.commit(vec![write])?;
        self.identity = identity;
        self.connection.linking = Linking::Entering(Box::new(Entering {
            code,
            name: name.to_owned(),
            nonce: ComparisonNonce::generate(rng),
        }));
        Ok(())
    }

    pub(in crate::device) fn enter_opened(&self, entering: &Entering, effects: &mut Vec<Effect>) {
        let greeting = Greeting {
            device: self.secrets.keys.clone(),
            commitment: entering.nonce.commit(&self.secrets.id).0,
        };
        let link = entering.code.link();
        effects.push(put(link, HELLO, cbor::encode(&greeting)));
        effects.push(take(link, NUMBER));
    }

    /// The inviter is there, and is the one that the code names: now the number is shown, and the keys sent.
    pub(super) fn numbered(
        &mut self,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Entering(entering) = &self.connection.linking else {
            return Ok(());
        };
        let number: Number = cbor::decode(value).map_err(|_| DeviceError::WrongCode)?;
        let (link, practice, inviter) = (entering.code.link(), entering.code.practice, number.device.id());
        if !link.names(&inviter) {
            return Err(DeviceError::WrongCode);
        }
        let commitment = entering.nonce.commit(&self.secrets.id);
        let code = ComparisonCode::new(
            &commitment,
            (&self.secrets.id, &entering.nonce),
            (&inviter, &received(&number.nonce)),
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let mut member = MemberId::default();
        rng.fill_bytes(&mut member.0);
        let newcomer = self.newcomer(rng, practice, member, [1, 1])?;
        let request = Request {
            nonce: entering.nonce.reveal(),
            token: *entering.code.token(),
            name: entering.name.clone(),
            device_name: self.identity.name.clone(),
            claim: self.claim(&practice, &newcomer).into(),
        };
        let request = Zeroizing::new(cbor::encode(&request));
        let to =
            SealingPublic::from_bytes(number.device.sealing.as_x_wing()).ok_or(DeviceError::WrongCode)?;
        let aad = self.secrets.id;
        let sealed = seal_psk(rng, &to, NEWCOMER_REQUEST, aad.as_bytes(), &request, &link.psk())?;
        effects.push(put(link, REQUEST, sealed));
        effects.push(take(link, OUTCOME));
        effects.push(Effect::Report(Report::Compare {
            code: code.render().to_string(),
            name: String::new(),
        }));
        Ok(())
    }

    /// The inviter has decided.
    pub(super) fn entered(
        &mut self,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Linking::Entering(entering) = &self.connection.linking else {
            return Ok(());
        };
        let (psk, aad) = (entering.code.link().psk(), self.secrets.id);
        let practice = entering.code.practice;
        let opened = open_psk(
            &self.secrets.general,
            NEWCOMER_ANSWER,
            aad.as_bytes(),
            value,
            &psk,
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let answer: Option<Answer> = cbor::decode(&opened).map_err(|_| DeviceError::WrongCode)?;
        self.connection.linking = Linking::Nothing;
        match answer {
            Some(answer) if answer.practice == practice => {
                self.believe(rng, answer)?;
                effects.push(Effect::Report(Report::Joined));
                self.hello(rng, effects);
                Ok(())
            }
            Some(_) => Err(DeviceError::WrongCode),
            None => {
                effects.push(Effect::Report(Report::TurnedAway));
                effects.push(Effect::Close);
                Ok(())
            }
        }
    }
}
