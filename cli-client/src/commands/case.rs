//! `troth case`: opening, listing, showing, assigning, closing, erasing.

use clap::Subcommand;
use serde_json::{Value, json};
use troth_client_core::device::CaseSummary;
use troth_client_core::document::LaneDocument;
use troth_protocol::statement::Lane;

use super::{pick, recovery};
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::case as say;
use crate::output::{columns, one_line, time};
use crate::session::{Device, Session};

mod assign;
mod consents;
mod erase;

/// What to do with cases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open a case for a couple, or for one person
    New {
        /// What the case is called
        name: String,
        /// The first partner, or the only client
        #[arg(long, value_name = "NAME")]
        partner_a: String,
        /// The second partner
        #[arg(long, value_name = "NAME")]
        partner_b: Option<String>,
        /// Go on without a tested recovery kit
        #[arg(long)]
        skip_recovery: bool,
    },
    /// List the cases that this device can read
    List,
    /// Show a case: its partners and what is in its lanes
    Show {
        /// The case: its name, or the beginning of its id
        case: String,
    },
    /// Assign a case to a counselor: every lane but process notes
    Assign {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The member: their name, or the beginning of their id
        member: String,
    },
    /// Close a case; its records stay
    Close {
        /// The case: its name, or the beginning of its id
        case: String,
    },
    /// Erase a case: its records and their keys are destroyed everywhere, and nobody can undo it
    Erase {
        /// The case: its name, or the beginning of its id
        case: String,
        /// Only say what would be destroyed, and what stays
        #[arg(long)]
        dry_run: bool,
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
        Command::New {
            name,
            partner_a,
            partner_b,
            skip_recovery,
        } => new(session, &name, &partner_a, partner_b.as_deref(), skip_recovery).await,
        Command::List => list(session),
        Command::Show { case } => show(session, &case),
        Command::Assign { case, member } => assign::assign(session, &case, &member).await,
        Command::Close { case } => close(session, &case).await,
        Command::Erase { case, dry_run, yes } => erase::erase(session, &case, dry_run, yes).await,
    }
}

async fn new(
    session: &Session,
    name: &str,
    partner_a: &str,
    partner_b: Option<&str>,
    skip_recovery: bool,
) -> Result<(), Failure> {
    let language = session.language;
    session.plain([name, partner_a].into_iter().chain(partner_b))?;
    let mut device = session.open()?;
    recovery::before_case(session, &mut device, skip_recovery)?;
    let case = device.new_case(driver::now(), &mut driver::rng(), name, partner_a, partner_b);
    let case = case.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    sent.finish(
        session,
        json!({ "case": case.to_string(), "name": name }),
        &say::opened(language, name, &pick::short(case)),
    )
}

fn list(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let value = json!({ "cases": cases.iter().map(summary).collect::<Vec<_>>() });
    if cases.is_empty() {
        return session.out.result(&value, &say::none(language));
    }
    let mut rows = vec![say::list_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(cases.iter().map(|case| {
        vec![
            pick::short(case.id),
            pick::case_name(case),
            partners(case),
            status(language, case),
            opened(case),
        ]
    }));
    session.out.result(&value, &columns(&rows))
}

fn show(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    session.unlock_if_given(&mut device)?;
    let lanes = lanes(session, &mut device, &case)?;
    let mut value = summary(&case);
    value["lanes"] = lanes
        .iter()
        .map(|(lane, document, counts)| {
            json!({
                "lane": lane.name(),
                "document": document,
                "readable": counts.is_some(),
                "notes": counts.map(|(notes, _)| notes),
                "fields": counts.map(|(_, fields)| fields),
            })
        })
        .collect();
    let mut words = format!(
        "{}  {}\n",
        one_line(&pick::case_name(&case)),
        pick::short(case.id)
    );
    words.push_str(&columns(&[
        vec![say::show_partners(language), partners(&case)],
        vec![say::show_status(language), status(language, &case)],
        vec![say::show_opened(language), opened(&case)],
    ]));
    let mut rows = vec![say::lanes_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(lanes.into_iter().map(|(lane, _, counts)| match counts {
        Some((notes, fields)) => vec![lane.name().to_owned(), notes.to_string(), fields.to_string()],
        None => vec![lane.name().to_owned(), "-".into(), "-".into()],
    }));
    words = format!("{words}\n{}", columns(&rows));
    let (given, table) = consents::of_case(session, &mut device, &case.id)?;
    value["consents"] = given;
    if !table.is_empty() {
        words = format!("{words}\n{table}");
    }
    let waiting = consents::waiting(session, &mut device, &case.id)?;
    value["inbox_waiting"] = waiting.into();
    if waiting > 0 {
        words = format!("{words}\n{}\n", say::inbox_waits(language, waiting));
    }
    session.out.result(&value, &words)?;
    session.read(&mut device)
}

/// A lane, its document, and how many notes and fields are in it where this device can read it.
type LaneCounts = (Lane, String, Option<(usize, usize)>);

fn lanes(session: &Session, device: &mut Device, case: &CaseSummary) -> Result<Vec<LaneCounts>, Failure> {
    let count = |document: &LaneDocument| (document.notes().len(), document.fields().len());
    let of = |(lane, document): &(Lane, _)| {
        let counts = pick::readable(session, device.read(*document, count))?;
        Ok((*lane, document.to_string(), counts))
    };
    case.lanes.iter().map(of).collect()
}

async fn close(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    if case.status == "closed" {
        return Err(Failure::failed(say::closed_already(language, &case.name)));
    }
    let (_, document) = pick::lane(session, &case, Lane::Admin.name())?;
    let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| {
        doc.set_case_status("closed")
    });
    edited.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    sent.finish(
        session,
        json!({ "case": case.id.to_string(), "status": "closed" }),
        &say::closed(language, &case.name),
    )
}

/// When it was opened, where this device can read that.
fn opened(case: &CaseSummary) -> String {
    match case.created_ms {
        0 => String::new(),
        ms => time(ms),
    }
}

/// A case for a machine.
pub fn summary(case: &CaseSummary) -> Value {
    json!({
        "id": case.id.to_string(),
        "name": case.name,
        "partner_a": case.partner_a,
        "partner_b": case.partner_b,
        "status": case.status,
        "created_ms": case.created_ms,
    })
}

fn partners(case: &CaseSummary) -> String {
    match &case.partner_b {
        Some(partner_b) => format!("{} & {partner_b}", case.partner_a),
        None => case.partner_a.clone(),
    }
}

/// The status that this program sets in the person's language; any other as the practice wrote it.
fn status(language: Language, case: &CaseSummary) -> String {
    match case.status.as_str() {
        "open" => say::status_open(language),
        "closed" => say::status_closed(language),
        other => other.to_owned(),
    }
}
