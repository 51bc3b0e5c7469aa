//! What a relay answers to whoever asks: records from their beginning, where a kit belongs, that something was taken.

use std::sync::Arc;

use troth_client_core::crypto::Kit;
use troth_client_core::device::{Device, DeviceError, Effect, Event, Phase, Report};
use troth_client_core::storage::MemoryStorage;
use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{DocumentId, PracticeId};
use troth_protocol::statement::Role;
use troth_protocol::stream::Stream;
use troth_protocol::tree::leaf_hash;
use troth_protocol::wire::{self, ClientMessage, EntryItem, Item, Items, RelayMessage, RootsItem};
use troth_server::store::Store;
use troth_tests::network::{Network, RELAY};

use crate::scene::Scene;

/// The ledger up to a size, of which only some entries are shown: by their stream, and their number in it.
fn showing(
    store: &Arc<dyn Store>,
    practice: &PracticeId,
    size: u64,
    shows: impl Fn(&Stream, u64) -> bool,
) -> Vec<Item> {
    let rows = store.entries(practice, 0, size, usize::MAX).expect("readable");
    let item = |row: troth_server::store::EntryRow| {
        let leaf: Leaf = cbor::decode(&row.leaf).expect("a leaf");
        let parsed = Parsed::parse(leaf.signed.clone()).expect("a statement");
        if shows(&parsed.statement().stream(), leaf.stream_seq) {
            let payload = row.payload.filter(|payload| !payload.is_empty());
            return Item::Entry(EntryItem {
                leaf,
                payload: payload.map(Into::into),
            });
        }
        let roots = leaf_hash(&row.leaf).0.to_vec();
        Item::Roots(RootsItem { entries: 1, roots })
    };
    rows.into_iter().map(item).collect()
}

/// Roots in the place of entries of a stream.
fn hide(items: &mut Items, hides: impl Fn(&Stream, u64) -> bool) {
    for item in &mut items.items {
        let Item::Entry(entry) = item else { continue };
        let parsed = Parsed::parse(entry.leaf.signed.clone()).expect("a statement");
        if hides(&parsed.statement().stream(), entry.leaf.stream_seq) {
            let roots = leaf_hash(&entry.leaf.encode()).0.to_vec();
            *item = Item::Roots(RootsItem { entries: 1, roots });
        }
    }
}

/// A counselor is given a case whose joint record has two notes, and asks for it; the relay changes what it answers.
fn answered(seed: u64, mut change: impl FnMut(&mut Items, DocumentId) + 'static) -> (Scene, usize) {
    let mut scene = Scene::new(seed);
    let counselor = scene.net.admit(scene.writer, Role::Counselor, "Lin Mei");
    scene.write("a second one");
    let (writer, joint) = (scene.writer, scene.joint);
    let net = &mut scene.net;
    let case = net.seats[writer].device.cases().expect("readable")[0].id;
    net.tamper = Some(Box::new(move |message, seat| {
        if let (RelayMessage::Fetched(_, _, items), true) = (message, seat == counselor) {
            change(items, joint);
        }
        true
    }));
    let member = net.seats[counselor].device.member().expect("a member");
    net.seats[writer]
        .device
        .assign(&mut net.rng, &case, member)
        .expect("an admin");
    net.settle();
    net.pass(65_000);
    (scene, counselor)
}

/// The counselor said so, in these words, and shows nothing of the record.
fn told((mut scene, counselor): (Scene, usize), words: &str) {
    let joint = scene.joint;
    let seat = &mut scene.net.seats[counselor];
    let said = seat.reports.iter().find_map(|report| match report {
        Report::Dishonest(evidence) => Some(evidence.what.clone()),
        _ => None,
    });
    let said = said.unwrap_or_else(|| panic!("{:?}", seat.reports));
    assert!(said.contains(words), "{said}");
    assert_eq!(seat.device.phase(), Phase::Halted);
    let shown = seat.device.read(joint, |d| d.notes().len());
    assert!(shown.is_err(), "nothing of it is shown");
}

#[test]
fn a_record_is_not_believed_without_its_beginning() {
    let answered = answered(501, |items, joint| {
        hide(items, |stream, number| {
            *stream == Stream::Document(joint) && number == 0
        });
    });
    told(answered, "withholds part of a record");
}

#[test]
fn a_record_is_not_believed_with_a_gap() {
    let answered = answered(502, |items, joint| {
        hide(items, |stream, number| {
            *stream == Stream::Document(joint) && number == 1
        });
    });
    told(answered, "withholds part of a record");
}

