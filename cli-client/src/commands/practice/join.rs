//! Joining a practice by an invitation.

use std::time::{Duration, Instant};

use serde_json::json;
use troth_client_core::crypto::InviteCode;
use troth_client_core::device::{DeviceError, Over, Phase, Report};
use troth_protocol::rule::Rule;

use super::left_or_new;
use crate::commands::{member, pick};
use crate::driver::{self, Ended, Patience};
use crate::failure::Failure;
use crate::messages::failure::interrupted;
use crate::messages::{network, practice as say};
use crate::secrets;
use crate::session::{Session, Trip, to_send};

/// How far a connection came.
#[derive(Default)]
struct Way {
    compared: bool,
    joined: bool,
    turned_away: bool,
    over: Option<Over>,
    spent: bool,
}

/// A refusal this soon means that the code was used before; a later one, that nobody came.
const SOON: Duration = Duration::from_secs(60);

/// Joins the practice of an invitation, once its maker has let this device in.
///
/// # Errors
/// What stands in the way.
pub async fn join(
    session: &Session,
    code: &str,
    full_name: &str,
    device_name: Option<String>,
) -> Result<(), Failure> {
    let (out, language) = (session.out, session.language);
    let called = device_name.unwrap_or_else(|| say::default_device(language));
    session.plain([full_name, &called])?;
    let code = secrets::code(session, Some(code))?;
    // A code that cannot be right is said before anything is made.
    let invite = InviteCode::parse(&code).map_err(|e| session.wrong(DeviceError::Code(e)))?;
    let relay = session.relay(&invite.relay)?;
    let mut device = left_or_new(session, &called, &[full_name])?;
    // Whoever was let in, and was cut short, goes on with the same code.
    if device.state().is_none() || device.practice() != Some(invite.practice) {
        let begun = device.begin_enter(&mut driver::rng(), &code, full_name);
        begun.map_err(|e| session.wrong(e))?;
    }
    let (began, mut trip, mut way) = (Instant::now(), Trip::new(session), Way::default());
    // Let in before, by an attempt that was cut short: catching up is all that is left to do.
    way.joined = device.practice().is_some();
    if !way.joined {
        out.note(&say::entering(language));
    }
    let patience = Patience {
        interruptible: true,
        ..Patience::PERSON
    };
    let ended = driver::drive(&mut device, &relay, patience, |device, report| {
        match report {
            // Said again with each connection.
            Some(Report::Compare { .. }) if way.compared => {}
            Some(Report::Compare { code, .. }) => {
                way.compared = true;
                // Standard output is for the one value at the end where a machine reads it.
                if out.json {
                    out.note(code);
                } else {
                    let _ = out.result(&json!(code), code);
                }
                out.note(&say::compare(language));
            }
            Some(Report::Joined) => way.joined = true,
            Some(Report::TurnedAway) => way.turned_away = true,
            Some(Report::InvitationOver(over)) => way.over = Some(*over),
            Some(Report::Refused {
                rule: Rule::Mailbox, ..
            }) if !way.joined => way.spent = true,
            report => trip.hear(report),
        }
        let settled = way.joined && device.phase() == Phase::Live && to_send(device) == 0;
        trip.is_over() || way.turned_away || way.over.is_some() || way.spent || settled
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    device.flush(&mut driver::rng()).map_err(|e| session.wrong(e))?;
    trip.end()?;
    if way.turned_away {
        return Err(Failure::failed(say::turned_away(language)));
    }
    if let Some(over) = way.over {
        return Err(Failure::failed(match over {
            Over::Closed => say::over_closed(language),
            Over::Expired => say::over_expired(language),
            Over::NotPermitted => say::over_not_permitted(language),
            _ => say::over_failed(language),
        }));
    }
    if way.spent {
        let why = match way.compared {
            true => say::not_let_in(language),
            false if began.elapsed() < SOON => say::spent(language),
            false => say::nobody(language),
        };
        return Err(Failure::refused(language, Rule::Mailbox, "").saying(why));
    }
    match ended {
        Ended::Reached => {}
        Ended::Interrupted => return Err(Failure::failed(interrupted(language))),
        // Once it belongs to a practice, catching up is all that is left to do.
        _ if way.joined => {
            let why = network::silent(language);
            return Err(Failure::unreachable(network::kept(language, relay.url(), &why)));
        }
        _ if way.compared => return Err(Failure::failed(say::not_let_in(language))),
        _ => return Err(Failure::failed(say::nobody(language))),
    }
    let (name, role) = (
        device.practice_name().map_err(|e| session.wrong(e))?,
        device.role(),
    );
    let practice = device.practice().map(|practice| practice.to_string());
    // Who cannot read the directory knows the practice by its number only.
    let named = Some(&name).filter(|name| Some(*name) != practice.as_ref());
    let shown = named.map_or_else(|| pick::short(&name), Clone::clone);
    let value = json!({
        "device": device.id().to_string(),
        "member": device.member().map(|member| member.to_string()),
        "practice": practice,
        "practice_name": named,
        "role": role.map(member::role_name),
    });
    let role = role
        .map(|role| member::role_shown(language, role))
        .unwrap_or_default();
    out.result(&value, &say::joined(language, &shown, &role))
}
