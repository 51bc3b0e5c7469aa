//! Documents from their beginning, against the client's own root.

use troth_protocol::entry::Parsed;
use troth_protocol::ids::PracticeId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, Trail, leaf_hash};
use troth_protocol::wire::{ClientMessage, Fetch, Items, RelayMessage};

use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::World;

struct Scene {
    world: World,
    admin: Device,
    practice: PracticeId,
    id: u64,
}

fn scene() -> Scene {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    for number in 1..=4 {
        world.append(
            id,
            vec![admin.create(world.state(&practice), document(number), &[])],
        );
    }
    for round in 0..400_u16 {
        let edit = admin.edit(world.state(&practice), document((1 + round % 4) as u8), b"sealed");
        world.append(id, vec![edit]);
    }
    Scene {
        world,
        admin,
        practice,
        id,
    }
}

fn fetch(world: &mut World, id: u64, documents: &[u8], size: u64) -> Vec<Items> {
    let documents = documents.iter().map(|number| document(*number)).collect();
    world.send(
        id,
        ClientMessage::Fetch(Fetch {
            request: 8,
            documents,
            size,
            through: None,
        }),
    );
    let mut all = Vec::new();
    loop {
        match world.receive(id) {
            Some(RelayMessage::Fetched(8, more, items)) => {
                all.push(items);
                if !more {
                    return all;
                }
            }
            other => panic!("not fetched: {other:?}"),
        }
    }
}

#[test]
fn what_is_fetched_folds_into_the_clients_own_root() {
    let mut s = scene();
    let follower = s.world.login(s.practice, &s.admin);
    s.world.follow(follower, 0);
    let mut reader = Reader::new(s.practice, s.admin.member);
    reader.take_all(s.world.items(follower));
    let (size, root) = (reader.frontier.size(), reader.frontier.root());
    let edit = s.admin.edit(s.world.state(&s.practice), document(1), b"later");
    s.world.append(s.id, vec![edit]);

    let mut frontier = Frontier::new();
    let mut streams = Vec::new();
    for items in fetch(&mut s.world, s.id, &[2, 4], size) {
        frontier = items.fold(&frontier).unwrap().frontier;
        streams.extend(
            items
                .into_entries()
                .map(|e| Parsed::parse(e.leaf.signed).unwrap().statement().stream()),
        );
    }
    assert_eq!((frontier.size(), frontier.root()), (size, root));
    let of = |number| {
        streams
            .iter()
            .filter(|stream| **stream == Stream::Document(document(number)))
            .count()
    };
    assert_eq!(
        (of(2), of(4), streams.len()),
        (101, 101, 202),
        "these two, whole, and nothing else"
    );
}

#[test]
fn an_earlier_size_has_its_own_root() {
    let mut s = scene();
    for size in [1, 2, 5, 255, 256, 257, 300] {
        let mut frontier = Frontier::new();
        for items in fetch(&mut s.world, s.id, &[1], size) {
            frontier = items.fold(&frontier).unwrap().frontier;
        }
        assert_eq!(frontier.size(), size);
    }
}

#[test]
fn what_one_may_not_see_is_not_fetched() {
    let mut s = scene();
    let counselor = Device::new(2, member(2));
    s.world.append(
        s.id,
        vec![
            s.admin
                .add_member(s.world.state(&s.practice), &counselor, Role::Counselor),
        ],
    );
    let id = s.world.login(s.practice, &counselor);
    let size = s.world.size(&s.practice);
    let mut frontier = Frontier::new();
    for items in fetch(&mut s.world, id, &[1, 2, 9], size) {
        assert_eq!(super::reader::entries(&items), 0);
        frontier = items.fold(&frontier).unwrap().frontier;
    }
    assert_eq!(frontier.size(), size, "it folds all the same");
}

#[test]
fn an_erased_payload_does_not_come_and_its_leaf_does() {
    let mut s = scene();
    s.world
        .append(s.id, vec![s.admin.erase(s.world.state(&s.practice), document(1))]);
    let size = s.world.size(&s.practice);
    let all = fetch(&mut s.world, s.id, &[1], size);
    let entries: Vec<_> = all.into_iter().flat_map(Items::into_entries).collect();
    assert_eq!(entries.len(), 102);
    assert!(entries.iter().all(|entry| entry.payload.is_none()));
}

#[test]
fn r52_one_fetches_against_a_size_that_the_ledger_has_reached() {
    let mut s = scene();
    for size in [0, s.world.size(&s.practice) + 1] {
        s.world.send(
            s.id,
            ClientMessage::Fetch(Fetch {
                request: 5,
                documents: vec![document(1)],
                size,
                through: None,
            }),
        );
        let refused = s.world.refused(s.id);
        assert_eq!((refused.request, refused.rule()), (5, Rule::BeyondEnd));
    }
}

#[test]
fn r60_a_connection_fetches_only_so_much_at_once() {
    let mut s = scene();
    s.world.hold_readings();
    for _ in 0..4 {
        s.world.send(
            s.id,
            ClientMessage::Fetch(Fetch {
                request: 1,
                documents: vec![document(1)],
                size: 3,
                through: None,
            }),
        );
    }
    s.world.send(
        s.id,
        ClientMessage::Fetch(Fetch {
            request: 2,
            documents: vec![document(1)],
            size: 3,
            through: None,
        }),
    );
    let refused = s.world.refused(s.id);
    assert_eq!((refused.request, refused.rule()), (2, Rule::Quota));
    s.world.release_readings();
    while s.world.receive(s.id).is_some() {}
    assert_eq!(
        fetch(&mut s.world, s.id, &[1], 3).len(),
        1,
        "and again once they are done"
    );
}

/// G4
#[test]
fn without_documents_it_proves_one_size_to_be_the_past_of_another() {
    let mut s = scene();
    let size = s.world.size(&s.practice);
    let rows = s.world.store().entries(&s.practice, 0, size, usize::MAX).unwrap();
    for through in (1..size).step_by(7) {
        s.world.send(
            s.id,
            ClientMessage::Fetch(Fetch {
                request: 1,
                documents: vec![],
                size,
                through: Some(through),
            }),
        );
        let Some(RelayMessage::Fetched(1, false, items)) = s.world.receive(s.id) else {
            panic!("one frame");
        };
        let folded = items.fold(&Frontier::new()).unwrap();
        let mut trail = Trail::default();
        trail.extend(&folded.pieces);
        let past = trail.at(through).expect("no run reaches across it");
        let mut stored = Frontier::new();
        for row in rows.iter().take(usize::try_from(through).unwrap()) {
            stored.push_leaf(leaf_hash(&row.leaf)).unwrap();
        }
        assert_eq!(past.frontier, stored);
    }
}