#[test]
fn a_record_that_was_shared_is_not_left_out_of_the_answer() {
    let answered = answered(503, |items, joint| {
        hide(items, |stream, _| *stream == Stream::Document(joint));
    });
    told(answered, "withholds");
}

#[test]
fn another_streams_entries_are_no_answer_for_a_record() {
    let mut scene = Scene::new(505);
    let practice = scene.signer().practice;
    let store = scene.net.store.clone();
    drop(scene.net.tamper.take());
    let counselor = scene.net.admit(scene.writer, Role::Counselor, "Lin Mei");
    let (net, writer) = (&mut scene.net, scene.writer);
    let case = net.seats[writer].device.cases().expect("readable")[0].id;
    net.tamper = Some(Box::new(move |message, seat| {
        if let (RelayMessage::Fetched(_, _, items), true) = (message, seat == counselor) {
            let size = items.checkpoint.size;
            items.items = showing(&store, &practice, size, |stream, number| {
                *stream == Stream::Roster && number == 1
            });
        }
        true
    }));
    let member = net.seats[counselor].device.member().expect("a member");
    net.seats[writer]
        .device
        .assign(&mut net.rng, &case, member)
        .expect("an admin");
    net.settle();
    told((scene, counselor), "something else than the records");
}

#[test]
fn what_was_acknowledged_and_forgotten_is_sent_again() {
    let mut scene = Scene::new(506);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let before = scene.backup(dir.path());
    let (writer, victim) = (scene.writer, scene.victim);
    // It says that it has it, and shows it to nobody.
    scene.net.tamper = Some(Box::new(|message, _| !matches!(message, RelayMessage::Items(_))));
    scene.write("acknowledged");
    let acknowledged = scene.net.wire.iter().rev().take(40).any(|frame| {
        matches!(
            wire::message::<RelayMessage>(frame),
            Ok(RelayMessage::Appended(_))
        )
    });
    assert!(acknowledged);
    assert_eq!(
        scene.net.seats[writer].device.waiting(),
        1,
        "it is not done before it is folded"
    );
    scene.net.tamper = None;
    scene.net.swap_store(before);
    for seat in [writer, victim] {
        scene.back(seat);
    }
    scene.net.settle();
    assert_eq!(scene.net.seats[writer].device.waiting(), 0);
    assert_eq!(scene.read(victim), ["acknowledged", "before the lie"]);
}

fn answer(
    kit: &mut Device<MemoryStorage>,
    message: RelayMessage,
    net: &mut Network,
) -> Result<Vec<Effect>, DeviceError> {
    let frame = wire::frame(&message);
    kit.handle(net.now, &mut net.rng, Event::Frame(&frame))
}

