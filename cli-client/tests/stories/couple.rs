//! Two devices of one counselor, and one couple.

use serde_json::json;

use super::stage::Stage;

const CASE: &str = "Pemberton & Lin";

#[test]
fn both_edits_are_kept_and_both_values_are_shown_until_one_is_chosen() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&[
        "case",
        "new",
        "--skip-recovery",
        CASE,
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
    ]);
    let note = laptop.with_stdin(
        &["--json", "note", "add", CASE, "--lane", "joint", "-"],
        "They argue.",
    );
    let note = note.json()["note"].as_str().unwrap()[..8].to_owned();
    phone.ok(&["sync"]);

    laptop.ok(&[
        "--offline",
        "note",
        "edit",
        &note,
        "--text",
        "They argue. About money.",
    ]);
    laptop.ok(&["--offline", "field", "set", CASE, "joint", "mood", "tense"]);
    phone.ok(&[
        "--offline",
        "note",
        "edit",
        &note,
        "--text",
        "Both came. They argue.",
    ]);
    let set = phone.json(&["--offline", "field", "set", CASE, "joint", "mood", "hopeful"]);
    assert_eq!(set["sync"]["state"], "kept");
    for device in [&laptop, &phone, &laptop] {
        device.ok(&["sync"]);
    }

    for device in [&laptop, &phone] {
        let shown = device.json(&["note", "show", &note]);
        assert_eq!(shown["text"], "Both came. They argue. About money.");
        assert_eq!(shown["author_name"], "Wanjiru Ashdown");
        let mood = &device.json(&["field", "get", CASE, "joint", "mood"])["fields"]["mood"];
        assert_eq!(mood["settled"], false);
        let mut values: Vec<_> = mood["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| (&v["value"], &v["device_name"]))
            .collect();
        values.sort_by_key(|(value, _)| value.to_string());
        assert_eq!(json!(values), json!([["hopeful", "phone"], ["tense", "laptop"]]));
    }
    let words = phone.ok(&["field", "get", CASE, "joint"]).stdout;
    assert!(
        words.contains("tense") && words.contains("hopeful") && words.contains("troth field set"),
        "{words}"
    );

    let chosen = phone.json(&["field", "set", CASE, "joint", "mood", "hopeful"]);
    assert_eq!(chosen["chosen_among"], 2);
    laptop.ok(&["sync"]);
    let mood = &laptop.json(&["field", "get", CASE, "joint", "mood"])["fields"]["mood"];
    assert_eq!(
        (&mood["settled"], &mood["values"][0]["value"]),
        (&json!(true), &json!("hopeful"))
    );
    assert!(
        laptop
            .ok(&["ledger", "verify"])
            .stdout
            .starts_with("Verified from genesis")
    );
}

#[test]
fn a_revoked_device_reads_nothing_that_is_written_afterwards_and_its_own_work_is_not_lost_from_sight() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&["case", "new", "--skip-recovery", CASE, "--partner-a", "Theodore"]);
    phone.ok(&["sync"]);
    phone.ok(&[
        "--offline",
        "note",
        "add",
        CASE,
        "--lane",
        "joint",
        "--text",
        "written offline",
    ]);

    let dry = laptop.json(&["device", "revoke", "phone", "--dry-run"]);
    assert_eq!(dry["revoked"], false);
    phone.ok(&["--offline", "case", "list"]);
    let revoked = laptop.json(&["device", "revoke", "phone"]);
    assert_eq!(
        (&revoked["revoked"], &revoked["sync"]["state"]),
        (&json!(true), &json!("sent"))
    );
    laptop.ok(&[
        "note",
        "add",
        CASE,
        "--lane",
        "joint",
        "--text",
        "what comes next",
    ]);

    let refused = phone.run(&["--json", "sync"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(refused.json()["error"]["rule"], 12);
    assert!(refused.stderr.contains("revoked"), "{}", refused.stderr);
    let texts = |troth: &super::stage::Troth| {
        let notes = troth.json(&["note", "list", CASE]);
        let texts = notes["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["text"].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(
        texts(&phone),
        ["written offline"],
        "its own words are there, and no others"
    );
    assert_eq!(
        texts(&laptop),
        ["what comes next"],
        "nothing of a revoked device merges by itself"
    );
    let devices = laptop.json(&["device", "list"]);
    let active = devices["devices"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|device| device["active"] == true)
        .count();
    assert_eq!(active, 1);
    let again = laptop.run(&["device", "revoke", "phone"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
}

#[test]
fn a_case_is_closed_on_one_device_and_seen_closed_on_the_other() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&[
        "case",
        "new",
        CASE,
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
        "--skip-recovery",
    ]);
    phone.ok(&["sync"]);
    phone.ok(&["case", "close", "pemberton & lin"]);
    laptop.ok(&["sync"]);
    let case = &laptop.json(&["case", "list"])["cases"][0];
    assert_eq!(
        (&case["status"], &case["partner_b"]),
        (&json!("closed"), &json!("林书瑶"))
    );
    assert_eq!(laptop.run(&["case", "close", CASE]).code, 1, "once is enough");
}
