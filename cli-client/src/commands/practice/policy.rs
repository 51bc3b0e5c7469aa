//! What the practice has decided for itself.

use serde_json::json;
use troth_client_core::device::{PolicyChange, PolicySummary};
use troth_protocol::statement::Role;

use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::practice as say;
use crate::output::columns;
use crate::session::{Device, Session};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Shows the policy, after changing it if that was asked for.
///
/// # Errors
/// What stands in the way.
pub async fn run(
    session: &Session,
    custodian: Option<&str>,
    no_custodian: bool,
    hours: Option<u64>,
) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let custodian = match custodian {
        Some(wanted) => {
            let member = pick::member(session, &mut device, wanted)?;
            if !member.role.is_some_and(Role::is_staff) {
                return Err(Failure::failed(say::no_custodian_that(
                    language,
                    &pick::called(&member),
                )));
            }
            Some(Some(member.id))
        }
        None => no_custodian.then_some(None),
    };
    let change = PolicyChange {
        custodian,
        recovery_wait_ms: hours.map(|hours| hours.saturating_mul(HOUR_MS)),
    };
    if change == PolicyChange::default() {
        let (value, words) = shown(session, &mut device)?;
        return session.out.result(&value, &words);
    }
    let changed = device.set_policy(&mut driver::rng(), change);
    changed.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let done = sent.is_sent();
    let (mut value, words) = shown(session, &mut device)?;
    value["changed"] = done.into();
    let words = if done { words } else { say::policy_waits(language) };
    sent.finish(session, value, &words)?;
    if done {
        session.out.note(&say::policy_from_now(language));
    }
    Ok(())
}

fn shown(session: &Session, device: &mut Device) -> Result<(serde_json::Value, String), Failure> {
    let language = session.language;
    let PolicySummary {
        custodian,
        recovery_wait_ms,
    } = device.policy().map_err(|e| session.wrong(e))?;
    let name = match custodian {
        Some(member) => device.name_of(member).map_err(|e| session.wrong(e))?,
        None => None,
    };
    let hours = recovery_wait_ms / HOUR_MS;
    let value = json!({
        "custodian": custodian.map(|member| member.to_string()),
        "custodian_name": name,
        "recovery_wait_hours": hours,
    });
    let custodian = match custodian {
        Some(member) => name.unwrap_or_else(|| pick::short(member)),
        None => say::policy_nobody(language),
    };
    let rows = [
        (say::policy_custodian(language), custodian),
        (say::policy_wait(language), say::policy_hours(language, hours)),
    ];
    Ok((value, columns(&rows.map(|(what, is)| vec![what, is]))))
}
