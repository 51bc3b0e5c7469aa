//! A couple answers intake forms, each through a link of their own; only who reads their lanes reads the answers.

use std::path::Path;

use serde_json::{Value, json};
use troth_forms::questionnaire::{Asks, Kind};
use troth_forms::value::Value as Answer;
use troth_forms::{Response, Sheet, shipped};

use super::stage::{Ran, Relay, Stage, Troth};

pub const CASE: &str = "Pemberton & Lin";

/// Somebody with a link, and neither a device nor an account.
pub struct Client<'a> {
    pub stage: &'a Stage,
    pub link: String,
    pub name: &'a str,
}

impl Client<'_> {
    fn pin(&self, pin: &str) -> String {
        let file = self.stage.path(&format!("{}-pin", self.name));
        std::fs::write(&file, format!("{pin}\n")).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub fn run(&self, command: &[&str], pin: Option<&str>) -> Ran {
        // A home that is empty: nothing of a device is needed, and nothing is left behind.
        let nobody = self.stage.troth(&format!("{}-home", self.name));
        let pin = pin.map(|pin| self.pin(pin));
        let mut line = vec!["--json", "intake", command[0], "-"];
        line.extend(&command[1..]);
        if let Some(file) = &pin {
            line.extend(["--pin-file", file]);
        }
        let ran = nobody.with_stdin(&line, &self.link);
        assert!(
            !nobody.home.exists(),
            "something was left on the client's computer"
        );
        ran
    }

    pub fn ok(&self, command: &[&str], pin: Option<&str>) -> Value {
        let ran = self.run(command, pin);
        assert_eq!(ran.code, 0, "{command:?}: {}{}", ran.stdout, ran.stderr);
        ran.json()
    }

    pub fn fill(&self, answers: &Path, pin: &str) -> Ran {
        self.run(&["fill", "--answers", answers.to_str().unwrap()], Some(pin))
    }
}

pub fn couple(stage: &Stage) -> (Relay, Troth) {
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let case = [
        "--skip-recovery",
        CASE,
        "--partner-a",
        "Theodore",
        "--partner-b",
        "林书瑶",
    ];
    laptop.ok(&[&["case", "new"], &case[..]].concat());
    (relay, laptop)
}

pub fn link<'a>(stage: &'a Stage, laptop: &Troth, partner: &str, form: &str, name: &'a str) -> Client<'a> {
    let made = laptop.json(&["intake", "new", CASE, "--partner", partner, "--form", form]);
    Client {
        stage,
        link: made["link"].as_str().unwrap().to_owned(),
        name,
    }
}

/// A shipped form, answered: yes to what is asked, `words` where words are, the highest choice of the items named.
pub fn answers(stage: &Stage, name: &str, words: &str, highest: &[&str]) -> std::path::PathBuf {
    let form = shipped::find(name).unwrap().unwrap();
    let mut response = Response::start(&form, "en");
    for row in Sheet::lay(&form, &response.clone()).rows() {
        let Kind::Question(question) = &row.item().kind else {
            continue;
        };
        let choices = question.asks.choices();
        let value = match &question.asks {
            Asks::Boolean => Answer::Boolean(true),
            Asks::Line(_) | Asks::Lines(_) => Answer::Text(words.to_owned()),
            _ if choices.is_empty() => continue,
            _ if highest.contains(&&*row.item().link_id) => choices.last().unwrap().value.clone(),
            _ => choices[0].value.clone(),
        };
        assert!(response.set(&form, row.path(), vec![value]));
    }
    let file = stage.path(&format!("{name}.json"));
    let json = response.complete(&form, None).to_json().to_string();
    std::fs::write(&file, json).unwrap();
    file
}

pub fn inbox(device: &Troth) -> Vec<Value> {
    device.ok(&["sync"]);
    device.json(&["inbox", "list"])["inbox"]
        .as_array()
        .unwrap()
        .clone()
}

pub fn id(of: &Value) -> &str {
    of["submission"].as_str().unwrap()
}

