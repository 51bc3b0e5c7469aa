// Long because each numbered rule of judging has its story here, and the vectors are made of the same cases.
//! Evidence, judged: what convicts, what does not, and that an honest relay signs nothing that does. Every file in
//! `vectors/evidence` states what must come of it; `UPDATE_VECTORS=1` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use troth_protocol::cbor;
use troth_protocol::evidence::{Contradiction, Evidence, Proof, Unproven, judge};
use troth_protocol::ids::Hash;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;
use troth_protocol::wire::Item;

#[path = "common/people.rs"]
mod people;
#[path = "common/practice.rs"]
mod practice;
#[path = "common/records.rs"]
mod records;
#[path = "samples/evidence.rs"]
mod samples;
#[path = "common/sealings.rs"]
mod sealings;

use practice::{public, signing_key};
use samples::Case;

const WRONG: Hash = Hash([9; 32]);

fn judged(case: &Case, proof: Proof) -> Result<Contradiction, Unproven> {
    judge(&case.evidence(proof).encode()).map(|verdict| verdict.contradiction)
}

#[test]
fn e4_two_roots_for_one_size_convict() {
    let case = Case::new();
    let size = case.size();
    let verdict = judge(&case.evidence(case.two_roots()).encode()).unwrap();
    assert_eq!(verdict.practice, case.practice.id());
    assert_eq!(verdict.origin, case.practice.state.roster.ledger_origin());
    assert_eq!(verdict.keys, [public(&case.key); 2]);
    let roots = [case.frontier(size).root(), WRONG];
    assert_eq!(verdict.contradiction, Contradiction::TwoRoots { size, roots });

    let same = Proof::Roots(case.checkpoint(size), case.checkpoint(size));
    assert_eq!(judged(&case, same), Err(Unproven::Consistent));
    let apart = Proof::Roots(case.checkpoint(size), case.checkpoint(size - 1));
    assert_eq!(judged(&case, apart), Err(Unproven::Unconnected));
}

#[test]
fn e5_a_ledger_that_led_through_another_root_convicts() {
    let case = Case::new();
    for later in 2..=case.size() {
        for size in 1..later {
            let led = case.frontier(size).root();
            let convicted = judged(&case, case.rewritten(size, later, WRONG));
            let expected = Contradiction::Rewritten {
                size,
                signed: WRONG,
                led,
                later,
            };
            assert_eq!(convicted, Ok(expected));
            let honest = judged(&case, case.rewritten(size, later, led));
            assert_eq!(honest, Err(Unproven::Consistent));
        }
    }
    let spoilt: [fn(&mut troth_protocol::evidence::Rewritten, &Case); 5] = [
        |r, _| r.since[0] ^= 1,
        |r, _| r.since.truncate(32),
        |r, case| r.frontier = case.frontier(4),
        |r, case| r.later = case.checkpoint(case.size() - 1),
        |r, case| r.later = case.checkpoint(3),
    ];
    for spoil in spoilt {
        let Proof::Rewritten(mut rewritten) = case.rewritten(5, case.size(), WRONG) else {
            panic!("it is one");
        };
        spoil(&mut rewritten, &case);
        let judged = judged(&case, Proof::Rewritten(rewritten));
        assert_eq!(judged, Err(Unproven::Unconnected));
    }
}

#[test]
fn e6_counts_that_leave_no_place_for_an_entry_convict() {
    let case = Case::new();
    // The stream is document, edit, other's edit, edit: the entry that stands at 6 is its number 3.
    assert_eq!(case.count(6), 3);
    let withheld = case.counted(6, 2, 6, |position| position == 6);
    let expected = Contradiction::Miscounted {
        stream: case.stream,
        size: 6,
        signed: 2,
        position: 6,
        number: 3,
    };
    assert_eq!(judged(&case, withheld), Ok(expected));
    let shown_before = judged(&case, case.counted(6, 2, 0, |position| position == 5));
    assert!(matches!(
        shown_before,
        Ok(Contradiction::Miscounted { position: 5, .. })
    ));
    let too_many = judged(&case, case.counted(6, 4, 6, |_| true));
    assert!(matches!(
        too_many,
        Ok(Contradiction::Miscounted { position: 6, .. })
    ));
    // Between the counts and the entry there was room for the one that is missing.
    let room = case.counted(6, 3, 6, |position| position == 8);
    assert_eq!(judged(&case, room), Err(Unproven::Consistent));
    let hidden = case.counted(6, 2, 6, |position| position == 8);
    assert_eq!(
        judged(&case, hidden),
        Err(Unproven::Consistent),
        "either of the two hidden ones may be of the stream"
    );
    let others = judged(&case, case.counted(6, 2, 6, |position| position >= 7));
    assert!(
        matches!(others, Ok(Contradiction::Miscounted { position: 8, .. })),
        "one of the two is another stream's"
    );
    let nothing = case.counted(6, 2, 6, |_| false);
    assert_eq!(judged(&case, nothing), Err(Unproven::Consistent));
}

