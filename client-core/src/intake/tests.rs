// Long because one scene, a link and what the relay shows of it, is behind every story.

use rand::rng;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, InviteId, PracticeId, VerifyingKey};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, Invite, Statement, Submission, SubmissionKind};
use troth_protocol::wire::{ClientMessage, Linked};

use super::*;
use crate::crypto::{ClientKeys, Cost, IntakeContext, IntakeSecret, SealingSecret};

struct Scene {
    link: IntakeLink,
    linked: Linked,
    recipient: SealingSecret,
}

const CONTEXT: IntakeContext = IntakeContext {
    practice: PracticeId([1; 32]),
    document: DocumentId([2; 16]),
    invite: InviteId([3; 16]),
};

fn scene() -> Scene {
    scene_with(b"{}")
}

fn scene_with(form: &[u8]) -> Scene {
    let secret = IntakeSecret::generate(&mut rng());
    let recipient = SealingSecret::generate(&mut rng());
    let asking = Asking {
        recipient: recipient.public().to_bytes().to_vec().into(),
        ledger_key: VerifyingKey([4; 32]),
        origin: "relay.example".into(),
        practice: "Lindqvist & Partners".into(),
        asker: "Bruno".into(),
        readers: vec!["Bruno".into()],
        form: form.to_vec().into(),
    };
    let link = IntakeLink {
        relay: "https://relay.example".into(),
        invite: CONTEXT.invite,
        recipient: Hash::of(&[&asking.recipient]),
        secret,
    };
    let form = link
        .secret
        .seal_form(&mut rng(), &CONTEXT, &cbor::encode(&asking))
        .unwrap();
    let linked = Linked {
        invite: CONTEXT.invite,
        practice: CONTEXT.practice,
        statement: statement(link.secret.signing().verifying_key()),
        form,
        sequence: 1,
        prev: None,
        closed: None,
        tries: None,
        now: 5,
        checkpoint: CompactCheckpoint {
            size: 0,
            root: Hash([0; 32]),
            signature: [0; 64],
        },
        replies: Vec::new(),
        ledger: None,
    };
    Scene {
        link,
        linked,
        recipient,
    }
}

fn statement(link: VerifyingKey) -> Signed {
    let body = Body::Invite(Invite {
        document: CONTEXT.document,
        epoch: 1,
        invite: CONTEXT.invite,
        link,
        expires: 100,
        limit: 1,
    });
    let statement = cbor::encode(&Statement {
        signer: DeviceId([6; 32]),
        seen: None,
        payload: None,
        body,
    });
    Signed {
        statement,
        signature: Signature::Ed25519([0; 64]),
    }
}

fn keys(link: &IntakeLink, pin: &str) -> ClientKeys {
    link.secret.stretch(pin, Cost::LEAST).unwrap().open(&[7; 32])
}

fn answers() -> Said {
    Said::Answers {
        response: b"{\"status\":\"completed\"}".to_vec().into(),
        language: "en".into(),
    }
}

/// The statement and the payload of what goes out.
fn sent(message: ClientMessage) -> (Submission, Vec<u8>) {
    let ClientMessage::Submit(submit) = message else {
        panic!("a submission")
    };
    let statement: Statement = cbor::decode(&submit.upload.signed.statement).unwrap();
    let Body::Submission(body) = statement.body else {
        panic!("a submission")
    };
    (body, submit.upload.payload)
}

#[test]
fn a_link_is_read_as_it_was_written_and_as_mail_programs_leave_it() {
    let link = scene().link;
    let text = link.text();
    assert!(text.starts_with("https://relay.example/i#v1."));
    assert_eq!(IntakeLink::parse(&text).unwrap(), link);
    let (start, end) = text.split_at(70);
    for mangled in [
        format!(" <{}>\n", text.as_str()),
        format!("{start}\r\n {end}"),
        text.replace("/i#", "/i/#"),
    ] {
        assert_eq!(IntakeLink::parse(&mangled).unwrap(), link, "{mangled}");
    }
}

