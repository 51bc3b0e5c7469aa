//! What the practice has decided for itself.

use serde_json::json;
use troth_client_core::device::{PolicyChange, PolicySummary};
use troth_protocol::checkpoint::VerifierKey;
use troth_protocol::limits;
use troth_protocol::statement::Role;

use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::practice as say;
use crate::output::columns;
use crate::session::{Device, Session};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Witnesses' keys, and how many must have cosigned.
pub type Witnesses = (Vec<VerifierKey>, u8);

/// The witnesses that shall be, if others shall be.
///
/// # Errors
/// A key is a log's; more must have cosigned than there are.
pub fn witnesses(
    session: &Session,
    keys: Vec<VerifierKey>,
    quorum: Option<u8>,
    none: bool,
) -> Result<Option<Witnesses>, Failure> {
    if keys.is_empty() {
        return Ok(none.then_some((keys, 0)));
    }
    if let Some(key) = keys.iter().find(|key| !key.kind().cosigns()) {
        return Err(Failure::failed(say::no_witness_key(session.language, key.name())));
    }
    let count = u8::try_from(keys.len()).unwrap_or(u8::MAX);
    let quorum = quorum.unwrap_or(count);
    if usize::from(count) > limits::WITNESSES || quorum > count {
        let most = limits::WITNESSES;
        return Err(Failure::failed(say::too_many_witnesses(session.language, most)));
    }
    Ok(Some((keys, quorum)))
}

/// Shows the policy, after changing it if that was asked for.
///
/// # Errors
/// What stands in the way.
pub async fn run(
    session: &Session,
    (custodian, no_custodian): (Option<&str>, bool),
    hours: Option<u64>,
    witnesses: Option<Witnesses>,
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
        witnesses,
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
        witnesses,
        quorum,
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
        "witnesses": witnesses,
        "quorum": quorum,
    });
    let custodian = match custodian {
        Some(member) => name.unwrap_or_else(|| pick::short(member)),
        None => say::policy_nobody(language),
    };
    let rows = [
        (say::policy_custodian(language), custodian),
        (say::policy_wait(language), say::policy_hours(language, hours)),
        (
            say::policy_witnesses(language),
            match witnesses.len() {
                0 => say::policy_no_witnesses(language),
                count => say::policy_quorum(language, usize::from(quorum.max(1)), count),
            },
        ),
    ];
    let mut words = columns(&rows.map(|(what, is)| vec![what, is]));
    words.extend(witnesses.iter().map(|key| format!("  {key}\n")));
    Ok((value, words))
}
