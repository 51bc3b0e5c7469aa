//! `cargo xtask fuzz`: each target of `fuzz/` for a while, over the committed corpus and what earlier runs added to it.
//!
//! cargo-fuzz with `--sanitizer none` needs no other compiler than the project's own: there is no unsafe code here for a
//! sanitizer to watch. What a run adds stays below `target/`; a finding is worth a file in `fuzz/corpus`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, program, root, run, target_dir, works};
use crate::steps::Outcome;

/// Exactly this one, so that every machine runs alike.
const VERSION: &str = "0.13.2";
/// Memory that one target may take, in mebibytes.
const MEMORY: u32 = 2_048;
/// One input may take this long, in seconds.
const PATIENCE: u32 = 20;

/// Runs one target, or all, for so many seconds each.
pub fn fuzz(only: Option<&str>, seconds: u64) -> Result<Outcome> {
    let targets = targets()?;
    if let Some(name) = only
        && !targets.iter().any(|target| target == name)
    {
        bail!("there is no target {name}; there are: {}", targets.join(", "));
    }
    let tool = tool()?;
    let place = target_dir().join("fuzz");
    let mut build = program(&tool, &["fuzz", "build", "--sanitizer", "none", "--target-dir"]);
    run(build.arg(&place).args(only).env_remove("CARGO_TARGET_DIR"))?;
    let (mut executions, mut findings) = (0, Vec::new());
    for target in targets
        .iter()
        .filter(|target| only.is_none_or(|name| name == *target))
    {
        let (done, found) = one(target, seconds)?;
        eprintln!(
            "{target:>14}: {done} executions{}",
            if found { ", A FINDING" } else { "" }
        );
        executions += done;
        if found {
            findings.push(target.as_str());
        }
    }
    if findings.is_empty() {
        return Ok(Outcome::noting(format!("{executions} executions, no findings")));
    }
    bail!(
        "findings in {}: the inputs are in target/fuzz/findings",
        findings.join(", ")
    )
}

/// How many inputs were tried, and whether one of them was a finding.
fn one(target: &str, seconds: u64) -> Result<(u64, bool)> {
    let own = target_dir().join("fuzz/corpus").join(target);
    let findings = target_dir().join("fuzz/findings").join(target);
    fs::create_dir_all(&own)?;
    fs::create_dir_all(&findings)?;
    let binary = target_dir()
        .join("fuzz")
        .join(host()?)
        .join("release")
        .join(target);
    let output = program(&binary, &[])
        .arg(&own)
        .arg(root().join("fuzz/corpus").join(target))
        .args([
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", findings.display()),
        ])
        .args([format!("-rss_limit_mb={MEMORY}"), format!("-timeout={PATIENCE}")])
        .args(["-print_final_stats=1", "-verbosity=1", "-use_value_profile=1"])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be started", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let executed = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let executed = executed.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
    if !output.status.success() {
        let shown: Vec<&str> = said.lines().filter(|line| !line.starts_with('#')).collect();
        eprintln!("{}", shown.join("\n"));
    }
    Ok((executed, !output.status.success()))
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = file?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// The machine that it is built for, as cargo-fuzz names the folder.
fn host() -> Result<String> {
    let said = crate::command::output(&mut program("rustc", &["-vV"]))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it builds for")?.to_owned())
}

/// The tool's path, after building it if need be (about a minute, once).
fn tool() -> Result<PathBuf> {
    let own = target_dir().join("tools");
    let built = own
        .join("bin")
        .join(format!("cargo-fuzz{}", env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-fuzz"), built.clone()] {
        if works(&mut program(&candidate, &["--version"])) {
            return Ok(candidate);
        }
    }
    eprintln!("cargo-fuzz is not installed: building it into {}", own.display());
    let mut install = cargo(&[
        "install",
        "cargo-fuzz",
        "--locked",
        "--version",
        VERSION,
        "--root",
    ]);
    run(install.arg(&own).env_remove("CARGO_TARGET_DIR"))?;
    Ok(built)
}
