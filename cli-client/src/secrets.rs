//! Secrets, and long text: by prompt, from a file or from standard input. Never as a flag's value, which the system shows to
//! everybody and the shell remembers.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read, Write as _};
use std::path::Path;

use dialoguer::{Confirm, Input, Password};
use troth_client_core::crypto::{Kit, KitError, MAX_KIT_TEXT, MAX_PASSPHRASE_BYTES, Passphrase, WORDS};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::messages::{device, failure as say, intake, kit, recovery, sensitive};
use crate::session::Session;

/// The passphrase of the device that is here.
///
/// # Errors
/// None was given and nobody is here to be asked.
pub fn passphrase(session: &Session) -> Result<Zeroizing<String>, Failure> {
    match &session.global.passphrase_file {
        Some(file) => from_file(session, file),
        None => prompt(session, &say::passphrase_prompt(session.language)),
    }
}

/// The second passphrase of the device that is here.
///
/// # Errors
/// None was given and nobody is here to be asked.
pub fn sensitive_passphrase(session: &Session) -> Result<Zeroizing<String>, Failure> {
    match &session.global.sensitive_passphrase_file {
        Some(file) => from_file(session, file),
        None => ask_second(session, &sensitive::prompt(session.language)),
    }
}

/// A second passphrase that is being chosen, from a file or typed twice.
///
/// # Errors
/// It is refused, and why.
pub fn new_sensitive_passphrase(session: &Session, file: Option<&Path>) -> Result<Passphrase, Failure> {
    let language = session.language;
    let judged = |text: &str| {
        Passphrase::new(text, &[]).map_err(|fault| Failure::failed(device::passphrase(language, fault)))
    };
    if let Some(file) = file {
        return judged(&from_file(session, file)?);
    }
    let first = ask_second(session, &sensitive::new(language))?;
    let passphrase = judged(&first)?;
    let second = ask_second(session, &say::passphrase_again(language))?;
    if *first == *second {
        Ok(passphrase)
    } else {
        Err(Failure::failed(say::passphrase_differs(language)))
    }
}

fn ask_second(session: &Session, words: &str) -> Result<Zeroizing<String>, Failure> {
    if can_ask(session) {
        prompt(session, words)
    } else {
        Err(Failure::usage(sensitive::needed(session.language)))
    }
}

/// A passphrase for a device that is being made; typed twice where it is typed. `personal` is what is known of its owner.
///
/// # Errors
/// It is refused, and why.
pub fn new_passphrase(session: &Session, personal: &[&str]) -> Result<Passphrase, Failure> {
    let language = session.language;
    let judged = |text: &str| {
        Passphrase::new(text, personal).map_err(|fault| Failure::failed(device::passphrase(language, fault)))
    };
    if let Some(file) = &session.global.passphrase_file {
        return judged(&from_file(session, file)?);
    }
    let first = prompt(session, &say::passphrase_new(language))?;
    let passphrase = judged(&first)?;
    let second = prompt(session, &say::passphrase_again(language))?;
    if *first == *second {
        Ok(passphrase)
    } else {
        Err(Failure::failed(say::passphrase_differs(language)))
    }
}

/// What another device shows, typed here.
///
/// # Errors
/// Nobody is here to be asked.
pub fn code(session: &Session, given: Option<&str>) -> Result<Zeroizing<String>, Failure> {
    let needed = || Failure::usage(device::code_needed(session.language));
    match given {
        Some("-") => stdin(session, 1024),
        Some(code) => Ok(Zeroizing::new(code.to_owned())),
        None if can_ask(session) => {
            let asked = Input::<String>::new()
                .with_prompt(device::code_prompt(session.language))
                .interact_text();
            asked.map(Zeroizing::new).map_err(|_| needed())
        }
        None => Err(needed()),
    }
}

/// The first line of a file, or of standard input with `-`.
///
/// # Errors
/// It cannot be read, is no text, or is too long.
pub fn first_line(session: &Session, path: &Path) -> Result<Zeroizing<String>, Failure> {
    from_file(session, path)
}

/// A PIN that is being chosen, twice.
///
/// # Errors
/// Nobody is here to be asked, or the two differ.
pub fn new_pin(session: &Session) -> Result<Zeroizing<String>, Failure> {
    let language = session.language;
    if !can_ask(session) {
        return Err(Failure::usage(intake::no_pin(language)));
    }
    let first = prompt(session, &intake::new_pin_prompt(language))?;
    let again = prompt(session, &intake::pin_again(language))?;
    if first == again {
        Ok(first)
    } else {
        Err(Failure::failed(intake::pin_differs(language)))
    }
}

/// A PIN that was chosen.
///
/// # Errors
/// Nobody is here to be asked.
pub fn pin(session: &Session, left: u8) -> Result<Zeroizing<String>, Failure> {
    if !can_ask(session) {
        return Err(Failure::usage(intake::no_pin(session.language)));
    }
    prompt(session, &intake::pin_prompt(session.language, left.into()))
}

