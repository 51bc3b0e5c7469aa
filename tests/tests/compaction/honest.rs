//! Everybody is honest: edits become a snapshot, somebody else says that it is right, and a new device needs no more than it.

use troth_client_core::device::Share;
use troth_protocol::limits;
use troth_protocol::statement::{Lane, Rights, Role};

use crate::scene::{Kept, Scene};

#[test]
fn many_edits_become_a_snapshot_that_another_member_attests_and_the_relay_lets_them_go() {
    let mut s = Scene::new(1);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(s.admin, joint, 2);
    let before = s.kept(joint).edits;
    s.write_many(counselor, joint, 256 - before);
    s.settle();
    let edits = s.kept(joint).edits;
    assert_eq!(
        s.kept(joint),
        Kept {
            edits,
            edits_gone: edits,
            snapshots: 1,
            snapshots_gone: 0,
            attested: 1
        }
    );
    assert!(s.refusals().is_empty(), "{:?}", s.refusals());
    assert_eq!(s.read(s.admin, joint), s.read(counselor, joint));
    assert_eq!(s.read(counselor, joint).len(), 258 - before);
    s.all_is_well();
}

#[test]
fn a_new_device_opens_the_snapshot_and_the_tail_with_fewer_bytes() {
    let mut s = Scene::new(2);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 120);
    let bytes = |s: &mut Scene, name: &str| {
        let before: usize = s.net.wire.iter().map(Vec::len).sum();
        let seat = s.net.link(counselor, name);
        s.settle();
        let after: usize = s.net.wire.iter().map(Vec::len).sum();
        (seat, after - before)
    };
    let (_, whole) = bytes(&mut s, "tablet");
    s.snapshot(counselor, joint);
    assert_eq!(s.kept(joint).edits_gone, s.kept(joint).edits);
    s.write(s.admin, joint, "after the snapshot");
    s.write(counselor, joint, "and one more");
    let (phone, compact) = bytes(&mut s, "phone");
    // Statements come all the same; of 122 payloads, one and the tail.
    assert!(compact + 120 * 150 < whole, "{compact} in place of {whole}");
    let all = s.read(counselor, joint);
    assert_eq!(all.len(), 122);
    assert_eq!(s.read(phone, joint), all);
    // What it writes builds on what it opened, there and for everybody else.
    s.write(phone, joint, "from the phone");
    s.net.restart_device(phone);
    s.settle();
    let all = s.read(counselor, joint);
    assert_eq!((s.read(phone, joint), s.read(s.admin, joint)), (all.clone(), all));
    s.all_is_well();
}

#[test]
fn whoever_is_given_a_share_later_fetches_the_snapshot() {
    let mut s = Scene::new(3);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 20);
    s.snapshot(counselor, joint);
    s.write(counselor, joint, "after the snapshot");
    let client = s.net.admit(s.admin, Role::Client, "Chidi");
    let share = Share {
        member: s.net.seats[client].device.member().expect("a member"),
        rights: Rights::Write,
        until: None,
    };
    let case = s.case;
    let device = &mut s.net.seats[counselor].device;
    device
        .share(&mut s.net.rng, &case, Lane::Joint, share)
        .expect("a share");
    s.settle();
    assert_eq!(s.read(client, joint).len(), 21);
    // Their own snapshot goes on from it, and is judged by those who hold all the edits, and by those who do not.
    s.write(client, joint, "from the client");
    s.snapshot(client, joint);
    let kept = s.kept(joint);
    assert_eq!(
        (kept.snapshots, kept.snapshots_gone),
        (2, 1),
        "{:?}",
        s.refusals()
    );
    assert_eq!(kept.edits, kept.edits_gone);
    assert!(s.refusals().is_empty(), "{:?}", s.refusals());
    let tablet = s.net.link(client, "tablet");
    assert_eq!(s.read(tablet, joint).len(), 22);
    s.all_is_well();
}

