//! Lies before the login: another key, another's challenge.

use ed25519_dalek::SigningKey;
use troth_client_core::device::{Effect, Event};
use troth_protocol::evidence::{Contradiction, judge};
use troth_protocol::ids::{Hash, Nonce, PracticeId};
use troth_protocol::wire::{
    self, ClientMessage, Hello, Item, Items, RelayMessage, RootsItem, Transcript, Welcome,
};
use troth_tests::network::Network;

use crate::scene::{Scene, Signer};

/// The victim comes to whoever answers, and says hello.
pub fn greet(net: &mut Network, seat: usize) -> Hello {
    net.offline(seat);
    let at = net.now + 120_000;
    let device = &mut net.seats[seat].device;
    let asked = device.handle(at, &mut net.rng, Event::Tick).expect("no fault");
    assert!(asked.iter().any(|e| matches!(e, Effect::Connect)));
    let said = device.handle(at, &mut net.rng, Event::Opened).expect("no fault");
    let hello = said.iter().find_map(|effect| match effect {
        Effect::Send(frame) => match wire::message(frame) {
            Ok(ClientMessage::Hello(hello)) => Some(hello),
            _ => None,
        },
        _ => None,
    });
    hello.expect("a hello")
}

/// What whoever answers says to it.
pub fn say(net: &mut Network, seat: usize, message: &RelayMessage) {
    let (at, frame) = (net.now + 120_000, wire::frame(message));
    let effects = net.seats[seat]
        .device
        .handle(at, &mut net.rng, Event::Frame(&frame))
        .expect("no fault");
    net.perform(seat, effects);
}

#[test]
fn a_relay_without_the_ledger_key_is_not_the_practices() {
    let mut scene = Scene::new(41);
    let (known, signer) = (scene.known(), scene.signer());
    let hello = greet(&mut scene.net, scene.victim);
    let checkpoint = signer.checkpoint(known.frontier.size(), known.frontier.root());
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), checkpoint);
    let challenge = transcript.challenge(&SigningKey::from_bytes(&[8; 32]));
    say(&mut scene.net, scene.victim, &RelayMessage::Challenge(challenge));
    scene.caught(&known, "does not hold the key");
}

/// Whose signature is under another name too may be a relay that was resumed: who has verified something is shown that before the
/// welcome, and else believes nobody.
#[test]
fn whoever_signs_all_with_a_key_of_their_own_is_not_a_relay_that_was_resumed() {
    let mut scene = Scene::new(46);
    let known = scene.known();
    let thief = Signer {
        key: SigningKey::from_bytes(&[8; 32]),
        ..scene.signer()
    };
    let hello = greet(&mut scene.net, scene.victim);
    let checkpoint = thief.checkpoint(known.frontier.size() + 3, known.frontier.root());
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), checkpoint);
    let mut challenge = transcript.challenge(&thief.key);
    challenge.ledger = Some(PracticeId([9; 32]));
    say(&mut scene.net, scene.victim, &RelayMessage::Challenge(challenge));
    let now = scene.net.now;
    say(
        &mut scene.net,
        scene.victim,
        &RelayMessage::Welcome(Welcome { now }),
    );
    scene.caught(&known, "does not hold the key");
}

#[test]
fn a_relay_under_another_name_is_not_the_practices() {
    let mut scene = Scene::new(42);
    let (known, signer) = (scene.known(), scene.signer());
    let hello = greet(&mut scene.net, scene.victim);
    let checkpoint = signer.checkpoint(known.frontier.size(), known.frontier.root());
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.elsewhere".into(), checkpoint);
    say(
        &mut scene.net,
        scene.victim,
        &RelayMessage::Challenge(transcript.challenge(&signer.key)),
    );
    scene.caught(&known, "does not hold the key");
}

#[test]
fn a_challenge_is_for_one_connection() {
    let mut scene = Scene::new(43);
    let (victim, mut kept) = (scene.victim, None);
    scene.net.tamper = Some(Box::new(move |message, seat| {
        if let (RelayMessage::Challenge(challenge), true) = (message, seat == victim) {
            match &kept {
                None => kept = Some(challenge.clone()),
                Some(old) => *challenge = old.clone(),
            }
        }
        true
    }));
    scene.net.disconnect(victim);
    scene.net.settle();
    let known = scene.known();
    scene.net.disconnect(victim);
    scene.net.settle();
    scene.caught(&known, "does not hold the key");
}

#[test]
fn a_checkpoint_that_the_relay_did_not_sign_lets_nobody_log_in() {
    let mut scene = Scene::new(44);
    let (known, signer) = (scene.known(), scene.signer());
    let hello = greet(&mut scene.net, scene.victim);
    let mut checkpoint = signer.checkpoint(known.frontier.size() + 1, known.frontier.root());
    checkpoint.size += 1;
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), checkpoint);
    say(
        &mut scene.net,
        scene.victim,
        &RelayMessage::Challenge(transcript.challenge(&signer.key)),
    );
    scene.caught(&known, "not signed by the relay's key");
}

#[test]
fn what_the_handshake_promised_is_what_the_ledger_leads_through() {
    let mut scene = Scene::new(45);
    let (known, signer) = (scene.known(), scene.signer());
    let hello = greet(&mut scene.net, scene.victim);
    let size = known.frontier.size() + 1;
    let promised = signer.checkpoint(size, Hash([5; 32]));
    let transcript = Transcript::new(hello, Nonce([1; 32]), "relay.test:8787".into(), promised);
    let challenge = transcript.challenge(&signer.key);
    say(&mut scene.net, scene.victim, &RelayMessage::Challenge(challenge));
    let now = scene.net.now;
    say(
        &mut scene.net,
        scene.victim,
        &RelayMessage::Welcome(Welcome { now }),
    );
    let mut frontier = known.frontier.clone();
    frontier.push_leaf(Hash([6; 32])).expect("room for one more");
    let run = RootsItem {
        entries: 1,
        roots: [6; 32].to_vec(),
    };
    let items = Items {
        from: known.frontier.size(),
        items: vec![Item::Roots(run)],
        checkpoint: signer.checkpoint(size, frontier.root()),
        counts: None,
    };
    say(&mut scene.net, scene.victim, &RelayMessage::Items(items));
    let proof = scene
        .caught(&known, "two ledgers of the same size")
        .expect("a file");
    let proven = judge(&proof).expect("it proves something").contradiction;
    assert!(matches!(proven, Contradiction::TwoRoots { size: at, .. } if at == size));
}
