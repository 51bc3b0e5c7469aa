//! What holds for every entry: time, counts, form, and the way back from a request that fails half-way.

use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::keys::SealedKeys;
use troth_protocol::rule::Rule;
use troth_protocol::state::{State, sealed_keys};
use troth_protocol::statement::{
    Access, AccessKind, Body, Lane, Notice, NoticeKind, PayloadRef, Role, Session, Statement,
};
use troth_protocol::stream::Stream;

use crate::practice::{Device, Practice, hash, public, signed, signing_key, writer};

fn login() -> Body {
    Body::Session(Session {
        transcript: hash("transcript"),
    })
}

/// What a relay of this practice says.
fn notice(practice: &Practice, by: &ed25519_dalek::SigningKey) -> Statement {
    let signer = DeviceId(Hash::of(&[public(by).as_bytes()]).0);
    let body = Body::Notice(Notice {
        kind: NoticeKind::BackupTaken,
        count: practice.next(),
    });
    Statement {
        signer,
        seen: None,
        payload: None,
        body,
    }
}

#[test]
fn r16_the_relays_clock_never_goes_back() {
    let (mut practice, anna) = Practice::found();
    practice.now -= 1;
    let (_, invite) = practice.inviting(Role::Client);
    let early = practice.roster_with(&anna, vec![invite.clone()], vec![]);
    assert_eq!(early, Err(Rule::ClockBack));
    practice.now += 1;
    assert!(practice.roster(&anna, vec![invite]).is_ok());
    practice.now += 1;
    practice.say(&anna, login()).unwrap();
    assert_eq!(practice.state.received, practice.now);
    assert_eq!(practice.state.logins[&anna.id()], practice.now);
}

#[test]
fn r17_each_stream_is_counted_apart_and_without_gaps() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice.change(&anna, id).unwrap();
    practice.say(&anna, login()).unwrap();
    practice.change(&anna, id).unwrap();
    practice.invite(&anna, Role::Client);
    let counts = [
        (Stream::Roster, 2),
        (Stream::Document(id), 3),
        (Stream::device(&anna.id()), 1),
        (Stream::Notices, 0),
        (Stream::Document(DocumentId([0; 16])), 0),
    ];
    for (stream, count) in counts {
        assert_eq!(practice.state.count(&stream), count, "{stream:?}");
        let numbers: Vec<u64> = practice
            .entries_of(stream)
            .map(|(_, e)| e.leaf.stream_seq)
            .collect();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    }
    // A refused statement is not counted.
    practice.change(&Device::new(1, anna.member), id).unwrap_err();
    assert_eq!(practice.state.count(&Stream::Document(id)), 3);
}

#[test]
fn r7_statements_that_concern_no_document_name_none() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let (_, action) = practice.inviting(Role::Client);
    let invite = Body::Roster(troth_protocol::statement::Roster {
        prev: practice.state.roster.head(),
        actions: vec![action],
        sealings: vec![],
    });
    let access = Body::Access(Access {
        document: id,
        kind: AccessKind::Export,
        at: 1,
    });
    for body in [invite, login(), access] {
        let right = practice.statement(&anna, body);
        let mut wrong = right.clone();
        wrong.seen.as_mut().unwrap().control = Some(practice.state.documents[&id].head());
        assert_eq!(practice.submit(&anna.key, &wrong), Err(Rule::Seen));
        wrong.seen = None;
        assert_eq!(practice.submit(&anna.key, &wrong), Err(Rule::Seen));
        // R14
        wrong.seen = right.seen;
        wrong.seen.as_mut().unwrap().roster = hash("elsewhere");
        assert_eq!(practice.submit(&anna.key, &wrong), Err(Rule::UnknownHead));
        // R8: none of these has a payload.
        let mut wrong = right.clone();
        wrong.payload = PayloadRef::of(b"something");
        assert_eq!(practice.submit(&anna.key, &wrong), Err(Rule::PayloadKind));
        assert!(practice.submit(&anna.key, &right).is_ok());
    }
}

