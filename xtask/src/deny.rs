//! Licences, duplicates, sources and advisories, by cargo-deny: found on this machine, or built for it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, output, program, root, run, target_dir};
use crate::steps::Outcome;

/// Exactly this one, so that every machine judges alike.
const VERSION: &str = "0.20.2";

/// Names the directory that holds the advisories, as `crates/NAME/ID.md`.
const DATABASE: &str = "TROTH_ADVISORY_DB";

/// What cargo-deny calls its copy of the default advisory database: a hash of where it would fetch it from.
const DATABASE_NAME: &str = "advisory-db-3157b0e258782691";

/// Holds the dependencies against `deny.toml`, advisories excepted.
pub fn dependencies() -> Result<Outcome> {
    deny(&["bans", "licenses", "sources"])?;
    Ok(Outcome::DONE)
}

/// Looks for known flaws in the dependencies, in the database that the environment names. Nothing is fetched: a
/// check whose verdict changes overnight belongs to whoever keeps the database, not to a build.
pub fn advisories() -> Result<Outcome> {
    let Some(database) = env::var_os(DATABASE).filter(|database| !database.is_empty()) else {
        return Ok(Outcome::noting(format!(
            "nothing looked up: {DATABASE} names no directory of advisories"
        )));
    };
    lay_out(&root().join(database))?;
    deny(&["advisories"])?;
    Ok(Outcome::DONE)
}

fn deny(checks: &[&str]) -> Result<()> {
    let mut command = program(tool()?, &["--workspace", "--locked"]);
    // Otherwise it would fetch them over those laid out.
    if checks == ["advisories"] {
        command.arg("--offline");
    }
    run(command.args(["check", "--hide-inclusion-graph"]).args(checks))
}

/// The tool's path, after building it if need be (about three minutes on two cores, once).
fn tool() -> Result<PathBuf> {
    let own = target_dir().join("tools");
    let built = own
        .join("bin")
        .join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-deny"), built.clone()] {
        if output(&mut program(&candidate, &["--version"])).is_ok_and(|said| said.trim().ends_with(VERSION)) {
            return Ok(candidate);
        }
    }
    eprintln!(
        "cargo-deny {VERSION} is not installed: building it into {}",
        own.display()
    );
    run(cargo(&[
        "install",
        "cargo-deny",
        "--locked",
        "--version",
        VERSION,
        "--root",
    ])
    .arg(&own)
    // A tool that runs for a second need not be fast; as its author configures it, it takes three times as long.
    .envs([
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ])
    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
    .env_remove("CARGO_TARGET_DIR"))?;
    Ok(built)
}

/// Puts the database where `deny.toml` says, in the form that cargo-deny gives one it has fetched itself.
fn lay_out(database: &Path) -> Result<()> {
    let crates = database.join("crates");
    if !crates.is_dir() {
        bail!(
            "{DATABASE} is {}, where there is no `crates` directory: unpack the database there",
            database.display()
        );
    }
    let place = root().join("target/advisory-db").join(DATABASE_NAME);
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(place.join(".git"))?;
    fs::write(place.join(".git/FETCH_HEAD"), "")?;
    copy(&crates, &place.join("crates")).with_context(|| format!("{} cannot be copied", crates.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
