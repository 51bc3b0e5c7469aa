//! The counselor's side of intake: links sent and reminded of, what came, consents that stand in a case and are withdrawn.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::intake::{CASE, Client, answers, couple, id, inbox, link};
use super::stage::{Stage, Troth};

/// The consents of the case, each as its name, how it stands, whether it is the latest word and whether the client signed it.
fn consents(laptop: &Troth) -> Vec<(String, String, bool, bool)> {
    let shown = laptop.json(&["case", "show", CASE]);
    let all = shown["consents"].as_array().unwrap();
    let text = |c: &Value, key: &str| c[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|c| {
            let flags = (c["latest"] == true, c["signed"] == true);
            (text(c, "name"), text(c, "standing"), flags.0, flags.1)
        })
        .collect()
}

fn accept_all(laptop: &Troth) {
    for came in inbox(laptop) {
        laptop.ok(&["inbox", "accept", id(&came)]);
    }
}

#[test]
fn a_withdrawn_consent_shows_in_the_case_with_the_words_and_the_clients_signature() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let file = answers(&stage, "consent", "Theodore Quillfeather", &[]);
    let receipt = client.fill(&file, "194823").json()["receipt"].clone();
    let waits = laptop.ok(&["sync"]);
    assert_eq!(waits.code, 0);
    assert_eq!(laptop.json(&["case", "show", CASE])["inbox_waiting"], 1);
    accept_all(&laptop);
    let name = |name: &str, standing: &str, latest| (name.to_owned(), standing.to_owned(), latest, true);
    assert_eq!(
        consents(&laptop),
        [name("service", "given", true), name("sensitive", "given", true)]
    );
    let shown = laptop.json(&["case", "show", CASE]);
    assert_eq!(shown["inbox_waiting"], 0);
    let service = &shown["consents"][0];
    assert!(
        service["text"]
            .as_str()
            .unwrap()
            .starts_with("I agree to take part")
    );
    assert_eq!(
        (&service["language"], &service["version"]),
        (&json!("en"), &json!("urn:troth:form:consent|1"))
    );
    assert_eq!(service["position"], receipt["position"]);
    assert_eq!(service["text_sha256"].as_str().unwrap().len(), 64);

    let unknown = client.run(&["withdraw", "--consent", "sensitve"], Some("194823"));
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("service, sensitive"),
        "{}",
        unknown.stderr
    );
    client.ok(&["withdraw", "--consent", "sensitive"], Some("194823"));
    laptop.ok(&["sync"]);
    let people = laptop.ok(&["case", "show", CASE]).stdout;
    assert!(people.contains("In the inbox for this case: 1"), "{people}");
    accept_all(&laptop);
    assert_eq!(
        consents(&laptop),
        [
            name("service", "given", true),
            name("sensitive", "given", false),
            name("sensitive", "withdrawn", true),
        ]
    );
    let people = laptop.ok(&["case", "show", CASE]).stdout;
    assert!(people.contains("!! WITHDRAWN"), "{people}");
    let chinese = laptop.ok(&["--lang", "zh", "case", "show", CASE]).stdout;
    assert!(chinese.contains("已撤回"), "{chinese}");

    // Other programs are told the same.
    let out = stage.path("case.json");
    laptop.ok(&["export", CASE, "--format", "fhir", "--out", out.to_str().unwrap()]);
    let bundle: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(
        (&bundle["resourceType"], &bundle["type"]),
        (&json!("Bundle"), &json!("collection"))
    );
    let of = |kind: &str| -> Vec<Value> {
        let entries = bundle["entry"].as_array().unwrap().iter();
        let resources = entries.map(|entry| entry["resource"].clone());
        resources.filter(|r| r["resourceType"] == kind).collect()
    };
    let [given] = &of("QuestionnaireResponse")[..] else {
        panic!("{bundle:#}")
    };
    assert!(given["item"].to_string().contains("Quillfeather"));
    assert_eq!(given["questionnaire"], "urn:troth:form:consent|1");
    assert_eq!(of("Questionnaire").len(), 1);
    let statuses: Vec<_> = of("Consent").iter().map(|c| c["status"].clone()).collect();
    assert_eq!(statuses, ["active", "inactive", "inactive"]);
    assert!(
        of("Consent")
            .iter()
            .all(|c| c["verification"][0]["verified"] == true)
    );
    let patient = of("Patient")[0].clone();
    assert_eq!(patient["name"][0]["text"], "Theodore");
    let urls: Vec<_> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["fullUrl"].clone())
        .collect();
    assert!(
        of("Consent")
            .iter()
            .all(|c| urls.contains(&c["patient"]["reference"]))
    );
}

