//! Joining, being given cases, changing roles, leaving.

use troth_client_core::device::{Phase, Report, Share};
use troth_protocol::statement::{Lane, Rights, Role};
use troth_tests::network::Network;

use crate::scene::{
    all_is_well, assign, case, change_role, lane, may_write, member, practice, read, share_lane, write,
};

#[test]
fn a_counselor_joins_and_reads_only_the_case_that_is_assigned_to_them() {
    let (mut net, _dir) = practice(1);
    let first = case(&mut net, 0);
    let joint = lane(&net, 0, &first, Lane::Joint);
    write(&mut net, 0, joint, "written before anybody joined").expect("an edit");
    net.settle();
    let counselor = net.admit(0, Role::Counselor, "Noor Haddad");
    assert_eq!(net.seats[counselor].device.role(), Some(Role::Counselor));
    assert!(
        net.seats[counselor]
            .device
            .document_of(&first, Lane::Joint)
            .is_none()
    );
    assert_eq!(read(&mut net, counselor, joint), None);

    let second = case(&mut net, 0);
    let to = member(&net, counselor);
    assign(&mut net, 0, &first, to);
    net.settle();
    net.settle();
    assert_eq!(
        net.seats[counselor].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[counselor].reports
    );
    let texts = read(&mut net, counselor, joint);
    assert_eq!(texts, Some(vec!["written before anybody joined".to_owned()]));
    write(&mut net, counselor, joint, "and after").expect("a counselor writes");
    net.settle();
    assert_eq!(read(&mut net, 0, joint).expect("readable").len(), 2);
    assert!(
        net.seats[counselor]
            .device
            .document_of(&second, Lane::Joint)
            .is_none()
    );
    assert!(
        net.seats[counselor]
            .device
            .document_of(&first, Lane::ProcessNotes)
            .is_none()
    );
    let names: Vec<_> = net.seats[counselor]
        .device
        .members()
        .expect("a roster")
        .into_iter()
        .filter_map(|m| m.name)
        .collect();
    assert!(
        names.contains(&"Ada Winter".to_owned()) && names.contains(&"Noor Haddad".to_owned()),
        "{names:?}"
    );
    all_is_well(&mut net);
}

#[test]
fn whoever_is_turned_away_learns_nothing_of_the_practice() {
    let (mut net, _dir) = practice(2);
    let new = net.greet(0, Role::Counselor, "Somebody Else");
    let effects = net.seats[0]
        .device
        .confirm(net.now, &mut net.rng, false)
        .expect("somebody waits");
    net.perform(0, effects);
    net.settle();
    assert!(
        net.seats[new]
            .reports
            .iter()
            .any(|r| matches!(r, Report::TurnedAway))
    );
    assert_eq!(net.seats[new].device.practice(), None);
    assert_eq!(net.seats[0].device.members().expect("a roster").len(), 1);
}

#[test]
fn a_counselor_who_becomes_an_admin_reads_every_case_from_its_beginning() {
    let (mut net, _dir) = practice(3);
    let first = case(&mut net, 0);
    let joint = lane(&net, 0, &first, Lane::Joint);
    write(&mut net, 0, joint, "from the beginning").expect("an edit");
    net.settle();
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    let to = member(&net, other);
    change_role(&mut net, 0, to, Role::Admin);
    net.settle();
    net.settle();
    assert_eq!(
        net.seats[other].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[other].reports
    );
    assert_eq!(
        read(&mut net, other, joint),
        Some(vec!["from the beginning".to_owned()])
    );
    all_is_well(&mut net);
    // And back: the keys turn, and nothing written afterwards can be read.
    change_role(&mut net, 0, to, Role::Counselor);
    net.settle();
    write(&mut net, 0, joint, "for admins").expect("an edit");
    net.settle();
    assert!(
        !read(&mut net, other, joint)
            .unwrap_or_default()
            .contains(&"for admins".to_owned())
    );
    all_is_well(&mut net);
}

