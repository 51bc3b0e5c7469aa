//! Every device is lost.

mod admins;

use serde_json::{Value, json};

use super::stage::{Ran, Stage, Troth, first_line};

const CASE: &str = "Pemberton & Lin";

/// Makes a kit: its id and its words.
fn kit(troth: &Troth) -> (String, String) {
    let made = troth.json(&["recovery", "kit"]);
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("kit"), text("words"))
}

fn test(troth: &Troth, words: &str) -> Ran {
    troth.with_stdin(&["recovery", "test", "--words-file", "-"], words)
}

fn come_back(stage: &Stage, url: &str, name: &str, words: &str) -> (Troth, Ran) {
    let troth = stage.troth(name);
    let arguments = [
        "--json",
        "recovery",
        "use",
        "--relay",
        url,
        "--name",
        name,
        "--words-file",
        "-",
    ];
    let ran = troth.with_stdin(&arguments, words);
    (troth, ran)
}

fn first_note(troth: &Troth) -> Value {
    troth.json(&["note", "list", CASE])["notes"][0]["text"].clone()
}

#[test]
fn a_kit_is_made_and_its_words_are_tested() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    assert_eq!(test(&laptop, "abandon").code, 1, "there is none yet");

    let (id, words) = kit(&laptop);
    let each: Vec<_> = words.split(' ').collect();
    assert_eq!(each.len(), 24);
    let kits = |troth: &Troth| troth.json(&["recovery", "list"])["kits"].clone();
    assert_eq!(kits(&laptop), json!([{ "id": id, "tested": false }]));

    let mut swapped = each.clone();
    let other = each.iter().position(|word| *word != each[0]).unwrap();
    swapped.swap(0, other);
    let mut wrong = each.clone();
    wrong[4] = "lamb";
    let stranger = "abandon ".repeat(23) + "art";
    for (typed, expected) in [
        (each[..23].join(" "), "23 of 24"),
        (swapped.join(" "), "do not fit together"),
        (wrong.join(" "), "word 5, \"lamb\""),
        (stranger, "another kit"),
    ] {
        let ran = test(&laptop, &typed);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        // Two words in another order fit together by chance once in 256 times.
        let by_chance = expected == "do not fit together" && ran.stderr.contains("another kit");
        assert!(by_chance || ran.stderr.contains(expected), "{}", ran.stderr);
        assert_eq!(kits(&laptop)[0]["tested"], false);
    }

    let typed = words.to_uppercase().replace(' ', "\n");
    let passed = test(&laptop, &typed);
    assert_eq!(passed.code, 0, "{}", passed.stderr);
    assert!(passed.stdout.contains(&id[..16]), "{}", passed.stdout);
    assert_eq!(kits(&laptop), json!([{ "id": id, "tested": true }]));
    assert_eq!(laptop.run(&["--no-input", "recovery", "test"]).code, 2);
}

#[test]
fn a_kit_in_chinese_is_framed_and_read_without_spaces() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let made = laptop.ok(&["--lang", "zh", "recovery", "kit"]);
    assert!(
        made.stdout.contains('┌') && made.stdout.contains("恢复套件"),
        "{}",
        made.stdout
    );
    assert!(made.stderr.contains("recovery test"), "{}", made.stderr);
    let cells = made.stdout.split('│').map(str::trim);
    let words: String = cells
        .filter(|cell| cell.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|cell| cell.chars().last())
        .collect();
    assert_eq!(words.chars().count(), 24, "{}", made.stdout);
    assert_eq!(test(&laptop, &words).code, 0);
    let ran = laptop.with_stdin(
        &["--lang", "zh", "recovery", "test"],
        &words.chars().skip(1).collect::<String>(),
    );
    assert!(ran.stderr.contains("现有 23 个"), "{}", ran.stderr);
}

