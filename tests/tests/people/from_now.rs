//! Lanes that are shared from now on, while others write, offline, at once, and with the power cut in between: the lane goes on
//! in exactly one document, and nothing that was written is lost.

use troth_client_core::device::Share;
use troth_client_core::document::change_of;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::statement::{Lane, Rights, Role};
use troth_tests::network::Network;

use crate::scene::{all_is_well, case, lane, member, practice, read, write};

fn rights(member: MemberId) -> Share {
    Share {
        member,
        rights: Rights::Write,
        until: None,
    }
}

fn from_now(net: &mut Network, seat: usize, of: &CaseId, with: usize) {
    let share = rights(member(net, with));
    let device = &mut net.seats[seat].device;
    let shared = device.share_from_now(net.now, &mut net.rng, of, Lane::Joint, share);
    shared.expect("an admin of this case");
}

fn settle(net: &mut Network) {
    for _ in 0..4 {
        net.settle();
    }
    net.pass(60_000);
    net.settle();
}

/// The open documents of a case's joint lane, as the relay's ledger has them.
fn open(net: &Network, of: &CaseId) -> Vec<DocumentId> {
    let state = net.state().expect("a practice");
    let joint = state
        .documents
        .values()
        .filter(|d| d.case() == Some(*of) && d.lane() == Lane::Joint);
    joint.filter(|d| !d.is_closed()).map(|d| d.id()).collect()
}

fn texts(net: &mut Network, seat: usize, of: &CaseId) -> Vec<String> {
    let joint = lane(net, seat, of, Lane::Joint);
    read(net, seat, joint).expect("readable")
}

fn nothing_set_aside(net: &Network) {
    for (seat, s) in net.seats.iter().enumerate() {
        let aside = s.device.quarantine().expect("readable");
        assert!(aside.is_empty(), "seat {seat}: {aside:?}");
    }
}

fn set_field(net: &mut Network, seat: usize, document: DocumentId, key: &str, value: &str) {
    let device = &mut net.seats[seat].device;
    let set = device.edit(net.now, &mut net.rng, document, |d| d.set_field(key, value));
    set.expect("a writer");
}

#[test]
fn what_others_wrote_until_the_lane_began_anew_is_in_the_new_one() {
    let (mut net, _dir) = practice(501);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    net.settle();
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    write(&mut net, second, old, "landed meanwhile").expect("an admin writes");
    set_field(&mut net, second, old, "mood", "low");
    net.settle();
    net.online(0);
    settle(&mut net);
    assert_eq!(open(&net, &of).len(), 1);
    for seat in [0, second, other] {
        assert_eq!(
            texts(&mut net, seat, &of),
            ["base", "landed meanwhile"],
            "seat {seat}"
        );
        let new = lane(&net, seat, &of, Lane::Joint);
        assert_ne!(new, old);
        let mood = net.seats[seat]
            .device
            .read(new, |d| d.field("mood")[0].value.clone());
        assert_eq!(mood.expect("readable"), "low");
    }
    nothing_set_aside(&net);
    all_is_well(&mut net);
}

#[test]
fn what_lands_between_signing_and_closing_is_carried_over() {
    let (mut net, _dir) = practice(502);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    settle(&mut net);
    let note = net.seats[0]
        .device
        .read(old, |d| d.notes()[0].id)
        .expect("readable");
    // Sent first, and on its way when the other's beginning is signed.
    let device = &mut net.seats[second].device;
    let edited = device.edit(net.now, &mut net.rng, old, |d| {
        d.edit_note(note, "base, and more")
    });
    edited.expect("a draft");
    write(&mut net, second, old, "just before").expect("an admin writes");
    net.pump(second);
    from_now(&mut net, 0, &of, other);
    let new = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, new, "right after").expect("an admin writes");
    net.pump(0);
    settle(&mut net);
    for seat in [0, second, other] {
        let said = texts(&mut net, seat, &of);
        assert_eq!(
            said,
            ["base, and more", "just before", "right after"],
            "seat {seat}"
        );
    }
    nothing_set_aside(&net);
    all_is_well(&mut net);
}

