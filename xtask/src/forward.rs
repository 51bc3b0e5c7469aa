//! `cargo xtask bench` and `cargo xtask simulate`: programs of the `tests` crate, built for speed.

use std::process::ExitCode;

use crate::chromium;
use crate::command::cargo;

/// Runs a program of the `tests` crate with the arguments given, and ends as it does.
pub fn forward(bin: &str, args: &[String]) -> ExitCode {
    let status = cargo(&["run", "--release", "--package", "troth-tests", "--bin", bin, "--"])
        .args(args)
        .envs(chromium::environment())
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