#[test]
fn a_member_who_is_removed_is_cut_off_at_once_and_reads_nothing_written_afterwards() {
    let (mut net, _dir) = practice(4);
    let first = case(&mut net, 0);
    let joint = lane(&net, 0, &first, Lane::Joint);
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    let share = may_write(member(&net, other));
    share_lane(&mut net, 0, &first, Lane::Joint, share);
    net.settle();
    net.settle();
    write(&mut net, 0, joint, "while they were here").expect("an edit");
    net.settle();
    assert_eq!(read(&mut net, other, joint).map(|t| t.len()), Some(1));
    net.offline(other);
    write(&mut net, other, joint, "made offline").expect("an edit");
    net.online(other);
    net.seats[0]
        .device
        .remove_member(net.now, &mut net.rng, share.member, false)
        .expect("an admin");
    net.settle();
    write(&mut net, 0, joint, "after they left").expect("an edit");
    net.settle();
    assert_eq!(net.seats[other].device.phase(), Phase::Halted);
    assert!(
        net.seats[other]
            .reports
            .iter()
            .any(|r| matches!(r, Report::Revoked))
    );
    assert!(
        !read(&mut net, other, joint)
            .unwrap_or_default()
            .contains(&"after they left".to_owned())
    );
    let kept = net.seats[other].device.quarantine().expect("readable");
    assert!(
        kept.iter()
            .any(|line| line.what.contains("an edit of this device in joint")),
        "{kept:?}"
    );
    all_is_well(&mut net);
}

#[test]
fn a_lane_shared_from_now_on_holds_nothing_from_before() {
    let (mut net, _dir) = practice(5);
    let first = case(&mut net, 0);
    let old = lane(&net, 0, &first, Lane::Joint);
    write(&mut net, 0, old, "an earlier draft").expect("an edit");
    net.settle();
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    let share = Share {
        member: member(&net, other),
        rights: Rights::Read,
        until: None,
    };
    let device = &mut net.seats[0].device;
    device
        .share_from_now(net.now, &mut net.rng, &first, Lane::Joint, share)
        .expect("a share");
    net.settle();
    net.settle();
    let new = lane(&net, 0, &first, Lane::Joint);
    assert_ne!(old, new);
    assert_eq!(lane(&net, other, &first, Lane::Joint), new);
    assert_eq!(read(&mut net, other, old), None);
    assert_eq!(
        read(&mut net, other, new),
        Some(vec!["an earlier draft".to_owned()])
    );
    // Read only: the edit is made here, and refused by the rules that everyone checks.
    write(&mut net, other, new, "may I?").expect("kept");
    net.settle();
    assert_eq!(read(&mut net, 0, new).map(|t| t.len()), Some(1));
    all_is_well(&mut net);
}

#[test]
fn who_is_promoted_in_a_long_ledger_follows_it_anew_once_and_comes_to_rest() {
    let (mut net, _dir) = practice(6);
    let first = case(&mut net, 0);
    let joint = lane(&net, 0, &first, Lane::Joint);
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    // Several frames before the promotion, and several after it.
    let long = |net: &mut Network| {
        for _ in 0..3 {
            let mut noise = vec![0; 100_000];
            rand::Rng::fill_bytes(&mut net.rng, &mut noise);
            write(net, 0, joint, &data_encoding::BASE64.encode(&noise)).expect("an edit");
            net.settle();
        }
    };
    long(&mut net);
    let to = member(&net, other);
    net.offline(other);
    change_role(&mut net, 0, to, Role::Admin);
    long(&mut net);
    net.online(other);
    // However long it had made up its mind to wait.
    for _ in 0..10 {
        net.settle();
        net.pass(1_000);
    }
    assert_eq!(net.seats[other].device.phase(), Phase::Live);
    assert_eq!(read(&mut net, other, joint).map(|t| t.len()), Some(6));
    let caught_up = |r: &&Report| matches!(r, Report::CaughtUp);
    assert!(net.seats[other].reports.iter().filter(caught_up).count() <= 3);
    all_is_well(&mut net);
}
