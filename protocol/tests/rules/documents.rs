//! A document's control chain: created, turned, superseded, erased.

// Long because the rules of one control chain stand together, in the order in which they are numbered.

use troth_protocol::ids::{CaseId, DocumentId, Hash};
use troth_protocol::keys::{KeyRef, Sealing};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Body, Document, DocumentAction, Erasure, Lane, Principal, Rights, Role, RosterAction,
};

use crate::practice::{Device, Practice, admins, hash, may, reader, writer};
use crate::records::{granting, withdrawing};

fn create(practice: &mut Practice, by: &Device, body: Document) -> Result<Hash, Rule> {
    practice.say(by, Body::Document(body))
}

fn erase(practice: &mut Practice, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
    let prev = practice
        .state
        .documents
        .get(&document)
        .map_or(hash("none"), |d| d.head());
    practice.say(by, Body::Erasure(Erasure { document, prev }))
}

fn supersede(practice: &mut Practice, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
    let by_document = DocumentId([8; 16]);
    practice.control(by, document, vec![DocumentAction::Supersede { by: by_document }])
}

#[test]
fn a_counselor_creates_a_document_and_admins_read_it() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno), admins()]);
    let document = &practice.state.documents[&id];
    let (at, now) = (practice.next(), practice.now);
    assert_eq!((document.epoch(), document.lane()), (1, Lane::Joint));
    assert_eq!(document.epoch_record(1).unwrap().commitment, hash("epoch 1"));
    for member in [bruno.member, anna.member] {
        let rights = document.rights(&practice.state.roster, &member, at, now);
        assert_eq!(rights, Some(Rights::Write));
    }
}

#[test]
fn r22_a_document_is_created_once() {
    let (mut practice, anna) = Practice::found();
    let (_, body) = practice.creating(Lane::Joint, vec![writer(&anna)]);
    create(&mut practice, &anna, body.clone()).unwrap();
    assert_eq!(
        create(&mut practice, &anna, body.clone()),
        Err(Rule::AlreadyExists)
    );
    let prev = Some(practice.state.documents[&body.document].head());
    let again = Document { prev, ..body };
    assert_eq!(create(&mut practice, &anna, again), Err(Rule::AlreadyExists));
    // Each principal is listed once, too.
    let (_, twice) = practice.creating(Lane::Joint, vec![writer(&anna), reader(&anna)]);
    assert_eq!(create(&mut practice, &anna, twice), Err(Rule::AlreadyExists));
}

#[test]
fn r40_what_was_not_created_is_not_there() {
    let (mut practice, anna) = Practice::found();
    let nothing = DocumentId([1; 16]);
    let grant = vec![granting(writer(&anna))];
    assert_eq!(
        practice.control_with(&anna, nothing, grant, vec![]),
        Err(Rule::NoSuchDocument)
    );
    assert_eq!(practice.change(&anna, nothing), Err(Rule::NoSuchDocument));
    assert_eq!(erase(&mut practice, &anna, nothing), Err(Rule::NoSuchDocument));
}

#[test]
fn r7_a_document_is_created_without_a_head_of_its_own() {
    let (mut practice, anna) = Practice::found();
    let (_, body) = practice.creating(Lane::Joint, vec![writer(&anna)]);
    let mut statement = practice.statement(&anna, Body::Document(body));
    statement.seen.as_mut().unwrap().control = Some(hash("what could it be"));
    assert_eq!(practice.submit(&anna.key, &statement), Err(Rule::Seen));
}

#[test]
fn r13_staff_create_documents_that_they_can_write() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let auditor = practice.join(&anna, Role::Auditor);
    let bruno = practice.join(&anna, Role::Counselor);
    let mut refused = |by: &Device, readers| {
        let (_, body) = practice.creating(Lane::Joint, readers);
        let outcome = create(&mut practice, by, body);
        assert_eq!(outcome, Err(Rule::NotPermitted));
    };
    refused(&client, vec![writer(&client)]);
    refused(&auditor, vec![writer(&bruno)]);
    refused(&bruno, vec![writer(&anna)]);
    refused(&bruno, vec![reader(&bruno), admins()]);
    // An auditor is given no payloads, and no role but the admins' has a key to seal to.
    refused(&bruno, vec![writer(&bruno), reader(&auditor)]);
    for role in [Role::Counselor, Role::Client, Role::Auditor] {
        refused(
            &bruno,
            vec![writer(&bruno), may(Principal::Role(role), Rights::Read)],
        );
    }
}

