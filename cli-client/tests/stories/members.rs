//! People who join a practice, change roles, and leave.

use serde_json::json;

use super::stage::{Stage, Troth};

const CASE: &str = "Pemberton & Lin";

fn open_case(troth: &Troth) {
    let names = [
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
        "--skip-recovery",
    ];
    troth.ok(&[&["case", "new", CASE], &names[..]].concat());
}

fn add(troth: &Troth, lane: &str, text: &str) -> String {
    let note = troth.json(&["note", "add", CASE, "--lane", lane, "--text", text]);
    note["note"].as_str().unwrap().to_owned()
}

/// The texts of a case's notes; none where there is no such case.
fn texts(troth: &Troth) -> Vec<String> {
    let listed = troth.run(&["--json", "note", "list", CASE]);
    let listed = if listed.code == 0 {
        listed.json()
    } else {
        json!({ "notes": [] })
    };
    let notes = listed["notes"].as_array().unwrap();
    notes
        .iter()
        .map(|note| note["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn two_people_compare_a_code_and_a_counselor_sees_nothing_until_a_case_is_assigned() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    open_case(&ash);
    add(&ash, "joint", "They met in spring.");

    let invited = ash.json(&["member", "invite", "--role", "counselor"]);
    assert!(invited["member"].is_null());
    let open = ash.json(&["member", "list"]);
    assert_eq!(
        (
            &open["invites"][0]["id"],
            &open["invites"][0]["role"],
            &open["invites"][0]["mine"]
        ),
        (&invited["invite"], &json!("counselor"), &json!(true))
    );
    let bo = stage.troth("bo");
    let met = stage.meeting(&ash, &bo, invited["code"].as_str().unwrap(), "Bo Castellanos");
    assert_eq!(met.shown.replace('-', "").len(), 8, "40 bits: {}", met.shown);
    let shown = met.shown.to_lowercase().replace('-', " ");
    let (confirmed, joined) = met.tell(&shown);
    assert_eq!(confirmed.code, 0, "{}", confirmed.stderr);
    assert_eq!(confirmed.json()["name"], "Bo Castellanos");
    assert!(
        confirmed.stderr.contains("Bo Castellanos"),
        "{}",
        confirmed.stderr
    );
    assert_eq!(joined.code, 0, "{}", joined.stderr);
    assert!(
        joined.stdout.contains("Harbourlight Counsel") && joined.stdout.contains("counselor"),
        "{}",
        joined.stdout
    );
    assert!(joined.stderr.contains("Read this code"), "{}", joined.stderr);

    let members = bo.json(&["member", "list"]);
    let rows = members["members"].as_array().unwrap();
    let mut rows: Vec<_> = rows
        .iter()
        .map(|m| json!([m["name"], m["role"], m["devices"], m["kits"], m["this"]]))
        .collect();
    rows.sort_by_key(ToString::to_string);
    assert_eq!(
        json!(rows),
        json!([
            ["Bo Castellanos", "counselor", 1, 0, true],
            ["Wanjiru Ashdown", "admin", 1, 0, false]
        ])
    );
    assert_eq!(members["invites"], json!([]), "an invitation works once");

    assert_eq!(
        bo.json(&["case", "list"])["cases"],
        json!([]),
        "nothing is theirs to see yet"
    );
    assert_eq!(texts(&bo), [""; 0]);
    let assigned = ash.json(&["case", "assign", CASE, "bo castellanos"]);
    assert_eq!(assigned["lanes"], 5);
    bo.ok(&["sync"]);
    assert_eq!(bo.json(&["case", "show", CASE])["partner_b"], "林书瑶");
    assert_eq!(texts(&bo), ["They met in spring."]);
    add(&bo, "joint", "They quarrel in autumn.");
    ash.ok(&["sync"]);
    assert_eq!(texts(&ash), ["They met in spring.", "They quarrel in autumn."]);
    for troth in [&ash, &bo] {
        troth.ok(&["ledger", "verify"]);
    }
}

#[test]
fn who_is_not_expected_or_shows_another_code_is_turned_away() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let code = ash.json(&["member", "invite", "--role", "counselor"])["code"]
        .as_str()
        .unwrap()
        .to_owned();

    let alone = ash.run(&["--no-input", "member", "confirm"]);
    assert_eq!(alone.code, 2, "nobody is there to compare");
    assert!(alone.stderr.contains("--compare"), "{}", alone.stderr);

    let eve = stage.troth("eve");
    let met = stage.meeting(&ash, &eve, &code, "Bo Castellanos");
    let (confirmed, joined) = met.tell("0000-0000");
    assert_eq!(confirmed.code, 1, "{}", confirmed.stderr);
    assert!(confirmed.stderr.contains("codes differ"), "{}", confirmed.stderr);
    assert_eq!(joined.code, 1, "{}", joined.stderr);
    assert!(joined.stderr.contains("turned away"), "{}", joined.stderr);
    assert_eq!(
        eve.run(&["practice", "status"]).code,
        1,
        "it learned of no practice"
    );
    assert_eq!(
        ash.json(&["member", "list"])["members"].as_array().unwrap().len(),
        1
    );

    let again = eve.run(&["practice", "join", &code, "--as", "Bo Castellanos"]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(again.stderr.contains("ten minutes"), "{}", again.stderr);
    let again = ash.run(&["member", "confirm", "--wait", "30", "--compare", "-"]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(again.stderr.contains("ten minutes"), "{}", again.stderr);

    let invite = ash.json(&["member", "list"])["invites"][0]["id"]
        .as_str()
        .unwrap()[..6]
        .to_owned();
    assert_eq!(ash.json(&["member", "withdraw", &invite])["withdrawn"], true);
    assert_eq!(ash.json(&["member", "list"])["invites"], json!([]));
    let gone = ash.run(&["member", "confirm", "--compare", "-"]);
    assert_eq!(gone.code, 1);
    assert!(gone.stderr.contains("member invite"), "{}", gone.stderr);
}

#[test]
fn a_code_that_cannot_be_right_is_said_at_once_and_one_that_was_used_lets_nobody_in() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let code = ash.json(&["member", "invite", "--role", "auditor"])["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let eve = stage.troth("eve");
    let join = |code: &str| eve.run(&["practice", "join", code, "--as", "Eve"]);
    let last = if code.ends_with('0') { '1' } else { '0' };
    for (wrong, said) in [
        (code[..code.len() - 5].to_owned(), "should have 120"),
        (format!("{}{last}", &code[..code.len() - 1]), "mistyped"),
        (code.split('#').nth(1).unwrap().to_owned(), "relay's address"),
        (code.replacen('#', "#!", 1), "'!'"),
    ] {
        let ran = join(&wrong);
        assert_eq!(ran.code, 1, "{wrong}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{wrong}: {}", ran.stderr);
        let chinese = eve.run(&["--lang", "zh", "practice", "join", &wrong, "--as", "Eve"]);
        assert!(
            chinese.stderr.chars().any(|c| c >= '\u{4e00}'),
            "{}",
            chinese.stderr
        );
    }
    assert!(!eve.home.exists(), "nothing was made");

    let bo = stage.troth("bo");
    let met = stage.meeting(&ash, &bo, &code, "Bo Castellanos");
    let shown = met.shown.clone();
    let (confirmed, joined) = met.tell(&shown);
    assert_eq!(
        (confirmed.code, joined.code),
        (0, 0),
        "{}{}",
        confirmed.stderr,
        joined.stderr
    );
    let twice = join(&code);
    assert_eq!(twice.code, 4, "{}", twice.stderr);
    assert!(twice.stderr.contains("was used"), "{}", twice.stderr);
    // Who was let in with it is told so again; with another code it takes another home.
    let inside = bo.run(&["practice", "join", &code, "--as", "Bo"]);
    assert_eq!(inside.code, 0, "{}", inside.stderr);
}

#[test]
fn roles_change_what_is_seen_and_an_auditor_reads_the_ledger_and_no_record() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    open_case(&ash);
    add(&ash, "joint", "They met in spring.");
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    assert_eq!(texts(&bo), [""; 0]);

    assert_eq!(
        ash.json(&["member", "role", "Bo Castellanos", "admin"])["changed"],
        true
    );
    bo.ok(&["sync"]);
    assert_eq!(
        texts(&bo),
        ["They met in spring."],
        "an admin reads every lane but process notes"
    );
    assert_eq!(
        bo.json(&["member", "role", "Bo Castellanos", "admin"])["changed"],
        false
    );

    ash.ok(&["member", "role", "Bo Castellanos", "auditor"]);
    bo.ok(&["sync"]);
    add(&ash, "joint", "Written to no auditor.");
    bo.ok(&["sync"]);
    assert!(!texts(&bo).contains(&"Written to no auditor.".to_owned()));
    let log = bo.json(&["ledger", "log"]);
    let kinds: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"change") && kinds.contains(&"roster"),
        "{kinds:?}"
    );
    for command in [
        &["ledger", "log"][..],
        &["ledger", "verify"],
        &["practice", "status"],
        &["member", "list"],
        &["device", "list"],
        &["case", "list"],
        &["ledger", "status"],
    ] {
        bo.ok(command);
    }
    let refused = bo.run(&["member", "invite", "--role", "admin"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(bo.run(&["member", "remove", "Bo"]).code, 1);
}

#[test]
fn who_is_removed_is_cut_off_and_reads_nothing_written_afterwards() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    open_case(&ash);
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    ash.ok(&["case", "assign", CASE, "Bo Castellanos"]);
    add(&ash, "joint", "Bo reads this.");
    bo.ok(&["sync"]);
    assert_eq!(texts(&bo), ["Bo reads this."]);

    let dry = ash.json(&["member", "remove", "Bo Castellanos", "--compromised", "--dry-run"]);
    assert_eq!((&dry["removed"], &dry["devices"]), (&json!(false), &json!(1)));
    assert!(dry["documents"].as_u64().unwrap() >= 6, "{dry}");
    let own = ash.run(&["member", "remove", "Wanjiru Ashdown"]);
    assert_eq!(own.code, 2, "{}", own.stderr);

    let removed = ash.json(&["member", "remove", "Bo Castellanos", "--compromised"]);
    assert_eq!(
        (&removed["removed"], &removed["sync"]["state"]),
        (&json!(true), &json!("sent"))
    );
    add(&ash, "joint", "Bo must not read this.");
    let cut = bo.run(&["--json", "sync"]);
    assert_eq!(cut.code, 4, "{}", cut.stderr);
    assert_eq!(cut.json()["error"]["rule"], 12);
    assert_eq!(texts(&bo), ["Bo reads this."]);
    let members = ash.json(&["member", "list"]);
    let bo_there = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == "Bo Castellanos")
        .unwrap();
    assert_eq!(
        (&bo_there["role"], &bo_there["devices"]),
        (&json!(null), &json!(0))
    );
    let access = ash.json(&["share", "list", CASE]);
    assert!(
        access["access"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["member"] != bo_there["id"]),
        "every key turned: {access}"
    );
    assert_eq!(
        ash.run(&["member", "remove", "Bo Castellanos"]).code,
        1,
        "they are gone"
    );
    ash.ok(&["ledger", "verify"]);
}

