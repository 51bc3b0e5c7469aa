//! The admins' side of a recovery.

use serde_json::json;
use troth_client_core::device::{RecoverySummary, Report};
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;

use super::{names, to_json};
use crate::commands::pick;
use crate::driver::{self, Ended, Patience};
use crate::failure::Failure;
use crate::messages::{device as of_device, failure, network, recovery as say};
use crate::output::time;
use crate::secrets;
use crate::session::{Device, Sent, Session, Trip, to_send};

/// Carries a lost member's request into the ledger, as a proposal.
///
/// # Errors
/// The other device does not answer, or a rule refuses it.
pub async fn propose(session: &Session, code: &str, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    must_be_admin(session, &device)?;
    let code = secrets::code(session, Some(code))?;
    let member = pick::member(session, &mut device, wanted)?;
    if member.this {
        return Err(Failure::usage(say::propose_self(language)));
    }
    // Nothing to do yet: it is offline.
    let begun = device.begin_propose_recovery(code.trim(), member.id);
    let _ = begun.map_err(|e| session.wrong(e))?;
    let relay = session.relay_of(&device)?;
    let mut trip = Trip::new(session);
    let mut proposed = false;
    let ended = driver::drive(&mut device, &relay, Patience::SHORT, |device, report| {
        trip.hear(report);
        proposed |= matches!(report, Some(Report::RecoveryProposed(_)));
        trip.is_over() || (proposed && to_send(device) == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    let open = device.recoveries(driver::now()).map_err(|e| session.wrong(e))?;
    let found = open.into_iter().find(|open| proposed && open.member == member.id);
    match (ended, found) {
        (_, Some(recovery)) => {
            let (id, ripe) = (pick::short(recovery.id), time(recovery.ripe));
            let words = say::proposed(language, &id, &pick::called(&member));
            session
                .out
                .result(&json!({ "recovery": to_json(&recovery) }), &words)?;
            session.out.note(&say::proposed_next(language, &id, &ripe));
            Ok(())
        }
        (Ended::Unreachable(why), None) => Err(Failure::unreachable(network::unreachable(
            language,
            relay.url(),
            &why,
        ))),
        _ => Err(Failure::failed(of_device::approve_silent(language))),
    }
}

/// Approves a recovery, as it stands at the relay now.
///
/// # Errors
/// It was stopped, or is not this member's to approve, or not yet.
pub async fn approve(session: &Session, wanted: &str, yes: bool) -> Result<(), Failure> {
    let language = session.language;
    if session.global.offline {
        return Err(Failure::usage(say::decide_offline(language)));
    }
    let mut device = session.open()?;
    must_be_admin(session, &device)?;
    if let Sent::Kept(_, failure) = session.send(&mut device).await? {
        let relay = device.relay().unwrap_or_default();
        return Err(failure.saying(say::not_approved(language, relay)));
    }
    let recovery = pick::recovery(session, &mut device, wanted)?;
    let (member, proposer) = names(session, &mut device, &recovery);
    may_approve(session, &device, &recovery)?;
    let mut value = json!({ "recovery": to_json(&recovery), "approved": false });
    if !yes && !secrets::confirmed(session, &say::approve_ask(language, &member, &proposer))? {
        return session.out.result(&value, &failure::stopped(language));
    }
    let done = device.approve_recovery(&mut driver::rng(), recovery.id);
    done.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    value["approved"] = sent.is_sent().into();
    let words = if sent.is_sent() {
        say::approved(language, &member)
    } else {
        say::approval_waits(language, &member)
    };
    sent.finish(session, value, &words)
}

/// Stops a recovery. It is kept to be sent where the relay is away: a stop is never too early.
///
/// # Errors
/// There is none of that name, or it is not this member's to stop.
pub async fn stop(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    // It may have been proposed since.
    let _ = session.send(&mut device).await?;
    let recovery = pick::recovery(session, &mut device, wanted)?;
    if Some(recovery.member) != device.member() {
        must_be_admin(session, &device)?;
    }
    let (member, _) = names(session, &mut device, &recovery);
    let done = device.stop_recovery(&mut driver::rng(), recovery.id);
    done.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let value = json!({ "recovery": to_json(&recovery), "stopped": sent.is_sent() });
    let words = if sent.is_sent() {
        say::stopped(language, &member)
    } else {
        say::stop_waits(language, &member)
    };
    sent.finish(session, value, &words)
}

pub(super) fn must_be_admin(session: &Session, device: &Device) -> Result<(), Failure> {
    match device.role() {
        Some(Role::Admin) => Ok(()),
        _ => Err(Failure::refused(session.language, Rule::NotPermitted, "")),
    }
}

/// R30, in the words of whoever meets it.
fn may_approve(session: &Session, device: &Device, recovery: &RecoverySummary) -> Result<(), Failure> {
    if recovery.approvable {
        return Ok(());
    }
    let language = session.language;
    let why = if Some(recovery.member) == device.member() {
        say::approve_self(language)
    } else {
        say::approve_early(language, &time(recovery.ripe))
    };
    Err(Failure::refused(language, Rule::Recovery, "").saying(why))
}
