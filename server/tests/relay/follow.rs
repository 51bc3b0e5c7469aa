//! The sync stream, as a client sees and proves it.

use troth_protocol::ids::PracticeId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Append, ClientMessage, Follow};

use super::people::{Device, document, member};
use super::reader::{Reader, entries};
use super::world::{DAY_MS, NONCE, World};

struct Scene {
    world: World,
    admin: Device,
    counselor: Device,
    practice: PracticeId,
    id: u64,
}

/// An admin with a document of their own, and a counselor who reads another.
fn scene() -> Scene {
    let mut world = World::new();
    let (admin, counselor) = (Device::new(1, member(1)), Device::new(2, member(2)));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(
        id,
        vec![admin.add_member(world.state(&practice), &counselor, Role::Counselor)],
    );
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    world.append(
        id,
        vec![admin.create(world.state(&practice), document(2), &[counselor.member])],
    );
    Scene {
        world,
        admin,
        counselor,
        practice,
        id,
    }
}

impl Scene {
    fn edit(&mut self, number: u8, payload: &[u8]) -> u64 {
        let edit = self
            .admin
            .edit(self.world.state(&self.practice), document(number), payload);
        self.world.append(self.id, vec![edit])[0].position
    }

    fn follow(&mut self, device: Who) -> (u64, Reader) {
        let device = if device == Who::Admin {
            &self.admin
        } else {
            &self.counselor
        };
        let id = self.world.login(self.practice, device);
        self.world.follow(id, 0);
        (id, Reader::new(self.practice, device.member))
    }

    fn size(&self) -> u64 {
        self.world.size(&self.practice)
    }
}

#[derive(PartialEq)]
enum Who {
    Admin,
    Counselor,
}

#[test]
fn a_catch_up_folds_into_the_checkpoint_and_its_counts_are_true() {
    let mut s = scene();
    for _ in 0..5 {
        s.edit(1, b"sealed");
    }
    let (id, mut reader) = s.follow(Who::Admin);
    let items = s.world.items(id);
    assert!(
        items.last().unwrap().counts.is_some(),
        "a catch-up ends with signed counts"
    );
    reader.take_all(items);
    assert_eq!(reader.frontier.size(), s.size());
    assert_eq!(
        reader.positions(),
        (0..s.size()).collect::<Vec<_>>(),
        "an admin sees everything"
    );
}

#[test]
fn what_a_member_may_not_see_comes_as_roots() {
    let mut s = scene();
    let mut visible = vec![0, 2, 4];
    for round in 0..40 {
        s.edit(1, b"not for them");
        if round % 7 == 0 {
            visible.push(s.edit(2, b"for them"));
        }
    }
    let (id, mut reader) = s.follow(Who::Counselor);
    visible.push(s.size() - 1); // their own login
    reader.take_all(s.world.items(id));
    assert_eq!(reader.frontier.size(), s.size());
    assert_eq!(reader.positions(), visible);
    assert!(
        reader
            .seen
            .iter()
            .all(|(_, payload)| payload.as_deref() != Some(b"not for them"))
    );
}

#[test]
fn an_auditor_reads_statements_and_no_payload_but_the_rosters_sealed_keys() {
    let mut s = scene();
    let auditor = Device::new(3, member(3));
    s.world.append(
        s.id,
        vec![
            s.admin
                .add_member(s.world.state(&s.practice), &auditor, Role::Auditor),
        ],
    );
    s.edit(1, b"sealed");
    let id = s.world.login(s.practice, &auditor);
    s.world.follow(id, 0);
    let mut reader = Reader::new(s.practice, auditor.member);
    reader.take_all(s.world.items(id));
    s.edit(1, b"sealed");
    reader.take_all(s.world.items(id));
    assert_eq!(reader.positions().len() as u64, s.size());
    // The roster's payloads are sealed keys, their own among them: without these they could not add a device.
    let given = reader
        .seen
        .iter()
        .filter(|(_, payload)| payload.is_some())
        .count() as u64;
    assert_eq!(given, s.world.state(&s.practice).count(&Stream::Roster));
    let edits = reader.seen.iter().filter_map(|(_, payload)| payload.as_deref());
    assert!(edits.into_iter().all(|payload| payload != b"sealed"));
}

