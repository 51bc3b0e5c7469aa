//! Who reads which lane of a case.

// Long because every way of sharing a lane is told by the same people in the same case.

use serde_json::{Value, json};

use super::stage::{Stage, Troth};

const CASE: &str = "Pemberton & Lin";

fn open_case(troth: &Troth) -> String {
    let names = [
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
        "--skip-recovery",
    ];
    let case = troth.json(&[&["case", "new", CASE], &names[..]].concat());
    case["case"].as_str().unwrap()[..8].to_owned()
}

fn add(troth: &Troth, case: &str, lane: &str, text: &str) -> String {
    let note = troth.json(&["note", "add", case, "--lane", lane, "--text", text]);
    note["note"].as_str().unwrap().to_owned()
}

/// The texts of a case's notes, by lane; none where there is no such case.
fn texts(troth: &Troth, case: &str) -> Vec<(String, String)> {
    let listed = troth.run(&["--json", "note", "list", case]);
    if listed.code != 0 {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = listed.json();
    let notes = listed["notes"].as_array().unwrap();
    notes
        .iter()
        .map(|note| (text(&note["lane"]), text(&note["text"])))
        .collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(lane, text)| ((*lane).to_owned(), (*text).to_owned()))
        .collect()
}

/// What a member may do with a lane, and whether they hold its key.
fn access(troth: &Troth, case: &str, lane: &str, name: &str) -> Option<(Value, Value, Value)> {
    let listed = troth.json(&["share", "list", case]);
    let all = listed["access"].as_array().unwrap().clone();
    let found = all.into_iter().find(|a| a["lane"] == lane && a["name"] == name)?;
    Some((
        found["rights"].clone(),
        found["until_ms"].clone(),
        found["holds_key"].clone(),
    ))
}

#[test]
fn a_lane_is_shared_with_its_history_read_only_or_from_now_on_and_no_longer() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let case = open_case(&ash);
    add(&ash, CASE, "joint", "before");
    add(&ash, CASE, "partner-a", "a's past");
    let theo = stage.member(&ash, "client", "theo", "Theodore Pemberton");
    assert_eq!(
        texts(&theo, &case),
        [],
        "a client reads only what was shared with them"
    );

    let kept = ash.ok(&[
        "--offline",
        "share",
        "grant",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Theodore Pemberton",
        "--read-only",
    ]);
    let kept = kept.stdout;
    assert!(
        kept.contains("is not given joint") && kept.contains("troth sync"),
        "{kept}"
    );
    ash.ok(&["sync"]);
    let from_now = [
        "share",
        "grant",
        CASE,
        "--lane",
        "partner-a",
        "--with",
        "Theodore Pemberton",
        "--from-now",
    ];
    assert_eq!(ash.json(&from_now)["granted"], true);
    theo.ok(&["sync"]);
    assert_eq!(
        texts(&theo, &case),
        pairs(&[("joint", "before"), ("partner-a", "a's past")]),
        "with history, and the present state without it"
    );
    assert_eq!(
        access(&ash, CASE, "joint", "Theodore Pemberton"),
        Some((json!("read"), json!(null), json!(true)))
    );
    assert_eq!(
        access(&ash, CASE, "partner-a", "Theodore Pemberton"),
        Some((json!("write"), json!(null), json!(true)))
    );
    let table = ash.ok(&["share", "list", CASE]).stdout;
    assert!(
        table.contains("Theodore Pemberton") && table.contains("process-notes"),
        "{table}"
    );

    let refused = theo.run(&["note", "add", &case, "--lane", "joint", "--text", "I may not"]);
    assert_eq!(refused.code, 4, "read-only is read-only: {}", refused.stderr);
    add(&theo, &case, "partner-a", "mine");
    ash.ok(&["sync"]);
    assert!(texts(&ash, CASE).contains(&("partner-a".into(), "mine".into())));

    let ended = ash.json(&[
        "share",
        "revoke",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Theodore Pemberton",
    ]);
    assert_eq!(ended["revoked"], true);
    add(&ash, CASE, "joint", "after");
    theo.ok(&["sync"]);
    let seen = texts(&theo, &case);
    assert!(!seen.contains(&("joint".into(), "after".into())), "{seen:?}");
    assert_eq!(access(&ash, CASE, "joint", "Theodore Pemberton"), None);
    let again = ash.run(&[
        "share",
        "revoke",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Theodore Pemberton",
    ]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    let by_role = ash.run(&[
        "share",
        "revoke",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Wanjiru Ashdown",
    ]);
    assert_eq!(by_role.code, 1);
    assert!(by_role.stderr.contains("role"), "{}", by_role.stderr);
    let own = ash.run(&[
        "share",
        "grant",
        CASE,
        "--lane",
        "process-notes",
        "--with",
        "Theodore Pemberton",
    ]);
    assert_eq!(own.code, 1);
    for troth in [&ash, &theo] {
        troth.ok(&["ledger", "verify"]);
    }
    for command in [
        &["practice", "status"][..],
        &["member", "list"],
        &["case", "show", &case],
        &["share", "list", &case],
    ] {
        theo.ok(command);
    }
}

