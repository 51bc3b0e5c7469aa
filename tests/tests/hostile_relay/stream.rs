//! Lies in the stream of items: altered, dropped, reordered, replayed, invented, another's.

use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Signed};
use troth_protocol::ids::{Hash, InviteId, MemberId, VerifyingKey};
use troth_protocol::keys::{ClassKeys, DeviceKeys, ED25519, SealingKey, X_WING_LEN};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, DeviceKind, Role, Roster, RosterAction, Seen, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{EntryItem, Item, RelayMessage, RootsItem};

use crate::scene::{Scene, first};

/// Three edits wait for the victim in one frame.
fn behind(seed: u64) -> Scene {
    let mut scene = Scene::new(seed);
    scene.net.offline(scene.victim);
    for text in ["one", "two", "three"] {
        scene.write(text);
    }
    scene.net.online(scene.victim);
    // It tries again within a minute.
    scene.net.pass(60_000);
    scene
}

#[test]
fn an_altered_entry_does_not_fold() {
    let mut scene = Scene::new(1);
    let known = scene.known();
    scene.lie(|items| {
        if let Some(entry) = first(items) {
            entry.leaf.received += 1;
        }
    });
    scene.write("altered on its way");
    scene.caught(&known, "does not fold");
}

#[test]
fn an_altered_statement_is_not_its_authors_though_the_relay_signs_the_ledger_with_it() {
    let mut scene = Scene::new(2);
    let (known, signer) = (scene.known(), scene.signer());
    let frontier = known.frontier.clone();
    scene.lie(move |items| {
        if let Some(entry) = first(items) {
            *entry.leaf.signed.statement.last_mut().expect("not empty") ^= 1;
            signer.sign(items, &frontier);
        }
    });
    scene.write("altered and signed for");
    scene.caught(&known, "breaks rule R5");
}

#[test]
fn a_dropped_entry_does_not_fold() {
    let mut scene = behind(3);
    let known = scene.known();
    scene.lie(|items| {
        if items.items.len() == 3 {
            items.items.remove(1);
        }
    });
    scene.net.settle();
    scene.caught(&known, "does not fold");
}

#[test]
fn an_entry_left_out_of_a_ledger_that_the_relay_signs_anew_is_missed_by_the_next() {
    let mut scene = behind(4);
    let (known, signer) = (scene.known(), scene.signer());
    let frontier = known.frontier.clone();
    scene.lie(move |items| {
        if items.items.len() == 3 {
            items.items.remove(1);
            signer.sign(items, &frontier);
        }
    });
    scene.net.settle();
    scene.caught(&known, "breaks rule R");
}

#[test]
fn what_came_before_a_lie_in_the_same_frame_is_not_kept_either() {
    let mut scene = behind(12);
    let (known, signer) = (scene.known(), scene.signer());
    let frontier = known.frontier.clone();
    scene.lie(move |items| {
        if let (3, Some(Item::Entry(last))) = (items.items.len(), items.items.last_mut()) {
            last.leaf.stream_seq += 1;
            signer.sign(items, &frontier);
        }
    });
    scene.net.settle();
    scene.caught(&known, "breaks rule R17");
    assert_eq!(scene.read(scene.victim), ["before the lie"]);
}

#[test]
fn reordered_entries_are_not_their_authors_order_though_the_relay_signs_it() {
    for sign in [false, true] {
        let mut scene = behind(5);
        let (known, signer) = (scene.known(), scene.signer());
        let frontier = known.frontier.clone();
        scene.lie(move |items| {
            if items.items.len() == 3 {
                items.items.swap(0, 1);
                if sign {
                    signer.sign(items, &frontier);
                }
            }
        });
        scene.net.settle();
        scene.caught(&known, if sign { "breaks rule R" } else { "does not fold" });
    }
}

#[test]
fn a_frame_sent_again_does_not_fold() {
    let mut scene = Scene::new(6);
    let mut kept = None;
    scene.lie(move |items| match &kept {
        None => kept = Some(items.clone()),
        Some(again) => *items = again.clone(),
    });
    scene.write("sent once");
    let known = scene.known();
    assert_eq!(scene.read(scene.victim), ["before the lie", "sent once"]);
    scene.write("the frame before is sent in its place");
    scene.caught(&known, "does not fold");
}

