//! Where a new device and an old one meet.

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{ClientMessage, Put, RelayMessage, Take};

use super::people::document;
use super::world::World;

fn put(world: &mut World, id: u64, slot: u8, value: &[u8]) {
    world.send(
        id,
        ClientMessage::Put(Put {
            mailbox: document(1),
            slot,
            value: value.to_vec(),
        }),
    );
}

fn take(world: &mut World, id: u64, slot: u8) {
    world.send(
        id,
        ClientMessage::Take(Take {
            mailbox: document(1),
            slot,
        }),
    );
}

fn mail(world: &mut World, id: u64) -> Vec<u8> {
    match world.receive(id) {
        Some(RelayMessage::Mail(put)) => put.value,
        other => panic!("no mail: {other:?}"),
    }
}

#[test]
fn a_value_waits_for_whoever_takes_it() {
    let mut world = World::new();
    let (new, old) = (world.connect(), world.connect());
    put(&mut world, new, 0, b"keys");
    assert_eq!(mail(&mut world, new), b"", "it was put");
    take(&mut world, old, 0);
    assert_eq!(mail(&mut world, old), b"keys");
}

#[test]
fn whoever_waits_gets_it_when_it_comes() {
    let mut world = World::new();
    let (new, old) = (world.connect(), world.connect());
    take(&mut world, new, 1);
    assert!(world.receive(new).is_none());
    put(&mut world, old, 1, b"answer");
    assert_eq!(mail(&mut world, new), b"answer");
    assert_eq!(mail(&mut world, old), b"");
}

#[test]
fn r53_a_slot_is_filled_once_and_emptied_once() {
    let mut world = World::new();
    let id = world.connect();
    put(&mut world, id, 0, b"keys");
    mail(&mut world, id);
    put(&mut world, id, 0, b"others");
    assert_eq!(world.refused(id).rule(), Rule::Mailbox);
    take(&mut world, id, 0);
    assert_eq!(mail(&mut world, id), b"keys");
    take(&mut world, id, 0);
    assert_eq!(world.refused(id).rule(), Rule::Mailbox);
    put(&mut world, id, 0, b"again");
    assert_eq!(
        world.refused(id).rule(),
        Rule::Mailbox,
        "a slot that was emptied is not filled again"
    );
}

#[test]
fn r53_one_waits_at_a_slot_at_a_time() {
    let mut world = World::new();
    let (one, two) = (world.connect(), world.connect());
    take(&mut world, one, 0);
    take(&mut world, two, 0);
    assert_eq!(world.refused(two).rule(), Rule::Mailbox);
    world.disconnect(one);
    take(&mut world, two, 0);
    put(&mut world, two, 0, b"keys");
    assert_eq!(
        mail(&mut world, two),
        b"",
        "who left waits no more, and the next one may"
    );
    assert_eq!(mail(&mut world, two), b"keys");
}

#[test]
fn r53_after_ten_minutes_it_is_gone() {
    let mut world = World::new();
    let (waits, other) = (world.connect(), world.connect());
    put(&mut world, other, 0, b"keys");
    take(&mut world, waits, 1);
    world.pass(limits::MAILBOX_MS - 1);
    assert!(world.receive(waits).is_none());
    world.pass(1);
    assert_eq!(
        world.refused(waits).rule(),
        Rule::Mailbox,
        "who still waits is told"
    );
    mail(&mut world, other);
    take(&mut world, other, 0);
    assert!(
        world.receive(other).is_none(),
        "nothing is there: it waits in a new mailbox"
    );
}

#[test]
fn r60_mailboxes_are_limited() {
    let mut world = World::new();
    let id = world.connect();
    let message = |number: u32| {
        let mut mailbox = document(0);
        mailbox.0[..4].copy_from_slice(&number.to_be_bytes());
        ClientMessage::Put(Put {
            mailbox,
            slot: 0,
            value: vec![1],
        })
    };
    for number in 0..1024 {
        world.send(id, message(number));
        mail(&mut world, id);
    }
    world.send(id, message(1024));
    assert_eq!(world.refused(id).rule(), Rule::Quota);
    world.pass(limits::MAILBOX_MS);
    world.send(id, message(1024));
    assert_eq!(
        mail(&mut world, id),
        b"",
        "there is room again when the others have expired"
    );
}
