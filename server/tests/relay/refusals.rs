//! What is refused by a rule, by its number, and changes nothing.

use troth_protocol::cbor;
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{
    Attest, Body, Notice, NoticeKind, RosterAction, Session, Snapshot, Statement, Submission, SubmissionKind,
};

use super::append::{Scene, scene};
use super::people::{Device, document, member};
use super::world::{ORIGIN, ledger_key};

#[test]
fn r6_what_is_never_appended() {
    let mut s = scene();
    let session = s.any(
        Body::Session(Session {
            transcript: Hash::default(),
        }),
        b"",
    );
    let notice = s.any(
        Body::Notice(Notice {
            kind: NoticeKind::BackupTaken,
            count: 1,
        }),
        b"",
    );
    let (_, genesis) = s.admin.genesis(ORIGIN, ledger_key(), 2);
    for upload in [session, notice, genesis] {
        let size = s.size();
        assert_eq!(
            s.world.append_refused(s.id, vec![upload]).rule(),
            Rule::NotAppendable
        );
        assert_eq!(s.size(), size);
    }
}

#[test]
fn r6_what_comes_through_a_link_is_no_devices_to_append() {
    let mut s = scene();
    let submission = Submission {
        document: document(1),
        invite: troth_protocol::ids::InviteId([1; 16]),
        kind: SubmissionKind::Answers,
        sequence: 1,
        prev: None,
    };
    let upload = s.any(Body::Submission(submission), b"sealed");
    assert_eq!(
        s.world.append_refused(s.id, vec![upload]).rule(),
        Rule::NotAppendable
    );
}

#[test]
fn r46_a_snapshot_covers_something_and_an_attestation_names_one() {
    let mut s = scene();
    let document = document(1);
    let snapshot = Snapshot {
        document,
        epoch: 1,
        covers: vec![],
    };
    let attest = Attest {
        document,
        snapshot: Hash::default(),
    };
    for (body, payload) in [
        (Body::Snapshot(snapshot), &b"sealed"[..]),
        (Body::Attest(attest), b""),
    ] {
        let upload = s.any(body, payload);
        assert_eq!(s.world.append_refused(s.id, vec![upload]).rule(), Rule::Snapshot);
    }
}

#[test]
fn r4_a_payload_is_the_one_that_its_statement_names() {
    let mut s = scene();
    let good = s.edit(b"sealed");
    for payload in [&b"Sealed"[..], b"seale", b"sealed ", b""] {
        let mut bad = good.clone();
        bad.payload = payload.to_vec();
        assert_eq!(
            s.world.append_refused(s.id, vec![bad]).rule(),
            Rule::PayloadMismatch
        );
    }
    s.world.append(s.id, vec![good]);
}

#[test]
fn r24_there_are_as_many_sealed_keys_as_the_statement_lists() {
    let mut s = scene();
    let state = s.world.state(&s.practice);
    let mut turn = s.admin.turn(state, document(1));
    let mut statement: Statement = cbor::decode(&turn.signed.statement).unwrap();
    turn.payload = cbor::encode(&troth_protocol::keys::SealedKeys(vec![vec![1; 48].into()]));
    statement.payload = troth_protocol::statement::PayloadRef::of(&turn.payload);
    turn.signed = s.admin.sign(&s.practice, &statement);
    assert_eq!(s.world.append_refused(s.id, vec![turn]).rule(), Rule::Sealings);
}

#[test]
fn r5_a_signature_is_its_signers_and_for_this_practice() {
    let mut s = scene();
    let good = s.edit(b"sealed");
    let statement: Statement = cbor::decode(&good.signed.statement).unwrap();
    let mut flipped = good.clone();
    let Signature::Ed25519(bytes) = &mut flipped.signed.signature;
    bytes[10] ^= 1;
    let mut elsewhere = good.clone();
    elsewhere.signed = s.admin.sign(&PracticeId([8; 32]), &statement);
    let mut anothers = good.clone();
    anothers.signed.signature = Device::new(9, member(1)).sign(&s.practice, &statement).signature;
    for bad in [flipped, elsewhere, anothers] {
        assert_eq!(s.world.append_refused(s.id, vec![bad]).rule(), Rule::BadSignature);
    }
    s.world.append(s.id, vec![good]);
}

#[test]
fn r13_a_device_appends_what_it_signed_itself() {
    let mut s = scene();
    let other = Device::new(2, member(1));
    s.world
        .append(s.id, vec![s.admin.add_device(s.world.state(&s.practice), &other)]);
    let theirs = other.edit(s.world.state(&s.practice), document(1), b"sealed");
    assert_eq!(
        s.world.append_refused(s.id, vec![theirs]).rule(),
        Rule::NotPermitted
    );
}

#[test]
fn r11_a_signer_that_the_practice_never_had_is_refused() {
    let mut s = scene();
    let stranger = Device::new(9, member(1)).edit(s.world.state(&s.practice), document(1), b"sealed");
    assert_eq!(
        s.world.append_refused(s.id, vec![stranger]).rule(),
        Rule::UnknownDevice
    );
}

#[test]
fn r31_the_ledger_key_turns_to_one_that_the_relay_has_or_not_at_all() {
    let mut s = scene();
    let thief = ed25519_dalek::SigningKey::from_bytes(&[50; 32]);
    let proof = Signature::sign(&thief, troth_protocol::labels::LEDGER_PROOF, &s.practice, &[]);
    let key = troth_protocol::ids::VerifyingKey(thief.verifying_key().to_bytes());
    let turn = s.admin.roster(
        s.world.state(&s.practice),
        vec![RosterAction::TurnLedgerKey { key, proof }],
        vec![],
    );
    assert_eq!(s.world.append_refused(s.id, vec![turn]).rule(), Rule::LedgerKey);
}

#[test]
fn r31_a_practice_turns_to_the_newest_key_and_to_none_before_it() {
    let mut s = scene();
    let keys = [61, 62].map(|seed| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]));
    let turn = |s: &Scene, key: &ed25519_dalek::SigningKey| {
        let proof = Signature::sign(key, troth_protocol::labels::LEDGER_PROOF, &s.practice, &[]);
        let key = troth_protocol::ids::VerifyingKey(key.verifying_key().to_bytes());
        let actions = vec![RosterAction::TurnLedgerKey { key, proof }];
        s.admin.roster(s.world.state(&s.practice), actions, vec![])
    };
    let id = s.world.new_key(s.practice, &s.admin, &keys[0]);
    let first = turn(&s, &keys[0]);
    let receipt = s.world.append(id, vec![first.clone()]);
    let id = s.world.new_key(s.practice, &s.admin, &keys[1]);
    assert_eq!(
        s.world.append(id, vec![first]),
        receipt,
        "known, and answered as the first time"
    );
    let again = turn(&s, &keys[0]);
    assert_eq!(s.world.append_refused(id, vec![again]).rule(), Rule::LedgerKey);
    let second = turn(&s, &keys[1]);
    s.world.append(id, vec![second]);
    let size = s.world.size(&s.practice);
    let roster = &s.world.state(&s.practice).roster;
    assert_eq!(roster.ledger_keys().len(), 3);
    assert!(roster.turned_after(size).is_none());
}
