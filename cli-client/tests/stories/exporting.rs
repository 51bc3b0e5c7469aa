//! Files for other programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::stage::Stage;

/// Where the JavaScript that opens documents is.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-core/tests/js")
}

fn works(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|ran| ran.status.success())
}

/// What Automerge's own JavaScript library reads in a file; `None` where there is no Node.js and nobody insists.
fn in_javascript(file: &Path) -> Option<Value> {
    if !works("node") || !works("npm") {
        assert!(std::env::var_os("CI").is_none(), "Node.js 20 and npm are needed");
        return None;
    }
    if !scripts().join("node_modules/@automerge/automerge").exists() {
        let installed = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(scripts())
            .status();
        assert!(installed.unwrap().success());
    }
    let ran = Command::new("node")
        .arg(scripts().join("open.mjs"))
        .arg(file)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

#[test]
fn automerges_own_library_opens_a_lane_and_sees_both_values() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&[
        "case",
        "new",
        "--skip-recovery",
        "Lee",
        "--partner-a",
        "Ann",
        "--partner-b",
        "Bo",
    ]);
    laptop.ok(&["note", "add", "Lee", "--lane", "joint", "--text", "沟通困难。"]);
    laptop.ok(&laptop.open(&[
        "note",
        "add",
        "Lee",
        "--lane",
        "process-notes",
        "--text",
        "mine alone",
    ]));
    phone.ok(&["sync"]);
    laptop.ok(&["--offline", "field", "set", "Lee", "joint", "mood", "tense"]);
    phone.ok(&["field", "set", "Lee", "joint", "mood", "hopeful"]);
    laptop.ok(&["sync"]);

    let dir = stage.path("out");
    let to = dir.to_str().unwrap();
    let whole = laptop.open(&["export", "Lee", "--format", "automerge", "--out", to]);
    let files = laptop.json(&whole)["files"].clone();
    let lanes: Vec<_> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["lane"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        lanes,
        ["joint", "admin"],
        "what holds something, and no process notes"
    );
    let again = laptop.run(&whole);
    assert_eq!(again.code, 1, "nothing is written over: {}", again.stderr);

    if let Some(opened) = in_javascript(&dir.join("joint.automerge")) {
        assert_eq!(opened["conflicts"]["mood"], json!(["hopeful", "tense"]));
        let notes = opened["document"]["notes"].as_object().unwrap();
        assert_eq!(notes.values().next().unwrap()["text"], "沟通困难。");
    }
    let one = stage.path("lee.automerge");
    laptop.ok(&laptop.open(&[
        "export",
        "Lee",
        "--format",
        "automerge",
        "--out",
        one.to_str().unwrap(),
    ]));
    assert_eq!(
        std::fs::read(&one).unwrap(),
        std::fs::read(dir.join("joint.automerge")).unwrap()
    );
    assert!(stage.path("lee.admin.automerge").exists());
    let process = stage.path("process.automerge");
    laptop.ok(&laptop.open(&[
        "export",
        "Lee",
        "--lane",
        "process-notes",
        "--format",
        "automerge",
        "--out",
        process.to_str().unwrap(),
    ]));
    if let Some(opened) = in_javascript(&process) {
        assert!(opened["document"].to_string().contains("mine alone"));
    }
}

#[test]
fn json_holds_the_present_state_of_every_lane() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    laptop.ok(&["field", "set", "Lee", "partner-a", "mood", "tense"]);
    let file = stage.path("lee.json");
    laptop.ok(&[
        "export",
        "Lee",
        "--format",
        "json",
        "--out",
        file.to_str().unwrap(),
    ]);
    let value: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(value["case"]["name"], "Lee");
    assert_eq!(value["lanes"]["partner-a"]["fields"]["mood"], json!(["tense"]));
    let exports = || {
        let log = laptop.json(&["ledger", "log"])["entries"].clone();
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["kind"] == "access")
            .count()
    };
    assert_eq!(exports(), 2, "the ledger tells of both lanes' export");
    let again = stage.path("again.json");
    laptop.ok(&[
        "--offline",
        "export",
        "Lee",
        "--format",
        "json",
        "--out",
        again.to_str().unwrap(),
    ]);
    laptop.ok(&["sync"]);
    assert_eq!(exports(), 4, "and of each one after it, made offline or not");
    let unknown = laptop.run(&["export", "Lee", "--format", "pdf", "--out", "x"]);
    assert_eq!(unknown.code, 2);
}

#[test]
fn whoever_exports_is_told_of_the_files_even_where_the_ledger_refuses_the_note_of_it() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    laptop.ok(&["field", "set", "Lee", "joint", "mood", "tense"]);
    let phone = stage.second(&relay, &laptop);
    phone.ok(&["sync"]);
    laptop.ok(&["device", "revoke", "phone", "--yes"]);

    let file = stage.path("lee.json");
    let to = file.to_str().unwrap();
    let export = phone.run(&["export", "Lee", "--format", "json", "--out", to]);
    assert_eq!(export.code, 4, "{}", export.stderr);
    assert!(file.exists());
    assert_eq!(export.stdout.trim(), format!("Written: {to}"));
    assert!(export.stderr.contains("revoked"), "{}", export.stderr);
}

#[test]
fn a_stranger_verifies_an_exported_ledger_with_the_relays_key_alone() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    let file = stage.path("ledger.troth");
    let to = file.to_str().unwrap();
    let key = laptop.json(&["ledger", "export", "--out", to])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let stranger = stage.troth("nobody");
    let verified = stranger.json(&["ledger", "verify", "--file", to, "--key", &key]);
    assert_eq!(verified["root"], laptop.json(&["ledger", "status"])["root"]);

    let mut bytes = std::fs::read(&file).unwrap();
    for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        bytes[at] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(
            stranger
                .run(&["ledger", "verify", "--file", to, "--key", &key])
                .code,
            1,
            "byte {at}"
        );
        bytes[at] ^= 1;
    }
    std::fs::write(&file, &bytes).unwrap();
    stranger.ok(&["ledger", "verify", "--file", to, "--key", &key]);
    let other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    assert_eq!(
        stranger
            .run(&["ledger", "verify", "--file", to, "--key", other])
            .code,
        1,
        "another relay's key"
    );
    assert_eq!(
        stranger
            .run(&["ledger", "verify", "--file", to, "--key", "x"])
            .code,
        2
    );
    assert!(!stranger.home.exists());
}