#[test]
fn a_share_with_an_end_ends() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let case = open_case(&ash);
    let theo = stage.member(&ash, "client", "theo", "Theodore Pemberton");
    let grant = |until: &str| {
        ash.run(&[
            "--json",
            "share",
            "grant",
            CASE,
            "--lane",
            "joint",
            "--with",
            "Theodore Pemberton",
            "--until",
            until,
        ])
    };
    assert_eq!(grant("soon").code, 2);
    assert_eq!(grant("2001-01-01").code, 2, "it has passed");
    let far = grant("30d").json();
    assert!(far["until_ms"].as_u64().unwrap() > 0);

    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 6;
    let ends = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap())
        .unwrap()
        .to_string();
    let near = grant(&ends);
    assert_eq!(near.code, 0, "{}", near.stderr);
    add(&ash, CASE, "joint", "in time");
    theo.ok(&["sync"]);
    assert_eq!(texts(&theo, &case), pairs(&[("joint", "in time")]));
    while std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        <= seconds
    {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // Nobody has written since, and nothing has reached this device: it shows nothing more all the same.
    assert_eq!(texts(&theo, &case), []);
    let ended = |of: &Troth| {
        let listed = of.json(&["share", "list", CASE]);
        let all = listed["access"].as_array().unwrap().clone();
        let his = |a: &Value| a["lane"] == "joint" && a["name"] == "Theodore Pemberton";
        let his = all.into_iter().find(his).unwrap();
        (
            his["rights"].clone(),
            his["ended"].clone(),
            his["holds_key"].clone(),
        )
    };
    assert_eq!(ended(&ash), (json!(null), json!(true), json!(true)));
    let table = ash.ok(&["share", "list", CASE]).stdout;
    assert!(table.contains("ended"), "{table}");
    add(&ash, CASE, "joint", "too late");
    theo.ok(&["sync"]);
    assert_eq!(texts(&theo, &case), []);
    assert_eq!(ended(&ash), (json!(null), json!(true), json!(false)));
    // Shared again, it is all there.
    assert_eq!(grant("30d").code, 0);
    theo.ok(&["sync"]);
    assert_eq!(
        texts(&theo, &case),
        pairs(&[("joint", "in time"), ("joint", "too late")])
    );
    theo.ok(&["ledger", "verify"]);
}

#[test]
fn a_partner_shares_one_note_of_their_lane_with_signed_consent() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let case = open_case(&ash);
    let theo = stage.member(&ash, "client", "theo", "Theodore Pemberton");
    let lin = stage.member(&ash, "client", "lin", "林书瑶");
    for (lane, member) in [
        ("partner-a", "Theodore Pemberton"),
        ("joint", "Theodore Pemberton"),
        ("joint", "林书瑶"),
        ("partner-b", "林书瑶"),
    ] {
        ash.ok(&["share", "grant", CASE, "--lane", lane, "--with", member]);
    }
    theo.ok(&["sync"]);
    let secret = add(&theo, &case, "partner-a", "I feel unheard.");
    // Nobody shares it for him, nor shows her the lane.
    ash.ok(&["sync"]);
    for how in [&[][..], &["--recorded", "in-person"]] {
        let stead = ash.run(&[&["share", "item", &secret[..8]], how].concat());
        assert_eq!(stead.code, 1, "{}", stead.stderr);
        assert!(stead.stderr.contains("consents on it"), "{}", stead.stderr);
    }
    let whole = ash.run(&["share", "grant", CASE, "--lane", "partner-a", "--with", "林书瑶"]);
    assert_eq!(whole.code, 1, "{}", whole.stderr);
    assert!(whole.stderr.contains("share item"), "{}", whole.stderr);
    add(&theo, &case, "partner-a", "This stays mine.");
    lin.ok(&["sync"]);
    assert_eq!(texts(&lin, &case), [], "one partner's lane is not the other's");

    let shared = theo.json(&["share", "item", &secret[..8]]);
    assert!(
        shared["words"].as_str().unwrap().contains("I share this note"),
        "{shared}"
    );
    lin.ok(&["sync"]);
    assert_eq!(texts(&lin, &case), pairs(&[("joint", "I feel unheard.")]));
    ash.ok(&["sync"]);
    let notes = ash.json(&["note", "list", CASE, "--lane", "joint"]);
    let copy = notes["notes"][0]["id"].as_str().unwrap().to_owned();
    let shown = ash.json(&["note", "show", &copy]);
    let consent = &shown["consents"][0];
    assert_eq!(
        (
            &consent["valid"],
            &consent["name"],
            &consent["lane"],
            &consent["note"]
        ),
        (
            &json!(true),
            &json!("Theodore Pemberton"),
            &json!("partner-a"),
            &json!(secret)
        )
    );
    let words = lin.ok(&["note", "show", &copy]).stdout;
    assert!(words.contains("I share this note"), "{words}");
    let joint = ash.run(&["share", "item", &copy]);
    assert_eq!(joint.code, 1, "{}", joint.stderr);
}

