//! Signed bytes: what they bind, and what is taken on a successor's word.

use ed25519_dalek::SigningKey;
use troth_protocol::cbor;
use troth_protocol::entry::{Parsed, Signed};
use troth_protocol::ids::{Hash, PracticeId, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, Lane, PayloadRef};

use crate::practice::{Practice, admins, signing_key};

/// A practice with two edits by its founder, and the entry of the second.
fn edited() -> (Practice, crate::practice::Device, Signed, Signed) {
    let (mut practice, anna) = Practice::found();
    let id = practice.document(&anna, Lane::Joint, vec![admins()]);
    practice.change(&anna, id).unwrap();
    practice.change(&anna, id).unwrap();
    let [.., first, second] = practice.entries.as_slice() else {
        unreachable!()
    };
    let (first, second) = (first.leaf.signed.clone(), second.leaf.signed.clone());
    (practice, anna, first, second)
}

#[test]
fn r5_a_signature_binds_every_byte() {
    let (practice, anna, _, signed) = edited();
    let parsed = Parsed::parse(signed.clone()).unwrap();
    assert_eq!(parsed.hash(), Hash::of(&[&signed.statement]));
    assert!(parsed.clone().verify(&anna.keys.signing, &practice.id()).is_ok());
    for at in 0..signed.statement.len() {
        let mut altered = signed.clone();
        altered.statement[at] ^= 1;
        let outcome = Parsed::parse(altered).and_then(|p| p.verify(&anna.keys.signing, &practice.id()));
        assert!(outcome.is_err(), "byte {at}");
    }
    let Signature::Ed25519(bytes) = signed.signature;
    for at in 0..bytes.len() {
        let mut bytes = bytes;
        bytes[at] ^= 1;
        let altered = Signed {
            signature: Signature::Ed25519(bytes),
            ..signed.clone()
        };
        assert_eq!(
            practice.verify(altered).unwrap_err(),
            Rule::BadSignature,
            "byte {at}"
        );
    }
}

#[test]
fn r5_a_signature_is_for_one_key_one_context_and_one_practice() {
    let (practice, anna, _, signed) = edited();
    let verify = |signature: Signature| {
        let parsed = Parsed::parse(Signed {
            signature,
            ..signed.clone()
        })
        .unwrap();
        parsed.verify(&anna.keys.signing, &practice.id()).map(|_| ())
    };
    let sign = |key: &SigningKey, context: &[u8], practice: &PracticeId| {
        Signature::sign(key, context, practice, &signed.statement)
    };
    assert_eq!(verify(sign(&anna.key, labels::STATEMENT, &practice.id())), Ok(()));
    for wrong in [
        sign(&signing_key(1), labels::STATEMENT, &practice.id()),
        sign(&anna.key, labels::STATEMENT, &PracticeId([0; 32])),
        sign(&anna.key, labels::COUNTS, &practice.id()),
        sign(&anna.key, labels::CHALLENGE, &practice.id()),
        sign(&anna.key, labels::DEVICE_PROOF, &practice.id()),
        sign(&anna.key, b"", &practice.id()),
    ] {
        assert_eq!(verify(wrong), Err(Rule::BadSignature));
    }
}

#[test]
fn r5_the_strict_rule_of_ed25519_holds() {
    // The neutral element as a key and a signature that is all zero but for it: RFC 8032's bare equation holds for
    // every message, and the strict rule refuses it.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let outcome = Signature::Ed25519(signature).verify(
        &VerifyingKey(neutral),
        labels::STATEMENT,
        &PracticeId::ZERO,
        b"anything",
    );
    assert_eq!(outcome, Err(Rule::BadSignature));
    // Nor does a key that is no point.
    let mut nonsense = [0xff; 32];
    nonsense[31] = 0x7f;
    let outcome = Signature::Ed25519(signature).verify(
        &VerifyingKey(nonsense),
        labels::STATEMENT,
        &PracticeId::ZERO,
        b"anything",
    );
    assert_eq!(outcome, Err(Rule::BadSignature));
}

#[test]
fn no_label_begins_another() {
    let contexts = [
        labels::STATEMENT,
        labels::DEVICE_PROOF,
        labels::CHALLENGE,
        labels::COUNTS,
        labels::LEDGER_PROOF,
        labels::NEWCOMER,
        labels::NOTE,
        labels::CASE_NOTE,
        labels::CONSENT,
        labels::CASE_CONSENT,
        labels::INTAKE,
    ];
    let hashes = [labels::DEVICE_ID, labels::TRANSCRIPT, labels::STREAM_COUNTS];
    for labels in [&contexts[..], &hashes[..]] {
        for (i, a) in labels.iter().enumerate() {
            for (j, b) in labels.iter().enumerate() {
                assert!(i == j || !a.starts_with(b));
            }
        }
    }
}

