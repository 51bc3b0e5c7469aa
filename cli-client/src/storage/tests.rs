use super::*;

const NAME: [u8; 32] = [7; 32];

fn put(table: u8, name: [u8; 32], value: &[u8]) -> Write {
    Write {
        table,
        name,
        value: Some(value.to_vec()),
    }
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let home = tempfile::tempdir().unwrap();
    let mut store = SqliteStorage::open(home.path()).unwrap();
    store
        .commit(vec![
            put(1, NAME, b"one"),
            put(2, NAME, b"two"),
            put(1, [9; 32], b"three"),
        ])
        .unwrap();
    store
        .commit(vec![
            put(1, NAME, b"changed"),
            Write {
                table: 2,
                name: NAME,
                value: None,
            },
        ])
        .unwrap();
    drop(store);
    let store = SqliteStorage::open(home.path()).unwrap();
    assert_eq!(store.get(1, &NAME).unwrap().as_deref(), Some(&b"changed"[..]));
    assert_eq!(store.get(2, &NAME).unwrap(), None);
    assert_eq!(
        store.scan(1).unwrap(),
        [(NAME, b"changed".to_vec()), ([9; 32], b"three".to_vec())]
    );
}

#[test]
fn a_second_troth_is_told_of_the_first() {
    let home = tempfile::tempdir().unwrap();
    let _first = SqliteStorage::open(home.path()).unwrap();
    assert!(matches!(
        SqliteStorage::open(home.path()),
        Err(OpenError::Busy(_))
    ));
}

#[test]
fn a_kill_while_the_store_was_made_leaves_a_home_that_opens() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("device.db.new"), b"half a database").unwrap();
    fs::write(home.path().join("device.db.new-wal"), b"half a log").unwrap();
    let mut store = SqliteStorage::open(home.path()).unwrap();
    store.commit(vec![put(1, NAME, b"one")]).unwrap();
    assert_eq!(store.get(1, &NAME).unwrap().as_deref(), Some(&b"one"[..]));
}

#[test]
fn a_damaged_file_is_named_as_damaged() {
    let home = tempfile::tempdir().unwrap();
    fs::write(file(home.path()), vec![b'x'; 8192]).unwrap();
    assert!(matches!(
        SqliteStorage::open(home.path()),
        Err(OpenError::Store(StorageError::Damaged(_)))
    ));
}

#[test]
fn a_file_that_was_cut_off_is_named_as_damaged() {
    let home = tempfile::tempdir().unwrap();
    let mut store = SqliteStorage::open(home.path()).unwrap();
    for item in 0..64 {
        store.commit(vec![put(1, [item; 32], &[item; 1024])]).unwrap();
    }
    drop(store);
    let whole = fs::read(file(home.path())).unwrap();
    for length in [0, 1, 99, 4096, whole.len() / 2, whole.len() - 4096] {
        fs::write(file(home.path()), &whole[..length]).unwrap();
        let damaged = match SqliteStorage::open(home.path()) {
            Err(OpenError::Store(error)) => error,
            Err(other) => panic!("{length} bytes: {other}"),
            Ok(store) => store.scan(1).map(|rows| rows.len()).expect_err("it is not whole"),
        };
        assert!(
            matches!(damaged, StorageError::Damaged(_)),
            "{length} bytes: {damaged}"
        );
        assert_eq!(
            fs::read(file(home.path())).unwrap().len(),
            length,
            "and is left as it was found"
        );
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_any_of_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let home = parent.path().join("home");
    let mut store = SqliteStorage::open(&home).unwrap();
    store.commit(vec![put(1, NAME, b"one")]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for item in fs::read_dir(&home).unwrap() {
        let path = item.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