#[test]
fn what_one_member_alone_wrote_is_let_go_after_the_grace() {
    let mut s = Scene::new(4);
    let counselor = s.counselor;
    s.net.unlock(counselor);
    let notes = s.lane(counselor, Lane::ProcessNotes);
    s.write_many(counselor, notes, 20);
    s.snapshot(counselor, notes);
    let waiting = s.kept(notes);
    assert_eq!(
        (waiting.snapshots, waiting.edits_gone, waiting.attested),
        (1, 0, 0)
    );
    s.net.now += limits::SNAPSHOT_GRACE_MS - 60_000;
    s.write(s.admin, s.joint, "somebody else's work");
    s.settle();
    assert_eq!(s.kept(notes).edits_gone, 0);
    s.net.now += 60_000;
    s.settle();
    s.write(s.admin, s.joint, "somebody else's work");
    s.settle();
    assert_eq!(s.kept(notes).edits_gone, s.kept(notes).edits);
    let phone = s.net.link(counselor, "phone");
    s.net.unlock(phone);
    s.net.unlock(counselor);
    s.settle();
    assert_eq!(s.read(phone, notes).len(), 20);
    assert_eq!(s.read(counselor, notes).len(), 20);
    s.all_is_well();
}

#[test]
fn what_is_sensitive_is_judged_once_it_is_unlocked() {
    let mut s = Scene::new(5);
    let (admin, counselor) = (s.admin, s.counselor);
    s.net.unlock(counselor);
    let assessments = s.lane(counselor, Lane::Assessments);
    s.write_many(counselor, assessments, 5);
    s.snapshot(counselor, assessments);
    assert_eq!(s.kept(assessments).attested, 0, "the admin's device cannot look");
    s.net.unlock(admin);
    s.settle();
    assert_eq!(s.kept(assessments).attested, 1);
    assert_eq!(s.kept(assessments).edits_gone, s.kept(assessments).edits);
    // Looking at it is no use by a person, and leaves it open no longer.
    s.net.pass(6 * 60 * 1000);
    let device = &mut s.net.seats[admin].device;
    assert!(device.read(assessments, |_| ()).is_err());
    s.all_is_well();
}

#[test]
fn a_key_that_turns_and_edits_that_wait_do_not_stand_in_the_way() {
    let mut s = Scene::new(6);
    let (admin, counselor, joint) = (s.admin, s.counselor, s.joint);
    s.write_many(counselor, joint, 5);
    s.net.offline(admin);
    s.keep(admin, joint, "written on the train");
    s.snapshot(counselor, joint);
    // A device of the counselor's goes, and with it the key that the snapshot was sealed under.
    let phone = s.net.link(counselor, "phone");
    let gone = s.net.seats[phone].device.id();
    let device = &mut s.net.seats[counselor].device;
    device
        .revoke_device(s.net.now, &mut s.net.rng, gone, true)
        .expect("an own device");
    s.settle();
    s.write(counselor, joint, "under the new key");
    s.net.online(admin);
    s.net.now += 60_000;
    s.settle();
    let kept = s.kept(joint);
    assert_eq!((kept.attested, kept.edits - kept.edits_gone), (1, 2), "{kept:?}");
    assert_eq!(s.read(admin, joint), s.read(counselor, joint));
    assert_eq!(s.read(admin, joint).len(), 7);
    s.audited();
}

#[test]
fn an_erasure_takes_the_snapshot_too() {
    let mut s = Scene::new(7);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 5);
    s.snapshot(counselor, joint);
    s.write_many(counselor, joint, 2);
    let case = s.case;
    let device = &mut s.net.seats[counselor].device;
    device.erase_case(&mut s.net.rng, &case).expect("their own case");
    s.settle();
    let kept = s.kept(joint);
    assert_eq!(
        (kept.edits_gone, kept.snapshots_gone),
        (kept.edits, kept.snapshots)
    );
    assert!(s.net.seats[s.admin].device.read(joint, |_| ()).is_err() || s.read(s.admin, joint).is_empty());
    s.audited();
}
