//! A document is judged against the roster as of each entry's position: alone, later, by whoever is shown it.

use troth_protocol::document::Document;
use troth_protocol::entry::Verified;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::Class;
use troth_protocol::roster::Roster;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Lane, Role, RosterAction};
use troth_protocol::stream::Stream;

use crate::practice::{Practice, admins, reader, revoking, writer};
use crate::records::{granting, withdrawing};

/// Applies one entry of a document, as a reader does who fetches it from its beginning.
pub fn step(
    before: Option<Document>,
    roster: &Roster,
    position: u64,
    received: u64,
    said: &Verified,
) -> Result<Document, Rule> {
    match (&said.statement().body, before) {
        (Body::Change(change), Some(mut document)) => {
            document.edit(roster, position, received, said, change)?;
            Ok(document)
        }
        (Body::Snapshot(snapshot), Some(mut document)) => {
            document.snapshot(roster, position, received, said, snapshot)?;
            Ok(document)
        }
        (Body::Attest(attest), Some(mut document)) => {
            document.attest(roster, position, received, said, attest)?;
            Ok(document)
        }
        (_, before) => Document::applied(before.as_ref(), roster, position, received, said),
    }
}

/// A document, replayed alone from its bytes against the roster as it is at the end.
pub fn alone(practice: &Practice, id: DocumentId) -> Result<Document, Rule> {
    let roster = &practice.state.roster;
    let mut document = None;
    for (position, entry) in practice.entries_of(Stream::Document(id)) {
        let said = practice.verify(entry.leaf.signed.clone())?;
        document = Some(step(document, roster, position, entry.leaf.received, &said)?);
    }
    Ok(document.unwrap())
}

#[test]
fn r12_what_was_said_before_a_revocation_still_holds_after_it() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let phone = practice.add_device(&bruno);
    let id = practice.document(&phone, Lane::Joint, vec![writer(&bruno), admins()]);
    practice.change(&phone, id).unwrap();
    practice.change(&phone, id).unwrap();
    let turns: Vec<_> = Class::ALL.map(|c| practice.turning_own(&bruno, c)).into();
    let actions = [vec![revoking(&phone)], turns].concat();
    practice.roster(&bruno, actions).unwrap();
    practice.turn(&bruno, id).unwrap();
    practice.change(&bruno, id).unwrap();
    let member = bruno.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
    assert!(alone(&practice, id).unwrap() == practice.state.documents[&id]);
}

#[test]
fn r12_an_edit_shown_at_a_later_position_than_its_revocation_is_refused() {
    let (mut practice, anna) = Practice::found();
    let phone = practice.add_device(&anna);
    let id = practice.document(&anna, Lane::Joint, vec![admins()]);
    practice.change(&phone, id).unwrap();
    practice.revoke(&anna, &phone).unwrap();
    let revoked = practice.next() - 1;
    let (at, edit) = practice.entries_of(Stream::Document(id)).last().unwrap();
    let received = edit.leaf.received;
    let said = practice.verify(edit.leaf.signed.clone()).unwrap();
    let create = practice.entries_of(Stream::Document(id)).next().unwrap();
    let create = (create.0, practice.verify(create.1.leaf.signed.clone()).unwrap());
    let roster = &practice.state.roster;
    let created = Document::applied(None, roster, create.0, received, &create.1).unwrap();
    for position in [at, revoked - 1] {
        assert!(step(Some(created.clone()), roster, position, received, &said).is_ok());
    }
    for position in [revoked, revoked + 1, u64::MAX] {
        let outcome = step(Some(created.clone()), roster, position, received, &said);
        assert_eq!(outcome.err(), Some(Rule::Revoked), "{position}");
    }
}

#[test]
fn r43_staleness_is_judged_as_of_the_position() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Admin);
    let id = practice.document(&anna, Lane::Joint, vec![admins()]);
    practice.change(&anna, id).unwrap();
    let edited = practice.next() - 1;
    let member = bruno.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    let document = &practice.state.documents[&id];
    let stale = |position| document.is_stale(&practice.state.roster, position, practice.now);
    assert!(!stale(edited) && stale(edited + 1));
    assert!(alone(&practice, id).unwrap() == *document);
}

#[test]
fn r14_seen_heads_are_judged_as_of_the_position() {
    let (mut practice, anna) = Practice::found();
    practice.invite(&anna, Role::Client);
    let roster = &practice.state.roster;
    assert!(roster.knows_head(&roster.head(), 1) && !roster.knows_head(&roster.head(), 0));
}

#[test]
fn a_document_shared_and_taken_back_replays_alone() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Assessments, vec![writer(&anna)]);
    practice
        .control(&anna, id, vec![granting(reader(&bruno))])
        .unwrap();
    practice.change(&anna, id).unwrap();
    practice.control(&anna, id, vec![withdrawing(&bruno)]).unwrap();
    let turn = practice.turning_own(&anna, Class::Sensitive);
    practice.roster(&anna, vec![turn]).unwrap();
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
    assert!(alone(&practice, id).unwrap() == practice.state.documents[&id]);
}
