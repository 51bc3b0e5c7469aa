//! Forms and answers that somebody made to do harm, and forms that are merely wrong: refused with the place, or harmless.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

// Long because forms made by hand and at random share how a form is written down.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use troth_forms::plain;
use troth_forms::value::Value;
use troth_forms::words::{self, Language};
use troth_forms::{AnswerFault, Checked, Questionnaire, Response, Sheet, WarningKind, limits, shipped};

const PURPOSE: &str = "urn:troth:form:purpose";

fn form(items: Json) -> Json {
    json!({ "resourceType": "Questionnaire", "status": "active", "title": "T", "url": "urn:x", "version": "1", "item": items })
}

fn parse(json: &Json) -> Questionnaire {
    Questionnaire::parse(json.to_string().as_bytes())
        .unwrap_or_else(|e| panic!("{e:?}"))
        .0
}

/// The path and the code of a refusal.
fn refusal(json: &Json) -> (String, &'static str) {
    let error = Questionnaire::parse(json.to_string().as_bytes()).unwrap_err();
    assert!(
        words::form_error(Language::Chinese, &error)
            .chars()
            .any(|c| c >= '\u{4e00}')
    );
    (error.path, error.what.code())
}

fn question(id: &str, kind: &str) -> Json {
    json!({ "linkId": id, "type": kind, "text": id, "extension": [{ "url": PURPOSE, "valueString": "p" }] })
}

fn with(mut item: Json, more: Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        match (item.get_mut(name).and_then(Json::as_array_mut), value.as_array()) {
            (Some(list), Some(more)) => list.extend(more.iter().cloned()),
            _ => item[name] = value.clone(),
        }
    }
    item
}

fn when(question: &str, value: bool) -> Json {
    json!({ "enableWhen": [{ "question": question, "operator": "=", "answerBoolean": value }] })
}

#[test]
fn what_is_not_supported_is_refused_with_its_path() {
    let yes = |id| question(id, "boolean");
    let first = "Questionnaire.item[0]";
    let table = [
        (
            json!([question("a", "attachment")]),
            format!("{first}.type"),
            "unsupported",
        ),
        (
            json!([with(yes("a"), json!({ "answerValueSet": "x" }))]),
            first.to_owned(),
            "unsupported",
        ),
        (
            json!([with(yes("a"), json!({ "extension": [{ "url": "urn:other" }] }))]),
            format!("{first}.extension[1]"),
            "unsupported",
        ),
        (
            json!([with(yes("a"), json!({ "_required": {} }))]),
            first.to_owned(),
            "unsupported",
        ),
        (
            json!([with(yes("a"), json!({ "item": [yes("b")] }))]),
            format!("{first}.item"),
            "unsupported",
        ),
        (
            json!([yes("a"), yes("a")]),
            "Questionnaire.item[1].linkId".to_owned(),
            "link-id-twice",
        ),
        (
            json!([with(yes("a"), when("b", true))]),
            format!("{first}.enableWhen[0].question"),
            "no-such-question",
        ),
        (
            json!([with(yes("a"), when("a", true))]),
            format!("{first}.enableWhen"),
            "circle",
        ),
        (
            json!([with(yes("a"), when("b", true)), with(yes("b"), when("a", true))]),
            format!("{first}.enableWhen"),
            "circle",
        ),
        (
            json!([with(
                json!({ "linkId": "g", "type": "group", "item": [yes("a")] }),
                when("a", true)
            )]),
            format!("{first}.enableWhen"),
            "circle",
        ),
        (
            json!([
                json!({ "linkId": "g", "type": "group", "repeats": true, "item": [yes("a")] }),
                with(yes("b"), when("a", true))
            ]),
            "Questionnaire.item[1].enableWhen[0].question".to_owned(),
            "other-repetition",
        ),
        (
            json!([question("a", "choice")]),
            format!("{first}.answerOption"),
            "missing",
        ),
        (
            json!([with(yes("a"), json!({ "initial": [{ "valueInteger": 1 }] }))]),
            format!("{first}.initial[0]"),
            "contradiction",
        ),
        (
            json!([with(yes("a"), json!({ "text": "a\u{1b}[2J" }))]),
            format!("{first}.text"),
            "control-character",
        ),
        (
            json!([with(yes("a"), json!({ "text": "x".repeat(limits::TEXT + 1) }))]),
            format!("{first}.text"),
            "too-much",
        ),
        (
            json!([with(
                yes("a"),
                json!({ "initial": [{ "valueBoolean": true }],
            "extension": [{ "url": "urn:troth:form:consent", "valueCode": "service" }] })
            )]),
            format!("{first}.extension[1]"),
            "consent",
        ),
        (json!([]), "Questionnaire.item".to_owned(), "expected"),
    ];
    for (items, path, code) in table {
        assert_eq!(refusal(&form(items)), (path, code));
    }
    let two = br#"{"resourceType":"Questionnaire","resourceType":"Questionnaire"}"#;
    assert_eq!(Questionnaire::parse(two).unwrap_err().what.code(), "json");
}

