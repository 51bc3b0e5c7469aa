//! A partner shares a note of their own lane.

use serde_json::json;
use troth_protocol::statement::Lane;

use crate::commands::pick::{self, Found};
use crate::driver;
use crate::failure::Failure;
use crate::messages::{failure, share as say};
use crate::secrets;
use crate::session::Session;

/// Copies a note of a partner's lane into joint, with their signed consent.
///
/// # Errors
/// What stands in the way.
pub async fn share(session: &Session, wanted: &str, words: Option<String>, yes: bool) -> Result<(), Failure> {
    let (out, language) = (session.out, session.language);
    let mut device = session.open()?;
    let Found { case, lane, note, .. } = pick::note(session, &mut device, wanted)?;
    if !matches!(lane, Lane::PartnerA | Lane::PartnerB) {
        return Err(Failure::failed(say::no_partner_lane(language, lane.name())));
    }
    if !case.lanes.iter().any(|(lane, _)| *lane == Lane::Joint) {
        return Err(Failure::failed(say::no_joint(language)));
    }
    let words = words.unwrap_or_else(|| say::consent(language));
    let id = pick::id(&note.id);
    let mut value = json!({
        "note": id,
        "case": case.id.to_string(),
        "from": lane.name(),
        "lane": Lane::Joint.name(),
        "words": words,
        "shared": false,
    });
    if !yes && secrets::can_ask(session) {
        out.note(&note.text);
        out.note("");
        if !secrets::confirmed(session, &say::ask(language, &words))? {
            return out.result(&value, &failure::stopped(language));
        }
    }
    let (now, mut rng) = (driver::now(), driver::rng());
    let shared = device.share_note(now, &mut rng, &case.id, lane, note.id, &words);
    shared.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    value["shared"] = true.into();
    sent.finish(session, value, &say::shared(language, &pick::short(&id)))
}
