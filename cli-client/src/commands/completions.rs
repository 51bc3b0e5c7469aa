//! `troth completions`: a script for the shell.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::failure::Failure;
use crate::session::Session;

/// For which shell.
#[derive(Debug, Args)]
pub struct Options {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Does it.
///
/// # Errors
/// Standard output's only.
pub fn run(session: &Session, options: &Options) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut super::command(session.language),
        "troth",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    session.out.result(
        &json!({ "shell": options.shell.to_string(), "script": script }),
        &script,
    )
}
