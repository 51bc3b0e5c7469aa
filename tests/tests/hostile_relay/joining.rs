//! Lies at the mailbox of an invitation, and to whoever was let in afterwards.

use std::cell::RefCell;
use std::rc::Rc;

use minicbor::{Decode, Encode};
use troth_client_core::crypto::SealingSecret;
use troth_client_core::device::{DeviceError, Phase, Report};
use troth_protocol::cbor;
use troth_protocol::ids::VerifyingKey;
use troth_protocol::keys::{DeviceKeys, ED25519, SealingKey};
use troth_protocol::statement::Role;
use troth_protocol::wire::{self, ClientMessage, Item, Put, RelayMessage, RootsItem};

use crate::linking::{entries, misled, show};
use crate::scene::Scene;

/// What both sides put first in the clear: a device's keys, and a commitment or a number.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Said {
    #[n(0)]
    device: DeviceKeys,
    #[cbor(n(1), with = "minicbor::bytes")]
    bytes: [u8; 32],
}

fn relays_keys() -> DeviceKeys {
    let sealing = SealingSecret::from_bytes(&[66; 32]).public().to_bytes();
    let sealing = SealingKey::x_wing(&sealing).expect("an X-Wing key");
    let signing = ed25519_dalek::SigningKey::from_bytes(&[66; 32]).verifying_key();
    DeviceKeys {
        algorithm: ED25519,
        signing: VerifyingKey(signing.to_bytes()),
        sealing: sealing.clone(),
        sensitive: sealing,
    }
}

fn change_said(put: &mut Put, change: impl FnOnce(&mut Said)) {
    let mut said: Said = cbor::decode(&put.value).expect("what both sides say first");
    change(&mut said);
    put.value = cbor::encode(&said);
}

/// From now on the relay changes what comes out of mailboxes; the change says whether it comes at all.
fn tamper(scene: &mut Scene, mut change: impl FnMut(&mut Put) -> bool + 'static) {
    scene.net.tamper = Some(Box::new(move |message, _| match message {
        RelayMessage::Mail(put) if !put.value.is_empty() => change(put),
        _ => true,
    }));
}

/// The writer invites somebody, and they come.
fn come(scene: &mut Scene, name: &str) -> usize {
    let (net, inviter) = (&mut scene.net, scene.writer);
    let device = &mut net.seats[inviter].device;
    let invited = device.invite(net.now, &mut net.rng, Role::Counselor);
    let (invite, code) = invited.expect("an admin");
    net.settle();
    let waits = net.seats[inviter].device.begin_admit(net.now, Some(invite));
    net.perform(inviter, waits.expect("an open invitation"));
    let new = net.device("laptop");
    net.seats[new]
        .device
        .begin_enter(&mut net.rng, &code, name)
        .expect("a whole code");
    net.settle();
    new
}

fn confirm(scene: &mut Scene) -> Result<(), DeviceError> {
    let (net, inviter) = (&mut scene.net, scene.writer);
    let effects = net.seats[inviter].device.confirm(net.now, &mut net.rng, true)?;
    net.perform(inviter, effects);
    net.settle();
    Ok(())
}

fn code(scene: &Scene, seat: usize) -> Option<String> {
    scene.net.seats[seat].reports.iter().rev().find_map(|r| match r {
        Report::Compare { code, .. } => Some(code.clone()),
        _ => None,
    })
}

/// The code did not fit for one of them, and nobody was added; the practice goes on.
fn refused(scene: &mut Scene, new: usize, by: usize) {
    let faults = &scene.net.seats[by].faults;
    assert!(matches!(faults[..], [DeviceError::WrongCode]), "{faults:?}");
    if by == scene.writer {
        assert!(confirm(scene).is_err(), "there is nobody to confirm");
    }
    let state = scene.net.seats[scene.writer].device.state().expect("synced");
    assert_eq!(state.roster.members().len(), 1, "nobody was added");
    assert_eq!(scene.net.seats[new].device.practice(), None);
    scene.net.tamper = None;
    scene.net.offline(new);
    scene.write("the practice goes on");
    assert_eq!(scene.net.seats[scene.writer].device.waiting(), 0);
}

#[test]
fn a_newcomer_with_the_relays_keys_is_not_compared() {
    let mut scene = Scene::new(61);
    tamper(&mut scene, |put| {
        if put.slot == 0 {
            change_said(put, |said| said.device = relays_keys());
        }
        true
    });
    let new = come(&mut scene, "Noor Haddad");
    let writer = scene.writer;
    assert_eq!(code(&scene, writer), None);
    refused(&mut scene, new, writer);
}

#[test]
fn an_inviter_with_the_relays_keys_is_shown_nothing() {
    let mut scene = Scene::new(62);
    tamper(&mut scene, |put| {
        if put.slot == 1 {
            change_said(put, |said| said.device = relays_keys());
        }
        true
    });
    let said = scene.net.wire.len();
    let new = come(&mut scene, "Noor Haddad");
    let shown = scene.net.wire[said..]
        .iter()
        .filter(|frame| matches!(wire::message(frame), Ok(ClientMessage::Put(put)) if put.slot == 2));
    assert_eq!(shown.count(), 0);
    refused(&mut scene, new, new);
}

