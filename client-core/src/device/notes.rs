//! Notes that are signed, added to and shared: what a device says about them under its own key.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, MemberId};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature as Proof;
use troth_protocol::statement::{Lane, Role};

use super::{Device, DeviceError};
use crate::document::{Amendment, DocumentError, NewNote, NoteView, Record, Signature, Standing, Written};
use crate::storage::Storage;

mod place;

/// Kind of the record that says that somebody shared something of their own lane.
pub const CONSENT: &str = "consent";

/// A device's signature, as a document holds it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Signed {
    #[n(0)]
    device: DeviceId,
    #[n(1)]
    proof: Proof,
}

/// How a partner without a device of their own gave the consent that somebody else records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// Said so, face to face.
    InPerson,
    /// Signed it on paper.
    Paper,
    /// Said so on the telephone.
    Phone,
}

impl Recorded {
    /// As scripts read and write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InPerson => "in-person",
            Self::Paper => "paper",
            Self::Phone => "phone",
        }
    }
}

/// The words of a consent, and how it was given where it is recorded for somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Consented<'a> {
    /// What is consented to, as it was shown.
    pub words: &'a str,
    /// By whom it is signed: by whose lane it is, or by somebody who records it.
    pub recorded: Option<Recorded>,
}

/// The consent by which an item of a partner's lane is shared with the other: it stands beside the copy in `joint`, signed by
/// the partner, or by the admin or counselor who recorded it in their stead and says so.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareConsent {
    /// Version of this form: 1 for a partner's own, 2 for one that was recorded; 3 and 4 for these where `joint` is named.
    pub version: u32,
    /// The document that it was signed for, in hexadecimal: it stays so where the document goes on in another. Absent in those
    /// that are for one document alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint: Option<String>,
    /// The lane that the item was copied from.
    pub lane: String,
    /// The item there, in hexadecimal.
    pub note: String,
    /// SHA-256 of the text that was shared, in hexadecimal.
    pub text_sha256: String,
    /// Who signs, for themselves or for whose lane it is: a pseudonym, in hexadecimal.
    pub member: String,
    /// When, by their device's clock, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What they consented to, as it was shown to them.
    pub words: String,
    /// How whose lane it is consented, if somebody else records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// Their device's signature over the above, in hexadecimal; empty while it is signed.
    pub proof: String,
}

impl<S: Storage> Device<S> {
    /// Signs a note as it reads now: from here on it stands, and what is added is an amendment.
    ///
    /// # Errors
    /// Only admins and counselors sign (R13); the note is gone, or was changed since it was shown.
    pub fn sign_note(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        note: [u8; 16],
        text: &str,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        if !self.role().is_some_and(Role::is_staff) {
            return Err(Rule::NotPermitted.into());
        }
        let view = self.read(document, |d| d.note(note))?;
        let view = view.ok_or_else(|| DocumentError::NoSuchNote(data_encoding::HEXLOWER.encode(&note)))?;
        let signer = member.to_string();
        let message = Signature::message(note, &view.as_signed(text), &signer, now);
        let (context, message, named) = match self.place_of(document) {
            Some(place) => (
                labels::CASE_NOTE,
                place.before(&message),
                Some(document.to_string()),
            ),
            None => (labels::NOTE, [document.as_bytes(), &message[..]].concat(), None),
        };
        let signature = Signature {
            signer,
            signed_ms: now,
            text: text.to_owned(),
            document: named,
            proof: self.proof_over(context, &message)?,
        };
        self.edit(now, rng, document, |d| d.sign_note(note, &signature))
    }

    /// Adds to a note. What was written stays as it is.
    pub fn amend_note(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        note: [u8; 16],
        text: &str,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let author = self.identity.member.ok_or(DeviceError::NoPractice)?.to_string();
        let amendment = Amendment {
            author,
            created_ms: now,
            text: text.to_owned(),
        };
        self.edit(now, rng, document, |d| d.amend_note(note, &amendment))
    }

    /// What a note's text stands for, by the signatures that hold: each by a device of the member that it names, over this
    /// very note, in this document or in one that goes on in it.
    pub fn note_standing(&self, document: DocumentId, note: &NoteView) -> Result<Standing, DeviceError> {
        self.practice_state()?;
        Ok(note.standing(|signature| self.holds(document, note, signature)))
    }

    /// Whether one signature under a note holds.
    pub fn note_signature_holds(
        &self,
        document: DocumentId,
        note: &NoteView,
        signature: &Written<Signature>,
    ) -> Result<bool, DeviceError> {
        self.practice_state()?;
        Ok(self.holds(document, note, signature))
    }

