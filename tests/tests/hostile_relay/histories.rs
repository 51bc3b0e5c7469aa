//! Another history than the one that was shown: an old one, or two of them.

use troth_protocol::evidence::{Contradiction, judge};

use crate::scene::Scene;

#[test]
fn a_ledger_shorter_than_what_was_verified_is_a_rollback() {
    let mut scene = Scene::new(21);
    let other = tempfile::tempdir().expect("a temporary directory");
    let old = scene.backup(other.path());
    scene.write("seen by both, and then undone");
    assert_eq!(scene.read(scene.victim).len(), 2);
    let known = scene.known();
    scene.net.offline(scene.writer);
    scene.net.swap_store(old);
    scene.net.settle();
    scene.net.offline(scene.victim);
    let proof = scene.caught(&known, "rolled back");
    assert_eq!(proof, None, "an old backup is no second root for one size");
    assert_eq!(
        scene.read(scene.victim),
        ["before the lie", "seen by both, and then undone"]
    );
}

#[test]
fn two_histories_of_the_same_size_are_a_fork() {
    let mut scene = Scene::new(22);
    let other = tempfile::tempdir().expect("a temporary directory");
    let fork = scene.backup(other.path());
    let real = scene.net.store.clone();
    // One history for each device, with one edit in each.
    scene.net.offline(scene.victim);
    scene.write("in the one");
    scene.net.offline(scene.writer);
    scene.net.swap_store(fork);
    scene.net.online(scene.victim);
    scene.write_on(scene.victim, "in the other");
    assert_eq!(scene.net.seats[scene.victim].device.waiting(), 0);
    let known = scene.known();
    let sizes = [scene.writer, scene.victim].map(|s| scene.net.seats[s].device.frontier().size());
    assert_eq!(sizes[0], sizes[1]);
    scene.net.swap_store(real);
    scene.net.settle();
    let proof = scene
        .caught(&known, "another ledger of the same size")
        .expect("a file");
    let proven = judge(&proof).expect("it proves something").contradiction;
    assert!(matches!(proven, Contradiction::TwoRoots { size, .. } if size == sizes[0]));
}

#[test]
fn a_longer_history_that_left_the_old_one_does_not_fold() {
    let mut scene = Scene::new(23);
    let phone = scene.net.link(scene.writer, "phone");
    scene.net.settle();
    scene.net.offline(phone);
    let other = tempfile::tempdir().expect("a temporary directory");
    let fork = scene.backup(other.path());
    scene.write("in the one");
    let known = scene.known();
    scene.net.offline(scene.writer);
    scene.net.offline(scene.victim);
    scene.net.swap_store(fork);
    scene.net.online(phone);
    scene.write_on(phone, "in the other");
    scene.write_on(phone, "which grows longer");
    assert!(scene.net.seats[phone].device.frontier().size() > known.frontier.size());
    scene.back(scene.victim);
    // What does not fold proves nothing; what the relay says when it is asked what it stands by does.
    let proof = scene
        .caught(&known, "than the one it showed before")
        .expect("a file");
    let proven = judge(&proof).expect("it proves something").contradiction;
    let at = known.frontier.size();
    assert!(matches!(proven, Contradiction::TwoRoots { size, .. } if size == at));
}
