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
fn a_database_that_may_not_grow_refuses_appends_and_keeps_serving_reads() {
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
fn fill(store: &dyn Store, size: &mut u64) -> StoreError {
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

/// A test that runs again in a process of its own, where a disk of 8 MiB is mounted that nobody else sees. `None` here, in the
/// first process, once the second is done; there, the disk. Where no disk may be mounted it is left out with a message, unless
/// this is the superuser, or CI.
#[cfg(target_os = "linux")]
fn on_a_small_disk(test: &str) -> Option<std::path::PathBuf> {
    const DISK: &str = "TROTH_SMALL_DISK";
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    let disk = tempfile::tempdir().unwrap();
    let mine = ["--user", "--map-root-user"];
    let privileged = rustix::process::geteuid().is_root();
    let mounted = |run: &[&std::ffi::OsStr]| {
        Command::new("unshare")
            .args(if privileged { &[] } else { &mine[..] })
            .args(["--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=8m tmpfs \"$TROTH_SMALL_DISK\" && exec \"$@\"")
            .arg("sh")
            .args(run)
            .env(DISK, disk.path())
            .output()
    };
    if !mounted(&["true".as_ref()]).is_ok_and(|tried| tried.status.success()) {
        let insists = privileged || std::env::var_os("CI").is_some();
        assert!(
            !insists,
            "no disk can be mounted for {test}: is there an `unshare`?"
        );
        println!("{test} is left out: no disk may be mounted here");
        return None;
    }
    let program = std::env::current_exe().unwrap();
    let test = format!("store::tests::{test}");
    let ran = mounted(&[program.as_os_str(), "--exact".as_ref(), test.as_ref()]).unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    None
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_appends_and_keeps_serving_reads() {
    let Some(disk) = on_a_small_disk("a_full_disk_refuses_appends_and_keeps_serving_reads") else {
        return;
    };
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let store = open(&disk.join("data"), Engine::Sqlite).unwrap();
    store.commit(&[next(&practice(1), 0, 10)]).unwrap();
    let mut size = 10;
    for _ in 0..3 {
        let refused = fill(&*store, &mut size);
        assert!(matches!(refused, StoreError::Full), "{refused:?}");
        let read = store.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap();
        assert_eq!(
            read,
            next(&practice(1), 0, size).entries,
            "all that was acknowledged, and no more"
        );
    }
    std::fs::remove_file(ballast).unwrap();
    let before = size;
    store.commit(&[next(&practice(1), size, 10)]).unwrap();
    size += 10;
    let refused = fill(&*store, &mut size);
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    assert!(size > before + 100, "room was made, and used: {before}, {size}");
    drop(store);
    let again = open(&disk.join("data"), Engine::Sqlite).unwrap();
    assert_eq!(
        again.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap(),
        next(&practice(1), 0, size).entries
    );
}

/// What sled promises of a full disk: nothing that was acknowledged is lost. It serves again once it is started with room; in
/// the process that met the full disk it keeps its lock.
#[cfg(all(target_os = "linux", feature = "sled"))]
#[test]
fn sled_on_a_full_disk_loses_nothing_and_serves_again_once_it_is_started_with_room() {
    const STORY: &str = "sled_on_a_full_disk_loses_nothing_and_serves_again_once_it_is_started_with_room";
    const TOLD: &str = "TROTH_ACKNOWLEDGED";
    let Some(disk) = on_a_small_disk(STORY) else {
        return;
    };
    let data = disk.join("data");
    if let Some(told) = std::env::var_os(TOLD) {
        let store = open(&data, Engine::Sled).unwrap();
        let mut size = 0;
        let refused = fill(&*store, &mut size);
        assert!(size > 0, "{refused:?}");
        let more = store.commit(&[next(&practice(1), size, 10)]);
        assert!(more.is_err(), "nothing more is acknowledged");
        std::fs::write(told, size.to_string()).unwrap();
        std::process::exit(0);
    }
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 4 << 20]).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let told = elsewhere.path().join("acknowledged");
    let filled = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::{STORY}")])
        .env(TOLD, &told)
        .status();
    assert!(filled.unwrap().success());
    let size: u64 = std::fs::read_to_string(told).unwrap().parse().unwrap();
    std::fs::remove_file(ballast).unwrap();
    let again = open(&data, Engine::Sled).unwrap();
    let read = again.entries(&practice(1), 0, u64::MAX, usize::MAX).unwrap();
    assert_eq!(read[..size as usize], next(&practice(1), 0, size).entries);
    let now = again.head(&practice(1)).unwrap().unwrap().size;
    again.commit(&[next(&practice(1), now, 10)]).unwrap();
}

#[test]
fn a_file_that_does_not_become_shorter_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default();
    let store = SqliteStore::open(dir.path(), &options).unwrap();
    let mut large = next(&practice(1), 0, 2);
    large.entries[0].payload = Some(vec![7; 400_000]);
    store.commit(&[large]).unwrap();
    drop(store);
    // Somebody packed it with a tool of theirs.
    let db = rusqlite::Connection::open(dir.path().join("store/troth.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM; PRAGMA journal_mode = WAL;",
    )
    .unwrap();
    drop(db);
    let store = SqliteStore::open(dir.path(), &options).unwrap();
    let mut erasing = next(&practice(1), 2, 0);
    erasing.erase = vec![0];
    store.commit(&[erasing]).unwrap();
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(store.reclaim()));
    let reclaimed = waits.recv_timeout(Duration::from_secs(20));
    reclaimed.expect("it comes to an end").unwrap();
}
