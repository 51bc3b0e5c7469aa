//! Who gets in.

use troth_protocol::ids::{Hash, Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;
use troth_protocol::wire::{ClientMessage, Follow, Hello, RelayMessage};

use super::people::{Device, document, member};
use super::world::{ORIGIN, World};

const ADMIN: u8 = 1;

fn practice(world: &mut World) -> (Device, PracticeId) {
    let device = Device::new(ADMIN, member(1));
    let practice = world.found(&device, 1);
    (device, practice)
}

#[test]
fn a_device_proves_itself_and_the_relay_does_too() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let id = world.login(practice, &device);
    assert!(world.receive(id).is_none());
    assert!(!world.closed.contains_key(&id));
}

#[test]
fn the_challenge_shows_the_ledger_as_it_is() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let id = world.connect();
    world.send(
        id,
        ClientMessage::Hello(Hello {
            practice,
            device: device.id(),
            nonce: Nonce([1; 32]),
            size: 0,
        }),
    );
    let Some(RelayMessage::Challenge(challenge)) = world.receive(id) else {
        panic!("no challenge")
    };
    assert_eq!(
        (challenge.origin.as_str(), challenge.checkpoint.size),
        (ORIGIN, 1)
    );
}

#[test]
fn r10_an_unknown_practice_is_refused() {
    let mut world = World::new();
    let (device, _) = practice(&mut world);
    let id = world.connect();
    let hello = Hello {
        practice: PracticeId([9; 32]),
        device: device.id(),
        nonce: Nonce([1; 32]),
        size: 0,
    };
    world.send(id, ClientMessage::Hello(hello));
    assert_eq!(world.closed[&id], Rule::UnknownPractice);
}

#[test]
fn r11_a_device_that_the_practice_never_had_is_refused() {
    let mut world = World::new();
    let (_, practice) = practice(&mut world);
    let id = world.try_login(practice, &Device::new(9, member(1)));
    assert_eq!(world.closed[&id], Rule::UnknownDevice);
}

#[test]
fn r12_a_device_that_was_revoked_is_refused() {
    let mut world = World::new();
    let (admin, practice) = practice(&mut world);
    let other = Device::new(2, member(1));
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.add_device(world.state(&practice), &other)]);
    world.append(id, vec![admin.revoke(world.state(&practice), &other)]);
    let late = world.try_login(practice, &other);
    assert_eq!(world.closed[&late], Rule::Revoked);
}

#[test]
fn r12_a_device_that_is_revoked_in_the_middle_of_its_session_is_cut_off() {
    let mut world = World::new();
    let (admin, practice) = practice(&mut world);
    let other = Device::new(2, member(1));
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.add_device(world.state(&practice), &other)]);
    let gone = world.login(practice, &other);
    world.follow(gone, 0);
    world.items(gone);
    world.append(id, vec![admin.revoke(world.state(&practice), &other)]);
    assert_eq!(world.closed[&gone], Rule::Revoked);
    let size = world.size(&practice);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    assert_eq!(
        world.items(gone),
        vec![],
        "it hears nothing of entry {size} and what follows"
    );
}

#[test]
fn r12_a_member_who_is_removed_is_cut_off_with_their_devices() {
    let mut world = World::new();
    let (admin, practice) = practice(&mut world);
    let other = Device::new(2, member(2));
    let id = world.login(practice, &admin);
    let role = troth_protocol::statement::Role::Counselor;
    world.append(id, vec![admin.add_member(world.state(&practice), &other, role)]);
    let gone = world.login(practice, &other);
    let remove = troth_protocol::statement::RosterAction::RemoveMember { member: other.member };
    world.append(
        id,
        vec![admin.roster(world.state(&practice), vec![remove], vec![])],
    );
    assert_eq!(world.closed[&gone], Rule::Revoked);
}

#[test]
fn r50_a_login_holds_on_its_own_connection_only() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let (first, second) = (world.connect(), world.connect());
    let transcript = world.hello(first, practice, &device, 0);
    world.hello(second, practice, &device, 0);
    let session = device.session(world.state(&practice), transcript);
    world.send(second, ClientMessage::Session(session.clone()));
    assert_eq!(world.closed[&second], Rule::Transcript);
    assert_eq!(world.size(&practice), 1, "nothing was logged");
    world.send(first, ClientMessage::Session(session));
    assert_eq!(
        world
            .receive(first)
            .map(|m| matches!(m, RelayMessage::Welcome(_))),
        Some(true)
    );
}

#[test]
fn r50_another_device_of_the_practice_cannot_log_in_for_the_one_that_said_hello() {
    let mut world = World::new();
    let (admin, practice) = practice(&mut world);
    let other = Device::new(2, member(1));
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.add_device(world.state(&practice), &other)]);
    let id = world.connect();
    let transcript = world.hello(id, practice, &admin, 0);
    world.send(
        id,
        ClientMessage::Session(other.session(world.state(&practice), transcript)),
    );
    assert_eq!(world.closed[&id], Rule::Transcript);
}

#[test]
fn r5_a_login_that_somebody_else_signed_is_refused() {
    let mut world = World::new();
    let (admin, practice) = practice(&mut world);
    let id = world.connect();
    let transcript = world.hello(id, practice, &admin, 0);
    let mut session = admin.session(world.state(&practice), transcript);
    session.signature = Device::new(9, member(1))
        .session(world.state(&practice), transcript)
        .signature;
    world.send(id, ClientMessage::Session(session));
    assert_eq!(world.closed[&id], Rule::BadSignature);
}

#[test]
fn r51_messages_come_in_the_order_of_the_states() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let hello = ClientMessage::Hello(Hello {
        practice,
        device: device.id(),
        nonce: Nonce([1; 32]),
        size: 0,
    });
    let follow = ClientMessage::Follow(Follow {
        nonce: Nonce([1; 32]),
        size: 0,
        through: None,
    });
    let session = ClientMessage::Session(device.session(world.state(&practice), Hash::default()));
    for early in [follow.clone(), session] {
        let id = world.connect();
        world.send(id, early);
        assert_eq!(world.closed[&id], Rule::OutOfOrder);
    }
    let id = world.connect();
    world.send(id, hello.clone());
    world.send(id, follow);
    assert_eq!(world.closed[&id], Rule::OutOfOrder, "to follow, one is logged in");
    let id = world.login(practice, &device);
    world.send(id, hello);
    assert_eq!(world.closed[&id], Rule::OutOfOrder, "one says hello once");
}

#[test]
fn a_login_is_logged_once_in_twelve_hours() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let log = Stream::device(&device.id());
    world.login(practice, &device);
    world.login(practice, &device);
    world.pass(limits::SESSION_LOGGED_MS - 1);
    world.login(practice, &device);
    assert_eq!(world.state(&practice).count(&log), 1);
    world.pass(1);
    world.login(practice, &device);
    assert_eq!(world.state(&practice).count(&log), 2);
}

#[test]
fn a_device_that_logs_in_twice_at_the_same_moment_is_logged_once() {
    let mut world = World::new();
    let (device, practice) = practice(&mut world);
    let sessions: Vec<_> = (0..2)
        .map(|_| {
            let id = world.connect();
            let transcript = world.hello(id, practice, &device, 0);
            (
                id,
                ClientMessage::Session(device.session(world.state(&practice), transcript)),
            )
        })
        .collect();
    let ids: Vec<_> = sessions.iter().map(|(id, _)| *id).collect();
    world.round(sessions);
    for id in ids {
        assert!(matches!(world.receive(id), Some(RelayMessage::Welcome(_))));
    }
    assert_eq!(world.state(&practice).count(&Stream::device(&device.id())), 1);
}
