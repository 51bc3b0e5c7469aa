//! Two devices edit one document, mostly offline. What each keeps, sees and settles.

// Long because what two devices do to one document is compared side by side.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop"
)]

use troth_client_core::document::{
    Amendment, CaseHead, DocumentError, Incoming, LaneDocument, NewNote, Record, Signature, Standing, limits,
};

const LAPTOP: [u8; 16] = [1; 16];
const PHONE: [u8; 16] = [2; 16];
const NOTE: [u8; 16] = [7; 16];

fn deliver(to: &mut LaneDocument, from: [u8; 16], changes: &[Vec<u8>]) {
    let incoming: Vec<_> = changes
        .iter()
        .map(|c| Incoming {
            change: c.clone(),
            actor: from,
        })
        .collect();
    let applied = to.apply(&incoming).unwrap();
    assert_eq!(applied.accepted.len(), changes.len(), "{applied:?}");
}

fn values(doc: &LaneDocument, key: &str) -> Vec<String> {
    let mut values: Vec<_> = doc.field(key).into_iter().map(|v| v.value).collect();
    values.sort();
    values
}

fn draft(text: &str) -> NewNote {
    NewNote {
        author: "a1b2".into(),
        created_ms: 1_760_000_000_000,
        template: "soap".into(),
        text: text.into(),
    }
}

#[test]
fn a_field_set_on_two_devices_offline_shows_both_values_until_one_is_chosen() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let low = laptop.set_field("mood", "low").unwrap();
    let calm = phone.set_field("mood", "calm").unwrap();
    deliver(&mut phone, LAPTOP, &[low]);
    deliver(&mut laptop, PHONE, &[calm]);
    for doc in [&laptop, &phone] {
        assert_eq!(values(doc, "mood"), ["calm", "low"]);
        assert_eq!(doc.field("mood").iter().filter(|v| v.shown).count(), 1);
        assert!(doc.field("mood")[0].shown);
    }
    assert_eq!(
        laptop.field("mood"),
        phone.field("mood"),
        "both show the same one first, with who set it"
    );

    let chosen = phone.set_field("mood", "low").unwrap();
    assert!(!chosen.is_empty(), "choosing the shown value is a change too");
    deliver(&mut laptop, PHONE, &[chosen]);
    assert_eq!(values(&laptop, "mood"), ["low"]);
    assert_eq!(values(&phone, "mood"), ["low"]);
    assert_eq!(laptop.heads(), phone.heads());
    assert!(
        phone.set_field("mood", "low").unwrap().is_empty(),
        "nothing changed, so nothing to send"
    );
}

#[test]
fn a_field_removed_on_one_device_and_set_on_the_other_stays() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let first = laptop.set_field("phone", "1").unwrap();
    deliver(&mut phone, LAPTOP, &[first]);
    let removed = laptop.remove_field("phone").unwrap();
    let set = phone.set_field("phone", "2").unwrap();
    deliver(&mut phone, LAPTOP, &[removed]);
    deliver(&mut laptop, PHONE, &[set]);
    assert_eq!(values(&laptop, "phone"), ["2"]);
    assert_eq!(laptop.to_json(), phone.to_json());
    assert!(laptop.remove_field("nothing").unwrap().is_empty());
}

#[test]
fn prose_written_on_two_devices_merges() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let added = laptop
        .add_note(NOTE, &draft("The couple met.\nPlan: none.\n"))
        .unwrap();
    deliver(&mut phone, LAPTOP, &[added]);
    let a = laptop
        .edit_note(NOTE, "The couple met on time.\nPlan: none.\n")
        .unwrap();
    let b = phone
        .edit_note(NOTE, "The couple met.\nPlan: 每天交谈十分钟.\n")
        .unwrap();
    deliver(&mut phone, LAPTOP, &[a]);
    deliver(&mut laptop, PHONE, &[b]);
    assert_eq!(
        laptop.note(NOTE).unwrap().text,
        "The couple met on time.\nPlan: 每天交谈十分钟.\n"
    );
    assert_eq!(laptop.to_json(), phone.to_json());
    assert!(
        laptop
            .edit_note(NOTE, &laptop.note(NOTE).unwrap().text)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn notes_and_fields_first_made_on_two_devices_at_once_are_all_there() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let one = laptop.add_note([1; 16], &draft("one")).unwrap();
    let two = phone.add_note([2; 16], &draft("two")).unwrap();
    // The same identifier twice, as when one submission is accepted on both devices.
    let mine = laptop.add_note(NOTE, &draft("mine")).unwrap();
    let theirs = phone.add_note(NOTE, &draft("theirs")).unwrap();
    deliver(&mut phone, LAPTOP, &[one, mine]);
    deliver(&mut laptop, PHONE, &[two, theirs]);
    let mut texts: Vec<_> = laptop.notes().into_iter().map(|n| n.text).collect();
    texts.sort();
    assert_eq!(texts, ["mine", "one", "theirs", "two"]);
    assert_eq!(laptop.notes(), phone.notes());
    assert!(matches!(
        laptop.add_note(NOTE, &draft("")),
        Err(DocumentError::Exists(_))
    ));
}