#[test]
fn e6_the_parts_of_a_miscount_belong_together() {
    let case = Case::new();
    let spoilt: [fn(&mut troth_protocol::evidence::Miscounted, &Case); 6] = [
        |m, _| {
            m.counts.insert(Stream::Notices, 1);
        },
        |m, _| m.stream = Stream::Notices,
        |m, case| m.frontier = case.frontier(5),
        |m, _| {
            m.items.pop();
        },
        |m, case| m.checkpoint = case.checkpoint(case.size() - 1),
        |m, _| m.items.reverse(),
    ];
    for (number, spoil) in spoilt.into_iter().enumerate() {
        let Proof::Counts(mut counts) = case.counted(6, 2, 6, |_| true) else {
            panic!("it is one");
        };
        spoil(&mut counts, &case);
        let judged = judged(&case, Proof::Counts(counts));
        assert_eq!(judged, Err(Unproven::Unconnected), "{number}");
    }
    let Proof::Counts(mut counts) = case.counted(6, 2, 6, |_| true) else {
        panic!("it is one");
    };
    if let Some(Item::Entry(entry)) = counts.items.first_mut() {
        entry.payload = Some(b"what nobody else should read".to_vec().into());
    }
    let judged = judged(&case, Proof::Counts(counts));
    assert_eq!(judged, Err(Unproven::Form(Rule::PayloadKind)));
}

/// Whoever collects everything that an honest relay signs, and shows and hides of it what they like, convicts it of nothing.
#[test]
fn an_honest_relays_signatures_convict_it_of_nothing() {
    let mut case = Case::new();
    for turned in [false, true] {
        if turned {
            case.turn();
        }
        for size in 1..=case.size() {
            for draw in 0..100u64 {
                let [a, b, c, d, e, ..] = Hash::of(&[&draw.to_be_bytes(), &size.to_be_bytes()]).0;
                let (from, mask) = (u64::from(e) % (case.size() + 1), u32::from_be_bytes([a, b, c, d]));
                if case.count(size) == 0 {
                    continue;
                }
                let proof = case.counted(size, case.count(size), from, |p| mask >> p & 1 == 1);
                assert_eq!(
                    judged(&case, proof),
                    Err(Unproven::Consistent),
                    "{size} {from} {mask:b}"
                );
            }
        }
    }
}

#[test]
fn e3_only_a_key_that_may_have_signed_convicts() {
    let mut case = Case::new();
    let size = case.size();
    let stranger = signing_key(5);
    let forged = Proof::Roots(case.checkpoint(size), case.signs(&stranger, size, WRONG));
    assert_eq!(judged(&case, forged), Err(Unproven::Signature));
    let elsewhere = {
        let mut checkpoint = case.checkpoint(size);
        checkpoint.root = WRONG;
        Proof::Roots(case.checkpoint(size), checkpoint)
    };
    assert_eq!(judged(&case, elsewhere), Err(Unproven::Signature));

    // Once it has turned, the old key may have signed what was before that, and the new one signs any size.
    let retired = case.turn();
    let root = |case: &Case, size| case.frontier(size).root();
    let before = Proof::Roots(
        case.signs(&retired, size, WRONG),
        case.signs(&case.key, size, root(&case, size)),
    );
    let verdict = judge(&case.evidence(before).encode()).unwrap();
    assert_eq!(verdict.keys, [public(&retired), public(&case.key)]);
    let after = Proof::Roots(
        case.signs(&retired, size + 1, WRONG),
        case.signs(&case.key, size + 1, root(&case, size + 1)),
    );
    assert_eq!(
        judged(&case, after),
        Err(Unproven::Signature),
        "a retired key speaks for nobody"
    );
}

