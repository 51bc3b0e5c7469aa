//! Somebody is away while what they may do changes, or what they worked on goes.

use troth_client_core::device::Phase;
use troth_protocol::statement::{Lane, Role};

use crate::scene::{
    all_is_well, case, change_role, lane, may_write, member, practice, read, share_lane, unshare_lane, write,
};

#[test]
fn who_was_away_while_they_became_an_auditor_follows_all_that_came_before_and_after() {
    let (mut net, _dir) = practice(51);
    let away = net.admit(0, Role::Counselor, "Noor Haddad");
    let other = net.admit(0, Role::Client, "Sam Okoro");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    net.offline(away);
    // A second entry of a stream that only an auditor sees, before they are one: the login was the first.
    let share = may_write(member(&net, other));
    share_lane(&mut net, 0, &of, Lane::Joint, share);
    net.settle();
    let to = member(&net, away);
    change_role(&mut net, 0, to, Role::Auditor);
    net.settle();
    write(&mut net, 0, joint, "after the change").expect("an edit");
    net.settle();
    net.online(away);
    net.settle();
    net.pass(60_000);
    net.settle();
    net.settle();
    assert_eq!(
        net.seats[away].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[away].reports
    );
    assert_eq!(
        net.seats[away].device.frontier().size(),
        net.seats[0].device.frontier().size()
    );
    all_is_well(&mut net);
}

#[test]
fn an_edit_of_a_record_that_was_erased_meanwhile_is_set_aside_and_holds_nothing_up() {
    let (mut net, _dir) = practice(52);
    let other = net.admit(0, Role::Admin, "Noor Haddad");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    net.offline(other);
    write(&mut net, other, joint, "too late").expect("kept here");
    net.seats[other]
        .device
        .erase_case(&mut net.rng, &of)
        .expect("an admin");
    net.seats[0]
        .device
        .erase_case(&mut net.rng, &of)
        .expect("an admin");
    net.settle();
    net.online(other);
    net.settle();
    let aside = net.seats[other].device.quarantine().expect("readable");
    assert_eq!(
        aside.len(),
        1,
        "the edit, and not the erasure that was done already: {aside:?}"
    );
    assert_eq!(
        net.seats[other].device.waiting(),
        0,
        "{:?}",
        net.seats[other].reports
    );
    assert_eq!(read(&mut net, 0, joint).unwrap_or_default(), Vec::<String>::new());
    all_is_well(&mut net);
}

#[test]
fn what_waits_for_a_record_that_is_refused_is_set_aside_with_it() {
    let (mut net, _dir) = practice(53);
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    let partner = net.admit(0, Role::Client, "Maja");
    net.offline(other);
    let of = case(&mut net, other);
    let share = may_write(member(&net, partner));
    share_lane(&mut net, other, &of, Lane::Joint, share);
    let to = member(&net, other);
    change_role(&mut net, 0, to, Role::Client);
    net.settle();
    net.online(other);
    net.settle();
    net.settle();
    assert_eq!(
        net.seats[other].device.waiting(),
        0,
        "{:?}",
        net.seats[other].reports
    );
    all_is_well(&mut net);
}

#[test]
fn who_may_read_a_record_no_more_does_not_miss_what_was_erased_of_it() {
    let (mut net, _dir) = practice(54);
    let other = net.admit(0, Role::Counselor, "Noor Haddad");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let share = may_write(member(&net, other));
    share_lane(&mut net, 0, &of, Lane::Joint, share);
    net.settle();
    net.offline(other);
    write(&mut net, 0, joint, "while they could read it").expect("an edit");
    net.settle();
    let gone = member(&net, other);
    unshare_lane(&mut net, 0, &of, Lane::Joint, gone);
    net.settle();
    net.seats[0]
        .device
        .erase_case(&mut net.rng, &of)
        .expect("an admin");
    net.settle();
    net.online(other);
    net.settle();
    assert_eq!(
        net.seats[other].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[other].reports
    );
    all_is_well(&mut net);
}
