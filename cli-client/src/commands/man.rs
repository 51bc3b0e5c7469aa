//! `troth man`: manual pages, one for each command.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::messages::case as say;
use crate::session::Session;

/// Where to.
#[derive(Debug, Args)]
pub struct Options {
    /// The directory; pages that are there are written anew
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Does it.
///
/// # Errors
/// The disk's only.
pub fn run(session: &Session, options: &Options) -> Result<(), Failure> {
    let shown = options.dir.display().to_string();
    let written = std::fs::create_dir_all(&options.dir)
        .and_then(|()| clap_mangen::generate_to(super::command(session.language), &options.dir));
    written.map_err(|e| Failure::io(session.language, &shown, &e))?;
    session.out.result(
        &json!({ "directory": shown }),
        &say::exported(session.language, &shown),
    )
}
