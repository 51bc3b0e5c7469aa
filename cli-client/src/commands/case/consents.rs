//! The consents that a case holds from intake links, and what waits in the inbox for it.

use serde_json::{Value, json};
use troth_client_core::device::IntakeConsent;
use troth_protocol::ids::CaseId;

use crate::failure::Failure;
use crate::language::Language;
use crate::messages::case as say;
use crate::output::{columns, time};
use crate::session::{Device, Session};

/// The consents as scripts and as people read them: scripts get all, people the latest word on each.
///
/// # Errors
/// What stands in the way.
pub fn of_case(session: &Session, device: &mut Device, case: &CaseId) -> Result<(Value, String), Failure> {
    let language = session.language;
    let all = device.intake_consents(case).map_err(|e| session.wrong(e))?;
    let value = all.iter().map(to_json).collect();
    let latest: Vec<&IntakeConsent> = all.iter().filter(|c| c.latest).collect();
    if latest.is_empty() {
        return Ok((value, String::new()));
    }
    let mut rows = vec![
        say::consents_head(language)
            .split('\t')
            .map(str::to_owned)
            .collect(),
    ];
    rows.extend(latest.into_iter().map(|c| row(language, c)));
    Ok((value, columns(&rows)))
}

/// How much waits in the inbox for a case.
///
/// # Errors
/// What stands in the way.
pub fn waiting(session: &Session, device: &mut Device, case: &CaseId) -> Result<usize, Failure> {
    let inbox = device.inbox().map_err(|e| session.wrong(e))?;
    let waits = inbox
        .iter()
        .filter(|a| a.case == Some(*case) && !a.accepted && !a.replied);
    Ok(waits.count())
}

fn to_json(c: &IntakeConsent) -> Value {
    let mut value = json!(c.consent);
    let rest = json!({
        "lane": c.lane,
        "standing": standing(c),
        "latest": c.latest,
        "received_ms": c.received,
        "position": c.position,
        "submission": c.submission,
        "invite": c.invite,
        "client": c.client,
        "signed": c.signed,
    });
    if let (Some(value), Value::Object(rest)) = (value.as_object_mut(), rest) {
        value.extend(rest);
    }
    value
}

const fn standing(c: &IntakeConsent) -> &'static str {
    match (c.consent.given, c.withdrawn) {
        (true, _) => "given",
        (false, true) => "withdrawn",
        (false, false) => "refused",
    }
}

fn row(language: Language, c: &IntakeConsent) -> Vec<String> {
    let stands = match standing(c) {
        "given" => say::consent_given(language),
        "withdrawn" => say::consent_withdrawn(language),
        _ => say::consent_refused(language),
    };
    let version = &c.consent.version;
    let signed = match c.signed {
        true => say::consent_signed(language),
        false => say::consent_unsigned(language),
    };
    let digest: String = c.consent.text_sha256.chars().take(8).collect();
    vec![
        c.lane.clone(),
        c.consent.name.clone(),
        stands,
        time(c.received),
        format!("{version} {} {digest}", c.consent.language),
        c.position
            .map(|position| position.to_string())
            .unwrap_or_default(),
        signed,
    ]
}
