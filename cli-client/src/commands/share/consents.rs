//! The consents under which items of partners' lanes were shared.

use serde_json::{Value, json};
use troth_client_core::device::{DeviceError, Recorded, ShareConsent};
use troth_protocol::ids::{CaseId, MemberId};
use troth_protocol::statement::Lane;

use super::item::how_shown;
use crate::commands::pick;
use crate::failure::Failure;
use crate::messages::share as say;
use crate::output::time;
use crate::session::{Device, Session};

/// The consents of a case as scripts and as people read them, one a line; none where this device does not read its joint lane.
///
/// # Errors
/// What stands in the way.
pub fn of_case(
    session: &Session,
    device: &mut Device,
    case: &CaseId,
) -> Result<(Value, Vec<String>), Failure> {
    let consents = match device.document_of(case, Lane::Joint) {
        Some(joint) => pick::readable(session, device.share_consents(joint))?,
        None => None,
    };
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    for (consent, holds) in consents.unwrap_or_default() {
        let name = name(device, &consent).map_err(|e| session.wrong(e))?;
        lines.push(line(session, &consent, name.as_deref(), holds));
        values.push(json(&consent, name.as_deref(), holds));
    }
    Ok((values.into(), lines))
}

/// A consent as scripts read it.
pub fn json(consent: &ShareConsent, name: Option<&str>, holds: bool) -> Value {
    json!({
        "member": consent.member,
        "name": name,
        "lane": consent.lane,
        "note": consent.note,
        "at_ms": consent.at_ms,
        "words": consent.words,
        "recorded": consent.recorded.map(Recorded::name),
        "valid": holds,
    })
}

fn name(device: &mut Device, consent: &ShareConsent) -> Result<Option<String>, DeviceError> {
    let member = MemberId::from_hex(&consent.member);
    member.map_or(Ok(None), |member| device.name_of(member))
}

fn line(session: &Session, consent: &ShareConsent, name: Option<&str>, holds: bool) -> String {
    let (language, at, lane) = (session.language, time(consent.at_ms), &consent.lane);
    let by = name.map_or_else(|| pick::short(&consent.member), str::to_owned);
    match consent.recorded {
        _ if !holds => say::consent_invalid(language, &at, lane, &by),
        None => say::consent_own(language, &at, lane, &by),
        Some(how) => say::consent_recorded(language, &at, lane, &by, &how_shown(language, how)),
    }
}
