//! Making a kit, and testing it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use dialoguer::console::Term;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use troth_client_core::crypto::{Kit, WordList};
use troth_client_core::device::SensitiveState;

use crate::driver;
use crate::failure::Failure;
use crate::files;
use crate::kit::{Sheet, fingerprint, quiz};
use crate::language::Language;
use crate::messages::{failure, recovery as say};
use crate::secrets;
use crate::session::{Device, Sent, Session};

/// Columns where the output is no terminal.
const WIDTH: usize = 80;

/// Makes a kit. Its words leave this process only once the kit is in the ledger: words that no practice knows would be
/// taken for a kit when they are needed.
///
/// # Errors
/// The relay is away, or what else stands in the way: no words are shown then.
pub async fn make(session: &Session, out: Option<&Path>) -> Result<(), Failure> {
    let language = session.language;
    if session.global.offline {
        return Err(Failure::usage(say::kit_offline(language)));
    }
    let mut device = session.open()?;
    // A kit is to open all that its member can: what is locked could not be handed to it.
    if device.sensitive() == SensitiveState::Locked {
        session.unlock(&mut device)?;
    }
    let relay = session.relay_of(&device)?.url().to_owned();
    let file = out.map(|path| Reserved::new(session, path)).transpose()?;
    if let Sent::Kept(_, failure) = session.send(&mut device).await? {
        return Err(failure.saying(say::kit_not_made(language, &relay)));
    }
    let practice = device.practice_name().map_err(|e| session.wrong(e))?;
    let member = device.member().unwrap_or_default();
    let member = session.called(&mut device, member);
    let earlier = device.kits().map_err(|e| session.wrong(e))?;
    let kit = enrolled(session, &mut device, &relay).await?;

    let id = kit.device().id();
    let words = kit.words(match language {
        Language::English => WordList::English,
        Language::Chinese => WordList::Chinese,
    });
    let sheet = Sheet {
        words: &words.split(' ').collect::<Vec<_>>(),
        practice: &practice,
        member: &member,
        relay: &relay,
        made: Timestamp::now().to_zoned_datetime(TimeZone::system()).date(),
        device: id,
        language,
    };
    let path = out.map(|path| path.display().to_string());
    let value = json!({ "kit": id.to_string(), "file": path, "tested": false });
    if let (Some(file), Some(path)) = (file, path) {
        let written = file.write(&sheet.pdf());
        let unwritten = |e: io::Error| say::kit_unwritten(language, &path, &e.to_string(), &fingerprint(&id));
        written.map_err(|e| Failure::failed(unwritten(e)))?;
        session.out.result(&value, &say::kit_written(language, &path))?;
        session.out.note(&say::kit_print(language));
    } else {
        let width = Term::stdout()
            .size_checked()
            .map_or(WIDTH, |(_, width)| width.into());
        session
            .out
            .secret(&value, ("words", &words), &sheet.terminal(width))?;
        session.out.note(&say::kit_copy(language));
    }
    if !earlier.is_empty() {
        let earlier: Vec<_> = earlier.iter().map(|kit| fingerprint(&kit.id)).collect();
        session.out.note(&say::kit_others(language, &earlier.join(", ")));
    }
    Ok(())
}

/// A kit that the verified ledger has.
async fn enrolled(session: &Session, device: &mut Device, relay: &str) -> Result<Kit, Failure> {
    let language = session.language;
    let kit = Kit::generate(&mut driver::rng());
    let id = device
        .add_kit(&mut driver::rng(), &kit)
        .map_err(|e| session.wrong(e))?;
    let sent = session.send(device).await;
    let state = device.state();
    if state.is_some_and(|state| state.roster.devices().contains_key(&id)) {
        sent?;
        return Ok(kit);
    }
    let never = device.give_up_kit(id).map_err(|e| session.wrong(e))?;
    let words = if never {
        say::kit_not_made(language, relay)
    } else {
        say::kit_lost(language, relay, &fingerprint(&id))
    };
    Err(match sent? {
        Sent::Kept(_, failure) => failure.saying(words),
        _ => Failure::unreachable(words),
    })
}

/// A file that was not there, and goes away again if nothing is written to it: that it can be made is known before the kit is.
struct Reserved<'a> {
    path: &'a Path,
    file: Option<File>,
}

impl<'a> Reserved<'a> {
    fn new(session: &Session, path: &'a Path) -> Result<Self, Failure> {
        let language = session.language;
        let file = files::new_file(path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::failed(failure::exists(language, &path.display().to_string()))
            }
            _ => Failure::io(language, path.display(), &e),
        })?;
        let file = Some(file);
        Ok(Self { path, file })
    }

    fn write(mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes)?;
        file.sync_all()?;
        self.file = None;
        Ok(())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(self.path);
        }
    }
}

/// Asks for the words again.
///
/// # Errors
/// They are not those of one of this member's kits.
pub fn test(session: &Session, file: Option<&Path>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let mut kits = device.kits().map_err(|e| session.wrong(e))?;
    // What was not tested yet comes last, and so is the one that is named when the words are another's.
    kits.sort_by_key(|kit| !kit.tested);
    if kits.is_empty() {
        return Err(Failure::failed(say::no_kit(language)));
    }
    let words = secrets::kit_words(session, file)?;
    let mut wrong = say::no_kit(language);
    for known in kits {
        match quiz::check(&words, &known.id) {
            Ok(kit) => {
                let tested = device.test_kit(&mut driver::rng(), &kit);
                let tested = tested.map_err(|e| session.wrong(e))?;
                let value = json!({ "kit": known.id.to_string(), "tested": tested });
                let words = say::tested(language, &fingerprint(&known.id));
                return session.out.result(&value, &words);
            }
            Err(why) => wrong = why.message(language),
        }
    }
    Err(Failure::failed(wrong))
}
