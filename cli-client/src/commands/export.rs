//! `troth export`: a case in files that other programs open.
//!
//! One lane gives one file. Several lanes as Automerge documents give a file each: in the directory `OUT`, or, where `OUT` has an
//! extension, the joint record in `OUT` itself and the others beside it, each with its lane in its name. Process notes
//! stand outside the record (45 CFR 164.501) and are exported only when they are asked for by name.

mod fhir;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use troth_client_core::device::{CaseSummary, SensitiveState};
use troth_client_core::document::{LaneDocument, genesis};
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{AccessKind, Lane};

use super::{case as cases, ledger, pick};
use crate::driver;
use crate::failure::Failure;
use crate::files;
use crate::messages::{case as say, sensitive};
use crate::session::{Device, Sent, Session};

/// What to write, and where.
#[derive(Debug, Args)]
pub struct Options {
    /// The case: its name, or the beginning of its id
    case: String,
    /// Automerge documents with their history, the present state as JSON, or answers and consents as a FHIR Bundle
    #[arg(long, value_enum)]
    format: Format,
    /// A file or a directory that is not there yet, or a directory
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Only this lane; by default all but process notes
    #[arg(long)]
    lane: Option<String>,
}

/// What other programs open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Automerge's own format.
    Automerge,
    /// JSON.
    Json,
    /// FHIR R4: a Bundle, as JSON.
    Fhir,
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, options: &Options) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, &options.case)?;
    let lanes = lanes(session, &mut device, &case, options.lane.as_deref())?;
    if lanes.is_empty() {
        return Err(Failure::failed(say::nothing_there(language)));
    }
    // Kept before it is done: an export that the ledger never hears of is worse than one that was announced and failed.
    for (_, document) in &lanes {
        let kept = device.record_access(driver::now(), &mut driver::rng(), *document, AccessKind::Export);
        kept.map_err(|e| session.wrong(e))?;
    }
    let written = match options.format {
        Format::Json => json_file(session, &mut device, &case, &lanes, &options.out)?,
        Format::Fhir => fhir_file(session, &mut device, &case, &lanes, &options.out)?,
        Format::Automerge => automerge_files(session, &mut device, &lanes, options)?,
    };
    let files: Vec<_> = written
        .iter()
        .map(|(path, lane)| json!({ "path": path.display().to_string(), "lane": lane.map(Lane::name) }))
        .collect();
    let words: Vec<_> = written
        .iter()
        .map(|(path, _)| say::exported(language, &path.display().to_string()))
        .collect();
    let words = words.join("\n");
    let mut value = json!({ "case": case.id.to_string(), "files": files });
    // The files are there whatever the relay says to it, and whoever asked for them has to know. JSON is one value: it waits.
    if !session.out.json {
        session.out.result(&value, &words)?;
    }
    session.out.note(&say::plaintext(language));
    if options.format == Format::Fhir {
        session.out.note(&say::fhir_holds(language));
    } else if options.lane.is_none() {
        session.out.note(&say::process_notes_stay(language));
    }
    match session.send(&mut device).await {
        Ok(sent) => sent.finish(session, value, ""),
        Err(failure) => {
            if session.out.json {
                value["sync"] = Sent::Held(device.waiting()).to_json();
                session.out.result(&value, "")?;
            }
            Err(failure.answered())
        }
    }
}

type Lanes = Vec<(Lane, DocumentId)>;
type Written = Vec<(PathBuf, Option<Lane>)>;

/// The lane that was asked for, or all that this device can read and that hold something.
fn lanes(
    session: &Session,
    device: &mut Device,
    case: &CaseSummary,
    wanted: Option<&str>,
) -> Result<Lanes, Failure> {
    if let Some(wanted) = wanted {
        let (lane, document) = pick::lane(session, case, wanted)?;
        session.unlock_for(device, lane)?;
        return Ok(vec![(lane, document)]);
    }
    // What was ever read here belongs to a whole export, and is not left out because it is locked.
    if device.sensitive() == SensitiveState::NotSet {
        session.out.note(&sensitive::left_out(session.language));
    } else {
        session.unlock(device)?;
    }
    let mut lanes = Vec::new();
    for (lane, document) in case
        .lanes
        .iter()
        .copied()
        .filter(|(lane, _)| *lane != Lane::ProcessNotes)
    {
        let holds_something = |doc: &mut LaneDocument| doc.heads() != [genesis::HASH];
        if pick::readable(session, device.read_mut(document, holds_something))? == Some(true) {
            lanes.push((lane, document));
        }
    }
    Ok(lanes)
}

