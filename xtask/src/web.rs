//! `cargo xtask web`: the intake page, built.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::command::{cargo, output, program, root, run, target_dir, works};
use crate::steps::{Outcome, Steps};
use crate::{chromium, wasm};

/// Where the page's sources stand.
const FOLDER: &str = "web-client";
/// What the page may weigh on the wire, compressed, in bytes.
const WEIGHT: u64 = 400 * 1024;

/// Builds the page: the Rust part for WebAssembly, its bindings, then the page around it.
/// With `test`, it is then walked through in Chromium.
pub fn web(steps: &mut Steps, test: bool) {
    steps.take("page: WebAssembly", compiled);
    steps.take("page: Node packages", packages);
    steps.take("page: bundle", bundle);
    if test {
        steps.take("chromium", chromium::fetch);
        steps.take("page: walks", walks);
    }
}

/// The stories that need the page, a browser, and a relay with the page in it.
fn walks() -> Result<Outcome> {
    run(cargo(&[
        "test",
        "--locked",
        "-p",
        "troth-cli",
        "--test",
        "stories",
        "page::",
    ])
    .envs(chromium::environment())
    .env(chromium::MUST, "1"))?;
    Ok(Outcome::DONE)
}

/// The Rust part and its bindings, in `web-client/pkg`.
fn compiled() -> Result<Outcome> {
    let (outcome, module) = wasm::page()?;
    if matches!(outcome, Outcome::LeftOut(_)) {
        return Ok(outcome);
    }
    let bindgen = bindgen()?;
    let out = root().join(FOLDER).join("pkg");
    run(program(
        &bindgen,
        &["--target", "web", "--out-name", "troth_web", "--out-dir"],
    )
    .arg(&out)
    .arg(&module))?;
    Ok(outcome)
}

/// The tool that makes bindings, of exactly the version that the crate has: any other refuses the module.
fn bindgen() -> Result<PathBuf> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let version = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"wasm-bindgen\"\n"))
        .and_then(|package| package.split("version = \"").nth(1)?.split('"').next())
        .context("Cargo.lock names no wasm-bindgen")?;
    let tools = target_dir().join("tools");
    let tool = tools.join("bin/wasm-bindgen");
    let here = output(&mut program(&tool, &["--version"])).unwrap_or_default();
    if here.trim().ends_with(version) {
        return Ok(tool);
    }
    run(
        cargo(&["install", "wasm-bindgen-cli", "--version", version, "--root"])
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build")),
    )?;
    Ok(tool)
}

/// Exactly what `package-lock.json` names.
fn packages() -> Result<Outcome> {
    if !works(&mut program("npm", &["--version"])) {
        let why = "npm is not installed: install Node.js 20 or later".to_owned();
        return Ok(Outcome::LeftOut(why));
    }
    let folder = root().join(FOLDER);
    let changed = fs::metadata(folder.join("package-lock.json"))?.modified()?;
    let installed =
        fs::metadata(folder.join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    if !installed.is_ok_and(|installed| installed >= changed) {
        run(program("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder))?;
    }
    Ok(Outcome::DONE)
}

fn bundle() -> Result<Outcome> {
    let folder = root().join(FOLDER);
    if !folder.join("node_modules").exists() || !folder.join("pkg").exists() {
        return Ok(Outcome::LeftOut(
            "what it is made of could not be fetched".to_owned(),
        ));
    }
    run(program("npm", &["run", "--silent", "check"]).current_dir(&folder))?;
    run(program("npm", &["run", "--silent", "build"]).current_dir(&folder))?;
    // What it says last is the sum of all files, compressed.
    let weight = output(program("node", &["compress.js"]).current_dir(&folder))?;
    let bytes: u64 = weight.trim().parse().context("compress.js says no number")?;
    anyhow::ensure!(
        bytes <= WEIGHT,
        "the page weighs {bytes} bytes compressed, above {WEIGHT}"
    );
    Ok(Outcome::noting(format!(
        "{} KiB compressed",
        bytes.div_ceil(1024)
    )))
}