#[test]
fn what_is_new_comes_live_and_folds() {
    let mut s = scene();
    let (admin, mut all) = s.follow(Who::Admin);
    let (counselor, mut some) = s.follow(Who::Counselor);
    all.take_all(s.world.items(admin));
    some.take_all(s.world.items(counselor));
    s.edit(1, b"not for them");
    assert!(
        s.world.items(counselor).is_empty(),
        "what is not visible is not announced"
    );
    let position = s.edit(2, b"for them");
    some.take_all(s.world.items(counselor));
    all.take_all(s.world.items(admin));
    assert_eq!(some.positions().last(), Some(&position));
    assert_eq!(
        (some.frontier.root(), some.frontier.size()),
        (all.frontier.root(), s.size())
    );
    s.edit(1, b"not for them");
    s.world.pass(limits::BEAT_MS);
    let beat = s.world.items(counselor);
    assert_eq!((beat.len(), entries(&beat[0])), (1, 0));
    assert!(beat[0].counts.is_some());
    some.take_all(beat);
    assert_eq!(
        some.frontier.size(),
        s.size(),
        "the beat covers what is not visible"
    );
}

#[test]
fn a_quiet_follower_hears_a_beat_every_thirty_seconds() {
    let mut s = scene();
    let (id, mut reader) = s.follow(Who::Admin);
    reader.take_all(s.world.items(id));
    s.world.pass(limits::BEAT_MS - 1);
    assert!(s.world.items(id).is_empty());
    for _ in 0..3 {
        s.world.pass(1);
        let beat = s.world.items(id);
        assert_eq!(beat.len(), 1);
        reader.take_all(beat);
        s.world.pass(limits::BEAT_MS - 1);
    }
}

#[test]
fn beats_go_on_after_the_clock_was_a_day_ahead_and_put_right() {
    let mut s = scene();
    let (id, mut reader) = s.follow(Who::Admin);
    s.world.pass(DAY_MS);
    reader.take_all(s.world.items(id));
    s.world.now -= DAY_MS;
    s.world.pass(0);
    assert!(s.world.items(id).is_empty());
    for _ in 0..3 {
        s.world.pass(limits::BEAT_MS);
        let beat = s.world.items(id);
        assert_eq!(beat.len(), 1);
        reader.take_all(beat);
    }
}

#[test]
fn a_catch_up_goes_on_from_the_clients_own_frontier() {
    let mut s = scene();
    let (id, mut reader) = s.follow(Who::Admin);
    reader.take_all(s.world.items(id));
    s.world.disconnect(id);
    for _ in 0..300 {
        s.edit(1, b"sealed");
    }
    let id = s.world.login(s.practice, &s.admin);
    s.world.follow(id, reader.frontier.size());
    reader.begin_again();
    reader.take_all(s.world.items(id));
    assert_eq!(reader.positions(), (0..s.size()).collect::<Vec<_>>());
}

#[test]
fn a_long_catch_up_comes_in_frames_that_fold_one_by_one() {
    let mut s = scene();
    for _ in 0..9 {
        s.edit(2, &vec![7; 100_000]);
    }
    let (id, mut reader) = s.follow(Who::Counselor);
    let items = s.world.items(id);
    assert!(items.len() > 4, "{} frames", items.len());
    reader.take_all(items);
    assert_eq!(reader.frontier.size(), s.size());
}