#[test]
fn own_edits_after_an_offline_new_beginning_go_to_the_new_document() {
    let (mut net, _dir) = practice(503);
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    net.settle();
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let at = lane(&net, 0, &of, Lane::Joint);
    assert_ne!(at, old, "the lane is the new document from now on");
    assert!(write(&mut net, 0, old, "to the closed one").is_err());
    write(&mut net, 0, at, "written right after").expect("an admin writes");
    assert_eq!(texts(&mut net, 0, &of), ["base", "written right after"]);
    net.restart_device(0);
    assert_eq!(texts(&mut net, 0, &of), ["base", "written right after"]);
    net.online(0);
    settle(&mut net);
    for seat in [0, other] {
        assert_eq!(
            texts(&mut net, seat, &of),
            ["base", "written right after"],
            "seat {seat}"
        );
    }
    nothing_set_aside(&net);
    all_is_well(&mut net);
}

#[test]
fn own_edits_survive_a_beginning_that_is_made_anew() {
    let (mut net, _dir) = practice(504);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    net.settle();
    let note = net.seats[0]
        .device
        .read(old, |d| d.notes()[0].id)
        .expect("readable");
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let new = lane(&net, 0, &of, Lane::Joint);
    let device = &mut net.seats[0].device;
    let edited = device.edit(net.now, &mut net.rng, new, |d| d.edit_note(note, "base (0)"));
    edited.expect("a draft");
    let device = &mut net.seats[second].device;
    let edited = device.edit(net.now, &mut net.rng, old, |d| d.edit_note(note, "the base"));
    edited.expect("a draft");
    net.settle();
    net.online(0);
    settle(&mut net);
    for seat in [0, second, other] {
        assert_eq!(texts(&mut net, seat, &of), ["the base (0)"], "seat {seat}");
    }
    nothing_set_aside(&net);
    all_is_well(&mut net);
}

#[test]
fn what_was_taken_out_before_the_lane_began_anew_is_in_no_history_that_the_new_reader_gets() {
    let (mut net, _dir) = practice(508);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base, in Lund").expect("an admin writes");
    net.settle();
    let note = net.seats[0]
        .device
        .read(old, |d| d.notes()[0].id)
        .expect("readable");
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let device = &mut net.seats[second].device;
    let edited = device.edit(net.now, &mut net.rng, old, |d| d.edit_note(note, "base"));
    edited.expect("a draft");
    net.settle();
    net.online(0);
    settle(&mut net);
    assert_eq!(texts(&mut net, other, &of), ["base"]);
    let new = lane(&net, 0, &of, Lane::Joint);
    let mut tells = |seat: usize, document: DocumentId| {
        let device = &mut net.seats[seat].device;
        let states = device.read_mut(document, |d| {
            let changes = d.changes_since(&[]).into_iter();
            let heads = changes.map(|change| change_of(&change).expect("a change").hash);
            let states = heads.map(|head| d.at(&[head]).expect("a state that it was in").notes());
            states.flatten().map(|note| note.text).collect::<String>()
        });
        states.expect("readable").contains("Lund")
    };
    assert!(tells(0, old), "else this shows nothing");
    assert!(!tells(other, new));
    all_is_well(&mut net);
}

/// Two devices begin the lane anew at once; both write on.
fn two_at_once(seed: u64, same_member: bool) {
    let (mut net, _dir) = practice(seed);
    let second = if same_member {
        net.link(0, "phone")
    } else {
        net.admit(0, Role::Admin, "Noor Haddad")
    };
    let (a, b) = (
        net.admit(0, Role::Counselor, "Lin Mei"),
        net.admit(0, Role::Counselor, "Sam Okoro"),
    );
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    settle(&mut net);
    for (seat, with) in [(0, a), (second, b)] {
        net.offline(seat);
        from_now(&mut net, seat, &of, with);
        let new = lane(&net, seat, &of, Lane::Joint);
        let text = format!("by seat {}", usize::from(seat == second));
        write(&mut net, seat, new, &text).expect("an admin writes");
    }
    net.online(0);
    net.online(second);
    settle(&mut net);
    assert_eq!(open(&net, &of).len(), 1, "one lane, one document");
    for seat in [0, second, a, b] {
        assert_eq!(
            lane(&net, seat, &of, Lane::Joint),
            open(&net, &of)[0],
            "seat {seat}"
        );
        assert_eq!(
            texts(&mut net, seat, &of),
            ["base", "by seat 0", "by seat 1"],
            "seat {seat}"
        );
    }
    for seat in [a, b] {
        assert_eq!(read(&mut net, seat, old), None, "not its history");
    }
    nothing_set_aside(&net);
    all_is_well(&mut net);
}

