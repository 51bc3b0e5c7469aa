//! `troth quarantine`: what was set aside for review, what it would have changed, and what becomes of it.

use std::collections::HashMap;

use clap::Subcommand;
use serde_json::{Value, json};
use troth_client_core::device::{DeviceError, Phase, QuarantineLine};

use super::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::{failure, quarantine as say};
use crate::output::{columns, time};
use crate::secrets;
use crate::session::{Device, Session};

mod changes;

/// What to do with what was set aside.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what was set aside: edits that came too late or had no right, and what others sent that cannot be shown
    List {
        /// The case: its name, or the beginning of its id
        case: Option<String>,
    },
    /// Show what an edit that was set aside would have changed
    Show {
        /// Its number in the list
        id: String,
    },
    /// Enter an edit that was set aside again, as an edit of now in the lane as it is
    Enter {
        /// Its number in the list
        id: String,
    },
    /// Decide against something that was set aside: it is listed no more; nobody else is told
    Discard {
        /// Its number in the list
        id: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { case } => list(session, case.as_deref()),
        Command::Show { id } => show(session, &id),
        Command::Enter { id } => enter(session, &id).await,
        Command::Discard { id, yes } => discard(session, &id, yes),
    }
}

/// How a line is told: with names for what it is about.
struct Told {
    line: QuarantineLine,
    case: Option<String>,
    author: Option<String>,
}

impl Told {
    fn to_json(&self) -> Value {
        let line = &self.line;
        json!({
            "id": line.id,
            "what": line.what,
            "rule": line.rule,
            "position": line.position,
            "at_ms": line.at,
            "case": line.case.map(|case| case.to_string()),
            "case_name": self.case,
            "lane": line.lane.map(troth_protocol::statement::Lane::name),
            "author": line.author.map(|author| author.to_string()),
            "author_name": self.author,
            "is_edit": line.is_edit,
        })
    }
}

fn told(session: &Session, device: &mut Device) -> Result<Vec<Told>, Failure> {
    let lines = device.quarantine().map_err(|e| session.wrong(e))?;
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let names: HashMap<_, _> = cases.into_iter().map(|case| (case.id, case.name)).collect();
    let lines = lines.into_iter().map(|line| Told {
        case: line.case.map(|case| {
            let name = names.get(&case).cloned();
            name.unwrap_or_else(|| pick::short(case))
        }),
        author: line.author.map(|author| session.called(device, author)),
        line,
    });
    Ok(lines.collect())
}

fn found(session: &Session, device: &mut Device, id: &str) -> Result<Told, Failure> {
    let all = told(session, device)?;
    let found = all.into_iter().find(|told| told.line.id == id);
    found.ok_or_else(|| session.wrong(DeviceError::NoSuchQuarantine))
}

fn list(session: &Session, case: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = case.map(|wanted| pick::case(session, &mut device, wanted));
    let case = case.transpose()?.map(|case| case.id);
    let mut all = told(session, &mut device)?;
    all.retain(|told| case.is_none() || told.line.case == case);
    let value = json!({ "quarantined": all.iter().map(Told::to_json).collect::<Vec<_>>() });
    if all.is_empty() {
        return session.out.result(&value, &say::none(language));
    }
    let mut rows = vec![say::head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(all.into_iter().map(|told| {
        vec![
            told.line.id,
            told.line.at.map(time).unwrap_or_default(),
            told.case.unwrap_or_default(),
            told.author.unwrap_or_default(),
            told.line.what,
        ]
    }));
    let words = format!("{}\n{}", columns(&rows), say::hint(language));
    session.out.result(&value, &words)
}

fn show(session: &Session, id: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let told = found(session, &mut device, id)?;
    let mut value = told.to_json();
    let mut words = say::about(language, &told.line.what);
    if told.line.is_edit {
        if let Some(lane) = told.line.lane {
            session.unlock_for(&mut device, lane)?;
        }
        let differences = device.quarantined(id).map_err(|e| session.wrong(e))?;
        value["changes"] = differences.iter().map(changes::to_json).collect();
        for difference in &differences {
            words = format!("{words}\n\n{}", changes::words(language, difference));
        }
    } else {
        value["changes"] = Value::Array(Vec::new());
        words = format!("{words}\n{}", say::no_edit(language));
    }
    session.out.result(&value, &words)
}

async fn enter(session: &Session, id: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let told = found(session, &mut device, id)?;
    if device.phase() == Phase::Halted {
        return Err(Failure::not_allowed(say::writes_no_more(language, id)));
    }
    if let Some(lane) = told.line.lane {
        session.unlock_for(&mut device, lane)?;
    }
    let entered = device.enter_quarantined(driver::now(), &mut driver::rng(), id);
    entered.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let lane = told.line.lane.map(troth_protocol::statement::Lane::name);
    let case = told.case.as_deref().unwrap_or_default();
    let words = say::entered(language, lane.unwrap_or_default(), case);
    let value = json!({ "id": id, "entered": true, "lane": lane });
    sent.finish(session, value, &words)
}

fn discard(session: &Session, id: &str, yes: bool) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let told = found(session, &mut device, id)?;
    if !yes && !secrets::confirmed(session, &say::ask(language, &told.line.what))? {
        let value = json!({ "id": id, "discarded": false });
        return session.out.result(&value, &failure::stopped(language));
    }
    let discarded = device.discard_quarantined(driver::now(), &mut driver::rng(), id);
    discarded.map_err(|e| session.wrong(e))?;
    let value = json!({ "id": id, "discarded": true });
    session.out.result(&value, &say::discarded(language))
}
