//! Erasing a case.

use std::collections::BTreeMap;

use serde_json::json;
use troth_protocol::document::Document;

use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::{case as say, failure};
use crate::output::Lines;
use crate::secrets;
use crate::session::Session;

/// Destroys a case's records and keys, here, on the relay, and on every device at its next sync.
///
/// # Errors
/// What stands in the way.
pub async fn erase(session: &Session, wanted: &str, dry: bool, yes: bool) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let documents = device.erasable(&case.id).map_err(|e| session.wrong(e))?;
    let mut lanes: BTreeMap<&'static str, usize> = BTreeMap::new();
    let known = device.state().map(|state| &state.documents);
    for document in &documents {
        let lane = known.and_then(|known| known.get(document)).map(Document::lane);
        *lanes
            .entry(lane.map_or("", troth_protocol::statement::Lane::name))
            .or_default() += 1;
    }
    let name = pick::case_name(&case);
    let mut value = json!({
        "case": case.id.to_string(),
        "name": case.name,
        "erased": false,
        "documents": documents.len(),
        "lanes": lanes,
    });
    let listed = lanes.into_keys().collect::<Vec<_>>().join(", ");
    let told = say::erase_told(language, &name, documents.len(), &listed);
    if dry {
        let words = say::erase_dry(language, Lines(&told));
        return session.out.result(&value, &words);
    }
    if !yes {
        if !secrets::can_ask(session) {
            return Err(Failure::usage(failure::no_answer(language)));
        }
        session.out.note(&told);
        if !secrets::confirmed(session, &say::erase_ask(language, &name))? {
            return session.out.result(&value, &failure::stopped(language));
        }
    }
    let erased = device.erase_case(&mut driver::rng(), &case.id);
    value["documents"] = erased.map_err(|e| session.wrong(e))?.into();
    let sent = session.send(&mut device).await?;
    value["erased"] = sent.is_sent().into();
    let words = if sent.is_sent() {
        say::erased(language, &name)
    } else {
        say::erasure_waits(language, &name)
    };
    sent.finish(session, value, &words)
}
