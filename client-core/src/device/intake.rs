//! Intake links, from the side of whoever reads the answers: made, closed, and what came through them.
//!
//! What comes through a link is a stranger's until it is opened, and a stranger's word after that: whoever holds the link can
//! send. What says that it is the same person each time is the client's key, which their PIN opens.
//!
//! | file | holds |
//! | --- | --- |
//! | `consents` | consents given and withdrawn, as the case has them |
//! | `inbox` | what came: opened, taken into the case, answered |
//! | `statements` | the statements about links |

mod consents;
mod inbox;
mod statements;

use rand_core::CryptoRng;
use troth_protocol::ids::{CaseId, DocumentId, Hash, InviteId};
use troth_protocol::keys::KeyRef;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{InvitePayload, Lane, Role};
use troth_protocol::{cbor, limits};

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::crypto::{IntakeContext, IntakeSecret, SealingSecret};
use crate::intake::{Asking, IntakeLink};
use crate::storage::Storage;

pub use consents::IntakeConsent;
pub use inbox::{ANSWERS, Arrived, INTAKE_CONSENT};

/// Room for what a link's readers keep of it, sealed, beside the form in one payload, in bytes.
const READERS_HALF: usize = 256;

/// What somebody wants asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The case.
    pub case: CaseId,
    /// Whose lane: a partner's.
    pub lane: Lane,
    /// The practice, as it calls itself.
    pub practice: String,
    /// The form, as JSON; checked by the caller.
    pub form: Vec<u8>,
    /// Relay time from which the link takes no answers, in milliseconds since the Unix epoch.
    pub expires: u64,
    /// Submissions of answers that it takes.
    pub limit: u8,
}

/// A link, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSummary {
    /// The invite.
    pub invite: InviteId,
    /// The case.
    pub case: Option<CaseId>,
    /// Whose lane.
    pub lane: Lane,
    /// Its document.
    pub document: DocumentId,
    /// Relay time from which it takes no answers, in milliseconds since the Unix epoch.
    pub expires: u64,
    /// Answers that came, and as many as it takes.
    pub answers: (u8, u8),
    /// All that came.
    pub submissions: usize,
    /// Whether somebody closed it.
    pub closed: bool,
    /// Whether it takes answers now.
    pub takes: bool,
    /// Whether it waits here to be sent.
    pub waiting: bool,
}

/// What readers keep of a link.
struct Opened {
    context: IntakeContext,
    secret: IntakeSecret,
    recipient: SealingSecret,
    form: Vec<u8>,
}

impl<S: Storage> Device<S> {
    /// Makes a link. It leads nowhere before it is in the ledger.
    ///
    /// # Errors
    /// The lane is no partner's, or there is none; this device is no admin's or counselor's who writes it (R13).
    pub fn make_link(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        ask: Ask,
    ) -> Result<IntakeLink, DeviceError> {
        self.told(now, rng);
        if !matches!(ask.lane, Lane::PartnerA | Lane::PartnerB) || !self.role().is_some_and(Role::is_staff) {
            return Err(Rule::NotPermitted.into());
        }
        let document = self
            .document_of(&ask.case, ask.lane)
            .ok_or(DeviceError::NoSuchCase)?;
        let (readers, asker) = (self.names_of_readers(now, &ask.case, ask.lane)?, self.own_name()?);
        let state = self.practice_state()?;
        let relay = self.identity.relay.clone().ok_or(DeviceError::NoPractice)?;
        let (secret, recipient) = (IntakeSecret::generate(rng), SealingSecret::generate(rng));
        let mut invite = InviteId::default();
        rng.fill_bytes(&mut invite.0);
        let asking = Asking {
            recipient: recipient.public().to_bytes().to_vec().into(),
            ledger_key: state.roster.ledger_key(),
            origin: state.roster.origin().to_owned(),
            practice: ask.practice,
            asker,
            readers,
            form: ask.form.into(),
        };
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let link = IntakeLink {
            relay,
            invite,
            recipient: Hash::of(&[&asking.recipient]),
            secret: secret.clone(),
        };
        let form = secret.seal_form(rng, &context, &cbor::encode(&asking))?;
        // What the readers keep stands beside it.
        if form.len() + READERS_HALF > limits::LINK_FORM {
            return Err(Rule::TooLarge.into());
        }
        let intent = Intent::OpenLink {
            document,
            invite,
            expires: ask.expires,
            limit: ask.limit,
            form: form.into(),
            secret: secret.to_bytes().to_vec().into(),
            recipient: recipient.to_bytes().to_vec().into(),
        };
        self.keep(rng, vec![intent], Vec::new())?;
        Ok(link)
    }

