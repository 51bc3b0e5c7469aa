//! Edits, and the other statements about what a document holds.

use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::keys::Class;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Change, Lane, PayloadRef, Role, RosterAction, Seen};

use crate::practice::{Device, Practice, admins, hash, reader, writer};
use crate::records::withdrawing;

/// A practice with an admin and a counselor, and a document that both write.
fn joint() -> (Practice, Device, Device, DocumentId) {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno), admins()]);
    (practice, anna, bruno, id)
}

fn send(practice: &mut Practice, by: &Device, change: Change) -> Result<Hash, Rule> {
    practice.say(by, Body::Change(change))
}

#[test]
fn r44_each_authors_edits_are_counted_and_chained() {
    let (mut practice, anna, bruno, id) = joint();
    let first = practice.change(&anna, id).unwrap();
    practice.change(&bruno, id).unwrap();
    let second = practice.change(&anna, id).unwrap();
    let document = &practice.state.documents[&id];
    assert_eq!(document.next_of(&anna.id()), (3, Some(second)));
    assert_eq!(document.authors()[&bruno.id()].sequence, 1);
    let right = practice.edit(&anna, id);
    for (sequence, prev) in [
        (2, Some(first)),
        (4, Some(second)),
        (3, Some(first)),
        (3, None),
        (1, None),
        (0, None),
    ] {
        let wrong = Change {
            sequence,
            prev,
            ..right
        };
        assert_eq!(
            send(&mut practice, &anna, wrong),
            Err(Rule::AuthorChain),
            "{sequence}"
        );
    }
    assert!(send(&mut practice, &anna, right).is_ok());
    // Another device of the same member has a chain of its own.
    let laptop = practice.add_device(&anna);
    assert_eq!(practice.state.documents[&id].next_of(&laptop.id()), (1, None));
}

#[test]
fn r42_an_edit_is_sealed_under_the_present_epoch() {
    let (mut practice, anna, bruno, id) = joint();
    let offline = practice.edit(&bruno, id);
    practice.turn(&anna, id).unwrap();
    assert_eq!(send(&mut practice, &bruno, offline), Err(Rule::WrongEpoch));
    for epoch in [0, 1, 3, u64::MAX] {
        let wrong = Change { epoch, ..offline };
        assert_eq!(send(&mut practice, &bruno, wrong), Err(Rule::WrongEpoch));
    }
    assert!(practice.change(&bruno, id).is_ok());
}

#[test]
fn r43_a_document_turns_before_the_next_edit_when_a_reader_is_gone() {
    let (practice, anna, bruno, id) = joint();
    let mut revoked = practice.clone();
    let phone = revoked.add_device(&bruno);
    revoked.revoke(&bruno, &phone).unwrap();
    let mut removed = practice.clone();
    let member = bruno.member;
    removed
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    let mut withdrawn = practice.clone();
    withdrawn.control(&anna, id, vec![withdrawing(&bruno)]).unwrap();
    let mut admin_left = practice.clone();
    let clara = admin_left.join(&anna, Role::Admin);
    let member = clara.member;
    admin_left
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    for mut practice in [revoked, removed, withdrawn, admin_left] {
        assert_eq!(practice.change(&anna, id), Err(Rule::StaleEpoch));
        practice.turn(&anna, id).unwrap();
        practice.change(&anna, id).unwrap();
    }
}

#[test]
fn r43_a_turn_while_a_members_key_is_exposed_seals_to_the_devices_that_remain() {
    let (mut practice, anna, bruno, id) = joint();
    let phone = practice.add_device(&bruno);
    practice.revoke(&anna, &phone).unwrap();
    practice.turn(&anna, id).unwrap();
    let sealed_to = &practice.state.documents[&id].epoch_record(2).unwrap().sealed_to;
    let device = |d: &Device| troth_protocol::keys::KeyRef::Device(d.id(), Class::General);
    assert!(sealed_to.contains(&device(&bruno)) && !sealed_to.contains(&device(&phone)));
    practice.change(&bruno, id).unwrap();
    // Once Bruno turns his key, nothing more has to turn: the device still is his.
    let turn = practice.turning_own(&bruno, Class::General);
    practice.roster(&bruno, vec![turn]).unwrap();
    practice.change(&bruno, id).unwrap();
}

#[test]
fn records_that_do_not_concern_who_left_go_on() {
    let (mut practice, anna, bruno, id) = joint();
    let clara = practice.join(&anna, Role::Counselor);
    let member = clara.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    practice.change(&bruno, id).unwrap();
}

#[test]
fn r12_a_revoked_device_edits_no_more() {
    let (mut practice, anna, bruno, id) = joint();
    let phone = practice.add_device(&bruno);
    let offline = practice.edit(&phone, id);
    practice.revoke(&bruno, &phone).unwrap();
    assert_eq!(send(&mut practice, &phone, offline), Err(Rule::Revoked));
    let member = bruno.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    assert_eq!(practice.change(&bruno, id), Err(Rule::Revoked));
}

#[test]
fn r13_readers_do_not_write() {
    let (mut practice, anna, bruno, _) = joint();
    let client = practice.join(&anna, Role::Client);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno), reader(&client)]);
    for by in [&client, &anna] {
        assert_eq!(practice.change(by, id), Err(Rule::NotPermitted));
    }
}

#[test]
fn r14_an_edit_names_heads_of_its_own_ledger_and_document() {
    let (mut practice, _, bruno, id) = joint();
    let other = practice.document(&bruno, Lane::Admin, vec![writer(&bruno)]);
    let edit = Body::Change(practice.edit(&bruno, id));
    let right = practice.statement(&bruno, edit);
    let seen = right.seen.unwrap();
    let heads = |roster, control| Some(Seen { roster, control });
    let elsewhere = practice.state.documents[&other].head();
    for wrong in [
        heads(hash("a fork"), seen.control),
        heads(seen.roster, Some(hash("a fork"))),
        heads(seen.roster, Some(elsewhere)),
        heads(elsewhere, seen.control),
    ] {
        let mut statement = right.clone();
        statement.seen = wrong;
        assert_eq!(practice.submit(&bruno.key, &statement), Err(Rule::UnknownHead));
    }
    // R7: and it names both.
    for missing in [None, heads(seen.roster, None)] {
        let mut statement = right.clone();
        statement.seen = missing;
        assert_eq!(practice.submit(&bruno.key, &statement), Err(Rule::Seen));
    }
    assert!(practice.submit(&bruno.key, &right).is_ok());
}

#[test]
fn r14_a_head_that_has_moved_on_was_seen_all_the_same() {
    let (mut practice, anna, bruno, id) = joint();
    let edit = Body::Change(practice.edit(&bruno, id));
    let statement = practice.statement(&bruno, edit);
    practice.join(&anna, Role::Client);
    assert!(practice.submit(&bruno.key, &statement).is_ok());
}

#[test]
fn r8_an_edit_has_a_payload() {
    let (mut practice, _, bruno, id) = joint();
    let edit = Body::Change(practice.edit(&bruno, id));
    let mut statement = practice.statement(&bruno, edit);
    statement.payload = None;
    assert_eq!(practice.submit(&bruno.key, &statement), Err(Rule::PayloadKind));
    // R3: of at most the longest length.
    statement.payload = Some(PayloadRef {
        digest: hash(""),
        length: u32::MAX,
    });
    assert_eq!(practice.submit(&bruno.key, &statement), Err(Rule::TooLarge));
}
