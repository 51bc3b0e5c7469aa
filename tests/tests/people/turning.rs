//! What one admin asks for meets what another says at the same moment; and roles that change there and back.

use troth_client_core::device::{DeviceSummary, Phase};
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::{Network, RELAY};

use crate::scene::{
    all_is_well, assign, case, change_role, lane, may_write, member, practice, read, settle_all, share_lane,
    unshare_lane, write,
};

/// The open documents that must turn before anybody writes to them.
fn stale(net: &Network) -> Vec<DocumentId> {
    let state = net.state().expect("a practice");
    let open = state.documents.values().filter(|d| !d.is_closed());
    let stale = open.filter(|d| d.is_stale(&state.roster, u64::MAX, state.received));
    stale.map(|d| d.id()).collect()
}

/// Something else in the roster's chain, which whatever the others say next is signed again for.
fn invites(net: &mut Network, seat: usize) {
    let device = &mut net.seats[seat].device;
    let invited = device.invite(net.now, &mut net.rng, Role::Client);
    invited.expect("an admin");
}

fn becomes(net: &mut Network, seat: usize, role: Role) {
    let m = member(net, seat);
    let changed = net.seats[0].device.change_role(net.now, &mut net.rng, m, role);
    changed.expect("an admin");
    settle_all(net);
}

fn names(net: &mut Network, seat: usize) -> Vec<String> {
    let members = net.seats[seat].device.members().expect("a roster");
    let mut names: Vec<String> = members.into_iter().filter_map(|m| m.name).collect();
    names.sort();
    names
}

#[test]
fn a_compromised_member_is_removed_while_another_admin_speaks_and_every_key_turns() {
    let (mut net, _dir) = practice(30);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let c = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    settle_all(&mut net);
    invites(&mut net, second);
    let device = &mut net.seats[0].device;
    let turns = device
        .remove_member(net.now, &mut net.rng, m, true)
        .expect("an admin");
    assert!(turns > 0);
    net.pump(second);
    net.pump(0);
    settle_all(&mut net);
    assert_eq!(net.state().expect("a practice").roster.role(&m, u64::MAX), None);
    assert_eq!(stale(&net), []);
    assert_eq!(net.seats[c].device.phase(), Phase::Halted);
    all_is_well(&mut net);
}

#[test]
fn a_compromised_device_is_revoked_while_another_admin_speaks_and_every_key_turns() {
    let (mut net, _dir) = practice(31);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let phone = net.link(0, "phone");
    case(&mut net, 0);
    invites(&mut net, second);
    let id = net.seats[phone].device.id();
    let device = &mut net.seats[0].device;
    device
        .revoke_device(net.now, &mut net.rng, id, true)
        .expect("its own");
    net.pump(second);
    net.pump(0);
    settle_all(&mut net);
    assert_eq!(stale(&net), []);
    let revoked = |d: &DeviceSummary| d.id == id && !d.active;
    assert!(
        net.seats[0]
            .device
            .devices()
            .expect("a roster")
            .iter()
            .any(revoked)
    );
    all_is_well(&mut net);
}

#[test]
fn a_recovery_is_approved_while_another_admin_speaks_and_its_member_reads_at_once() {
    let (mut net, _dir) = practice(32);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let lost = net.admit(0, Role::Counselor, "Sam Okoro");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let m = member(&net, lost);
    assign(&mut net, 0, &of, m);
    write(&mut net, 0, joint, "note").expect("an edit");
    settle_all(&mut net);
    net.offline(lost);
    let new = net.device("new laptop");
    let code = net.seats[new]
        .device
        .begin_join(&mut net.rng, RELAY)
        .expect("free to join");
    let effects = net.seats[0]
        .device
        .begin_propose_recovery(&code, m)
        .expect("an admin");
    net.perform(0, effects);
    settle_all(&mut net);
    let open = net.seats[second].device.recoveries(net.now).expect("a roster")[0];
    invites(&mut net, 0);
    net.seats[second]
        .device
        .approve_recovery(&mut net.rng, open.id)
        .expect("another admin");
    net.pump(0);
    net.pump(second);
    settle_all(&mut net);
    assert_eq!(net.seats[0].device.recoveries(net.now).expect("a roster"), []);
    assert_eq!(read(&mut net, new, joint), Some(vec!["note".to_owned()]));
    write(&mut net, new, joint, "I am back").expect("theirs again");
    settle_all(&mut net);
    let expected = Some(vec!["I am back".to_owned(), "note".to_owned()]);
    assert_eq!(read(&mut net, 0, joint), expected);
    assert_eq!(net.seats[new].device.waiting(), 0);
}

