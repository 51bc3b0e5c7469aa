//! A member's device that attacks the others through what it writes into a document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop"
)]

// Long because the forgers of hostile changes and the stories told with them share one scene.

use std::time::{Duration, Instant};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ObjType, ScalarValue};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use troth_client_core::document::{
    Applied, Incoming, LaneDocument, NewNote, Reason, Signature, claimed_actor,
};

const HONEST: [u8; 16] = [1; 16];
const MALLORY: [u8; 16] = [66; 16];
const READER: [u8; 16] = [9; 16];
const NOTE: [u8; 16] = [7; 16];

/// An honest document with some of everything, and Mallory's own honest edits on top of it, not yet
/// delivered.
fn scene() -> (LaneDocument, Vec<Vec<u8>>) {
    let mut doc = LaneDocument::new(HONEST).unwrap();
    doc.set_field("mood", "low").unwrap();
    doc.add_note(NOTE, &note("The couple met.")).unwrap();
    doc.edit_note(NOTE, "The couple met on time.").unwrap();
    doc.add_note([8; 16], &note("Signed.")).unwrap();
    let signature = Signature {
        signer: "aa".into(),
        signed_ms: 1,
        text: "Signed.".into(),
        document: None,
        proof: vec![1; 64],
    };
    doc.sign_note([8; 16], &signature).unwrap();
    let mut mallory = LaneDocument::new(MALLORY).unwrap();
    give(&mut mallory, HONEST, &doc.changes_since(&[]));
    let edits = vec![
        mallory.set_field("mood", "calm").unwrap(),
        mallory
            .add_note(
                [6; 16],
                &note("A note of mine, long enough to be deflated. ".repeat(12).as_str()),
            )
            .unwrap(),
        mallory.edit_note(NOTE, "The couple never met on time.").unwrap(),
        mallory.set_field("goal", "stay").unwrap(),
        mallory.remove_field("goal").unwrap(),
    ];
    (doc, edits)
}

fn note(text: &str) -> NewNote {
    NewNote {
        author: "aa".into(),
        created_ms: 1,
        template: String::new(),
        text: text.into(),
    }
}

fn give(doc: &mut LaneDocument, actor: [u8; 16], changes: &[Vec<u8>]) -> Applied {
    let incoming: Vec<_> = changes
        .iter()
        .map(|c| Incoming {
            change: c.clone(),
            actor,
        })
        .collect();
    doc.apply(&incoming).unwrap()
}

/// The document reads, takes edits, saves, and opens again as the same.
fn assert_usable(doc: &LaneDocument) {
    let mut doc = doc.clone();
    doc.set_field("after", "all").unwrap();
    doc.add_note([5; 16], &note("still here")).unwrap();
    doc.edit_note(NOTE, "Rewritten from start to end.").unwrap();
    let mut again = LaneDocument::load(&doc.save(), READER).unwrap();
    assert_eq!(again.heads(), doc.heads());
    assert_eq!(again.to_json(), doc.to_json());
    let mut fresh = LaneDocument::new(READER).unwrap();
    let all = doc.changes_since(&[]);
    let incoming: Vec<_> = all
        .iter()
        .map(|c| Incoming {
            change: c.clone(),
            actor: claimed_actor(c).unwrap(),
        })
        .collect();
    assert_eq!(
        fresh.apply(&incoming).unwrap().accepted.len(),
        all.len(),
        "what one accepts every other accepts"
    );
    assert_eq!(fresh.to_json(), doc.to_json());
}

/// Wraps content in a chunk whose checksum fits.
fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut head = vec![kind];
    let mut n = body.len();
    while n >= 0x80 {
        head.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    head.push(n as u8);
    let digest = Sha256::new().chain_update(&head).chain_update(body).finalize();
    [&[0x85, 0x6f, 0x4a, 0x83], &digest[..4], &head, body].concat()
}

fn body(chunk: &[u8]) -> &[u8] {
    let length = chunk[9..].iter().position(|b| b & 0x80 == 0).unwrap() + 1;
    &chunk[9 + length..]
}

fn expand(change: &[u8]) -> ExpandedChange {
    Change::try_from(change).unwrap().decode()
}

