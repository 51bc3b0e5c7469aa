//! Reads: ordered, bounded, of one time.

use std::sync::atomic::{AtomicBool, Ordering};

use troth_protocol::ids::{Hash, PracticeId};

use super::scene::{Scene, bytes_of, entry, next, practice};
use crate::store::{Snapshot, StreamKey};

pub fn practices_share_nothing(scene: &mut Scene<'_>) {
    let store = scene.open();
    let ids: Vec<PracticeId> = (0..300_u16)
        .map(|number| PracticeId(Hash::of(&[&number.to_be_bytes()]).0))
        .collect();
    let batch: Vec<_> = ids.iter().map(|id| next(id, 0, 3)).collect();
    store.commit(&batch).unwrap();
    store
        .commit(&ids[..150].iter().map(|id| next(id, 3, 2)).collect::<Vec<_>>())
        .unwrap();
    assert_eq!(store.practices().unwrap().len(), 300);
    for (number, id) in ids.iter().enumerate() {
        let size = if number < 150 { 5 } else { 3 };
        assert_eq!(store.head(id).unwrap(), Some(next(id, 0, size).head));
        assert_eq!(
            store.entries(id, 0, u64::MAX, usize::MAX).unwrap(),
            next(id, 0, size).entries
        );
        assert_eq!(
            store
                .find_statement(id, &batch[(number + 1) % 300].entries[0].statement)
                .unwrap(),
            None
        );
    }
}

pub fn entries_come_in_order_and_within_bounds(scene: &mut Scene<'_>) {
    let store = scene.open();
    let id = practice(1);
    let all = next(&id, 0, 100);
    // Rows of another practice lie between.
    for size in 0..10 {
        let (mut one, two) = (next(&id, size * 10, 10), next(&practice(2), size, 1));
        one.tiles.clear();
        store.commit(&[one, two]).unwrap();
    }
    assert_eq!(
        store.entries(&id, 20, 30, usize::MAX).unwrap(),
        all.entries[20..30]
    );
    // An entry is 500 bytes here.
    assert_eq!(store.entries(&id, 20, 30, 1500).unwrap(), all.entries[20..23]);
    assert_eq!(store.entries(&id, 20, 30, 1499).unwrap(), all.entries[20..22]);
    assert_eq!(
        store.entries(&id, 20, 30, 0).unwrap(),
        all.entries[20..21],
        "one at least"
    );
    assert_eq!(
        store.entries(&id, 98, u64::MAX, usize::MAX).unwrap(),
        all.entries[98..]
    );
    for (from, to) in [
        (100, 200),
        (30, 30),
        (30, 20),
        (u64::MAX, u64::MAX),
        (u64::MAX - 1, u64::MAX),
    ] {
        assert_eq!(
            store.entries(&id, from, to, usize::MAX).unwrap(),
            [],
            "{from}..{to}"
        );
    }
    let some = [99, 3, 100, 3, u64::MAX, 0];
    let some = store.entries_at(&id, &some, usize::MAX).unwrap();
    assert_eq!(
        some,
        [99, 3, 3, 0].map(|position: usize| all.entries[position].clone())
    );
    for (max_bytes, count) in [(0, 1), (500, 1), (999, 1), (1000, 2), (1500, 3), (usize::MAX, 3)] {
        let some = store.entries_at(&id, &[100, 7, 200, 50, 9], max_bytes).unwrap();
        let expected = [7, 50, 9].map(|position: usize| all.entries[position].clone());
        assert_eq!(some, expected[..count], "{max_bytes}, and one at least");
    }
    assert_eq!(store.entries_at(&id, &[], usize::MAX).unwrap(), []);
    assert_eq!(store.entries_at(&practice(9), &[0], usize::MAX).unwrap(), []);
    assert_eq!(store.tile(&id, 255, u64::MAX).unwrap(), None);
}

pub fn a_stream_is_read_page_by_page(scene: &mut Scene<'_>) {
    let store = scene.open();
    let id = practice(1);
    store
        .commit(&[next(&id, 0, 100), next(&practice(2), 0, 50)])
        .unwrap();
    let stream = entry(&id, 1, 0).stream;
    let expected: Vec<u64> = (0..100).filter(|position| position % 3 == 1).collect();
    assert_eq!(
        store.stream(&id, &stream, 0, u64::MAX, usize::MAX).unwrap(),
        expected
    );
    let (mut paged, mut from) = (Vec::new(), 0);
    loop {
        let page = store.stream(&id, &stream, from, 100, 10).unwrap();
        assert!(page.len() <= 10);
        let Some(last) = page.last() else { break };
        from = last + 1;
        paged.extend(page);
    }
    assert_eq!(paged, expected);
    assert_eq!(
        store.stream(&id, &stream, 4, 10, 9).unwrap(),
        [4, 7],
        "the end is not included"
    );
    assert_eq!(store.stream(&id, &stream, 10, 4, 9).unwrap(), []);
    assert_eq!(store.stream(&id, &stream, 0, 100, 0).unwrap(), []);
    assert_eq!(
        store.stream(&id, &StreamKey([255; 17]), 0, u64::MAX, 9).unwrap(),
        []
    );
    assert_eq!(store.stream(&practice(3), &stream, 0, u64::MAX, 9).unwrap(), []);
}