#[test]
fn two_admins_begin_a_lane_anew_at_once_and_both_recipients_read() {
    two_at_once(505, false);
}

#[test]
fn two_devices_of_one_member_begin_a_lane_anew_at_once() {
    two_at_once(506, true);
}

#[test]
fn a_new_beginning_survives_a_power_cut_at_every_step() {
    for cut in 0..12 {
        let (mut net, _dir) = practice(510 + cut);
        let of = case(&mut net, 0);
        let old = lane(&net, 0, &of, Lane::Joint);
        write(&mut net, 0, old, "base").expect("an admin writes");
        net.settle();
        let other = net.admit(0, Role::Counselor, "Lin Mei");
        from_now(&mut net, 0, &of, other);
        let new = lane(&net, 0, &of, Lane::Joint);
        write(&mut net, 0, new, "after").expect("an admin writes");
        net.pump(0);
        for _ in 0..cut {
            net.step();
            net.pump(0);
        }
        net.restart_device(0);
        settle(&mut net);
        assert_eq!(open(&net, &of), [new], "cut {cut}");
        for seat in [0, other] {
            assert_eq!(
                texts(&mut net, seat, &of),
                ["after", "base"],
                "cut {cut}, seat {seat}"
            );
        }
        nothing_set_aside(&net);
        all_is_well(&mut net);
    }
}

#[test]
fn who_lost_access_meanwhile_is_no_reader_of_the_new_document() {
    let (mut net, _dir) = practice(530);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let (gone, other) = (
        net.admit(0, Role::Counselor, "Sam Okoro"),
        net.admit(0, Role::Counselor, "Lin Mei"),
    );
    let of = case(&mut net, 0);
    let share = rights(member(&net, gone));
    let shared = net.seats[0].device.share(&mut net.rng, &of, Lane::Joint, share);
    shared.expect("an admin");
    settle(&mut net);
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let leaves = member(&net, gone);
    let ended = net.seats[second]
        .device
        .unshare(&mut net.rng, &of, Lane::Joint, leaves);
    ended.expect("an admin");
    net.settle();
    net.online(0);
    settle(&mut net);
    let new = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, new, "not for Sam").expect("an admin writes");
    net.settle();
    assert_eq!(texts(&mut net, other, &of), ["not for Sam"]);
    assert_eq!(read(&mut net, gone, new), None);
    all_is_well(&mut net);
}

#[test]
fn a_new_beginning_that_is_refused_leaves_the_lane_as_it_was() {
    let (mut net, _dir) = practice(531);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "base").expect("an admin writes");
    net.settle();
    net.offline(second);
    from_now(&mut net, second, &of, other);
    let new = lane(&net, second, &of, Lane::Joint);
    write(&mut net, second, new, "kept all the same").expect("an admin writes");
    // Who is to read it is a member no more when the device comes back.
    let leaves = member(&net, other);
    let removed = net.seats[0]
        .device
        .remove_member(net.now, &mut net.rng, leaves, false);
    removed.expect("an admin");
    net.settle();
    net.online(second);
    settle(&mut net);
    assert_eq!(open(&net, &of), [old], "no orphan");
    for seat in [0, second] {
        assert_eq!(
            texts(&mut net, seat, &of),
            ["base", "kept all the same"],
            "seat {seat}"
        );
    }
    let aside = net.seats[second].device.quarantine().expect("readable");
    assert_eq!(aside.len(), 1, "the beginning itself: {aside:?}");
    all_is_well(&mut net);
}
