//! A case's answers and consents as a FHIR R4 Bundle: its partners, the forms that they answered, the answers, the consents.
//!
//! Notes and fields are not in it: FHIR has no place that other programs would read them from, and JSON has them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use troth_client_core::device::{ANSWERS, CaseSummary, IntakeConsent};
use troth_forms::Response;
use troth_protocol::ids::{CaseId, DocumentId, InviteId};
use troth_protocol::statement::Lane;

use crate::failure::Failure;
use crate::session::{Device, Session};

/// The Bundle.
///
/// # Errors
/// A lane cannot be read.
pub fn bundle(
    session: &Session,
    device: &mut Device,
    case: &CaseSummary,
    lanes: &[(Lane, DocumentId)],
    at_ms: u64,
) -> Result<Value, Failure> {
    let mut entries = Vec::new();
    let partners = [
        (Lane::PartnerA, Some(&case.partner_a)),
        (Lane::PartnerB, case.partner_b.as_ref()),
    ];
    for (lane, name) in partners {
        let exported = lanes.iter().any(|(of, _)| *of == lane) || lanes.len() > 1;
        if let (true, Some(name)) = (exported, name.filter(|name| !name.is_empty())) {
            let patient = json!({ "resourceType": "Patient", "id": lane.name(), "name": [{ "text": name }] });
            entries.push(entry(&patient_url(&case.id, lane.name()), patient));
        }
    }
    let mut forms = BTreeSet::new();
    for (lane, document) in lanes {
        let records = device.read(*document, |d| d.records(Some(ANSWERS)));
        for (_, record) in records.map_err(|e| session.wrong(e))? {
            let Some((resource, invite)) = answers(case, *lane, &record.body) else {
                continue;
            };
            if forms.insert(invite)
                && let Some(form) = form(device, &case.id, *lane, invite)
            {
                entries.push(entry(&format!("urn:troth:form:{invite}"), form));
            }
            let id = resource["id"].as_str().unwrap_or_default().to_owned();
            entries.push(entry(&format!("urn:troth:submission:{id}"), resource));
        }
    }
    let consents = device.intake_consents(&case.id).map_err(|e| session.wrong(e))?;
    let shown = |c: &&IntakeConsent| {
        lanes
            .iter()
            .any(|(lane, _)| *lane == Lane::Admin || lane.name() == c.lane)
    };
    for (number, c) in consents.iter().filter(shown).enumerate() {
        let resource = consent(case, c, number);
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
        entries.push(entry(&format!("urn:troth:consent:{id}"), resource));
    }
    Ok(json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(at_ms),
        "entry": entries,
    }))
}

fn entry(url: &str, resource: Value) -> Value {
    json!({ "fullUrl": url, "resource": resource })
}

fn patient_url(case: &CaseId, lane: &str) -> String {
    format!("urn:troth:case:{case}:{lane}")
}

/// FHIR's instant, in UTC.
fn instant(ms: u64) -> String {
    let at = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// Accepted answers as they were given; nothing of a record that is none.
fn answers(case: &CaseSummary, lane: Lane, body: &str) -> Option<(Value, InviteId)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let response = Response::parse(body["response"].as_str()?.as_bytes()).ok()?;
    let invite = InviteId::from_hex(body["invite"].as_str()?)?;
    let mut resource = response.to_json();
    resource["id"] = body["submission"].as_str()?.into();
    resource["subject"] = json!({ "reference": patient_url(&case.id, lane.name()) });
    if resource["authored"].is_null() {
        resource["authored"] = instant(body["received_ms"].as_u64()?).into();
    }
    Some((resource, invite))
}

/// The form that a link led to, where it is still there.
fn form(device: &mut Device, case: &CaseId, lane: Lane, invite: InviteId) -> Option<Value> {
    let state = device.state()?;
    let of = |d: &&troth_protocol::document::Document| {
        d.case() == Some(*case) && d.lane() == lane && d.link(&invite).is_some()
    };
    let document = state.documents.values().find(of)?.id();
    serde_json::from_slice(&device.form_of(document, invite).ok()?).ok()
}

fn consent(case: &CaseSummary, c: &IntakeConsent, number: usize) -> Value {
    let status = match (c.latest, c.consent.given, c.withdrawn) {
        (false, ..) | (true, false, true) => "inactive",
        (true, true, _) => "active",
        (true, false, false) => "rejected",
    };
    let id: String = c.submission.chars().take(40).collect();
    let mut identifiers = vec![json!({ "system": "urn:troth:submission", "value": c.submission })];
    if let Some(position) = c.position {
        identifiers.push(json!({ "system": "urn:troth:ledger-position", "value": position.to_string() }));
    }
    if !c.consent.text_sha256.is_empty() {
        identifiers.push(json!({ "system": "urn:troth:words-sha256", "value": c.consent.text_sha256 }));
    }
    let mut resource = json!({
        "resourceType": "Consent",
        "id": format!("{id}-{number}"),
        "identifier": identifiers,
        "status": status,
        "scope": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy",
        }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }], "text": c.consent.name }],
        "patient": { "reference": patient_url(&case.id, &c.lane) },
        "dateTime": instant(c.received),
        "sourceReference": { "reference": format!("urn:troth:submission:{}", c.submission) },
        "policyRule": { "text": format!("{} ({})", c.consent.text, c.consent.version) },
        "verification": [{ "verified": c.signed, "verificationDate": instant(c.received) }],
    });
    if !c.consent.language.is_empty() {
        resource["language"] = c.consent.language.as_str().into();
    }
    resource
}
