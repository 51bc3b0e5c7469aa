//! What a person means by an argument: a case by its name or the beginning of its id, a device or a member likewise, a note or
//! an invitation by its id.

use troth_client_core::device::{CaseSummary, DeviceSummary, InviteSummary, MemberSummary, RecoverySummary};
use troth_client_core::document::{LaneDocument, NoteView};
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::Lane;

use crate::driver;
use crate::failure::Failure;
use crate::messages::failure as say;
use crate::output::{Lines, one_line};
use crate::session::{Device, Session};

/// Letters of an id that are shown: enough for a practice, and short to type.
const SHOWN: usize = 8;

/// Something that can be meant.
#[derive(Debug, Clone)]
struct Candidate<T> {
    id: String,
    name: Option<String>,
    item: T,
}

/// Whether a candidate is meant by what was typed.
type Rule<T> = fn(&Candidate<T>, &str) -> bool;

/// The one that is meant: by its whole id, else its name, else its name in whatever case, else the beginning of its id.
fn pick<T>(session: &Session, what: &str, wanted: &str, candidates: Vec<Candidate<T>>) -> Result<T, Failure> {
    let language = session.language;
    let rules: [Rule<T>; 4] = [
        |c, wanted| c.id == wanted.to_lowercase(),
        |c, wanted| c.name.as_deref() == Some(wanted),
        |c, wanted| {
            c.name
                .as_ref()
                .is_some_and(|name| name.to_lowercase() == wanted.to_lowercase())
        },
        |c, wanted| !wanted.is_empty() && c.id.starts_with(&wanted.to_lowercase()),
    ];
    let rules = rules.map(|rule| move |c: &Candidate<T>| rule(c, wanted));
    for rule in rules {
        let count = candidates.iter().filter(|c| rule(c)).count();
        if count > 1 {
            let listed: String = candidates
                .iter()
                .filter(|c| rule(c))
                .map(|c| {
                    format!(
                        "  {}  {}\n",
                        short_of(&c.id, SHOWN + 8),
                        one_line(c.name.as_deref().unwrap_or_default())
                    )
                })
                .collect();
            return Err(Failure::failed(say::ambiguous(
                language,
                what,
                wanted,
                Lines(&listed),
            )));
        }
        if count == 1 {
            let found = candidates.into_iter().find(|c| rule(c)).map(|c| c.item);
            return found.ok_or_else(|| Failure::failed(say::no_such(language, what, wanted)));
        }
    }
    Err(Failure::failed(say::no_such(language, what, wanted)))
}

/// The first letters of an id.
pub fn short(id: impl ToString) -> String {
    short_of(&id.to_string(), SHOWN)
}

fn short_of(id: &str, length: usize) -> String {
    id.chars().take(length).collect()
}

/// The case that is meant.
///
/// # Errors
/// None or several are.
pub fn case(session: &Session, device: &mut Device, wanted: &str) -> Result<CaseSummary, Failure> {
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let candidates = cases.into_iter().map(|case| Candidate {
        id: case.id.to_string(),
        name: Some(case.name.clone()),
        item: case,
    });
    pick(
        session,
        &say::a_case(session.language),
        wanted,
        candidates.collect(),
    )
}

/// The open recovery that is meant: by its id, or by whose it is.
///
/// # Errors
/// None or several are.
pub fn recovery(session: &Session, device: &mut Device, wanted: &str) -> Result<RecoverySummary, Failure> {
    let open = device.recoveries(driver::now()).map_err(|e| session.wrong(e))?;
    let candidates = open.into_iter().map(|recovery| Candidate {
        id: recovery.id.to_string(),
        name: device.name_of(recovery.member).ok().flatten(),
        item: recovery,
    });
    let candidates = candidates.collect();
    pick(session, &say::a_recovery(session.language), wanted, candidates)
}

/// The device that is meant.
///
/// # Errors
/// None or several are.
pub fn device(session: &Session, device: &mut Device, wanted: &str) -> Result<DeviceSummary, Failure> {
    let devices = device.devices().map_err(|e| session.wrong(e))?;
    let candidates = devices.into_iter().map(|device| Candidate {
        id: device.id.to_string(),
        name: device.name.clone(),
        item: device,
    });
    pick(
        session,
        &say::a_device(session.language),
        wanted,
        candidates.collect(),
    )
}

/// The member that is meant, of those who have not left.
///
/// # Errors
/// None or several are.
pub fn member(session: &Session, device: &mut Device, wanted: &str) -> Result<MemberSummary, Failure> {
    let members = device.members().map_err(|e| session.wrong(e))?;
    let candidates = members.into_iter().filter(|member| member.role.is_some());
    let candidates = candidates.map(|member| Candidate {
        id: member.id.to_string(),
        name: member.name.clone(),
        item: member,
    });
    pick(
        session,
        &say::a_member(session.language),
        wanted,
        candidates.collect(),
    )
}

/// What a member is called: their name, or the beginning of their id where this device does not learn names.
pub fn called(member: &MemberSummary) -> String {
    member.name.clone().unwrap_or_else(|| short(member.id))
}

/// What a case is called, likewise.
pub fn case_name(case: &CaseSummary) -> String {
    if case.name == case.id.to_string() {
        short(case.id)
    } else {
        case.name.clone()
    }
}