#[test]
fn groups_too_deep_too_many_and_multiplied_are_refused() {
    let mut deep = question("q", "boolean");
    for level in 0..limits::DEPTH {
        deep = json!({ "linkId": format!("g{level}"), "type": "group", "item": [deep] });
    }
    assert_eq!(refusal(&form(json!([deep]))).1, "too-much");
    let many: Vec<Json> = (0..=limits::ITEMS)
        .map(|n| question(&n.to_string(), "boolean"))
        .collect();
    assert_eq!(refusal(&form(Json::Array(many))).1, "too-much");
    let mut multiplied = question("q", "boolean");
    for level in 0..4 {
        multiplied = json!({ "linkId": format!("g{level}"), "type": "group", "repeats": true, "required": true,
            "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs", "valueInteger": 100 },
                { "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs", "valueInteger": 100 }],
            "item": [multiplied] });
    }
    assert_eq!(refusal(&form(json!([multiplied]))).1, "too-much");
}

#[test]
fn an_item_without_a_purpose_is_a_warning_and_a_groups_purpose_is_its_items() {
    let json = form(json!([
        { "linkId": "bare", "type": "boolean", "text": "?" },
        { "linkId": "g", "type": "group", "extension": [{ "url": PURPOSE, "valueString": "p" }],
          "item": [{ "linkId": "within", "type": "boolean", "text": "?" }] },
        { "linkId": "danger", "type": "boolean", "text": "?", "extension": [{ "url": PURPOSE, "valueString": "p" },
            { "url": "urn:troth:form:crisis", "valueBoolean": true }] },
    ]));
    let (_, warnings) = Questionnaire::parse(json.to_string().as_bytes()).unwrap();
    let told: Vec<_> = warnings
        .iter()
        .map(|w| (w.item.as_deref().unwrap(), w.kind))
        .collect();
    assert_eq!(
        told,
        [("bare", WarningKind::NoPurpose), ("danger", WarningKind::NoHelp)]
    );
}

#[test]
fn hostile_strings_stay_strings_and_cannot_steer_a_terminal() {
    let hostile = [
        "<script>alert(1)</script>".to_owned(),
        "\u{202e}gnp.exe\u{2066}".to_owned(),
        "字".repeat(10_000),
        "👩‍❤️‍👨 Ünï 🏳️‍🌈".to_owned(),
        "one\n!! Possible danger".to_owned(),
        "{{7*7}} ${x} %s %n".to_owned(),
    ];
    for text in &hostile {
        let form = parse(&form(json!([with(
            question("a", "text"),
            json!({ "text": text.replace('\n', " ") })
        )])));
        let mut response = Response::start(&form, "en");
        assert!(response.set(&form, "a", vec![Value::Text(text.clone())]));
        let sent = response.complete(&form, None).to_json().to_string();
        let checked = Checked::check(&form, Response::parse(sent.as_bytes()).unwrap()).unwrap();
        assert_eq!(checked.sheet().rows()[0].values(), [Value::Text(text.clone())]);
        let plain = plain::render(&checked, Language::English);
        assert!(plain.chars().all(|c| c == '\n'
            || (!c.is_control()
                && !('\u{202a}'..='\u{202e}').contains(&c)
                && !('\u{2066}'..='\u{2069}').contains(&c))));
        assert!(!plain.lines().any(|line| line.starts_with("!!")));
    }
    let long = json!({ "resourceType": "QuestionnaireResponse", "status": "completed",
        "item": [{ "linkId": "a", "answer": [{ "valueString": "x".repeat(limits::ANSWER + 1) }] }] });
    assert!(Response::parse(long.to_string().as_bytes()).is_err());
}

