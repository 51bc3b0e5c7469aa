//! A relay that lets go of what it must keep.

use troth_client_core::device::Report;
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{Body, Lane, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Item, RelayMessage};
use troth_server::store::{Head, StreamKey};

use crate::hand::three;
use crate::scene::Scene;

/// A relay that lets go of payloads which it must keep.
fn drop_edits(s: &mut Scene, document: DocumentId) {
    let practice = s.practice();
    let Head { size, .. } = s.net.store.head(&practice).expect("readable").expect("a ledger");
    let key = Stream::Document(document).key();
    let key = StreamKey(key);
    let all = s
        .net
        .store
        .stream(&practice, &key, 0, size, usize::MAX)
        .expect("readable");
    let edits = s
        .net
        .store
        .entries_at(&practice, &all, usize::MAX)
        .expect("readable");
    let is_edit = |leaf: &[u8]| {
        let leaf: Leaf = cbor::decode(leaf).expect("a leaf");
        let said: Statement = cbor::decode(&leaf.signed.statement).expect("a statement");
        matches!(said.body, Body::Change(_))
    };
    let erase = edits
        .iter()
        .filter(|row| is_edit(&row.leaf))
        .map(|row| row.position);
    let erase = erase.collect();
    s.drop_payloads(erase);
}

/// A new device of the counselor's, linked while the relay may be lying; and how many contents it says are withheld from it,
/// after it asked for them again.
fn withheld(s: &mut Scene) -> usize {
    let new = s.net.link(s.counselor, "tablet");
    s.net.pass(120_000);
    let told = s.net.seats[new].reports.iter().rev().find_map(|r| match r {
        Report::Withheld { entries } => Some(*entries),
        _ => None,
    });
    // Nobody takes a record for whole that is not.
    for document in [s.joint, s.lane(s.counselor, Lane::ProcessNotes)] {
        let device = &mut s.net.seats[new].device;
        let shown = device.read(document, |d| d.notes().len()).unwrap_or_default();
        assert_eq!(shown, 0);
        assert_eq!(device.quarantine().expect("readable").len(), 0);
    }
    told.unwrap_or_default()
}

#[test]
fn a_relay_that_lets_go_for_a_snapshot_that_nobody_attested_is_told_of() {
    let (mut s, _, hand) = three();
    let joint = s.joint;
    // There is a snapshot, and it covers all of them; but it is a lie, and nobody has vouched for it.
    let said = hand.snapshot(&mut s, 1, joint, &|_, changes| drop(changes.pop()));
    said.expect("the relay cannot look");
    drop_edits(&mut s, joint);
    let edits = s.kept(joint).edits;
    assert_eq!(withheld(&mut s), edits);
}

#[test]
fn a_relay_that_does_not_wait_out_the_grace_is_told_of() {
    let mut s = Scene::new(22);
    let counselor = s.counselor;
    let notes = s.lane(counselor, Lane::ProcessNotes);
    s.net.unlock(counselor);
    s.write_many(counselor, notes, 5);
    s.snapshot(counselor, notes);
    drop_edits(&mut s, notes);
    assert_eq!(withheld(&mut s), 5);
}

#[test]
fn a_relay_that_keeps_back_the_snapshot_as_well_is_told_of() {
    let mut s = Scene::new(23);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 5);
    s.snapshot(counselor, joint);
    assert_eq!(s.kept(joint).attested, 1);
    s.net.tamper = Some(Box::new(|message, _| {
        if let RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) = message {
            for item in &mut items.items {
                if let Item::Entry(entry) = item {
                    let said: Statement = cbor::decode(&entry.leaf.signed.statement).expect("a statement");
                    if matches!(said.body, Body::Snapshot(_)) {
                        entry.payload = None;
                    }
                }
            }
        }
        true
    }));
    assert_eq!(withheld(&mut s), 1);
}