#[test]
fn a_counselor_becomes_an_auditor_and_a_counselor_again_with_what_was_theirs() {
    let (mut net, _dir) = practice(33);
    let c = net.admit(0, Role::Counselor, "Noor Haddad");
    let of = case(&mut net, c);
    let joint = lane(&net, c, &of, Lane::Joint);
    write(&mut net, c, joint, "mine").expect("an edit");
    net.settle();
    becomes(&mut net, c, Role::Auditor);
    assert_eq!(read(&mut net, c, joint), None, "an auditor reads no records");
    write(&mut net, 0, joint, "meanwhile").expect("an admin writes");
    settle_all(&mut net);
    becomes(&mut net, c, Role::Counselor);
    all_is_well(&mut net);
    let theirs = read(&mut net, c, joint);
    net.restart_device(c);
    settle_all(&mut net);
    assert_eq!(
        read(&mut net, c, joint),
        theirs,
        "whatever it is, it is not a matter of chance"
    );
    assert!(
        !theirs
            .clone()
            .unwrap_or_default()
            .contains(&"meanwhile".to_owned()),
        "{theirs:?}"
    );
    // What ended with the role is given again by whoever may.
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    settle_all(&mut net);
    let both = Some(vec!["meanwhile".to_owned(), "mine".to_owned()]);
    assert_eq!(read(&mut net, c, joint), both);
    all_is_well(&mut net);
}

#[test]
fn a_client_becomes_an_auditor_and_a_client_again_and_reads_under_the_key_that_turned_meanwhile() {
    let (mut net, _dir) = practice(39);
    let [theirs, others] = ["Chidi Okafor", "Maja Lind"].map(|name| net.admit(0, Role::Client, name));
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    for seat in [theirs, others] {
        let share = may_write(member(&net, seat));
        share_lane(&mut net, 0, &of, Lane::Joint, share);
    }
    settle_all(&mut net);
    write(&mut net, theirs, joint, "mine").expect("an edit");
    settle_all(&mut net);
    becomes(&mut net, theirs, Role::Auditor);
    let other = member(&net, others);
    unshare_lane(&mut net, 0, &of, Lane::Joint, other);
    write(&mut net, 0, joint, "meanwhile").expect("an admin writes");
    settle_all(&mut net);
    assert_eq!(read(&mut net, theirs, joint), None, "an auditor reads no records");
    becomes(&mut net, theirs, Role::Client);
    let state = net.state().expect("a practice");
    let rights = state.documents[&joint].rights(&state.roster, &member(&net, theirs), u64::MAX, net.now);
    let both = rights.map(|_| vec!["meanwhile".to_owned(), "mine".to_owned()]);
    assert!(both.is_some(), "the right is theirs as long as nobody ended it");
    assert_eq!(read(&mut net, theirs, joint), both);
    let before = Some(vec!["mine".to_owned()]);
    assert_eq!(
        read(&mut net, others, joint),
        before,
        "what they had, and nothing since"
    );
    all_is_well(&mut net);
}

