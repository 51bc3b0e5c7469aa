//! `troth recovery resume`: a relay came back from an older backup, and an admin lets the practice go on.

use serde_json::json;
use troth_client_core::device::{Phase, Report, Restored, Resumed};

use super::admins::must_be_admin;
use crate::driver::{self, Ended, Patience, Relay};
use crate::failure::Failure;
use crate::messages::{failure, network, recovery as say};
use crate::output::time;
use crate::secrets;
use crate::session::{Device, Session, Trip, to_send};

/// What was heard of the relay.
#[derive(Default)]
struct Heard {
    /// Where it stands.
    restored: Option<Restored>,
    /// It lacks nothing.
    whole: bool,
    /// The ledger goes on.
    resumed: Option<Resumed>,
}

/// Looks at the relay, asks, and orders that the ledger goes on from what the relay has.
///
/// # Errors
/// The relay lacks nothing, or altered what it still has; it cannot be reached; this person is no admin.
pub async fn run(session: &Session, yes: bool) -> Result<(), Failure> {
    let language = session.language;
    if session.global.offline {
        return Err(Failure::usage(say::decide_offline(language)));
    }
    let mut device = session.open()?;
    must_be_admin(session, &device)?;
    session.unlock_if_given(&mut device)?;
    let relay = session.relay_of(&device)?;
    device.begin_resume(false).map_err(|e| session.wrong(e))?;
    let looked = travel(session, &mut device, &relay, |_, heard| {
        heard.restored.is_some() || heard.whole
    });
    let Some(restored) = looked.await?.restored else {
        let value = json!({ "resumed": false, "restored": false });
        return session.out.result(&value, &say::nothing_to_resume(language));
    };
    let size = device.status().size;
    for line in told(session, &restored, size) {
        session.out.note(&line);
    }
    let mut value = json!({
        "resumed": false,
        "restored": true,
        "relay_size": restored.relay,
        "signed_size": restored.signed,
        "held_here": restored.held,
    });
    // What is ordered here cannot be taken back, so a script has to say it in so many words.
    let goes = yes
        || secrets::can_ask(session)
            && secrets::confirmed(session, &say::resume_ask(language, restored.relay))?;
    if !goes {
        return session.out.result(&value, &failure::stopped(language));
    }
    device.begin_resume(true).map_err(|e| session.wrong(e))?;
    let ordered = travel(session, &mut device, &relay, |device, heard| {
        let settled = device.phase() == Phase::Live && to_send(device) == 0 && !device.is_putting_back();
        settled && heard.resumed.is_some()
    });
    let ordered = ordered.await?;
    // Once more: the others are let in when an admin's device has nothing more to bring, and that is said at a login.
    travel(session, &mut device, &relay, |device, _| {
        device.phase() == Phase::Live && to_send(device) == 0 && !device.is_putting_back()
    })
    .await?;
    device.flush(&mut driver::rng()).map_err(|e| session.wrong(e))?;
    if ordered.resumed.is_none() {
        return Err(Failure::failed(say::not_resumed(language)));
    }
    value["resumed"] = true.into();
    value["size"] = device.status().size.into();
    value["not_back"] = device.not_back().into();
    session
        .out
        .result(&value, &say::resumed(language, device.status().size))?;
    if device.not_back() > 0 {
        session.out.note(&say::not_back(language, device.not_back()));
    }
    session.out.note(&say::resumed_next(language));
    Ok(())
}

/// Goes to the relay until a goal is reached.
async fn travel(
    session: &Session,
    device: &mut Device,
    relay: &Relay,
    goal: impl Fn(&Device, &Heard) -> bool,
) -> Result<Heard, Failure> {
    let language = session.language;
    let mut trip = Trip::new(session);
    let mut heard = Heard::default();
    let ended = driver::drive(device, relay, Patience::SHORT, |device, report| {
        match report {
            Some(Report::RelayRestored(restored)) => heard.restored = Some(*restored),
            Some(Report::NothingToResume) => heard.whole = true,
            Some(Report::Resumed(resumed)) => heard.resumed = Some(resumed.clone()),
            report => trip.hear(report),
        }
        trip.is_over() || goal(device, &heard)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    match ended {
        Ended::Reached => Ok(heard),
        Ended::Unreachable(why) => Err(Failure::unreachable(network::unreachable(
            language,
            relay.url(),
            &why,
        ))),
        _ => Err(Failure::unreachable(network::unreachable(
            language,
            relay.url(),
            &network::silent(language),
        ))),
    }
}

/// What an admin has to know before they order it.
fn told(session: &Session, restored: &Restored, own: u64) -> Vec<String> {
    let language = session.language;
    let newest = restored.newest_ms.map(time);
    let newest = newest.unwrap_or_else(|| say::unknown_time(language));
    let mut lines = vec![say::relay_restored(language, restored.relay, &newest)];
    if restored.signed > restored.relay {
        let lost = restored.signed.saturating_sub(restored.relay);
        lines.push(say::relay_lost(language, lost, restored.held));
    } else {
        lines.push(say::nothing_known_lost(language));
    }
    if own < restored.relay {
        lines.push(say::resume_behind(language));
    }
    lines.push(say::resume_warning(language));
    lines
}
