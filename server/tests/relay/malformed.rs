//! Bytes that are no message of this protocol change nothing.

use troth_protocol::ids::{Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{self, Append, ClientMessage, Fetch, Hello, Put};

use super::people::{Device, document, member};
use super::world::World;

fn scene() -> (World, Device, PracticeId) {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    (world, admin, practice)
}

fn closed_by(world: &mut World, frame: &[u8]) -> Rule {
    let before = world.all();
    let id = world.connect();
    world.raw(id, frame);
    let rule = world.closed[&id];
    assert!(world.all() == before, "{rule:?} changed something");
    rule
}

#[test]
fn r1_a_frame_that_is_cut_short_or_goes_on_is_refused() {
    let (mut world, admin, practice) = scene();
    let hello = Hello {
        practice,
        device: admin.id(),
        nonce: Nonce([1; 32]),
        size: 0,
    };
    let frame = wire::frame(&ClientMessage::Hello(hello));
    for length in 0..frame.len() {
        assert_eq!(
            closed_by(&mut world, &frame[..length]),
            Rule::Malformed,
            "{length} bytes"
        );
    }
    let mut longer = frame.clone();
    longer.push(0);
    assert_eq!(closed_by(&mut world, &longer), Rule::Malformed);
}

#[test]
fn r1_a_second_spelling_is_refused() {
    let (mut world, admin, practice) = scene();
    let hello = Hello {
        practice,
        device: admin.id(),
        nonce: Nonce([1; 32]),
        size: 0,
    };
    let mut frame = wire::frame(&ClientMessage::Hello(hello));
    assert_eq!(frame.pop(), Some(0));
    frame.extend([0x18, 0]); // the same size, as a longer integer
    assert_eq!(closed_by(&mut world, &frame), Rule::Malformed);
}

#[test]
fn r2_another_version_is_refused() {
    let (mut world, _, _) = scene();
    let mut frame = wire::frame(&ClientMessage::Info);
    for version in [0, 2, 255] {
        frame[0] = version;
        assert_eq!(closed_by(&mut world, &frame), Rule::Version);
    }
}

#[test]
fn r3_what_exceeds_a_limit_is_refused() {
    let (mut world, admin, practice) = scene();
    assert_eq!(closed_by(&mut world, &vec![1; limits::FRAME + 1]), Rule::TooLarge);
    let put = Put {
        mailbox: document(1),
        slot: 0,
        value: vec![0; limits::MAILBOX_VALUE + 1],
    };
    assert_eq!(
        closed_by(&mut world, &wire::frame(&ClientMessage::Put(put))),
        Rule::TooLarge
    );
    let put = Put {
        mailbox: document(1),
        slot: limits::MAILBOX_SLOTS,
        value: vec![],
    };
    assert_eq!(
        closed_by(&mut world, &wire::frame(&ClientMessage::Put(put))),
        Rule::TooLarge
    );

    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let edits = admin.edits(
        world.state(&practice),
        document(1),
        limits::APPEND_STATEMENTS + 1,
        b"sealed",
    );
    assert_eq!(world.append_refused(id, edits).rule(), Rule::TooLarge);
    assert_eq!(world.append_refused(id, vec![]).rule(), Rule::TooLarge);
    let long = admin.edit(world.state(&practice), document(1), &vec![7; limits::PAYLOAD + 1]);
    assert_eq!(world.append_refused(id, vec![long]).rule(), Rule::TooLarge);
    let documents = vec![document(1); limits::FETCH_DOCUMENTS + 1];
    world.send(
        id,
        ClientMessage::Fetch(Fetch {
            request: 4,
            documents,
            size: 1,
            through: None,
        }),
    );
    assert_eq!(world.refused(id).rule(), Rule::TooLarge);
    let longest = admin.edit(world.state(&practice), document(1), &vec![7; limits::PAYLOAD]);
    assert_eq!(
        world.append(id, vec![longest]).len(),
        1,
        "what just fits is taken"
    );
}

#[test]
fn r1_a_statement_that_does_not_encode_to_itself_is_refused() {
    let (mut world, admin, practice) = scene();
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let size = world.size(&practice);
    for change in [
        |bytes: &mut Vec<u8>| bytes.push(0),
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1),
    ] {
        let mut upload = admin.edit(world.state(&practice), document(1), b"sealed");
        change(&mut upload.signed.statement);
        let refused = world.append_refused(id, vec![upload]);
        assert_eq!((refused.request, refused.rule()), (1, Rule::Malformed));
    }
    assert_eq!(world.size(&practice), size);
}

#[test]
fn the_refusal_names_the_statement() {
    let (mut world, admin, practice) = scene();
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let mut uploads = admin.edits(world.state(&practice), document(1), 3, b"sealed");
    uploads[2].payload.push(0);
    world.send(id, ClientMessage::Append(Append { request: 77, uploads }));
    let refused = world.refused(id);
    assert_eq!(
        (refused.request, refused.index, refused.rule()),
        (77, 2, Rule::PayloadMismatch)
    );
}
