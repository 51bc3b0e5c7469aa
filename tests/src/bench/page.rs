//! What the intake page weighs on the wire, and when it can be used on a slow line: a real Chromium, throttled as its developer tools
//! throttle "Fast 3G".

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Options, Report, Target};
use crate::relay_process::{self, RelayProcess};

/// Fast 3G, as the developer tools mean it: kbit/s down and up, nine tenths of the nominal 1.6 and 0.75 Mbit/s, and milliseconds
/// that each request takes longer.
const FAST_3G: (f64, f64, f64) = (1_440.0, 675.0, 562.5);
/// What it may weigh, in KiB.
const WEIGHT: f64 = 400.0;
/// When its first step can be read and acted upon, in seconds.
const USABLE: f64 = 2.0;

#[derive(Deserialize)]
struct Measured {
    /// Milliseconds from the opening of the link.
    paint: f64,
    usable: f64,
    acted: f64,
    asked: f64,
    /// On the wire, headers included.
    bytes: f64,
}

/// Measures it, where the page was built and a browser is there; says so where not.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let page = Command::new(relay_process::binary()?).arg("assets").output()?;
    let chromium = env::var_os("TROTH_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-client");
    let missing = [
        (page.status.success(), "the relay has no page in it"),
        (Path::new(&chromium).exists(), "there is no Chromium"),
        (
            client.join("node_modules/playwright-core").exists(),
            "its Node packages are not there",
        ),
    ];
    if let Some((_, why)) = missing.iter().find(|(there, _)| !there) {
        eprintln!("  left out: the page, since {why}; `cargo xtask web --test` brings it");
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let relay = RelayProcess::start(&dir.path().join("relay"), "sqlite")?;
    let link = link(dir.path(), relay.address())?;
    let (down, up, latency) = FAST_3G;
    let runs = if options.quick { 1 } else { 3 };
    let ask = json!({ "link": link, "runs": runs, "net": { "down": down, "up": up, "latency": latency } });
    let output = Command::new("node")
        .arg("tests/weigh.mjs")
        .current_dir(client)
        .env("TROTH_WEIGH", ask.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    let measured: Measured = serde_json::from_slice(&output.stdout).context("tests/weigh.mjs")?;
    let seconds = |ms: f64| ms / 1_000.0;
    report.aim(
        "intake page: all that is fetched",
        measured.bytes / 1_024.0,
        "KiB",
        Target::AtMost(WEIGHT),
    );
    report.add("intake page, Fast 3G: first paint", seconds(measured.paint), "s");
    report.aim(
        "intake page, Fast 3G: first step usable",
        seconds(measured.usable),
        "s",
        Target::AtMost(USABLE),
    );
    report.add(
        "intake page, Fast 3G: first step answered by keyboard",
        seconds(measured.acted),
        "s",
    );
    report.add(
        "intake page, Fast 3G: who asks, decrypted",
        seconds(measured.asked),
        "s",
    );
    Ok(())
}

/// A practice's intake link, made as a counselor makes one.
fn link(dir: &Path, relay: &str) -> Result<String> {
    let troth = troth()?;
    let passphrase = dir.join("passphrase");
    std::fs::write(&passphrase, "otter gravel pennant yodel fjord\n")?;
    let run = |arguments: &[&str]| -> Result<Value> {
        let output = Command::new(&troth)
            .arg("--home")
            .arg(dir.join("laptop"))
            .arg("--passphrase-file")
            .arg(&passphrase)
            .arg("--json")
            .args(arguments)
            .output()?;
        if !output.status.success() {
            bail!("troth {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    };
    let url = format!("http://{relay}");
    run(&[
        "practice",
        "init",
        "--relay",
        &url,
        "--name",
        "Lindenhof",
        "--as",
        "Ada Winter",
    ])?;
    run(&["case", "new", "--skip-recovery", "Okafor", "--partner-a", "Chidi"])?;
    let made = run(&[
        "intake",
        "new",
        "Okafor",
        "--partner",
        "a",
        "--form",
        "couple-intake",
    ])?;
    Ok(made["link"].as_str().context("no link")?.to_owned())
}

/// The device's program beside the relay's, built if need be.
fn troth() -> Result<PathBuf> {
    let server = relay_process::binary()?;
    let profile = server.parent().context("the relay's program is nowhere")?;
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "troth-cli",
            "--bin",
            "troth",
            "--profile",
            name,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    anyhow::ensure!(built.success(), "troth does not build");
    Ok(profile.join(format!("troth{}", env::consts::EXE_SUFFIX)))
}
