//! Inviting somebody, and letting in those who come.

use serde_json::{Value, json};
use troth_protocol::ids::InviteId;
use troth_protocol::statement::Role;

use super::admit::{self, Outcome};
use super::{Admission, role_name, role_shown};
use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::failure::interrupted;
use crate::messages::member as say;
use crate::secrets;
use crate::session::{Sent, Session};

/// Makes an invitation, and lets its holder in if they come while somebody waits.
///
/// # Errors
/// What stands in the way.
pub async fn invite(session: &Session, role: Role, admission: &Admission) -> Result<(), Failure> {
    let (out, language) = (session.out, session.language);
    // In a terminal it waits until it is stopped.
    let waits = admission.wait.is_some() || (secrets::can_ask(session) && !out.json);
    if waits {
        admit::check(session, admission)?;
    }
    let mut device = session.open()?;
    let now = driver::now();
    let (invite, code) = device
        .invite(now, &mut driver::rng(), role)
        .map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let invites = device.invites(now).map_err(|e| session.wrong(e))?;
    let expires = invites
        .iter()
        .find(|known| known.id == invite)
        .map(|known| known.expires);
    let mut value = json!({
        "invite": invite.to_string(),
        "role": role_name(role),
        "code": code,
        "expires_ms": expires,
        "member": null,
    });
    let how = say::invited(language, &role_shown(language, role), &pick::short(invite));
    if !matches!(sent, Sent::Yes | Sent::Locked(_)) || !waits {
        out.note(&how);
        return sent.finish(session, value, &code);
    }
    if out.json {
        // Standard output is for the one value at the end.
        out.note(&code);
    } else {
        out.result(&json!(code), &code)?;
    }
    out.note(&how);
    out.note(&say::waiting(language));
    value["sync"] = sent.to_json();
    match admit::admit(session, &mut device, Some(invite), admission).await? {
        Outcome::Nobody | Outcome::Interrupted => {
            let words = say::later(language, &pick::short(invite));
            out.note(&words);
            if out.json { out.result(&value, "") } else { Ok(()) }
        }
        came => finish(session, came, value),
    }
}

/// Lets in those who were invited before.
///
/// # Errors
/// What stands in the way.
pub async fn confirm(session: &Session, wanted: Option<&str>, admission: &Admission) -> Result<(), Failure> {
    let language = session.language;
    admit::check(session, admission)?;
    let mut device = session.open()?;
    let only: Option<InviteId> = wanted
        .map(|wanted| pick::invite(session, &device, wanted))
        .transpose()?
        .map(|invite| invite.id);
    session.out.note(&say::waiting(language));
    match admit::admit(session, &mut device, only, admission).await? {
        Outcome::Nobody => Err(Failure::failed(say::nobody(language))),
        Outcome::Interrupted => Err(Failure::failed(interrupted(language))),
        came => finish(session, came, json!({ "member": null })),
    }
}

fn finish(session: &Session, came: Outcome, mut value: Value) -> Result<(), Failure> {
    let language = session.language;
    match came {
        Outcome::Added { member, name } => {
            value["member"] = json!(member.to_string());
            value["name"] = json!(name);
            let words = say::added(language, &name, &pick::short(member));
            session.out.result(&value, &words)
        }
        Outcome::Declined(name) => {
            value["turned_away"] = json!(true);
            session.out.result(&value, &say::declined(language, &name))
        }
        Outcome::Differs(name) => Err(Failure::failed(say::differs(language, &name))),
        Outcome::Nobody | Outcome::Interrupted => session.out.result(&value, ""),
    }
}
