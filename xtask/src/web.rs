//! `cargo xtask web`: the intake page, built.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{cargo, output, program, root, run, target_dir, works};
use crate::steps::{Outcome, Steps};
use crate::{chromium, wasm};

/// Where the page's sources stand.
const FOLDER: &str = "web-client";
/// What the page may weigh on the wire, compressed, in bytes.
const WEIGHT: u64 = 400 * 1024;

/// Where pictures of its steps go.
const PICTURES: &str = "docs/screenshots";

/// What to do with the page once it is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Nothing.
    No,
    /// It is walked through in Chromium.
    Yes,
    /// The same, and a picture of each step is kept.
    WithPictures,
}

/// Builds the page, and walks through it if asked to.
pub fn web(steps: &mut Steps, walk: Walk) {
    build(steps);
    if walk != Walk::No {
        steps.take("chromium", chromium::fetch);
        steps.take("page: walks", || walks(walk));
    }
}

/// Builds the page: the Rust part for WebAssembly, its bindings, then the page around it.
pub fn build(steps: &mut Steps) {
    steps.take("page: wasm", compiled);
    steps.take("page: packages", packages);
    steps.take("page: bundle", bundle);
}

/// Whether there is all that a walk needs.
pub fn can_be_walked() -> bool {
    let folder = root().join(FOLDER);
    folder.join("dist/index.html").exists()
        && folder.join("node_modules/playwright-core").exists()
        && chromium::is_here()
}

/// The stories that need the page, a browser, and a relay with the page in it.
fn walks(walk: Walk) -> Result<Outcome> {
    if !can_be_walked() {
        return Ok(Outcome::LeftOut(
            "the page or a browser could not be had".to_owned(),
        ));
    }
    let mut stories = cargo(&[
        "test",
        "--locked",
        // All of it, so that what other tests are built of serves here too.
        "--workspace",
        "--test",
        "stories",
        "page::",
    ]);
    stories.envs(chromium::environment()).env(chromium::MUST, "1");
    if walk == Walk::WithPictures {
        fs::create_dir_all(root().join(PICTURES))?;
        stories.env("TROTH_SCREENSHOTS", root().join(PICTURES));
    }
    run(&mut stories)?;
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
    if is_newer(&out.join("troth_web_bg.wasm"), std::slice::from_ref(&module))? {
        return Ok(outcome);
    }
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
            .arg(tools.join("build"))
            // A tool that runs for a second need not be fast.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off"),
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
    let made_of = [
        "src",
        "public",
        "pkg",
        "index.html",
        "compress.js",
        "vite.config.ts",
        "package-lock.json",
    ];
    if is_newer(
        &folder.join("dist/index.html.br"),
        &made_of.map(|name| folder.join(name)),
    )? {
        return Ok(Outcome::noting("as it was built before"));
    }
    run(program("npm", &["run", "--silent", "check"]).current_dir(&folder))?;
    run(program("npm", &["run", "--silent", "build"]).current_dir(&folder))?;
    // The sums of all files, compressed in either way.
    let weights = output(program("node", &["compress.js"]).current_dir(&folder))?;
    let weights: Vec<u64> = weights.split_whitespace().flat_map(str::parse).collect();
    let [gzip, brotli] = weights[..] else {
        anyhow::bail!("compress.js does not say two sums");
    };
    anyhow::ensure!(
        gzip <= WEIGHT,
        "the page weighs {gzip} bytes compressed with gzip, above {WEIGHT}"
    );
    let (gzip, brotli) = (gzip.div_ceil(1024), brotli.div_ceil(1024));
    Ok(Outcome::noting(format!(
        "{brotli} KiB with Brotli, {gzip} with gzip"
    )))
}

/// Whether a file was made after all these files, and all files in these folders, were changed last. What is made again without need
/// makes the relay compile again.
fn is_newer(made: &Path, of: &[PathBuf]) -> Result<bool> {
    let Ok(made) = fs::metadata(made).and_then(|file| file.modified()) else {
        return Ok(false);
    };
    let mut waiting = of.to_vec();
    while let Some(path) = waiting.pop() {
        let what = fs::metadata(&path)?;
        if what.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else if what.modified()? > made {
            return Ok(false);
        }
    }
    Ok(true)
}