#[test]
fn answers_that_no_page_would_send_are_faults_with_their_paths() {
    let name = with(
        question("name", "string"),
        json!({ "required": true, "maxLength": 3 }),
    );
    let group = json!({ "linkId": "child", "type": "group", "repeats": true, "item": [name] });
    let form = parse(&form(json!([
        question("has", "boolean"),
        with(group, when("has", true)),
        question("when", "date")
    ])));
    let faults = |items: Json| {
        let json = json!({ "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "urn:x|1", "item": items });
        let response = Response::parse(json.to_string().as_bytes()).unwrap();
        let faults = Checked::check(&form, response)
            .map(|_| Vec::new())
            .unwrap_or_else(|faults| faults);
        faults
            .into_iter()
            .map(|fault| (fault.path, fault.what))
            .collect::<Vec<_>>()
    };
    let has = json!({ "linkId": "has", "answer": [{ "valueBoolean": true }] });
    let child = |name: &str| json!({ "linkId": "child", "item": [{ "linkId": "name", "answer": [{ "valueString": name }] }] });
    assert_eq!(faults(json!([has, child("Ann"), child("Bo")])), []);
    assert_eq!(
        faults(json!([has, child("Ann"), child("Anna")])),
        [("child[2]/name".into(), AnswerFault::TooLong(3))]
    );
    assert_eq!(
        faults(json!([has, { "linkId": "child" }])),
        [("child[1]/name".into(), AnswerFault::Required)]
    );
    assert_eq!(
        faults(json!([child("Ann")])),
        [
            ("child[1]".into(), AnswerFault::Disabled),
            ("child[1]/name".into(), AnswerFault::Disabled)
        ]
    );
    assert_eq!(
        faults(json!([{ "linkId": "name", "answer": [{ "valueString": "x" }] }])),
        [("name".into(), AnswerFault::Unknown)]
    );
    assert_eq!(
        faults(json!([{ "linkId": "when", "answer": [{ "valueString": "2024-01-01" }] }])),
        [("when".into(), AnswerFault::WrongKind)]
    );
    assert_eq!(
        faults(json!([has, has])),
        [("has".into(), AnswerFault::TooMany(1))]
    );
    let other = json!({ "resourceType": "QuestionnaireResponse", "status": "in-progress", "questionnaire": "urn:x|2" });
    let told = Checked::check(&form, Response::parse(other.to_string().as_bytes()).unwrap()).unwrap_err();
    assert_eq!(
        told.iter().map(|f| &f.what).collect::<Vec<_>>(),
        [&AnswerFault::OtherForm, &AnswerFault::NotCompleted]
    );
}

#[test]
fn repetitions_beyond_measure_are_told_of_and_not_laid_out() {
    let many: Vec<Json> = (0..400).map(|n| question(&format!("q{n}"), "boolean")).collect();
    let form = parse(&form(
        json!([{ "linkId": "g", "type": "group", "repeats": true, "item": many }]),
    ));
    let items = vec![json!({ "linkId": "g" }); limits::RESPONSE_ITEMS - 1];
    let json = json!({ "resourceType": "QuestionnaireResponse", "status": "completed", "item": items });
    let response = Response::parse(json.to_string().as_bytes()).unwrap();
    let sheet = Sheet::lay(&form, &response);
    assert_eq!(sheet.rows().len(), limits::ROWS);
    assert!(
        sheet
            .astray()
            .iter()
            .any(|fault| fault.what == AnswerFault::TooMany(limits::ROWS))
    );
}

#[test]
fn link_ids_that_look_like_paths_are_no_paths() {
    let group = json!({ "linkId": "a", "type": "group", "item": [question("b", "boolean")] });
    let form = parse(&form(json!([
        group,
        question("a/b", "boolean"),
        question("c[1]%2F", "boolean")
    ])));
    let mut response = Response::start(&form, "en");
    let paths: Vec<String> = Sheet::lay(&form, &response)
        .rows()
        .iter()
        .map(|row| row.path().to_owned())
        .collect();
    assert_eq!(paths, ["a", "a/b", "a%2Fb", "c%5B1]%252F"]);
    for path in &paths[1..] {
        assert!(response.set(&form, path, vec![Value::Boolean(true)]), "{path}");
    }
    let sheet = Sheet::lay(&form, &response);
    assert!(
        sheet.rows()[1..]
            .iter()
            .all(|row| row.values() == [Value::Boolean(true)])
    );
}

#[test]
fn a_draft_is_filled_in_row_by_row_and_handed_in_without_what_no_longer_counts() {
    let form = shipped::find("couple-intake").unwrap().unwrap();
    let mut draft = Response::start(&form, "en");
    assert!(draft.set(&form, "couple/children", vec![Value::Boolean(true)]));
    assert!(draft.add(&form, "couple/child") && draft.add(&form, "couple/child[1]"));
    assert!(draft.set(&form, "couple/child[2]/child-age", vec![Value::Integer(130)]));
    let view: Json = serde_json::from_str(&draft.view_json(&form, "zh-CN").unwrap()).unwrap();
    let rows = view["rows"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["path"] == "couple/child[2]/child-age")
        .unwrap();
    assert_eq!(
        (&row["text"], &row["faults"][0]),
        (
            &json!("年龄（岁）"),
            &json!({ "code": "too-large", "value": "120" })
        )
    );
    assert!(draft.remove(&form, "couple/child[2]") && !draft.remove(&form, "couple/child[7]"));
    assert!(draft.set(&form, "couple/children", vec![Value::Boolean(false)]));
    let sent = draft.complete(&form, None).to_json().to_string();
    assert!(!sent.contains("\"child\""), "{sent}");
}

/// Any JSON, with the names that forms use more often than chance would.
fn anything() -> impl Strategy<Value = Json> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "resourceType",
            "item",
            "linkId",
            "type",
            "text",
            "_text",
            "extension",
            "url",
            "enableWhen",
            "question",
            "operator",
            "answerBoolean",
            "answerOption",
            "valueCoding",
            "valueString",
            "answer",
            "status",
            "code"
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        prop::sample::select(vec![
            "Questionnaire",
            "QuestionnaireResponse",
            "group",
            "choice",
            "active",
            "=",
            "exists"
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Puts `with` in place of the `at`-th value of a tree.
fn replace(json: &mut Json, at: &mut usize, with: &Json) {
    if *at == 0 {
        *json = with.clone();
    }
    *at = at.wrapping_sub(1);
    match json {
        Json::Array(list) => list.iter_mut().for_each(|entry| replace(entry, at, with)),
        Json::Object(map) => map.values_mut().for_each(|entry| replace(entry, at, with)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn arbitrary_json_is_read_or_refused(json in anything(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = json.to_string();
        for bytes in [text.as_bytes(), &bytes] {
            let _ = Questionnaire::parse(bytes);
            let _ = Response::parse(bytes);
        }
    }

    #[test]
    fn a_shipped_form_with_a_part_replaced_is_refused_or_reads_as_it_is_written(
        which in 0..shipped::SHIPPED.len(), at in 0..2_000_usize, with in anything(),
    ) {
        let mut json: Json = serde_json::from_slice(shipped::SHIPPED[which].1).unwrap();
        replace(&mut json, &mut { at }, &with);
        if let Ok((form, _)) = Questionnaire::parse(json.to_string().as_bytes()) {
            let again = Questionnaire::parse(form.to_json().to_string().as_bytes()).unwrap().0;
            prop_assert_eq!(&again, &form);
            let start = Response::start(&form, "en");
            let _ = Checked::check(&form, start.complete(&form, None));
            prop_assert_eq!(Response::parse(start.to_json().to_string().as_bytes()).unwrap(), start);
        }
    }

    #[test]
    fn an_item_is_enabled_by_all_or_by_any_of_its_conditions(
        all in any::<bool>(), answers in prop::collection::vec(prop::option::of(any::<bool>()), 1..6), wanted in any::<u8>(),
    ) {
        let bit = |n: usize| wanted >> n & 1 == 1;
        let mut items: Vec<Json> = (0..answers.len()).map(|n| question(&format!("q{n}"), "boolean")).collect();
        let conditions: Vec<Json> = (0..answers.len())
            .map(|n| json!({ "question": format!("q{n}"), "operator": "=", "answerBoolean": bit(n) })).collect();
        items.insert(0, with(question("it", "string"),
            json!({ "enableWhen": conditions, "enableBehavior": if all { "all" } else { "any" } })));
        let form = parse(&form(Json::Array(items)));
        let mut response = Response::start(&form, "en");
        for (n, answer) in answers.iter().enumerate() {
            response.set(&form, &format!("q{n}"), answer.map(Value::Boolean).into_iter().collect());
        }
        let mut holds = answers.iter().enumerate().map(|(n, answer)| *answer == Some(bit(n)));
        let expected = if all { holds.all(|h| h) } else { holds.any(|h| h) };
        prop_assert_eq!(Sheet::lay(&form, &response).rows()[0].enabled(), expected);
    }
}