#[test]
fn r13_process_notes_are_no_roles() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let (_, body) = practice.creating(Lane::ProcessNotes, vec![writer(&bruno), admins()]);
    assert_eq!(create(&mut practice, &bruno, body), Err(Rule::NotPermitted));
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    let grant = vec![granting(admins())];
    assert_eq!(
        practice.control_with(&bruno, notes, grant, vec![]),
        Err(Rule::NotPermitted)
    );
    // The admin cannot take them, either.
    let take = vec![granting(reader(&anna))];
    assert_eq!(practice.control(&anna, notes, take), Err(Rule::NotPermitted));
}

#[test]
fn r1_a_case_has_its_lanes_and_the_practice_its_directory() {
    let (mut practice, anna) = Practice::found();
    let case = Some(CaseId([1; 16]));
    for (lane, _) in Lane::NAMES {
        for case in [None, case] {
            let (_, mut body) = practice.creating(lane, vec![writer(&anna)]);
            if let DocumentAction::Create { case: of, .. } = &mut body.actions[0] {
                *of = case;
            }
            let fits = case.is_none() == (lane == Lane::Directory);
            let outcome = create(&mut practice, &anna, body);
            assert_eq!(
                outcome.err(),
                (!fits).then_some(Rule::Malformed),
                "{lane:?} {case:?}"
            );
        }
    }
}

#[test]
fn r13_a_directory_is_begun_by_an_admin() {
    // Devices show as names what stands there: a counselor's own would let them call anybody anything.
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let (_, body) = practice.creating(Lane::Directory, vec![writer(&bruno), admins()]);
    assert_eq!(create(&mut practice, &bruno, body), Err(Rule::NotPermitted));
    practice.document(&anna, Lane::Directory, vec![admins()]);
}

#[test]
fn r13_a_counselor_neither_shares_nor_closes_the_directory() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let readers = vec![admins(), writer(&bruno), reader(&clara)];
    let id = practice.document(&anna, Lane::Directory, readers);
    // A counselor writes names into it, and turns its key so that others can.
    practice.change(&bruno, id).unwrap();
    practice.turn(&bruno, id).unwrap();
    let client = practice.join(&anna, Role::Client);
    for action in [
        granting(reader(&client)),
        withdrawing(&clara),
        withdrawing(&bruno),
    ] {
        assert_eq!(
            practice.control(&bruno, id, vec![action]),
            Err(Rule::NotPermitted)
        );
    }
    assert_eq!(supersede(&mut practice, &bruno, id), Err(Rule::NotPermitted));
    assert_eq!(erase(&mut practice, &bruno, id), Err(Rule::NotPermitted));
    // A lane of a case that they write is another matter.
    let joint = practice.document(&anna, Lane::Joint, vec![admins(), writer(&bruno)]);
    erase(&mut practice, &bruno, joint).unwrap();
    // An admin does all of it.
    practice.control(&anna, id, vec![withdrawing(&clara)]).unwrap();
    supersede(&mut practice, &anna, id).unwrap();
    assert_eq!(erase(&mut practice, &bruno, id), Err(Rule::NotPermitted));
    erase(&mut practice, &anna, id).unwrap();
}

#[test]
fn r13_nobody_takes_the_directory_from_the_admins() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(
        &anna,
        Lane::Directory,
        vec![admins(), writer(&bruno), writer(&anna)],
    );
    let role = Principal::Role(Role::Admin);
    let less = granting(may(role, Rights::Read));
    for by in [&anna, &bruno] {
        let taking = vec![DocumentAction::Revoke { principal: role }];
        assert_eq!(practice.control(by, id, taking), Err(Rule::NotPermitted));
        assert_eq!(
            practice.control(by, id, vec![less.clone()]),
            Err(Rule::NotPermitted)
        );
    }
    practice.control(&anna, id, vec![granting(admins())]).unwrap();
    // In a lane of a case it is for whoever writes there to say.
    let joint = practice.document(&anna, Lane::Joint, vec![admins(), writer(&bruno)]);
    let taking = vec![DocumentAction::Revoke { principal: role }];
    practice.control(&bruno, joint, taking).unwrap();
}