fn json_file(
    session: &Session,
    device: &mut Device,
    case: &CaseSummary,
    lanes: &Lanes,
    out: &Path,
) -> Result<Written, Failure> {
    let mut content = Map::new();
    for (lane, document) in lanes {
        let state = device
            .read(*document, LaneDocument::to_json)
            .map_err(|e| session.wrong(e))?;
        content.insert(lane.name().to_owned(), state);
    }
    let value = json!({ "case": cases::summary(case), "lanes": content });
    one_file(session, case, lanes, out, &value)
}

fn fhir_file(
    session: &Session,
    device: &mut Device,
    case: &CaseSummary,
    lanes: &Lanes,
    out: &Path,
) -> Result<Written, Failure> {
    let bundle = fhir::bundle(session, device, case, lanes, driver::now())?;
    one_file(session, case, lanes, out, &bundle)
}

fn one_file(
    session: &Session,
    case: &CaseSummary,
    lanes: &Lanes,
    out: &Path,
    value: &Value,
) -> Result<Written, Failure> {
    let path = if out.is_dir() {
        out.join(format!("{}.json", case.id))
    } else {
        out.to_owned()
    };
    ledger::write(session, &path, format!("{value:#}\n").as_bytes())?;
    let only = if let [(lane, _)] = &lanes[..] {
        Some(*lane)
    } else {
        None
    };
    Ok(vec![(path, only)])
}

fn automerge_files(
    session: &Session,
    device: &mut Device,
    lanes: &Lanes,
    options: &Options,
) -> Result<Written, Failure> {
    let out = &options.out;
    let in_a_directory = out.is_dir() || (out.extension().is_none() && options.lane.is_none());
    if in_a_directory {
        files::private_dir(out).map_err(|e| Failure::io(session.language, out.display(), &e))?;
    }
    let mut written = Vec::new();
    for (lane, document) in lanes {
        let path = if in_a_directory {
            out.join(format!("{}.automerge", lane.name()))
        } else {
            beside(out, *lane, lanes)
        };
        let saved = device
            .read_mut(*document, LaneDocument::save)
            .map_err(|e| session.wrong(e))?;
        ledger::write(session, &path, &saved)?;
        written.push((path, Some(*lane)));
    }
    Ok(written)
}

/// `OUT` for the only lane or the joint record, `OUT` with the lane before its extension for the others.
fn beside(out: &Path, lane: Lane, lanes: &Lanes) -> PathBuf {
    let main = lanes
        .iter()
        .map(|(lane, _)| *lane)
        .find(|lane| *lane == Lane::Joint);
    let main = main.or_else(|| lanes.first().map(|(lane, _)| *lane));
    if main == Some(lane) {
        return out.to_owned();
    }
    let extension = out.extension().unwrap_or_default().to_string_lossy();
    out.with_extension(format!("{}.{extension}", lane.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_joint_record_takes_the_name_that_was_given() {
        let lanes: Lanes = [Lane::Admin, Lane::Joint, Lane::PartnerA]
            .map(|lane| (lane, DocumentId::default()))
            .into();
        let out = Path::new("dir/lee.automerge");
        assert_eq!(beside(out, Lane::Joint, &lanes), out);
        assert_eq!(
            beside(out, Lane::PartnerA, &lanes),
            Path::new("dir/lee.partner-a.automerge")
        );
        assert_eq!(
            beside(out, Lane::Admin, &lanes[..1].to_vec()),
            out,
            "where there is no joint record, the first lane"
        );
    }
}
