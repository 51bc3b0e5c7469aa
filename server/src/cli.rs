//! The command line: data on stdout, everything else on stderr; 0 done, 1 failed, 2 usage.

mod assets;
mod logs;
mod memory;
mod new_key;
mod serve;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Printed below the help.
const PAGE: &str = if troth_server::http::page::is_built() {
    "The intake page is built in, at /i."
} else {
    "This build has no intake page; `cargo xtask web` builds it, and a relay built after that serves it at /i."
};

/// The relay of Troth: keeps what devices have encrypted, and cannot read it
#[derive(Parser)]
#[command(name = "troth-server", version, arg_required_else_help = true, after_help = PAGE)]
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
    /// Print the SHA-256 of every file of the intake page, for comparing a live page with a release
    Assets,
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
        Command::Assets => assets::run(),
    };
    let (code, why) = match done {
        Ok(code) => return code,
        Err(Failure::Failed(why)) => (1, why),
        Err(Failure::Usage(why)) => (2, why),
    };
    eprintln!("troth-server: {why}");
    ExitCode::from(code)
}
