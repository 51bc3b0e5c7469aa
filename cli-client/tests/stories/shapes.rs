//! The keys of every command's JSON: scripts rely on them.

use serde_json::Value;

use super::stage::Stage;

/// An object's keys and, one level down, those of the first item of each list of objects.
fn shape(value: &Value) -> String {
    let keys = |value: &Value| {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect::<Vec<_>>().join(" "))
    };
    let mut text = keys(value).unwrap_or_default();
    for (key, value) in value.as_object().into_iter().flatten() {
        let inner = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        if let Some(inner) = keys(inner).filter(|inner| !inner.is_empty()) {
            text.push_str(&format!("; {key}: {inner}"));
        }
    }
    text
}

#[test]
fn json_keys_do_not_change() {
    let stage = Stage::new();
    let relay = stage.relay();
    let troth = stage.troth("laptop");
    let check = |line: &[&str], expected: &str| {
        let value = troth.json(line);
        assert_eq!(shape(&value), expected, "troth {}", line.join(" "));
        value
    };
    check(
        &[
            "practice",
            "init",
            "--relay",
            &relay.url,
            "--name",
            "Harbourlight",
            "--as",
            "Wanjiru Ashdown",
        ],
        "device member name practice",
    );
    check(
        &["practice", "status"],
        "as checkpoint_received_ms device device_name devices_active documents halted member name not_back practice \
         quarantined relay resumptions root size waiting",
    );
    check(
        &["device", "list"],
        "devices; devices: active id kind member name this",
    );
    check(
        &["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"],
        "case name sync; sync: state waiting",
    );
    check(
        &["case", "list"],
        "cases; cases: created_ms id name partner_a partner_b status",
    );
    check(
        &["case", "show", "Lee"],
        "consents created_ms id inbox_waiting lanes name partner_a partner_b status; \
         lanes: document fields lane notes readable",
    );
    let note = check(
        &["note", "add", "Lee", "--lane", "joint", "--text", "x"],
        "case lane note sync; sync: state waiting",
    );
    let note = note["note"].as_str().unwrap().to_owned();
    check(
        &["note", "edit", &note, "--text", "y"],
        "changed note sync; sync: state waiting",
    );
    let signed = "signatures signed_by signed_texts standing template text";
    let shown = format!("amendments author author_name case created_ms id lane {signed}");
    check(&["note", "list", "Lee"], &format!("notes; notes: {shown}"));
    check(&["note", "sign", &note], "note signed sync; sync: state waiting");
    check(
        &["note", "amend", &note, "--text", "z"],
        "note sync; sync: state waiting",
    );
    check(
        &["note", "show", &note],
        &format!(
            "amendments author author_name case consents created_ms id lane {signed}; amendments: author author_name \
             created_ms text; signed_by: carried_over_by member name signed_ms valid"
        ),
    );
    let invited = check(
        &["member", "invite", "--role", "counselor"],
        "code expires_ms invite member role sync; sync: state waiting",
    );
    check(
        &["member", "list"],
        "invites members; invites: expires_ms id mine role; members: devices id kits name role this",
    );
    check(
        &["member", "withdraw", invited["invite"].as_str().unwrap()],
        "invite sync withdrawn; sync: state waiting",
    );
    check(
        &["share", "list", "Lee"],
        "access case consents; access: by_role document ended holds_key lane member name rights until_ms",
    );
    check(
        &["case", "assign", "Lee", "Wanjiru Ashdown"],
        "case lanes member sync; sync: state waiting",
    );
    check(
        &["case", "erase", "Lee", "--dry-run"],
        "case documents erased lanes name; lanes: admin assessments joint partner-a process-notes",
    );
    check(
        &["field", "set", "Lee", "joint", "mood", "tense"],
        "case chosen_among key lane sync value; sync: state waiting",
    );
    check(
        &["field", "get", "Lee", "joint"],
        "case fields lane; fields: mood",
    );
    check(
        &["sync"],
        "documents not_back quarantined root size state waiting",
    );
    check(
        &["ledger", "status"],
        "checkpoint_received_ms documents halted key origin practice quarantined root size waiting witnessed witnesses",
    );
    check(
        &["ledger", "verify"],
        "entries_hidden entries_seen root signatures size verified",
    );
    check(
        &["ledger", "log", "--case", "Lee"],
        "consents entries; entries: case document kind lane member position received_ms signer what",
    );
    let out = stage.path("ledger");
    check(
        &["ledger", "export", "--out", out.to_str().unwrap()],
        "file key size",
    );
    let out = stage.path("lee.json");
    check(
        &[
            "export",
            "Lee",
            "--format",
            "json",
            "--out",
            out.to_str().unwrap(),
        ],
        "case files sync; files: lane path; sync: state waiting",
    );
    check(&["case", "close", "Lee"], "case status sync; sync: state waiting");
    check(&["recovery", "kit"], "file kit tested words");
    check(&["recovery", "list"], "kits recoveries; kits: id tested");
    check(&["completions", "zsh"], "script shell");
    let error = troth.run(&["--json", "case", "show", "nobody"]);
    assert_eq!(
        shape(&error.json()),
        "error; error: code evidence kind message rule"
    );
    assert_eq!(error.stdout.lines().count(), 1, "one value");
}