#[test]
fn a_changed_number_gives_two_codes() {
    let mut scene = Scene::new(63);
    tamper(&mut scene, |put| {
        if put.slot == 1 {
            change_said(put, |said| said.bytes[0] ^= 1);
        }
        true
    });
    let new = come(&mut scene, "Noor Haddad");
    let (mine, theirs) = (code(&scene, scene.writer), code(&scene, new));
    assert!(mine.is_some() && theirs.is_some() && mine != theirs, "{mine:?}");
}

#[test]
fn a_changed_commitment_is_not_kept_to() {
    let mut scene = Scene::new(64);
    tamper(&mut scene, |put| {
        if put.slot == 0 {
            change_said(put, |said| said.bytes[0] ^= 1);
        }
        true
    });
    let new = come(&mut scene, "Noor Haddad");
    let writer = scene.writer;
    refused(&mut scene, new, writer);
}

#[test]
fn an_altered_request_is_not_compared() {
    let mut scene = Scene::new(65);
    tamper(&mut scene, |put| {
        if put.slot == 2 {
            *put.value.last_mut().expect("not empty") ^= 1;
        }
        true
    });
    let new = come(&mut scene, "Noor Haddad");
    let writer = scene.writer;
    refused(&mut scene, new, writer);
}

/// Two people come one after the other; the second is given the first one's value at a slot.
fn mixed_up(seed: u64, slot: u8) -> (Scene, usize) {
    let mut scene = Scene::new(seed);
    let first: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
    let kept = first.clone();
    tamper(&mut scene, move |put| {
        if put.slot == slot {
            kept.borrow_mut().replace(put.value.clone());
        }
        true
    });
    let one = come(&mut scene, "Lin Marsh");
    confirm(&mut scene).expect("the first is let in");
    assert_eq!(scene.net.seats[one].device.phase(), Phase::Live);
    let value = first.borrow().clone().expect("it was said");
    tamper(&mut scene, move |put| {
        if put.slot == slot {
            put.value.clone_from(&value);
        }
        true
    });
    let new = come(&mut scene, "Noor Haddad");
    (scene, new)
}

#[test]
fn a_request_for_another_invitation_is_not_compared() {
    let (scene, new) = mixed_up(66, 2);
    let faults = &scene.net.seats[scene.writer].faults;
    assert!(matches!(faults[..], [DeviceError::WrongCode]), "{faults:?}");
    assert_eq!(scene.net.seats[new].device.practice(), None);
}

#[test]
fn an_answer_from_another_invitation_is_not_believed() {
    let (mut scene, new) = mixed_up(67, 3);
    confirm(&mut scene).expect("the second is let in");
    let faults = &scene.net.seats[new].faults;
    assert!(matches!(faults[..], [DeviceError::WrongCode]), "{faults:?}");
    assert_eq!(scene.net.seats[new].device.practice(), None);
    // What the relay swapped is still there: without the lie it arrives.
    scene.net.tamper = None;
    scene.net.restart_device(new);
    scene.net.settle();
    assert_eq!(scene.net.seats[new].device.phase(), Phase::Live);
}

#[test]
fn an_altered_outcome_is_not_believed_and_a_withheld_one_arrives_later() {
    for withheld in [false, true] {
        let mut scene = Scene::new(68);
        let new = come(&mut scene, "Noor Haddad");
        tamper(&mut scene, move |put| {
            if put.slot == 3 {
                *put.value.last_mut().expect("not empty") ^= 1;
            }
            put.slot != 3 || !withheld
        });
        confirm(&mut scene).expect("somebody waits");
        assert_eq!(scene.net.seats[new].device.practice(), None);
        assert_eq!(scene.net.seats[new].faults.is_empty(), withheld);
        scene.net.tamper = None;
        scene.net.restart_device(new);
        scene.net.settle();
        assert_eq!(scene.net.seats[new].device.phase(), Phase::Live);
    }
}

/// Somebody who was let in and is shown nothing yet; with the size that their inviter vouched for.
fn let_in(seed: u64) -> (Scene, usize, u64) {
    let mut scene = Scene::new(seed);
    let new = come(&mut scene, "Noor Haddad");
    scene.net.tamper = Some(Box::new(move |message, seat| {
        seat != new || matches!(message, RelayMessage::Mail(_))
    }));
    confirm(&mut scene).expect("somebody waits");
    assert_eq!(
        scene.net.seats[new].device.practice(),
        Some(scene.signer().practice)
    );
    scene.net.tamper = None;
    let mailed = scene.net.seats[scene.writer].device.frontier().size();
    (scene, new, mailed)
}

#[test]
fn a_newcomer_is_not_shown_an_older_roster_than_their_inviters() {
    let (mut scene, new, _) = let_in(69);
    let items = entries(&scene, 2);
    show(&mut scene, new, items);
    misled(&mut scene, new, "approving device had verified");
}

#[test]
fn a_newcomer_is_not_shown_another_ledger_than_their_inviters() {
    let (mut scene, new, size) = let_in(70);
    let mut items = entries(&scene, 2);
    items.push(Item::Roots(RootsItem {
        entries: 1,
        roots: vec![66; 32],
    }));
    let rest = entries(&scene, size);
    items.extend(rest.into_iter().skip(3));
    show(&mut scene, new, items);
    misled(
        &mut scene,
        new,
        "not the one that the approving device had verified",
    );
}
