//! Lanes that are shared from now on, while others write, offline, at once, and with the power cut in between: the lane goes on
//! in exactly one document, and nothing that was written is lost.

use troth_client_core::document::change_of;
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::Network;

use crate::scene::{
    all_is_well, case, lane, may_write, member, practice, read, settle_all, share_lane, unshare_lane, write,
};

fn from_now(net: &mut Network, seat: usize, of: &CaseId, with: usize) {
    let share = may_write(member(net, with));
    let device = &mut net.seats[seat].device;
    let shared = device.share_from_now(net.now, &mut net.rng, of, Lane::Joint, share);
    shared.expect("an admin of this case");
}

fn settle(net: &mut Network) {
    settle_all(net);
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

/// A case with two admins, and somebody who is to read its joint lane from now on.
struct Begun {
    second: usize,
    other: usize,
    of: CaseId,
    old: DocumentId,
}

impl Begun {
    fn parts(self) -> (usize, usize, CaseId, DocumentId) {
        (self.second, self.other, self.of, self.old)
    }
}

/// The case, with one note in its joint lane that both admins have.
fn begun(seed: u64, text: &str) -> (Network, tempfile::TempDir, Begun) {
    let (mut net, dir) = practice(seed);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, text).expect("an admin writes");
    settle(&mut net);
    let begun = Begun {
        second,
        other,
        of,
        old,
    };
    (net, dir, begun)
}

/// Says the only note of a document anew.
fn edit_note(net: &mut Network, seat: usize, document: DocumentId, text: &str) {
    let device = &mut net.seats[seat].device;
    let note = device.read(document, |d| d.notes()[0].id).expect("readable");
    let edited = device.edit(net.now, &mut net.rng, document, |d| d.edit_note(note, text));
    edited.expect("a draft");
}

/// These and no others are the lane's texts, for each of them; nothing was set aside.
fn everybody_reads(net: &mut Network, seats: &[usize], of: &CaseId, expected: &[&str]) {
    for seat in seats {
        assert_eq!(texts(net, *seat, of), expected, "seat {seat}");
    }
    nothing_set_aside(net);
    all_is_well(net);
}

#[test]
fn what_others_wrote_until_the_lane_began_anew_is_in_the_new_one() {
    let (mut net, _dir, begun) = begun(501, "base");
    let (second, other, of, old) = begun.parts();
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
    let (mut net, _dir, begun) = begun(502, "base");
    let (second, other, of, old) = begun.parts();
    // Sent first, and on its way when the other's beginning is signed.
    edit_note(&mut net, second, old, "base, and more");
    write(&mut net, second, old, "just before").expect("an admin writes");
    net.pump(second);
    from_now(&mut net, 0, &of, other);
    let new = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, new, "right after").expect("an admin writes");
    net.pump(0);
    settle(&mut net);
    everybody_reads(
        &mut net,
        &[0, second, other],
        &of,
        &["base, and more", "just before", "right after"],
    );
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
    everybody_reads(&mut net, &[0, other], &of, &["base", "written right after"]);
}

#[test]
fn own_edits_survive_a_beginning_that_is_made_anew() {
    let (mut net, _dir, begun) = begun(504, "base");
    let (second, other, of, old) = begun.parts();
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let new = lane(&net, 0, &of, Lane::Joint);
    edit_note(&mut net, 0, new, "base (0)");
    edit_note(&mut net, second, old, "the base");
    net.settle();
    net.online(0);
    settle(&mut net);
    everybody_reads(&mut net, &[0, second, other], &of, &["the base (0)"]);
}

#[test]
fn what_was_taken_out_before_the_lane_began_anew_is_in_no_history_that_the_new_reader_gets() {
    let (mut net, _dir, begun) = begun(508, "base, in Lund");
    let (second, other, of, old) = begun.parts();
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    edit_note(&mut net, second, old, "base");
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
    let share = may_write(member(&net, gone));
    share_lane(&mut net, 0, &of, Lane::Joint, share);
    settle(&mut net);
    net.offline(0);
    from_now(&mut net, 0, &of, other);
    let leaves = member(&net, gone);
    unshare_lane(&mut net, second, &of, Lane::Joint, leaves);
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
    let (mut net, _dir, begun) = begun(531, "base");
    let (second, other, of, old) = begun.parts();
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
