//! Rights: given, replaced, taken, and ending on a date.

use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{DocumentAction, Lane, Principal, Reader, Rights, Role, RosterAction};

use crate::practice::{Device, Practice, admins, reader, writer};
use crate::records::{granting, withdrawing};

fn rights(practice: &Practice, id: troth_protocol::ids::DocumentId, of: &Device) -> Option<Rights> {
    let document = &practice.state.documents[&id];
    document.rights(&practice.state.roster, &of.member, u64::MAX - 1, practice.now)
}

fn until(device: &Device, time: u64) -> Reader {
    Reader {
        until: Some(time),
        ..reader(device)
    }
}

#[test]
fn a_grant_gives_the_history_and_replaces_an_earlier_one() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice
        .control(&anna, id, vec![granting(reader(&bruno))])
        .unwrap();
    assert_eq!(rights(&practice, id, &bruno), Some(Rights::Read));
    let key = KeyRef::Epoch(id, 1);
    let to = KeyRef::Member(bruno.member, Class::General, 1);
    let said = practice.entries.last().unwrap().statement();
    assert_eq!(said.sealings(), [Sealing { key, to }]);
    // More rights for one who has the key: nothing needs sealing again (R24).
    let again = vec![Sealing { key, to }];
    let grant = || vec![granting(writer(&bruno))];
    assert_eq!(
        practice.control_with(&anna, id, grant(), again),
        Err(Rule::Sealings)
    );
    practice.control_with(&anna, id, grant(), vec![]).unwrap();
    assert_eq!(rights(&practice, id, &bruno), Some(Rights::Write));
}

#[test]
fn r13_staff_who_write_share_and_others_do_not() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let client = practice.join(&anna, Role::Client);
    let clara = practice.join(&anna, Role::Counselor);
    let id = practice.document(
        &anna,
        Lane::Joint,
        vec![admins(), reader(&bruno), writer(&client)],
    );
    let grant = vec![granting(reader(&clara))];
    for by in [&bruno, &client, &clara] {
        assert_eq!(practice.control(by, id, grant.clone()), Err(Rule::NotPermitted));
        assert_eq!(
            practice.control(by, id, vec![withdrawing(&bruno)]),
            Err(Rule::NotPermitted)
        );
        let supersede = DocumentAction::Supersede {
            by: troth_protocol::ids::DocumentId([1; 16]),
        };
        assert_eq!(practice.control(by, id, vec![supersede]), Err(Rule::NotPermitted));
    }
    // Who writes turns the key, client or not: else nobody could write when it must turn.
    assert_eq!(practice.turn(&bruno, id), Err(Rule::NotPermitted));
    assert!(practice.turn(&client, id).is_ok());
}

#[test]
fn r23_a_right_that_nobody_has_cannot_be_taken() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), reader(&bruno)]);
    practice.control(&anna, id, vec![withdrawing(&bruno)]).unwrap();
    assert_eq!(rights(&practice, id, &bruno), None);
    assert_eq!(
        practice.control(&anna, id, vec![withdrawing(&bruno)]),
        Err(Rule::NoSuchSubject)
    );
}

#[test]
fn r29_an_exposed_document_key_is_given_to_nobody_new() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), reader(&bruno)]);
    practice.control(&anna, id, vec![withdrawing(&bruno)]).unwrap();
    let grant = || granting(reader(&clara));
    assert_eq!(practice.control(&anna, id, vec![grant()]), Err(Rule::TurnFirst));
    let turn = practice.turning(id);
    practice.control(&anna, id, vec![turn, grant()]).unwrap();
    let said = practice.entries.last().unwrap().statement();
    let to_bruno = |s: &Sealing| matches!(s.to, KeyRef::Member(m, ..) if m == bruno.member);
    assert!(!said.sealings().iter().any(to_bruno));
}

#[test]
fn r43_a_share_ends_on_its_date_and_the_key_turns_before_the_next_edit() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let end = practice.now + 1000;
    practice
        .control(&anna, id, vec![granting(until(&client, end))])
        .unwrap();
    practice.now = end - 1;
    assert_eq!(rights(&practice, id, &client), Some(Rights::Read));
    practice.change(&anna, id).unwrap();
    practice.now = end;
    assert_eq!(rights(&practice, id, &client), None);
    assert_eq!(practice.change(&anna, id), Err(Rule::StaleEpoch));
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
    let epoch = practice.state.documents[&id].epoch_record(2).unwrap();
    assert_eq!(epoch.sealed_to, [KeyRef::Member(anna.member, Class::General, 1)]);
    // The right is over and done with: there is nothing left to revoke.
    assert_eq!(
        practice.control(&anna, id, vec![withdrawing(&client)]),
        Err(Rule::NoSuchSubject)
    );
}