#[test]
fn e2_the_practice_chain_must_hold() {
    let mut case = Case::new();
    case.turn();
    let whole = case.evidence(case.two_roots());
    assert!(judge(&whole.encode()).is_ok());
    let spoilt: [fn(&mut Evidence); 5] = [
        |e| e.genesis.signature = troth_protocol::signature::Signature::Ed25519([0; 64]),
        |e| *e.turns[0].leaf.signed.statement.last_mut().unwrap() ^= 1,
        |e| e.turns[0].leaf.stream_seq += 1,
        |e| e.turns[0].position = 0,
        |e| e.turns.push(e.turns[0].clone()),
    ];
    for spoil in spoilt {
        let mut evidence = whole.clone();
        spoil(&mut evidence);
        let judged = judge(&evidence.encode());
        assert!(matches!(judged, Err(Unproven::Chain { .. })), "{judged:?}");
    }
    let mut without = whole;
    without.turns.clear();
    assert_eq!(judge(&without.encode()), Err(Unproven::Signature));
}

#[test]
fn e1_an_altered_file_proves_nothing() {
    let case = Case::new();
    let proofs = [
        case.two_roots(),
        case.rewritten(5, case.size(), WRONG),
        case.counted(6, 2, 6, |_| true),
    ];
    for proof in proofs {
        let file = case.evidence(proof).encode();
        judge(&file).unwrap();
        // A long key in genesis is one signed string: a few of its bytes stand for all.
        for at in (0..file.len()).filter(|at| *at < 400 || at % 16 == 0 || *at > file.len() - 1200) {
            let mut altered = file.clone();
            altered[at] ^= 1;
            assert!(judge(&altered).is_err(), "byte {at}");
        }
        for cut in [0, 1, 2, 100, file.len() - 1] {
            assert!(judge(&file[..cut]).is_err());
        }
        let longer = [&file[..], &[0]].concat();
        assert_eq!(judge(&longer), Err(Unproven::Form(Rule::Malformed)));
        let mut later = file.clone();
        later[1] = 2;
        assert_eq!(judge(&later), Err(Unproven::Version));
    }
    let long = vec![0; limits::EVIDENCE + 1];
    assert_eq!(judge(&long), Err(Unproven::Form(Rule::TooLarge)));
}

/// Files by name, and what they are about.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let case = Case::new();
    let mut turned = Case::new();
    let retired = turned.turn();
    let size = case.size();
    let of = |case: &Case, proof| case.evidence(proof).encode();
    let crossed = Proof::Roots(
        turned.signs(&retired, size, WRONG),
        turned.signs(&turned.key, size, turned.frontier(size).root()),
    );
    let stale = Proof::Roots(
        turned.signs(&retired, size + 1, WRONG),
        turned.signs(&turned.key, size + 1, turned.frontier(size + 1).root()),
    );
    let honest = case.frontier(5).root();
    let mut later = of(&case, case.two_roots());
    later[1] = 2;
    let mut long = of(&case, case.two_roots());
    long.push(0);
    vec![
        ("two-roots", "two roots for one size", of(&case, case.two_roots())),
        (
            "rewritten",
            "a ledger that led through another root",
            of(&case, case.rewritten(5, size, WRONG)),
        ),
        (
            "miscounted",
            "an entry right after counts that lack the one before it",
            of(&case, case.counted(6, 2, 6, |p| p == 6)),
        ),
        (
            "miscounted-shown",
            "an entry that the counts lack",
            of(&case, case.counted(6, 2, 0, |p| p == 5)),
        ),
        (
            "turned-key",
            "the key before it turned, and the key after, sign two roots for one size",
            of(&turned, crossed),
        ),
        (
            "refused-turned-key",
            "a key signs a ledger that holds its own end",
            of(&turned, stale),
        ),
        (
            "refused-rewritten-honest",
            "a ledger that grew",
            of(&case, case.rewritten(5, size, honest)),
        ),
        (
            "refused-miscounted-room",
            "an entry for which there was room",
            of(&case, case.counted(6, 3, 6, |p| p == 8)),
        ),
        ("refused-later-version", "a later version", later),
        ("refused-trailing-byte", "a byte after the end", long),
    ]
}

