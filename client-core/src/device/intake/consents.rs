//! The consents of a case that were given and withdrawn through intake links: each stands as a record, with the client's own
//! signature, and is held against it whenever it is shown.

use serde::{Deserialize, Serialize};
use troth_protocol::cbor;
use troth_protocol::ids::{CaseId, DocumentId, Hash, InviteId, VerifyingKey};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Lane, SubmissionKind};

use super::inbox::{Arrived, INTAKE_CONSENT};
use crate::crypto::IntakeContext;
use crate::device::{Device, DeviceError};
use crate::intake::{Consent, Place, verify_consents};
use crate::storage::Storage;

/// A consent, as the case has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeConsent {
    /// What is consented to.
    pub consent: Consent,
    /// Whose lane the link was for, by its name.
    pub lane: String,
    /// The invite.
    pub invite: String,
    /// The submission, by its statement's hash.
    pub submission: String,
    /// Its position in the ledger, where this device sees it.
    pub position: Option<u64>,
    /// The relay's clock when it took it, in milliseconds since the Unix epoch.
    pub received: u64,
    /// The client's key.
    pub client: Option<String>,
    /// Whether the client's own signature stands under it and holds, and the ledger has the submission where this device sees
    /// that.
    pub signed: bool,
    /// Whether it was withdrawn by this.
    pub withdrawn: bool,
    /// Whether it is the latest word on this consent of this person.
    pub latest: bool,
}

/// A record, as it is kept. What came before consents were signed has fewer fields.
#[derive(Serialize, Deserialize)]
struct Kept {
    submission: String,
    invite: String,
    lane: String,
    received_ms: u64,
    client: Option<String>,
    consents: Vec<Consent>,
    #[serde(default)]
    document: String,
    #[serde(default)]
    withdrawal: bool,
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    at_ms: u64,
    #[serde(default)]
    signature: Option<String>,
}

/// The record's content.
pub(super) fn body(arrived: &Arrived) -> String {
    let signature = arrived.consents_signed.as_ref();
    let kept = Kept {
        submission: arrived.submission.to_string(),
        invite: arrived.invite.to_string(),
        lane: arrived.lane.name().to_owned(),
        received_ms: arrived.received,
        client: arrived.client.map(|client| client.to_string()),
        consents: arrived.consents.clone(),
        document: arrived.document.to_string(),
        withdrawal: arrived.kind == SubmissionKind::Withdraw,
        sequence: arrived.sequence,
        at_ms: arrived.at_ms,
        signature: signature.map(|s| data_encoding::HEXLOWER.encode(&cbor::encode(s))),
    };
    // Text and numbers: this does not fail.
    serde_json::to_string(&kept).unwrap_or_default()
}

impl<S: Storage> Device<S> {
    /// The consents of a case that clients gave, refused or withdrew through intake links and that were accepted, the oldest
    /// first: as far as this device reads the lanes that they stand in.
    ///
    /// # Errors
    /// There is no practice here, or the store cannot be read.
    pub fn intake_consents(&mut self, case: &CaseId) -> Result<Vec<IntakeConsent>, DeviceError> {
        let lanes: Vec<DocumentId> = self
            .lanes_of(case)
            .filter(|(lane, _)| matches!(lane, Lane::Admin | Lane::PartnerA | Lane::PartnerB))
            .map(|(_, document)| document)
            .collect();
        let mut all: Vec<IntakeConsent> = Vec::new();
        for document in lanes {
            // What this device does not read it has nothing to say of.
            let Ok(records) = self.read(document, |d| d.records(Some(INTAKE_CONSENT))) else {
                continue;
            };
            for (_, record) in records {
                let Ok(kept) = serde_json::from_str::<Kept>(&record.body) else {
                    continue;
                };
                let (position, signed) = (self.position_of(&kept)?, self.is_signed(&kept)?);
                if all.iter().any(|known| known.submission == kept.submission) {
                    continue;
                }
                all.extend(kept.consents.into_iter().map(|consent| IntakeConsent {
                    consent,
                    lane: kept.lane.clone(),
                    invite: kept.invite.clone(),
                    submission: kept.submission.clone(),
                    position: position.flatten(),
                    received: kept.received_ms,
                    client: kept.client.clone(),
                    signed: signed && position != Some(None),
                    withdrawn: kept.withdrawal,
                    latest: false,
                }));
            }
        }
        all.sort_by_key(|c| (c.received, c.position));
        let mut spoken: Vec<(String, String)> = Vec::new();
        for consent in all.iter_mut().rev() {
            let about = (consent.lane.clone(), consent.consent.name.clone());
            consent.latest = !spoken.contains(&about);
            spoken.push(about);
        }
        Ok(all)
    }

    /// Where the ledger has a submission; nothing where this device is not shown the link, and no place where it is and the
    /// ledger has none.
    fn position_of(&self, kept: &Kept) -> Result<Option<Option<u64>>, DeviceError> {
        let (document, invite) = (
            DocumentId::from_hex(&kept.document),
            InviteId::from_hex(&kept.invite),
        );
        let state = self.practice_state()?;
        let found = document.and_then(|document| state.documents.get(&document));
        let link = found
            .zip(invite)
            .and_then(|(document, invite)| document.link(&invite));
        let hash = Hash::from_hex(&kept.submission);
        Ok(link.map(|link| {
            let mut taken = link.submissions.iter();
            taken
                .find(|(_, taken)| Some(*taken) == hash)
                .map(|(position, _)| *position)
        }))
    }

    fn is_signed(&self, kept: &Kept) -> Result<bool, DeviceError> {
        let practice = *self.practice_state()?.practice();
        let bytes = kept.signature.as_ref().map(|hex| hex.as_bytes());
        let bytes = bytes.and_then(|hex| data_encoding::HEXLOWER.decode(hex).ok());
        let signature: Option<Signature> = bytes.and_then(|bytes| cbor::decode(&bytes).ok());
        let client = kept.client.as_deref().and_then(VerifyingKey::from_hex);
        let (document, invite) = (
            DocumentId::from_hex(&kept.document),
            InviteId::from_hex(&kept.invite),
        );
        let (Some(signature), Some(client), Some(document), Some(invite)) =
            (signature, client, document, invite)
        else {
            return Ok(false);
        };
        let place = Place {
            context: IntakeContext {
                practice,
                document,
                invite,
            },
            kind: if kept.withdrawal {
                SubmissionKind::Withdraw
            } else {
                SubmissionKind::Answers
            },
            sequence: kept.sequence,
            at_ms: kept.at_ms,
        };
        Ok(verify_consents(&client, &place, &kept.consents, &signature).is_ok())
    }
}
