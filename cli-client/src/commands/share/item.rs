//! A note of a partner's lane is shared, with their consent.

use serde_json::json;
use troth_client_core::device::{Consented, Recorded};
use troth_protocol::statement::Lane;

use crate::commands::pick::{self, Found};
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::{failure, share as say};
use crate::secrets;
use crate::session::Session;

/// Copies a note of a partner's lane into joint, with their signed consent, or with one that is recorded for them.
///
/// # Errors
/// What stands in the way.
pub async fn share(
    session: &Session,
    wanted: &str,
    words: Option<String>,
    recorded: Option<Recorded>,
    yes: bool,
) -> Result<(), Failure> {
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
        "recorded": recorded.map(Recorded::name),
        "shared": false,
    });
    if !yes && secrets::can_ask(session) {
        out.note(&note.text);
        out.note("");
        let ask = match recorded {
            None => say::ask(language, &words),
            Some(how) => say::ask_recorded(language, lane.name(), &how_shown(language, how), &words),
        };
        if !secrets::confirmed(session, &ask)? {
            return out.result(&value, &failure::stopped(language));
        }
    }
    let (now, mut rng) = (driver::now(), driver::rng());
    let consented = Consented {
        words: &words,
        recorded,
    };
    let shared = device.share_note(now, &mut rng, &case.id, lane, note.id, consented);
    shared.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    value["shared"] = true.into();
    let done = match recorded {
        None => say::shared(language, &pick::short(&id)),
        Some(_) => say::shared_recorded(language, &pick::short(&id), lane.name()),
    };
    sent.finish(session, value, &done)
}

/// How a consent was given, as people read it.
pub fn how_shown(language: Language, recorded: Recorded) -> String {
    match recorded {
        Recorded::InPerson => say::in_person(language),
        Recorded::Paper => say::on_paper(language),
        Recorded::Phone => say::by_phone(language),
    }
}
