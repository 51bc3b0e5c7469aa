//! Erasure: the payload goes, the leaf stays, and the disk forgets.

use std::collections::HashSet;

use super::scene::{Mark, Scene, bytes_of, marks, marks_in_files, next, practice};

pub fn erasing_drops_the_payload_and_keeps_the_leaf(scene: &mut Scene<'_>) {
    let id = practice(1);
    let mut batch = next(&id, 0, 5);
    batch.entries[1].payload = Some(Vec::new());
    batch.entries[2].payload = None;
    let store = scene.open();
    store.commit(std::slice::from_ref(&batch)).unwrap();
    assert_eq!(
        store.entries(&id, 0, 5, usize::MAX).unwrap(),
        batch.entries,
        "empty is not erased"
    );
    let mut erasing = next(&id, 5, 0);
    erasing.erase = vec![0, 1, 2, 0];
    store.commit(std::slice::from_ref(&erasing)).unwrap();
    store.commit(&[erasing]).unwrap();
    batch.entries[..2]
        .iter_mut()
        .for_each(|entry| entry.payload = None);
    assert_eq!(store.entries(&id, 0, 5, usize::MAX).unwrap(), batch.entries);
    drop(store);
    let store = scene.open();
    assert_eq!(store.entries(&id, 0, 5, usize::MAX).unwrap(), batch.entries);
    assert_eq!(
        store.find_statement(&id, &batch.entries[0].statement).unwrap(),
        Some(0)
    );
}

pub fn what_was_erased_is_gone_from_the_files(scene: &mut Scene<'_>) {
    const COUNT: u64 = 1200;
    let id = practice(1);
    let kept = |position: u64| position * 31 % 7 == 6;
    let mut batch = next(&id, 0, COUNT);
    // From a few bytes, many to a page, to many pages.
    for entry in &mut batch.entries {
        let length = [40, 300, 700, 1500, 5000, 12_000][entry.position as usize * 7 % 6];
        entry.payload = Some(bytes_of(&format!("secret {}", entry.position), length));
    }
    let marks_of = |wanted: bool| -> HashSet<Mark> {
        let entries = batch
            .entries
            .iter()
            .filter(|entry| kept(entry.position) == wanted);
        entries
            .filter_map(|entry| entry.payload.as_ref())
            .flat_map(|payload| marks(payload))
            .collect()
    };
    let (stays, goes) = (marks_of(true), marks_of(false));
    let store = scene.open();
    store.commit(std::slice::from_ref(&batch)).unwrap();
    // Erased bit by bit, so that pages are merged while some of what is on them still stands.
    for round in 0..6 {
        let mut erasing = next(&id, COUNT, 0);
        erasing.erase = (0..COUNT).filter(|position| position * 31 % 7 == round).collect();
        store.commit(&[erasing]).unwrap();
    }
    batch
        .entries
        .iter_mut()
        .filter(|entry| !kept(entry.position))
        .for_each(|entry| entry.payload = None);
    let before = store.disk_bytes().unwrap();
    store.reclaim().unwrap();
    let after = store.disk_bytes().unwrap();
    assert_eq!(store.entries(&id, 0, COUNT, usize::MAX).unwrap(), batch.entries);
    if scene.subject.forgets {
        assert!(after < before / 2, "{before} bytes before, {after} after");
        assert_eq!(
            marks_in_files(&scene.dir(), &goes).len(),
            0,
            "of {} marks of what was erased",
            goes.len()
        );
        let found = marks_in_files(&scene.dir(), &stays).len();
        assert!(
            found > stays.len() * 9 / 10,
            "the search finds {found} of {} that are there",
            stays.len()
        );
    }
    store.commit(&[next(&id, COUNT, 100)]).unwrap();
    drop(store);
    assert_eq!(
        scene.open().entries(&id, 0, COUNT, usize::MAX).unwrap(),
        batch.entries
    );
}