#[test]
fn a_signed_note_stands_as_signed_and_a_late_edit_shows_as_one() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let added = laptop.add_note(NOTE, &draft("They agreed.")).unwrap();
    deliver(&mut phone, LAPTOP, &[added]);

    let view = laptop.note(NOTE).unwrap();
    let message = Signature::message(NOTE, &view.as_signed(&view.text), "a1b2", 5);
    assert_ne!(
        message,
        Signature::message(NOTE, &view.as_signed("They disagreed."), "a1b2", 5)
    );
    let signature = Signature {
        signer: "a1b2".into(),
        signed_ms: 5,
        text: view.text,
        document: None,
        proof: vec![9; 64],
    };
    let late = phone.edit_note(NOTE, "They never agreed.").unwrap();
    let signed = laptop.sign_note(NOTE, &signature).unwrap();
    assert!(matches!(
        laptop.edit_note(NOTE, "x"),
        Err(DocumentError::Signed(_))
    ));
    assert_eq!(laptop.note(NOTE).unwrap().standing(|_| true), Standing::Signed);
    assert_eq!(
        laptop.note(NOTE).unwrap().standing(|_| false),
        Standing::Draft,
        "a bad signature signs nothing"
    );

    deliver(&mut laptop, PHONE, &[late]);
    deliver(&mut phone, LAPTOP, &[signed]);
    let amended = phone
        .amend_note(
            NOTE,
            &Amendment {
                author: "a1b2".into(),
                created_ms: 9,
                text: "See the next note.".into(),
            },
        )
        .unwrap();
    deliver(&mut laptop, PHONE, &[amended]);
    let view = laptop.note(NOTE).unwrap();
    assert_eq!(
        view.standing(|_| true),
        Standing::SignedThenChanged(vec!["They agreed.".into()])
    );
    assert_eq!(view.text, "They never agreed.");
    assert_eq!(view.signatures[0].actor, LAPTOP);
    assert_eq!(view.amendments[0].item.text, "See the next note.");
    assert_eq!(laptop.to_json(), phone.to_json());
    assert!(matches!(
        phone.sign_note(NOTE, &signature),
        Err(DocumentError::ChangedBeforeSigning(_))
    ));
}

#[test]
fn two_signatures_under_different_texts_both_stand_and_never_merge() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let added = laptop.add_note(NOTE, &draft("Base.")).unwrap();
    deliver(&mut phone, LAPTOP, &[added]);
    let sign = |doc: &mut LaneDocument, text: &str, who: &str| {
        let edit = doc.edit_note(NOTE, text).unwrap();
        let signature = Signature {
            signer: who.into(),
            signed_ms: 5,
            text: text.into(),
            document: None,
            proof: vec![1],
        };
        [edit, doc.sign_note(NOTE, &signature).unwrap()]
    };
    let a = sign(&mut laptop, "Base. One.", "aa");
    let b = sign(&mut phone, "Two. Base.", "bb");
    deliver(&mut laptop, PHONE, &b);
    deliver(&mut phone, LAPTOP, &a);
    let Standing::SignedThenChanged(mut texts) = laptop.note(NOTE).unwrap().standing(|_| true) else {
        panic!("the merged text is what neither signed");
    };
    texts.sort();
    assert_eq!(texts, ["Base. One.", "Two. Base."]);
    assert_eq!(laptop.to_json(), phone.to_json());
}

#[test]
fn case_heads_names_and_records_are_kept() {
    let mut doc = LaneDocument::new(LAPTOP).unwrap();
    assert_eq!(doc.case(), None);
    let head = CaseHead {
        name: "Lin and Chen".into(),
        partner_a: "林小雨".into(),
        partner_b: "Chen Wei".into(),
        status: "open".into(),
        created_ms: 1_760_000_000_000,
    };
    assert!(!doc.set_case(&head).unwrap().is_empty());
    assert!(doc.set_case(&head).unwrap().is_empty());
    doc.set_case_status("closed").unwrap();
    assert_eq!(
        doc.case(),
        Some(CaseHead {
            status: "closed".into(),
            ..head
        })
    );
    doc.set_name("00ff", "Dr. Gao").unwrap();
    doc.set_device_name("aa", "Laptop").unwrap();
    assert_eq!(doc.name("00ff").as_deref(), Some("Dr. Gao"));
    assert_eq!(doc.device_names().get("aa").map(String::as_str), Some("Laptop"));
    assert!(doc.set_name("not hex", "x").is_err());
    let record = Record {
        kind: "consent".into(),
        body: r#"{"version":1}"#.into(),
    };
    doc.add_record([3; 16], &record).unwrap();
    assert_eq!(doc.records(Some("consent")), vec![([3; 16], record)]);
    assert_eq!(doc.records(Some("attachment")), vec![]);
}

