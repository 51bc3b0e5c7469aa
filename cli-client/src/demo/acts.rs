//! What happens, act by act, and what is claimed of it.

use std::path::Path;

use troth_protocol::ids::{CaseId, DocumentId};

use super::stage::Stage;
use super::{Teller, story};
use crate::failure::Failure;
use crate::files;
use crate::messages::demo as say;
use crate::session::Session;

mod beginning;
mod colleague;
mod editing;
mod intake;
mod leaving;
mod proving;

/// The note that both devices change.
const NOTE_ID: [u8; 16] = [1; 16];

/// The couple's record, as both devices have it.
struct Record {
    case: CaseId,
    joint: DocumentId,
}

/// Plays all of it, in `dir`.
///
/// # Errors
/// The first claim that does not hold, or what kept it from being checked.
pub async fn play(teller: &mut Teller<'_>, dir: &Path) -> Result<(), Failure> {
    let (session, language) = (teller.session, teller.session.language);
    keep_passphrases(session, dir)?;
    let stage = Stage::set(session, dir).await?;
    let at = stage.running.relay.store().disk_bytes().is_ok();
    teller.claim("relay", at, &say::relay(language, &stage.running.url()))?;

    let mut laptop = stage.device("laptop", story::LAPTOP, story::LAPTOP_PASSPHRASE)?;
    beginning::found(teller, &stage, &mut laptop).await?;
    let mut phone = stage.device("phone", story::PHONE, story::PHONE_PASSPHRASE)?;
    let code = beginning::link(teller, &stage, &mut laptop, &mut phone).await?;
    let words = beginning::make_kit(teller, &stage, &mut laptop).await?;
    let record = beginning::open_case(teller, &stage, &mut laptop, &mut phone).await?;
    let mut desk = stage.device("desk", story::DESK, story::DESK_PASSPHRASE)?;
    let invitation = colleague::join(teller, &stage, &mut laptop, &mut desk).await?;
    colleague::share(teller, &stage, &mut laptop, &mut desk, &record).await?;
    editing::edit_offline(teller, &stage, &mut laptop, &mut phone, &record).await?;
    editing::choose(teller, &stage, &mut laptop, &mut phone, &record).await?;
    let link = intake::answer(teller, &stage, &mut laptop, &record).await?;
    intake::accept(teller, &stage, &mut laptop, &record).await?;
    leaving::revoke(teller, &stage, &mut laptop, phone, &record).await?;
    proving::verify_here(teller, &laptop)?;

    let origin = stage.running.origin.clone();
    // While it runs, there is a log beside the database, with everything that was written last.
    let relay_dir = dir.join("relay");
    let running = proving::read_all(session, &relay_dir)?;
    stage.strike().await;
    let practice = laptop.practice().unwrap_or_default();
    leaving::collude(teller, &mut laptop, &record, dir, &origin)?;
    proving::verify_there(teller, &relay_dir)?;
    proving::look_for_secrets(
        teller,
        &relay_dir,
        running,
        practice,
        [&code, &words, &invitation],
        &link,
    )
}

/// So that whoever keeps the directory can open what is in it.
fn keep_passphrases(session: &Session, dir: &Path) -> Result<(), Failure> {
    let kept = [
        ("laptop.passphrase", story::LAPTOP_PASSPHRASE),
        ("phone.passphrase", story::PHONE_PASSPHRASE),
        ("desk.passphrase", story::DESK_PASSPHRASE),
    ];
    kept.into_iter().try_for_each(|(name, passphrase)| {
        let path = dir.join(name);
        files::write_new(&path, passphrase.as_bytes())
            .map_err(|e| Failure::io(session.language, path.display(), &e))
    })
}