#[test]
fn r23_readers_are_members() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let stranger = practice.new_member();
    let (_, body) = practice.creating(Lane::Joint, vec![writer(&anna), reader(&stranger)]);
    assert_eq!(create(&mut practice, &anna, body), Err(Rule::NoSuchSubject));
    let member = bruno.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let grant = vec![granting(reader(&bruno))];
    assert_eq!(practice.control(&anna, id, grant), Err(Rule::NoSuchSubject));
    let revoke = vec![withdrawing(&bruno)];
    assert_eq!(practice.control(&anna, id, revoke), Err(Rule::NoSuchSubject));
}

#[test]
fn r3_a_document_has_only_so_many_readers() {
    let (mut practice, anna) = Practice::found();
    let (_, body) = practice.creating(Lane::Joint, vec![writer(&anna); limits::READERS + 1]);
    assert_eq!(create(&mut practice, &anna, body), Err(Rule::TooLarge));
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let actions = vec![DocumentAction::Reseal; limits::ACTIONS + 1];
    assert_eq!(practice.control(&anna, id, actions), Err(Rule::TooLarge));
    assert_eq!(practice.control(&anna, id, vec![]), Err(Rule::TooLarge));
}

#[test]
fn r24_a_document_is_sealed_to_its_readers_exactly() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let (id, body) = practice.creating(Lane::Joint, vec![writer(&bruno), admins()]);
    assert_eq!(body.sealings.len(), 2);
    for missing in 0..2 {
        let mut less = body.clone();
        less.sealings.remove(missing);
        assert_eq!(create(&mut practice, &bruno, less), Err(Rule::Sealings));
    }
    let mut ghost = body.clone();
    let key = KeyRef::Epoch(id, 1);
    let to = KeyRef::Member(bruno.member, troth_protocol::keys::Class::Sensitive, 1);
    ghost.sealings.push(Sealing { key, to });
    assert_eq!(create(&mut practice, &bruno, ghost), Err(Rule::Sealings));
    create(&mut practice, &bruno, body).unwrap();

    // A turn seals the new key to all of them, and the old key under the new: readers keep the history.
    let turn = practice.turning(id);
    let (at, now) = (practice.next(), practice.now);
    let right = crate::sealings::of_document(&practice.state, id, at, now, std::slice::from_ref(&turn));
    assert!(right.contains(&Sealing {
        key,
        to: KeyRef::Epoch(id, 2)
    }));
    for missing in 0..right.len() {
        let mut less = right.clone();
        less.remove(missing);
        let outcome = practice.control_with(&bruno, id, vec![turn.clone()], less);
        assert_eq!(outcome, Err(Rule::Sealings));
    }
    practice.control_with(&bruno, id, vec![turn], right).unwrap();
    assert_eq!(practice.state.documents[&id].epoch(), 2);
}

#[test]
fn r25_an_epoch_follows_the_present_one() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    for epoch in [0, 1, 3, u64::MAX] {
        let turn = DocumentAction::Turn {
            epoch,
            commitment: hash(""),
        };
        assert_eq!(
            practice.control_with(&anna, id, vec![turn], vec![]),
            Err(Rule::Generation)
        );
    }
}

#[test]
fn r15_control_statements_follow_each_other() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let turn = practice.turning(id);
    let mut other = practice.clone();
    practice.turn(&anna, id).unwrap();
    let bruno = other.join(&anna, Role::Counselor);
    other.control(&anna, id, vec![granting(reader(&bruno))]).unwrap();
    let late = other.entries.last().unwrap().statement();
    // The roster's head that the late statement saw is unknown here: R14 before anything else.
    assert_eq!(practice.submit(&anna.key, &late), Err(Rule::UnknownHead));
    let mut late = practice.statement(&anna, late.body);
    assert_eq!(practice.submit(&anna.key, &late), Err(Rule::StaleChain));
    // A second turn to the same epoch is late as well.
    let prev = Some(practice.entries[1].statement()).map(|s| Hash::of(&[&troth_protocol::cbor::encode(&s)]));
    let body = Document {
        document: id,
        prev,
        actions: vec![turn],
        sealings: vec![],
    };
    late.body = Body::Document(body);
    late.payload = None;
    assert_eq!(practice.submit(&anna.key, &late), Err(Rule::StaleChain));
    // A document is not begun in the middle of a chain.
    let (_, begun) = practice.creating(Lane::Joint, vec![writer(&anna)]);
    let begun = Document { prev, ..begun };
    assert_eq!(create(&mut practice, &anna, begun), Err(Rule::StaleChain));
}

