//! Who may see what.

use std::collections::BTreeMap;

use troth_protocol::counts::digest;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{
    Access, AccessKind, Body, Lane, Notice, NoticeKind, Reader, Role, RosterAction, Session, Statement,
};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::{entitled, may_open, may_see, opens_until, visible_until};

use crate::practice::{Device, Practice, admins, hash, reader, writer};
use crate::records::{granting, withdrawing};

fn sees(practice: &Practice, who: &Device, stream: Stream) -> Vec<u64> {
    practice
        .entries_of(stream)
        .map(|(position, _)| position)
        .filter(|position| may_see(&practice.state, &who.member, &stream, *position))
        .collect()
}

fn all(practice: &Practice, stream: Stream) -> Vec<u64> {
    practice
        .entries_of(stream)
        .map(|(position, _)| position)
        .collect()
}

fn becoming(device: &Device, role: Role) -> RosterAction {
    RosterAction::ChangeRole {
        member: device.member,
        role,
    }
}

#[test]
fn everyone_sees_the_roster_and_nobody_sees_it_from_outside() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let stranger = practice.new_member();
    assert_eq!(sees(&practice, &client, Stream::Roster), [0, 1, 2]);
    assert_eq!(sees(&practice, &stranger, Stream::Roster), Vec::<u64>::new());
    // Nor who was removed, from then on.
    let member = client.member;
    practice
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    assert_eq!(
        visible_until(&practice.state, &client.member, &Stream::Roster),
        None
    );
    assert!(entitled(&practice.state, &client.member).is_empty());
}

#[test]
fn a_document_is_seen_by_its_readers_with_its_history() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Assessments, vec![writer(&bruno)]);
    let stream = Stream::Document(id);
    practice.change(&bruno, id).unwrap();
    for outsider in [&anna, &clara] {
        assert_eq!(sees(&practice, outsider, stream), Vec::<u64>::new());
        assert!(!entitled(&practice.state, &outsider.member).contains_key(&stream));
    }
    practice
        .control(&bruno, id, vec![granting(reader(&clara))])
        .unwrap();
    assert_eq!(sees(&practice, &clara, stream), all(&practice, stream));
    assert_eq!(entitled(&practice.state, &clara.member)[&stream], 3);
}

#[test]
fn a_revoked_reader_sees_up_to_their_revocation() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), reader(&bruno)]);
    let stream = Stream::Document(id);
    practice.change(&anna, id).unwrap();
    practice.control(&anna, id, vec![withdrawing(&bruno)]).unwrap();
    let until = practice.next() - 1;
    practice.turn(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
    assert_eq!(
        visible_until(&practice.state, &bruno.member, &stream),
        Some(until)
    );
    let seen = sees(&practice, &bruno, stream);
    assert_eq!(
        seen,
        [until - 2, until - 1, until],
        "the revocation itself, and nothing after"
    );
    assert!(!entitled(&practice.state, &bruno.member).contains_key(&stream));
    // Given back, it is given with the history.
    practice
        .control(&anna, id, vec![granting(reader(&bruno))])
        .unwrap();
    assert_eq!(sees(&practice, &bruno, stream), all(&practice, stream));
}

#[test]
fn a_share_that_ended_is_seen_up_to_the_turn_that_follows() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let share = Reader {
        until: Some(practice.now + 10),
        ..reader(&client)
    };
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), share]);
    let stream = Stream::Document(id);
    practice.change(&anna, id).unwrap();
    practice.now += 10;
    // Nothing can be written yet, so nothing can be seen that should not be; nor does anyone's clock matter.
    assert_eq!(
        visible_until(&practice.state, &client.member, &stream),
        Some(u64::MAX)
    );
    practice.turn(&anna, id).unwrap();
    let turned = practice.next() - 1;
    practice.change(&anna, id).unwrap();
    assert_eq!(
        visible_until(&practice.state, &client.member, &stream),
        Some(turned)
    );
}

#[test]
fn a_share_opens_nothing_once_its_date_has_passed() {
    let (mut practice, anna) = Practice::found();
    let client = practice.join(&anna, Role::Client);
    let until = practice.now + 10;
    let share = Reader {
        until: Some(until),
        ..reader(&client)
    };
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna), share]);
    let stream = Stream::Document(id);
    practice.change(&anna, id).unwrap();
    let at = practice.next() - 1;
    let opens = |practice: &Practice, now| may_open(&practice.state, &client.member, &stream, at, now);
    assert!(opens(&practice, until - 1));
    // Before anybody has written anything, and after.
    for _ in 0..2 {
        assert!(!opens(&practice, until));
        assert_eq!(opens_until(&practice.state, &client.member, &stream, until), None);
        assert!(
            may_see(&practice.state, &client.member, &stream, at),
            "its statements stay seen"
        );
        assert!(may_open(&practice.state, &anna.member, &stream, at, until));
        practice.now = until;
        practice.turn(&anna, id).unwrap();
    }
    // What a role gives, no date of another right takes.
    practice
        .roster(&anna, vec![becoming(&client, Role::Admin)])
        .unwrap();
    practice.control(&anna, id, vec![granting(admins())]).unwrap();
    assert!(opens(&practice, until));
    // Nor does an end count that was taken back.
    practice
        .roster(&anna, vec![becoming(&client, Role::Client)])
        .unwrap();
    assert!(!opens(&practice, until));
    let turn = practice.turning_admin(troth_protocol::keys::Class::General);
    practice.roster(&anna, vec![turn]).unwrap();
    practice.turn(&anna, id).unwrap();
    practice
        .control(&anna, id, vec![granting(reader(&client))])
        .unwrap();
    assert!(opens(&practice, until));
}