#[test]
fn two_members_of_one_name_are_told_apart_by_their_ids() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    stage.member(&ash, "client", "other-bo", "Bo Castellanos");
    let ambiguous = ash.run(&["member", "role", "Bo Castellanos", "auditor"]);
    assert_eq!(ambiguous.code, 1);
    let members = ash.json(&["member", "list"]);
    let ids: Vec<_> = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["name"] == "Bo Castellanos")
        .collect();
    assert_eq!(ids.len(), 2, "{members}");
    for member in ids {
        let id = &member["id"].as_str().unwrap()[..8];
        assert!(ambiguous.stderr.contains(id), "{}", ambiguous.stderr);
        assert_eq!(ash.json(&["member", "role", id, "auditor"])["changed"], true);
    }
}

#[test]
fn an_admin_who_was_invited_knows_who_joins_after_them() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    open_case(&ash);
    let bo = stage.member(&ash, "admin", "bo", "Bo Castellanos");
    stage.member(&ash, "counselor", "cy", "Cyrus Dent");
    let names = |troth: &Troth| {
        let members = troth.json(&["member", "list"])["members"].clone();
        let names = members.as_array().unwrap().iter().map(|m| m["name"].clone());
        let mut names: Vec<_> = names.collect();
        names.sort_by_key(ToString::to_string);
        json!(names)
    };
    bo.ok(&["sync"]);
    assert_eq!(
        names(&bo),
        json!(["Bo Castellanos", "Cyrus Dent", "Wanjiru Ashdown"])
    );
    assert_eq!(bo.json(&["case", "show", CASE])["partner_a"], "Theodore");
    // Whoever came in last lets the next one in.
    let dee = stage.member(&bo, "counselor", "dee", "Dee Okafor");
    assert_eq!(dee.json(&["practice", "status"])["as"], "Dee Okafor");
}
