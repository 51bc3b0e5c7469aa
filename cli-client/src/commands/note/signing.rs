//! Signing notes, and adding to them.

use serde_json::json;

use super::Text;
use crate::commands::pick::{self, Found};
use crate::driver;
use crate::failure::Failure;
use crate::messages::{failure, note as say};
use crate::secrets;
use crate::session::Session;

/// Signs a note as it is shown.
///
/// # Errors
/// What stands in the way.
pub async fn sign(session: &Session, wanted: &str, yes: bool) -> Result<(), Failure> {
    let (out, language) = (session.out, session.language);
    let mut device = session.open()?;
    let Found { document, note, .. } = pick::note(session, &mut device, wanted)?;
    let (id, shown) = (pick::id(&note.id), pick::short(pick::id(&note.id)));
    let me = device.member().map(|member| member.to_string());
    for signature in note
        .signatures
        .iter()
        .filter(|s| Some(&s.item.signer) == me.as_ref())
    {
        let holds = device.note_signature_holds(document, &note, signature);
        if holds.map_err(|e| session.wrong(e))? && signature.item.text == note.text {
            return Err(Failure::failed(say::sign_again(language, &shown)));
        }
    }
    let mut value = json!({ "note": id, "signed": false });
    out.note(&note.text);
    out.note("");
    if !yes && !secrets::confirmed(session, &say::sign_ask(language, &shown))? {
        return out.result(&value, &failure::stopped(language));
    }
    let (now, mut rng) = (driver::now(), driver::rng());
    let signed = device.sign_note(now, &mut rng, document, note.id, &note.text);
    signed.map_err(|e| session.wrong(e))?;
    value["signed"] = true.into();
    let sent = session.send(&mut device).await?;
    sent.finish(session, value, &say::sign_done(language, &shown))
}

/// Adds to a note.
///
/// # Errors
/// What stands in the way.
pub async fn amend(session: &Session, wanted: &str, text: &Text) -> Result<(), Failure> {
    let language = session.language;
    let text = text.read(session)?;
    let mut device = session.open()?;
    let Found { document, note, .. } = pick::note(session, &mut device, wanted)?;
    let (now, mut rng) = (driver::now(), driver::rng());
    let amended = device.amend_note(now, &mut rng, document, note.id, &text);
    amended.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let id = pick::id(&note.id);
    let words = say::amend_done(language, &pick::short(&id));
    sent.finish(session, json!({ "note": id }), &words)
}
