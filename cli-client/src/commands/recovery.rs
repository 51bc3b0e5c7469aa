//! `troth recovery`: coming back after every device is lost, by a printed kit or by two admins.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use troth_client_core::device::{DeviceError, RecoverySummary};

use super::pick;
use crate::driver;
use crate::failure::Failure;
use crate::kit::fingerprint;
use crate::messages::recovery as say;
use crate::output::{columns, time};
use crate::session::{Device, Session};

mod admins;
mod ask;
mod come_back;
mod kit;
mod resume;

/// What to do about recovery.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a recovery kit: 24 words to print or copy, which bring the records back when every device is lost
    Kit {
        /// Write it to this file, a PDF to print, and do not show it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Type the words of a kit again, to show that they can be read
    Test {
        /// Read the words from FILE, or from standard input with `-`; without it you are asked
        #[arg(long, value_name = "FILE")]
        words_file: Option<PathBuf>,
    },
    /// Come back with a kit: adds this computer as a new device of the kit's owner
    Use {
        /// The relay: https://HOST[:PORT], or http:// on this machine
        #[arg(long, value_name = "URL")]
        relay: String,
        /// What this device is called
        #[arg(long)]
        name: Option<String>,
        /// Read the words from FILE, or from standard input with `-`; without it you are asked
        #[arg(long, value_name = "FILE")]
        words_file: Option<PathBuf>,
    },
    /// List your kits, and recoveries that are open
    List,
    /// Come back without a kit: prints a code (with --json on standard error) and waits for an admin to propose your recovery
    Ask {
        /// The relay: https://HOST[:PORT], or http:// on this machine
        #[arg(long, value_name = "URL")]
        relay: String,
        /// What this device is called
        #[arg(long)]
        name: Option<String>,
    },
    /// As an admin, take the code of a member who lost everything, and propose to recover them
    Propose {
        /// The code; `-` reads it from standard input
        code: String,
        /// The member: their name, or the beginning of their id
        member: String,
    },
    /// As another admin, approve a recovery
    Approve {
        /// The recovery: the beginning of its id, or the member's name
        recovery: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// As an admin, let the practice go on after its relay was restored from an older backup: what any device still has of what
    /// the relay lost goes back to it
    Resume {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Stop a recovery, as an admin or as the member it is about
    Stop {
        /// The recovery: the beginning of its id, or the member's name
        recovery: String,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Kit { out } => kit::make(session, out.as_deref()).await,
        Command::Test { words_file } => kit::test(session, words_file.as_deref()),
        Command::Use {
            relay,
            name,
            words_file,
        } => come_back::run(session, &relay, name, words_file.as_deref()).await,
        Command::List => list(session),
        Command::Ask { relay, name } => ask::run(session, &relay, name).await,
        Command::Propose { code, member } => admins::propose(session, &code, &member).await,
        Command::Approve { recovery, yes } => admins::approve(session, &recovery, yes).await,
        Command::Resume { yes } => resume::run(session, yes).await,
        Command::Stop { recovery } => admins::stop(session, &recovery).await,
    }
}

/// Whether a case may be opened: not the first one before a kit was tested, unless the person says so.
///
/// # Errors
/// It may not.
pub fn before_case(session: &Session, device: &mut Device, skip: bool) -> Result<(), Failure> {
    let language = session.language;
    let kits = match device.kits() {
        // The practice is founded, and not yet confirmed.
        Err(DeviceError::NoPractice) => Vec::new(),
        kits => kits.map_err(|e| session.wrong(e))?,
    };
    if kits.iter().any(|kit| kit.tested) {
        return Ok(());
    }
    // A kit may have been tested on another device of theirs: once they have opened a case, it is not asked for on each. One
    // that was assigned to them asked nobody.
    let begun = !kits.is_empty() && device.has_opened_a_case();
    if !skip && !begun {
        return Err(Failure::not_allowed(say::required(language)));
    }
    session.out.note(&say::reminder(language));
    Ok(())
}

fn list(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let kits = device.kits().map_err(|e| session.wrong(e))?;
    let open = device.recoveries(driver::now()).map_err(|e| session.wrong(e))?;
    let names: Vec<_> = open.iter().map(|of| names(session, &mut device, of)).collect();
    let told = open.iter().zip(&names).map(|(recovery, names)| {
        let mut value = to_json(recovery);
        value["member_name"] = names.0.clone().into();
        value["proposer_name"] = names.1.clone().into();
        value
    });
    let value = json!({
        "kits": kits
            .iter()
            .map(|kit| json!({ "id": kit.id.to_string(), "tested": kit.tested }))
            .collect::<Vec<_>>(),
        "recoveries": told.collect::<Vec<_>>(),
    });
    let head = |head: String| vec![head.split('\t').map(str::to_owned).collect::<Vec<_>>()];
    let mut words = if kits.is_empty() {
        format!("{}\n", say::kits_none(language))
    } else {
        let mut rows = head(say::kits_head(language));
        rows.extend(kits.iter().map(|kit| {
            let tested = if kit.tested {
                say::yes(language)
            } else {
                say::no(language)
            };
            vec![fingerprint(&kit.id), tested]
        }));
        columns(&rows)
    };
    if !open.is_empty() {
        let mut rows = head(say::open_head(language));
        rows.extend(open.iter().zip(names).map(|(recovery, (member, proposer))| {
            vec![
                pick::short(recovery.id),
                member,
                proposer,
                time(recovery.proposed),
                time(recovery.ripe),
            ]
        }));
        words = format!("{words}\n{}", columns(&rows));
    }
    session.out.result(&value, &words)
}

/// What the member and the proposer are called.
fn names(session: &Session, device: &mut Device, recovery: &RecoverySummary) -> (String, String) {
    (
        session.called(device, recovery.member),
        session.called(device, recovery.proposer),
    )
}

/// A recovery for a machine.
fn to_json(recovery: &RecoverySummary) -> serde_json::Value {
    json!({
        "id": recovery.id.to_string(),
        "member": recovery.member.to_string(),
        "proposer": recovery.proposer.to_string(),
        "proposed_ms": recovery.proposed,
        "ripe_ms": recovery.ripe,
        "approvable": recovery.approvable,
    })
}
