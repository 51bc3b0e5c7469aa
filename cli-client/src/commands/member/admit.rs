//! Waiting for somebody who was invited, and comparing the code with them.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use troth_client_core::device::{Over, Phase, Report};
use troth_protocol::ids::{InviteId, MemberId};
use troth_protocol::rule::Rule;

use super::Admission;
use crate::commands::pick;
use crate::driver::{self, Ended, Patience, Word};
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::{failure, member as say, network};
use crate::secrets;
use crate::session::{Device, Session, Trip, to_send};
use crate::storage::SqliteStorage;

/// What came of waiting.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody is a member now.
    Added {
        /// Their pseudonym.
        member: MemberId,
        /// What they call themselves.
        name: String,
    },
    /// The person here said that it is not them.
    Declined(String),
    /// The code given here is not the one that their device and this one share.
    Differs(String),
    /// Nobody came.
    Nobody,
    /// Somebody stopped waiting.
    Interrupted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Agreed,
    Declined,
    Differs,
}

/// How long one mailbox is waited at. It lives for ten minutes in all; whoever comes should have most of them left to compare.
const FRESH: Duration = Duration::from_secs(120);

/// Refuses to wait where nobody could compare.
///
/// # Errors
/// A usage error.
pub fn check(session: &Session, admission: &Admission) -> Result<(), Failure> {
    let language = session.language;
    match admission.compare.as_deref() {
        None if !secrets::can_ask(session) => Err(Failure::usage(say::compare_needed(language))),
        Some("-") if session.global.passphrase_file.as_deref() == Some(Path::new("-")) => {
            Err(Failure::usage(failure::stdin_twice(language)))
        }
        _ => Ok(()),
    }
}

/// Waits for the holder of an invitation, and lets them in or turns them away.
///
/// # Errors
/// The device's or the relay's trouble, or a mailbox that is spent.
pub async fn admit(
    session: &Session,
    device: &mut Device,
    only: Option<InviteId>,
    admission: &Admission,
) -> Result<Outcome, Failure> {
    let relay = session.relay_of(device)?;
    session.unlock_if_given(device)?;
    // In a terminal somebody is there to stop it.
    let wait = admission.wait.or((!secrets::can_ask(session)).then_some(600));
    let end = wait.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
    let (speak, mut words) = unbounded_channel::<Word<SqliteStorage>>();
    let verdict = Arc::new(OnceLock::new());
    let mut trip = Trip::new(session).staying();
    let (mut guest, mut added, mut spent, mut insist) = (None, None, false, false);
    let mut over = None;
    let ended = loop {
        if guest.is_none() {
            // Nothing to do yet: it is offline.
            let _ = device
                .begin_admit(driver::now(), only)
                .map_err(|e| session.wrong(e))?;
        }
        let fresh = Instant::now() + FRESH;
        let until = end.map_or(fresh, |end| end.min(fresh));
        let alarm = tokio::spawn(wake(until, speak.clone()));
        let patience = Patience {
            insist,
            interruptible: true,
            ..Patience::PERSON
        };
        let ended = driver::drive_heeding(device, &relay, patience, &mut words, |device, report| {
            match report {
                Some(Report::InviteSpent { left: 0, .. }) => spent = true,
                Some(Report::InviteSpent { invite, .. }) => {
                    session
                        .out
                        .note(&say::one_spent(session.language, &pick::short(*invite)));
                }
                // Somebody else may still come.
                Some(Report::NotAdmitted(why)) if guest.is_none() => {
                    session.out.note(&over_said(session.language, *why));
                }
                Some(Report::NotAdmitted(why)) => over = Some(*why),
                Some(Report::Compare { .. }) if guest.is_some() => {}
                Some(Report::Compare { code, name }) => {
                    guest = Some(name.clone());
                    ask(session, admission, (code, name), &speak, &verdict);
                }
                Some(Report::MemberAdded(member)) => added = Some(*member),
                report => trip.hear(report),
            }
            let done = match verdict.get() {
                // Let in before, and come for the answer now.
                None if added.is_some() => to_send(device) == 0,
                None => guest.is_none() && Instant::now() >= until,
                // Once nothing waits, they were added or it was refused.
                Some(Verdict::Agreed) => device.phase() == Phase::Live && to_send(device) == 0,
                Some(Verdict::Declined | Verdict::Differs) => true,
            };
            trip.is_over() || spent || over.is_some() || (done && report.is_none())
        });
        let ended = ended.await.map_err(|e| session.wrong(e))?;
        alarm.abort();
        let ends = trip.is_over() || spent || added.is_some() || end.is_some_and(|end| Instant::now() >= end);
        let again = match guest {
            None => ended == Ended::Reached && !ends,
            // Somebody is there: a connection that is lost is not the end of it.
            Some(_) => !insist && matches!(ended, Ended::Unreachable(_) | Ended::Dropped),
        };
        if !again {
            break ended;
        }
        insist = true;
    };
    device.flush(&mut driver::rng()).map_err(|e| session.wrong(e))?;
    trip.end()?;
    let known = added.map(|member| device.name_of(member)).transpose();
    let known = known.map_err(|e| session.wrong(e))?.flatten();
    let name = guest.clone().or(known).unwrap_or_default();
    match (added, verdict.get()) {
        (Some(member), _) => return Ok(Outcome::Added { member, name }),
        (None, Some(Verdict::Declined)) => return Ok(Outcome::Declined(name)),
        (None, Some(Verdict::Differs)) => return Ok(Outcome::Differs(name)),
        _ => {}
    }
    let language = session.language;
    if let Some(over) = over {
        return Err(Failure::failed(over_said(language, over)));
    }
    if spent {
        return Err(Failure::refused(language, Rule::Mailbox, "").saying(say::spent(language)));
    }
    let unreachable = |why: &str| Failure::unreachable(network::unreachable(language, relay.url(), why));
    match ended {
        Ended::Interrupted => Ok(Outcome::Interrupted),
        Ended::Reached => Ok(Outcome::Nobody),
        Ended::Silent => Err(unreachable(&network::silent(language))),
        Ended::Dropped => Err(unreachable(&network::dropped(language))),
        Ended::Unreachable(why) => Err(unreachable(&why)),
    }
}

