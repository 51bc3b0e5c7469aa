//! Every lie of the harness, told to a device that is live, to one that was away, and to one that is new to a record. Whatever the device
//! makes of it: what it keeps is true, and once the relay is honest again nothing is missing.

use troth_client_core::device::Phase;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{Lane, Role};
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_tests::network::Network;
use troth_tests::network::lies::Lie;

use crate::scene::Scene;

/// What a device verified is the relay's ledger, as far as it goes, and verifies again.
fn is_true(net: &Network, seat: usize) {
    begins_truly(net, seat);
    if net.seats[seat].device.frontier().size() > 0 {
        net.seats[seat]
            .device
            .verify_ledger(&mut |_, _| {})
            .expect("it verifies");
    }
}

/// The root of the relay's ledger at a size that a device is at.
fn begins_truly(net: &Network, seat: usize) {
    let held = net.seats[seat].device.frontier();
    let practice = net.seats[seat].device.practice().expect("a practice");
    let rows = net
        .store
        .entries(&practice, 0, held.size(), usize::MAX)
        .expect("readable");
    let mut frontier = Frontier::new();
    for row in rows {
        frontier.push_leaf(leaf_hash(&row.leaf)).expect("room");
    }
    assert_eq!(held, &frontier, "what it verified is the ledger's beginning");
}

/// The relay is honest again; the device is started anew, and comes to have everything.
fn mends(net: &mut Network, seat: usize, lie: Lie) {
    net.is_honest();
    net.restart_device(seat);
    net.online(seat);
    for _ in 0..12 {
        net.settle();
    }
    net.pass(31_000);
    for _ in 0..4 {
        net.settle();
    }
    let device = &net.seats[seat].device;
    assert_eq!(
        device.phase(),
        Phase::Live,
        "{lie:?}: {:?}",
        net.seats[seat].reports
    );
    is_true(net, seat);
}

#[test]
fn no_lie_to_a_live_device_is_kept() {
    for (lie, seed) in Lie::ALL.into_iter().zip(200..) {
        let mut scene = Scene::new(seed);
        let victim = scene.victim;
        scene.net.lies(victim, lie);
        scene.write("one");
        scene.net.pass(31_000);
        scene.write("two");
        scene.net.pass(80_000);
        is_true(&scene.net, victim);
        mends(&mut scene.net, victim, lie);
        assert_eq!(scene.read(victim), ["before the lie", "one", "two"], "{lie:?}");
    }
}

#[test]
fn no_lie_to_a_device_that_was_away_is_kept() {
    for (lie, seed) in Lie::ALL.into_iter().zip(300..) {
        let mut scene = Scene::new(seed);
        let victim = scene.victim;
        scene.net.offline(victim);
        scene.write("one");
        scene.write("two");
        scene.net.lies(victim, lie);
        scene.back(victim);
        scene.net.pass(80_000);
        is_true(&scene.net, victim);
        mends(&mut scene.net, victim, lie);
        assert_eq!(scene.read(victim), ["before the lie", "one", "two"], "{lie:?}");
    }
}

/// A counselor is given a case, and fetches its records from their beginning.
fn assigned(seed: u64, lie: Lie) -> (Scene, usize, DocumentId) {
    let mut scene = Scene::new(seed);
    let counselor = scene.net.admit(scene.writer, Role::Counselor, "Lin Mei");
    let device = &mut scene.net.seats[scene.writer].device;
    let case = device
        .new_case(scene.net.now, &mut scene.net.rng, "Lindqvist", "Maja", None)
        .expect("a case");
    scene.net.settle();
    scene.net.lies(counselor, lie);
    let member = scene.net.seats[counselor].device.member().expect("a member");
    let net = &mut scene.net;
    net.seats[scene.writer]
        .device
        .assign(&mut net.rng, &case, member)
        .expect("an admin");
    net.settle();
    let joint = net.seats[scene.writer].device.document_of(&case, Lane::Joint);
    (scene, counselor, joint.expect("a joint lane"))
}

#[test]
fn no_lie_about_a_records_beginning_is_kept() {
    for (lie, seed) in Lie::ALL.into_iter().zip(400..) {
        let (mut scene, counselor, joint) = assigned(seed, lie);
        scene.net.pass(80_000);
        // A record whose beginning did not come is waited for, and cannot be replayed before.
        begins_truly(&scene.net, counselor);
        mends(&mut scene.net, counselor, lie);
        let read = scene.net.seats[counselor].device.read(joint, |d| d.notes().len());
        assert_eq!(read.expect("readable"), 0, "{lie:?}");
    }
}