#[test]
fn a_kit_that_is_sent_to_another_practice_finds_nothing_of_itself_there() {
    let mut scene = Scene::new(507);
    let kit = Kit::generate(&mut scene.net.rng);
    let net = &mut scene.net;
    net.seats[scene.writer]
        .device
        .add_kit(&mut net.rng, &kit)
        .expect("a kit");
    net.settle();
    // The relay's own practice, with a ledger that verifies.
    let stranger = net.practice();
    let theirs = net.seats[stranger].device.practice().expect("founded");
    let head = net.store.head(&theirs).expect("readable").expect("there");
    let everything = showing(&net.store, &theirs, head.size, |_, _| true);
    let key = net.ledger_key().clone();
    let checkpoint = |practice: &PracticeId| {
        let origin = troth_protocol::checkpoint::ledger_origin("relay.test:8787", practice);
        let signed = troth_protocol::checkpoint::Checkpoint::new(origin, head.size, head.root);
        signed.expect("plain").sign_compact(&key)
    };
    let mut brought = Device::of_kit(&mut net.rng, &kit, RELAY).expect("a kit");
    for event in [Event::Tick, Event::Opened] {
        brought.handle(net.now, &mut net.rng, event).expect("no fault");
    }
    let info = RelayMessage::Info(wire::Info {
        origin: "relay.test:8787".into(),
        ledger_key: troth_protocol::ids::VerifyingKey(key.verifying_key().to_bytes()),
        now: net.now,
    });
    answer(&mut brought, info, net).expect("no fault");
    let said = answer(&mut brought, RelayMessage::Located(Some(theirs)), net).expect("no fault");
    let sent = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Send(frame) => wire::message::<ClientMessage>(frame).ok(),
            _ => None,
        })
    };
    let Some(ClientMessage::Hello(hello)) = sent(&said) else {
        panic!("no hello: {said:?}");
    };
    let transcript = wire::Transcript::new(
        hello,
        troth_protocol::ids::Nonce([1; 32]),
        "relay.test:8787".into(),
        checkpoint(&theirs),
    );
    let said = answer(
        &mut brought,
        RelayMessage::Challenge(transcript.challenge(&key)),
        net,
    )
    .expect("no fault");
    assert!(matches!(sent(&said), Some(ClientMessage::Session(_))));
    let now = net.now;
    let said = answer(&mut brought, RelayMessage::Welcome(wire::Welcome { now }), net).expect("no fault");
    let Some(ClientMessage::Follow(follow)) = sent(&said) else {
        panic!("no follow: {said:?}");
    };
    let counts = troth_protocol::counts::Counts {
        nonce: follow.nonce,
        beat: 0,
        checkpoint: troth_protocol::statement::CheckpointRef {
            size: head.size,
            root: head.root,
        },
        digest: troth_protocol::ids::Hash::default(),
    };
    let items = RelayMessage::Items(wire::Items {
        from: 0,
        items: everything,
        checkpoint: checkpoint(&theirs),
        counts: Some(troth_protocol::counts::SignedCounts::sign(counts, &theirs, &key)),
    });
    let found = answer(&mut brought, items, net);
    assert!(matches!(found, Err(DeviceError::KitUnknown)), "{found:?}");
    assert_eq!(brought.member(), None);
    assert_ne!(brought.phase(), Phase::Live);
}

#[test]
fn a_catch_up_that_never_ends_is_broken_off_and_begun_again() {
    let mut scene = Scene::new(508);
    let victim = scene.victim;
    scene.net.offline(victim);
    scene.write("while it was away");
    scene.net.tamper = Some(Box::new(move |message, seat| {
        if let (RelayMessage::Items(items), true) = (message, seat == victim) {
            items.counts = None;
        }
        true
    }));
    let begun = scene.net.wire.len();
    scene.net.seats[victim].reports.clear();
    scene.back(victim);
    for _ in 0..6 {
        scene.write("and more, for as long as it listens");
        scene.net.pass(29_000);
        assert_ne!(scene.net.seats[victim].device.phase(), Phase::Live);
    }
    let id = scene.net.seats[victim].device.id();
    let hellos = scene.net.wire[begun..].iter().filter(|frame| {
        matches!(wire::message::<ClientMessage>(frame), Ok(ClientMessage::Hello(hello)) if hello.device == id)
    });
    assert!(hellos.count() >= 2, "it does not wait for ever");
    let caught_up = |report: &Report| matches!(report, Report::CaughtUp | Report::Dishonest(_));
    assert!(!scene.net.seats[victim].reports.iter().any(caught_up));
    scene.net.tamper = None;
    scene.net.disconnect(victim);
    for _ in 0..10 {
        scene.net.settle();
    }
    assert_eq!(scene.net.seats[victim].device.phase(), Phase::Live);
    assert_eq!(scene.read(victim).len(), 8);
}

#[test]
fn a_frame_whose_lengths_lie_is_no_message() {
    let mut scene = Scene::new(509);
    let known = scene.known();
    // An array of 2^60 items, a byte string of 2^60 bytes, and a map that is longer than the frame.
    for frame in [
        &b"\x01\x82\x04\x9b\x10\x00\x00\x00\x00\x00\x00\x00"[..],
        b"\x01\x82\x04\x81\x84\x00\x5b\x10\x00\x00\x00\x00\x00\x00\x00",
        b"\x01\xbb\x10\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x01",
        b"",
    ] {
        let effects = scene.net.seats[scene.victim]
            .device
            .handle(scene.net.now, &mut scene.net.rng, Event::Frame(frame))
            .expect("no fault");
        assert!(
            effects.iter().any(|effect| matches!(effect, Effect::Close)),
            "{frame:?}"
        );
        scene.net.perform(scene.victim, effects);
        scene.net.pass(2_000);
    }
    assert_eq!(scene.net.seats[scene.victim].device.frontier(), &known.frontier);
    for _ in 0..10 {
        scene.net.settle();
    }
    scene.write("it goes on");
    assert_eq!(scene.read(scene.victim), ["before the lie", "it goes on"]);
}