#[test]
fn what_a_client_wrote_neither_steers_a_terminal_nor_passes_for_the_forms_own_words() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let words = "<script>alert(1)</script> \u{202e}gnol 👩‍❤️‍👩 \u{2066}";
    let sent = client.fill(&answers(&stage, "consent", words, &[]), "194823");
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let came = inbox(&laptop);
    let steers = |text: &str| text.contains(['\u{202e}', '\u{2066}', '\u{1b}']);
    let shown = laptop.ok(&["inbox", "show", id(&came[0])]).stdout;
    assert!(
        shown.contains("<script>alert(1)</script>") && !steers(&shown),
        "{shown}"
    );
    let raw = laptop.ok(&["--json", "inbox", "show", id(&came[0])]);
    assert!(!steers(&raw.stdout));
    assert!(
        raw.json()["response"].to_string().contains('\u{202e}'),
        "a program is told what was written"
    );
    laptop.ok(&["inbox", "accept", id(&came[0])]);
    let status = client.run(&["status"], Some("194823"));
    assert!(!steers(&status.stdout));
    // Controls are no text at all.
    let other = link(&stage, &laptop, "b", "consent", "lin");
    let refused = other.fill(&answers(&stage, "consent", "\u{1b}[2J\u{9b}", &[]), "194823");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(!steers(&refused.stderr));
}

#[test]
fn a_score_comes_with_its_band_and_who_says_so() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    for (form, partner) in [("phq-9", "a"), ("gad-7", "b"), ("csi-16", "a")] {
        let client = link(&stage, &laptop, partner, form, form);
        let sent = client.fill(&answers(&stage, form, "x", &[]), "194823");
        assert_eq!(sent.code, 0, "{form}: {}", sent.stderr);
    }
    for came in inbox(&laptop) {
        let shown = laptop.json(&["inbox", "show", id(&came)]);
        let score = &shown["scores"][0];
        assert!(score["source"].as_str().unwrap().contains("doi:"), "{score}");
        assert!(!score["band"].as_str().unwrap().is_empty());
        let people = laptop.ok(&["inbox", "show", id(&came)]).stdout;
        for told in ["band", "source"] {
            assert!(people.contains(score[told].as_str().unwrap()), "{told}: {people}");
        }
    }
}

#[test]
fn a_reminder_says_nothing_of_what_is_asked_by_whom_or_why() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let theodore = link(&stage, &laptop, "a", "phq-9", "theodore");
    let lin = link(&stage, &laptop, "b", "consent", "lin");
    let file = answers(&stage, "consent", "林书瑶", &[]);
    assert_eq!(lin.fill(&file, "702215").code, 0);
    laptop.ok(&["sync"]);
    let reminders = laptop.json(&["intake", "remind"])["reminders"].clone();
    assert_eq!(
        reminders.as_array().unwrap().len(),
        1,
        "who has answered is left alone"
    );
    assert_eq!(reminders[0]["lane"], "partner-a");
    let message = reminders[0]["message"].as_str().unwrap();
    for told in [
        "PHQ",
        "Patient",
        "Theodore",
        "Lin",
        "Pemberton",
        "Harbourlight",
        "Wanjiru",
        "partner",
        "counsel",
        "#v1",
    ] {
        assert!(!message.contains(told), "{told}: {message}");
    }
    assert!(message.contains("提醒") && message.contains("A reminder"));
    // Whoever has lost the link is sent it again: it is the same.
    let invite = reminders[0]["invite"].as_str().unwrap();
    let again = laptop.json(&["intake", "remind", &invite[..8], "--with-link"]);
    let message = again["reminders"][0]["message"].as_str().unwrap();
    assert!(message.ends_with(&theodore.link));
    laptop.ok(&["intake", "revoke", &invite[..8]]);
    let closed = laptop.run(&["intake", "remind", &invite[..8]]);
    assert_eq!(closed.code, 1, "{}", closed.stderr);
    assert!(closed.stderr.contains("make a new one"), "{}", closed.stderr);
    let nobody = laptop.ok(&["intake", "remind"]).stdout;
    assert!(nobody.contains("nobody to remind"), "{nobody}");
}

