//! Long ledgers are looked through piece by piece; what a reading let go of it reads again.

use std::sync::Arc;

use troth_protocol::statement::Role;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{self, ClientMessage, Fetch, RelayMessage};
use troth_server::reading::{Plan, Reader};

use super::memory::Memory;
use super::people::{Device, document, member};
use super::reader::entries;
use super::world::World;

/// More than is looked through at once.
const ENTRIES: u64 = 34_000;
/// What a reading may keep between two frames, in bytes: positions of 32,768 entries, one entry that fitted no more, some tiles.
const KEPT: usize = (32 * 1024 * 8) + 1024 + (4 * 8192);

/// The frames of a plan, which fold one after another; how many entries came, and the size that they lead to.
fn folded(frames: &[Vec<u8>]) -> (usize, u64) {
    let (mut frontier, mut came) = (Frontier::new(), 0);
    for frame in frames {
        let (RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items)) = wire::message(frame).unwrap()
        else {
            panic!("no items")
        };
        came += entries(&items);
        frontier = items.fold(&frontier).expect("it folds").frontier;
    }
    (came, frontier.size())
}

#[test]
fn a_ledger_longer_than_one_look_comes_whole_whether_or_not_a_reading_lets_go_on_the_way() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let (admin, counselor) = (Device::new(1, member(1)), Device::new(2, member(2)));
    let practice = world.found(&admin, 1);
    let writer = world.login(practice, &admin);
    let joins = admin.add_member(world.state(&practice), &counselor, Role::Counselor);
    world.append(writer, vec![joins]);
    for (number, seen_by) in [(1, vec![counselor.member]), (2, vec![])] {
        let create = admin.create(world.state(&practice), document(number), &seen_by);
        world.append(writer, vec![create]);
    }
    let mut seen = 1;
    while world.size(&practice) < ENTRIES {
        for (number, count) in [(1, 40), (2, 216)] {
            let edits = admin.edits(world.state(&practice), document(number), count, b"sealed");
            world.append(writer, edits);
        }
        seen += 40;
    }

    let id = world.login(practice, &counselor);
    let size = world.size(&practice);
    world.hold_readings();
    world.follow(id, 0);
    let fetch = Fetch {
        request: 1,
        documents: vec![document(1)],
        size,
        through: None,
    };
    world.send(id, ClientMessage::Fetch(fetch));
    let plans = world.held.take().unwrap();
    assert_eq!(plans.len(), 2);
    for (_, plan) in plans {
        let read = |plan: Plan, lets_go: bool| {
            let mut reader = Reader::new(plan, store.clone()).unwrap();
            let mut frames = Vec::new();
            while let Some(frame) = reader.next_frame().unwrap() {
                frames.push(frame);
                assert!(reader.held() <= KEPT, "{} bytes", reader.held());
                if lets_go {
                    reader.let_go();
                    assert_eq!(reader.held(), 0);
                }
            }
            frames
        };
        let frames = read((*plan).clone(), false);
        assert!(frames.len() > 3, "{} frames", frames.len());
        let (came, to) = folded(&frames);
        assert_eq!(to, size);
        assert!((seen..seen + 20).contains(&came), "{came} of {seen}");
        assert!(frames == read(*plan, true), "the same, byte for byte");
    }
}
