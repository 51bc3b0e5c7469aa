use ed25519_dalek::SigningKey;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::ids::VerifyingKey;
use crate::tree::{Frontier, Subtree, leaf_hash, prove_consistency};

/// The request printed in C2SP tlog-witness.
const SPECIFIED: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

const RELAY: &str = "relay.example";

fn key(seed: u8) -> (SigningKey, VerifyingKey) {
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let public = VerifyingKey(signing.verifying_key().to_bytes());
    (signing, public)
}

fn trusted(name: &str, seed: u8) -> TrustedLog {
    TrustedLog::new(VerifierKey::new(name, KeyKind::Ed25519, key(seed).1).unwrap()).unwrap()
}

fn leaves(history: &str, count: u64) -> Vec<Hash> {
    (0..count)
        .map(|n| leaf_hash(format!("{history} {n}").as_bytes()))
        .collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.push_leaf(*leaf).unwrap());
    frontier.root()
}

fn origin() -> String {
    crate::checkpoint::ledger_origin(RELAY, &PracticeId([7; 32]))
}

/// An honest log's request from `old` to `new`, signed with the key of that seed.
fn request(history: &str, old: u64, new: u64, seed: u8) -> AddCheckpoint {
    let leaves = leaves(history, new);
    let read = |s: Subtree| {
        let range = s.leaves().unwrap();
        Ok::<_, std::convert::Infallible>(root(&leaves[range.start as usize..range.end as usize]))
    };
    AddCheckpoint {
        old,
        proof: prove_consistency(old, new, read).unwrap(),
        checkpoint: Checkpoint::new(origin(), new, root(&leaves))
            .unwrap()
            .sign(&key(seed).0),
    }
}

#[test]
fn the_request_of_the_specification_is_read_and_written_to_the_byte() {
    let request = AddCheckpoint::parse(SPECIFIED.as_bytes()).unwrap();
    assert_eq!(request.old, 20_852_014);
    assert_eq!(request.proof.len(), 4);
    assert_eq!(
        request.checkpoint.checkpoint().origin(),
        "example.com/behind-the-sofa"
    );
    assert_eq!(request.checkpoint.note().signatures().len(), 2);
    assert_eq!(request.to_string(), SPECIFIED);
}

#[test]
fn what_is_not_a_request_is_refused_with_400() {
    let cut = |at: usize| SPECIFIED.as_bytes()[..at].to_vec();
    // Cut before its second signature it is whole, with one.
    let whole = SPECIFIED.rfind('—').unwrap();
    let cuts = (0..SPECIFIED.len()).filter(|at| *at != whole);
    let mut bad: Vec<Vec<u8>> = cuts.map(cut).collect();
    for (from, to) in [
        ("old 2", "old 02"),
        ("old 2", "old +2"),
        ("old 2", "new 2"),
        ("PlRN", "PlR"),
        ("\n\n", "\n"),
        ("kaw=\n", "kaw=\r\n"),
    ] {
        bad.push(SPECIFIED.replacen(from, to, 1).into_bytes());
    }
    let line = SPECIFIED.lines().nth(1).unwrap();
    bad.push(SPECIFIED.replacen(line, &[line; 61].join("\n"), 1).into_bytes());
    bad.push(vec![0xff; 10]);
    bad.push(vec![b'a'; MAX_REQUEST_BYTES + 1]);
    for request in bad {
        let refusal = AddCheckpoint::parse(&request).unwrap_err();
        assert_eq!(
            refusal.status(),
            400,
            "{refusal}: {:?}",
            String::from_utf8_lossy(&request)
        );
    }
}

#[test]
fn a_log_that_only_grows_is_cosigned_from_its_first_checkpoint_on() {
    let logs = [trusted(RELAY, 1)];
    let mut last = None;
    for (old, new) in [(0, 3), (3, 3), (3, 8), (8, 100), (100, 101)] {
        let seen = consider(&logs, last, &request("one", old, new, 1)).unwrap();
        assert_eq!((seen.size(), seen.origin()), (new, origin().as_str()));
        last = Some((seen.size(), *seen.root()));
    }
}

