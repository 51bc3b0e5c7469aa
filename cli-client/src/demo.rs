use std::path::PathBuf;
use clap::Args;
use crate::failure::Failure;
use crate::session::Session;
/// How to tell it.
#[derive(Debug, Args)]
pub struct Options {
    /// Leave everything in this directory, to be looked at; it must be empty or not there yet
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}
pub async fn run(_session: &Session, _options: &Options) -> Result<(), Failure> { Ok(()) }
