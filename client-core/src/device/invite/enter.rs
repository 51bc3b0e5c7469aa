//! The newcomer's side.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::MemberId;
use troth_protocol::wire::NoMail;
use zeroize::Zeroizing;

use super::{Greeting, HELLO, NUMBER, Number, OUTCOME, Outcome, REQUEST, Request, received};
use crate::crypto::{
    ComparisonCode, ComparisonNonce, InviteCode, NEWCOMER_ANSWER, NEWCOMER_REQUEST, SealingPublic, open_psk,
    seal_psk,
};
use crate::device::link::{Linking, mailbox, put, take};
use crate::device::pending::Pending;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

/// This device was invited.
pub(in crate::device) struct Entering {
    code: InviteCode,
    name: String,
    nonce: ComparisonNonce,
    asked: Option<Asked>,
}

/// The same, as it is kept.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct EnteringRow {
    #[n(0)]
    code: String,
    #[n(1)]
    name: String,
    #[cbor(n(2), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[n(3)]
    asked: Option<Asked>,
}

/// What was answered to the inviter's number: to one, once.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct Asked {
    /// The request, sealed.
    #[n(0)]
    request: ByteVec,
    /// The code that people compare.
    #[n(1)]
    compare: String,
}

impl Entering {
    /// One that was kept.
    pub(in crate::device) fn of(row: EnteringRow) -> Result<Self, DeviceError> {
        Ok(Self {
            code: InviteCode::parse(&row.code)?,
            name: row.name,
            nonce: ComparisonNonce::from_bytes(&row.nonce),
            asked: row.asked,
        })
    }

    fn row(&self) -> EnteringRow {
        EnteringRow {
            code: self.code.render().to_string(),
            name: self.name.clone(),
            nonce: self.nonce.reveal(),
            asked: self.asked.clone(),
        }
    }

    /// Whether a refusal at a mailbox ends the wait: once the request is made, only the answer matters.
    pub(in crate::device) fn ends_with(&self, no: &NoMail) -> bool {
        no.mailbox == mailbox(self.code.link()) && (self.asked.is_none() || no.slot == OUTCOME)
    }
}

impl<S: Storage> Device<S> {
    /// Joins a practice by an invitation, under a name. With the code of an attempt that was cut short, that attempt goes on:
    /// with the same number and, where it came to the comparison, with the same keys and name.
    ///
    /// # Errors
    /// The code is not one, or the device belongs to a practice.
    pub fn begin_enter(
        &mut self,
        rng: &mut impl CryptoRng,
        code: &str,
        name: &str,
    ) -> Result<(), DeviceError> {
        if self.is_bound() {
            return Err(DeviceError::AlreadyInPractice);
        }
        super::check_names(name, &self.identity.name)?;
        let code = InviteCode::parse(code)?;
        let idle = matches!(self.connection.linking, Linking::Nothing) && self.identity.stopped.is_none();
        if idle && self.identity.practice == Some(code.practice) {
            // The inviter has let it in: all that is left to do is to log in.
            return Ok(());
        }
        let kept = match self.rows.get(crate::device::rows::PENDING, &[])? {
            Some(Pending::Entering(row)) => Some(Entering::of(row)?),
            _ => None,
        };
        let same = |kept: &Entering| kept.code.link() == code.link() && kept.code.relay == code.relay;
        let mut entering = kept.filter(same).unwrap_or_else(|| Entering {
            code,
            name: String::new(),
            nonce: ComparisonNonce::generate(rng),
            asked: None,
        });
        if entering.asked.is_none() {
            name.clone_into(&mut entering.name);
        }
        let mut identity = self.identity.clone();
        identity.practice = None;
        identity.member = None;
        identity.waypoint = None;
        identity.stopped = None;
        identity.relay = Some(entering.code.relay.clone());
        let pending = self.pending_write(rng, &Pending::Entering(entering.row()));
        let write = self.rows.identity_write(rng, &identity);
        self.rows.commit(vec![write, pending])?;
        self.identity = identity;
        self.connection.linking = Linking::Entering(Box::new(entering));
        Ok(())
    }

    pub(in crate::device) fn enter_opened(&self, entering: &Entering, effects: &mut Vec<Effect>) {
        let greeting = Greeting {
            device: self.secrets.keys.clone(),
            commitment: entering.nonce.commit(&self.secrets.id).0,
        };
        let link = entering.code.link();
        effects.push(put(link, HELLO, cbor::encode(&greeting)));
        match &entering.asked {
            None => effects.push(take(link, NUMBER)),
            Some(asked) => {
                effects.push(put(link, REQUEST, asked.request.to_vec()));
                effects.push(Effect::Report(Report::Compare {
                    code: asked.compare.clone(),
                    name: String::new(),
                }));
            }
        }
        // An invitation that lets nobody in is answered at once.
        effects.push(take(link, OUTCOME));
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
        if entering.asked.is_some() {
            return Ok(());
        }
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
        let asked = Asked {
            request: sealed.clone().into(),
            compare: code.render().to_string(),
        };
        effects.push(put(link, REQUEST, sealed));
        effects.push(Effect::Report(Report::Compare {
            code: asked.compare.clone(),
            name: String::new(),
        }));
        let row = EnteringRow {
            asked: Some(asked.clone()),
            ..entering.row()
        };
        let write = self.pending_write(rng, &Pending::Entering(row));
        self.rows.commit(vec![write])?;
        if let Linking::Entering(entering) = &mut self.connection.linking {
            entering.asked = Some(asked);
        }
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
        let (practice, compared) = (entering.code.practice, entering.asked.is_some());
        let opened = open_psk(
            &self.secrets.general,
            NEWCOMER_ANSWER,
            aad.as_bytes(),
            value,
            &psk,
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let outcome: Outcome = cbor::decode(&opened).map_err(|_| DeviceError::WrongCode)?;
        let report = match outcome {
            Outcome::Admitted(answer) if answer.practice == practice && compared => {
                let pending = self.no_pending();
                self.believe(rng, *answer, pending)?;
                self.connection.linking = Linking::Nothing;
                effects.push(Effect::Report(Report::Joined));
                self.hello(rng, effects);
                return Ok(());
            }
            Outcome::Admitted(_) => return Err(DeviceError::WrongCode),
            Outcome::TurnedAway => Report::TurnedAway,
            Outcome::Over(over) => Report::InvitationOver(over),
        };
        let write = self.no_pending();
        self.rows.commit(vec![write])?;
        self.connection.linking = Linking::Nothing;
        effects.push(Effect::Report(report));
        effects.push(Effect::Close);
        Ok(())
    }
}
