//! The lost member's side of a recovery by admins.

use serde_json::json;
use troth_client_core::device::Report;

use crate::commands::{pick, practice};
use crate::driver::{self, Ended, Patience};
use crate::failure::Failure;
use crate::messages::failure::interrupted;
use crate::messages::{device, recovery as say};
use crate::session::{Session, Trip};

/// Shows a code, and waits until an admin has proposed the recovery.
///
/// # Errors
/// Nobody typed the code.
pub async fn run(session: &Session, url: &str, name: Option<String>) -> Result<(), Failure> {
    let language = session.language;
    let relay = session.relay(url)?;
    let called = name.unwrap_or_else(|| device::default_name(language));
    session.plain([called.as_str()])?;
    let mut device = practice::fresh(session, &called, &[&called])?;
    let code = device
        .begin_join(&mut driver::rng(), relay.url())
        .map_err(|e| session.wrong(e))?;
    if session.out.json {
        // Standard output is for the one value at the end.
        session.out.note(&code);
    } else {
        session.out.result(&json!(code), &code)?;
    }
    session.out.note(&say::ask_shown(language));
    let mut trip = Trip::new(session);
    let patience = Patience {
        interruptible: true,
        ..Patience::PERSON
    };
    let ended = driver::drive(&mut device, &relay, patience, |_, report| {
        trip.hear(report);
        trip.is_over() || matches!(report, Some(Report::Joined))
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    match ended {
        Ended::Reached => {}
        Ended::Interrupted => return Err(Failure::failed(interrupted(language))),
        _ => return Err(Failure::failed(say::ask_expired(language))),
    }
    let value = json!({
        "device": device.id().to_string(),
        "practice": device.practice().map(|practice| practice.to_string()),
        "member": device.member().map(|member| member.to_string()),
        "state": "proposed",
    });
    session
        .out
        .result(&value, &say::asked(language, &pick::short(device.id())))
}