#[test]
fn the_consent_of_a_partner_without_a_device_is_recorded_by_name() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    open_case(&ash);
    let said = add(&ash, CASE, "partner-b", "She asked me to pass this on.");
    let unsaid = ash.run(&["share", "item", &said[..8]]);
    assert_eq!(unsaid.code, 1, "{}", unsaid.stderr);
    assert!(unsaid.stderr.contains("--recorded"), "{}", unsaid.stderr);
    assert_eq!(
        ash.run(&["share", "item", &said[..8], "--recorded", "guessed"])
            .code,
        2
    );
    let shared = ash.json(&["share", "item", &said[..8], "--recorded", "paper"]);
    assert_eq!(shared["recorded"], "paper");
    let consent = |of: &Value| {
        let consent = &of["consents"][0];
        ["name", "lane", "recorded", "valid"].map(|key| consent[key].clone())
    };
    let expected = [
        json!("Wanjiru Ashdown"),
        json!("partner-b"),
        json!("paper"),
        json!(true),
    ];
    assert_eq!(consent(&ash.json(&["share", "list", CASE])), expected);
    assert_eq!(consent(&ash.json(&["ledger", "log", "--case", CASE])), expected);
    for command in [&["share", "list", CASE][..], &["ledger", "log", "--case", CASE]] {
        let words = ash.ok(command).stdout;
        assert!(
            words.contains("recorded by Wanjiru Ashdown on behalf of partner-b (on paper)"),
            "{words}"
        );
    }
    let chinese = ash.ok(&["--lang", "zh", "share", "list", CASE]).stdout;
    assert!(
        chinese.contains("由 Wanjiru Ashdown 代 partner-b 记录（书面）"),
        "{chinese}"
    );
    let notes = ash.json(&["note", "list", CASE, "--lane", "joint"]);
    let copy = notes["notes"][0]["id"].as_str().unwrap().to_owned();
    assert!(
        ash.ok(&["note", "show", &copy])
            .stdout
            .contains("recorded the consent")
    );
}

#[test]
fn a_case_is_erased_and_only_that_it_was_there_stays() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let case = open_case(&ash);
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    ash.ok(&["case", "assign", CASE, "Bo Castellanos"]);
    add(&ash, CASE, "joint", "To be forgotten.");
    bo.ok(&["sync"]);
    assert_eq!(texts(&bo, &case).len(), 1);

    let dry = ash.json(&["case", "erase", CASE, "--dry-run"]);
    assert_eq!((&dry["erased"], &dry["documents"]), (&json!(false), &json!(6)));
    assert_eq!(
        ash.run(&["case", "erase", CASE]).code,
        2,
        "it takes a person, or --yes"
    );
    assert_eq!(ash.json(&["case", "erase", CASE, "--yes"])["erased"], true);
    bo.ok(&["sync"]);
    for troth in [&ash, &bo] {
        assert_eq!(texts(troth, &case), []);
        assert_eq!(troth.run(&["case", "show", &case]).code, 1);
        troth.ok(&["ledger", "verify"]);
        troth.ok(&["case", "list"]);
    }
    let log = ash.ok(&["ledger", "log"]).stdout;
    assert!(log.contains("erasure"), "{log}");
}
