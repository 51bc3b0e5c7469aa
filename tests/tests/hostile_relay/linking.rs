//! Lies at the mailbox where a new device and an old one meet, and to the new device afterwards.

use troth_client_core::crypto::{LINK_ANSWER, LinkCode, SealingPublic, SealingSecret, seal_psk};
use troth_client_core::device::DeviceError;
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{Hash, Nonce, VerifyingKey};
use troth_protocol::keys::{DeviceKeys, ED25519, SealingKey};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{self, ClientMessage, EntryItem, Item, Items, Put};
use troth_protocol::wire::{RelayMessage, RootsItem, Transcript, Welcome};

use crate::handshake::{greet, say};
use crate::scene::Scene;

/// A third device asks to join and the writer lets it in, while the relay changes what comes out of the mailbox.
fn link(scene: &mut Scene, mut change: impl FnMut(&mut Put) -> bool + 'static) -> usize {
    let new = scene.net.device("tablet");
    scene.net.tamper = Some(Box::new(move |message, _| match message {
        RelayMessage::Mail(put) if !put.value.is_empty() => change(put),
        _ => true,
    }));
    let device = &mut scene.net.seats[new].device;
    let code = device
        .begin_join(&mut scene.net.rng, troth_tests::network::RELAY)
        .expect("free to join");
    let effects = scene.net.seats[scene.writer]
        .device
        .begin_approve(&code)
        .expect("a whole code");
    scene.net.perform(scene.writer, effects);
    scene.net.settle();
    new
}

/// The code did not fit, nothing was added, and the new device is still nobody's.
fn refused(scene: &mut Scene, new: usize, by: usize) {
    let faults = &scene.net.seats[by].faults;
    assert!(matches!(faults[..], [DeviceError::WrongCode]), "{faults:?}");
    let state = scene.net.seats[scene.writer].device.state().expect("synced");
    assert_eq!(state.roster.devices().len(), 2, "nobody was added");
    if by == new {
        let reopened = scene
            .net
            .open_with(new, troth_tests::network::PASSPHRASE)
            .expect("it opens");
        assert_eq!(
            (reopened.practice(), reopened.member()),
            (None, None),
            "nothing was believed"
        );
    }
    scene.net.tamper = None;
    scene.net.offline(new);
    scene.write("the practice goes on");
    assert_eq!(scene.net.seats[scene.writer].device.waiting(), 0);
}

#[test]
fn other_keys_than_the_codes_are_neither_answered_nor_added() {
    let mut scene = Scene::new(51);
    let said = scene.net.wire.len();
    let new = link(&mut scene, |put| {
        if put.slot == 0 {
            let sealing = SealingSecret::from_bytes(&[66; 32]).public().to_bytes();
            let sealing = SealingKey::x_wing(&sealing).expect("an X-Wing key");
            let signing = ed25519_dalek::SigningKey::from_bytes(&[66; 32])
                .verifying_key()
                .to_bytes();
            put.value = cbor::encode(&DeviceKeys {
                algorithm: ED25519,
                signing: VerifyingKey(signing),
                sealing: sealing.clone(),
                sensitive: sealing,
            });
        }
        true
    });
    let answers = scene.net.wire[said..]
        .iter()
        .filter(|frame| matches!(wire::message(frame), Ok(ClientMessage::Put(put)) if put.slot == 1));
    assert_eq!(answers.count(), 0, "nothing was sealed to the relay's keys");
    let writer = scene.writer;
    refused(&mut scene, new, writer);
}

#[test]
fn an_answer_by_someone_without_the_codes_secret_is_not_believed() {
    let mut scene = Scene::new(52);
    let mut keys: Option<DeviceKeys> = None;
    let new = link(&mut scene, move |put| {
        match put.slot {
            0 => keys = cbor::decode(&put.value).ok(),
            1 => {
                let keys = keys.as_ref().expect("they came first");
                let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(66);
                let psk = LinkCode::new(&mut rng, &keys.id()).psk();
                let to = SealingPublic::from_bytes(keys.sealing.as_x_wing()).expect("a key");
                let aad = keys.id();
                put.value =
                    seal_psk(&mut rng, &to, LINK_ANSWER, aad.as_bytes(), b"come to me", &psk).expect("short");
            }
            _ => {}
        }
        true
    });
    refused(&mut scene, new, new);
}

#[test]
fn an_altered_answer_is_not_believed() {
    let mut scene = Scene::new(53);
    let new = link(&mut scene, |put| {
        if put.slot == 1 {
            *put.value.last_mut().expect("not empty") ^= 1;
        }
        true
    });
    refused(&mut scene, new, new);
}

