//! The command line: data on stdout, everything else on stderr; 0 done, 1 failed, 2 usage.

mod assets;
mod logs;
mod memory;
mod new_key;
mod page;
mod serve;
mod shell;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Printed below the help.
fn below() -> String {
    format!(
        "Exit codes: 0 done, 1 failed (the last line on stderr says why), 2 not possible as it was typed.\n{PAGE}"
    )
}

const PAGE: &str = if troth_server::http::page::is_built() {
    "The intake page is built in, at /i."
} else {
    "This build has no intake page; `cargo xtask web` builds it, and a relay built after that serves it at /i."
};

/// The relay of Troth: keeps what devices have encrypted, and cannot read it
#[derive(Parser)]
#[command(name = "troth-server", version, arg_required_else_help = true, after_help = below())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve devices until stopped
    Serve(serve::Arguments),
    /// Replay every ledger from genesis, and check every hash, signature and chain
    Verify(verify::Arguments),
    /// Make another ledger key, which practices turn to when their admins say so
    NewKey(new_key::Arguments),
    /// Cosign the checkpoints of ledgers, on a machine that is not the relay's
    Witness(witness::Arguments),
    /// Serve the intake page on an origin of its own, for a relay that is elsewhere
    Page(page::Arguments),
    /// Print the SHA-256 of every file of the intake page, for comparing a live page with a release
    Assets(assets::Arguments),
    /// Print a script that completes these commands in a shell
    Completions(shell::Completions),
    /// Write manual pages, one for each command
    Man(shell::Man),
}

/// Why a command did not do what it was asked.
pub(crate) enum Failure {
    /// What was asked for cannot be done.
    Usage(String),
    /// It went wrong.
    Failed(String),
}

/// Runs the command that was typed.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(arguments) => {
            memory::few_arenas();
            serve::run(arguments)
        }
        Command::Verify(arguments) => verify::run(arguments),
        Command::NewKey(arguments) => new_key::run(arguments),
        Command::Witness(arguments) => witness::run(arguments),
        Command::Completions(arguments) => shell::completions(&arguments, &mut Cli::command()),
        Command::Man(arguments) => shell::man(&arguments, Cli::command()),
        Command::Page(arguments) => page::run(arguments),
        Command::Assets(arguments) => assets::run(&arguments),
    };
    let (code, why) = match done {
        Ok(code) => return code,
        Err(Failure::Failed(why)) => (1, why),
        Err(Failure::Usage(why)) => (2, why),
    };
    eprintln!("troth-server: {why}");
    ExitCode::from(code)
}
