//! A disk that changes under a running relay: whoever reads is served the truth or not at all, and nothing false is signed or
//! sent. ([`World`] holds every checkpoint that it ever sees against every other.)

use std::sync::Arc;

use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::PracticeId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{ClientMessage, Fetch, RelayMessage, Upload};
use troth_server::store::EntryRow;

use super::memory::Memory;
use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::World;

/// An entry somewhere in the middle, of a document that both may read.
const AT: u64 = 50;
/// An entry that is sent again.
const AGAIN: u64 = 250;

struct Scene {
    store: Arc<Memory>,
    world: World,
    practice: PracticeId,
    admin: Device,
    /// Reads document 1, and does not see document 2.
    counselor: Device,
    again: Upload,
}

fn scene() -> Scene {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let (admin, counselor) = (Device::new(1, member(1)), Device::new(2, member(2)));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    let joins = admin.add_member(world.state(&practice), &counselor, Role::Counselor);
    world.append(id, vec![joins]);
    for (number, seen_by) in [(1, vec![counselor.member]), (2, vec![])] {
        let create = admin.create(world.state(&practice), document(number), &seen_by);
        world.append(id, vec![create]);
    }
    let mut again = None;
    for (number, until) in [(1, 200), (2, 600), (1, 1000)] {
        while world.size(&practice) < until {
            let edit = admin.edit(world.state(&practice), document(number), b"sealed");
            if world.size(&practice) == AGAIN {
                again = Some(edit.clone());
            }
            world.append(id, vec![edit]);
        }
    }
    world.disconnect(id);
    world.faults = Some(Vec::new());
    Scene {
        store,
        world,
        practice,
        admin,
        counselor,
        again: again.unwrap(),
    }
}

impl Scene {
    /// Follows from the beginning, and fetches a document; whatever comes is held against the ledger key and folded. Returns
    /// whether all of it came.
    fn read(&mut self, device: u8) -> (bool, bool) {
        let device = if device == 1 { &self.admin } else { &self.counselor };
        let world = &mut self.world;
        let follower = world.login(self.practice, device);
        world.follow(follower, 0);
        let mut reader = Reader::new(self.practice, device.member);
        reader.take_all(world.items(follower));
        let followed = reader.frontier.size() == world.size(&self.practice);
        assert_ne!(followed, world.closed.contains_key(&follower));

        let fetcher = world.login(self.practice, device);
        let size = world.size(&self.practice);
        let fetch = Fetch {
            request: 1,
            documents: vec![document(1)],
            size,
            through: None,
        };
        world.send(fetcher, ClientMessage::Fetch(fetch));
        let mut frontier = Frontier::new();
        while let Some(RelayMessage::Fetched(_, _, items)) = world.receive(fetcher) {
            frontier = items.fold(&frontier).expect("what comes folds").frontier;
        }
        let fetched = frontier.size() == size;
        assert_ne!(fetched, world.closed.contains_key(&fetcher));
        (followed, fetched)
    }
}

#[test]
fn what_is_whole_is_read_whole() {
    let mut s = scene();
    assert_eq!((s.read(1), s.read(2)), ((true, true), (true, true)));
    assert!(s.world.faults.unwrap().is_empty());
}

#[test]
fn an_entry_that_was_changed_on_the_disk_is_not_served() {
    type Change = fn(&mut EntryRow);
    let changes: [(&str, Change); 7] = [
        ("cut short", |row| row.leaf.truncate(row.leaf.len() - 1)),
        ("another signature", |row| *row.leaf.last_mut().unwrap() ^= 1),
        ("another time", |row| {
            let mut leaf: Leaf = cbor::decode(&row.leaf).unwrap();
            leaf.received += 1;
            row.leaf = leaf.encode();
        }),
        ("another payload", |row| row.payload = Some(b"Sealed".to_vec())),
        ("a longer payload", |row| row.payload.as_mut().unwrap().push(0)),
        ("further on", |row| row.position += 1),
        ("further back", |row| row.position -= 1),
    ];
    for (what, change) in changes {
        let mut s = scene();
        s.store.tamper(&s.practice, AT, change);
        assert_eq!((s.read(1), s.read(2)), ((false, false), (false, false)), "{what}");
        assert_eq!(s.world.faults.unwrap().len(), 4, "{what}");
    }
}

#[test]
fn an_entry_in_the_place_of_another_is_not_served() {
    let mut s = scene();
    let other = s
        .world
        .store()
        .entries_at(&s.practice, &[AT + 1], 1)
        .unwrap()
        .remove(0);
    s.store.tamper(&s.practice, AT, |row| {
        (row.leaf, row.payload) = (other.leaf, other.payload);
    });
    assert_eq!((s.read(1), s.read(2)), ((false, false), (false, false)));
}

/// What the counselor may not see is entries 200 to 600: the roots that cover it come from the first and the third tile, and for
/// what is a whole tile from the one above, which is in memory.
#[test]
fn a_tile_that_was_changed_on_the_disk_is_not_served() {
    for (index, hash, needed) in [
        (0, Some(200), true),
        (1, Some(9), false),
        (2, Some(9), true),
        (2, None, true),
    ] {
        let mut s = scene();
        match hash {
            None => s.store.forget_tile(&s.practice, 0, index),
            Some(hash) => s
                .store
                .tamper_tile(&s.practice, 0, index, |tile| tile[32 * hash] ^= 1),
        }
        let (counselor, (_, fetched)) = (s.read(2), s.read(1));
        assert_eq!(counselor, (!needed, !needed), "tile {index}");
        assert_eq!(fetched, !needed, "tile {index}");
    }
}

/// What a follower may not see is covered by a root that comes from a tile alone: no entry is there to hold it against.
#[test]
fn a_beat_over_a_tile_that_was_changed_is_not_sent() {
    let mut s = scene();
    let follower = s.world.login(s.practice, &s.counselor);
    s.world.follow(follower, 0);
    let mut reader = Reader::new(s.practice, s.counselor.member);
    reader.take_all(s.world.items(follower));
    let writer = s.world.login(s.practice, &s.admin);
    while s.world.size(&s.practice) < 1300 {
        let edit = s.admin.edit(s.world.state(&s.practice), document(2), b"hidden");
        s.world.append(writer, vec![edit]);
    }
    s.store
        .tamper_tile(&s.practice, 0, 3, |tile| tile[32 * (1000 - 768)] ^= 1);
    s.world.pass(troth_protocol::limits::BEAT_MS);
    reader.take_all(s.world.items(follower));
    assert_eq!(s.world.closed.get(&follower), Some(&Rule::Unavailable));
}

#[test]
fn a_statement_sent_again_gets_no_receipt_of_another_entry() {
    type Change = fn(&mut EntryRow, &EntryRow);
    let changes: [Change; 3] = [
        |row, other| row.leaf.clone_from(&other.leaf),
        |row, _| row.leaf.truncate(9),
        |row, _| row.position += 1,
    ];
    for change in changes {
        let mut s = scene();
        let id = s.world.login(s.practice, &s.admin);
        let receipt = s.world.append(id, vec![s.again.clone()])[0];
        assert_eq!(receipt.position, AGAIN, "it is known");
        let other = s
            .world
            .store()
            .entries_at(&s.practice, &[AGAIN + 1], 1)
            .unwrap()
            .remove(0);
        s.store.tamper(&s.practice, AGAIN, |row| change(row, &other));
        let refused = s.world.append_refused(id, vec![s.again.clone()]);
        assert_eq!(refused.rule(), Rule::Unavailable);
    }
}