#[test]
fn a_link_that_is_not_whole_says_so() {
    let text = scene().link.text();
    for length in text.find('#').unwrap() + 3..text.len() {
        assert_eq!(
            IntakeLink::parse(&text[..length]),
            Err(IntakeError::Truncated),
            "{length}"
        );
    }
    assert_eq!(
        IntakeLink::parse(&format!("{}AA", text.as_str())),
        Err(IntakeError::Truncated)
    );
    assert_eq!(
        IntakeLink::parse(&format!("{}.A", text.as_str())),
        Err(IntakeError::Truncated)
    );
    assert_eq!(
        IntakeLink::parse(&text.replace("#v1.", "#v2.")),
        Err(IntakeError::Version("v2".into()))
    );
    for other in [
        "",
        "https://relay.example/",
        "https://relay.example/i#",
        "javascript:/i#v1.a.b.c",
        "hello",
    ] {
        assert_eq!(IntakeLink::parse(other), Err(IntakeError::NotALink), "{other}");
    }
}

#[test]
fn a_link_never_prints_its_secret() {
    let link = scene().link;
    let fragment = link.fragment();
    let secret = fragment.rsplit('.').next().unwrap();
    assert!(!format!("{link:?}").contains(secret));
}

#[test]
fn what_the_relay_swaps_is_not_behind_the_link() {
    let s = scene();
    Visit::open(&s.link, s.linked.clone()).unwrap();
    let other = scene();
    // Another form, of another link of the same invite's name.
    let form = Linked {
        form: other.linked.form.clone(),
        ..s.linked.clone()
    };
    // Another practice, or another document, under the same form.
    let practice = Linked {
        practice: PracticeId([9; 32]),
        ..s.linked.clone()
    };
    let key = Linked {
        statement: statement(other.link.secret.signing().verifying_key()),
        ..s.linked.clone()
    };
    for swapped in [form, practice, key] {
        assert_eq!(
            Visit::open(&s.link, swapped).err(),
            Some(IntakeError::NotBehindIt)
        );
    }
    // Another recipient key, sealed by somebody who has the secret: the digest in the link is another.
    let wrong = IntakeLink {
        recipient: Hash([8; 32]),
        ..s.link.clone()
    };
    assert_eq!(
        Visit::open(&wrong, s.linked.clone()).err(),
        Some(IntakeError::NotBehindIt)
    );
    let erased = Linked {
        form: Vec::new(),
        ..s.linked
    };
    let gone = Visit::open(&s.link, erased).unwrap();
    assert_eq!(gone.asking().err(), Some(IntakeError::Erased));
    let said = gone.say(&mut rng(), 5, &keys(&s.link, "194823"), &Said::Copy);
    assert_eq!(said.err(), Some(IntakeError::Erased));
}

#[test]
fn what_is_said_opens_for_the_recipient_and_stands_in_its_place_only() {
    let s = scene();
    let visit = Visit::open(&s.link, s.linked.clone()).unwrap();
    let mine = keys(&s.link, "194823");
    let (body, payload) = sent(visit.say(&mut rng(), 5, &mine, &answers()).unwrap().message);
    assert_eq!((body.kind, body.sequence), (SubmissionKind::Answers, 1));
    let opened = s
        .link
        .secret
        .open_submission(&s.recipient, &CONTEXT, (0, 1), &payload)
        .unwrap();
    let spoken = Spoken::decode(&opened).unwrap();
    let (said, sealing) = spoken.verify(&CONTEXT, SubmissionKind::Answers, 1).unwrap();
    assert_eq!((said, spoken.client), (answers(), mine.signing.verifying_key()));
    assert_eq!(sealing, mine.sealing.public());
    assert!(spoken.verify(&CONTEXT, SubmissionKind::Answers, 2).is_err());
    assert!(spoken.verify(&CONTEXT, SubmissionKind::Copy, 1).is_err());
    let elsewhere = IntakeContext {
        invite: InviteId([9; 16]),
        ..CONTEXT
    };
    assert!(spoken.verify(&elsewhere, SubmissionKind::Answers, 1).is_err());
}

#[test]
fn a_closed_link_takes_no_answers_but_what_concerns_them() {
    let s = scene();
    let linked = Linked {
        closed: Some(Rule::Link.number()),
        ..s.linked
    };
    let visit = Visit::open(&s.link, linked).unwrap();
    let mine = keys(&s.link, "194823");
    let refused = visit.say(&mut rng(), 5, &mine, &answers()).err();
    assert_eq!(refused, Some(IntakeError::Closed(Rule::Link)));
    visit.say(&mut rng(), 5, &mine, &Said::Copy).unwrap();
}