/// Whatever a relay signed that was restored and resumed, put together in every way: nothing of it convicts.
fn nothing_convicts(chain: &Case, eras: &[&Case]) {
    let mut all = Vec::new();
    for case in eras {
        all.extend((1..=case.size()).map(|size| (*case, case.checkpoint(size))));
    }
    for (_, first) in &all {
        for (of, second) in &all {
            let roots = judged(chain, Proof::Roots(*first, *second));
            assert!(roots.is_err(), "{first:?} {second:?}");
            if first.size < second.size {
                let rewritten = judged(chain, of.rewritten_of(*first, second.size));
                assert!(rewritten.is_err(), "{first:?} {second:?}");
            }
        }
    }
    for one in eras {
        for size in 1..=one.size() {
            for other in eras {
                assert!(judged(chain, other.miscounted(one, size)).is_err(), "{size}");
            }
        }
    }
}

#[test]
fn e7_a_resumed_relay_convicts_itself_of_nothing_that_it_signed_before_or_since() {
    let before = Case::new();
    let kept = 7;
    {
        let once = before.restored(kept, before.practice.now + 1000);
        nothing_convicts(&once, &[&before, &once]);
        // From a backup that is older still, or from one of what was resumed; and from the very same again.
        for again in [kept - 1, kept, kept + 2] {
            let from = if again > kept { &once } else { &before };
            let twice = from.restored(again, once.practice.now + 5000);
            nothing_convicts(&twice, &[&before, &once, &twice]);
            nothing_convicts(&once, &[&before, &once, &twice]);
        }
    }
}

#[test]
fn e7_what_was_kept_is_the_same_before_and_after() {
    let before = Case::new();
    let mut after = before.restored(7, before.practice.now + 1000);
    for size in 1..=7 {
        let led = before.frontier(size).root();
        let signed = before.signs(&before.key, size, WRONG);
        let convicted = judged(&after, after.rewritten_of(signed, after.size()));
        let expected = Contradiction::Rewritten {
            size,
            signed: WRONG,
            led,
            later: after.size(),
        };
        assert_eq!(
            convicted,
            Ok(expected),
            "what it still had is another than it had signed"
        );
    }
    // And each era by itself is judged as ever.
    assert!(judged(&before, before.two_roots()).is_ok());
    assert!(judged(&after, after.two_roots()).is_ok());
    assert!(judged(&after, before.two_roots()).is_ok());
    let beyond = Proof::Roots(before.checkpoint(9), after.checkpoint(9));
    assert_eq!(judged(&after, beyond.clone()), Err(Unproven::Consistent));
    // Who leaves the resumption out cannot show that the relay signed what came after it.
    assert_eq!(judged(&before, beyond), Err(Unproven::Signature));
    after.practice.entries[7].leaf.received += 1;
    let shifted = Proof::Roots(before.checkpoint(9), after.checkpoint(9));
    assert!(
        judged(&after, shifted).is_err(),
        "nor with another one in its place"
    );
}

fn outcome(file: &[u8]) -> Value {
    match judge(file) {
        Ok(verdict) => json!({ "accept": {
            "practice": verdict.practice.to_string(),
            "origin": verdict.origin,
            "keys": verdict.keys.map(|key| key.to_string()),
            "contradiction": format!("{:?}", verdict.contradiction).split(' ').next(),
        } }),
        Err(why) => {
            let name: String = format!("{why:?}")
                .chars()
                .take_while(|c| c.is_alphanumeric())
                .collect();
            json!({ "reject": name })
        }
    }
}

#[test]
fn every_evidence_vector_comes_out_as_it_says() {
    let directory: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/evidence");
    let files = files();
    for (name, about, file) in &files {
        let path = directory.join(format!("{name}.json"));
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            let vector = json!({
                "about": about, "kind": "evidence", "bytes": HEXLOWER.encode(file), "expect": outcome(file),
            });
            fs::write(&path, serde_json::to_string_pretty(&vector).unwrap() + "\n").unwrap();
        }
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            vector["bytes"],
            HEXLOWER.encode(file),
            "{name} is written as it was"
        );
        assert_eq!(
            name.starts_with("refused"),
            vector["expect"].get("reject").is_some(),
            "{name}"
        );
    }
    let mut judged = 0;
    for found in fs::read_dir(directory).unwrap() {
        let path = found.unwrap().path();
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let bytes = HEXLOWER
            .decode(vector["bytes"].as_str().unwrap().as_bytes())
            .unwrap();
        assert_eq!(outcome(&bytes), vector["expect"], "{path:?}: {}", vector["about"]);
        if let Ok(evidence) = cbor::decode::<Evidence>(&bytes) {
            assert_eq!(evidence.encode(), bytes);
        }
        judged += 1;
    }
    assert_eq!(judged, files.len());
}