#[test]
fn a_frame_of_an_earlier_connection_does_not_fold() {
    let mut scene = Scene::new(12);
    let mut kept = None;
    scene.lie(move |items| {
        if first(items).is_some() {
            match &kept {
                None => kept = Some(items.clone()),
                Some(earlier) => *items = earlier.clone(),
            }
        }
    });
    scene.write("in the first connection");
    scene.net.disconnect(scene.victim);
    scene.back(scene.victim);
    let known = scene.known();
    scene.write("in the second");
    scene.caught(&known, "does not fold");
}

#[test]
fn an_entry_stands_once_though_the_relay_signs_the_ledger_with_it_twice() {
    let mut scene = Scene::new(13);
    let (known, signer) = (scene.known(), scene.signer());
    let frontier = known.frontier.clone();
    scene.lie(move |items| {
        if let Some(entry) = first(items).map(|entry| entry.clone()) {
            items.items.push(Item::Entry(entry));
            signer.sign(items, &frontier);
        }
    });
    scene.write("twice");
    // The second one is not what its author's next edit would have to be.
    scene.caught(&known, "breaks rule R5");
}

#[test]
fn the_relays_clock_does_not_go_back() {
    let mut scene = Scene::new(7);
    let (known, signer) = (scene.known(), scene.signer());
    let frontier = known.frontier.clone();
    scene.lie(move |items| {
        if let Some(entry) = first(items) {
            entry.leaf.received = 1;
            signer.sign(items, &frontier);
        }
    });
    scene.write("long ago");
    scene.caught(&known, "breaks rule R16");
}

#[test]
fn another_edits_payload_is_not_this_ones() {
    let mut scene = Scene::new(8);
    let mut payload = None;
    scene.lie(move |items| {
        if let Some(entry) = first(items) {
            match &payload {
                None => payload = entry.payload.clone(),
                other => entry.payload = other.clone(),
            }
        }
    });
    scene.write("with its own payload");
    let known = scene.known();
    scene.write("with the other's payload");
    scene.caught(&known, "breaks rule R4");
}

/// A device that the relay made up, as its keys say.
fn ghost(key: &ed25519_dalek::SigningKey) -> DeviceKeys {
    let sealing = SealingKey::x_wing(&[7; X_WING_LEN]).expect("the right length");
    DeviceKeys {
        algorithm: ED25519,
        signing: VerifyingKey(key.verifying_key().to_bytes()),
        sealing: sealing.clone(),
        sensitive: sealing,
    }
}

#[test]
fn a_ghost_device_is_not_let_in_whoever_the_relay_says_signed_for_it() {
    for (claims_to_be_the_writer, rule) in [(true, "breaks rule R5"), (false, "breaks rule R11")] {
        let mut scene = Scene::new(9);
        let (known, signer) = (scene.known(), scene.signer());
        let writer = scene.net.seats[scene.writer].device.id();
        let member = scene.net.seats[scene.writer].device.member().expect("a member");
        let (frontier, state) = (known.frontier.clone(), known.state.clone());
        scene.lie(move |items| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
            let device = ghost(&key);
            let head = state.roster.head();
            let proof = Signature::sign(&key, labels::DEVICE_PROOF, &signer.practice, member.as_bytes());
            let signed_by = if claims_to_be_the_writer {
                writer
            } else {
                device.id()
            };
            let add = RosterAction::AddDevice {
                device: Box::new(device),
                kind: DeviceKind::Device,
                proof,
            };
            let statement = cbor::encode(&Statement {
                signer: signed_by,
                seen: Some(Seen {
                    roster: head,
                    control: None,
                }),
                payload: None,
                body: Body::Roster(Roster {
                    prev: head,
                    actions: vec![add],
                    sealings: Vec::new(),
                }),
            });
            let signature = Signature::sign(&key, labels::STATEMENT, &signer.practice, &statement);
            let leaf = Leaf {
                received: state.received,
                stream_seq: state.count(&Stream::Roster),
                signed: Signed { statement, signature },
            };
            items.items = vec![Item::Entry(EntryItem { leaf, payload: None })];
            signer.sign(items, &frontier);
        });
        scene.write("and with it a ghost");
        let devices = scene.net.seats[scene.victim].device.devices().expect("readable");
        assert_eq!(devices.len(), 2, "the two that belong here");
        scene.caught(&known, rule);
    }
}

