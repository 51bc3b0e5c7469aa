//! `verify` finds what is wrong.

use std::sync::Arc;

use troth_protocol::ids::PracticeId;
use troth_server::audit::{Report, verify};
use troth_server::store::sqlite::{Options, SqliteStore};
use troth_server::store::{Engine, EntryRow, Store, open};

use super::memory::Memory;
use super::people::{Device, document, member};
use super::world::{World, ledger_key};

fn grown() -> (Arc<Memory>, PracticeId) {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    for number in [1, 2] {
        world.append(
            id,
            vec![admin.create(world.state(&practice), document(number), &[])],
        );
        let edits = admin.edits(world.state(&practice), document(number), 200, b"sealed");
        world.append(id, edits);
    }
    world.append(id, vec![admin.erase(world.state(&practice), document(2))]);
    (store, practice)
}

fn report(store: &Arc<Memory>) -> Report {
    let store: Arc<dyn Store> = store.clone();
    verify(&store, &[ledger_key()], &mut |_| {}).unwrap()
}

/// The one thing that is wrong.
fn fault(store: &Arc<Memory>) -> (Option<u64>, String) {
    let report = report(store);
    assert!(!report.ok);
    let faults = &report.ledgers[0].faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    (faults[0].position, faults[0].what.clone())
}

#[test]
fn what_is_whole_is_found_whole() {
    let (store, practice) = grown();
    let report = report(&store);
    assert!(report.ok, "{report:?}");
    let ledger = &report.ledgers[0];
    assert_eq!(ledger.practice, practice.to_string());
    assert_eq!((ledger.entries, ledger.documents, ledger.erased), (405, 2, 1));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        (json["ok"].as_bool(), json["ledgers"][0]["entries"].as_u64()),
        (Some(true), Some(405))
    );
}

#[test]
fn every_single_change_is_found() {
    type Change = fn(&mut EntryRow);
    let changes: [(&str, Change); 7] = [
        ("breaks rule R1", |row| row.leaf.truncate(row.leaf.len() - 1)),
        ("breaks rule R5", |row| {
            let last = row.leaf.len() - 1;
            row.leaf[last] ^= 1;
        }),
        ("is missing", |row| row.position += 1),
        ("payload is not the one", |row| {
            row.payload = Some(b"Sealed".to_vec())
        }),
        ("payload is missing", |row| row.payload = None),
        ("under another stream", |row| row.stream.0[16] ^= 1),
        ("under another statement", |row| row.statement.0[0] ^= 1),
    ];
    for (expected, change) in changes {
        let (store, practice) = grown();
        store.tamper(&practice, 50, change);
        let report = report(&store);
        let first = &report.ledgers[0].faults[0];
        assert!(!report.ok && first.position == Some(50), "{expected}: {first:?}");
        assert!(first.what.contains(expected), "{expected}: {first:?}");
    }
}

#[test]
fn a_change_of_the_relays_clock_alone_is_found_by_the_root() {
    let (store, practice) = grown();
    store.tamper(&practice, 404, |row| {
        let mut leaf: troth_protocol::entry::Leaf = troth_protocol::cbor::decode(&row.leaf).unwrap();
        leaf.received += 1;
        row.leaf = leaf.encode();
    });
    let (position, what) = fault(&store);
    assert!(position.is_none() && what.contains("root"), "{what}");
}

#[test]
fn a_payload_that_should_have_been_erased_is_found() {
    let (store, practice) = grown();
    store.tamper(&practice, 300, |row| {
        assert_eq!(row.payload, None);
        row.payload = Some(b"sealed".to_vec());
    });
    let (position, what) = fault(&store);
    assert!(position == Some(300) && what.contains("still there"), "{what}");
}

#[test]
fn a_missing_tile_is_found() {
    let (store, practice) = grown();
    store.forget_tile(&practice, 0, 0);
    assert_eq!(fault(&store), (Some(255), "tile 0/0 is missing".into()));
}

#[test]
fn a_ledger_key_that_is_not_the_practices_is_found() {
    let (store, _) = grown();
    let store: Arc<dyn Store> = store;
    for key in [None, Some(Device::new(9, member(1)).keys.signing)] {
        let report = verify(&store, key.as_slice(), &mut |_| {}).unwrap();
        assert!(!report.ok && report.ledgers[0].faults[0].what.contains("ledger key"));
    }
}

/// What verify says of a small ledger on a disk after `change` was done to it there.
fn changed_on_disk(change: &str) -> (u64, Report) {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    let mut world = World::on(store);
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let edits = admin.edits(world.state(&practice), document(1), 5, b"sealed");
    world.append(id, edits);
    let size = world.size(&practice);
    drop(world);
    let file = dir.path().join("store").join("troth.db");
    let db = rusqlite::Connection::open(file).unwrap();
    assert_eq!(db.execute(change, ()).unwrap(), 1);
    drop(db);
    let store: Arc<dyn Store> = open(dir.path(), Engine::Sqlite).unwrap().into();
    (size, verify(&store, &[ledger_key()], &mut |_| {}).unwrap())
}

#[test]
fn an_entry_beyond_the_head_is_found_where_it_bars_the_next_and_further_on() {
    for further in [0, 1, 1000] {
        let (size, report) = changed_on_disk(&format!(
            "INSERT INTO entry (practice, position, statement_first, statement_rest, stream, leaf, payload)
             SELECT practice, size + {further}, statement_first + 1, statement_rest, stream, leaf, payload
             FROM entry JOIN practice ON entry.practice = practice.no WHERE position = size - 1"
        ));
        let first = &report.ledgers[0].faults[0];
        assert!(!report.ok && first.position == Some(size + further), "{first:?}");
        assert!(first.what.contains("beyond the head"), "{first:?}");
    }
}

#[test]
fn an_entry_filed_under_another_stream_on_disk_is_found() {
    let (_, report) = changed_on_disk(
        "UPDATE entry SET stream = (SELECT stream FROM entry WHERE position = 0) WHERE position = 4",
    );
    let first = &report.ledgers[0].faults[0];
    assert!(!report.ok && first.position == Some(4), "{first:?}");
    assert!(first.what.contains("under another stream"), "{first:?}");
}
