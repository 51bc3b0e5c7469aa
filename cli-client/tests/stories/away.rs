//! A relay that is not there.

use super::stage::Stage;

#[test]
fn work_is_kept_while_the_relay_is_away_and_sent_when_it_is_back() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    relay.kill();

    let opened = laptop.run(&[
        "--json",
        "case",
        "new",
        "--skip-recovery",
        "Lee",
        "--partner-a",
        "Ann",
    ]);
    assert_eq!(opened.code, 3, "{}", opened.stderr);
    assert_eq!(opened.json()["sync"]["state"], "kept", "the work is done, here");
    assert!(
        opened
            .stderr
            .contains("kept on this device and will be sent by `troth sync`"),
        "{}",
        opened.stderr
    );
    let note = laptop.run(&[
        "note",
        "add",
        "Lee",
        "--lane",
        "joint",
        "--text",
        "She came alone.",
    ]);
    assert_eq!(note.code, 3);
    assert_eq!(laptop.run(&["sync"]).code, 3);
    assert_eq!(
        laptop.json(&["note", "list", "Lee"])["notes"][0]["text"],
        "She came alone."
    );
    assert!(laptop.json(&["practice", "status"])["waiting"].as_u64().unwrap() > 0);

    let _relay = stage.relay_at(&url);
    let sent = laptop.json(&["sync"]);
    assert_eq!(
        (sent["state"].as_str(), sent["waiting"].as_u64()),
        (Some("sent"), Some(0))
    );
    laptop.ok(&["ledger", "verify"]);
}

#[test]
fn founding_is_tried_again_with_the_same_command() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    relay.kill();
    let laptop = stage.troth("laptop");
    let init = [
        "practice",
        "init",
        "--relay",
        &url,
        "--name",
        "Harbourlight",
        "--as",
        "Wanjiru Ashdown",
    ];
    let failed = laptop.run(&init);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert_eq!(laptop.run(&["sync"]).code, 1, "there is no practice yet");
    let _relay = stage.relay_at(&url);
    let founded = laptop.json(&init);
    // Who was cut short before it said so says the same once more, and founds nothing.
    assert_eq!(laptop.json(&init), founded);
    let mut another = init;
    another[5] = "Tideway";
    let refused = laptop.run(&another);
    assert_eq!(refused.code, 1, "and only one: {}", refused.stderr);
    assert!(refused.stderr.contains("practice status"), "{}", refused.stderr);
}

#[test]
fn watching_takes_in_what_comes_and_keeps_others_out() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    let watching = phone.spawn(&["--json", "sync", "--watch"]);
    let (before, watching) = super::stage::first_line(watching);
    let size = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["size"]
            .as_u64()
            .unwrap()
    };

    let busy = phone.run(&["case", "list"]);
    assert_eq!(busy.code, 1);
    assert!(
        busy.stderr.contains("another troth is running"),
        "{}",
        busy.stderr
    );

    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    let (after, mut watching) = super::stage::first_line(watching);
    assert!(size(&after) > size(&before), "{before} then {after}");
    watching.kill().unwrap();
    watching.wait().unwrap();
    laptop.ok(&["sync"]);
    phone.ok(&["sync"]);
    assert_eq!(
        phone.json(&["case", "list"])["cases"][0]["name"],
        "Lee",
        "a killed troth leaves a home that opens"
    );
}
