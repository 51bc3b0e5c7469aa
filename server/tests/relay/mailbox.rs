//! Where a new device and an old one meet.

use troth_protocol::ids::DocumentId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{ClientMessage, Put, RelayMessage, Take};

use super::people::document;
use super::world::{DAY_MS, World};

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

fn refused(world: &mut World, id: u64) -> Rule {
    match world.receive(id) {
        Some(RelayMessage::NoMail(refusal)) => refusal.rule(),
        other => panic!("not refused: {other:?}"),
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
fn r53_a_slot_is_filled_once_and_gives_its_value_to_whoever_asks() {
    let mut world = World::new();
    let (id, other) = (world.connect(), world.connect());
    put(&mut world, id, 0, b"keys");
    mail(&mut world, id);
    put(&mut world, id, 0, b"others");
    assert_eq!(refused(&mut world, id), Rule::Mailbox);
    put(&mut world, id, 0, b"keys");
    assert_eq!(
        mail(&mut world, id),
        b"",
        "the same again is answered as the first time"
    );
    for _ in 0..2 {
        take(&mut world, other, 0);
        assert_eq!(mail(&mut world, other), b"keys");
    }
}

#[test]
fn r53_who_lost_a_connection_waits_on_another_beside_it() {
    let mut world = World::new();
    let (dead, again, puts) = (world.connect(), world.connect(), world.connect());
    take(&mut world, dead, 0);
    take(&mut world, again, 0);
    take(&mut world, again, 0);
    put(&mut world, puts, 0, b"keys");
    assert_eq!(mail(&mut world, again), b"keys");
    assert!(world.receive(again).is_none(), "once for each who waits");
}

#[test]
fn r60_eight_wait_at_one_mailbox() {
    let mut world = World::new();
    for _ in 0..8 {
        let waits = world.connect();
        take(&mut world, waits, 0);
        assert!(world.receive(waits).is_none());
    }
    let one_more = world.connect();
    take(&mut world, one_more, 0);
    assert_eq!(refused(&mut world, one_more), Rule::Quota);
}

#[test]
fn a_refusal_names_the_mailbox() {
    let mut world = World::new();
    let (first, second) = (world.connect(), world.connect());
    put(&mut world, first, 2, b"one");
    put(&mut world, second, 2, b"another");
    match world.receive(second) {
        Some(RelayMessage::NoMail(refusal)) => {
            assert_eq!((refusal.mailbox, refusal.slot), (document(1), 2));
        }
        other => panic!("not refused: {other:?}"),
    }
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
        refused(&mut world, waits),
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
    let (id, mut one_of_many) = (world.connect(), 0);
    let message = |number: u32| {
        ClientMessage::Put(Put {
            mailbox: numbered(number),
            slot: 0,
            value: vec![1],
        })
    };
    for number in 0..1024 {
        if number % 4 == 0 {
            one_of_many = world.connect();
        }
        world.send(one_of_many, message(number));
        mail(&mut world, one_of_many);
    }
    world.send(id, message(1024));
    assert_eq!(refused(&mut world, id), Rule::Quota);
    world.pass(limits::MAILBOX_MS);
    world.send(id, message(1024));
    assert_eq!(
        mail(&mut world, id),
        b"",
        "there is room again when the others have expired"
    );
}

fn numbered(number: u32) -> DocumentId {
    let mut mailbox = document(0);
    mailbox.0[..4].copy_from_slice(&number.to_be_bytes());
    mailbox
}

fn put_at(world: &mut World, id: u64, number: u32) {
    let put = Put {
        mailbox: numbered(number),
        slot: 0,
        value: vec![1],
    };
    world.send(id, ClientMessage::Put(put));
}

fn wait_at(world: &mut World, id: u64, number: u32) {
    let take = Take {
        mailbox: numbered(number),
        slot: 0,
    };
    world.send(id, ClientMessage::Take(take));
}

#[test]
fn r60_a_connection_holds_four_mailboxes_and_may_visit_others() {
    let mut world = World::new();
    let (greedy, other) = (world.connect(), world.connect());
    for number in 0..4 {
        put_at(&mut world, greedy, number);
        mail(&mut world, greedy);
    }
    wait_at(&mut world, greedy, 4);
    assert_eq!(refused(&mut world, greedy), Rule::Quota);
    put(&mut world, other, 0, b"keys");
    mail(&mut world, other);
    take(&mut world, greedy, 0);
    assert_eq!(mail(&mut world, greedy), b"keys", "it did not open this one");
}

#[test]
fn who_waits_at_a_fifth_leaves_the_first_where_nobody_came() {
    let mut world = World::new();
    let (waits, comes) = (world.connect(), world.connect());
    for number in 0..5 {
        world.pass(1);
        wait_at(&mut world, waits, number);
        assert!(world.receive(waits).is_none());
    }
    put_at(&mut world, comes, 0);
    assert_eq!(mail(&mut world, comes), b"");
    assert!(world.receive(waits).is_none(), "it left this one");
    put_at(&mut world, comes, 4);
    assert_eq!(mail(&mut world, waits), [1]);
    wait_at(&mut world, waits, 0);
    assert_eq!(
        mail(&mut world, waits),
        [1],
        "and came back to what waited for it"
    );
}

#[test]
fn strangers_who_waited_everywhere_and_left_keep_nobody_from_linking() {
    let mut world = World::new();
    let strangers: Vec<u64> = (0..256).map(|_| world.connect()).collect();
    for number in 0..1024 {
        wait_at(&mut world, strangers[number as usize / 4], number);
    }
    let new = world.connect();
    put(&mut world, new, 0, b"keys");
    assert_eq!(refused(&mut world, new), Rule::Quota, "every mailbox is taken");
    for stranger in strangers {
        world.disconnect(stranger);
    }
    put(&mut world, new, 0, b"keys");
    assert_eq!(mail(&mut world, new), b"", "they left no mailbox behind");
}

#[test]
fn who_leaves_does_not_take_along_what_was_put() {
    let mut world = World::new();
    let (puts, takes, late) = (world.connect(), world.connect(), world.connect());
    put(&mut world, puts, 0, b"keys");
    put(&mut world, puts, 1, b"answer");
    take(&mut world, takes, 0);
    assert_eq!(mail(&mut world, takes), b"keys");
    world.disconnect(puts);
    world.disconnect(takes);
    put(&mut world, late, 0, b"others");
    assert_eq!(refused(&mut world, late), Rule::Mailbox, "slot 0 was used");
    take(&mut world, late, 1);
    assert_eq!(mail(&mut world, late), b"answer");
}

#[test]
fn a_mailbox_expires_though_the_clock_was_a_day_ahead_when_it_was_opened() {
    let mut world = World::new();
    let (waits, puts) = (world.connect(), world.connect());
    world.pass(DAY_MS);
    take(&mut world, waits, 1);
    put(&mut world, puts, 0, b"keys");
    mail(&mut world, puts);
    world.now -= DAY_MS;
    world.pass(0);
    world.pass(limits::MAILBOX_MS - 1);
    assert!(world.receive(waits).is_none(), "it has its ten minutes");
    world.pass(1);
    assert_eq!(refused(&mut world, waits), Rule::Mailbox);
}
