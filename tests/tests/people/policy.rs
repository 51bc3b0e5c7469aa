//! What a practice decides for itself.

use troth_client_core::device::{Phase, PolicyChange, PolicySummary};
use troth_protocol::ids::MemberId;
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::Network;

use crate::scene::{all_is_well, case, lane, member, practice, read, settle_all, write};

const HOUR: u64 = 3_600_000;

fn name_custodian(net: &mut Network, seat: usize, custodian: Option<MemberId>) {
    let change = PolicyChange {
        custodian: Some(custodian),
        ..PolicyChange::default()
    };
    let set = net.seats[seat].device.set_policy(&mut net.rng, change);
    set.expect("an admin and a counselor");
}

#[test]
fn the_custodian_whom_the_policy_names_reads_what_was_begun_since_once_its_author_has_left() {
    let (mut net, _dir) = practice(95);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let author = net.admit(0, Role::Counselor, "Lin Mei");
    for seat in [0, second, author] {
        net.unlock(seat);
    }
    net.settle();
    let before = case(&mut net, author);
    let named = member(&net, second);
    name_custodian(&mut net, 0, Some(named));
    net.settle();
    for seat in [0, second, author] {
        let policy = net.seats[seat].device.policy().expect("everybody sees it");
        assert_eq!(policy.custodian, Some(named));
    }
    let since = case(&mut net, author);
    let [before, since] = [before, since].map(|of| lane(&net, author, &of, Lane::ProcessNotes));
    for notes in [before, since] {
        write(&mut net, author, notes, "for myself").expect("their own");
    }
    net.settle();
    assert_eq!(
        read(&mut net, second, since),
        None,
        "not while the author is there"
    );
    let leaves = member(&net, author);
    let removed = net.seats[0]
        .device
        .remove_member(net.now, &mut net.rng, leaves, false);
    removed.expect("an admin");
    settle_all(&mut net);
    net.unlock(second);
    assert_eq!(read(&mut net, second, since), Some(vec!["for myself".to_owned()]));
    assert_eq!(
        read(&mut net, second, before),
        None,
        "they were begun under another promise"
    );
    assert_eq!(read(&mut net, 0, since), None);
    all_is_well(&mut net);
}

#[test]
fn each_admin_changes_the_part_of_the_policy_that_they_meant() {
    let (mut net, _dir) = practice(96);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let client = net.admit(0, Role::Client, "Chidi");
    let (named, of_client) = (member(&net, second), member(&net, client));
    net.offline(0);
    net.offline(second);
    name_custodian(&mut net, 0, Some(named));
    let longer = PolicyChange {
        recovery_wait_ms: Some(200 * HOUR),
        ..PolicyChange::default()
    };
    net.seats[second]
        .device
        .set_policy(&mut net.rng, longer.clone())
        .expect("an admin");
    net.online(0);
    net.online(second);
    settle_all(&mut net);
    let expected = PolicySummary {
        custodian: Some(named),
        recovery_wait_ms: 200 * HOUR,
        witnesses: Vec::new(),
        quorum: 0,
    };
    for seat in [0, second, client] {
        assert_eq!(net.seats[seat].device.policy().expect("in a practice"), expected);
    }
    // Nobody but an admin decides, and nobody is custodian who keeps no records.
    assert!(net.seats[client].device.set_policy(&mut net.rng, longer).is_err());
    let theirs = PolicyChange {
        custodian: Some(Some(of_client)),
        ..PolicyChange::default()
    };
    assert!(net.seats[0].device.set_policy(&mut net.rng, theirs).is_err());
    // One who keeps records no more is custodian no more, though the policy names them.
    let demoted = net.seats[0]
        .device
        .change_role(net.now, &mut net.rng, named, Role::Client);
    demoted.expect("an admin");
    net.settle();
    let policy = net.seats[0].device.policy().expect("in a practice");
    assert_eq!(policy.custodian, None);
    assert_eq!(net.seats[second].device.phase(), Phase::Live);
    all_is_well(&mut net);
}
