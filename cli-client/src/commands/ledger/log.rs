//! What happened, line by line.

use serde_json::json;
use troth_client_core::device::{DeviceSummary, LogLine};
use troth_protocol::statement::Lane;

use crate::commands::pick;
use crate::commands::share::consents;
use crate::failure::Failure;
use crate::messages::{ledger as say, share};
use crate::output::{columns, time};
use crate::session::Session;

/// Prints it.
///
/// # Errors
/// What stands in the way.
pub fn print(session: &Session, case: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let only = case
        .map(|case| pick::case(session, &mut device, case))
        .transpose()?
        .map(|case| case.id);
    let mut lines = device.log().map_err(|e| session.wrong(e))?;
    lines.retain(|line| only.is_none() || line.case == only);
    let devices = device.devices().map_err(|e| session.wrong(e))?;
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let called = |line: &LogLine| {
        cases
            .iter()
            .find(|case| Some(case.id) == line.case)
            .map(pick::case_name)
    };
    let value: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "position": line.position,
                "received_ms": line.received,
                "kind": line.kind,
                "signer": line.signer.to_string(),
                "member": line.member.map(|member| member.to_string()),
                "document": line.document.map(|document| document.to_string()),
                "case": line.case.map(|case| case.to_string()),
                "lane": line.lane.map(Lane::name),
                "what": line.what,
            })
        })
        .collect();
    let mut rows = vec![say::log_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(lines.iter().map(|line| row(line, called(line), &devices)));
    let words = if lines.is_empty() {
        say::empty(language)
    } else {
        columns(&rows)
    };
    let Some(case) = only else {
        return session.out.result(&json!({ "entries": value }), &words);
    };
    // What a consent says is in the record, sealed: of a single case it is told beside what the ledger says.
    let (consents, lines) = consents::of_case(session, &mut device, &case)?;
    let words = match lines.as_slice() {
        [] => words,
        lines => format!(
            "{words}\n{}\n{}",
            share::consents(session.language),
            lines.join("\n")
        ),
    };
    session
        .out
        .result(&json!({ "entries": value, "consents": consents }), &words)
}

fn row(line: &LogLine, case: Option<String>, devices: &[DeviceSummary]) -> Vec<String> {
    let signer = devices.iter().find(|device| device.id == line.signer);
    // Who cannot read the directory knows devices by their ids.
    let by = signer.and_then(|device| device.name.clone());
    let by = by.unwrap_or_else(|| pick::short(line.signer));
    let about = match (case, line.lane) {
        (Some(case), Some(lane)) => format!("{case}, {}", lane.name()),
        (None, Some(lane)) => lane.name().to_owned(),
        (case, None) => case.unwrap_or_default(),
    };
    vec![
        line.position.to_string(),
        time(line.received),
        line.kind.to_owned(),
        by,
        about,
        line.what.clone(),
    ]
}
