//! Assigning a case to a counselor.

use serde_json::json;
use troth_protocol::statement::Role;

use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::case as say;
use crate::session::Session;

/// Shares every lane of a case, but process notes, with a counselor.
///
/// # Errors
/// What stands in the way.
pub async fn assign(session: &Session, wanted: &str, member: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let member = pick::member(session, &mut device, member)?;
    let (name, called) = (pick::case_name(&case), pick::called(&member));
    if !member.role.is_some_and(Role::is_staff) {
        return Err(Failure::failed(say::not_staff(language, &called)));
    }
    // Assessments are handed on with the second passphrase only.
    if session.can_unlock(&device) {
        session.unlock(&mut device)?;
    }
    session.unlock_if_given(&mut device)?;
    let lanes = device.assign(&mut driver::rng(), &case.id, member.id);
    let lanes = lanes.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let value = json!({
        "case": case.id.to_string(),
        "member": member.id.to_string(),
        "lanes": lanes,
    });
    sent.finish(session, value, &say::assigned(language, &name, &called, lanes))
}