#[test]
fn the_sheet_is_a_pdf_and_the_words_are_nowhere_else() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let sheet = stage.path("kit.pdf");
    let path = sheet.to_str().unwrap();
    let made = laptop.ok(&["recovery", "kit", "--out", path]);
    let pdf = std::fs::read(&sheet).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(!made.stdout.contains('┌'), "{}", made.stdout);
    assert!(made.stderr.contains("recovery test"), "{}", made.stderr);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&sheet).unwrap().permissions().mode() & 0o77,
            0,
            "it is its owner's alone"
        );
    }
    let again = laptop.run(&["recovery", "kit", "--out", path]);
    assert_eq!(again.code, 1, "what is there is not written over");
    let kits = laptop.json(&["recovery", "list"])["kits"].clone();
    assert_eq!(kits.as_array().unwrap().len(), 1, "nor is a kit made for nothing");

    let second = laptop.ok(&["recovery", "kit"]);
    let first = kits[0]["id"].as_str().unwrap()[..16].to_owned();
    assert!(
        second.stderr.contains(&first),
        "the earlier one is named: {}",
        second.stderr
    );
    laptop.ok(&["device", "revoke", &first]);
    let kits = laptop.json(&["recovery", "list"])["kits"].clone();
    assert_eq!(kits.as_array().unwrap().len(), 1);
    let last = &kits[0]["id"].as_str().unwrap()[..16];
    assert_ne!(last, first);
    // The last one is asked about by name, and the only admin's stays.
    let unasked = laptop.run(&["device", "revoke", last, "--yes"]);
    assert_eq!(unasked.code, 1, "{}", unasked.stderr);
    assert!(unasked.stderr.contains("last recovery kit"), "{}", unasked.stderr);
    let alone = laptop.run(&["device", "revoke", last, "--last-kit", "--yes"]);
    assert_eq!(alone.code, 4, "{}", alone.stderr);
    assert!(alone.stderr.contains("R32"), "{}", alone.stderr);
    assert_eq!(laptop.json(&["recovery", "list"])["kits"], kits);
    // A counselor may do without: the practice has other ways.
    let bo = stage.member(&laptop, "counselor", "bo", "Bo Castellanos");
    let (id, _) = kit(&bo);
    assert_eq!(bo.run(&["device", "revoke", &id[..16], "--yes"]).code, 1);
    let dry = bo.json(&["device", "revoke", &id[..16], "--dry-run"]);
    assert_eq!(dry["last_kit"], true);
    let revoked = bo.json(&["device", "revoke", &id[..16], "--last-kit", "--yes"]);
    assert_eq!(revoked["revoked"], true);
}

#[test]
fn words_that_the_relay_does_not_know_are_not_shown() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    relay.kill();
    let sheet = stage.path("kit.pdf");
    let ran = laptop.run(&["--json", "recovery", "kit", "--out", sheet.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("No recovery kit was made"), "{}", ran.stderr);
    assert!(!sheet.exists());
    let shown = laptop.run(&["recovery", "kit"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (3, ""));
    assert_eq!(laptop.run(&["--offline", "recovery", "kit"]).code, 2);
    assert_eq!(laptop.json(&["practice", "status"])["waiting"], 0);

    let _relay = stage.relay_at(&url);
    laptop.ok(&["sync"]);
    assert_eq!(laptop.json(&["recovery", "list"])["kits"], json!([]));
}

#[test]
fn a_case_waits_for_a_tested_kit() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let new = |name: &'static str| ["case", "new", name, "--partner-a", "Ann"];
    let named = |ran: &Ran| {
        ran.stderr.contains("`troth recovery kit`") && ran.stderr.contains("`troth recovery test`")
    };
    let refused = laptop.run(&new("Lee"));
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(named(&refused), "{}", refused.stderr);
    assert_eq!(laptop.json(&["case", "list"])["cases"], json!([]));

    let skipped = laptop.ok(&[&new("Lee")[..], &["--skip-recovery"]].concat());
    assert!(named(&skipped), "it is reminded of: {}", skipped.stderr);
    let again = laptop.run(&new("Wu"));
    assert_eq!(again.code, 4, "and asked for next time: {}", again.stderr);

    let (_, words) = kit(&laptop);
    let untested = laptop.ok(&[&new("Wu")[..], &["--skip-recovery"]].concat());
    assert!(named(&untested), "{}", untested.stderr);
    assert_eq!(test(&laptop, &words).code, 0);
    let opened = laptop.ok(&new("Cho"));
    assert!(!named(&opened), "{}", opened.stderr);

    // A case that was assigned asked nobody for a kit; one's own asks, though there is an untested one.
    let bo = stage.member(&laptop, "counselor", "bo", "Bo Castellanos");
    laptop.ok(&["case", "assign", "Cho", "Bo Castellanos"]);
    bo.ok(&["sync"]);
    kit(&bo);
    let first = bo.run(&new("Ito"));
    assert_eq!(first.code, 4, "{}", first.stderr);
    assert!(named(&first), "{}", first.stderr);
}