    /// Who carried a signature over from the document that it was made in; `None` where it was made in this one.
    pub fn note_signature_carrier(
        &self,
        document: DocumentId,
        signature: &Written<Signature>,
    ) -> Option<MemberId> {
        let writer = self.writer_of(document, &signature.actor)?;
        (writer.to_string() != signature.item.signer || self.is_of_another(document, signature))
            .then_some(writer)
    }

    /// Copies a note of a partner's lane into `joint`, with the signed consent beside it: the partner's own, or, where no client
    /// has that lane on a device of theirs, one that an admin or a counselor records.
    ///
    /// # Errors
    /// [`DeviceError::TheirsToShare`], [`DeviceError::ConsentMissing`]; the lane is no partner's, this device cannot write to
    /// `joint`, or the note is gone.
    pub fn share_note(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        case: &CaseId,
        lane: Lane,
        note: [u8; 16],
        Consented { words, recorded }: Consented<'_>,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        if !matches!(lane, Lane::PartnerA | Lane::PartnerB) {
            return Err(Rule::NotPermitted.into());
        }
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let from = self.document_of(case, lane).ok_or(DeviceError::NoSuchCase)?;
        let joint = self
            .document_of(case, Lane::Joint)
            .ok_or(DeviceError::NoSuchCase)?;
        match (self.role().is_some_and(Role::is_staff), recorded) {
            (true, _) if !self.clients_of(&from)?.is_empty() => return Err(DeviceError::TheirsToShare(lane)),
            (true, None) => return Err(DeviceError::ConsentMissing(lane)),
            (false, Some(_)) => return Err(Rule::NotPermitted.into()),
            _ => {}
        }
        let hex = data_encoding::HEXLOWER.encode(&note);
        let view = self.read(from, |d| d.note(note))?;
        let view = view.ok_or_else(|| DocumentError::NoSuchNote(hex.clone()))?;
        let mut consent = ShareConsent {
            version: if recorded.is_some() { 4 } else { 3 },
            joint: Some(joint.to_string()),
            lane: lane.name().to_owned(),
            note: hex,
            text_sha256: troth_protocol::ids::Hash::of(&[view.text.as_bytes()]).to_string(),
            member: member.to_string(),
            at_ms: now,
            words: words.to_owned(),
            recorded,
            proof: String::new(),
        };
        let place = self.place_of(joint).ok_or(DeviceError::NoSuchCase)?;
        let proof = self.proof_over(labels::CASE_CONSENT, &place.before(&unsigned(&consent)))?;
        consent.proof = data_encoding::HEXLOWER.encode(&proof);
        let body = serde_json::to_string(&consent).map_err(|_| DeviceError::Damaged("a consent"))?;
        let record = Record {
            kind: CONSENT.to_owned(),
            body,
        };
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let copy = NewNote {
            author: view.author,
            created_ms: view.created_ms,
            template: view.template,
            text: view.text,
        };
        self.edit(now, rng, joint, |d| d.add_record(id, &record))?;
        self.edit(now, rng, joint, |d| d.add_note(id, &copy))
    }

    /// The consents by which items were shared into a `joint` document, each with whether it holds: signed by whom it names, a
    /// client for themselves, an admin or a counselor only as one who recorded it.
    pub fn share_consents(&mut self, joint: DocumentId) -> Result<Vec<(ShareConsent, bool)>, DeviceError> {
        let records = self.read(joint, |d| d.records(Some(CONSENT)))?;
        let state = self.practice_state()?;
        let read = records.into_iter().filter_map(|(_, record)| {
            let consent: ShareConsent = serde_json::from_str(&record.body).ok()?;
            let proof = data_encoding::HEXLOWER.decode(consent.proof.as_bytes()).ok()?;
            let member = MemberId::from_hex(&consent.member);
            let signer = self.consent_signer(joint, &consent, &proof);
            let was = |allowed: fn(Role) -> bool, of: &MemberId| {
                let tenures = state.roster.members().get(of).map(|m| m.tenures());
                tenures.is_some_and(|mut roles| roles.any(|(role, ..)| allowed(role)))
            };
            let entitled = |of: &MemberId| match consent.recorded {
                None => was(|role| role == Role::Client, of),
                Some(_) => was(Role::is_staff, of),
            };
            let holds = signer.is_some_and(|(_, of)| Some(of) == member && entitled(&of));
            Some((consent, holds))
        });
        Ok(read.collect())
    }

    fn proof_over(&self, context: &[u8], message: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let practice = *self.practice_state()?.practice();
        Ok(cbor::encode(&Signed {
            device: self.secrets.id,
            proof: self.secrets.sign(context, &practice, message),
        }))
    }
}

/// A consent as it is signed.
fn unsigned(consent: &ShareConsent) -> Vec<u8> {
    let unsigned = ShareConsent {
        proof: String::new(),
        ..consent.clone()
    };
    serde_json::to_vec(&unsigned).unwrap_or_default()
}

#[cfg(test)]
mod vectors;