#[test]
fn what_is_too_long_is_refused_whole_and_the_longest_travels() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let before = laptop.heads();
    assert!(
        laptop
            .set_field(&"名".repeat(limits::FIELD_KEY + 1), "v")
            .is_err()
    );
    assert!(laptop.set_field("", "v").is_err());
    assert!(
        laptop
            .set_field("k", &"v".repeat(limits::FIELD_VALUE + 1))
            .is_err()
    );
    assert!(
        laptop
            .add_note(NOTE, &draft(&"t".repeat(limits::NOTE_TEXT + 1)))
            .is_err()
    );
    assert_eq!(laptop.heads(), before, "nothing was done");

    let mixed = "a会".repeat(limits::NOTE_TEXT / 4);
    let longest = [
        laptop
            .set_field(&"名".repeat(limits::FIELD_KEY), &"v".repeat(limits::FIELD_VALUE))
            .unwrap(),
        laptop
            .add_note(NOTE, &draft(&"t".repeat(limits::NOTE_TEXT)))
            .unwrap(),
        laptop.edit_note(NOTE, &"u".repeat(limits::NOTE_TEXT)).unwrap(),
        laptop.edit_note(NOTE, &mixed).unwrap(),
        laptop
            .sign_note(
                NOTE,
                &Signature {
                    signer: "a".into(),
                    signed_ms: 0,
                    text: mixed,
                    document: None,
                    proof: vec![0; limits::PROOF],
                },
            )
            .unwrap(),
    ];
    deliver(&mut phone, LAPTOP, &longest);
    assert_eq!(laptop.to_json(), phone.to_json());
}

#[test]
fn a_saved_document_opens_again_and_goes_on() {
    let mut doc = LaneDocument::new(LAPTOP).unwrap();
    doc.set_field("mood", "low").unwrap();
    doc.add_note(NOTE, &draft("Text.")).unwrap();
    let heads = doc.heads();
    let mut again = LaneDocument::load(&doc.save(), LAPTOP).unwrap();
    assert_eq!(again.heads(), heads);
    assert_eq!(again.to_json(), doc.to_json());
    let next = again.set_field("mood", "better").unwrap();
    assert_eq!(again.changes_since(&heads), vec![next.clone()]);
    deliver(&mut doc, LAPTOP, &[next]);
    assert_eq!(doc.heads(), again.heads());
    assert!(LaneDocument::load(b"not a document", LAPTOP).is_err());
    assert!(
        LaneDocument::load(&automerge::AutoCommit::new().save(), LAPTOP).is_err(),
        "not one of ours"
    );
}

#[test]
fn without_history_keeps_all_that_is_visible_and_nothing_else() {
    let (mut laptop, mut phone) = (
        LaneDocument::new(LAPTOP).unwrap(),
        LaneDocument::new(PHONE).unwrap(),
    );
    let low = laptop.set_field("mood", "low").unwrap();
    let calm = phone.set_field("mood", "calm").unwrap();
    deliver(&mut laptop, PHONE, &[calm]);
    deliver(&mut phone, LAPTOP, &[low]);
    laptop.set_field("secret", "an affair").unwrap();
    laptop.set_field("secret", "none").unwrap();
    laptop.add_note(NOTE, &draft("Signed.")).unwrap();
    let signature = Signature {
        signer: "a1b2".into(),
        signed_ms: 5,
        text: "Signed.".into(),
        document: None,
        proof: vec![9; 64],
    };
    laptop.sign_note(NOTE, &signature).unwrap();
    laptop.set_name("00ff", "Dr. Gao").unwrap();
    laptop
        .add_record(
            [3; 16],
            &Record {
                kind: "consent".into(),
                body: "{}".into(),
            },
        )
        .unwrap();

    let mut new = laptop.without_history([8; 16], |_| true).unwrap();
    let mut kept = [values(&new, "mood"), values(&new, "mood (2)")].concat();
    kept.sort();
    assert_eq!(kept, ["calm", "low"]);
    assert_eq!(new.note(NOTE).unwrap().standing(|_| true), Standing::Signed);
    assert_eq!(new.name("00ff"), laptop.name("00ff"));
    assert_eq!(new.records(None), laptop.records(None));
    let changes = new.changes_since(&[]);
    let mut reader = LaneDocument::new([9; 16]).unwrap();
    deliver(&mut reader, [8; 16], &changes);
    assert_eq!(reader.to_json(), new.to_json());
    let mut plain = automerge::AutoCommit::load(&reader.save()).unwrap();
    let bytes = plain.save_nocompress();
    assert!(
        !bytes.windows(9).any(|w| w == b"an affair"),
        "the earlier value is gone"
    );
    let mut old = automerge::AutoCommit::load(&laptop.save()).unwrap();
    assert!(
        old.save_nocompress().windows(9).any(|w| w == b"an affair"),
        "the search would have found it"
    );
}