#[test]
fn an_auditor_becomes_a_counselor_and_reads_a_case_from_its_beginning() {
    let (mut net, _dir) = practice(34);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, joint, "old").expect("an edit");
    net.settle();
    let c = net.admit(0, Role::Auditor, "Sam Okoro");
    becomes(&mut net, c, Role::Counselor);
    assert_eq!(names(&mut net, c), ["Ada Winter", "Sam Okoro"]);
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    settle_all(&mut net);
    assert_eq!(read(&mut net, c, joint), Some(vec!["old".to_owned()]));
    let client = net.admit(0, Role::Client, "Chidi");
    becomes(&mut net, client, Role::Counselor);
    assert_eq!(names(&mut net, client), ["Ada Winter", "Chidi", "Sam Okoro"]);
    assert!(net.seats[0].device.quarantine().expect("readable").is_empty());
    all_is_well(&mut net);
}

#[test]
fn who_becomes_a_client_reads_nothing_of_what_was_theirs_as_staff() {
    let (mut net, _dir) = practice(35);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let c = net.admit(0, Role::Counselor, "Noor Haddad");
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    settle_all(&mut net);
    becomes(&mut net, c, Role::Admin);
    becomes(&mut net, c, Role::Client);
    write(&mut net, 0, joint, "afterwards").expect("an admin writes");
    settle_all(&mut net);
    assert_eq!(read(&mut net, c, joint).unwrap_or_default(), Vec::<String>::new());
    let access = net.seats[0].device.access_of(net.now, &of).expect("a case");
    let theirs = access
        .iter()
        .filter(|a| a.member == m && a.lane != Lane::ProcessNotes);
    let holding: Vec<_> = theirs.filter(|a| a.rights.is_some()).collect();
    assert!(holding.is_empty(), "{holding:?}");
    all_is_well(&mut net);
}

#[test]
fn what_somebody_wrote_offline_to_what_was_theirs_is_set_aside_and_goes_on_when_it_is_again() {
    let (mut net, _dir) = practice(36);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let c = net.admit(0, Role::Counselor, "Noor Haddad");
    let m = member(&net, c);
    let share = |net: &mut Network| {
        share_lane(net, 0, &of, Lane::Joint, may_write(m));
        settle_all(net);
    };
    share(&mut net);
    for round in 0..2 {
        net.offline(c);
        write(&mut net, c, joint, "offline").expect("kept here");
        unshare_lane(&mut net, 0, &of, Lane::Joint, m);
        net.settle();
        net.online(c);
        settle_all(&mut net);
        assert_eq!(net.seats[c].device.waiting(), 0, "it does not wait for ever");
        net.restart_device(c);
        settle_all(&mut net);
        let kept = net.seats[c].device.quarantine().expect("readable");
        assert_eq!(kept.len(), round + 1, "{kept:?}");
        assert!(kept.iter().all(|line| line.rule == 13), "{kept:?}");
        if round == 1 {
            write(&mut net, 0, joint, "between").expect("an admin writes");
        }
        share(&mut net);
        write(&mut net, c, joint, &format!("again {round}")).expect("shared again");
        settle_all(&mut net);
    }
    let expected = Some(["again 0", "again 1", "between"].map(str::to_owned).to_vec());
    assert_eq!(read(&mut net, 0, joint), expected);
    assert_eq!(read(&mut net, c, joint), expected);
    all_is_well(&mut net);
}

#[test]
fn a_case_is_assigned_to_somebody_who_became_an_auditor_meanwhile() {
    let (mut net, _dir) = practice(37);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let c = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let m = member(&net, c);
    write(&mut net, 0, joint, "note").expect("an edit");
    net.settle();
    net.offline(0);
    assign(&mut net, 0, &of, m);
    change_role(&mut net, second, m, Role::Auditor);
    net.settle();
    net.online(0);
    settle_all(&mut net);
    // Refused lane by lane, and shown for review.
    let refused = net.seats[0].device.quarantine().expect("readable");
    assert!(
        !refused.is_empty() && refused.iter().all(|line| line.rule == 13),
        "{refused:?}"
    );
    assert_eq!(read(&mut net, c, joint), None);
    all_is_well(&mut net);
}
