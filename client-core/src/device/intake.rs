//! Intake links, from the side of whoever reads the answers: made, closed, and what came through them.
//!
//! What comes through a link is a stranger's until it is opened, and a stranger's word after that: whoever holds the link can
//! send. What says that it is the same person each time is the client's key, which their PIN opens.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::document::Link;
use troth_protocol::ids::{CaseId, DocumentId, Hash, InviteId, VerifyingKey};
use troth_protocol::keys::KeyRef;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Body, CloseInvite, Invite, InvitePayload, Lane, Reply, Role, Submission, SubmissionKind,
};
use troth_protocol::wire::Upload;

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::crypto::{IntakeContext, IntakeSecret, SealingPublic, SealingSecret};
use crate::document::Record;
use crate::intake::{Answered, Asking, Copied, IntakeLink, Said, Spoken};
use crate::storage::Storage;

/// Kind of the record that holds a client's answers, in their lane.
pub const ANSWERS: &str = "answers";
/// Kind of the record that holds the consents that a client gave or withdrew, in the case's own lane.
pub const INTAKE_CONSENT: &str = "intake-consent";

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

/// Something that came through a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The statement's hash, by which it is known.
    pub submission: Hash,
    /// Its position.
    pub position: u64,
    /// The relay's clock, in milliseconds since the Unix epoch.
    pub received: u64,
    /// The invite.
    pub invite: InviteId,
    /// The case.
    pub case: Option<CaseId>,
    /// Whose lane.
    pub lane: Lane,
    /// The lane's document.
    pub document: DocumentId,
    /// What kind, as the ledger tells.
    pub kind: SubmissionKind,
    /// What was said; `None` where it does not open, is not what it says it is, or was erased.
    pub said: Option<Said>,
    /// The client's key.
    pub client: Option<VerifyingKey>,
    /// Whether it is by whoever sent this link's first answers.
    pub same_client: bool,
    /// Whether it was accepted: its answers stand in the lane, or its consents in the case.
    pub accepted: bool,
    /// Whether the practice has answered it.
    pub replied: bool,
    sealing: Option<ByteVec>,
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

    /// All that came through links into lanes that this device reads, in the order of the ledger.
    pub fn inbox(&mut self) -> Result<Vec<Arrived>, DeviceError> {
        let state = self.practice_state()?;
        let of = |id: &DocumentId, d: &troth_protocol::document::Document| {
            let links: Vec<(InviteId, Link)> = d.links().map(|(i, l)| (*i, l.clone())).collect();
            (*id, d.case(), d.lane(), links)
        };
        let documents: Vec<_> = state.documents.iter().map(|(id, d)| of(id, d)).collect();
        let mut arrived = Vec::new();
        for (document, case, lane, links) in documents {
            if links.iter().all(|(_, link)| link.submissions.is_empty()) {
                continue;
            }
            let taken = self.taken_in(case, document)?;
            for (invite, link) in links {
                let opened = self.open_link(document, invite).ok();
                let mut first = None;
                for (position, submission) in &link.submissions {
                    let Some(row) = self.rows.entry(*position)? else {
                        continue;
                    };
                    let (kind, spoken) = read(
                        opened.as_ref(),
                        &row.leaf.signed.statement,
                        row.payload.as_ref().map(|p| p.as_slice()),
                    );
                    let client = spoken.as_ref().map(|(spoken, ..)| spoken.client);
                    first = first.or(client);
                    arrived.push(Arrived {
                        submission: *submission,
                        position: *position,
                        received: row.leaf.received,
                        invite,
                        case,
                        lane,
                        document,
                        kind,
                        client,
                        same_client: client.is_some() && client == first,
                        accepted: taken.contains_key(submission),
                        replied: link.replies.iter().any(|(to, _)| to == submission),
                        sealing: spoken.as_ref().map(|(spoken, ..)| spoken.sealing.clone()),
                        said: spoken.map(|(_, said, _)| said),
                    });
                }
            }
        }
        arrived.sort_by_key(|a| a.position);
        Ok(arrived)
    }

    /// Takes answers into the partner's lane, and the consents among them into the case. `consents` is what the caller's
    /// check of the answers found, as JSON; nothing of it is taken from the client's word alone.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`] for what does not open; the lane or the case cannot be written here.
    pub fn accept_answers(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
        consents: &str,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let Some(Said::Answers { response, language }) = &arrived.said else {
            return Err(DeviceError::NotOpened);
        };
        let response = std::str::from_utf8(response).map_err(|_| DeviceError::NotOpened)?;
        let body = serde_json::json!({
            "submission": arrived.submission.to_string(),
            "invite": arrived.invite.to_string(),
            "received_ms": arrived.received,
            "client": arrived.client.map(|c| c.to_string()),
            "language": language,
            "response": response,
        });
        let record = Record {
            kind: ANSWERS.to_owned(),
            body: body.to_string(),
        };
        self.record(now, rng, arrived.document, arrived, &record)?;
        self.record_consents(now, rng, arrived, consents)
    }

    /// Takes what a client says of their consents into the case: given or withdrawn, as JSON.
    ///
    /// # Errors
    /// The case cannot be written here.
    pub fn record_consents(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
        consents: &str,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let consents: serde_json::Value =
            serde_json::from_str(consents).map_err(|_| DeviceError::Damaged("a consent"))?;
        let case = arrived.case.ok_or(DeviceError::NoSuchCase)?;
        // The case's own lane; where this member does not write it, whose lane it is.
        let document = self.document_of(&case, Lane::Admin);
        let document = document
            .filter(|id| self.must_write(*id, now).is_ok())
            .unwrap_or(arrived.document);
        let body = serde_json::json!({
            "submission": arrived.submission.to_string(),
            "invite": arrived.invite.to_string(),
            "lane": arrived.lane.name(),
            "received_ms": arrived.received,
            "client": arrived.client.map(|c| c.to_string()),
            "consents": consents,
        });
        let record = Record {
            kind: INTAKE_CONSENT.to_owned(),
            body: body.to_string(),
        };
        // Another name than the answers', should both stand in one document.
        let mut id = id_of(&arrived.submission);
        id[0] ^= 0x80;
        self.record_as(now, rng, document, id, &record)
    }

    /// Answers with a copy of all that this client sent through the link.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`].
    pub fn reply_with_copy(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let all = self.inbox()?;
        let theirs = all
            .iter()
            .filter(|a| a.invite == arrived.invite && a.client == arrived.client);
        let copies = theirs.filter_map(|a| {
            Some(Copied {
                received: a.received,
                said: a.said.clone()?,
            })
        });
        let reply = Answered::Copy(copies.collect());
        self.reply(rng, arrived, Some(&reply))
    }

    /// Answers that what was asked for is done.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`].
    pub fn reply_done(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        self.reply(rng, arrived, Some(&Answered::Done))
    }

    /// Erases the lane that the answers stand in, and answers with the position of the statement that ordered it.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`].
    pub fn erase_and_reply(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        // The answer is written once the erasure has its position; what it is sealed with is kept till then.
        let document = arrived.document;
        let reply = self.replying(arrived, None)?;
        self.keep(rng, vec![Intent::Erase { document }, reply], Vec::new())
    }

    fn reply(
        &mut self,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
        answered: Option<&Answered>,
    ) -> Result<(), DeviceError> {
        let intent = self.replying(arrived, answered)?;
        self.keep(rng, vec![intent], Vec::new())
    }

    fn replying(&mut self, arrived: &Arrived, answered: Option<&Answered>) -> Result<Intent, DeviceError> {
        let opened = self.open_link(arrived.document, arrived.invite)?;
        let sealing = arrived.sealing.clone().ok_or(DeviceError::NotOpened)?;
        Ok(Intent::Reply {
            document: arrived.document,
            invite: arrived.invite,
            to: arrived.submission,
            secret: opened.secret.to_bytes().to_vec().into(),
            client: sealing,
            answered: answered.map(|answered| cbor::encode(answered).into()),
        })
    }

    fn record(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        arrived: &Arrived,
        record: &Record,
    ) -> Result<(), DeviceError> {
        self.record_as(now, rng, document, id_of(&arrived.submission), record)
    }

    /// Taken in once, whoever did it: twice is nothing new.
    fn record_as(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        id: [u8; 16],
        record: &Record,
    ) -> Result<(), DeviceError> {
        let kind = record.kind.as_str();
        let there = self.read(document, |d| {
            d.records(Some(kind)).iter().any(|(found, _)| *found == id)
        })?;
        if there {
            return Ok(());
        }
        self.edit(now, rng, document, |d| d.add_record(id, record))
    }

    /// The submissions that were accepted, by the records in the lane and in the case's own.
    fn taken_in(
        &mut self,
        case: Option<CaseId>,
        document: DocumentId,
    ) -> Result<BTreeMap<Hash, ()>, DeviceError> {
        let admin = case.and_then(|case| self.document_of(&case, Lane::Admin));
        // What goes on in another document is looked for there.
        let lane = case.and_then(|case| {
            let lane = self.practice_state().ok()?.documents.get(&document)?.lane();
            self.document_of(&case, lane)
        });
        let mut found = BTreeMap::new();
        for id in [Some(document), lane, admin].into_iter().flatten() {
            let records = self.read(id, |d| {
                let mut records = d.records(Some(ANSWERS));
                records.extend(d.records(Some(INTAKE_CONSENT)));
                records
            });
            for (_, record) in records.unwrap_or_default() {
                let body: Option<serde_json::Value> = serde_json::from_str(&record.body).ok();
                let of = body
                    .as_ref()
                    .and_then(|b| Hash::from_hex(b.get("submission")?.as_str()?));
                found.extend(of.map(|of| (of, ())));
            }
        }
        Ok(found)
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

    /// A link's statement: what readers keep of it is sealed under the lane's present epoch.
    pub(super) fn sign_link(
        &mut self,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        invite: (InviteId, u64, u8),
        form: ByteVec,
        (secret, recipient): (&[u8], &[u8]),
    ) -> Result<Upload, DeviceError> {
        let (invite, expires, limit) = invite;
        let wrong = DeviceError::Damaged("a link's keys");
        let (Ok(secret), Ok(seed)) = (secret.try_into(), recipient.try_into()) else {
            return Err(wrong);
        };
        let (secret, recipient) = (IntakeSecret::from_bytes(secret), SealingSecret::from_bytes(seed));
        let state = self.practice_state()?;
        let found = state.documents.get(&document);
        let (epoch, head) = found
            .map(|d| (d.epoch(), d.head()))
            .ok_or(DeviceError::NoSuchDocument(document))?;
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let key = self.epoch_key(&KeyRef::Epoch(document, epoch))?;
        let keys = key.seal_intake(rng, &context, epoch, &secret, &recipient).into();
        let payload = cbor::encode(&InvitePayload { form, keys });
        let body = Body::Invite(Invite {
            document,
            epoch,
            invite,
            link: secret.signing().verifying_key(),
            expires,
            limit,
        });
        let seen = super::sign::seen(self.practice_state()?, Some(head));
        Ok(self.secrets.upload(&context.practice, seen, body, payload))
    }

    pub(super) fn sign_close_link(
        &self,
        document: DocumentId,
        invite: InviteId,
    ) -> Result<Option<Upload>, DeviceError> {
        let state = self.practice_state()?;
        let found = state
            .documents
            .get(&document)
            .ok_or(DeviceError::NoSuchDocument(document))?;
        match found.link(&invite) {
            None => return Err(DeviceError::NotYet),
            Some(link) if link.closed.is_some() => return Ok(None),
            Some(_) => {}
        }
        let seen = super::sign::seen(state, Some(found.head()));
        let body = Body::CloseInvite(CloseInvite { document, invite });
        Ok(Some(self.secrets.upload(
            state.practice(),
            seen,
            body,
            Vec::new(),
        )))
    }

    /// The answer to what came through a link; one that tells of an erasure waits for it.
    pub(super) fn sign_reply(
        &self,
        rng: &mut impl CryptoRng,
        reply: Reply,
        (secret, client): (&[u8], &[u8]),
        answered: Option<&[u8]>,
    ) -> Result<Upload, DeviceError> {
        let Reply { document, invite, to } = reply;
        let wrong = || DeviceError::Damaged("a link's keys");
        let secret = IntakeSecret::from_bytes(secret.try_into().map_err(|_| wrong())?);
        let client = SealingPublic::from_bytes(client).ok_or_else(wrong)?;
        let state = self.practice_state()?;
        let found = state
            .documents
            .get(&document)
            .ok_or(DeviceError::NoSuchDocument(document))?;
        let erased = || {
            found
                .erased()
                .map(|position| cbor::encode(&Answered::Erased(position)))
        };
        let answered = match answered {
            Some(answered) => answered.to_vec(),
            None => erased().ok_or(DeviceError::NotYet)?,
        };
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let payload = secret.seal_reply(rng, &client, &context, &to, &answered)?;
        let seen = super::sign::seen(state, Some(found.head()));
        Ok(self
            .secrets
            .upload(state.practice(), seen, Body::Reply(reply), payload))
    }
}

/// What a submission's statement and payload amount to: its kind, and what was said where it opens and holds.
fn read(
    opened: Option<&Opened>,
    statement: &[u8],
    payload: Option<&[u8]>,
) -> (SubmissionKind, Option<(Spoken, Said, SealingPublic)>) {
    let statement: Option<troth_protocol::statement::Statement> = cbor::decode(statement).ok();
    let Some(Body::Submission(Submission { kind, sequence, .. })) = statement.map(|s| s.body) else {
        return (SubmissionKind::Answers, None);
    };
    let spoken = opened.zip(payload).and_then(|(link, payload)| {
        let place = (kind as u8, sequence);
        let bytes = link
            .secret
            .open_submission(&link.recipient, &link.context, place, payload)
            .ok()?;
        let spoken = Spoken::decode(&bytes).ok()?;
        let (said, sealing) = spoken.verify(&link.context, kind, sequence).ok()?;
        Some((spoken, said, sealing))
    });
    (kind, spoken)
}

/// The record of a submission is named by it, so that it is taken in once, by whichever device.
fn id_of(submission: &Hash) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&submission.0[..16]);
    id
}
