//! What happens when there is too much, or no room.

use std::sync::Arc;

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;
use troth_protocol::wire::{ClientMessage, Found, RelayMessage};
use troth_server::core::RETRY_FULL_MS;
use troth_server::store::Store;
use troth_server::store::sqlite::{Options, SqliteStore};

use super::memory::{Fate, Memory};
use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::{DAY_MS, ORIGIN, World, ledger_key, settings};

#[test]
fn r61_a_full_disk_refuses_appends_and_keeps_serving_reads() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let size = world.size(&practice);

    store.doom_all(Some(Fate::Full));
    let edit = admin.edit(world.state(&practice), document(1), b"sealed");
    assert_eq!(
        world.append_refused(id, vec![edit.clone()]).rule(),
        Rule::DiskFull
    );
    assert_eq!(world.size(&practice), size);
    let tried = store.commits();
    for _ in 0..20 {
        assert_eq!(
            world.append_refused(id, vec![edit.clone()]).rule(),
            Rule::DiskFull
        );
    }
    assert_eq!(store.commits(), tried, "a full disk is not asked again and again");
    world.pass(limits::SESSION_LOGGED_MS);
    let reader = world.login(practice, &admin);
    assert_eq!(
        world.state(&practice).count(&Stream::device(&admin.id())),
        1,
        "the login goes unlogged"
    );
    world.follow(reader, 0);
    let mut client = Reader::new(practice, admin.member);
    client.take_all(world.items(reader));
    assert_eq!(client.frontier.size(), size);
    let found = world.connect();
    let (_, genesis) = admin.genesis(ORIGIN, ledger_key(), 2);
    world.send(found, ClientMessage::Found(Found { genesis }));
    assert_eq!(world.refused(found).rule(), Rule::DiskFull);

    store.doom_all(None);
    world.pass(RETRY_FULL_MS);
    assert_eq!(
        world.append(id, vec![edit])[0].position,
        size,
        "with room again, it is taken"
    );
}

#[test]
fn r61_the_same_with_a_disk_that_is_really_full() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_pages: Some(200) };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path(), &options).unwrap());
    let mut world = World::on(store);
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let mut accepted = 0;
    let full = loop {
        let edit = admin.edit(world.state(&practice), document(1), &vec![accepted as u8; 50_000]);
        world.send(
            id,
            ClientMessage::Append(troth_protocol::wire::Append {
                request: 1,
                uploads: vec![edit],
            }),
        );
        match world.receive(id) {
            Some(RelayMessage::Appended(_)) => accepted += 1,
            Some(RelayMessage::Refused(refused)) => break refused,
            other => panic!("{other:?}"),
        }
        assert!(accepted < 100, "800 KiB hold no 100 payloads of 50 kB");
    };
    assert_eq!(full.rule(), Rule::DiskFull);
    let reader = world.login(practice, &admin);
    world.follow(reader, 0);
    let mut client = Reader::new(practice, admin.member);
    client.take_all(world.items(reader));
    assert_eq!(
        client
            .seen
            .iter()
            .filter(|(_, p)| p.as_ref().is_some_and(|p| p.len() == 50_000))
            .count(),
        accepted
    );
    // Somebody makes room.
    drop(world);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    let mut world = World::on(store);
    let id = world.login(practice, &admin);
    let edit = admin.edit(world.state(&practice), document(1), b"one more");
    world.append(id, vec![edit]);
    assert_eq!(world.size(&practice), 4 + accepted as u64);
}

#[test]
fn r63_a_relay_takes_only_so_many_practices() {
    let mut settings = settings();
    settings.max_practices = 2;
    let mut world = World::with(Arc::new(Memory::default()), settings);
    let admin = Device::new(1, member(1));
    world.found(&admin, 1);
    world.found(&admin, 2);
    let id = world.connect();
    let (_, genesis) = admin.genesis(ORIGIN, ledger_key(), 3);
    world.send(id, ClientMessage::Found(Found { genesis }));
    assert_eq!(world.refused(id).rule(), Rule::NoNewPractice);
    let (_, known) = admin.genesis(ORIGIN, ledger_key(), 2);
    world.send(id, ClientMessage::Found(Found { genesis: known }));
    assert_eq!(
        world.appended(id).receipts[0].position,
        0,
        "one that is here already is answered"
    );
}

#[test]
fn anyone_may_ask_what_relay_this_is() {
    let mut world = World::new();
    let id = world.connect();
    world.send(id, ClientMessage::Info);
    let Some(RelayMessage::Info(info)) = world.receive(id) else {
        panic!("no answer")
    };
    assert_eq!(
        (info.origin.as_str(), info.ledger_key, info.now),
        (ORIGIN, ledger_key(), world.now)
    );
}

#[test]
fn the_rest_after_a_full_disk_ends_though_the_clock_was_a_day_ahead() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    let create = admin.create(world.state(&practice), document(1), &[]);
    world.pass(DAY_MS);
    store.doom_all(Some(Fate::Full));
    let refused = world.append_refused(id, vec![create.clone()]);
    assert_eq!(refused.rule(), Rule::DiskFull);
    store.doom_all(None);
    world.now -= DAY_MS;
    world.pass(0);
    world.pass(RETRY_FULL_MS - 1);
    let refused = world.append_refused(id, vec![create.clone()]);
    assert_eq!(refused.rule(), Rule::DiskFull, "it has its rest");
    world.pass(1);
    world.append(id, vec![create]);
}