#[test]
fn a_couple_answers_each_alone_and_the_counselor_takes_it_in() {
    let stage = Stage::new();
    let (relay, laptop) = couple(&stage);
    let theodore = link(&stage, &laptop, "a", "consent", "theodore");
    let lin = link(&stage, &laptop, "b", "phq-9", "lin");
    let sent = theodore.fill(
        &answers(&stage, "consent", "Theodore Quillfeather", &[]),
        "194 823",
    );
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let receipt = sent.json()["receipt"].clone();
    assert!(receipt["checkpoint"]["size"].as_u64() > receipt["position"].as_u64());
    let sent = lin.fill(
        &answers(&stage, "phq-9", "unaussprechlich", &["phq9-9"]),
        "702215",
    );
    assert_eq!(sent.code, 0, "{}", sent.stderr);

    let came = inbox(&laptop);
    assert_eq!(came.len(), 2);
    assert_eq!(
        (&came[0]["lane"], &came[0]["urgent"]),
        (&json!("partner-a"), &json!(false))
    );
    assert_eq!(
        (&came[1]["lane"], &came[1]["urgent"]),
        (&json!("partner-b"), &json!(true))
    );
    assert_eq!(id(&came[0]), receipt["submission"]);
    let shown = laptop.json(&["inbox", "show", id(&came[1])]);
    assert_eq!(shown["crises"], json!(["phq9-9"]));
    assert_eq!(shown["scores"][0]["value"], 3.0);
    let people = laptop.ok(&["inbox", "show", id(&came[0])]).stdout;
    assert!(people.contains("Theodore Quillfeather"));

    for submission in &came {
        laptop.ok(&["inbox", "accept", id(submission)]);
        // Once is enough: again is nothing new.
        laptop.ok(&["inbox", "accept", id(submission)]);
    }
    assert!(inbox(&laptop).iter().all(|came| came["accepted"] == true));
    // The counselor's other device has all of it, too.
    let phone = stage.second(&relay, &laptop);
    let there = inbox(&phone);
    assert!(there.iter().all(|came| came["accepted"] == true), "{there:?}");
    let out = stage.path("out.json");
    phone.ok(&["export", CASE, "--format", "json", "--out", out.to_str().unwrap()]);
    let exported = std::fs::read_to_string(&out).unwrap();
    assert!(exported.contains("Quillfeather") && exported.contains("intake-consent"));

    // What the relay keeps holds nothing of it.
    drop(relay);
    for secret in [
        "Quillfeather",
        "unaussprechlich",
        "phq9",
        "urn:troth:form",
        "Theodore",
    ] {
        assert!(!kept_by_the_relay(&stage.path("relay"), secret), "{secret}");
    }
}

pub fn kept_by_the_relay(dir: &Path, secret: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|file| {
        let path = file.unwrap().path();
        match path.is_dir() {
            true => kept_by_the_relay(&path, secret),
            false => memchr::memmem::find(&std::fs::read(&path).unwrap(), secret.as_bytes()).is_some(),
        }
    })
}

#[test]
fn whoever_finds_the_link_sees_the_form_and_never_an_answer() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let file = answers(&stage, "consent", "Theodore Quillfeather", &[]);
    assert_eq!(client.fill(&file, "194823").code, 0);
    // The link alone: that something was sent, and no word of it.
    let found = client.run(&["status"], None);
    assert_eq!(found.code, 0);
    assert!(!found.stdout.contains("Quillfeather"));
    assert_eq!(
        (&found.json()["sent"], &found.json()["pin_tries"]),
        (&json!(1), &json!(10))
    );
    for left in (0..10).rev() {
        let guess = client.run(&["status"], Some("555-1212"));
        assert_eq!(guess.code, 4, "{}", guess.stderr);
        assert!(guess.stderr.contains(&format!("{left}")), "{}", guess.stderr);
    }
    let too_late = client.run(&["status"], Some("194823"));
    assert_eq!(too_late.code, 4, "the eleventh is not let in, right or wrong");
}

#[test]
fn the_client_sees_what_they_sent_withdraws_asks_for_a_copy_and_for_erasure() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let nothing = client.run(&["withdraw"], Some("194823"));
    assert_eq!(nothing.code, 1, "nothing was sent yet: {}", nothing.stderr);
    let file = answers(&stage, "consent", "Theodore Quillfeather", &[]);
    assert_eq!(client.fill(&file, "194823").code, 0);
    assert!(client.ok(&["status"], Some("194 823"))["draft"]["sent_at"].is_u64());
    assert_eq!(
        client.fill(&file, "194823").code,
        4,
        "the link takes answers once"
    );

    client.ok(&["withdraw", "--consent", "sensitive"], Some("194823"));
    client.ok(&["copy"], Some("194823"));
    let came = inbox(&laptop);
    assert_eq!(
        came.iter().map(|c| &c["kind"]).collect::<Vec<_>>(),
        ["answers", "withdraw", "copy"]
    );
    assert!(came.iter().all(|c| c["same_client"] == true));
    for submission in &came {
        laptop.ok(&["inbox", "accept", id(submission)]);
    }
    let replies = client.ok(&["status"], Some("194823"))["replies"].clone();
    assert_eq!(replies[0]["answer"], json!({ "done": true }));
    let copy = &replies[1]["answer"]["copy"][0]["response"];
    assert!(copy.to_string().contains("Quillfeather"));

    client.ok(&["erase"], Some("194823"));
    let came = inbox(&laptop);
    let asked = came.iter().find(|c| c["kind"] == "erase").unwrap();
    let without = laptop.run(&["inbox", "accept", id(asked)]);
    assert_eq!(without.code, 2, "erasing takes a word more");
    laptop.ok(&["inbox", "accept", id(asked), "--erase"]);
    laptop.ok(&["sync"]);
    let gone = client.ok(&["status"], Some("194823"));
    assert_eq!((&gone["erased"], &gone["draft"]), (&json!(true), &Value::Null));
    // The copy that was sent went with the rest; the receipt names the entry that ordered it.
    let [receipt] = &gone["replies"].as_array().unwrap()[..] else {
        panic!("{gone}")
    };
    let log = laptop.json(&["ledger", "log"]);
    let entries = log["entries"].as_array().unwrap();
    let ordered = entries
        .iter()
        .find(|e| e["position"] == receipt["answer"]["erased_at"])
        .unwrap();
    assert_eq!(ordered["kind"], "erasure");
}

