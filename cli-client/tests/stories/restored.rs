//! The relay's directory is lost, and an older copy of it takes its place.

use std::process::Command;

use super::dishonest::{copy, put_back};
use super::stage::{Stage, server};

#[test]
fn an_older_copy_takes_its_place_and_nothing_that_a_device_has_is_lost() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    let bruno = stage.member(&laptop, "counselor", "bruno", "Bruno Keller");
    relay.kill();
    copy(&stage.path("relay"), &stage.path("old"));

    let relay = stage.relay_at(&url);
    bruno.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    bruno.ok(&[
        "note",
        "add",
        "Lee",
        "--lane",
        "joint",
        "--text",
        "They came on time.",
    ]);
    laptop.ok(&["sync"]);
    laptop.ok(&["note", "add", "Lee", "--lane", "joint", "--text", "Both spoke."]);
    phone.ok(&["sync"]);
    let before = laptop.json(&["ledger", "status"])["size"].as_u64().unwrap();
    relay.kill();
    put_back(&stage);

    let address = url.split_once("://").unwrap().1;
    let relay = stage.relay_with(&["--listen", address, "--restored"]);
    let waits = bruno.run(&["sync"]);
    assert_eq!(waits.code, 5, "{}", waits.stderr);
    assert!(waits.stderr.contains("troth recovery resume"), "{}", waits.stderr);
    let not_his = bruno.run(&["recovery", "resume", "--yes"]);
    assert_eq!(not_his.code, 4, "{}", not_his.stderr);

    // Without a yes nothing is done.
    let asked = laptop.run(&["--json", "--no-input", "recovery", "resume"]);
    assert!(
        asked.stderr.contains("RESTORED FROM AN OLDER BACKUP"),
        "{}",
        asked.stderr
    );
    assert_eq!(asked.json()["resumed"], false, "{}", asked.stdout);
    let still = laptop.run(&["sync"]);
    assert_ne!(still.code, 0, "{}", still.stderr);
    assert!(still.stderr.contains("troth recovery resume"), "{}", still.stderr);

    let resumed = laptop.ok(&["--json", "recovery", "resume", "--yes"]);
    let value = resumed.json();
    assert_eq!(value["resumed"], true, "{}", resumed.stdout);
    assert_eq!(value["signed_size"], before);
    // What was said upon somebody else's entries waits until they bring those.
    assert!(value["not_back"].is_u64(), "{}", resumed.stdout);
    assert!(value["held_here"].as_u64().unwrap() > 0);

    for device in [&bruno, &phone] {
        let synced = device.ok(&["sync"]);
        assert!(
            synced.stderr.contains("let the practice go on"),
            "{}",
            synced.stderr
        );
    }
    laptop.ok(&["sync"]);
    phone.ok(&[
        "note",
        "add",
        "Lee",
        "--lane",
        "joint",
        "--text",
        "Next week again.",
    ]);
    for device in [&laptop, &bruno, &phone] {
        device.ok(&["sync"]);
        let notes = device.json(&["note", "list", "Lee"]);
        assert_eq!(notes["notes"].as_array().unwrap().len(), 3, "{notes}");
        device.ok(&["ledger", "verify"]);
        let status = device.json(&["practice", "status"]);
        assert_eq!(status["resumptions"][0]["abandoned"], before);
        assert_eq!(status["not_back"], 0);
        let log = device.ok(&["ledger", "log"]);
        assert!(
            log.stdout.contains("after the relay was restored"),
            "{}",
            log.stdout
        );
    }
    let nothing = laptop.ok(&["recovery", "resume", "--yes"]);
    assert!(nothing.stdout.contains("nothing to resume"), "{}", nothing.stdout);
    let export = stage.path("ledger");
    laptop.ok(&["ledger", "export", "--out", export.to_str().unwrap()]);
    relay.kill();
    let verify = Command::new(server())
        .args(["verify", "--data"])
        .arg(stage.path("relay"))
        .output()
        .unwrap();
    assert!(
        verify.status.success(),
        "{}",
        String::from_utf8_lossy(&verify.stdout)
    );
}