#[test]
fn what_is_too_long_is_not_sent() {
    use rand::Rng as _;
    let s = scene();
    let visit = Visit::open(&s.link, s.linked).unwrap();
    let mut response = vec![0; 70_000];
    rng().fill_bytes(&mut response);
    let said = Said::Answers {
        response: response.clone().into(),
        language: "en".into(),
    };
    let mine = keys(&s.link, "194823");
    assert!(matches!(
        visit.say(&mut rng(), 5, &mine, &said),
        Err(IntakeError::TooLong(_))
    ));
    let pin = s.link.secret.stretch("194823", Cost::LEAST).unwrap();
    assert!(matches!(
        visit.keep_draft(&mut rng(), &pin, &mine, Some(&response)),
        Err(IntakeError::TooLong(_))
    ));
}

#[test]
fn a_pin_is_what_was_meant_and_not_what_everybody_tries_first() {
    for same in ["194 823", "194-823", "１９４８２３", " 194823 "] {
        assert_eq!(Pin::typed(same).unwrap().as_str(), "194823");
    }
    for first in ["111111", "123456", "654321", "abcdef"] {
        assert_eq!(Pin::choose(first).err(), Some(PinFault::Predictable), "{first}");
        assert!(Pin::typed(first).is_ok());
    }
    assert_eq!(Pin::choose("12 34").err(), Some(PinFault::TooShort));
    assert_eq!(Pin::choose(&"x1".repeat(33)).err(), Some(PinFault::TooLong));
    assert!(Pin::choose("194823").is_ok());
}

#[test]
fn what_was_said_is_in_no_log_and_no_error() {
    let s = scene();
    let mine = keys(&s.link, "194823");
    let said = Said::Answers {
        response: b"a canary".to_vec().into(),
        language: "canary".into(),
    };
    let draft = super::Draft {
        response: b"a canary".to_vec().into(),
        sent: Some(7),
    };
    let copied = super::Copied {
        received: 5,
        said: said.clone(),
    };
    let answered = super::Answered::Copy(vec![copied]);
    let spoken = super::Spoken::sign(&mine, &CONTEXT, (0, 5), &said, &[]);
    let shown = format!("{said:?} {draft:?} {answered:?} {spoken:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("99, 97, 110"),
        "{shown}"
    );
    assert!(
        shown.contains("Answers") && shown.contains("sent: Some(7)"),
        "{shown}"
    );
}

const FORM: &[u8] = br#"{"resourceType":"Questionnaire","status":"active","url":"urn:x","version":"2","title":"X","item":[
  {"linkId":"a","type":"boolean","text":"I agree.","extension":[{"url":"urn:troth:form:consent","valueCode":"service"}]},
  {"linkId":"b","type":"boolean","text":"That too.","extension":[{"url":"urn:troth:form:consent","valueCode":"sensitive"}]}]}"#;

fn agreeing() -> Said {
    let response = br#"{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"urn:x|2","language":"en",
      "item":[{"linkId":"a","answer":[{"valueBoolean":true}]},{"linkId":"b","answer":[{"valueBoolean":false}]}]}"#;
    Said::Answers {
        response: response.to_vec().into(),
        language: "en".into(),
    }
}