#[test]
fn a_link_expires_when_it_says_and_is_drawn_for_a_telephone() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(6);
    let until = jiff::Timestamp::from_second(soon.as_secs() as i64)
        .unwrap()
        .to_string();
    let new = ["intake", "new", CASE, "--partner", "a", "--form", "consent"];
    let made = laptop
        .ok(&[&new[..], &["--expires", &until, "--qr"]].concat())
        .stdout;
    assert!(made.contains('█') && made.contains("#v1."), "{made}");
    let text = made.lines().find(|line| line.contains("#v1.")).unwrap();
    let client = Client {
        stage: &stage,
        link: text.trim().to_owned(),
        name: "theodore",
    };
    assert_eq!(client.ok(&["status"], None)["open"], true);
    while SystemTime::now().duration_since(UNIX_EPOCH).unwrap() <= soon + Duration::from_millis(100) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let late = client.fill(&answers(&stage, "consent", "Theodore", &[]), "194823");
    assert_eq!(late.code, 4, "{}", late.stderr);
    assert!(late.stderr.contains("new one"), "{}", late.stderr);
    assert_eq!(client.ok(&["status"], None)["open"], false);
    let listed = laptop.ok(&["intake", "list"]).stdout;
    assert!(listed.contains("expired"), "{listed}");
    let year = laptop.run(&[&new[..], &["--expires", "60w"]].concat());
    assert_ne!(year.code, 0, "a link lives a year at most");
}

#[test]
fn a_form_of_ones_own_is_taken_with_a_warning_for_what_has_no_purpose() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let file = stage.path("own.json");
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "url": "urn:x", "version": "1", "title": "Own",
        "item": [
            { "linkId": "why", "text": "Why now?", "type": "text",
              "extension": [{ "url": "urn:troth:form:purpose", "valueString": "To prepare the first meeting." }] },
            { "linkId": "shoe", "text": "Which size of shoe?", "type": "integer" },
        ],
    });
    std::fs::write(&file, form.to_string()).unwrap();
    let new = [
        "intake",
        "new",
        CASE,
        "--partner",
        "b",
        "--form",
        file.to_str().unwrap(),
    ];
    let made = laptop.json(&new);
    let without: Vec<_> = made["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|w| w["kind"] == "no-purpose")
        .map(|w| w["item"].clone())
        .collect();
    assert_eq!(without, ["shoe"]);
    let people = laptop.ok(&new);
    assert!(people.stderr.contains("shoe"), "{}", people.stderr);
    let client = Client {
        stage: &stage,
        link: made["link"].as_str().unwrap().to_owned(),
        name: "lin",
    };
    let answers = json!({
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "urn:x|1",
        "item": [{ "linkId": "why", "answer": [{ "valueString": "Because." }] }],
    });
    let file = stage.path("answers.json");
    std::fs::write(&file, answers.to_string()).unwrap();
    let sent = client.fill(&file, "702215");
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let again = client.fill(&file, "702215");
    assert_eq!(again.code, 4);
    assert!(
        again.stderr.contains("If yours was the last try"),
        "{}",
        again.stderr
    );
}