/// The words of a recovery kit: from a file, from standard input, or typed a few at a time.
///
/// # Errors
/// None were given and nobody is here to be asked.
pub fn kit_words(session: &Session, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) if file == Path::new("-") => stdin(session, MAX_KIT_TEXT),
        Some(file) => self::file(session, file, MAX_KIT_TEXT),
        None if can_ask(session) => typed_kit(session),
        None if !session.global.no_input && !io::stdin().is_terminal() => stdin(session, MAX_KIT_TEXT),
        None => Err(Failure::usage(recovery::words_needed(session.language))),
    }
}

/// A line that is mistyped is asked for again; what came before it stays.
fn typed_kit(session: &Session) -> Result<Zeroizing<String>, Failure> {
    let language = session.language;
    let needed = || Failure::usage(recovery::words_needed(language));
    // Room for all of it, so that no copy is left behind by growing.
    let mut words = Zeroizing::new(String::with_capacity(MAX_KIT_TEXT));
    let mut count = 0;
    while count < WORDS {
        let asked = Input::<String>::new()
            .with_prompt(recovery::words_prompt(language, count))
            .interact_text();
        let line = asked.map(Zeroizing::new).map_err(|_| needed())?;
        let before = words.len();
        if line.len() >= MAX_KIT_TEXT - before {
            session.out.note(&kit::error(language, &KitError::TooLong));
            continue;
        }
        words.push_str(&line);
        words.push(' ');
        match Kit::count(&words) {
            Ok(so_far) => count = so_far,
            Err(error) => {
                session.out.note(&kit::error(language, &error));
                words.truncate(before);
            }
        }
    }
    Ok(words)
}

/// Text of at most `max` bytes from standard input.
///
/// # Errors
/// It is no text, too long, or the passphrase comes from there as well.
pub fn stdin(session: &Session, max: usize) -> Result<Zeroizing<String>, Failure> {
    let global = &session.global;
    let files = [&global.passphrase_file, &global.sensitive_passphrase_file];
    if files.into_iter().flatten().any(|file| file == Path::new("-")) {
        return Err(Failure::usage(say::stdin_twice(session.language)));
    }
    text(session, "stdin", io::stdin().lock(), max)
}

/// Text of at most `max` bytes from a file.
///
/// # Errors
/// It cannot be read, is no text, or is too long.
pub fn file(session: &Session, path: &Path, max: usize) -> Result<Zeroizing<String>, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Failure::io(session.language, &name, &e))?;
    text(session, &name, file, max)
}

/// Whether to go ahead with what cannot be undone. Without anybody to ask, the command as typed is the answer.
///
/// # Errors
/// The terminal's only.
pub fn confirmed(session: &Session, question: &str) -> Result<bool, Failure> {
    if !can_ask(session) {
        return Ok(true);
    }
    let asked = Confirm::new().with_prompt(question).default(false).interact();
    asked.map_err(|_| Failure::failed(say::no_answer(session.language)))
}

/// Whether the person agrees; asked from a thread of its own, so without anything but the question.
pub fn agreed(question: &str) -> bool {
    let asked = Confirm::new().with_prompt(question).default(false).interact();
    asked.unwrap_or(false)
}

/// A short line from standard input; empty where there is none.
pub fn line() -> String {
    const MAX: u64 = 256;
    let mut line = String::new();
    match io::stdin().lock().take(MAX).read_line(&mut line) {
        Ok(_) => line,
        Err(_) => String::new(),
    }
}

fn from_file(session: &Session, file: &Path) -> Result<Zeroizing<String>, Failure> {
    // Room for a line's end.
    let max = MAX_PASSPHRASE_BYTES + 2;
    let mut text = if file == Path::new("-") {
        let mut line = Zeroizing::new(String::new());
        let read = io::stdin().lock().take(max as u64).read_line(&mut line);
        read.map_err(|e| Failure::io(session.language, "stdin", &e))?;
        line
    } else {
        self::file(session, file, max)?
    };
    let end = text.trim_end_matches('\n').trim_end_matches('\r').len();
    text.truncate(end);
    Ok(text)
}

fn prompt(session: &Session, words: &str) -> Result<Zeroizing<String>, Failure> {
    let nobody = || Failure::usage(say::no_passphrase(session.language));
    if !can_ask(session) {
        return Err(nobody());
    }
    let _ = io::stderr().flush();
    Password::new()
        .with_prompt(words)
        .interact()
        .map(Zeroizing::new)
        .map_err(|_| nobody())
}

/// Whether somebody is here to be asked.
pub fn can_ask(session: &Session) -> bool {
    !session.global.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn text(session: &Session, name: &str, from: impl Read, max: usize) -> Result<Zeroizing<String>, Failure> {
    let language = session.language;
    // Reserved at once, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max + 1));
    from.take(max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::io(language, name, &e))?;
    if bytes.len() > max {
        return Err(Failure::failed(say::too_long(language, name, max)));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::failed(say::not_text(language, name)))?;
    Ok(Zeroizing::new(
        text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
    ))
}
