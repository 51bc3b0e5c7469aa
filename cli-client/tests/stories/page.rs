//! The intake page, in a real Chromium: a couple answers on a telephone, each alone.

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
        "no Chromium, no page or no Node packages: `cargo xtask web`"
    );
    if !all {
        eprintln!("left out: the intake page in Chromium (`cargo xtask web`, and Debian's chromium)");
    }
    all
}

fn couple(stage: &Stage) -> (Relay, Troth) {
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
    (relay, laptop)
}

fn link(laptop: &Troth, partner: &str, form: &str) -> String {
    let made = laptop.json(&["intake", "new", CASE, "--partner", partner, "--form", form]);
    made["link"].as_str().unwrap().to_owned()
}

fn walk(what: Value) -> Value {
    let mut what = what;
    if let Ok(shots) = std::env::var("TROTH_SCREENSHOTS") {
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
    assert_eq!(told["violations"], json!([]), "axe-core found something");
    assert_eq!(told["console"], json!([]), "the browser complained");
    told
}

fn inbox(device: &Troth) -> Vec<Value> {
    device.ok(&["sync"]);
    device.json(&["inbox", "list"])["inbox"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn both_partners_answer_each_in_their_language_and_nothing_stays_on_the_telephone() {
    if !can_browse() {
        return;
    }
    let stage = Stage::new();
    let (relay, laptop) = couple(&stage);
    let (a, b) = (link(&laptop, "a", "consent"), link(&laptop, "b", "phq-9"));
    let hostile = "Quillfeather <script>alert(1)</script> \u{202e}gnol 👩‍❤️‍👩";
    let told = walk(json!({ "scenario": "walk", "link": a, "words": hostile }));
    assert!(
        !told["address"].as_str().unwrap().contains('#'),
        "{}",
        told["address"]
    );
    let nothing = json!({ "local": 0, "session": 0, "cookies": "", "databases": 0, "caches": 0 });
    assert_eq!(told["kept"], nothing);
    walk(json!({ "scenario": "walk", "link": b, "language": "zh", "pin": "702 215" }));

    let came = inbox(&laptop);
    assert_eq!(came.len(), 2);
    let shown = laptop.json(&["inbox", "show", came[0]["submission"].as_str().unwrap()]);
    assert!(
        shown["response"].to_string().contains("Quillfeather <script>"),
        "{shown:#}"
    );
    assert!(
        shown["consents"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["given"] == true)
    );
    let shown = laptop.json(&["inbox", "show", came[1]["submission"].as_str().unwrap()]);
    assert_eq!(
        (&shown["urgent"], &shown["scores"][0]["value"]),
        (&json!(true), &json!(27.0))
    );
    for submission in &came {
        laptop.ok(&["inbox", "accept", submission["submission"].as_str().unwrap()]);
    }

    // With the PIN, what was sent is there again; a link that was used says so before one was chosen.
    let again = walk(json!({ "scenario": "again", "link": a }));
    assert!(again["text"].as_str().unwrap().contains("Quillfeather"));
    drop(relay);
    for secret in ["Quillfeather", "phq9", "urn:troth:form"] {
        let found = super::intake::kept_by_the_relay(&stage.path("relay"), secret);
        assert!(!found, "{secret} is on the relay's disk");
    }
}

#[test]
fn what_was_begun_on_one_telephone_goes_on_on_another() {
    if !can_browse() {
        return;
    }
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let link = link(&laptop, "a", "consent");
    walk(json!({ "scenario": "resume", "link": link, "words": "Theodore Quillfeather" }));
    let came = inbox(&laptop);
    let shown = laptop.json(&["inbox", "show", came[0]["submission"].as_str().unwrap()]);
    assert!(shown["response"].to_string().contains("Theodore Quillfeather"));
}

#[test]
fn a_link_that_does_not_work_says_what_to_do() {
    if !can_browse() {
        return;
    }
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let link = link(&laptop, "a", "consent");
    let said = |link: &str| {
        let told = walk(json!({ "scenario": "trouble", "link": link }));
        told["text"].as_str().unwrap().to_owned()
    };
    assert!(said(&link[..link.len() - 4]).contains("not whole"));
    let last = link.rfind('.').unwrap();
    let swapped = if &link[last + 3..last + 4] == "x" {
        "y"
    } else {
        "x"
    };
    let mut altered = link.clone();
    altered.replace_range(last + 3..last + 4, swapped);
    assert!(said(&altered).contains("Nothing was sent"));
    assert!(said(link.split('#').next().unwrap()).contains("needs the link"));
    let listed = laptop.json(&["intake", "list"]);
    laptop.ok(&[
        "intake",
        "revoke",
        &listed["links"][0]["invite"].as_str().unwrap()[..8],
    ]);
    assert!(said(&link).contains("takes no answers"));
}