    /// Closes a link: it takes no answers from then on.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchLink`].
    pub fn close_link(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        invite: InviteId,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let mut links = self.links(now)?.into_iter();
        let link = links
            .find(|l| l.invite == invite)
            .ok_or(DeviceError::NoSuchLink)?;
        let document = link.document;
        self.keep(rng, vec![Intent::CloseLink { document, invite }], Vec::new())
    }

    /// Every link into a lane that this device reads, the newest last.
    pub fn links(&self, now: u64) -> Result<Vec<LinkSummary>, DeviceError> {
        let (state, position) = (self.practice_state()?, self.frontier.size());
        let received = now.max(state.received);
        let mut found: Vec<(u64, LinkSummary)> = Vec::new();
        for document in state.documents.values() {
            for (invite, link) in document.links() {
                let takes = document.takes_answers(&state.roster, invite, position, received);
                let summary = LinkSummary {
                    invite: *invite,
                    case: document.case(),
                    lane: document.lane(),
                    document: document.id(),
                    expires: link.expires,
                    answers: (link.answers, link.limit),
                    submissions: link.submissions.len(),
                    closed: link.closed.is_some(),
                    takes: takes.is_ok(),
                    waiting: false,
                };
                found.push((link.position, summary));
            }
        }
        let waiting = self.outbox.values().filter_map(|intent| match intent {
            Intent::OpenLink {
                document,
                invite,
                expires,
                limit,
                ..
            } => {
                let of = self.lanes().find(|(_, _, d)| d == document);
                Some(LinkSummary {
                    invite: *invite,
                    case: of.map(|(case, ..)| case),
                    lane: of.map_or(Lane::PartnerA, |(_, lane, _)| lane),
                    document: *document,
                    expires: *expires,
                    answers: (0, *limit),
                    submissions: 0,
                    closed: false,
                    takes: false,
                    waiting: true,
                })
            }
            _ => None,
        });
        let waiting: Vec<LinkSummary> = waiting.collect();
        found.sort_by_key(|(position, _)| *position);
        Ok(found.into_iter().map(|(_, link)| link).chain(waiting).collect())
    }

    /// The form that a link leads to, as JSON.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchLink`]; it was erased, or does not open.
    pub fn form_of(&mut self, document: DocumentId, invite: InviteId) -> Result<Vec<u8>, DeviceError> {
        Ok(self.open_link(document, invite)?.form)
    }

    /// A link's text again, for whoever lost it: only who reads the answers can work it out.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchLink`]; it was erased, or does not open here.
    pub fn link_again(&mut self, document: DocumentId, invite: InviteId) -> Result<IntakeLink, DeviceError> {
        let relay = self.identity.relay.clone().ok_or(DeviceError::NoPractice)?;
        let opened = self.open_link(document, invite)?;
        Ok(IntakeLink {
            relay,
            invite,
            recipient: Hash::of(&[&opened.recipient.public().to_bytes()[..]]),
            secret: opened.secret,
        })
    }

    fn open_link(&mut self, document: DocumentId, invite: InviteId) -> Result<Opened, DeviceError> {
        let state = self.practice_state()?;
        let found = state.documents.get(&document).and_then(|d| d.link(&invite));
        let (position, epoch) = found
            .map(|l| (l.position, l.epoch))
            .ok_or(DeviceError::NoSuchLink)?;
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let row = self.rows.entry(position)?;
        let payload = row.and_then(|row| row.payload).ok_or(DeviceError::NotOpened)?;
        let payload: InvitePayload = cbor::decode(&payload)?;
        let key = self.epoch_key(&KeyRef::Epoch(document, epoch))?;
        let (secret, recipient) = key.open_intake(&context, epoch, &payload.keys)?;
        let asking: Asking = cbor::decode(&secret.open_form(&context, &payload.form)?)?;
        Ok(Opened {
            context,
            secret,
            recipient,
            form: asking.form.into(),
        })
    }

    fn own_name(&mut self) -> Result<String, DeviceError> {
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        Ok(self.name_of(member)?.unwrap_or_else(|| member.to_string()))
    }

    fn names_of_readers(&mut self, now: u64, case: &CaseId, lane: Lane) -> Result<Vec<String>, DeviceError> {
        let access = self.access_of(now, case)?;
        let readers = access
            .into_iter()
            .filter(|a| a.lane == lane && a.rights.is_some());
        let readers: Vec<_> = readers.map(|a| a.member).collect();
        let mut names = Vec::with_capacity(readers.len());
        for member in readers {
            names.extend(self.name_of(member)?);
        }
        Ok(names)
    }
}
