//! Commits: whole, fenced, or not at all.

use super::scene::{Scene, next, practice};
use crate::store::{PracticeBatch, Snapshot, Store, StoreError};

fn everything(store: &dyn Store, batch: &PracticeBatch) {
    let id = &batch.practice;
    assert_eq!(store.head(id).unwrap(), Some(batch.head));
    assert_eq!(
        store.entries(id, batch.expect, u64::MAX, usize::MAX).unwrap(),
        batch.entries
    );
    for tile in &batch.tiles {
        assert_eq!(
            store.tile(id, tile.level, tile.index).unwrap().as_ref(),
            Some(&tile.hashes)
        );
    }
}

pub fn a_batch_is_there_as_a_whole(scene: &mut Scene<'_>) {
    let store = scene.open();
    assert_eq!(store.practices().unwrap(), []);
    assert_eq!(store.head(&practice(1)).unwrap(), None);
    let batch = [next(&practice(1), 0, 700), next(&practice(2), 0, 3)];
    store.commit(&batch).unwrap();
    batch.iter().for_each(|part| everything(&*store, part));
    assert_eq!(batch[0].tiles.len(), 2);
    assert_eq!(store.tile(&practice(1), 0, 2).unwrap(), None);
    assert_eq!(store.tile(&practice(1), 1, 0).unwrap(), None);
    let mut practices = store.practices().unwrap();
    practices.sort_by_key(|(id, _)| *id);
    assert_eq!(practices, batch.map(|part| (part.practice, part.head)));
}

pub fn a_refused_batch_leaves_nothing(scene: &mut Scene<'_>) {
    let store = scene.open();
    let first = next(&practice(1), 0, 10);
    store.commit(std::slice::from_ref(&first)).unwrap();

    // The second practice of the batch is stale: nothing of the first may stay, however much of it was
    // written already.
    let mut healthy = next(&practice(2), 0, 600);
    healthy.snapshot = Some(Snapshot {
        size: 600,
        state: vec![1],
    });
    let mut erasing = next(&practice(1), 10, 1);
    erasing.erase = vec![3];
    for stale in [
        next(&practice(1), 9, 5),
        next(&practice(1), 0, 1),
        next(&practice(1), 12, 1),
    ] {
        let refused = store.commit(&[healthy.clone(), erasing.clone(), stale.clone()]);
        let after = erasing.head.size;
        assert!(
            matches!(refused, Err(StoreError::Conflict { expected, found, .. }) if (expected, found) == (stale.expect, after)),
            "{refused:?}"
        );
        assert_eq!(store.head(&practice(2)).unwrap(), None);
        assert_eq!(store.tile(&practice(2), 0, 0).unwrap(), None);
        assert_eq!(store.snapshot(&practice(2)).unwrap(), None);
        assert_eq!(
            store
                .find_statement(&practice(2), &healthy.entries[0].statement)
                .unwrap(),
            None
        );
        assert_eq!(store.entries(&practice(2), 0, u64::MAX, usize::MAX).unwrap(), []);
        everything(&*store, &first);
    }
    // A practice that is not there has no entries, and is not created in the middle.
    let refused = store.commit(&[next(&practice(3), 5, 1)]);
    assert!(
        matches!(
            refused,
            Err(StoreError::Conflict {
                expected: 5,
                found: 0,
                ..
            })
        ),
        "{refused:?}"
    );
    store.commit(&[healthy.clone(), erasing]).unwrap();
    everything(&*store, &healthy);
}

pub fn a_batch_that_contradicts_itself_is_refused(scene: &mut Scene<'_>) {
    let store = scene.open();
    let spoil: [fn(&mut PracticeBatch); 9] = [
        |batch| batch.head.size += 1,
        |batch| batch.entries[1].position += 1,
        |batch| batch.entries.swap(0, 1),
        |batch| batch.entries.clear(),
        |batch| batch.tiles[0].hashes.truncate(32),
        |batch| batch.tiles[0].index = u64::MAX,
        |batch| batch.erase = vec![256],
        |batch| {
            batch.snapshot = Some(Snapshot {
                size: 257,
                state: Vec::new(),
            })
        },
        |batch| {
            batch.entries.clear();
            batch.head.size = 0;
        },
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut batch = next(&practice(1), 0, 256);
        spoil(&mut batch);
        let refused = store.commit(&[next(&practice(2), 0, 1), batch]);
        assert!(
            matches!(refused, Err(StoreError::Misuse(_))),
            "number {number}: {refused:?}"
        );
        assert_eq!(store.practices().unwrap(), [], "number {number}");
    }
}

pub fn a_practice_may_be_continued_within_a_batch(scene: &mut Scene<'_>) {
    let store = scene.open();
    let mut parts = [
        next(&practice(1), 0, 2),
        next(&practice(1), 2, 300),
        next(&practice(1), 302, 1),
    ];
    parts[0].snapshot = Some(Snapshot {
        size: 2,
        state: vec![1; 40_000],
    });
    parts[1].snapshot = Some(Snapshot {
        size: 300,
        state: vec![2; 20_000],
    });
    parts[2].erase = vec![0, 302];
    store.commit(&parts).unwrap();
    assert_eq!(store.head(&practice(1)).unwrap(), Some(parts[2].head));
    assert_eq!(store.snapshot(&practice(1)).unwrap(), parts[1].snapshot);
    let payloads: Vec<_> = store
        .entries_at(&practice(1), &[0, 1, 302], usize::MAX)
        .unwrap()
        .iter()
        .map(|entry| entry.payload.is_some())
        .collect();
    assert_eq!(payloads, [false, true, false]);
    // A batch without entries is fenced like any other.
    let mut only_erasing = next(&practice(1), 303, 0);
    only_erasing.erase = vec![1];
    store.commit(std::slice::from_ref(&only_erasing)).unwrap();
    only_erasing.expect = 302;
    only_erasing.head.size = 302;
    assert!(matches!(
        store.commit(&[only_erasing]),
        Err(StoreError::Conflict { .. })
    ));
    assert_eq!(store.entries_at(&practice(1), &[1], 1).unwrap()[0].payload, None);
}

pub fn of_two_rivals_one_wins(scene: &mut Scene<'_>) {
    let store = scene.open();
    let won: u64 = std::thread::scope(|scope| {
        let rivals: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let commits = (0..20).map(|size| match store.commit(&[next(&practice(1), size, 1)]) {
                        Ok(()) => 1,
                        Err(StoreError::Conflict { .. }) => 0,
                        Err(error) => panic!("{error}"),
                    });
                    commits.sum::<u64>()
                })
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).sum()
    });
    let size = store.head(&practice(1)).unwrap().unwrap().size;
    assert_eq!(won, size, "each position was won once");
    assert_eq!(
        store.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap(),
        next(&practice(1), 0, size).entries
    );
}
