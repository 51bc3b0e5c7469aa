//! `strace`, which the power cut tests watch the relay with.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::command::{program, target_dir, works};
use crate::debian::{self, unpacked};
use crate::steps::Outcome;

/// Where the tests are told which `strace` to use.
pub const VARIABLE: &str = "TROTH_STRACE";

/// Where the one from Debian's packages is started from.
fn wrapper() -> PathBuf {
    target_dir().join("strace/strace")
}

/// Sees to it that there is one: the one named, the one installed, or else Debian's, unpacked.
pub fn fetch() -> Result<Outcome> {
    if env::var_os(VARIABLE).is_some() || installed() {
        return Ok(Outcome::DONE);
    }
    if !debian::is_here() {
        let why =
            "strace is not installed, and this is no Debian to fetch it from: the power cut tests will fail";
        return Ok(Outcome::LeftOut(why.to_owned()));
    }
    // All but the C library, which is the loader's and this machine's own.
    let root = unpacked("strace", |apt| {
        let needed = apt.closure(&["strace"])?;
        Ok(needed
            .into_iter()
            .filter(|name| !name.starts_with("libc6"))
            .collect())
    })?;
    let libraries: Vec<PathBuf> = ["usr/lib", "lib"]
        .iter()
        .filter_map(|folder| fs::read_dir(root.join(folder)).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .collect();
    let libraries = env::join_paths(libraries)?;
    // What is traced gets its environment as it was.
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH={} exec {} -E LD_LIBRARY_PATH \"$@\"\n",
        libraries.display(),
        root.join("usr/bin/strace").display()
    );
    fs::write(wrapper(), script)?;
    #[cfg(unix)]
    fs::set_permissions(wrapper(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(Outcome::noting("with Debian's strace"))
}

/// The program to name to the tests, where they would not find one by themselves.
pub fn fetched() -> Option<PathBuf> {
    let needed = env::var_os(VARIABLE).is_none() && !installed() && wrapper().exists();
    needed.then(wrapper)
}

fn installed() -> bool {
    works(&mut program("strace", &["--version"]))
}