#[test]
fn a_role_sees_while_it_was_held_together_with_the_right() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Admin);
    let before = practice.document(&anna, Lane::Joint, vec![admins()]);
    let later = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice
        .roster(&anna, vec![becoming(&bruno, Role::Counselor)])
        .unwrap();
    let demoted = practice.next() - 1;
    practice.control(&anna, later, vec![granting(admins())]).unwrap();
    let until =
        |practice: &Practice, id| visible_until(&practice.state, &bruno.member, &Stream::Document(id));
    assert_eq!(until(&practice, before), Some(demoted));
    assert_eq!(
        until(&practice, later),
        None,
        "never an admin while admins could read it"
    );
    // An admin again: what is the admins' now is seen to the end.
    let turn = practice.turning_admin(troth_protocol::keys::Class::General);
    practice
        .roster(&anna, vec![turn, becoming(&bruno, Role::Admin)])
        .unwrap();
    assert_eq!(until(&practice, before), Some(u64::MAX));
    assert_eq!(until(&practice, later), Some(u64::MAX));
}

#[test]
fn an_auditor_sees_every_statement_and_opens_only_the_rosters_sealed_keys() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let auditor = practice.join(&anna, Role::Auditor);
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    practice.change(&bruno, notes).unwrap();
    let transcript = hash("transcript");
    practice
        .say(&bruno, Body::Session(Session { transcript }))
        .unwrap();
    say_notice(&mut practice);
    for stream in practice.state.counts.keys() {
        assert_eq!(sees(&practice, &auditor, *stream), all(&practice, *stream));
        let opens = may_open(&practice.state, &auditor.member, stream, 0, practice.now);
        assert_eq!(opens, *stream == Stream::Roster);
    }
    assert_eq!(entitled(&practice.state, &auditor.member), practice.state.counts);
    assert!(may_open(
        &practice.state,
        &bruno.member,
        &Stream::Document(notes),
        practice.next(),
        practice.now
    ));
}

fn say_notice(practice: &mut Practice) {
    let ledger = practice.ledger.clone();
    let key = practice.state.roster.ledger_key();
    let signer = troth_protocol::ids::DeviceId(troth_protocol::ids::Hash::of(&[key.as_bytes()]).0);
    let body = Body::Notice(Notice {
        kind: NoticeKind::DrillPassed,
        count: 1,
    });
    let statement = Statement {
        signer,
        seen: None,
        payload: None,
        body,
    };
    practice.submit(&ledger, &statement).unwrap();
}

#[test]
fn a_devices_log_is_its_members_and_the_overseers() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let laptop = practice.add_device(&bruno);
    let clara = practice.join(&anna, Role::Counselor);
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    let access = Access {
        document: notes,
        kind: AccessKind::Export,
        at: 1,
    };
    practice.say(&bruno, Body::Access(access)).unwrap();
    say_notice(&mut practice);
    let log = Stream::device(&bruno.id());
    for who in [&bruno, &laptop, &anna] {
        assert_eq!(sees(&practice, who, log), all(&practice, log));
    }
    assert_eq!(sees(&practice, &clara, log), Vec::<u64>::new());
    // What only the relay saw is the overseers' alone.
    assert_eq!(sees(&practice, &anna, Stream::Notices).len(), 1);
    assert_eq!(sees(&practice, &bruno, Stream::Notices), Vec::<u64>::new());
    // Anna is shown that Bruno exported notes that she may not see; her replay takes it.
    let shown = practice
        .replay(|at, stream| may_see(&practice.state, &anna.member, stream, at))
        .unwrap();
    assert!(!shown.documents.contains_key(&notes));
    assert_eq!(
        entitled(&shown, &anna.member),
        entitled(&practice.state, &anna.member)
    );
}

#[test]
fn what_is_withheld_is_missed_in_the_digest() {
    let counts = BTreeMap::from([(Stream::Roster, 3), (Stream::Document(DocumentId([1; 16])), 2)]);
    let right = digest(&counts);
    let mut one_less = counts.clone();
    one_less.insert(Stream::Document(DocumentId([1; 16])), 1);
    let mut without = counts.clone();
    without.remove(&Stream::Roster);
    let mut elsewhere = without.clone();
    elsewhere.insert(Stream::Notices, 3);
    for other in [one_less, without, elsewhere, BTreeMap::new()] {
        assert_ne!(digest(&other), right);
    }
    assert_eq!(digest(&counts.into_iter().rev().collect()), right);
}