#[test]
fn consents_are_signed_apart_from_the_answers_in_their_words_and_place() {
    let s = scene_with(FORM);
    let visit = Visit::open(&s.link, s.linked.clone()).unwrap();
    let mine = keys(&s.link, "194823");
    let (body, payload) = sent(visit.say(&mut rng(), 7, &mine, &agreeing()).unwrap().message);
    let secret = &s.link.secret;
    let opened = secret
        .open_submission(&s.recipient, &CONTEXT, (0, 1), &payload)
        .unwrap();
    let spoken = Spoken::decode(&opened).unwrap();
    let form = troth_forms::Questionnaire::parse(FORM).unwrap().0;
    let consents = Consent::of(&form, &agreeing());
    let stands: Vec<_> = consents
        .iter()
        .map(|c| (&*c.name, c.given, &*c.version))
        .collect();
    assert_eq!(
        stands,
        [("service", true, "urn:x|2"), ("sensitive", false, "urn:x|2")]
    );
    let place = Place {
        context: CONTEXT,
        kind: body.kind,
        sequence: 1,
        at_ms: 7,
    };
    let signature = spoken.consents.unwrap();
    let client = mine.signing.verifying_key();
    let holds = |place: &Place, consents: &[Consent]| verify_consents(&client, place, consents, &signature);
    assert_eq!(holds(&place, &consents), Ok(()));
    // Every part of it is signed: what it is, whether, in which words, which language, which version; where and when.
    let changes: [fn(&mut Consent); 5] = [
        |c| c.name.push('x'),
        |c| c.given = !c.given,
        |c| c.language = "zh".into(),
        |c| c.version.push('0'),
        |c| {
            c.text = "Something else.".into();
            c.text_sha256 = Hash::of(&[b"Something else."]).to_string();
        },
    ];
    for change in changes {
        let mut other = consents.clone();
        change(&mut other[0]);
        assert_eq!(holds(&place, &other), Err(Rule::BadSignature));
    }
    let mut reworded = consents.clone();
    reworded[0].text = "Something else.".into();
    assert_eq!(holds(&place, &reworded), Err(Rule::PayloadMismatch));
    assert_eq!(
        holds(&place, &consents[..1]),
        Err(Rule::BadSignature),
        "one is left out"
    );
    let elsewhere = IntakeContext {
        invite: InviteId([9; 16]),
        ..CONTEXT
    };
    for other in [
        Place { sequence: 2, ..place },
        Place { at_ms: 8, ..place },
        Place {
            context: elsewhere,
            ..place
        },
        Place {
            kind: SubmissionKind::Withdraw,
            ..place
        },
    ] {
        assert_eq!(holds(&other, &consents), Err(Rule::BadSignature));
    }
}

#[test]
fn what_is_withdrawn_is_what_the_form_asked_for() {
    let form = troth_forms::Questionnaire::parse(FORM).unwrap().0;
    let of = |names: &[&str]| {
        let consents = names.iter().map(|name| (*name).to_owned()).collect();
        let all = Consent::of(&form, &Said::Withdraw { consents });
        assert!(all.iter().all(|c| !c.given));
        all.into_iter().map(|c| c.name).collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["service", "sensitive"]);
    assert_eq!(of(&["sensitive", "\u{1b}[2J"]), ["sensitive"]);
    assert!(of(&["everything"]).is_empty());
    // Nothing follows from answers that do not hold, nor is anything signed for them.
    assert!(Consent::of(&form, &answers()).is_empty());
}

#[test]
fn one_function_says_what_goes_through_a_link_for_the_page_and_the_command_alike() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    for program in [
        "web-client/core/src/page.rs",
        "cli-client/src/commands/intake/client.rs",
    ] {
        let source = read(program);
        for shared in ["Visit::open(", ".say(", ".keep_draft(", ".unlock("] {
            assert!(source.contains(shared), "{program} does not use Visit{shared}");
        }
        // Neither seals or signs anything by itself.
        for own in [
            "seal_submission",
            "seal_draft",
            "Spoken",
            "Submission {",
            "Submit {",
            "KeepDraft {",
            "Unlock {",
        ] {
            assert!(!source.contains(own), "{program} makes its own {own}");
        }
    }
}

#[test]
fn by_their_length_nobody_tells_which_shipped_form_it_is_nor_how_much_was_answered() {
    let mut lengths = std::collections::BTreeSet::new();
    for (name, json) in troth_forms::shipped::SHIPPED {
        let form = troth_forms::Questionnaire::parse(json)
            .unwrap()
            .0
            .to_json()
            .to_string();
        let s = scene_with(form.as_bytes());
        assert!(Visit::open(&s.link, s.linked.clone()).is_ok(), "{name}");
        lengths.insert(s.linked.form.len());
    }
    assert_eq!(lengths.len(), 1, "{lengths:?}");
    let s = scene_with(FORM);
    let visit = Visit::open(&s.link, s.linked.clone()).unwrap();
    let mine = keys(&s.link, "194823");
    let words = |count| Said::Answers {
        response: "so it was ".repeat(count).into_bytes().into(),
        language: "en".into(),
    };
    let said = [agreeing(), words(1), words(500), Said::Copy];
    let lengths = said.map(|said| {
        sent(visit.say(&mut rng(), 7, &mine, &said).unwrap().message)
            .1
            .len()
    });
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}
