//! Where a signature or a consent belongs, and where it still does once its document goes on in another, without its history.
//!
//! What is signed names the case, the lane and the document. It holds in that document, where its signer's own device has to
//! have written it; and in one of the same case and lane, into which staff carried it, unless this device knows where the
//! first document went and it is somewhere else. A reader of the new document alone is not shown the old one's chain, so that
//! they have case and lane only.

use minicbor::Encode;
use troth_protocol::cbor;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, MemberId};
use troth_protocol::labels;
use troth_protocol::statement::{Lane, Role};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::visible_until;

use super::{ShareConsent, Signed, unsigned};
use crate::crypto::actor;
use crate::device::{Device, DeviceError};
use crate::document::{LaneDocument, NoteView, Signature, Written};
use crate::storage::Storage;

/// Where something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
#[cbor(array)]
pub(super) struct Place {
    #[n(0)]
    case: CaseId,
    #[n(1)]
    lane: Lane,
    #[n(2)]
    document: DocumentId,
}

impl Place {
    /// What is signed: the place, then the message.
    pub(super) fn before(&self, message: &[u8]) -> Vec<u8> {
        let mut signed = cbor::encode(self);
        signed.extend_from_slice(message);
        signed
    }
}

impl<S: Storage> Device<S> {
    /// The place of a case's document; `None` for one that belongs to no case.
    pub(super) fn place_of(&self, document: DocumentId) -> Option<Place> {
        let known = self.state.as_ref().and_then(|s| s.documents.get(&document));
        let (case, lane) = match known {
            Some(known) => (known.case()?, known.lane()),
            None => {
                let (case, lane, _) = self.lanes().find(|(_, _, id)| *id == document)?;
                (case, lane)
            }
        };
        Some(Place { case, lane, document })
    }

    /// Whether a signature under a note holds.
    pub(super) fn holds(
        &self,
        document: DocumentId,
        note: &NoteView,
        signature: &Written<Signature>,
    ) -> bool {
        let item = &signature.item;
        let message = Signature::message(note.id, &note.as_signed(&item.text), &item.signer, item.signed_ms);
        let by = |context: &[u8], message: &[u8], made_here: bool| {
            let signer = self.proven_by(context, message, &item.proof);
            signer.is_some_and(|(device, member)| {
                let own = actor(&device, &document) == signature.actor;
                member.to_string() == item.signer
                    && (own || (!made_here && self.is_carried(document, signature)))
            })
        };
        match &item.document {
            Some(made_in) => {
                let place = self.place_of(document).zip(DocumentId::from_hex(made_in));
                place.is_some_and(|(place, made_in)| {
                    let signed = Place {
                        document: made_in,
                        ..place
                    };
                    self.may_stand_in(made_in, document)
                        && by(labels::CASE_NOTE, &signed.before(&message), made_in == document)
                })
            }
            None => self.it_and_those_before(document).any(|made_in| {
                let signed = [made_in.as_bytes(), &message[..]].concat();
                by(labels::NOTE, &signed, made_in == document)
            }),
        }
    }

    /// The signatures under a document's notes that hold there: what this device vouches for when it carries them elsewhere.
    pub(in crate::device) fn held_signatures(
        &mut self,
        document: DocumentId,
    ) -> Result<Vec<Signature>, DeviceError> {
        let notes = self.read(document, LaneDocument::notes)?;
        let held = notes.iter().flat_map(|note| {
            let held = note.signatures.iter().filter(|s| self.holds(document, note, s));
            held.map(|signature| signature.item.clone())
        });
        Ok(held.collect())
    }

    /// Whose device signed a consent that stands in a document, if the signature holds.
    pub(super) fn consent_signer(
        &self,
        joint: DocumentId,
        consent: &ShareConsent,
        proof: &[u8],
    ) -> Option<(DeviceId, MemberId)> {
        let message = unsigned(consent);
        match &consent.joint {
            Some(made_in) => {
                let made_in = DocumentId::from_hex(made_in)?;
                let signed = Place {
                    document: made_in,
                    ..self.place_of(joint)?
                };
                self.may_stand_in(made_in, joint)
                    .then(|| self.proven_by(labels::CASE_CONSENT, &signed.before(&message), proof))?
            }
            None => self.it_and_those_before(joint).find_map(|made_in| {
                self.proven_by(
                    labels::CONSENT,
                    &[made_in.as_bytes(), &message[..]].concat(),
                    proof,
                )
            }),
        }
    }

    /// Whether a signature was made in another document than this one.
    pub(super) fn is_of_another(&self, document: DocumentId, signature: &Written<Signature>) -> bool {
        let made_in = signature.item.document.as_ref();
        made_in.is_some_and(|made_in| *made_in != document.to_string())
    }

    /// The member whose device wrote something in a document.
    pub(super) fn writer_of(&self, document: DocumentId, by: &[u8; 16]) -> Option<MemberId> {
        let devices = self.state.as_ref()?.roster.devices();
        let found = devices.iter().find(|(id, _)| actor(id, &document) == *by);
        found.map(|(_, device)| device.member)
    }

    /// Documents are let go on in others by staff, whose devices so carry over what was signed.
    fn is_carried(&self, document: DocumentId, signature: &Written<Signature>) -> bool {
        let members = self.state.as_ref().map(|state| state.roster.members());
        let writer = self.writer_of(document, &signature.actor);
        let writer = members.zip(writer).and_then(|(all, writer)| all.get(&writer));
        writer.is_some_and(|member| member.tenures().any(|(role, ..)| Role::is_staff(role)))
    }

    /// Whether what was signed in one document may stand in another, by all that this device knows: it may not where the first
    /// one is here to its end and went elsewhere.
    fn may_stand_in(&self, made_in: DocumentId, document: DocumentId) -> bool {
        made_in == document || self.leads(made_in, document) != Some(false)
    }

    /// Whether a document goes on in another, at last; `None` where that is not known here.
    fn leads(&self, from: DocumentId, to: DocumentId) -> Option<bool> {
        let (state, me) = (self.state.as_ref()?, self.identity.member?);
        let mut last = from;
        let mut passed = vec![from];
        loop {
            let known = state.documents.get(&last)?;
            let Some(next) = known.superseded_by().or_else(|| self.renewal_of(&last)) else {
                // Whoever is not shown a chain to its end does not know whether it goes on.
                let whole = visible_until(state, &me, &Stream::Document(last)) == Some(u64::MAX);
                return whole.then_some(false);
            };
            if next == to {
                return Some(true);
            }
            if passed.contains(&next) {
                return Some(false);
            }
            passed.push(next);
            last = next;
        }
    }

    /// A document, and those that are known to go on in it.
    fn it_and_those_before(&self, document: DocumentId) -> impl Iterator<Item = DocumentId> {
        let known = self
            .state
            .iter()
            .flat_map(|state| state.documents.keys().copied());
        let before = known.filter(move |from| self.leads(*from, document) == Some(true));
        std::iter::once(document).chain(before)
    }

    /// Whose device made a signature that holds.
    fn proven_by(&self, context: &[u8], message: &[u8], proof: &[u8]) -> Option<(DeviceId, MemberId)> {
        let state = self.state.as_ref()?;
        let signed: Signed = cbor::decode(proof).ok()?;
        let device = state.roster.devices().get(&signed.device)?;
        let key = &device.keys.signing;
        signed
            .proof
            .verify(key, context, state.practice(), message)
            .ok()?;
        Some((signed.device, device.member))
    }
}
