//! Removing a member.

use serde_json::json;
use troth_protocol::document::Document;
use troth_protocol::statement::Rights;

use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::member as say;
use crate::secrets;
use crate::session::{Device, Session};

/// Removes a member with all their devices.
///
/// # Errors
/// What stands in the way.
pub async fn remove(
    session: &Session,
    wanted: &str,
    compromised: bool,
    dry: bool,
    yes: bool,
) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let member = pick::member(session, &mut device, wanted)?;
    session.unlock_if_given(&mut device)?;
    let called = format!("{} ({})", pick::called(&member), pick::short(member.id));
    if member.this {
        return Err(Failure::usage(say::remove_self(language)));
    }
    let turning = if compromised { writable(&device) } else { 0 };
    let mut value = json!({
        "member": member.id.to_string(),
        "name": member.name,
        "removed": false,
        "compromised": compromised,
        "devices": member.devices,
        "kits": member.kits,
        "documents": turning,
    });
    let last = device.takes_last_sensitive_key(|of, _| *of == member.id);
    if last.map_err(|e| session.wrong(e))? {
        session.out.note(&say::takes_sensitive(language, &called));
    }
    if dry {
        let (devices, kits) = (member.devices, member.kits);
        let words = say::remove_dry(language, &called, devices, kits, turning);
        return session.out.result(&value, &words);
    }
    if !yes && !secrets::confirmed(session, &say::remove_ask(language, &called))? {
        return session
            .out
            .result(&value, &crate::messages::failure::stopped(language));
    }
    let turned = device.remove_member(driver::now(), &mut driver::rng(), member.id, compromised);
    value["documents"] = turned.map_err(|e| session.wrong(e))?.into();
    let sent = session.send_counting(&mut device, say::turning(language)).await?;
    value["removed"] = sent.is_sent().into();
    let words = if sent.is_sent() {
        say::removed(language, &called)
    } else {
        say::removal_waits(language, &called)
    };
    sent.finish(session, value, &words)
}

/// Open documents that this device can write to: their keys turn.
fn writable(device: &Device) -> usize {
    let (Some(state), Some(me)) = (device.state(), device.member()) else {
        return 0;
    };
    let (position, received) = (device.frontier().size(), driver::now().max(state.received));
    let writes = |d: &&Document| d.rights(&state.roster, &me, position, received) == Some(Rights::Write);
    let open = |d: &&Document| !d.is_closed();
    state.documents.values().filter(open).filter(writes).count()
}