#[test]
fn a_second_history_is_never_cosigned() {
    let logs = [trusted(RELAY, 1)];
    let last = Some((8, root(&leaves("one", 8))));
    let of = |request| consider(&logs, last, &request).unwrap_err().status();
    assert_eq!(of(request("two", 8, 9, 1)), 422, "a fork that has grown");
    assert_eq!(of(request("two", 8, 8, 1)), 422, "a fork of the same size");
    assert_eq!(of(request("one", 5, 9, 1)), 409, "a proof from elsewhere");
    assert_eq!(of(request("one", 0, 9, 1)), 409, "as if nothing had been seen");
    assert_eq!(of(request("one", 5, 5, 1)), 409, "an old state");
    assert_eq!(
        of(AddCheckpoint {
            old: 10,
            ..request("one", 8, 9, 1)
        }),
        400,
        "a log that shrinks"
    );
    let conflict = consider(&logs, last, &request("one", 5, 9, 1)).unwrap_err();
    assert_eq!(conflict, Refusal::Conflict(8));
}

#[test]
fn only_what_the_logs_own_key_signed_counts() {
    let of = |logs: &[TrustedLog], request| consider(logs, None, &request).map_err(|r| r.status());
    assert_eq!(of(&[], request("one", 0, 3, 1)).unwrap_err(), 404);
    assert_eq!(
        of(&[trusted("other.example", 1)], request("one", 0, 3, 1)).unwrap_err(),
        404
    );
    assert_eq!(
        of(&[trusted("relay.exampl", 1)], request("one", 0, 3, 1)).unwrap_err(),
        404
    );
    assert_eq!(
        of(&[trusted(RELAY, 1)], request("one", 0, 3, 2)).unwrap_err(),
        403
    );
    // After a turn of its key a log is known by both.
    assert!(of(&[trusted(RELAY, 1), trusted(RELAY, 2)], request("one", 0, 3, 2)).is_ok());
    assert!(of(&[trusted(&origin(), 1)], request("one", 0, 3, 1)).is_ok());
    // A damaged line in the name of the key that is trusted.
    let mut text = request("one", 0, 3, 1).to_string();
    let at = text.len() - 10;
    text.replace_range(at..=at, if text.as_bytes()[at] == b'A' { "B" } else { "A" });
    assert_eq!(
        of(
            &[trusted(RELAY, 1)],
            AddCheckpoint::parse(text.as_bytes()).unwrap()
        )
        .unwrap_err(),
        403
    );
}

#[test]
fn the_empty_tree_has_one_root() {
    let logs = [trusted(RELAY, 1)];
    assert!(consider(&logs, None, &request("one", 0, 0, 1)).is_ok());
    let checkpoint = Checkpoint::new(origin(), 0, leaf_hash(b"x"))
        .unwrap()
        .sign(&key(1).0);
    let request = AddCheckpoint {
        old: 0,
        proof: Vec::new(),
        checkpoint,
    };
    assert_eq!(consider(&logs, None, &request).unwrap_err().status(), 422);
}

/// A log that is none of this project's, and the answers that a witness that is none of this project's gives it: the exchange with
/// which the witness of the public network (filippo.io/torchwood, cmd/litewitness) is tested, as far as the present text of
/// tlog-witness gives the same answers.
#[test]
fn requests_of_a_foreign_log_are_answered_as_a_foreign_witness_answers_them() {
    const ORIGIN: &str =
        "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
    const KEY: &str = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    const FIRST: (u64, &str, &str) = (
        1,
        "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
    );
    const SECOND: (u64, &str, &str) = (
        3,
        "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=",
        "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=",
    );
    let proof =
        "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let key = VerifyingKey(Hash::from_hex(KEY).unwrap().0);
    let logs = [TrustedLog::new(VerifierKey::new(ORIGIN, KeyKind::Ed25519, key).unwrap()).unwrap()];
    let ask = |last, old: u64, proof: &str, (size, root, signature): (u64, &str, &str)| {
        let request = format!("old {old}\n{proof}\n{ORIGIN}\n{size}\n{root}\n\n— {ORIGIN} {signature}\n");
        let request = AddCheckpoint::parse(request.as_bytes()).unwrap();
        consider(&logs, last, &request).map(|seen| (seen.size(), *seen.root()))
    };
    let first = ask(None, 0, "", FIRST).ok();
    let damaged = SECOND.2.replace("6go=", "6gs=");
    let unsigned = ask(first, 1, proof, (SECOND.0, SECOND.1, &damaged)).unwrap_err();
    assert_eq!(unsigned.status(), 403);
    assert_eq!(ask(first, 1, "", SECOND).unwrap_err().status(), 422);
    assert_eq!(
        ask(first, 1, &proof.replace("AAA=\n", "ABA=\n"), SECOND)
            .unwrap_err()
            .status(),
        422
    );
    let second = ask(first, 1, proof, SECOND).ok();
    assert_eq!(ask(second, 1, proof, SECOND).unwrap_err(), Refusal::Conflict(3));
    assert!(second.is_some());
    assert_eq!(ask(second, 3, "", SECOND).ok(), second);
}
