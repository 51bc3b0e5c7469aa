//! What came through intake links: opened, taken into the case, answered.

// Long because what came is opened, taken in and answered by what one look at it found.

use std::collections::BTreeSet;

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_forms::{Checked, Questionnaire, Response};
use troth_protocol::document::{Document, Link};
use troth_protocol::ids::{CaseId, DocumentId, Hash, InviteId, VerifyingKey};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, Lane, Submission, SubmissionKind};
use troth_protocol::{cbor, limits};

use super::{Opened, consents};
use crate::crypto::SealingPublic;
use crate::device::outbox::Intent;
use crate::device::{Device, DeviceError};
use crate::document::Record;
use crate::intake::{Answered, Consent, Copied, Place, Said, Spoken, verify_consents};
use crate::storage::Storage;

/// Kind of the record that holds a client's answers, in their lane.
pub const ANSWERS: &str = "answers";
/// Kind of the record that holds the consents that a client gave or withdrew, in the case's own lane.
pub const INTAKE_CONSENT: &str = "intake-consent";

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
    /// The consents that follow from it; none from answers that do not hold against the form that was sent.
    pub consents: Vec<Consent>,
    /// The client's own signature over them, where it holds.
    pub consents_signed: Option<Signature>,
    /// Whether it is well said: answers that hold against the form that was sent. Others are not taken in.
    pub holds: bool,
    /// When, by the client's clock, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Its place in the link's chain.
    pub sequence: u64,
    /// Whether it was accepted: its answers stand in the lane, or its consents in the case.
    pub accepted: bool,
    /// Whether the practice has answered it, or an answer waits here.
    pub replied: bool,
    sealing: Option<ByteVec>,
}

