//! Should the engine fail on what the rules let through, the culprit is found and the rest stays.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

static RELEASED: AtomicBool = AtomicBool::new(false);

fn poisonous(changes: &[Change]) -> bool {
    changes
        .iter()
        .any(|change| change.raw_bytes().windows(6).any(|w| w == b"poison"))
}

fn panics(doc: &mut AutoCommit, changes: Vec<Change>) -> Result<(), AutomergeError> {
    assert!(!poisonous(&changes), "as the engine does on crafted changes");
    doc.apply_changes(changes)
}

fn errs(doc: &mut AutoCommit, changes: Vec<Change>) -> Result<(), AutomergeError> {
    if poisonous(&changes) {
        Err(AutomergeError::Fail)
    } else {
        doc.apply_changes(changes)
    }
}

fn hangs(doc: &mut AutoCommit, changes: Vec<Change>) -> Result<(), AutomergeError> {
    while poisonous(&changes) && !RELEASED.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(1));
    }
    doc.apply_changes(changes)
}

/// Changes 0..6 by two authors who know nothing of each other; 2 is Mallory's second and fails, 3 follows it.
fn batch() -> Vec<Incoming> {
    let (honest, mallory) = ([1; 16], [66; 16]);
    let mut a = LaneDocument::new(honest).unwrap();
    let mut b = LaneDocument::new(mallory).unwrap();
    let set = |doc: &mut LaneDocument, actor, value: &str| {
        let key = format!("key-{value}");
        Incoming {
            change: doc.set_field(&key, value).unwrap(),
            actor,
        }
    };
    vec![
        set(&mut a, honest, "one"),
        set(&mut b, mallory, "fine"),
        set(&mut b, mallory, "poison"),
        set(&mut b, mallory, "after"),
        set(&mut a, honest, "two"),
        set(&mut a, honest, "three"),
    ]
}

fn story(apply: fn(&mut AutoCommit, Vec<Change>) -> Result<(), AutomergeError>, step: Duration) -> Reason {
    let mut doc = LaneDocument::new([9; 16]).unwrap();
    doc.set_field("mine", "kept").unwrap();
    let mut applied = doc.apply_with(&batch(), Engine { apply, step }).unwrap();
    assert_eq!(applied.accepted, [0, 1, 4, 5]);
    assert_eq!(applied.waiting, [3], "what follows the culprit waits");
    assert_eq!(doc.fields().len(), 5);
    let mut again = LaneDocument::load(&doc.save(), [9; 16]).unwrap();
    assert_eq!(again.heads(), doc.heads());
    let culprit = applied.poisoned.pop().unwrap();
    assert_eq!((culprit.index, applied.poisoned.len()), (2, 0));
    culprit.reason
}

#[test]
fn a_panic_names_its_change() {
    assert_eq!(story(panics, limits::STEP), Reason::Panicked);
}

#[test]
fn an_error_names_its_change() {
    assert!(matches!(story(errs, limits::STEP), Reason::Refused(_)));
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_hang_names_its_change_and_the_caller_goes_on() {
    assert_eq!(story(hangs, Duration::from_millis(150)), Reason::Stalled);
    RELEASED.store(true, Ordering::Relaxed);
}

#[test]
fn an_engine_that_always_fails_leaves_the_document_as_it_was() {
    let mut doc = LaneDocument::new([9; 16]).unwrap();
    doc.set_field("mine", "kept").unwrap();
    let heads = doc.heads();
    let broken = Engine {
        apply: |_, _| Err(AutomergeError::Fail),
        step: limits::STEP,
    };
    let applied = doc.apply_with(&batch(), broken).unwrap();
    assert!(applied.accepted.is_empty());
    assert_eq!(doc.heads(), heads);
    assert_eq!(doc.field("mine").len(), 1);
}
