//! Assessments and process notes, behind a second passphrase.

use super::stage::{PASSPHRASE, Stage};

const ADD: [&str; 7] = [
    "note",
    "add",
    "Lee",
    "--lane",
    "assessments",
    "--text",
    "scored 41",
];

#[test]
fn a_sensitive_lane_takes_the_second_passphrase_and_nothing_else_does() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&laptop.open(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]));

    let nobody = laptop.run(&ADD);
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
    assert!(
        nobody.stderr.contains("--sensitive-passphrase-file"),
        "{}",
        nobody.stderr
    );
    // The first use chooses it.
    let id = laptop.json(&laptop.open(&ADD))["note"]
        .as_str()
        .unwrap()
        .to_owned();

    for locked in [
        &["note", "list", "Lee", "--lane", "assessments"][..],
        &["field", "get", "Lee", "assessments"],
        &["field", "set", "Lee", "process-notes", "mood", "tense"],
        &[
            "export",
            "Lee",
            "--format",
            "json",
            "--out",
            "/nonexistent/lee.json",
        ],
    ] {
        let ran = laptop.run(locked);
        assert_eq!(ran.code, 2, "troth {}: {}", locked.join(" "), ran.stderr);
        assert!(
            ran.stderr.contains("--sensitive-passphrase-file"),
            "{}",
            ran.stderr
        );
    }
    laptop.ok(&["case", "new", "--skip-recovery", "Wu", "--partner-a", "Cy"]);
    laptop.ok(&["note", "add", "Lee", "--lane", "joint", "--text", "first session"]);
    laptop.ok(&["sync"]);
    laptop.ok(&["ledger", "verify"]);
    assert_eq!(laptop.run(&["note", "show", &id]).code, 1, "it is not found");
    let listed = laptop.ok(&["note", "list", "Lee"]);
    assert!(listed.stdout.contains("first session") && !listed.stdout.contains("scored"));
    assert!(
        listed.stderr.contains("locked"),
        "and it is said why: {}",
        listed.stderr
    );
    let lanes = laptop.json(&["case", "show", "Lee"])["lanes"].clone();
    let lane = lanes
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["lane"] == "assessments");
    assert_eq!(lane.unwrap()["readable"], false);

    let shown = laptop.ok(&laptop.open(&["note", "show", &id]));
    assert!(shown.stdout.contains("scored 41"));
    let all = laptop.ok(&laptop.open(&["note", "list", "Lee"]));
    assert!(all.stdout.contains("first session") && all.stdout.contains("scored 41"));
}

#[test]
fn what_waits_locked_holds_up_nothing_and_is_sent_with_the_passphrase() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    laptop.ok(&laptop.open(&[&["--offline"], &ADD[..]].concat()));

    let sent = laptop.ok(&["note", "add", "Lee", "--lane", "joint", "--text", "first session"]);
    assert!(sent.stderr.contains("second passphrase"), "{}", sent.stderr);
    let synced = laptop.json(&["sync"]);
    assert_eq!(
        (&synced["state"], &synced["waiting"]),
        (&"sent".into(), &1.into())
    );
    assert_eq!(laptop.json(&laptop.open(&["sync"]))["waiting"], 0);

    // Another device of hers has a second passphrase of its own, and reads it.
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&laptop.open(&["sync"]));
    phone.ok(&["sync"]);
    phone.ok(&phone.open(&["passphrase", "sensitive"]));
    let listed = phone.ok(&phone.open(&["note", "list", "Lee"]));
    assert!(
        listed.stdout.contains("scored 41"),
        "{}{}",
        listed.stdout,
        listed.stderr
    );
}

#[test]
fn the_second_passphrase_is_chosen_and_changed_by_command() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    let file = |name: &str, text: &str| {
        std::fs::write(stage.path(name), text).unwrap();
        stage.path(name).to_str().unwrap().to_owned()
    };
    let given = |file: &str| -> Vec<String> {
        ["--sensitive-passphrase-file", file, "passphrase", "sensitive"]
            .map(str::to_owned)
            .into()
    };
    let run = |arguments: &[String]| laptop.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for (refused, why) in [("too short", "at least 15"), (PASSPHRASE, "must not be")] {
        let ran = run(&given(&file("refused", refused)));
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
    let old = file("old", "walnut harbor sextant plum drizzle");
    let new = file("new", "marble fennel octave drift lantern");
    assert_eq!(run(&given(&old)).code, 0);

    let change = |old: &str, new: &str| [given(old), vec!["--new-file".into(), new.into()]].concat();
    let wrong = run(&change(&new, &new));
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("second passphrase"), "{}", wrong.stderr);
    assert_eq!(run(&change(&old, &new)).code, 0);
    let add = |file: &str| {
        run(&[
            vec!["--sensitive-passphrase-file".into(), file.to_owned()],
            ADD.map(str::to_owned).into(),
        ]
        .concat())
    };
    assert_eq!(add(&old).code, 1);
    assert_eq!(add(&new).code, 0);
}

#[test]
fn whoever_alone_opens_what_is_sensitive_is_not_let_go_without_a_word() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    ash.ok(&ash.open(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]));
    ash.ok(&ash.open(&ADD));
    // Let in while what is sensitive is locked, Bo is not given the admins' key for it yet.
    let bo = stage.member(&ash, "admin", "bo", "Bo Castellanos");
    let remove = ["member", "remove", "Wanjiru Ashdown", "--dry-run"];
    let warned = bo.ok(&remove);
    assert!(
        warned.stderr.contains("only admin who can open"),
        "{}",
        warned.stderr
    );
    ash.ok(&ash.open(&["sync"]));
    bo.ok(&["sync"]);
    let fine = bo.ok(&remove);
    assert!(
        !fine.stderr.contains("only admin who can open"),
        "{}",
        fine.stderr
    );
}