/// Why somebody was not let in, for whoever invited them.
fn over_said(language: Language, over: Over) -> String {
    match over {
        Over::Closed => say::over_closed(language),
        Over::Expired => say::over_expired(language),
        Over::NotPermitted => say::over_not_permitted(language),
        _ => say::over_failed(language),
    }
}

/// Asks whoever is here, beside the loop that keeps the connection.
fn ask(
    session: &Session,
    admission: &Admission,
    (code, name): (&str, &str),
    speak: &UnboundedSender<Word<SqliteStorage>>,
    verdict: &Arc<OnceLock<Verdict>>,
) {
    let language = session.language;
    session.out.note(&say::compare(language, name, code));
    let (compare, question) = (admission.compare.clone(), say::ask(language, name));
    let (code, speak, verdict) = (code.to_owned(), speak.clone(), Arc::clone(verdict));
    // No task of the runtime: a question that is never answered must not keep the program from ending.
    std::thread::spawn(move || {
        let found = match compare.as_deref() {
            None if secrets::agreed(&question) => Verdict::Agreed,
            None => Verdict::Declined,
            Some("-") if same(&secrets::line(), &code) => Verdict::Agreed,
            Some(given) if same(given, &code) => Verdict::Agreed,
            Some(_) => Verdict::Differs,
        };
        let _ = speak.send(Box::new(move |device| {
            let _ = verdict.set(found);
            device.confirm(driver::now(), &mut driver::rng(), found == Verdict::Agreed)
        }));
    });
}

/// Says nothing, at a time.
async fn wake(at: Instant, speak: UnboundedSender<Word<SqliteStorage>>) {
    tokio::time::sleep_until(at).await;
    let _ = speak.send(Box::new(|_| Ok(Vec::new())));
}

/// Whether two codes are the same, however they were typed.
fn same(typed: &str, code: &str) -> bool {
    let plain = |code: &str| -> String {
        let letters = code.chars().filter(|c| c.is_alphanumeric());
        letters
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect()
    };
    !plain(code).is_empty() && plain(typed) == plain(code)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        assert!(same("0a1b cdef\n", "0A1B-CDEF"));
        assert!(same("OAlB-CDEF", "0A1B-CDEF"));
        assert!(!same("0A1B-CDEG", "0A1B-CDEF"));
        assert!(!same("0A1B", "0A1B-CDEF"));
        assert!(!same("", "") && !same("-", "0A1B-CDEF"));
    }
}