#[test]
fn what_comes_during_a_catch_up_is_not_lost() {
    let mut s = scene();
    s.world.hold_readings();
    let (id, mut reader) = s.follow(Who::Admin);
    s.edit(1, b"meanwhile");
    s.edit(2, b"meanwhile");
    s.world.release_readings();
    reader.take_all(s.world.items(id));
    assert_eq!(reader.positions(), (0..s.size()).collect::<Vec<_>>());
}

#[test]
fn a_fetch_that_ends_during_a_catch_up_does_not_end_it() {
    let mut s = scene();
    for _ in 0..20 {
        s.edit(1, b"sealed");
    }
    s.world.hold_readings();
    let (id, mut reader) = s.follow(Who::Admin);
    let fetch = troth_protocol::wire::Fetch {
        request: 1,
        documents: vec![document(1)],
        size: 3,
        through: None,
    };
    s.world.send(id, ClientMessage::Fetch(fetch));
    s.world.release_readings();
    let mut frames = Vec::new();
    while let Some(message) = s.world.receive(id) {
        if let troth_protocol::wire::RelayMessage::Items(items) = message {
            frames.push(items);
        }
    }
    reader.take_all(frames);
    assert_eq!(
        reader.positions(),
        (0..s.size()).collect::<Vec<_>>(),
        "every entry once"
    );
}

#[test]
fn more_than_a_frame_holds_is_read_from_the_store_by_each_follower() {
    let mut s = scene();
    let (id, mut reader) = s.follow(Who::Counselor);
    reader.take_all(s.world.items(id));
    let edits = s
        .admin
        .edits(s.world.state(&s.practice), document(2), 80, &vec![9; 20_000]);
    let halves = edits.chunks(40).map(|half| Append {
        request: 1,
        uploads: half.to_vec(),
    });
    let writer = s.id;
    s.world.round(
        halves
            .map(|append| (writer, ClientMessage::Append(append)))
            .collect(),
    );
    let items = s.world.items(id);
    assert!(
        !s.world.closed.contains_key(&id),
        "the follower is not cut off for it"
    );
    reader.take_all(items);
    assert_eq!(reader.frontier.size(), s.size());
}

#[test]
fn many_writers_in_one_round_are_one_frame_for_each_view() {
    let mut s = scene();
    let (id, mut reader) = s.follow(Who::Counselor);
    reader.take_all(s.world.items(id));
    let theirs = s.world.login(s.practice, &s.counselor);
    let state = s.world.state(&s.practice);
    let (a, b) = (
        s.admin.edit(state, document(1), b"a"),
        s.counselor.edit(state, document(2), b"b"),
    );
    let append = |upload| {
        ClientMessage::Append(Append {
            request: 1,
            uploads: vec![upload],
        })
    };
    s.world.round(vec![(s.id, append(a)), (theirs, append(b))]);
    let items = s.world.items(id);
    assert_eq!((items.len(), entries(&items[0])), (1, 1));
    reader.take_all(items);
}

#[test]
fn r52_a_client_that_is_ahead_of_the_ledger_is_told() {
    let mut s = scene();
    let id = s.world.login(s.practice, &s.admin);
    s.world.follow(id, s.size() + 1);
    assert_eq!(s.world.refused(id).rule(), Rule::BeyondEnd);
    s.world.follow(id, s.size());
    assert_eq!(s.world.items(id).len(), 1, "it may ask again");
}

#[test]
fn r60_a_second_follow_waits_for_the_first_to_catch_up() {
    let mut s = scene();
    s.world.hold_readings();
    let (id, mut reader) = s.follow(Who::Admin);
    s.world.send(
        id,
        ClientMessage::Follow(Follow {
            nonce: NONCE,
            size: 1,
            through: None,
        }),
    );
    assert_eq!(s.world.refused(id).rule(), Rule::Quota);
    s.world.release_readings();
    reader.take_all(s.world.items(id));
    let size = s.size();
    s.world.follow(id, size);
    reader.begin_again();
    reader.take_all(s.world.items(id));
}
