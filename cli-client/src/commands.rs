//! What each command does, one file for each group.

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::arguments::{Arguments, Command};
use crate::demo as whole_story;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::help;
use crate::session::Session;

pub mod case;
pub mod completions;
pub mod device;
pub mod export;
pub mod field;
pub mod inbox;
pub mod intake;
pub mod ledger;
pub mod man;
pub mod member;
pub mod note;
pub mod passphrase;
pub mod practice;
pub mod quarantine;
pub mod recovery;
pub mod share;
pub mod sync;

pub mod pick;

/// The command line in a language.
pub fn command(language: Language) -> clap::Command {
    match language {
        Language::English => Arguments::command(),
        Language::Chinese => help::in_chinese(Arguments::command()),
    }
}

/// Reads the process's arguments. Help comes in the environment's language, or in the one that `--lang` names.
///
/// # Errors
/// What the library says: a mistake, or help that was asked for.
pub fn parse() -> Result<Arguments, clap::Error> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let language = help::asked_for(&arguments).unwrap_or_else(Language::of_environment);
    let matches = command(language).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches(&matches)
}

/// Does what was asked.
///
/// # Errors
/// What stands in the way, in the person's language.
pub async fn run(session: &Session, asked: Command) -> Result<(), Failure> {
    match asked {
        Command::Demo(options) => whole_story::run(session, &options).await,
        Command::Practice(command) => practice::run(session, command).await,
        Command::Member(command) => member::run(session, command).await,
        Command::Device(command) => device::run(session, command).await,
        Command::Passphrase(command) => passphrase::run(session, command),
        Command::Recovery(command) => recovery::run(session, command).await,
        Command::Case(command) => case::run(session, command).await,
        Command::Note(command) => note::run(session, command).await,
        Command::Field(command) => field::run(session, command).await,
        Command::Intake(command) => intake::run(session, command).await,
        Command::Inbox(command) => inbox::run(session, command).await,
        Command::Share(command) => share::run(session, command).await,
        Command::Quarantine(command) => quarantine::run(session, command).await,
        Command::Sync(options) => sync::run(session, &options).await,
        Command::Ledger(command) => ledger::run(session, command),
        Command::Export(options) => export::run(session, &options).await,
        Command::Completions(options) => completions::run(session, &options),
        Command::Man(options) => man::run(session, &options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together_in_both_languages() {
        command(Language::English).debug_assert();
        command(Language::Chinese).debug_assert();
    }
}