pub fn a_statement_is_found_among_look_alikes(scene: &mut Scene<'_>) {
    let store = scene.open();
    let id = practice(1);
    let (mut one, mut other) = (next(&id, 0, 60), next(&practice(2), 0, 1));
    // As many as like agree in the first bytes, and one starts with the highest bit set.
    for entry in &mut one.entries[..50] {
        entry.statement.0[..31].fill(7);
        entry.statement.0[31] = entry.position as u8;
    }
    one.entries[50].statement = Hash([255; 32]);
    one.entries[52].statement = one.entries[51].statement;
    other.entries[0].statement = one.entries[9].statement;
    store.commit(&[other, one.clone()]).unwrap();
    for entry in &one.entries {
        let expected = if entry.position == 52 { 51 } else { entry.position };
        assert_eq!(
            store.find_statement(&id, &entry.statement).unwrap(),
            Some(expected)
        );
    }
    assert_eq!(
        store
            .find_statement(&practice(2), &one.entries[9].statement)
            .unwrap(),
        Some(0)
    );
    let mut stranger = one.entries[9].statement;
    stranger.0[31] = 200;
    assert_eq!(store.find_statement(&id, &stranger).unwrap(), None);
    assert_eq!(
        store.entries(&id, 0, 60, usize::MAX).unwrap(),
        one.entries,
        "hashes come back whole"
    );
}

pub fn large_values_come_back_whole(scene: &mut Scene<'_>) {
    let id = practice(1);
    // Around the lengths at which an engine may split, and far above.
    let lengths = [0, 1, 4091, 4092, 4093, 8188, 8189, 64 << 10, 100_000, 1 << 20];
    let mut batch = next(&id, 0, lengths.len() as u64);
    for (entry, length) in batch.entries.iter_mut().zip(lengths) {
        entry.payload = Some(bytes_of(&format!("large {length}"), length));
        entry.leaf = bytes_of(&format!("leaf {length}"), length.min(70_000));
    }
    let store = scene.open();
    store.commit(std::slice::from_ref(&batch)).unwrap();
    assert_eq!(store.entries(&id, 0, 99, usize::MAX).unwrap(), batch.entries);
    let mut erasing = next(&id, lengths.len() as u64, 0);
    erasing.erase = vec![8];
    store.commit(&[erasing]).unwrap();
    drop(store);
    batch.entries[8].payload = None;
    assert_eq!(
        scene.open().entries(&id, 0, 99, usize::MAX).unwrap(),
        batch.entries
    );
}

pub fn the_newest_snapshot_counts(scene: &mut Scene<'_>) {
    let store = scene.open();
    let id = practice(1);
    assert_eq!(store.snapshot(&id).unwrap(), None);
    for (round, length) in [100, 90_000, 0, 200_000, 16_384].into_iter().enumerate() {
        let mut batch = next(&id, round as u64, 1);
        let snapshot = Snapshot {
            size: round as u64,
            state: bytes_of(&format!("state {round}"), length),
        };
        batch.snapshot = Some(snapshot.clone());
        store.commit(&[batch]).unwrap();
        assert_eq!(store.snapshot(&id).unwrap(), Some(snapshot));
    }
    store.commit(&[next(&id, 5, 1)]).unwrap();
    assert_eq!(
        store.snapshot(&id).unwrap().unwrap().size,
        4,
        "a commit without one keeps the last"
    );
}

pub fn readers_see_whole_commits(scene: &mut Scene<'_>) {
    let store = scene.open();
    let (id, done) = (practice(1), AtomicBool::new(false));
    store.commit(&[next(&id, 0, 7)]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let head = store.head(&id).unwrap().unwrap();
                    assert_eq!(head.size % 7, 0);
                    assert_eq!(head, next(&id, 0, head.size).head);
                    let seen = store
                        .stream(&id, &entry(&id, 0, 0).stream, 0, u64::MAX, usize::MAX)
                        .unwrap();
                    assert!(seen.len() as u64 >= head.size.div_ceil(3));
                    assert_eq!(store.entries(&id, 0, u64::MAX, usize::MAX).unwrap().len() % 7, 0);
                }
            });
        }
        for round in 1..30 {
            store.commit(&[next(&id, round * 7, 7)]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}
