//! `troth share`: who reads which lane, giving and ending that.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use troth_client_core::device::{Recorded, Share};
use troth_protocol::statement::{Lane, Rights, Role};

use super::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::share as say;
use crate::output::time;
use crate::session::Session;

pub mod consents;
mod item;
mod table;
pub mod until;

pub use item::how_shown;

/// What to do with shares.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Share a lane of a case with a member
    Grant {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The lane: joint, partner-a, partner-b, assessments or admin
        #[arg(long)]
        lane: String,
        /// The member: their name, or the beginning of their id
        #[arg(long = "with", value_name = "MEMBER")]
        member: String,
        /// They may read, and not write
        #[arg(long)]
        read_only: bool,
        /// When it ends: a date (through that day), a time (2026-08-01T12:00:00Z), or a while from now: 30d, 12h, 2w
        #[arg(long, value_name = "DATE|30d")]
        until: Option<String>,
        /// Without what is there: they read the present state and what comes, and no history
        #[arg(long)]
        from_now: bool,
    },
    /// End a member's share of a lane
    Revoke {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The lane: joint, partner-a, partner-b, assessments or admin
        #[arg(long)]
        lane: String,
        /// The member: their name, or the beginning of their id
        #[arg(long = "with", value_name = "MEMBER")]
        member: String,
    },
    /// Show who can read which lane of a case
    List {
        /// The case: its name, or the beginning of its id
        case: String,
    },
    /// Share a note of a partner's lane: copies it into joint, with the partner's signed consent
    Item {
        /// The note: its id or the beginning of it
        note: String,
        /// What you consent to, in your words
        #[arg(long, value_name = "TEXT")]
        words: Option<String>,
        /// For a partner who has no device here: record that they consented, and how: in-person, paper or phone
        #[arg(long, value_name = "HOW", value_parser = recorded())]
        recorded: Option<Recorded>,
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
        Command::Grant {
            case,
            lane,
            member,
            read_only,
            until,
            from_now,
        } => {
            let until = until.as_deref().map(|text| until::parse(session, text));
            let until = until.transpose()?;
            let rights = if read_only { Rights::Read } else { Rights::Write };
            grant(session, [&case, &lane, &member], (rights, until), from_now).await
        }
        Command::Revoke { case, lane, member } => revoke(session, [&case, &lane, &member]).await,
        Command::List { case } => table::list(session, &case),
        Command::Item {
            note,
            words,
            recorded,
            yes,
        } => item::share(session, &note, words, recorded, yes).await,
    }
}

fn recorded() -> impl TypedValueParser<Value = Recorded> {
    const ALL: [Recorded; 3] = [Recorded::InPerson, Recorded::Paper, Recorded::Phone];
    let names = PossibleValuesParser::new(ALL.map(Recorded::name));
    names.try_map(|name| {
        ALL.into_iter()
            .find(|how| how.name() == name)
            .ok_or("no such way")
    })
}

async fn grant(
    session: &Session,
    [case, lane, wanted]: [&str; 3],
    (rights, until): (Rights, Option<u64>),
    from_now: bool,
) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, case)?;
    let (lane, _) = pick::lane(session, &case, lane)?;
    let member = pick::member(session, &mut device, wanted)?;
    let called = pick::called(&member);
    if lane == Lane::ProcessNotes {
        return Err(Failure::failed(say::process_notes(language)));
    }
    if member.role == Some(Role::Auditor) {
        return Err(Failure::failed(say::auditor(language, &called)));
    }
    session.unlock_for(&mut device, lane)?;
    let share = Share {
        member: member.id,
        rights,
        until,
    };
    let mut rng = driver::rng();
    let shared = if from_now {
        device.share_from_now(driver::now(), &mut rng, &case.id, lane, share)
    } else {
        device.share(&mut rng, &case.id, lane, share)
    };
    shared.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let (name, lane_name) = (pick::case_name(&case), lane.name());
    let mut words = match (rights, from_now) {
        (Rights::Write, false) => say::granted(language, &called, lane_name, &name),
        (Rights::Read, false) => say::granted_read(language, &called, lane_name, &name),
        (Rights::Write, true) => say::granted_from_now(language, &called, lane_name, &name),
        (Rights::Read, true) => say::granted_read_from_now(language, &called, lane_name, &name),
    };
    if !sent.is_sent() {
        words = say::grant_waits(language, &called, lane_name, &name);
    }
    if let Some(until) = until {
        words = format!("{words}\n{}", say::ends(language, &time(until)));
    }
    let value = json!({
        "case": case.id.to_string(),
        "lane": lane_name,
        "member": member.id.to_string(),
        "rights": rights_name(rights),
        "until_ms": until,
        "from_now": from_now,
        "granted": sent.is_sent(),
    });
    sent.finish(session, value, &words)
}

async fn revoke(session: &Session, [case, lane, wanted]: [&str; 3]) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, case)?;
    let (lane, _) = pick::lane(session, &case, lane)?;
    let member = pick::member(session, &mut device, wanted)?;
    let (called, name) = (pick::called(&member), pick::case_name(&case));
    let access = device.access_of(driver::now(), &case.id);
    let access = access.map_err(|e| session.wrong(e))?;
    let now = access.iter().find(|a| a.lane == lane && a.member == member.id);
    match now {
        Some(access) if access.rights.is_some() && !access.by_role => {}
        Some(access) if access.rights.is_some() => {
            return Err(Failure::failed(say::by_role(language, &called)));
        }
        _ => return Err(Failure::failed(say::not_shared(language, &called, lane.name()))),
    }
    session.unlock_for(&mut device, lane)?;
    let ended = device.unshare(&mut driver::rng(), &case.id, lane, member.id);
    ended.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let words = if sent.is_sent() {
        say::revoked(language, &called, lane.name(), &name)
    } else {
        say::revocation_waits(language, &called)
    };
    let value = json!({
        "case": case.id.to_string(),
        "lane": lane.name(),
        "member": member.id.to_string(),
        "revoked": sent.is_sent(),
    });
    sent.finish(session, value, &words)
}

/// Rights as scripts read them.
const fn rights_name(rights: Rights) -> &'static str {
    match rights {
        Rights::Read => "read",
        Rights::Write => "write",
    }
}