#[test]
fn the_bundle_that_loops_for_ever_is_refused_at_once() {
    let (mut doc, _) = scene();
    let bundle = include_bytes!("fixtures/automerge-0.12.0-bundle-hang.bin").to_vec();
    let start = Instant::now();
    let applied = give(&mut doc, MALLORY, std::slice::from_ref(&bundle));
    assert_eq!(applied.poisoned[0].reason, Reason::NotAChange);
    assert!(start.elapsed() < Duration::from_millis(500));
    assert!(
        LaneDocument::load(&bundle, READER).is_err(),
        "nor is it a saved document"
    );
    assert_usable(&doc);
}

#[test]
fn whole_documents_garbage_and_two_changes_in_one_are_refused() {
    let (mut doc, edits) = scene();
    let saved = doc.clone().save();
    let two = [edits[0].clone(), edits[1].clone()].concat();
    let mut damaged = edits[0].clone();
    *damaged.last_mut().unwrap() ^= 1;
    let applied = give(
        &mut doc,
        MALLORY,
        &[saved, two, damaged, Vec::new(), b"\x85oJ\x83".to_vec()],
    );
    let reasons: Vec<_> = applied.poisoned.iter().map(|p| &p.reason).collect();
    assert_eq!(
        reasons[..3],
        [&Reason::NotAChange, &Reason::NotCanonical, &Reason::Checksum]
    );
    assert_eq!(reasons.len(), 5);
}

#[test]
fn nobody_writes_in_anothers_name() {
    let (mut doc, edits) = scene();
    assert_eq!(
        give(&mut doc, READER, &edits[..1]).poisoned[0].reason,
        Reason::WrongActor
    );
}

#[test]
fn a_few_bytes_that_inflate_or_repeat_to_billions_are_refused_at_once() {
    let (mut doc, edits) = scene();
    let plain = Change::try_from(&edits[0][..]).unwrap().raw_bytes().to_vec();
    let start = Instant::now();
    // A run of one value 2^40 times over, in place of the action column's run of one.
    let body = body(&plain);
    let action = body
        .windows(2)
        .rposition(|w| w == [0x42, 0x02])
        .expect("an action column of two bytes");
    assert!(action > 0);
    let mut bombs = Vec::new();
    for at in 0..body.len() {
        let mut grown = body.to_vec();
        grown.splice(at..at + 1, [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
        bombs.push(chunk(1, &grown));
        // The same, with the column lengths mended as a careful attacker would.
        for length in 0..at {
            let mut mended = grown.clone();
            mended[length] = mended[length].wrapping_add(5);
            bombs.push(chunk(1, &mended));
        }
    }
    let count = bombs.len();
    let applied = give(&mut doc, MALLORY, &bombs);
    assert_eq!(
        applied.poisoned.len() + applied.waiting.len() + applied.accepted.len(),
        count
    );
    assert!(applied.accepted.len() < 10, "only those that grew a text");

    let zeros = vec![0u8; 64 * 1024 * 1024];
    let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflater, &zeros).unwrap();
    let small = deflater.finish().unwrap();
    assert!(small.len() < 100_000);
    assert_eq!(
        give(&mut doc, MALLORY, &[chunk(2, &small)]).poisoned[0].reason,
        Reason::TooLarge
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_usable(&doc);
}

#[test]
fn thousands_of_mutated_changes_with_repaired_checksums_break_nothing() {
    let seed = 20_260_801;
    let mut rng = StdRng::seed_from_u64(seed);
    let (doc, edits) = scene();
    let before = doc.to_json();
    let bodies: Vec<Vec<u8>> = edits
        .iter()
        .map(|c| body(Change::try_from(&c[..]).unwrap().raw_bytes()).to_vec())
        .collect();
    let mut counts = [0usize; 4];
    for round in 0..6_000 {
        let victim = rng.random_range(0..bodies.len());
        let mut changes: Vec<Vec<u8>> = edits[..victim].to_vec();
        let mut body = bodies[victim].clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..body.len());
            match rng.random_range(0..4) {
                0 => body[at] ^= 1 << rng.random_range(0..8),
                1 => body[at] = rng.random(),
                2 => drop(body.remove(at)),
                _ => body.insert(at, rng.random()),
            }
        }
        changes.push(chunk(1, &body));
        let mut target = doc.clone();
        let applied = give(&mut target, MALLORY, &changes);
        assert!(
            applied.accepted.len() >= victim,
            "the honest changes before it stay: round {round}"
        );
        let fate = if applied.poisoned.iter().any(|p| p.index == victim) {
            assert_eq!(applied.poisoned.len(), 1, "only the culprit is named");
            let reason = &applied.poisoned[0].reason;
            assert!(
                !matches!(reason, Reason::Panicked | Reason::Stalled),
                "it never reaches the engine: {reason}"
            );
            0
        } else if applied.waiting.contains(&victim) {
            1
        } else if applied.known.contains(&victim) {
            2
        } else {
            assert_usable(&target);
            3
        };
        counts[fate] += 1;
        if round % 200 == 0 {
            assert_usable(&target);
        }
    }
    assert_eq!(doc.to_json(), before);
    assert!(
        counts[0] > 4_000 && counts[3] > 0,
        "poisoned, waiting, known, accepted: {counts:?}"
    );
    println!("poisoned, waiting, known, accepted: {counts:?}");
}