impl<S: Storage> Device<S> {
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
                let form = opened.as_ref().and_then(|o| Questionnaire::parse(&o.form).ok());
                let form = form.map(|(form, _)| form);
                let mut first = None;
                for (position, submission) in &link.submissions {
                    let Some(row) = self.rows.entry(*position)? else {
                        continue;
                    };
                    let (kind, sequence, spoken) = read(
                        opened.as_ref(),
                        &row.leaf.signed.statement,
                        row.payload.as_ref().map(|p| p.as_slice()),
                    );
                    let client = spoken.as_ref().map(|(spoken, ..)| spoken.client);
                    first = first.or(client);
                    let said = spoken.as_ref().map(|(_, said, _)| said);
                    let consents = form
                        .as_ref()
                        .zip(said)
                        .map(|(form, said)| Consent::of(form, said));
                    let consents = consents.unwrap_or_default();
                    let at_ms = spoken.as_ref().map_or(0, |(spoken, ..)| spoken.at_ms);
                    let place = opened.as_ref().map(|link| Place {
                        context: link.context,
                        kind,
                        sequence,
                        at_ms,
                    });
                    let signature = spoken.as_ref().and_then(|(spoken, ..)| spoken.consents);
                    let consents_signed = signature.filter(|signature| {
                        let all = place.zip(client);
                        all.is_some_and(|(place, client)| {
                            verify_consents(&client, &place, &consents, signature).is_ok()
                        })
                    });
                    let waits = self.answer_waits(submission);
                    arrived.push(Arrived {
                        holds: said.is_some_and(|said| holds(form.as_ref(), said)),
                        consents,
                        consents_signed,
                        at_ms,
                        sequence,
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
                        accepted: taken.contains(submission),
                        replied: waits || link.replies.iter().any(|(to, _)| to == submission),
                        sealing: spoken.as_ref().map(|(spoken, ..)| spoken.sealing.clone()),
                        said: spoken.map(|(_, said, _)| said),
                    });
                }
            }
        }
        arrived.sort_by_key(|a| a.position);
        Ok(arrived)
    }

    /// Takes answers into the partner's lane, and the consents among them into the case. Nothing of it is taken from the
    /// client's word alone: the answers hold against the form that was sent, and the consents follow from both.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`] for what does not open, [`DeviceError::NotHolding`]; the lane or the case cannot be written
    /// here.
    pub fn accept_answers(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let Some(Said::Answers { response, language }) = &arrived.said else {
            return Err(DeviceError::NotOpened);
        };
        if !arrived.holds {
            return Err(DeviceError::NotHolding);
        }
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
        let document = self.lane_now(arrived);
        self.record(now, rng, document, arrived, &record)?;
        self.record_consents(now, rng, arrived)
    }

    /// Takes what a client withdraws into the case, and tells them that it is done.
    ///
    /// # Errors
    /// [`DeviceError::NotOpened`]; the case cannot be written here.
    pub fn accept_withdrawal(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        if !matches!(arrived.said, Some(Said::Withdraw { .. })) {
            return Err(DeviceError::NotOpened);
        }
        if !arrived.same_client {
            return Err(DeviceError::AnotherClient);
        }
        self.record_consents(now, rng, arrived)?;
        self.reply(rng, arrived, &Answered::Done)
    }

    /// The document that goes on where the answers were sent to.
    fn lane_now(&self, arrived: &Arrived) -> DocumentId {
        let found = arrived
            .case
            .and_then(|case| self.document_of(&case, arrived.lane));
        found.unwrap_or(arrived.document)
    }

    fn record_consents(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
    ) -> Result<(), DeviceError> {
        let case = arrived.case.ok_or(DeviceError::NoSuchCase)?;
        // The case's own lane; where this member does not write it, whose lane it is.
        let document = self.document_of(&case, Lane::Admin);
        let document = document
            .filter(|id| self.must_write(*id, now).is_ok())
            .unwrap_or_else(|| self.lane_now(arrived));
        let record = Record {
            kind: INTAKE_CONSENT.to_owned(),
            body: consents::body(arrived),
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
        let copies: Vec<Copied> = copies.collect();
        // What is too long for one answer comes in one each.
        let whole = Answered::Copy(copies.clone());
        if copies.len() < 2 || self.is_short(rng, arrived, &whole)? {
            return self.reply(rng, arrived, &whole);
        }
        if arrived.replied || self.answer_waits(&arrived.submission) {
            return Ok(());
        }
        let each = copies.into_iter().map(|copy| Answered::Copy(vec![copy]));
        let intents = each.map(|copy| self.replying(arrived, Some(&copy)));
        let intents = intents.collect::<Result<_, _>>()?;
        self.keep(rng, intents, Vec::new())
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
        self.reply(rng, arrived, &Answered::Done)
    }

    /// Erases the lane that the answers stand in, with every document that went on in its place or did before, and answers
    /// with the position of the statement that ordered it. The other partner's lane is not touched.
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
        if arrived.replied || self.answer_waits(&arrived.submission) {
            return Ok(());
        }
        // The answer is written once the erasure has its position; what it is sealed with is kept till then.
        let reply = self.replying(arrived, None)?;
        let documents = self.left_of_lane(&arrived.document)?;
        let erasing = documents.into_iter().map(|document| Intent::Erase { document });
        let intents = erasing.chain([reply]).collect();
        self.keep(rng, intents, Vec::new())
    }

    /// The documents of a lane that hold something still: the one that is given, and all that stood or stand in its place.
    pub(in crate::device) fn left_of_lane(
        &self,
        document: &DocumentId,
    ) -> Result<Vec<DocumentId>, DeviceError> {
        let state = self.practice_state()?;
        let of = state.documents.get(document);
        let of = of.ok_or(DeviceError::NoSuchDocument(*document))?;
        let same = |d: &&Document| {
            d.id() == *document || (d.case().is_some() && d.case() == of.case() && d.lane() == of.lane())
        };
        let left = state.documents.values().filter(same);
        Ok(left.filter(|d| d.erased().is_none()).map(Document::id).collect())
    }

    fn answer_waits(&self, submission: &Hash) -> bool {
        let mut waiting = self.outbox.values();
        waiting.any(|intent| matches!(intent, Intent::Reply { to, .. } if to == submission))
    }

    /// Answers once, whoever asks for it and how often.
    fn reply(
        &mut self,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
        answered: &Answered,
    ) -> Result<(), DeviceError> {
        if arrived.replied || self.answer_waits(&arrived.submission) {
            return Ok(());
        }
        let intent = self.replying(arrived, Some(answered))?;
        self.keep(rng, vec![intent], Vec::new())
    }

    /// Whether an answer is sealed in as many bytes as a reply may have.
    fn is_short(
        &mut self,
        rng: &mut impl CryptoRng,
        arrived: &Arrived,
        answered: &Answered,
    ) -> Result<bool, DeviceError> {
        let link = self.open_link(arrived.document, arrived.invite)?;
        let client = arrived
            .sealing
            .as_ref()
            .and_then(|key| SealingPublic::from_bytes(key));
        let client = client.ok_or(DeviceError::NotOpened)?;
        let (to, bytes) = (&arrived.submission, cbor::encode(answered));
        let sealed = link.secret.seal_reply(rng, &client, &link.context, to, &bytes)?;
        Ok(sealed.len() <= limits::SUBMISSION)
    }

    fn replying(&mut self, arrived: &Arrived, answered: Option<&Answered>) -> Result<Intent, DeviceError> {
        // What concerns somebody's answers is theirs to ask for.
        if !arrived.same_client {
            return Err(DeviceError::AnotherClient);
        }
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
    ) -> Result<BTreeSet<Hash>, DeviceError> {
        let admin = case.and_then(|case| self.document_of(&case, Lane::Admin));
        // What goes on in another document is looked for there.
        let lane = case.and_then(|case| {
            let lane = self.practice_state().ok()?.documents.get(&document)?.lane();
            self.document_of(&case, lane)
        });
        let mut found = BTreeSet::new();
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
                found.extend(of);
            }
        }
        Ok(found)
    }
}

/// What a submission's statement and payload amount to: its kind, and what was said where it opens and holds.
fn read(
    opened: Option<&Opened>,
    statement: &[u8],
    payload: Option<&[u8]>,
) -> (SubmissionKind, u64, Option<(Spoken, Said, SealingPublic)>) {
    let statement: Option<troth_protocol::statement::Statement> = cbor::decode(statement).ok();
    let Some(Body::Submission(Submission { kind, sequence, .. })) = statement.map(|s| s.body) else {
        return (SubmissionKind::Answers, 0, None);
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
    (kind, sequence, spoken)
}

/// Whether answers hold against the form that was sent; what is no answers has nothing to hold against.
fn holds(form: Option<&Questionnaire>, said: &Said) -> bool {
    let Said::Answers { response, .. } = said else {
        return true;
    };
    let response = Response::parse(response).ok();
    form.zip(response)
        .is_some_and(|(form, response)| Checked::check(form, response).is_ok())
}

/// The record of a submission is named by it, so that it is taken in once, by whichever device.
fn id_of(submission: &Hash) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&submission.0[..16]);
    id
}
