//! The whole walk.

use std::fs;
use std::os::unix::fs::FileExt as _;

use serde_json::{Value, json};

use super::super::intake::kept_by_the_relay;
use super::super::stage::server;
use super::{couple, id, inbox, link, text, walk};

/// The words that stand in a process's memory.
fn in_memory<'a>(pid: u32, words: &[&'a str]) -> Vec<&'a str> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let ranges = maps.lines().filter(|line| line.contains(" rw"));
    let pieces: Vec<Vec<u8>> = ranges
        .filter_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            let (from, to) = (
                u64::from_str_radix(from, 16).ok()?,
                u64::from_str_radix(to, 16).ok()?,
            );
            let mut piece = vec![0; usize::try_from(to - from).ok()?];
            // Guard pages cannot be read, and hold nothing.
            memory.read_exact_at(&mut piece, from).ok()?;
            Some(piece)
        })
        .collect();
    let stands = |word: &&&str| {
        pieces
            .iter()
            .any(|piece| memchr::memmem::find(piece, word.as_bytes()).is_some())
    };
    words.iter().filter(stands).copied().collect()
}

#[test]
fn both_partners_answer_each_in_their_language_and_nothing_stays_on_the_telephone() {
    let Some((stage, relay, laptop)) = couple() else {
        return;
    };
    let (a, b) = (link(&laptop, "a", "consent"), link(&laptop, "b", "phq-9"));
    let hers = ["Theodore Quillfeather"];
    let told = walk(json!({
        "scenario": "walk", "link": a, "words": hers[0], "secrets": hers, "hurried": true, "pictures": true,
    }));
    let steps = [
        "language", "about", "pin", "consents", "form-1", "review", "sign", "receipt",
    ];
    assert_eq!(told["steps"], json!(steps));
    assert_eq!(told["progress"][0], "Step 2 of 7");
    assert_eq!(told["progress"][5], "Step 7 of 7");
    assert!(!text(&told, "address").contains('#'), "{told:#}");
    // Who asks and why, what is kept and how long, who can read, and what a page cannot promise.
    for said in [
        "Harbourlight Counsel",
        "Wanjiru Ashdown",
        "Who can read your answers",
        "To know who gave these consents",
        "7 years",
        "could change this page",
    ] {
        assert!(text(&told, "about").contains(said), "{said}: {}", told["about"]);
    }
    // Pressing on before anything was answered is told, and told to whoever listens.
    let faults = &told["faults"];
    assert_eq!(
        (&faults["focused"], &faults["role"], &faults["invalid"]),
        (&json!("faults"), &json!("alert"), &json!(2)),
        "{faults}"
    );
    assert_eq!(told["shows"], json!(hers), "what A wrote is what A reads again");
    // Neither the browser nor its disk keeps anything, and "back" shows nothing.
    let nothing = json!({
        "local": 0, "session": 0, "cookies": "", "databases": 0, "caches": 0, "workers": 0, "files": 0,
    });
    assert_eq!(
        (&told["kept"], &told["cookies"], &told["left"]),
        (&nothing, &json!([]), &json!([]))
    );
    assert_eq!(told["control"], true, "the profile was searched");
    assert!(text(&told, "back").contains("needs the link"), "{}", told["back"]);

    // B, in the other language and in the dark: A's answers are in nothing that B is shown or sent.
    let told = walk(json!({
        "scenario": "walk", "link": b, "language": "zh", "pin": "702 215", "dark": true,
        "hidden": [hers[0], "Theodore"], "pictures": true,
    }));
    assert_eq!(told["progress"][0], "第 2 步，共 7 步");
    assert!(
        text(&told, "urgentAfter").ends_with("phq9-9"),
        "help shows at once: {told:#}"
    );
    assert_eq!(told["shows"], json!([]));

    let came = inbox(&laptop);
    assert_eq!(came.len(), 2);
    let shown = laptop.json(&["inbox", "show", id(&came[0])]);
    assert!(shown["response"].to_string().contains(hers[0]), "{shown:#}");
    let consents = shown["consents"].as_array().unwrap();
    assert!(
        consents.len() == 2 && consents.iter().all(|c| c["given"] == true),
        "{shown:#}"
    );
    let shown = laptop.json(&["inbox", "show", id(&came[1])]);
    assert_eq!(
        (&shown["urgent"], &shown["scores"][0]["value"]),
        (&json!(true), &json!(27.0))
    );
    for submission in &came {
        laptop.ok(&["inbox", "accept", id(submission)]);
    }

    let secrets = ["Quillfeather", "phq9-9", "urn:troth:form", "194823"];
    assert_eq!(in_memory(relay.pid(), &secrets), [""; 0], "in the relay's memory");
    let own = relay.url.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        in_memory(relay.pid(), &[&own]),
        [&own],
        "the relay's memory was searched"
    );
    drop(relay);
    for secret in secrets {
        assert!(
            !kept_by_the_relay(&stage.path("relay"), secret),
            "{secret} is on the relay's disk"
        );
    }
}

