//! What witnesses say of a ledger counts only if the policy's keys said it, and only of the history that the device itself knows.

use ed25519_dalek::SigningKey;
use troth_client_core::device::PolicyChange;
use troth_protocol::checkpoint::{Checkpoint, CompactCheckpoint, KeyKind, MlDsaKey, VerifierKey};
use troth_protocol::evidence::Contradiction;
use troth_protocol::ids::{Hash, VerifyingKey};
use troth_protocol::tree::leaf_hash;
use troth_protocol::wire::Witnessed;

use crate::scene::Scene;

/// When the witnesses sign, in seconds since the Unix epoch.
const AT: u64 = 1_800_000_000;

fn witness(number: u8) -> (String, SigningKey) {
    (
        format!("witness.example/w{number}"),
        SigningKey::from_bytes(&[100 + number; 32]),
    )
}

fn key(number: u8) -> VerifierKey {
    let (name, key) = witness(number);
    let public = VerifyingKey(key.verifying_key().to_bytes());
    VerifierKey::new(name, KeyKind::Cosignature, public).expect("a key")
}

/// A practice with the witnesses 1 and 2, both of which must have cosigned; the victim is up to date.
fn scene(seed: u64) -> Scene {
    let mut scene = Scene::new(seed);
    let change = PolicyChange {
        witnesses: Some((vec![key(1), key(2)], 2)),
        ..PolicyChange::default()
    };
    let device = &mut scene.net.seats[scene.writer].device;
    device
        .set_policy(&mut scene.net.rng, change)
        .expect("an admin may");
    scene.net.pump(scene.writer);
    scene.net.settle();
    scene.write("witnessed or not");
    scene
}

/// The ledger as the victim knows it, signed by the relay.
fn present(scene: &Scene) -> CompactCheckpoint {
    let frontier = scene.net.seats[scene.victim].device.frontier();
    scene.signer().checkpoint(frontier.size(), frontier.root())
}

/// The relay passes a checkpoint on with the cosignatures of these witnesses, each a second later than the one before.
fn pass_on(scene: &mut Scene, checkpoint: CompactCheckpoint, witnesses: &[u8]) {
    let signer = scene.signer();
    let note = Checkpoint::new(&*signer.origin, checkpoint.size, checkpoint.root).expect("plain");
    let line = |(at, number): (u64, &u8)| {
        let (name, key) = witness(*number);
        note.cosign(&name, &key, AT + at).expect("a time").to_string()
    };
    let cosignatures = (0..).zip(witnesses).map(line).collect();
    scene.net.pass_on(
        signer.practice,
        Witnessed {
            checkpoint,
            cosignatures,
        },
    );
}

fn seen(scene: &Scene) -> Option<(u64, u64)> {
    let status = scene.net.seats[scene.victim].device.status();
    assert_eq!(status.witnesses, 2);
    status.witnessed.map(|seen| (seen.size, seen.at_ms))
}

#[test]
fn a_checkpoint_counts_once_the_quorum_has_cosigned_it() {
    let mut scene = scene(60);
    assert_eq!(seen(&scene), None);
    let now = present(&scene);
    pass_on(&mut scene, now, &[1]);
    assert_eq!(seen(&scene), None, "one of two");
    pass_on(&mut scene, now, &[1, 2]);
    let first = Some((now.size, (AT + 1) * 1000).min((now.size, AT * 1000)));
    assert_eq!(seen(&scene), first, "as old as the older of the two");
    // It is remembered, and an older one does not take its place.
    let (victim, older) = (scene.victim, now);
    scene.net.restart_device(victim);
    assert_eq!(seen(&scene), first);
    scene.back(victim);
    scene.write("more");
    let newer = present(&scene);
    pass_on(&mut scene, newer, &[2, 1]);
    assert_eq!(seen(&scene).map(|(size, _)| size), Some(newer.size));
    pass_on(&mut scene, older, &[1, 2]);
    assert_eq!(seen(&scene).map(|(size, _)| size), Some(newer.size));
}

