//! Several people change the practice at once. Nobody is stranded: whatever came in between, every reader who is entitled can
//! read in the end, and nobody else.

use troth_client_core::device::{Phase, Report, Share};
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::Network;

use crate::scene::{
    all_is_well, case, change_role, lane, may_write as rights, member, practice, read, settle_all,
    share_lane, write,
};

/// Offline together, then online together: what they did meets at the relay.
fn meet(net: &mut Network, seats: &[usize]) {
    seats.iter().for_each(|seat| net.online(*seat));
    settle_all(net);
    net.pass(60_000);
    net.settle();
}

#[test]
fn two_admins_change_the_roster_at_once_and_both_changes_stand() {
    let (mut net, _dir) = practice(21);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let a = net.admit(0, Role::Counselor, "Sam Okoro");
    let b = net.admit(0, Role::Counselor, "Lin Mei");
    net.offline(0);
    net.offline(second);
    let (to_admin, leaves) = (member(&net, a), member(&net, b));
    change_role(&mut net, 0, to_admin, Role::Admin);
    net.seats[second]
        .device
        .remove_member(net.now, &mut net.rng, leaves, false)
        .expect("an admin");
    meet(&mut net, &[0, second]);
    let roster = &net.state().expect("a practice").roster;
    assert_eq!(roster.role(&to_admin, u64::MAX), Some(Role::Admin));
    assert_eq!(roster.role(&leaves, u64::MAX), None);
    all_is_well(&mut net);
}

#[test]
fn two_admins_remove_the_same_member_at_once() {
    let (mut net, _dir) = practice(22);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let gone = net.admit(0, Role::Admin, "Sam Okoro");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let leaves = member(&net, gone);
    for seat in [0, second] {
        net.offline(seat);
        net.seats[seat]
            .device
            .remove_member(net.now, &mut net.rng, leaves, false)
            .expect("an admin");
    }
    meet(&mut net, &[0, second]);
    assert_eq!(net.seats[gone].device.phase(), Phase::Halted);
    write(&mut net, second, joint, "after").expect("an admin writes");
    net.settle();
    assert_eq!(read(&mut net, 0, joint), Some(vec!["after".to_owned()]));
    assert_eq!(
        read(&mut net, gone, joint).unwrap_or_default(),
        Vec::<String>::new()
    );
    all_is_well(&mut net);
}

#[test]
fn an_invitation_lets_one_person_in_and_no_second() {
    let (mut net, _dir) = practice(23);
    let device = &mut net.seats[0].device;
    let (invite, code) = device
        .invite(net.now, &mut net.rng, Role::Counselor)
        .expect("an admin");
    net.settle();
    let effects = net.seats[0]
        .device
        .begin_admit(net.now, Some(invite))
        .expect("open");
    net.perform(0, effects);
    let both = ["Noor Haddad", "Somebody Else"].map(|name| {
        let new = net.device(name);
        net.seats[new]
            .device
            .begin_enter(&mut net.rng, &code, name)
            .expect("a whole code");
        new
    });
    net.settle();
    let effects = net.seats[0]
        .device
        .confirm(net.now, &mut net.rng, true)
        .expect("one of them");
    net.perform(0, effects);
    net.settle();
    let joined = both.map(|seat| net.seats[seat].device.phase() == Phase::Live);
    assert_eq!(joined.iter().filter(|joined| **joined).count(), 1, "{joined:?}");
    assert_eq!(net.seats[0].device.members().expect("a roster").len(), 2);
    // And later neither the code nor the inviter's device lets anybody in.
    assert!(net.seats[0].device.begin_admit(net.now, Some(invite)).is_err());
    all_is_well(&mut net);
}

