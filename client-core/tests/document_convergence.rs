//! Devices that edit at random, offline, and hear of each other in any order end with the same document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use troth_client_core::document::{Amendment, Incoming, LaneDocument, NewNote, Record, claimed_actor};

/// What one device does at one moment.
#[derive(Debug, Clone)]
enum Step {
    Field(usize, u8, u16),
    Remove(usize, u8),
    AddNote(usize, u16),
    EditNote(usize, u8, String, usize, usize),
    Amend(usize, u8),
    Record(usize, u16),
    /// The device hears of this many changes, in this order.
    Hear(usize, Vec<prop::sample::Index>),
}

fn step(devices: usize) -> impl Strategy<Value = Step> {
    let d = 0..devices;
    prop_oneof![
        4 => (d.clone(), 0..4u8, any::<u16>()).prop_map(|(d, k, v)| Step::Field(d, k, v)),
        1 => (d.clone(), 0..4u8).prop_map(|(d, k)| Step::Remove(d, k)),
        2 => (d.clone(), any::<u16>()).prop_map(|(d, n)| Step::AddNote(d, n)),
        4 => (d.clone(), any::<u8>(), "[a-z你好👩\u{200d}❤️ ]{0,12}", 0..30usize, 0..12usize)
            .prop_map(|(d, n, text, at, cut)| Step::EditNote(d, n, text, at, cut)),
        1 => (d.clone(), any::<u8>()).prop_map(|(d, n)| Step::Amend(d, n)),
        1 => (d.clone(), any::<u16>()).prop_map(|(d, n)| Step::Record(d, n)),
        3 => (d, prop::collection::vec(any::<prop::sample::Index>(), 0..12))
            .prop_map(|(d, order)| Step::Hear(d, order)),
    ]
}

fn actor(device: usize) -> [u8; 16] {
    [device as u8 + 1; 16]
}

fn id(n: u16) -> [u8; 16] {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&n.to_be_bytes());
    id
}

/// Carries a step out; gives the change, if one was made, and what must be found in every document
/// afterwards.
fn perform(doc: &mut LaneDocument, device: usize, step: &Step) -> (Vec<u8>, Option<String>) {
    let nth = |doc: &LaneDocument, n: u8| {
        let notes = doc.notes();
        (!notes.is_empty()).then(|| notes[usize::from(n) % notes.len()].clone())
    };
    match step {
        Step::Field(_, key, value) => (
            doc.set_field(&format!("k{key}"), &value.to_string()).unwrap(),
            None,
        ),
        Step::Remove(_, key) => (doc.remove_field(&format!("k{key}")).unwrap(), None),
        Step::AddNote(_, n) => {
            let author = format!("author-{device}-{n}");
            let note = NewNote {
                author: author.clone(),
                created_ms: 5,
                template: "dap".into(),
                text: "Once 上 a time".into(),
            };
            doc.add_note(id(*n), &note)
                .map_or_else(|_| (Vec::new(), None), |change| (change, Some(author)))
        }
        Step::EditNote(_, n, text, at, cut) => {
            let Some(note) = nth(doc, *n) else {
                return (Vec::new(), None);
            };
            let mut chars: Vec<char> = note.text.chars().collect();
            let from = (*at).min(chars.len());
            let to = (from + cut).min(chars.len());
            chars.splice(from..to, text.chars());
            let now: String = chars.into_iter().collect();
            let change = doc.edit_note(note.id, &now).unwrap();
            if note.copy == 0 {
                assert_eq!(doc.note(note.id).unwrap().text, now);
            }
            (change, None)
        }
        Step::Amend(_, n) => {
            let Some(note) = nth(doc, *n) else {
                return (Vec::new(), None);
            };
            let text = format!(
                "amended-{device}-{}",
                doc.heads().len() + doc.changes_since(&[]).len()
            );
            let amendment = Amendment {
                author: "aa".into(),
                created_ms: 1,
                text: text.clone(),
            };
            (doc.amend_note(note.id, &amendment).unwrap(), Some(text))
        }
        Step::Record(_, n) => {
            let body = format!("record-{device}-{n}");
            let record = Record {
                kind: "consent".into(),
                body: body.clone(),
            };
            doc.add_record(id(*n), &record)
                .map_or_else(|_| (Vec::new(), None), |change| (change, Some(body)))
        }
        Step::Hear(..) => (Vec::new(), None),
    }
}

fn hear(doc: &mut LaneDocument, waiting: &mut Vec<Incoming>, news: Vec<Incoming>) {
    waiting.extend(news);
    let given = std::mem::take(waiting);
    let applied = doc.apply(&given).unwrap();
    assert!(
        applied.poisoned.is_empty(),
        "an honest change was refused: {:?}",
        applied.poisoned
    );
    *waiting = applied.waiting.iter().map(|&i| given[i].clone()).collect();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replicas_converge_whatever_the_order_and_no_edit_is_lost(
        devices in 2..4usize,
        steps in prop::collection::vec(step(3), 1..40),
        last in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let mut docs: Vec<_> = (0..devices).map(|d| LaneDocument::new(actor(d)).unwrap()).collect();
        let mut waiting = vec![Vec::new(); devices];
        let mut sent: Vec<Incoming> = Vec::new();
        let mut kept = BTreeSet::new();
        for step in &steps {
            let device = match step {
                Step::Field(d, ..) | Step::Remove(d, _) | Step::AddNote(d, _) | Step::EditNote(d, ..)
                | Step::Amend(d, _) | Step::Record(d, _) | Step::Hear(d, _) => d % devices,
            };
            if let Step::Hear(_, order) = step && !sent.is_empty() {
                let news = order.iter().map(|i| i.get(&sent).clone()).collect();
                hear(&mut docs[device], &mut waiting[device], news);
            }
            let (change, trace) = perform(&mut docs[device], device, step);
            kept.extend(trace);
            if !change.is_empty() {
                prop_assert_eq!(claimed_actor(&change), Some(actor(device)));
                sent.push(Incoming { change, actor: actor(device) });
            }
        }
        for (device, doc) in docs.iter_mut().enumerate() {
            let mut all = sent.clone();
            for (i, index) in last.iter().enumerate().filter(|_| !sent.is_empty()) {
                let other = index.index(all.len());
                let here = i % all.len();
                all.swap(here, other);
            }
            if device % 2 == 1 {
                all.reverse();
            }
            hear(doc, &mut waiting[device], all);
            prop_assert!(waiting[device].is_empty());
        }
        let (heads, json) = (docs[0].heads(), docs[0].to_json());
        for doc in &mut docs {
            prop_assert_eq!(doc.heads(), heads.clone());
            prop_assert_eq!(doc.to_json(), json.clone());
            prop_assert_eq!(doc.changes_since(&[]).len(), sent.len());
        }
        let text = json.to_string();
        for trace in kept {
            prop_assert!(text.contains(&trace), "{} is lost", trace);
        }
        let mut again = LaneDocument::load(&docs[0].save(), actor(9)).unwrap();
        prop_assert_eq!(again.heads(), heads);
        let fresh = again.without_history(actor(10), |_| true).unwrap();
        prop_assert_eq!(fresh.notes().len(), again.notes().len());
    }
}