#[test]
fn r12_a_revoked_device_logs_nothing() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    practice.revoke(&anna, &laptop).unwrap();
    assert_eq!(practice.say(&laptop, login()), Err(Rule::Revoked));
    let access = Body::Access(Access {
        document: DocumentId([1; 16]),
        kind: AccessKind::Print,
        at: 1,
    });
    assert_eq!(practice.say(&laptop, access), Err(Rule::Revoked));
}

#[test]
fn r5_a_notice_is_signed_with_the_ledger_key() {
    let (mut practice, anna) = Practice::found();
    let ledger = practice.ledger.clone();
    let right = notice(&practice, &ledger);
    assert_eq!(practice.submit(&anna.key, &right), Err(Rule::BadSignature));
    // R11: and says so.
    let wrong = notice(&practice, &signing_key(1));
    assert_eq!(practice.submit(&ledger, &wrong), Err(Rule::UnknownDevice));
    // R7: the relay acts on no head.
    let mut wrong = right.clone();
    wrong.seen = practice.statement(&anna, login()).seen;
    assert_eq!(practice.submit(&ledger, &wrong), Err(Rule::Seen));
    practice.submit(&ledger, &right).unwrap();
    assert_eq!(practice.state.count(&Stream::Notices), 1);
}

#[test]
fn r24_a_payload_holds_one_sealed_key_for_each_that_is_listed() {
    let (mut practice, anna) = Practice::found();
    practice.add_device(&anna);
    let entry = practice.entries.last().unwrap();
    let statement = entry.statement();
    let count = sealed_keys(&statement, &entry.payload).unwrap().0.len();
    assert_eq!((count, statement.sealings().len()), (2, 2));
    let keys = |n: usize| cbor::encode(&SealedKeys(vec![vec![1].into(); n]));
    for n in [0, 1, 3] {
        assert_eq!(sealed_keys(&statement, &keys(n)).unwrap_err(), Rule::Sealings);
    }
    // R1
    let mut longer = keys(2);
    longer.push(0);
    assert_eq!(sealed_keys(&statement, &longer).unwrap_err(), Rule::Malformed);
}

#[test]
fn a_state_is_written_down_and_read_back() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&bruno, Lane::Joint, vec![writer(&bruno)]);
    practice.change(&bruno, id).unwrap();
    practice.say(&anna, login()).unwrap();
    practice.revoke(&anna, &bruno).unwrap();
    let read: State = cbor::decode(&cbor::encode(&practice.state)).unwrap();
    assert!(read == practice.state);
}

#[test]
fn a_request_that_fails_half_way_is_undone() {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    practice.change(&anna, id).unwrap();
    let before = practice.clone();
    // Drawn up one after the other by a device that takes each for granted.
    practice.change(&anna, id).unwrap();
    let other = practice.document(&anna, Lane::Admin, vec![writer(&anna)]);
    practice.change(&anna, other).unwrap();
    practice.add_device(&anna);
    practice.turn(&anna, id).unwrap();
    let said: Vec<Statement> = practice.entries[before.entries.len()..]
        .iter()
        .map(|e| e.statement())
        .collect();

    for good in 0..=said.len() {
        let mut relay = before.clone();
        relay.now += 5;
        let savepoint = relay.state.savepoint(said.iter());
        for statement in &said[..good] {
            relay.submit(&anna.key, statement).unwrap();
        }
        assert_eq!(relay.state == before.state, good == 0);
        relay.state.restore(savepoint);
        assert!(relay.state == before.state, "after {good}");
    }
}

#[test]
fn r5_r10_a_statement_of_another_practice_is_not_one_of_this() {
    let (mut practice, anna) = Practice::found();
    let (_, action) = practice.inviting(Role::Client);
    let body = Body::Roster(troth_protocol::statement::Roster {
        prev: practice.state.roster.head(),
        actions: vec![action],
        sealings: vec![],
    });
    let statement = practice.statement(&anna, body);
    let elsewhere = signed(&anna.key, &troth_protocol::ids::PracticeId([1; 32]), &statement);
    assert_eq!(practice.verify(elsewhere).unwrap_err(), Rule::BadSignature);
    assert!(practice.submit(&anna.key, &statement).is_ok());
}
