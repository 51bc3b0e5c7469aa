//! `troth-server assets`.

use std::io::Write as _;
use std::process::ExitCode;

use troth_server::http::page;

use super::Failure;

/// Prints the SHA-256 of every file of the intake page, as `/.well-known/troth-assets` serves them.
pub fn run() -> Result<ExitCode, Failure> {
    if !page::is_built() {
        let why = "this relay was built without the intake page: `cargo xtask web`, then build it again";
        return Err(Failure::Failed(why.to_owned()));
    }
    let written = std::io::stdout().lock().write_all(page::hashes().as_bytes());
    written.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
