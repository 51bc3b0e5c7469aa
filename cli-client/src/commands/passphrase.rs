//! `troth passphrase`: the second passphrase, which opens what is sensitive.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use troth_client_core::crypto::Cost;
use troth_client_core::device::SensitiveState;

use crate::driver;
use crate::failure::Failure;
use crate::messages::sensitive as say;
use crate::secrets;
use crate::session::Session;

/// What to do with passphrases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Choose or change the second passphrase, which opens assessments and process notes
    Sensitive {
        /// For a change: read the new second passphrase from the first line of FILE
        #[arg(long, value_name = "FILE")]
        new_file: Option<PathBuf>,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let Command::Sensitive { new_file } = command;
    let language = session.language;
    let mut device = session.open()?;
    if device.sensitive() == SensitiveState::NotSet {
        session.choose_second(&mut device)?;
        let value = json!({ "sensitive": "chosen" });
        return session.out.result(&value, &say::chosen(language));
    }
    let old = secrets::sensitive_passphrase(session)?;
    // A mistyped old one is said before a new one is asked for.
    let unlocked = device.unlock_sensitive(driver::now(), &old);
    unlocked.map_err(|e| session.wrong_second(e))?;
    let new = secrets::new_sensitive_passphrase(session, new_file.as_deref())?;
    let (now, mut rng) = (driver::now(), driver::rng());
    let changed = device.change_sensitive_passphrase(now, &mut rng, &old, &new, Cost::DEFAULT);
    changed.map_err(|e| session.wrong_second(e))?;
    let value = json!({ "sensitive": "changed" });
    session.out.result(&value, &say::changed(language))
}
