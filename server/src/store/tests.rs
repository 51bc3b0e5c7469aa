//! Every engine against the conformance suite, and what is particular to one.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{PoisonError, RwLock},
    time::Duration,
};

use super::{
    Engine, Store, StoreError,
    conformance::{Subject, next, practice, suite},
    open,
    sqlite::{Options, SqliteStore},
};

/// Processes are started by whoever holds it for writing. Between fork and exec a child holds every lock that
/// its parent has on files, and sled does not give its own back before closing: a store reopened at that
/// moment would be in use.
static STARTING: RwLock<()> = RwLock::new(());

#[test]
fn sqlite_conforms() {
    suite(&Subject {
        open: &|dir| open(dir, Engine::Sqlite),
        forgets: true,
    });
}

#[cfg(feature = "sled")]
#[test]
fn sled_conforms() {
    let _nobody_starts = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    suite(&Subject {
        open: &|dir| open(dir, Engine::Sled),
        forgets: false,
    });
}

#[cfg(feature = "sled")]
#[test]
fn sled_keeps_no_value_where_nobody_syncs_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Engine::Sled).unwrap();
    for size in 0..40 {
        let mut batch = next(&practice(1), size, 1);
        batch.entries[0].payload = Some(vec![7; 300_000]);
        store.commit(&[batch]).unwrap();
    }
    let strays = std::fs::read_dir(dir.path().join("store/sled/blobs"))
        .unwrap()
        .count();
    assert_eq!(strays, 0, "values in files of their own");
}

#[cfg(feature = "sled")]
#[test]
fn an_engine_does_not_open_what_another_made() {
    let _nobody_starts = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    for (made_by, other) in [(Engine::Sqlite, Engine::Sled), (Engine::Sled, Engine::Sqlite)] {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path(), made_by)
            .unwrap()
            .commit(&[next(&practice(1), 0, 1)])
            .unwrap();
        let refused = open(dir.path(), other).err().unwrap();
        assert!(
            refused
                .to_string()
                .ends_with(&format!("start the relay with --store {made_by}")),
            "{refused}"
        );
        assert_eq!(open(dir.path(), made_by).unwrap().practices().unwrap().len(), 1);
    }
}

#[test]
fn only_the_default_engine_promises_everything() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path(), Engine::default()).unwrap().caveat(), None);
    #[cfg(feature = "sled")]
    assert!(
        open(tempfile::tempdir().unwrap().path(), Engine::Sled)
            .unwrap()
            .caveat()
            .is_some()
    );
}

#[test]
fn a_full_disk_refuses_appends_and_keeps_serving_reads() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), &Options { max_pages: Some(120) }).unwrap();
    store.commit(&[next(&practice(1), 0, 10)]).unwrap();
    let mut size = 10;
    let refused = fill(&store, &mut size);
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    for _ in 0..3 {
        assert!(matches!(
            store.commit(&[next(&practice(1), size, 10)]),
            Err(StoreError::Full)
        ));
        let read = store.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap();
        assert_eq!(
            read,
            next(&practice(1), 0, size).entries,
            "all that was acknowledged, and no more"
        );
        assert_eq!(store.head(&practice(1)).unwrap().unwrap().size, size);
    }
    drop(store);
    let roomy = open(dir.path(), Engine::Sqlite).unwrap();
    roomy.commit(&[next(&practice(1), size, 10)]).unwrap();
    assert_eq!(roomy.head(&practice(1)).unwrap().unwrap().size, size + 10);
}

/// Appends until that is refused. `size` counts what was acknowledged.
fn fill(store: &SqliteStore, size: &mut u64) -> StoreError {
    loop {
        match store.commit(&[next(&practice(1), *size, 10)]) {
            Ok(()) => *size += 10,
            Err(error) => return error,
        }
    }
}

#[test]
fn erasing_makes_room_on_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), &Options { max_pages: Some(200) }).unwrap();
    let mut large = next(&practice(1), 0, 1);
    large.entries[0].payload = Some(vec![7; 400_000]);
    store.commit(&[large]).unwrap();
    let mut size = 1;
    assert!(matches!(fill(&store, &mut size), StoreError::Full));
    let mut erasing = next(&practice(1), size, 0);
    erasing.erase = vec![0];
    store.commit(&[erasing]).unwrap();
    store.commit(&[next(&practice(1), size, 10)]).unwrap();
}

/// The other half of the next test: when told where, makes one data directory after another until it is
/// killed.
#[test]
fn make_directories_when_told_where() {
    let Some(root) = std::env::var_os("TROTH_MAKE_DIRECTORIES") else {
        return;
    };
    let engine: Engine = std::env::var("TROTH_MAKE_ENGINE").unwrap().parse().unwrap();
    for number in 0.. {
        let store = open(&Path::new(&root).join(number.to_string()), engine).unwrap();
        store.commit(&[next(&practice(1), 0, 1)]).unwrap();
        std::mem::forget(store);
    }
}

#[test]
fn a_kill_during_first_creation_leaves_a_directory_that_opens() {
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    let engines = [
        Engine::Sqlite,
        #[cfg(feature = "sled")]
        Engine::Sled,
    ];
    for (round, engine) in (0..12).flat_map(|round| engines.map(|engine| (round, engine))) {
        let root = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::make_directories_when_told_where"])
            .env("TROTH_MAKE_DIRECTORIES", root.path())
            .env("TROTH_MAKE_ENGINE", engine.name())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut at = 0;
        while !root.path().join("1").exists() && at < 5000 {
            std::thread::sleep(Duration::from_millis(1));
            at += 1;
        }
        std::thread::sleep(Duration::from_micros(round * 1700));
        child.kill().unwrap();
        child.wait().unwrap();
        let made = std::fs::read_dir(root.path()).unwrap().count();
        assert!(made > 1, "the child made {made} directories");
        for number in 0..made {
            let store = open(&root.path().join(number.to_string()), engine).unwrap();
            let heads = store.practices().unwrap().len();
            assert!(
                heads == 1 || number + 1 == made,
                "directory {number} of {made} was acknowledged"
            );
            let size = heads as u64;
            store.commit(&[next(&practice(1), size, 1)]).unwrap();
        }
    }
}