#[test]
fn a_quorum_counts_keys_of_both_kinds() {
    let mut scene = Scene::new(67);
    let (name, second) = ("witness.example/w2", MlDsaKey::from_seed(&[102; 32]));
    let change = PolicyChange {
        witnesses: Some((
            vec![
                key(1),
                VerifierKey::ml_dsa(name, &second.public()).expect("a key"),
            ],
            2,
        )),
        ..PolicyChange::default()
    };
    let device = &mut scene.net.seats[scene.writer].device;
    device
        .set_policy(&mut scene.net.rng, change)
        .expect("an admin may");
    scene.net.settle();
    scene.write("witnessed or not");
    let (now, signer) = (present(&scene), scene.signer());
    let note = Checkpoint::new(&*signer.origin, now.size, now.root).expect("plain");
    let first = note
        .cosign("witness.example/w1", &witness(1).1, AT)
        .expect("a time");
    let second = note.cosign_ml_dsa(name, &second, AT + 5).expect("a time");
    // Somebody else's, under its name.
    let other = note
        .cosign_ml_dsa(name, &MlDsaKey::from_seed(&[103; 32]), AT)
        .expect("a time");
    for (lines, counts) in [
        (vec![&first], false),
        (vec![&second], false),
        (vec![&first, &other], false),
        (vec![&first, &second], true),
    ] {
        let cosignatures = lines.iter().map(ToString::to_string).collect();
        let witnessed = Witnessed {
            checkpoint: now,
            cosignatures,
        };
        scene.net.pass_on(signer.practice, witnessed);
        assert_eq!(seen(&scene), counts.then_some((now.size, AT * 1000)));
    }
}

#[test]
fn a_size_that_the_device_did_not_stop_at_is_proven_by_the_relay() {
    let mut scene = scene(61);
    let before = present(&scene);
    scene.write("one more");
    let victim = scene.victim;
    scene.net.restart_device(victim);
    scene.back(victim);
    pass_on(&mut scene, before, &[1, 2]);
    scene.net.settle();
    assert_eq!(seen(&scene).map(|(size, _)| size), Some(before.size));
}

#[test]
fn what_the_policys_keys_did_not_cosign_says_nothing() {
    let mut scene = scene(62);
    let now = present(&scene);
    let other = scene.signer().checkpoint(now.size, leaf_hash(b"another history"));
    // Strangers; one witness twice; the relay's signature forged; cosignatures of something else.
    pass_on(&mut scene, now, &[3, 4]);
    pass_on(&mut scene, now, &[1, 1]);
    let forged = CompactCheckpoint {
        signature: [7; 64],
        ..other
    };
    pass_on(&mut scene, forged, &[1, 2]);
    let signer = scene.signer();
    let note = Checkpoint::new(&*signer.origin, 1, leaf_hash(b"")).expect("plain");
    let cosignatures = [1, 2].map(|number| {
        let (name, key) = witness(number);
        note.cosign(&name, &key, AT).expect("a time").to_string()
    });
    let witnessed = Witnessed {
        checkpoint: now,
        cosignatures: cosignatures.to_vec(),
    };
    scene.net.pass_on(signer.practice, witnessed);
    let flood = Witnessed {
        checkpoint: now,
        cosignatures: vec!["— x AAAAAAA=".to_owned(); 40],
    };
    scene.net.pass_on(signer.practice, flood);
    assert_eq!(seen(&scene), None);
    scene.write("nobody is stopped by it");
    let victim = scene.victim;
    assert!(scene.read(victim).contains(&"nobody is stopped by it".to_owned()));
}

#[test]
fn a_relay_that_shows_its_witnesses_another_history_is_convicted() {
    let mut scene = scene(63);
    let now = present(&scene);
    let other = scene
        .signer()
        .checkpoint(now.size, leaf_hash(b"what the witnesses saw"));
    pass_on(&mut scene, other, &[1, 2]);
    let found = scene.convicted("witnesses another ledger");
    assert!(matches!(found, Contradiction::TwoRoots { .. }), "{found:?}");
    assert_eq!(seen(&scene), None);
}

#[test]
fn also_where_the_device_has_gone_on_since() {
    let mut scene = scene(64);
    let before = present(&scene);
    scene.write("one more");
    let victim = scene.victim;
    scene.net.restart_device(victim);
    scene.back(victim);
    let other: Hash = leaf_hash(b"what the witnesses saw");
    let other = scene.signer().checkpoint(before.size, other);
    pass_on(&mut scene, other, &[1, 2]);
    scene.net.settle();
    let found = scene.convicted("witnesses another ledger");
    assert!(matches!(found, Contradiction::Rewritten { .. }), "{found:?}");
}