#[test]
fn a_ghost_member_is_not_let_in_whoever_the_relay_says_signed_for_them() {
    for (claims_to_be_the_writer, rule) in [(true, "breaks rule R5"), (false, "breaks rule R11")] {
        let mut scene = Scene::new(14);
        let (known, signer) = (scene.known(), scene.signer());
        let writer = scene.net.seats[scene.writer].device.id();
        let (frontier, state) = (known.frontier.clone(), known.state.clone());
        scene.lie(move |items| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
            let device = ghost(&key);
            let (head, member) = (state.roster.head(), MemberId([66; 16]));
            let signed_by = if claims_to_be_the_writer {
                writer
            } else {
                device.id()
            };
            let keys = ClassKeys {
                general: device.sealing.clone(),
                sensitive: device.sensitive.clone(),
            };
            let add = RosterAction::AddMember {
                invite: InviteId([66; 16]),
                member,
                role: Role::Admin,
                device: Box::new(device),
                proof: Signature::sign(&key, labels::DEVICE_PROOF, &signer.practice, member.as_bytes()),
                keys: Box::new(keys),
            };
            let statement = cbor::encode(&Statement {
                signer: signed_by,
                seen: Some(Seen {
                    roster: head,
                    control: None,
                }),
                payload: None,
                body: Body::Roster(Roster {
                    prev: head,
                    actions: vec![add],
                    sealings: Vec::new(),
                }),
            });
            let signature = Signature::sign(&key, labels::STATEMENT, &signer.practice, &statement);
            let leaf = Leaf {
                received: state.received,
                stream_seq: state.count(&Stream::Roster),
                signed: Signed { statement, signature },
            };
            items.items = vec![Item::Entry(EntryItem { leaf, payload: None })];
            signer.sign(items, &frontier);
        });
        scene.write("and with it a ghost");
        let roster = &scene.known().state.roster;
        assert_eq!(roster.members().len(), 1, "who belongs here");
        scene.caught(&known, rule);
    }
}

#[test]
fn another_practices_items_are_not_this_ones() {
    for sign in [false, true] {
        let mut scene = Scene::new(10);
        let stranger = scene.net.practice();
        let (known, signer) = (scene.known(), scene.signer());
        let (victim, frontier) = (scene.victim, known.frontier.clone());
        let mut theirs = None;
        scene.net.tamper = Some(Box::new(move |message, seat| {
            let RelayMessage::Items(items) = message else {
                return true;
            };
            if seat == stranger && first(items).is_some() {
                theirs = Some(items.clone());
            } else if let (true, Some(theirs)) = (seat == victim, &theirs) {
                *items = theirs.clone();
                if sign {
                    signer.sign(items, &frontier);
                }
            }
            true
        }));
        let device = &mut scene.net.seats[stranger].device;
        device
            .new_case(scene.net.now, &mut scene.net.rng, "Lindqvist", "Maja", None)
            .expect("a case");
        scene.net.settle();
        scene.write("here");
        scene.caught(
            &known,
            if sign {
                "breaks rule R11"
            } else {
                "not signed by the relay's key"
            },
        );
    }
}

#[test]
fn a_run_of_more_entries_than_there_are_does_not_fold() {
    let mut scene = Scene::new(11);
    let known = scene.known();
    scene.lie(|items| {
        items.items = vec![Item::Roots(RootsItem {
            entries: u64::MAX,
            roots: Hash::default().0.to_vec(),
        })];
    });
    scene.write("hidden behind nothing");
    scene.caught(&known, "does not fold");
}
