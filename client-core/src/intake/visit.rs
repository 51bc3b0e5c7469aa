//! A link that was opened: only what is behind it, checked against it, makes one.

use rand_core::CryptoRng;
use troth_forms::Questionnaire;
use troth_protocol::checkpoint::{CompactCheckpoint, ledger_origin, resumed_origin};
use troth_protocol::entry::{Parsed, Signed};
use troth_protocol::ids::{DeviceId, Hash, PracticeId, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::{Signature, message};
use troth_protocol::statement::{Body, PayloadRef, Statement, Submission};
use troth_protocol::wire::{ClientMessage, KeepDraft, LinkReply, LinkSecret, Linked, Submit, Unlock, Upload};
use troth_protocol::{cbor, limits};
use zeroize::Zeroizing;

use super::{Answered, Asking, Consent, IntakeError, IntakeLink, Pin, Said, Spoken};
use crate::crypto::{ClientKeys, Cost, IntakeContext, SealingPublic, StretchedPin};

/// The longest response that is sent, in bytes: as a record of the lane it is text within text, and at most twice as long.
const RESPONSE: usize = 120 * 1024;

/// A visit to a link.
#[derive(Debug)]
pub struct Visit {
    link: IntakeLink,
    linked: Linked,
    context: IntakeContext,
    /// What is asked, and the key that answers are sealed to; none once it was erased.
    asked: Option<(Asking, SealingPublic)>,
    limit: u8,
    expires: u64,
}

/// What may go out as one submission: its request, and the hash by which it is known.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The message.
    pub message: ClientMessage,
    /// The statement's hash.
    pub hash: Hash,
}

impl Visit {
    /// Opens what the relay shows and checks it against the link: the form opens with the link's secret and for the practice,
    /// document and invite that the relay names; the recipient key is the one of the link; the statement names the link's key.
    /// Where the form was erased, nothing can be answered any more; what the practice answered is there still, and opens only
    /// for the practice, document and invite that it was sealed for.
    ///
    /// # Errors
    /// [`IntakeError::NotBehindIt`].
    pub fn open(link: &IntakeLink, linked: Linked) -> Result<Self, IntakeError> {
        Self::check(link, linked).ok_or(IntakeError::NotBehindIt)
    }

    fn check(link: &IntakeLink, linked: Linked) -> Option<Self> {
        let parsed = Parsed::parse(linked.statement.clone()).ok()?;
        let Body::Invite(invite) = &parsed.statement().body else {
            return None;
        };
        let context = IntakeContext {
            practice: linked.practice,
            document: invite.document,
            invite: invite.invite,
        };
        let ours = linked.invite == link.invite
            && invite.invite == link.invite
            && invite.link == link.secret.signing().verifying_key();
        let asked = if linked.form.is_empty() {
            None
        } else {
            let form = link.secret.open_form(&context, &linked.form).ok()?;
            let asking: Asking = cbor::decode(&form).ok()?;
            let recipient = SealingPublic::from_bytes(&asking.recipient)?;
            let named = Hash::of(&[&asking.recipient]) == link.recipient;
            Some(Some((asking, recipient)).filter(|_| named)?)
        };
        ours.then(|| Self {
            link: link.clone(),
            context,
            asked,
            limit: invite.limit,
            expires: invite.expires,
            linked,
        })
    }