#[test]
fn the_page_is_what_was_released_and_lets_nothing_in() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let told = walk(json!({ "scenario": "walk", "link": link(&laptop, "a", "gad-7") }));
    let released = std::process::Command::new(server())
        .arg("assets")
        .output()
        .unwrap();
    assert_eq!(
        told["files"]["listed"],
        String::from_utf8(released.stdout).unwrap()
    );
    let files = told["files"]["checked"].as_array().unwrap();
    assert!(files.len() >= 5, "{files:#?}");
    for file in files {
        assert_eq!(file["same"], true, "{file:#}");
        assert_eq!(file["cookie"], Value::Null, "{file:#}");
        assert_eq!(file["coding"], "br", "{file:#}");
        assert_eq!(
            file["guarded"],
            json!(["nosniff", "no-referrer", "DENY", "same-origin"]),
            "{file:#}"
        );
        let policy = file["policy"].as_str().unwrap();
        let parts: Vec<&str> = policy.split(';').map(str::trim).collect();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "connect-src 'self'",
            "require-trusted-types-for 'script'",
            "frame-ancestors 'none'",
        ] {
            assert!(parts.contains(&part), "{part}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
    }
    let attacks = &told["attacks"];
    assert_eq!(
        (&attacks["evaluated"], &attacks["markup"], &attacks["ran"]),
        (&json!("EvalError"), &json!("TypeError"), &json!(false)),
        "{attacks:#}"
    );
    for directive in ["connect-src", "require-trusted-types-for", "style-src-elem"] {
        let refused = attacks["refused"].as_array().unwrap();
        assert!(refused.contains(&json!(directive)), "{directive}: {refused:?}");
    }
}

#[test]
fn what_was_begun_on_one_telephone_goes_on_on_another_though_the_relay_was_restarted() {
    let Some((stage, relay, laptop)) = couple() else {
        return;
    };
    let link = link(&laptop, "a", "consent");
    walk(json!({ "scenario": "begin", "link": link, "leave": "form-1" }));
    let url = relay.url.clone();
    relay.kill();
    let _relay = stage.relay_at(&url);
    let told = walk(json!({
        "scenario": "resume", "link": link, "words": "Theodore Quillfeather", "language": "zh",
    }));
    assert_eq!(told["resumedAt"], "form-1", "the consents are there already");
    assert!(
        text(&told, "about").contains("已有人通过此链接开始作答"),
        "{told:#}"
    );
    let came = inbox(&laptop);
    let shown = laptop.json(&["inbox", "show", id(&came[0])]);
    assert!(shown["response"].to_string().contains("Theodore Quillfeather"));
    assert_eq!(
        shown["response"]["language"], "zh-CN",
        "the language that was shown last: {shown:#}"
    );
}

#[test]
fn a_relay_that_is_slow_away_and_back_or_loses_its_answer_takes_one_submission() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let told = walk(json!({
        "scenario": "weather", "link": link(&laptop, "a", "couple-intake"),
        "words": "Quillfeather", "secrets": ["Quillfeather"],
    }));
    assert!(
        text(&told, "away").contains("Nothing is lost"),
        "{}",
        told["away"]
    );
    assert_eq!(
        (&told["lost"], &told["resent"]),
        (&json!(1), &json!(1)),
        "the same bytes were sent again"
    );
    let came = inbox(&laptop);
    assert_eq!(came.len(), 1, "{came:#?}");
    let shown = laptop.json(&["inbox", "show", id(&came[0])]);
    for said in ["Quillfeather", "1990-02-02", "safety-afraid"] {
        assert!(shown["response"].to_string().contains(said), "{said}: {shown:#}");
    }
}

#[test]
fn a_hostile_form_and_hostile_answers_are_text() {
    let Some((stage, _relay, laptop)) = couple() else {
        return;
    };
    let hostile = "<script>alert(1)</script> \u{202e}gnol\u{2066} 👩‍❤️‍👩 & \"><img src=x onerror=alert(2)>";
    let long = format!("{}end", "long".repeat(2_490));
    let question = |name: &str, kind: &str, text: &str| {
        json!({ "linkId": name, "type": kind, "text": text, "extension": [
            { "url": "urn:troth:form:purpose", "valueString": hostile },
        ] })
    };
    let mut choice = question("c", "choice", hostile);
    choice["answerOption"] = json!([{ "valueString": hostile }, { "valueString": "👨‍👨‍👧‍👦" }]);
    let mut consent = question("d", "boolean", hostile);
    consent["extension"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "url": "urn:troth:form:consent", "valueCode": "service" }));
    consent["required"] = true.into();
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "url": "urn:x", "version": "1",
        "title": hostile, "description": hostile,
        "item": [
            consent,
            { "linkId": "g", "type": "group", "text": long, "item": [
                question("a", "string", hostile), question("b", "text", &long), choice,
                { "linkId": "e", "type": "display", "text": hostile },
            ] },
        ],
    });
    let file = stage.path("form.json");
    fs::write(&file, form.to_string()).unwrap();
    let link = link(&laptop, "a", file.to_str().unwrap());
    let told = walk(json!({ "scenario": "walk", "link": link, "words": hostile }));
    assert!(
        text(&told, "about").contains("<script>alert(1)</script>"),
        "{told:#}"
    );
    assert!(text(&told, "reviewed").contains("onerror=alert(2)"), "{told:#}");
    let came = inbox(&laptop);
    let shown = laptop.json(&["inbox", "show", id(&came[0])]);
    let answers = shown["response"].to_string();
    assert!(
        answers.contains("<script>alert(1)") && answers.contains("👩‍❤️‍👩"),
        "{answers}"
    );
}

#[test]
fn ten_thousand_characters_are_sent_as_they_were_written() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let words = "心".repeat(9_999) + "终";
    let file = _stage.path("form.json");
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "url": "urn:x", "version": "1", "title": "Words",
        "item": [{ "linkId": "a", "type": "text", "text": "Write", "extension": [
            { "url": "urn:troth:form:purpose", "valueString": "To see" },
        ] }],
    });
    fs::write(&file, form.to_string()).unwrap();
    let link = link(&laptop, "a", file.to_str().unwrap());
    walk(json!({ "scenario": "walk", "link": link, "words": words }));
    let came = inbox(&laptop);
    let shown = laptop.json(&["inbox", "show", id(&came[0])]);
    assert!(shown["response"].to_string().contains(&words));
}