#[test]
fn a_device_is_revoked_while_it_appends() {
    let (mut net, _dir) = practice(24);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let phone = net.link(0, "phone");
    for round in 0..20 {
        write(&mut net, phone, joint, &format!("edit {round}")).expect("an edit");
        net.pump(phone);
        if round == 7 {
            let id = net.seats[phone].device.id();
            net.seats[0]
                .device
                .revoke_device(net.now, &mut net.rng, id, false)
                .expect("its own");
            net.pump(0);
        }
        net.step();
        if net.seats[phone].device.phase() == Phase::Halted {
            break;
        }
    }
    net.settle();
    assert!(
        net.seats[phone]
            .reports
            .iter()
            .any(|r| matches!(r, Report::Revoked))
    );
    let landed = read(&mut net, 0, joint).expect("readable");
    // What did not land before the revocation is kept for review, and nothing is in both places.
    let kept = net.seats[phone].device.quarantine().expect("readable");
    assert!(
        !kept.is_empty() && landed.len() + kept.len() >= 8,
        "{landed:?} {kept:?}"
    );
    write(&mut net, 0, joint, "afterwards").expect("an edit");
    all_is_well(&mut net);
    assert!(
        !read(&mut net, phone, joint)
            .unwrap_or_default()
            .contains(&"afterwards".to_owned())
    );
}

#[test]
fn a_role_key_turns_while_a_grant_is_under_way() {
    let (mut net, _dir) = practice(25);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let leaving = net.admit(0, Role::Admin, "Sam Okoro");
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, joint, "from before").expect("an edit");
    net.settle();
    let (to, gone) = (member(&net, counselor), member(&net, leaving));
    net.offline(0);
    net.offline(second);
    share_lane(&mut net, 0, &of, Lane::Joint, rights(to));
    net.seats[second]
        .device
        .remove_member(net.now, &mut net.rng, gone, false)
        .expect("an admin");
    meet(&mut net, &[second, 0]);
    write(&mut net, counselor, joint, "from after").expect("a counselor writes");
    net.settle();
    for seat in [0, second, counselor] {
        let texts = read(&mut net, seat, joint).expect("every entitled reader can read");
        assert_eq!(texts, ["from after", "from before"], "seat {seat}");
    }
    all_is_well(&mut net);
}

#[test]
fn a_counselor_whose_device_was_revoked_by_an_admin_turns_their_key_and_links_another() {
    let (mut net, _dir) = practice(26);
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let phone = net.link(counselor, "phone");
    let of = case(&mut net, counselor);
    let joint = lane(&net, counselor, &of, Lane::Joint);
    write(&mut net, counselor, joint, "one").expect("an edit");
    net.settle();
    // The counselor is away while an admin revokes the phone, and another writer turns the document meanwhile.
    net.offline(counselor);
    let id = net.seats[phone].device.id();
    net.seats[0]
        .device
        .revoke_device(net.now, &mut net.rng, id, false)
        .expect("an admin");
    net.settle();
    write(&mut net, 0, joint, "two").expect("an edit");
    net.settle();
    net.online(counselor);
    meet(&mut net, &[counselor]);
    assert_eq!(read(&mut net, counselor, joint).map(|t| t.len()), Some(2));
    // The member's key has turned, and what was sealed to the one remaining device is sealed to it again: a new device reads all.
    let tablet = net.link(counselor, "tablet");
    assert_eq!(read(&mut net, tablet, joint).map(|t| t.len()), Some(2));
    assert!(read(&mut net, phone, joint).unwrap_or_default().len() < 2);
    all_is_well(&mut net);
}

#[test]
fn a_share_with_an_end_date_ends_in_the_rules_and_in_the_keys() {
    let (mut net, _dir) = practice(27);
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let share = Share {
        until: Some(net.now + 3_600_000),
        ..rights(member(&net, counselor))
    };
    share_lane(&mut net, 0, &of, Lane::Joint, share);
    net.settle();
    write(&mut net, 0, joint, "within the time").expect("an edit");
    net.settle();
    assert_eq!(read(&mut net, counselor, joint).map(|t| t.len()), Some(1));
    net.offline(counselor);
    write(&mut net, counselor, joint, "too late").expect("kept here");
    net.pass(3_600_000);
    net.online(counselor);
    net.settle();
    let kept = net.seats[counselor].device.quarantine().expect("readable");
    assert_eq!(kept.len(), 1, "{kept:?}");
    write(&mut net, 0, joint, "after the end").expect("an edit");
    net.settle();
    let texts = read(&mut net, 0, joint).expect("an admin reads");
    assert_eq!(texts, ["after the end", "within the time"]);
    assert!(
        !read(&mut net, counselor, joint)
            .unwrap_or_default()
            .contains(&"after the end".to_owned())
    );
    all_is_well(&mut net);
}