    /// What is asked, and by whom.
    ///
    /// # Errors
    /// [`IntakeError::Erased`].
    pub fn asking(&self) -> Result<&Asking, IntakeError> {
        self.asked
            .as_ref()
            .map(|(asking, _)| asking)
            .ok_or(IntakeError::Erased)
    }

    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        &self.context.practice
    }

    /// The public half of the link's key.
    pub fn link_key(&self) -> VerifyingKey {
        self.link.secret.signing().verifying_key()
    }

    /// The ledger as the relay signed it last.
    pub const fn checkpoint(&self) -> &CompactCheckpoint {
        &self.linked.checkpoint
    }

    /// The ledger's name since it was resumed after a restore, if it was.
    pub const fn ledger(&self) -> Option<PracticeId> {
        self.linked.ledger
    }

    /// The name that the checkpoint is signed under, for a relay that is called so.
    pub fn ledger_origin(&self, relay: &str) -> String {
        match &self.linked.ledger {
            None => ledger_origin(relay, &self.linked.practice),
            Some(ledger) => resumed_origin(relay, &self.linked.practice, ledger),
        }
    }

    /// Why the link takes no answers; `None` while it takes them.
    pub fn closed(&self) -> Option<Rule> {
        let rule = self.linked.closed?;
        Some(Rule::from_number(rule).unwrap_or(Rule::Unavailable))
    }

    /// Until when it takes answers, in milliseconds since the Unix epoch by the relay's clock.
    pub const fn expires(&self) -> u64 {
        self.expires
    }

    /// Submissions of answers that it takes in all.
    pub const fn limit(&self) -> u8 {
        self.limit
    }

    /// Tries that are left for the PIN; `None` before one was chosen.
    pub const fn tries(&self) -> Option<u8> {
        self.linked.tries
    }

    /// Submissions that came through it so far.
    pub const fn sent(&self) -> u64 {
        self.linked.sequence.saturating_sub(1)
    }

    /// Stretches a PIN: a second or two, and 64 MiB of memory.
    ///
    /// # Errors
    /// [`IntakeError::OutOfMemory`].
    pub fn stretch(&self, pin: &Pin) -> Result<StretchedPin, IntakeError> {
        self.stretch_at(pin, Cost::DEFAULT)
    }

    fn stretch_at(&self, pin: &Pin, cost: Cost) -> Result<StretchedPin, IntakeError> {
        Ok(self.link.secret.stretch(pin.as_str(), cost)?)
    }

    /// Asks the relay for the pepper; with `choose`, the PIN may be a new one.
    pub fn unlock(&self, pin: &StretchedPin, choose: bool) -> ClientMessage {
        ClientMessage::Unlock(Unlock {
            invite: self.link.invite,
            proof: LinkSecret(*pin.proof()),
            choose,
        })
    }

    /// A draft for the relay to keep, or to take away.
    ///
    /// # Errors
    /// [`IntakeError::TooLong`].
    pub fn keep_draft(
        &self,
        rng: &mut impl CryptoRng,
        pin: &StretchedPin,
        keys: &ClientKeys,
        draft: Option<&[u8]>,
    ) -> Result<ClientMessage, IntakeError> {
        let sealed = draft
            .map(|draft| keys.seal_draft(rng, &self.context, draft))
            .transpose()?;
        let over = sealed
            .as_ref()
            .map_or(0, |s| s.len().saturating_sub(limits::DRAFT));
        if over > 0 {
            return Err(IntakeError::TooLong(over));
        }
        Ok(ClientMessage::KeepDraft(KeepDraft {
            invite: self.link.invite,
            proof: LinkSecret(*pin.proof()),
            draft: sealed.map(Into::into),
        }))
    }

    /// Opens the draft that the relay kept.
    ///
    /// # Errors
    /// [`IntakeError::Open`] for one that this PIN did not make.
    pub fn open_draft(&self, keys: &ClientKeys, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, IntakeError> {
        Ok(keys.open_draft(&self.context, sealed)?)
    }

    /// Says something: signed by the client's key inside, sealed to the recipient key, signed by the link's key outside. The
    /// same again is to be sent as the same bytes, not to be made anew.
    ///
    /// # Errors
    /// [`IntakeError::Erased`]; [`IntakeError::Closed`] for answers that the link does not take; [`IntakeError::TooLong`].
    pub fn say(
        &self,
        rng: &mut impl CryptoRng,
        now: u64,
        keys: &ClientKeys,
        said: &Said,
    ) -> Result<Sending, IntakeError> {
        if let (Said::Answers { .. }, Some(rule)) = (said, self.closed()) {
            return Err(IntakeError::Closed(rule));
        }
        let (asking, recipient) = self.asked.as_ref().ok_or(IntakeError::Erased)?;
        if let Said::Answers { response, .. } = said
            && response.len() > RESPONSE
        {
            return Err(IntakeError::TooLong(response.len() - RESPONSE));
        }
        let (sequence, kind) = (self.linked.sequence, said.kind());
        let form = Questionnaire::parse(&asking.form).ok();
        let consents = form.map_or_else(Vec::new, |(form, _)| Consent::of(&form, said));
        let spoken = Spoken::sign(keys, &self.context, (sequence, now), said, &consents);
        let spoken = Zeroizing::new(spoken.encode());
        let place = (kind as u8, sequence);
        let secret = &self.link.secret;
        let payload = secret.seal_submission(rng, recipient, &self.context, place, &spoken)?;
        let over = payload.len().saturating_sub(limits::SUBMISSION);
        if over > 0 {
            return Err(IntakeError::TooLong(over));
        }
        let signing = secret.signing();
        let statement = cbor::encode(&Statement {
            signer: DeviceId(Hash::of(&[signing.verifying_key().as_bytes()]).0),
            seen: None,
            payload: PayloadRef::of(&payload),
            body: Body::Submission(Submission {
                document: self.context.document,
                invite: self.link.invite,
                kind,
                sequence,
                prev: self.linked.prev,
            }),
        });
        let bytes = message(labels::STATEMENT, &self.context.practice, &statement);
        let signature = Signature::Ed25519(signing.sign(&bytes));
        let hash = Hash::of(&[&statement]);
        let upload = Upload {
            signed: Signed { statement, signature },
            payload,
        };
        Ok(Sending {
            message: ClientMessage::Submit(Submit {
                request: sequence,
                practice: self.context.practice,
                upload,
            }),
            hash,
        })
    }

    /// Whether the ledger that the relay signed last holds a position: only then is what was sent there kept. The key is the
    /// one that the form names, and nobody who has not the link's secret names another.
    pub fn is_kept(&self, position: u64) -> bool {
        let checkpoint = self.checkpoint();
        self.asked.as_ref().is_some_and(|(asking, _)| {
            let origin = self.ledger_origin(&asking.origin);
            checkpoint.verify(&origin, &asking.ledger_key).is_ok() && checkpoint.size > position
        })
    }

    /// What the practice answered to what was sent through the link, newest last: those that open for this client.
    pub fn answered(&self, keys: &ClientKeys) -> Vec<(LinkReply, Answered)> {
        let open = |reply: &LinkReply| {
            let opened = self
                .link
                .secret
                .open_reply(keys, &self.context, &reply.to, &reply.sealed);
            cbor::decode(&opened.ok()?).ok()
        };
        let replies = self.linked.replies.iter();
        replies
            .filter_map(|reply| Some((reply.clone(), open(reply)?)))
            .collect()
    }
}
