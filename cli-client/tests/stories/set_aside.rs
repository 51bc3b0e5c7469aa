//! What was set aside for review: shown, entered again, discarded.

use serde_json::json;

use super::stage::{Stage, Troth};

const CASE: &str = "Pemberton & Lin";

fn texts(troth: &Troth) -> Vec<String> {
    let notes = troth.json(&["note", "list", CASE]);
    let notes = notes["notes"].as_array().unwrap().iter();
    let mut texts: Vec<String> = notes.map(|n| n["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

fn open_case(troth: &Troth) {
    troth.ok(&["case", "new", "--skip-recovery", CASE, "--partner-a", "Theodore"]);
}

fn add(troth: &Troth, more: &[&str], text: &str) {
    let rest = ["note", "add", CASE, "--lane", "joint", "--text", text];
    troth.ok(&[more, &rest[..]].concat());
}

#[test]
fn what_a_revoked_device_wrote_offline_is_shown_there_and_entered_again_on_another() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    open_case(&laptop);
    phone.ok(&["sync"]);
    add(&phone, &["--offline"], "written offline");
    laptop.ok(&["device", "revoke", "phone"]);
    let refused = phone.run(&["sync"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("troth quarantine list"),
        "{}",
        refused.stderr
    );

    let listed = phone.json(&["quarantine", "list", CASE]);
    let rows = listed["quarantined"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    assert_eq!(
        json!([
            rows[0]["rule"],
            rows[0]["lane"],
            rows[0]["case_name"],
            rows[0]["author_name"],
            rows[0]["is_edit"]
        ]),
        json!([12, "joint", CASE, "Wanjiru Ashdown", true])
    );
    let id = rows[0]["id"].as_str().unwrap();
    let words = phone.ok(&["quarantine", "show", id]).stdout;
    assert!(words.contains("+ written offline"), "{words}");
    let refused = phone.run(&["quarantine", "enter", id]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("another device"), "{}", refused.stderr);

    let shown = phone.json(&["quarantine", "show", id]);
    let change = &shown["changes"][0];
    assert_eq!(
        (&change["kind"], &change["before"]),
        (&json!("note"), &json!(null)),
        "{shown}"
    );
    add(&laptop, &[], change["after"].as_str().unwrap());
    assert_eq!(texts(&laptop), ["written offline"]);

    phone.ok(&["quarantine", "discard", id, "--yes"]);
    assert_eq!(phone.json(&["quarantine", "list"])["quarantined"], json!([]));
    let gone = phone.run(&["--lang", "zh", "quarantine", "show", id]);
    assert_eq!(gone.code, 1);
    assert!(gone.stderr.contains("troth quarantine list"), "{}", gone.stderr);
}

#[test]
fn an_edit_that_came_after_its_lane_began_anew_is_entered_again_in_the_new_one() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let phone = stage.second(&relay, &ash);
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    open_case(&ash);
    add(&ash, &[], "They met in spring.");
    phone.ok(&["sync"]);
    add(&phone, &["--offline"], "They quarrel in autumn.");
    ash.ok(&[
        "share",
        "grant",
        CASE,
        "--lane",
        "admin",
        "--with",
        "Bo Castellanos",
    ]);
    let grant = [
        "share",
        "grant",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Bo Castellanos",
        "--from-now",
    ];
    ash.ok(&grant);
    let refused = phone.run(&["sync"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(texts(&phone), ["They met in spring."]);
    let status = phone.ok(&["practice", "status"]);
    assert!(
        status.stderr.contains("troth quarantine list"),
        "{}",
        status.stderr
    );
    let again = phone.ok(&["sync"]);
    assert!(again.stderr.contains("troth quarantine list"), "{}", again.stderr);

    let listed = phone.json(&["quarantine", "list"]);
    let id = listed["quarantined"][0]["id"].as_str().unwrap();
    let words = phone.ok(&["--lang", "zh", "quarantine", "show", id]).stdout;
    assert!(
        words.contains("新笔记") && words.contains("+ They quarrel in autumn."),
        "{words}"
    );
    let entered = phone.json(&["quarantine", "enter", id]);
    assert_eq!(
        json!([entered["entered"], entered["lane"], entered["sync"]["state"]]),
        json!([true, "joint", "sent"])
    );
    assert_eq!(phone.json(&["quarantine", "list"])["quarantined"], json!([]));
    for troth in [&ash, &bo] {
        troth.ok(&["sync"]);
    }
    for troth in [&ash, &phone, &bo] {
        assert_eq!(texts(troth), ["They met in spring.", "They quarrel in autumn."]);
    }
}
