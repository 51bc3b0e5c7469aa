//! The practice's ledger key has turned, and a thief has the one before: what that still signs.

use troth_client_core::device::{DeviceError, Event, Phase};
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{Nonce, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::wire::{Item, Items, NewKey, RelayMessage, RootsItem, Transcript, Welcome};

use crate::handshake::{greet, say};
use crate::scene::{Scene, Signer};

/// The key turns; who has the one before.
fn turned(seed: u64) -> (Scene, Signer) {
    let mut scene = Scene::new(seed);
    let thief = scene.signer();
    let key = scene.net.new_ledger_key(8);
    for seat in [scene.writer, scene.victim] {
        scene.back(seat);
    }
    let device = &mut scene.net.seats[scene.writer].device;
    device
        .turn_ledger_key(&mut scene.net.rng, key)
        .expect("an admin, and a key that is offered");
    scene.net.settle();
    assert_eq!(scene.known().state.roster.ledger_key(), key);
    (scene, thief)
}

fn public(signer: &Signer) -> VerifyingKey {
    VerifyingKey(signer.key.verifying_key().to_bytes())
}

/// The victim comes to whoever answers, who signs the transcript so.
fn answer(scene: &mut Scene, by: &Signer, checkpoint: CompactCheckpoint) {
    let hello = greet(&mut scene.net, scene.victim);
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), checkpoint);
    let challenge = transcript.challenge(&by.key);
    say(&mut scene.net, scene.victim, &RelayMessage::Challenge(challenge));
}

#[test]
fn whoever_has_a_retired_key_does_not_pass_for_the_relay() {
    let (mut scene, thief) = turned(91);
    let known = scene.known();
    let newest = scene
        .signer()
        .checkpoint(known.frontier.size(), known.frontier.root());
    answer(&mut scene, &thief, newest);
    scene.caught(&known, "does not hold the key");
}

#[test]
fn a_retired_key_signs_no_larger_ledger() {
    let (mut scene, thief) = turned(92);
    let known = scene.known();
    scene.lie(move |items| {
        let CompactCheckpoint { size, root, .. } = items.checkpoint;
        items.checkpoint = thief.checkpoint(size, root);
    });
    scene.write("under the key before");
    scene.caught(&known, "not signed by the relay's key");
}

/// A device that has not heard of the turn believes the thief as the relay, and is led on. The real relay answers whoever has come so far
/// with the key that they would know. Nothing but a witness could tell the device before.
#[test]
fn a_device_behind_the_turn_that_a_thief_leads_elsewhere_finds_out_at_the_real_relay() {
    let mut scene = Scene::new(93);
    let thief = scene.signer();
    scene.net.offline(scene.victim);
    let key = scene.net.new_ledger_key(8);
    scene.back(scene.writer);
    scene.net.seats[scene.writer]
        .device
        .turn_ledger_key(&mut scene.net.rng, key)
        .expect("an admin, and a key that is offered");
    scene.net.settle();

    let known = scene.known();
    let mut elsewhere = known.frontier.clone();
    elsewhere
        .push_leaf(troth_protocol::ids::Hash([6; 32]))
        .expect("room for one more");
    let led = thief.checkpoint(elsewhere.size(), elsewhere.root());
    answer(&mut scene, &thief, led);
    let now = scene.net.now;
    say(
        &mut scene.net,
        scene.victim,
        &RelayMessage::Welcome(Welcome { now }),
    );
    let items = Items {
        from: known.frontier.size(),
        items: vec![Item::Roots(RootsItem {
            entries: 1,
            roots: [6; 32].to_vec(),
        })],
        checkpoint: led,
        counts: None,
    };
    say(&mut scene.net, scene.victim, &RelayMessage::Items(items));
    assert_eq!(
        scene.known().frontier.size(),
        known.frontier.size() + 1,
        "it could not know"
    );
    let at = scene.net.now + 120_000;
    let effects = scene.net.seats[scene.victim]
        .device
        .handle(at, &mut scene.net.rng, Event::Closed)
        .expect("no fault");
    scene.net.perform(scene.victim, effects);
    scene.net.now = at + 120_000;
    scene.back(scene.victim);
    scene.suspected("does not hold the key");
}

/// Whoever stands in between, or the relay's thief, names a key of their own for the practice to turn to.
#[test]
fn a_key_that_somebody_slips_in_is_not_turned_to_by_whoever_compares_nor_taken_by_the_relay() {
    let mut scene = Scene::new(94);
    let stranger = Signer {
        key: ed25519_dalek::SigningKey::from_bytes(&[66; 32]),
        ..scene.signer()
    };
    let (practice, slipped) = (stranger.practice, public(&stranger));
    let key = scene.net.new_ledger_key(8);
    scene.net.tamper = Some(Box::new(move |message, _| {
        if let RelayMessage::NewKey(new) = message {
            *new = NewKey {
                key: slipped,
                proof: Signature::sign(&stranger.key, labels::LEDGER_PROOF, &practice, &[]),
            };
        }
        true
    }));
    scene.back(scene.writer);
    let (net, writer) = (&mut scene.net, scene.writer);
    // The person types what the relay's operator read out.
    let typed = net.seats[writer].device.turn_ledger_key(&mut net.rng, key);
    assert!(
        matches!(typed, Err(DeviceError::Rule(Rule::LedgerKey))),
        "{typed:?}"
    );
    // Or what the screen shows.
    net.seats[writer]
        .device
        .turn_ledger_key(&mut net.rng, slipped)
        .expect("it is offered");
    net.settle();
    let device = &net.seats[writer].device;
    assert_eq!(device.phase(), Phase::Live);
    let aside = device.quarantine().expect("readable");
    assert!(
        aside.iter().any(|line| line.rule == Rule::LedgerKey.number()),
        "{aside:?}"
    );
    assert_ne!(net.state().expect("a practice").roster.ledger_key(), slipped);
    net.tamper = None;
    scene.back(scene.victim);
    scene.write("the practice goes on");
    assert_eq!(
        scene.read(scene.victim),
        ["before the lie", "the practice goes on"]
    );
}