#[test]
fn r4_a_payload_is_the_one_that_was_named() {
    let (_, _, _, signed) = edited();
    let parsed = Parsed::parse(signed).unwrap();
    assert_eq!(parsed.check_payload(b"edit 2"), Ok(()));
    for wrong in [&b"edit 1"[..], b"edit 2 ", b"edit", b""] {
        assert_eq!(parsed.check_payload(wrong), Err(Rule::PayloadMismatch));
    }
    // R3
    assert_eq!(
        parsed.check_payload(&vec![0; limits::PAYLOAD + 1]),
        Err(Rule::TooLarge)
    );
    // Nothing is not named, by anyone.
    assert_eq!(PayloadRef::of(b""), None);
    let (mut practice, anna) = Practice::found();
    practice.invite(&anna, troth_protocol::statement::Role::Client);
    let without = Parsed::parse(practice.entries[1].leaf.signed.clone()).unwrap();
    assert_eq!(without.check_payload(b""), Ok(()));
    assert_eq!(without.check_payload(b"x"), Err(Rule::PayloadMismatch));
}

#[test]
fn r4_a_payload_of_nothing_cannot_be_named() {
    let (practice, anna, _, signed) = edited();
    let mut statement = Parsed::parse(signed).unwrap().statement().clone();
    statement.payload = Some(PayloadRef {
        digest: Hash::of(&[]),
        length: 0,
    });
    let signed = crate::practice::signed(&anna.key, &practice.id(), &statement);
    assert_eq!(
        Parsed::parse(signed).unwrap().check_payload(b""),
        Err(Rule::PayloadMismatch)
    );
}

#[test]
fn r3_a_statement_has_a_longest_length() {
    let (_, _, _, signed) = edited();
    let longest = Signed {
        statement: vec![0; limits::STATEMENT],
        ..signed.clone()
    };
    assert_eq!(Parsed::parse(longest).unwrap_err(), Rule::Malformed);
    let longer = Signed {
        statement: vec![0; limits::STATEMENT + 1],
        ..signed
    };
    assert_eq!(Parsed::parse(longer).unwrap_err(), Rule::TooLarge);
}

#[test]
fn r5_an_edit_is_taken_on_its_successors_word_whatever_its_own_signature() {
    let (practice, anna, first, second) = edited();
    let later = practice.verify(second.clone()).unwrap();
    let unsigned = Signed {
        signature: Signature::Ed25519([0; 64]),
        ..first.clone()
    };
    let earlier = Parsed::parse(unsigned)
        .unwrap()
        .verify_by_successor(&later)
        .unwrap();
    assert_eq!(earlier.hash(), Hash::of(&[&first.statement]));
    // Only the very one before, by the very same device, in the very same document.
    let itself = Parsed::parse(second).unwrap();
    assert_eq!(
        itself.verify_by_successor(&later).unwrap_err(),
        Rule::BadSignature
    );
    let statement = Parsed::parse(first).unwrap().statement().clone();
    let Body::Change(change) = statement.body else {
        unreachable!()
    };
    let mut other = statement.clone();
    other.body = Body::Change(troth_protocol::statement::Change { epoch: 9, ..change });
    let forged = crate::practice::signed(&anna.key, &practice.id(), &other);
    let forged = Parsed::parse(forged).unwrap();
    assert_eq!(
        forged.verify_by_successor(&later).unwrap_err(),
        Rule::BadSignature
    );
    // Nor one of another document, or by another device, that claims it as its own predecessor.
    let first = Parsed::parse(practice.entries[2].leaf.signed.clone()).unwrap();
    let claims = |document, by: &crate::practice::Device| {
        let mut claim = practice.statement(by, statement.body.clone());
        let prev = Some(first.hash());
        claim.body = Body::Change(troth_protocol::statement::Change {
            document,
            prev,
            ..change
        });
        let signed = crate::practice::signed(&by.key, &practice.id(), &claim);
        let claim = Parsed::parse(signed).unwrap();
        let claim = claim.verify(&by.keys.signing, &practice.id()).unwrap();
        first.clone().verify_by_successor(&claim).map(|_| ())
    };
    let (elsewhere, other) = (troth_protocol::ids::DocumentId([9; 16]), stranger());
    assert_eq!(claims(change.document, &anna), Ok(()));
    assert_eq!(claims(elsewhere, &anna), Err(Rule::BadSignature));
    assert_eq!(claims(change.document, &other), Err(Rule::BadSignature));
    // Control statements bring their own.
    let control = Parsed::parse(practice.entries[1].leaf.signed.clone()).unwrap();
    assert_eq!(
        control.verify_by_successor(&later).unwrap_err(),
        Rule::BadSignature
    );
}

fn stranger() -> crate::practice::Device {
    crate::practice::Device::new(77, troth_protocol::ids::MemberId([7; 16]))
}

#[test]
fn a_leaf_commits_to_the_signature_and_the_relays_word_but_not_to_the_payload() {
    let (practice, ..) = edited();
    let leaf = practice.entries.last().unwrap().leaf.clone();
    let encoded = leaf.encode();
    let mut others = vec![leaf.clone(); 3];
    others[0].received += 1;
    others[1].stream_seq += 1;
    others[2].signed.signature = Signature::Ed25519([1; 64]);
    for other in others {
        assert_ne!(other.encode(), encoded);
    }
    let read: troth_protocol::entry::Leaf = cbor::decode(&encoded).unwrap();
    assert_eq!(read, leaf);
}
