//! `troth-server completions` and `troth-server man`: what a package puts beside the program.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::Failure;

/// What `completions` takes.
#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// What `man` takes.
#[derive(Args)]
pub struct Man {
    /// The directory; pages that are there are written anew
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Prints the script.
pub fn completions(arguments: &Completions, command: &mut Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "troth-server", &mut script);
    let mut out = std::io::stdout().lock();
    let written = out.write_all(&script).and_then(|()| out.flush());
    written.map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages.
pub fn man(arguments: &Man, command: Command) -> Result<ExitCode, Failure> {
    let dir = &arguments.dir;
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.map_err(|error| {
        let shown = dir.display();
        Failure::Failed(format!(
            "cannot write to {shown}: {error}; choose a directory that you may write to, with room"
        ))
    })?;
    Ok(ExitCode::SUCCESS)
}
