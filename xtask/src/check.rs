//! `cargo xtask check`: the project's rules, as far as a program can hold them.

mod crates;
mod files;
mod rules;
mod threats;
mod words;

use crate::command::{cargo, run};
use crate::deny;
use crate::steps::{Outcome, Steps};

/// Takes every check. None of them changes a file.
pub fn check(steps: &mut Steps) {
    steps.take("format", || {
        run(&mut cargo(&["fmt", "--all", "--check"]))?;
        // A workspace of its own.
        run(&mut cargo(&[
            "fmt",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--check",
        ]))?;
        Ok(Outcome::DONE)
    });
    steps.take("clippy", || {
        run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))?;
        Ok(Outcome::DONE)
    });
    steps.take("relay without sled", || {
        run(&mut cargo(&[
            "check",
            "-p",
            "troth-server",
            "--no-default-features",
            "--locked",
        ]))?;
        Ok(Outcome::DONE)
    });
    steps.take("crates", crates::check);
    steps.take("rules", rules::check);
    steps.take("threats", threats::check);
    steps.take("files", files::check);
    steps.take("words", words::check);
    steps.take("dependencies", deny::dependencies);
    steps.take("advisories", deny::advisories);
}

/// Fails with every complaint, one a line, or is done.
fn verdict(what: &str, complaints: &[String]) -> anyhow::Result<Outcome> {
    if complaints.is_empty() {
        return Ok(Outcome::DONE);
    }
    for complaint in complaints {
        eprintln!("  {complaint}");
    }
    anyhow::bail!("{what}: {} (listed above)", complaints.len());
}