#[test]
fn a_link_that_was_revoked_altered_or_cut_says_what_to_do() {
    let stage = Stage::new();
    let (relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let file = answers(&stage, "consent", "Theodore Quillfeather", &[]);
    let at = |link: &str| Client {
        stage: &stage,
        link: link.to_owned(),
        name: "theodore",
    };
    let cut = at(&client.link[..client.link.len() - 5]).fill(&file, "194823");
    assert_eq!(cut.code, 2, "{}", cut.stderr);
    assert!(cut.stderr.contains("not whole"), "{}", cut.stderr);
    let last = if client.link.ends_with('A') { "E" } else { "A" };
    let altered = format!("{}{last}", &client.link[..client.link.len() - 1]);
    let altered = at(&altered).fill(&file, "194823");
    assert_ne!(altered.code, 0);
    let secret = client.link.rfind('.').unwrap();
    let mut other = client.link.clone();
    let swapped = if &other[secret + 2..secret + 3] == "x" {
        "y"
    } else {
        "x"
    };
    other.replace_range(secret + 2..secret + 3, swapped);
    let other = at(&other).fill(&file, "194823");
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("Nothing was sent"), "{}", other.stderr);

    let listed = laptop.json(&["intake", "list"]);
    let invite = listed["links"][0]["invite"].as_str().unwrap();
    assert_eq!(listed["links"][0]["open"], true);
    laptop.ok(&["intake", "revoke", &invite[..8]]);
    let refused = client.fill(&file, "194823");
    assert_eq!(refused.code, 4);
    assert!(refused.stderr.contains("new one"), "{}", refused.stderr);
    assert_eq!(laptop.json(&["intake", "list"])["links"][0]["revoked"], true);
    assert!(inbox(&laptop).is_empty());
    relay.kill();
    assert_eq!(client.fill(&file, "194823").code, 3, "the relay is away");
}

#[test]
fn revoking_a_device_that_could_open_the_answers_closes_the_link() {
    let stage = Stage::new();
    let (relay, laptop) = couple(&stage);
    let _phone = stage.second(&relay, &laptop);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    laptop.ok(&["device", "revoke", "phone", "--yes"]);
    let file = answers(&stage, "consent", "Theodore Quillfeather", &[]);
    let refused = client.fill(&file, "194823");
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(laptop.json(&["intake", "list"])["links"][0]["open"], false);
    let again = link(&stage, &laptop, "a", "consent", "theodore");
    assert_eq!(again.fill(&file, "194823").code, 0, "a new one takes them");
}

#[test]
fn a_form_that_is_not_supported_is_refused_when_the_link_is_made() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let file = stage.path("form.json");
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "url": "urn:x", "title": "X",
        "item": [{ "linkId": "1", "text": "Photograph", "type": "attachment" }],
    });
    std::fs::write(&file, form.to_string()).unwrap();
    let form = file.to_str().unwrap();
    let refused = laptop.run(&["intake", "new", CASE, "--partner", "a", "--form", form]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("Questionnaire.item[0].type"),
        "{}",
        refused.stderr
    );
    let unknown = laptop.run(&["intake", "new", CASE, "--partner", "a", "--form", "phq9"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("phq-9"), "{}", unknown.stderr);
}

#[test]
fn answers_that_do_not_hold_are_told_before_anything_is_sent() {
    let stage = Stage::new();
    let (_relay, laptop) = couple(&stage);
    let client = link(&stage, &laptop, "a", "consent", "theodore");
    let file = answers(&stage, "phq-9", "x", &[]);
    let refused = client.fill(&file, "194823");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let weak = client.fill(&answers(&stage, "consent", "x", &[]), "123456");
    assert_eq!(weak.code, 2, "{}", weak.stderr);
    assert_eq!(client.ok(&["status"], None)["sent"], 0);
}
