//! A ledger that comes back from the disk is the ledger that went there.

use std::sync::Arc;

use troth_protocol::cbor;
use troth_protocol::ids::PracticeId;
use troth_server::core::Core;
use troth_server::practice::LoadError;
use troth_server::store::Store;
use troth_server::store::sqlite::{Options, SqliteStore};

use super::memory::Memory;
use super::people::{Device, document, member};
use super::world::{World, settings};

/// More entries than it takes for the state to be written down.
fn grown(store: Arc<dyn Store>) -> (World, Device, PracticeId) {
    let mut world = World::on(store);
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    while world.size(&practice) < 8192 + 300 {
        let edits = admin.edits(world.state(&practice), document(1), 256, b"sealed");
        world.append(id, edits);
    }
    (world, admin, practice)
}

#[test]
fn a_state_that_was_written_down_leads_to_the_same_as_replaying_everything() {
    let store = Arc::new(Memory::default());
    let (mut world, admin, practice) = grown(store.clone());
    let state = cbor::encode(world.state(&practice));
    let root = world.core.practices()[&practice].tree.root();
    world.restart();
    assert_eq!(
        cbor::encode(world.state(&practice)),
        state,
        "from the state that was written down"
    );
    assert!(store.forget_snapshot(&practice), "it was written down");
    world.restart();
    assert_eq!(cbor::encode(world.state(&practice)), state, "from genesis");
    assert_eq!(world.core.practices()[&practice].tree.root(), root);
    let id = world.login(practice, &admin);
    let edit = admin.edit(world.state(&practice), document(1), b"on it goes");
    assert_eq!(world.append(id, vec![edit]).len(), 1);
}

#[test]
fn a_ledger_on_a_disk_comes_back_too() {
    let dir = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Store> { Arc::new(SqliteStore::open(dir.path(), &Options::default()).unwrap()) };
    let (world, _, practice) = grown(open());
    let state = cbor::encode(world.state(&practice));
    drop(world);
    let world = World::on(open());
    assert_eq!(cbor::encode(world.state(&practice)), state);
}

fn load_error(store: &Arc<Memory>) -> LoadError {
    Core::open(settings(), store.clone() as Arc<dyn Store>)
        .err()
        .expect("it must not load")
}

#[test]
fn a_ledger_that_was_tampered_with_is_not_served() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let edits = admin.edits(world.state(&practice), document(1), 10, b"sealed");
    world.append(id, edits);
    let mut kept = Vec::new();
    store.tamper(&practice, 5, |row| {
        kept.clone_from(&row.leaf);
        let last = row.leaf.len() - 1;
        row.leaf[last] ^= 1;
    });
    assert!(matches!(load_error(&store), LoadError::Root(_)));
    store.tamper(&practice, 5, |row| row.leaf = kept);
    assert!(Core::open(settings(), store.clone() as Arc<dyn Store>).is_ok());
}

#[test]
fn another_ledger_key_does_not_serve_the_ledger() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    world.found(&Device::new(1, member(1)), 1);
    let mut other = settings();
    other.key = Arc::new(ed25519_dalek::SigningKey::from_bytes(&[98; 32]));
    let error = Core::open(other, store as Arc<dyn Store>)
        .err()
        .expect("it must not load");
    assert!(matches!(error, LoadError::Key(_)), "{error}");
}
