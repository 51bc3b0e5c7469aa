//! Data directories: made, found again, refused.

use std::fs;

use super::scene::{Scene, next, practice};
use crate::store::{Snapshot, StoreError};

pub fn reopening_keeps_everything(scene: &mut Scene<'_>) {
    let mut expect = Vec::new();
    for (round, count) in [1, 300, 77].into_iter().enumerate() {
        let store = scene.open();
        let size = store.head(&practice(1)).unwrap().map_or(0, |head| head.size);
        assert_eq!(size, expect.len() as u64, "round {round}");
        let mut batch = next(&practice(1), size, count);
        batch.snapshot = Some(Snapshot {
            size: batch.head.size,
            state: vec![round as u8; 50_000],
        });
        store.commit(std::slice::from_ref(&batch)).unwrap();
        expect.extend(batch.entries);
    }
    let store = scene.open();
    assert_eq!(
        store.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap(),
        expect
    );
    assert_eq!(
        store.snapshot(&practice(1)).unwrap(),
        Some(Snapshot {
            size: 378,
            state: vec![2; 50_000]
        })
    );
    assert_eq!(
        store.tile(&practice(1), 0, 0).unwrap().unwrap(),
        next(&practice(1), 0, 256).tiles[0].hashes
    );
    for (position, entry) in expect.iter().enumerate() {
        assert_eq!(
            store.find_statement(&practice(1), &entry.statement).unwrap(),
            Some(position as u64)
        );
    }
}

pub fn a_second_opener_is_refused(scene: &mut Scene<'_>) {
    let first = scene.open();
    let refused = scene.try_open().err();
    assert!(
        matches!(&refused, Some(StoreError::InUse(dir)) if *dir == scene.dir()),
        "{refused:?}"
    );
    first.commit(&[next(&practice(1), 0, 1)]).unwrap();
    drop(first);
    assert_eq!(scene.open().practices().unwrap().len(), 1);
}

pub fn what_a_kill_during_creation_left_opens(scene: &mut Scene<'_>) {
    let leftovers: [&[(&str, &[u8])]; 5] = [
        &[],
        &[("lock", b"")],
        &[("lock", b""), ("store.new/format", b"")],
        &[
            ("lock", b""),
            ("store.new/format", b"troth-store 1 sql"),
            ("store.new/troth.db", b"half a header"),
        ],
        &[
            ("lock", b""),
            ("store.new/sled/db", b"junk"),
            ("store.new/sled/conf", b""),
            ("store.new/sled/blobs/1", b""),
        ],
    ];
    for (number, files) in leftovers.into_iter().enumerate() {
        fs::create_dir_all(scene.dir()).unwrap();
        for (name, bytes) in files {
            let file = scene.dir().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        let store = scene.open();
        store.commit(&[next(&practice(1), 0, 1)]).unwrap();
        assert!(!scene.dir().join("store.new").exists(), "number {number}");
        drop(store);
        fs::remove_dir_all(scene.dir()).unwrap();
    }
    // A directory beside which a later creation was attempted and killed keeps what it has.
    scene.open().commit(&[next(&practice(1), 0, 1)]).unwrap();
    fs::create_dir_all(scene.dir().join("store.new/sled")).unwrap();
    assert_eq!(scene.open().practices().unwrap().len(), 1);
    assert!(!scene.dir().join("store.new").exists());
}

pub fn a_directory_of_another_format_is_refused(scene: &mut Scene<'_>) {
    scene.open().commit(&[next(&practice(1), 0, 1)]).unwrap();
    let format = scene.dir().join("store/format");
    let right = fs::read(&format).unwrap();
    for wrong in [
        "troth-store 2 sqlite\n",
        "troth-store 1 paper\n",
        "troth-store 11 sled\n",
        "",
        "\u{0}\u{7f}",
    ] {
        fs::write(&format, wrong).unwrap();
        let refused = scene.try_open().err();
        assert!(
            matches!(refused, Some(StoreError::Format { .. })),
            "{wrong:?}: {refused:?}"
        );
    }
    fs::remove_file(&format).unwrap();
    assert!(matches!(scene.try_open().err(), Some(StoreError::Format { .. })));
    fs::write(&format, right).unwrap();
    assert_eq!(scene.open().practices().unwrap().len(), 1);
}

pub fn nobody_else_may_read_the_files(scene: &mut Scene<'_>) {
    let store = scene.open();
    store.commit(&[next(&practice(1), 0, 1)]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(scene.dir().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode("."), mode("store"), mode("lock"), mode("store/format")),
            (0o700, 0o700, 0o600, 0o600)
        );
        for item in fs::read_dir(scene.dir().join("store")).unwrap() {
            let item = item.unwrap();
            if item.file_type().unwrap().is_file() {
                assert_eq!(
                    item.metadata().unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{:?}",
                    item.path()
                );
            }
        }
    }
}