/// What an attacker who knows the format does: well-formed, canonical changes that lie.
fn forge(rng: &mut StdRng, change: &mut ExpandedChange) {
    let actors = [HONEST, MALLORY, READER, *b"troth-genesis-v1"];
    let some_id = |rng: &mut StdRng| {
        let actor = ActorId::from(&actors[rng.random_range(0..actors.len())][..]);
        OpId::new(
            if rng.random_bool(0.9) {
                rng.random_range(0..90)
            } else {
                rng.random_range(0..1 << 33)
            },
            &actor,
        )
    };
    let count = change.operations.len();
    let op = &mut change.operations[rng.random_range(0..count)];
    match rng.random_range(0..14) {
        0 => op.obj = ObjectId::Root,
        1 => op.obj = ObjectId::Id(some_id(rng)),
        2 => op.key = Key::Seq(ElementId::Id(some_id(rng))),
        3 => op.key = Key::Map(["mood", "text", "", "signatures", "notes"][rng.random_range(0..5)].into()),
        4 => op.key = Key::Seq(ElementId::Head),
        5 => op.pred = vec![some_id(rng)].into(),
        6 => op.pred = vec![some_id(rng), some_id(rng)].into(),
        7 => op.pred = Vec::new().into(),
        8 => op.insert = !op.insert,
        9 => {
            op.action = match rng.random_range(0..7) {
                0 => OpType::Delete,
                1 => OpType::Make(ObjType::Map),
                2 => OpType::Make(ObjType::Text),
                3 => OpType::Make(ObjType::List),
                4 => OpType::Increment(i64::MAX),
                5 => OpType::MarkEnd(true),
                _ => OpType::Put(ScalarValue::counter(3)),
            }
        }
        10 => {
            let by = rng.random_range(1..1000);
            let start = if rng.random_bool(0.5) {
                change.start_op.get() + by
            } else {
                u64::from(u32::MAX) - by
            };
            change.start_op = start.try_into().unwrap();
        }
        11 => change.seq = [0, 1, change.seq + 1, u64::MAX][rng.random_range(0..4)],
        12 => drop(change.operations.remove(rng.random_range(0..count))),
        _ => {
            let other = change.operations[rng.random_range(0..count)].clone();
            change.operations.insert(rng.random_range(0..=count), other);
        }
    }
}

#[test]
fn thousands_of_well_formed_lies_break_nothing() {
    let seed = 7;
    let mut rng = StdRng::seed_from_u64(seed);
    let (doc, edits) = scene();
    let mut counts = [0usize; 3];
    for _ in 0..6_000 {
        let victim = rng.random_range(0..edits.len());
        let mut changes: Vec<Vec<u8>> = edits[..victim].to_vec();
        let mut lie = expand(&edits[victim]);
        for _ in 0..rng.random_range(1..3) {
            if !lie.operations.is_empty() {
                forge(&mut rng, &mut lie);
            }
        }
        let Ok(forged) = std::panic::catch_unwind(|| Change::from(lie).raw_bytes().to_vec()) else {
            continue;
        };
        changes.push(forged);
        let mut target = doc.clone();
        let applied = give(&mut target, MALLORY, &changes);
        assert!(applied.accepted.len() >= victim);
        let broke = |p: &troth_client_core::document::Poisoned| {
            matches!(p.reason, Reason::Panicked | Reason::Stalled)
        };
        assert!(
            !applied.poisoned.iter().any(broke),
            "the rules stop it before the engine: {applied:?}"
        );
        if applied.accepted.contains(&victim) {
            counts[1] += 1;
            assert_usable(&target);
        } else {
            counts[if applied.poisoned.is_empty() { 2 } else { 0 }] += 1;
        }
    }
    println!("poisoned, accepted, waiting: {counts:?}");
    assert!(counts[0] > 3_000 && counts[1] > 0);
    assert_usable(&doc);
}