/// The open invitation that is meant.
///
/// # Errors
/// None or several are.
pub fn invite(session: &Session, device: &Device, wanted: &str) -> Result<InviteSummary, Failure> {
    let invites = device.invites(driver::now()).map_err(|e| session.wrong(e))?;
    let candidates = invites.into_iter().map(|invite| Candidate {
        id: invite.id.to_string(),
        name: None,
        item: invite,
    });
    pick(
        session,
        &say::an_invite(session.language),
        wanted,
        candidates.collect(),
    )
}

/// The document of a case's lane.
///
/// # Errors
/// No lane has that name, or the case has none.
pub fn lane(session: &Session, case: &CaseSummary, wanted: &str) -> Result<(Lane, DocumentId), Failure> {
    let lane = Lane::from_name(&wanted.to_lowercase()).filter(|lane| *lane != Lane::Directory);
    let found = lane.and_then(|lane| case.lanes.iter().find(|(has, _)| *has == lane).copied());
    found.ok_or_else(|| {
        let lanes: Vec<_> = case.lanes.iter().map(|(lane, _)| lane.name()).collect();
        Failure::usage(say::no_such_lane(session.language, wanted, &lanes.join(", ")))
    })
}

/// A note, and where it is.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its case.
    pub case: CaseSummary,
    /// Its lane.
    pub lane: Lane,
    /// Its document.
    pub document: DocumentId,
    /// The note.
    pub note: NoteView,
}

/// The note that is meant, in any case that this device can read.
///
/// # Errors
/// None or several are.
pub fn note(session: &Session, device: &mut Device, wanted: &str) -> Result<Found, Failure> {
    session.unlock_if_given(device)?;
    let mut all = candidates(session, device)?;
    let meant = |c: &Candidate<Found>| c.id.starts_with(&wanted.to_lowercase());
    // It may be one of those that are locked.
    if !all.iter().any(meant) && session.can_unlock(device) {
        session.unlock(device)?;
        all = candidates(session, device)?;
    }
    pick(session, &say::a_note(session.language), wanted, all)
}

fn candidates(session: &Session, device: &mut Device) -> Result<Vec<Candidate<Found>>, Failure> {
    let mut candidates = Vec::new();
    for case in device.cases().map_err(|e| session.wrong(e))? {
        for found in notes(session, device, &case)? {
            candidates.push(Candidate {
                id: id(&found.note.id),
                name: None,
                item: found,
            });
        }
    }
    Ok(candidates)
}

/// Every note of a case that this device can read.
///
/// # Errors
/// The device's own trouble; a lane that it cannot open has no notes here.
pub fn notes(session: &Session, device: &mut Device, case: &CaseSummary) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for (lane, document) in &case.lanes {
        let Some(notes) = readable(session, device.read(*document, LaneDocument::notes))? else {
            continue;
        };
        for note in notes.into_iter().filter(|note| note.copy == 0) {
            all.push(Found {
                case: case.clone(),
                lane: *lane,
                document: *document,
                note,
            });
        }
    }
    all.sort_by_key(|found| (found.note.created_ms, found.note.id));
    Ok(all)
}

/// What was read; `None` where the lane is not this device's to read, or not now.
///
/// # Errors
/// All other trouble.
pub fn readable<T>(
    session: &Session,
    read: Result<T, troth_client_core::device::DeviceError>,
) -> Result<Option<T>, Failure> {
    use troth_client_core::device::DeviceError::{
        NoSuchDocument, NotReadable, SensitiveLocked, SensitiveNotSet, ShareEnded,
    };
    match read {
        Ok(value) => Ok(Some(value)),
        Err(NotReadable(_) | NoSuchDocument(_) | SensitiveLocked | SensitiveNotSet | ShareEnded(_)) => {
            Ok(None)
        }
        Err(error) => Err(session.wrong(error)),
    }
}

/// A note's id as it is written.
pub fn id(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Global;

    fn meant(wanted: &str) -> Result<u8, String> {
        let session = Session::new(Global {
            lang: Some(crate::language::Language::English),
            ..Global::default()
        });
        let candidate = |id: &str, name: &str, item| Candidate {
            id: id.into(),
            name: Some(name.into()),
            item,
        };
        let all = vec![
            candidate("ab12", "Lee", 1),
            candidate("ab34", "lee & Wu", 2),
            candidate("cd56", "王家", 3),
        ];
        pick(&session, "case", wanted, all).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn a_name_or_the_beginning_of_an_id_is_enough() {
        assert_eq!(meant("lee"), Ok(1));
        assert_eq!(meant("LEE & WU"), Ok(2));
        assert_eq!(meant("王家"), Ok(3));
        assert_eq!(meant("ab3"), Ok(2));
        assert_eq!(meant("C"), Ok(3));
    }

    #[test]
    fn what_could_be_two_things_is_asked_back_with_both() {
        let error = meant("ab").unwrap_err();
        assert!(
            error.contains("ab12") && error.contains("ab34") && !error.contains("cd56"),
            "{error}"
        );
        assert!(
            meant("x").unwrap_err().contains("no case"),
            "and what is nothing is said to be nothing"
        );
        assert!(meant("").is_err());
    }
}
