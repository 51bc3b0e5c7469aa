//! `troth-server assets`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use troth_server::http::page;

use super::Failure;

/// What `assets` takes.
#[derive(Args)]
pub struct Arguments {
    /// As `troth-server page --relay` serves them
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
}

/// Prints the SHA-256 of every file of the intake page, as `/.well-known/troth-assets` serves them.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let relay = arguments
        .relay
        .as_deref()
        .map(str::parse::<page::Elsewhere>)
        .transpose()?;
    if !page::is_built() {
        let why = "this relay was built without the intake page: `cargo xtask web`, then build it again";
        return Err(Failure::Failed(why.to_owned()));
    }
    let written = std::io::stdout()
        .lock()
        .write_all(page::hashes(relay.as_ref()).as_bytes());
    written.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
