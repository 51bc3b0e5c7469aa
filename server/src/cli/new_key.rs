//! `troth-server new-key`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use troth_protocol::ids::VerifyingKey;
use troth_server::keyfile;

use super::Failure;

/// What `new-key` takes.
#[derive(Args)]
pub struct Arguments {
    /// Directory that the relay keeps everything in; the relay may be running
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

/// Makes the key, and says what is to be done with it. Its secret half stays in its file.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let (file, key) = keyfile::make_next(&arguments.data).map_err(|error| failed(&error))?;
    let key = VerifyingKey(key.verifying_key().to_bytes());
    let mut out = std::io::stdout().lock();
    let written = if arguments.json {
        let made = serde_json::json!({ "file": file.display().to_string(), "key": key.to_string() });
        writeln!(out, "{made}")
    } else {
        writeln!(out, "key {key}")
    };
    written.map_err(|error| failed(&error))?;
    eprintln!(
        "made {}. Back it up, give the key to the ledgers' witnesses, and start the relay anew. Then an admin of each practice runs \
         `troth practice ledger-key --turn {key}`. Keep the earlier files: a device that was away needs them to hear of the turn.",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}