#[test]
fn r45_someone_who_can_write_remains() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno), writer(&anna)]);
    let both = vec![withdrawing(&anna), withdrawing(&bruno)];
    assert!(practice.control(&bruno, id, both).is_err());
    practice.control(&bruno, id, vec![withdrawing(&anna)]).unwrap();
    assert_eq!(
        practice.control(&bruno, id, vec![withdrawing(&bruno)]),
        Err(Rule::NoWriter)
    );
    let read_only = may(Principal::Member(bruno.member), Rights::Read);
    practice.turn(&bruno, id).unwrap();
    assert_eq!(
        practice.control(&bruno, id, vec![granting(read_only)]),
        Err(Rule::NoWriter)
    );
}

#[test]
fn r45_a_writer_who_left_does_not_count() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno), writer(&clara)]);
    let member = clara.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    assert_eq!(
        practice.control(&bruno, id, vec![withdrawing(&bruno)]),
        Err(Rule::NoWriter)
    );
    practice.control(&bruno, id, vec![withdrawing(&clara)]).unwrap();
}

#[test]
fn a_refused_action_takes_the_whole_control_statement_with_it() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let actions = vec![granting(reader(&bruno)), practice.turning(id), withdrawing(&anna)];
    assert_eq!(practice.control(&anna, id, actions), Err(Rule::NoWriter));
    let document = &practice.state.documents[&id];
    assert_eq!((document.epoch(), document.readers().len()), (1, 1));
}

#[test]
fn r41_a_superseded_document_is_closed() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice.change(&anna, id).unwrap();
    let itself = vec![DocumentAction::Supersede { by: id }];
    assert_eq!(practice.control(&anna, id, itself), Err(Rule::AlreadyExists));
    supersede(&mut practice, &anna, id).unwrap();
    assert_eq!(
        practice.state.documents[&id].superseded_by(),
        Some(DocumentId([8; 16]))
    );
    assert_eq!(practice.change(&anna, id), Err(Rule::Closed));
    assert_eq!(practice.turn(&anna, id), Err(Rule::Closed));
    assert_eq!(supersede(&mut practice, &anna, id), Err(Rule::Closed));
    // It can be erased still: to erase a part, the rest goes on elsewhere and the old is erased.
    erase(&mut practice, &anna, id).unwrap();
    assert_eq!(practice.state.documents[&id].erased(), Some(practice.next() - 1));
}

#[test]
fn r41_an_erased_document_is_closed() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    erase(&mut practice, &anna, id).unwrap();
    assert_eq!(practice.change(&anna, id), Err(Rule::Closed));
    assert_eq!(practice.turn(&anna, id), Err(Rule::Closed));
    assert_eq!(erase(&mut practice, &anna, id), Err(Rule::Closed));
}

#[test]
fn r13_an_erasure_is_ordered_by_an_admin_or_a_counselor_who_writes() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let client = practice.join(&anna, Role::Client);
    let readers = vec![writer(&bruno), reader(&clara), writer(&client)];
    let id = practice.document(&bruno, Lane::Joint, readers);
    assert_eq!(erase(&mut practice, &clara, id), Err(Rule::NotPermitted));
    assert_eq!(erase(&mut practice, &client, id), Err(Rule::NotPermitted));
    assert!(erase(&mut practice.clone(), &bruno, id).is_ok());
    // An admin may, without being able to read what it was.
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    assert!(erase(&mut practice, &anna, notes).is_ok());
}

#[test]
fn r15_an_erasure_acts_on_the_present_head() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let prev = practice.state.documents[&id].head();
    practice.turn(&anna, id).unwrap();
    let late = Body::Erasure(Erasure { document: id, prev });
    assert_eq!(practice.say(&anna, late), Err(Rule::StaleChain));
}

#[test]
fn r64_only_a_control_statement_moves_a_documents_chain() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice.change(&anna, id).unwrap();
    let entry = practice.entries.last().unwrap().leaf.signed.clone();
    let verified = practice.verify(entry).unwrap();
    let document = practice.state.documents.get(&id);
    let (position, now) = (practice.next(), practice.now);
    let roster = &practice.state.roster;
    let applied = troth_protocol::document::Document::applied(document, roster, position, now, &verified);
    assert_eq!(applied.err(), Some(Rule::NotInUse));
}
