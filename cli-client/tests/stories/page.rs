//! The intake page, in a real Chromium: a couple answers on a telephone, each alone.
//!
//! `web-client/tests/walk.mjs` does what a client does, by keyboard alone, and tells what it saw.

mod afterwards;
mod links;
mod receipts;
mod walks;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::stage::{Relay, Stage, Troth, server};

const CASE: &str = "Pemberton & Lin";

fn web_client() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-client")
}

/// Whether there is a browser, and a page to show in it. Where `TROTH_BROWSER_TESTS` is set there has to be.
fn can_browse() -> bool {
    let chromium = std::env::var("TROTH_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let page = Command::new(server()).arg("assets").output().unwrap();
    let all = Path::new(&chromium).exists()
        && page.status.success()
        && web_client().join("node_modules/playwright-core").exists();
    let must = std::env::var_os("TROTH_BROWSER_TESTS").is_some();
    assert!(
        all || !must,
        "no Chromium, no page or no Node packages: `cargo xtask web --test`"
    );
    if !all {
        eprintln!("left out: the intake page in Chromium (`cargo xtask web --test`)");
    }
    all
}

/// A practice with a case for a couple, on a relay that serves the page; nothing where there is no browser.
fn couple() -> Option<(Stage, Relay, Troth)> {
    if !can_browse() {
        return None;
    }
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let case = [
        "--skip-recovery",
        CASE,
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
    ];
    laptop.ok(&[&["case", "new"], &case[..]].concat());
    Some((stage, relay, laptop))
}

fn link(laptop: &Troth, partner: &str, form: &str) -> String {
    let made = laptop.json(&["intake", "new", CASE, "--partner", partner, "--form", form]);
    made["link"].as_str().unwrap().to_owned()
}

/// Walks, and returns what was seen. No walk may meet a barrier, ask anybody but the relay, make the browser complain, or show
/// what it must not.
fn walk(what: Value) -> Value {
    let mut what = what;
    if what["pictures"] == true
        && let Ok(shots) = std::env::var("TROTH_SCREENSHOTS")
    {
        what["shots"] = shots.into();
    }
    let walked = Command::new("node")
        .arg("tests/walk.mjs")
        .current_dir(web_client())
        .env("TROTH_WALK", what.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&walked.stdout);
    let told: Value = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&walked.stderr)));
    assert_eq!(told["failed"], Value::Null, "{told:#}");
    assert_eq!(told["violations"], json!([]), "somebody is kept out");
    assert_eq!(told["console"], json!([]), "the browser complained");
    assert_eq!(told["third"], json!([]), "others were asked");
    assert_eq!(told["leaks"], json!([]), "something was seen that must not be");
    told
}

fn text<'a>(told: &'a Value, what: &str) -> &'a str {
    told[what]
        .as_str()
        .unwrap_or_else(|| panic!("no {what}: {told:#}"))
}

fn inbox(device: &Troth) -> Vec<Value> {
    device.ok(&["sync"]);
    device.json(&["inbox", "list"])["inbox"]
        .as_array()
        .unwrap()
        .clone()
}

fn id(of: &Value) -> &str {
    of["submission"].as_str().unwrap()
}