#[test]
fn what_no_document_allows_is_refused_by_name() {
    let (doc, edits) = scene();
    let mut mallory = doc.clone();
    give(&mut mallory, MALLORY, &edits);
    let base = expand(&edits[0]);
    let with = |edit: &dyn Fn(&mut ExpandedChange)| {
        let mut change = base.clone();
        edit(&mut change);
        Change::from(change).raw_bytes().to_vec()
    };
    let lies = [
        (
            "replacing the notes",
            with(&|c| {
                c.operations[0].obj = ObjectId::Root;
                c.operations[0].key = Key::Map("notes".into());
                c.operations[0].pred = Vec::new().into();
            }),
        ),
        (
            "counting far ahead, so that the counters run out",
            with(&|c| c.start_op = 4_000_000_000u64.try_into().unwrap()),
        ),
        (
            "a counter among the fields",
            with(&|c| c.operations[0].action = OpType::Put(ScalarValue::counter(1))),
        ),
        (
            "a field without a name",
            with(&|c| c.operations[0].key = Key::Map("".into())),
        ),
        ("skipping a number", with(&|c| c.seq = 2)),
        ("starting from nothing", with(&|c| c.deps.clear())),
    ];
    for (what, lie) in lies {
        let mut target = doc.clone();
        let applied = give(&mut target, MALLORY, &[lie]);
        assert!(
            matches!(applied.poisoned[..], [ref p] if matches!(p.reason, Reason::Rule(_))),
            "{what}: {applied:?}"
        );
        assert_eq!(target.to_json(), doc.to_json(), "{what}");
    }
    let mut target = doc.clone();
    let fork = with(&|c| c.operations[0].action = OpType::Put("another".into()));
    let applied = give(&mut target, MALLORY, &[edits[0].clone(), fork]);
    assert_eq!(
        (applied.accepted, &applied.poisoned[0].reason),
        (vec![0], &Reason::Fork)
    );
}

#[test]
fn signatures_cannot_be_taken_away() {
    let (doc, edits) = scene();
    // The signature's place is found as an attacker would: from the honest change that made it.
    let signed = doc
        .clone()
        .changes_since(&[])
        .into_iter()
        .map(|c| expand(&c))
        .next_back()
        .unwrap();
    let entry = OpId::new(signed.start_op.get(), &ActorId::from(&HONEST[..]));
    let mut lie = expand(&edits[0]);
    let op = &mut lie.operations[0];
    op.obj = signed.operations[0].obj.clone();
    op.key = Key::Seq(ElementId::Id(entry.clone()));
    op.pred = vec![entry].into();
    for action in [OpType::Delete, OpType::Put("another".into())] {
        lie.operations[0].action = action;
        let mut target = doc.clone();
        let applied = give(
            &mut target,
            MALLORY,
            &[Change::from(lie.clone()).raw_bytes().to_vec()],
        );
        assert!(matches!(applied.poisoned[0].reason, Reason::Rule(_)));
        assert_eq!(target.note([8; 16]).unwrap().signatures.len(), 1);
    }
}

#[test]
fn changes_whose_predecessors_are_missing_wait_and_nothing_is_lost() {
    let (mut doc, edits) = scene();
    let late = give(&mut doc, MALLORY, &edits[2..]);
    assert_eq!(late.waiting, vec![0, 1, 2]);
    let backwards: Vec<_> = edits.iter().rev().cloned().collect();
    let applied = give(&mut doc, MALLORY, &backwards);
    assert_eq!(applied.accepted, vec![0, 1, 2, 3, 4]);
    let again = give(&mut doc, MALLORY, &edits);
    assert_eq!(again.known.len(), edits.len());

    // What follows a poisoned change waits; it is not blamed.
    let (mut doc, mut edits) = scene();
    let mut damaged = edits[1].clone();
    damaged[20] ^= 0xff;
    edits[1] = damaged;
    let applied = give(&mut doc, MALLORY, &edits);
    assert_eq!((applied.accepted, applied.waiting), (vec![0], vec![2, 3, 4]));
    assert_eq!(applied.poisoned.len(), 1);
    assert_usable(&doc);
}
