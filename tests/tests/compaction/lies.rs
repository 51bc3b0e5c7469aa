//! Snapshots that are not what they say, by a member with keys of their own.

use troth_client_core::crypto::actor;
use troth_client_core::document::{LaneDocument, NewNote, claimed_actor};
use troth_protocol::ids::Hash;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Cover;

use crate::hand::{Hand, Lie, three};
use crate::scene::Scene;

/// Every other reader refused the snapshot, said so and by whom, and nobody lost anything.
fn refused_by_all(s: &mut Scene, client: usize, why: &str) {
    let refusals = s.refusals();
    for seat in [s.admin, s.counselor, client] {
        let said = refusals
            .iter()
            .find(|(of, said)| *of == seat && said.contains(why));
        assert!(said.is_some(), "{seat}: {refusals:?}");
    }
    // Whoever reads the directory reads the name.
    let by_name = format!("Noor Haddad: {why}");
    assert!(refusals.contains(&(s.admin, by_name)), "{refusals:?}");
    let kept = s.kept(s.joint);
    assert_eq!((kept.edits_gone, kept.attested), (0, 0));
    for seat in [s.admin, s.counselor, client] {
        assert_eq!(s.read(seat, s.joint), ["one", "three", "two"]);
    }
    s.audited();
}

#[test]
fn a_snapshot_that_leaves_out_an_edit_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let theirs = s.net.seats[client].device.id();
    let joint = s.joint;
    let left_out = actor(&theirs, &joint);
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        changes.retain(|c| claimed_actor(c) != Some(left_out));
    };
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "it leaves out an edit that it says it covers");
    // The honest one that follows is attested all the same, and takes the lie with it.
    s.write(s.counselor, joint, "four");
    s.snapshot(s.counselor, joint);
    s.settle();
    let kept = s.kept(joint);
    assert_eq!(
        (kept.attested, kept.edits_gone),
        (1, kept.edits),
        "{:?}",
        s.refusals()
    );
    assert_eq!((kept.snapshots, kept.snapshots_gone), (2, 1));
    s.all_is_well();
}

#[test]
fn a_snapshot_of_millions_of_changes_is_not_even_read() {
    let (mut s, client, hand) = three();
    let joint = s.joint;
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        changes.extend(std::iter::repeat_n(Vec::new(), 2_000_000));
    };
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "its content is not in the one valid encoding");
}

#[test]
fn a_snapshot_that_invents_an_edit_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let (joint, admin) = (s.joint, s.net.seats[s.admin].device.id());
    let saved = s.net.seats[1]
        .device
        .read_mut(joint, LaneDocument::save)
        .expect("readable");
    let mut forged = LaneDocument::load(&saved, actor(&admin, &joint)).expect("their document");
    let note = NewNote {
        author: "00".repeat(16),
        created_ms: 1,
        template: String::new(),
        text: "words put into the admin's mouth".to_owned(),
    };
    let change = forged.add_note([9; 16], &note).expect("an edit");
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| changes.push(change.clone());
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(
        &mut s,
        client,
        "it holds an edit that is not among those that it covers",
    );
}

#[test]
fn a_snapshot_with_an_edit_of_nobody_it_covers_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let (joint, left) = (s.joint, s.net.seats[client].device.id());
    let lie = |covers: &mut Vec<Cover>, _: &mut Vec<Vec<u8>>| covers.retain(|c| c.device != left);
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "it holds an edit of nobody whom it covers");
}

#[test]
fn a_range_that_is_not_the_authors_chain_is_refused_by_the_relay() {
    let (mut s, _, hand) = three();
    let joint = s.joint;
    let before = s.net.state().expect("a practice").clone();
    let lies: [Lie<'_>; 3] = [
        &|covers, _| covers[0].sequence += 1,
        &|covers, _| covers[0].last = Hash::default(),
        &|covers, _| covers.reverse(),
    ];
    for lie in lies {
        assert_eq!(hand.snapshot(&mut s, 1, joint, lie), Err(Rule::Snapshot));
    }
    assert_eq!(
        s.net.state().expect("a practice").documents[&joint],
        before.documents[&joint]
    );
    // Nor does its maker's member attest it, with whichever device.
    let said = hand.snapshot(&mut s, 1, joint, &|_, changes| changes.clear());
    let said = said.expect("the relay cannot look");
    let other = Hand::of(&mut s, 1);
    for by in [&hand, &other] {
        assert_eq!(by.attest(&mut s, joint, said), Err(Rule::Snapshot));
    }
    assert_eq!(s.kept(joint).edits_gone, 0);
}

#[test]
fn two_members_who_lie_together_are_named_by_the_third_who_keeps_what_they_have() {
    let (mut s, client, hand) = three();
    let accomplice = Hand::of(&mut s, 0);
    let joint = s.joint;
    let theirs = actor(&s.net.seats[client].device.id(), &joint);
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        changes.retain(|c| claimed_actor(c) != Some(theirs));
    };
    let said = hand
        .snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    accomplice
        .attest(&mut s, joint, said)
        .expect("the relay cannot look");
    assert!(s.kept(joint).edits_gone > 0, "the relay believed two");
    let refusals = s.refusals();
    assert!(refusals.iter().any(|(seat, _)| *seat == client), "{refusals:?}");
    assert_eq!(s.read(client, joint), ["one", "three", "two"]);
    s.net.restart_device(client);
    s.settle();
    assert_eq!(s.read(client, joint), ["one", "three", "two"]);
    // A new device has their word for it, and nothing else.
    let tablet = s.net.link(client, "tablet");
    assert_eq!(s.read(tablet, joint), ["one", "two"]);
}

#[test]
fn a_snapshot_of_an_edit_without_what_it_builds_on_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let (joint, first) = (s.joint, s.net.seats[s.counselor].device.id());
    let theirs = actor(&first, &joint);
    let lie = |covers: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        covers.retain(|c| c.device != first);
        changes.retain(|c| claimed_actor(c) != Some(theirs));
    };
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "it covers an edit without what that builds on");
}