#[test]
fn a_proof_by_another_key_adds_nobody() {
    let mut scene = Scene::new(54);
    let (signer, member) = (
        scene.signer(),
        scene.net.seats[scene.writer].device.member().expect("a member"),
    );
    let new = link(&mut scene, move |put| {
        if put.slot == 2 {
            let key = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
            let proof = Signature::sign(&key, labels::DEVICE_PROOF, &signer.practice, member.as_bytes());
            put.value = cbor::encode(&proof);
        }
        true
    });
    let writer = scene.writer;
    refused(&mut scene, new, writer);
}

/// A device that was let in and has not seen the ledger yet; with the size that its approver vouched for.
fn joined(scene: &mut Scene) -> (usize, u64) {
    let size = scene.net.seats[scene.writer].device.frontier().size();
    let new = link(scene, |put| put.slot != 3);
    assert_eq!(
        scene.net.seats[new].device.practice(),
        Some(scene.signer().practice)
    );
    assert_eq!(scene.net.seats[new].device.frontier().size(), 0);
    scene.net.tamper = None;
    (new, size)
}

/// The new device logs in to a relay that shows it these items, from the beginning.
pub fn show(scene: &mut Scene, new: usize, items: Vec<Item>) {
    let signer = scene.signer();
    let unsigned = signer.checkpoint(0, Hash::default());
    let mut items = Items {
        from: 0,
        items,
        checkpoint: unsigned,
        counts: None,
    };
    signer.sign(&mut items, &Frontier::new());
    let hello = greet(&mut scene.net, new);
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), items.checkpoint);
    say(
        &mut scene.net,
        new,
        &RelayMessage::Challenge(transcript.challenge(&signer.key)),
    );
    let now = scene.net.now;
    say(&mut scene.net, new, &RelayMessage::Welcome(Welcome { now }));
    say(&mut scene.net, new, &RelayMessage::Items(items));
}

/// Real entries of the ledger.
pub fn entries(scene: &Scene, to: u64) -> Vec<Item> {
    let rows = scene
        .net
        .store
        .entries(&scene.signer().practice, 0, to, usize::MAX)
        .expect("readable");
    assert_eq!(rows.len() as u64, to);
    let item = |leaf: Leaf, payload: Option<Vec<u8>>| EntryItem {
        leaf,
        payload: payload.map(Into::into),
    };
    let entry = |row: troth_server::store::EntryRow| {
        let payload = row.payload.filter(|payload| !payload.is_empty());
        Item::Entry(item(cbor::decode(&row.leaf).expect("a leaf"), payload))
    };
    rows.into_iter().map(entry).collect()
}

/// The relay was accused, and the new device knows no more than its code told it.
pub fn misled(scene: &mut Scene, new: usize, words: &str) {
    scene.victim = new;
    scene.accused(words);
    let reopened = scene
        .net
        .open_with(new, troth_tests::network::PASSPHRASE)
        .expect("it opens");
    assert_eq!(reopened.frontier().size(), 0, "nothing was kept");
    assert!(reopened.state().is_none());
}

#[test]
fn a_new_device_is_not_shown_a_ledger_other_than_its_approvers() {
    let mut scene = Scene::new(55);
    let (new, size) = joined(&mut scene);
    let mut items = entries(&scene, size - 1);
    items.push(Item::Roots(RootsItem {
        entries: 1,
        roots: vec![66; 32],
    }));
    show(&mut scene, new, items);
    misled(
        &mut scene,
        new,
        "not the one that the approving device had verified",
    );
}

#[test]
fn a_new_device_is_not_shown_an_older_ledger_than_its_approvers() {
    let mut scene = Scene::new(56);
    let (new, size) = joined(&mut scene);
    let items = entries(&scene, size - 1);
    show(&mut scene, new, items);
    misled(&mut scene, new, "approving device had verified");
}

#[test]
fn a_new_device_is_not_led_past_what_its_approver_verified() {
    let mut scene = Scene::new(57);
    let (new, size) = joined(&mut scene);
    // One subtree that begins before that size and ends after it: the root at that size never shows.
    let width = 2 << size.trailing_zeros();
    let from = size - size % width;
    let mut items = entries(&scene, from);
    items.push(Item::Roots(RootsItem {
        entries: width,
        roots: vec![66; 32],
    }));
    show(&mut scene, new, items);
    misled(&mut scene, new, "approving device had verified");
}