#[test]
fn all_devices_are_lost_and_the_words_bring_everything_back() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    let (id, words) = kit(&laptop);
    assert_eq!(test(&laptop, &words).code, 0);
    laptop.ok(&laptop.open(&["case", "new", CASE, "--partner-a", "Theodore"]));
    laptop.ok(&["note", "add", CASE, "--lane", "joint", "--text", "They argue."]);
    laptop.ok(&laptop.open(&["note", "add", CASE, "--lane", "process-notes", "--text", "Mine."]));
    laptop.ok(&["field", "set", CASE, "joint", "mood", "tense"]);
    phone.ok(&["sync"]);
    std::fs::remove_dir_all(&laptop.home).unwrap();

    let (desk, ran) = come_back(&stage, &relay.url, "desk", &words);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let back = ran.json();
    assert_eq!(back["practice_name"], "Harbourlight Counsel");
    assert_eq!(back["member_name"], "Wanjiru Ashdown");
    assert_eq!(back["cases"][0]["name"], CASE);
    assert!(
        ran.stderr.contains("phone") && ran.stderr.contains("laptop"),
        "what still has access is named: {}",
        ran.stderr
    );
    assert_eq!(first_note(&desk), "They argue.");
    let mood = desk.json(&["field", "get", CASE, "joint", "mood"])["fields"]["mood"].clone();
    assert_eq!(mood["values"][0]["value"], "tense");
    let sensitive = desk.open(&["note", "list", CASE, "--lane", "process-notes"]);
    assert_eq!(desk.json(&sensitive)["notes"][0]["text"], "Mine.");

    let seen = phone.ok(&["sync"]);
    assert!(
        seen.stderr.contains("Wanjiru Ashdown HAS A NEW DEVICE") && seen.stderr.contains("RECOVERY KIT"),
        "{}",
        seen.stderr
    );
    let once = phone.ok(&["sync"]);
    assert!(!once.stderr.contains("RECOVERY KIT"), "{}", once.stderr);
    for troth in [&phone, &desk] {
        let log = troth.ok(&["ledger", "log"]).stdout;
        let added = log.lines().filter(|line| line.contains("with the recovery kit"));
        assert!(added.clone().any(|line| line.contains("added device")), "{log}");
        assert!(log.contains("added recovery kit"), "{log}");
        troth.ok(&["ledger", "verify"]);
    }

    // It goes on as any device does, and the kit can be replaced.
    desk.ok(&["device", "revoke", "laptop", "--compromised"]);
    desk.ok(&desk.open(&["recovery", "kit"]));
    desk.ok(&["device", "revoke", &id[..16]]);
    let (_, late) = come_back(&stage, &relay.url, "late", &words);
    assert_eq!(late.code, 1, "{}", late.stderr);
    assert!(
        late.stderr.contains("knows no practice with that kit"),
        "{}",
        late.stderr
    );
    desk.ok(&["note", "add", CASE, "--lane", "joint", "--text", "After."]);
    phone.ok(&["sync"]);
    let notes = phone.json(&["note", "list", CASE])["notes"].clone();
    assert!(
        notes
            .as_array()
            .unwrap()
            .iter()
            .any(|note| note["text"] == "After.")
    );
}

#[test]
fn coming_back_is_tried_again_with_the_same_command() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    let (_, words) = kit(&laptop);
    let (_, wrong) = come_back(&stage, &relay.url, "desk", "abandon ability");
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    relay.kill();
    let (_, ran) = come_back(&stage, &url, "desk", &words);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let relay = stage.relay_at(&url);
    let (desk, ran) = come_back(&stage, &relay.url, "desk", &words);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    desk.ok(&["ledger", "verify"]);
    let (_, again) = come_back(&stage, &relay.url, "desk", &words);
    assert_eq!(again.code, 1, "once it belongs to the practice: {}", again.stderr);
}

#[test]
fn a_kit_opens_what_is_locked_on_the_device_that_made_it() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    laptop.ok(&laptop.open(&["case", "new", "--skip-recovery", CASE, "--partner-a", "Theodore"]));
    laptop.ok(&laptop.open(&["note", "add", CASE, "--lane", "process-notes", "--text", "Mine."]));
    let half = laptop.run(&["recovery", "kit"]);
    assert_eq!(half.code, 2, "no kit that opens only half: {}", half.stderr);
    let made = laptop.json(&laptop.open(&["recovery", "kit"]));
    let words = made["words"].as_str().unwrap();
    std::fs::remove_dir_all(&laptop.home).unwrap();
    let (desk, ran) = come_back(&stage, &relay.url, "desk", words);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let notes = desk.json(&desk.open(&["note", "list", CASE, "--lane", "process-notes"]));
    assert_eq!(notes["notes"][0]["text"], "Mine.");
}