#[test]
fn r43_a_share_ends_on_its_date_even_for_one_whom_the_key_never_reached() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    practice.revoke(&anna, &client).unwrap();
    let end = practice.now + 1000;
    let readers = vec![writer(&anna), until(&client, end)];
    let id = practice.document(&anna, Lane::Joint, readers);
    practice.change(&anna, id).unwrap();
    practice.now = end;
    assert_eq!(practice.change(&anna, id), Err(Rule::StaleEpoch));
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
}

#[test]
fn r13_a_share_that_has_ended_already_is_not_given() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let now = practice.now;
    assert_eq!(
        practice.control(&anna, id, vec![granting(until(&client, now))]),
        Err(Rule::NotPermitted)
    );
}

#[test]
fn r13_a_roles_right_has_no_end_on_a_date() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let ending = Reader {
        until: Some(practice.now + 1000),
        ..admins()
    };
    assert_eq!(
        practice.control_with(&anna, id, vec![granting(ending)], vec![]),
        Err(Rule::NotPermitted)
    );
}

#[test]
fn r13_who_becomes_an_auditor_reads_and_writes_no_more() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), writer(&bruno)]);
    let role = Role::Auditor;
    practice
        .roster(
            &anna,
            vec![RosterAction::ChangeRole {
                member: bruno.member,
                role,
            }],
        )
        .unwrap();
    assert_eq!(rights(&practice, id, &bruno), None);
    assert_eq!(practice.change(&bruno, id), Err(Rule::NotPermitted));
    // R43: and the key that he holds turns, to everyone but him.
    assert_eq!(practice.change(&anna, id), Err(Rule::StaleEpoch));
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
}

#[test]
fn r24_a_reader_passes_the_key_on_to_readers_only() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![admins(), reader(&bruno)]);
    let reseal = || vec![DocumentAction::Reseal];
    assert_eq!(
        practice.control_with(&bruno, id, reseal(), vec![]),
        Err(Rule::Sealings)
    );
    let key = KeyRef::Epoch(id, 1);
    let to_admins = Sealing {
        key,
        to: KeyRef::Role(Role::Admin, Class::General, 1),
    };
    let clara = practice.join(&anna, Role::Counselor);
    let to_clara = Sealing {
        key,
        to: KeyRef::Member(clara.member, Class::General, 1),
    };
    assert_eq!(
        practice.control_with(&bruno, id, reseal(), vec![to_clara]),
        Err(Rule::Sealings)
    );
    assert_eq!(
        practice.control_with(&clara, id, reseal(), vec![to_clara]),
        Err(Rule::NotPermitted)
    );
    practice
        .control_with(&bruno, id, reseal(), vec![to_admins])
        .unwrap();
}

#[test]
fn while_the_admins_key_is_exposed_documents_are_sealed_to_each_admin() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Admin);
    let role = Role::Counselor;
    practice
        .roster(
            &anna,
            vec![RosterAction::ChangeRole {
                member: bruno.member,
                role,
            }],
        )
        .unwrap();
    let id = practice.document(&anna, Lane::Assessments, vec![admins()]);
    let own = KeyRef::Member(anna.member, Class::Sensitive, 1);
    assert_eq!(
        practice.state.documents[&id].epoch_record(1).unwrap().sealed_to,
        [own]
    );
    practice.change(&anna, id).unwrap();
    // R24: the next admin gets the document's key by a reseal of the one who has it.
    let turns: Vec<_> = Class::ALL
        .into_iter()
        .map(|c| practice.turning_admin(c))
        .collect();
    practice.roster(&anna, turns).unwrap();
    let clara = practice.join(&anna, Role::Admin);
    let key = KeyRef::Epoch(id, 1);
    let to = KeyRef::Role(Role::Admin, Class::Sensitive, 2);
    practice
        .control_with(&anna, id, vec![DocumentAction::Reseal], vec![Sealing { key, to }])
        .unwrap();
    assert!(
        practice.state.documents[&id]
            .epoch_record(1)
            .unwrap()
            .sealed_to
            .contains(&to)
    );
    practice.change(&clara, id).unwrap();
    assert_eq!(
        practice.state.documents[&id].readers()[0].reader.principal,
        Principal::Role(Role::Admin)
    );
}
