//! Every fuzz target, run without a fuzzer: over its committed corpus, and over mutations of it from a seed. A finding is
//! committed to the corpus when it is mended, so that this replays it for good.
//!
//! `cargo test -p troth-tests --test corpora -- --ignored` writes the seeds of the corpora anew; what a fuzzer found stays.
#![allow(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use troth_protocol::ids::Hash;
use troth_tests::fuzzing::{TARGETS, device, mutation, named, relay, seeds};

/// Seed of the mutations. Another one finds other things; this one finds the same on every machine.
const SEED: u64 = 20_260_801;
/// All corpora together, in bytes, at most: every clone of the project carries them.
const ALL_CORPORA: u64 = 1024 * 1024;
/// One input may take this long, an unoptimised build on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(20);

fn replay(name: &str) {
    let target = named(name).expect("a target");
    let corpus = seeds::corpus(target).expect("every target has a corpus");
    assert!(!corpus.is_empty());
    for (file, input) in &corpus {
        run(target.run, input, &format!("fuzz/corpus/{name}/{file}"));
    }
    let corpus: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    for (round, input) in mutation::of(&corpus, SEED, target.rounds, target.longest).enumerate() {
        run(target.run, &input, &format!("mutation {round}"));
    }
}

fn run(target: fn(&[u8]), input: &[u8], what: &str) {
    let start = Instant::now();
    let held = std::panic::catch_unwind(|| target(input));
    assert!(
        held.is_ok(),
        "{what} breaks what must hold: {}",
        HEXLOWER.encode(input)
    );
    let took = start.elapsed();
    assert!(
        took < PATIENCE,
        "{what} took {took:?}: {}",
        HEXLOWER.encode(input)
    );
}

macro_rules! replayed {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )+

        #[test]
        fn every_target_is_replayed_and_has_a_fuzz_target() {
            let replayed = [$(stringify!($name)),+];
            let targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(replayed[..], targets[..]);
            for target in targets {
                let file = seeds::corpora().join(format!("../fuzz_targets/{target}.rs"));
                assert!(file.is_file(), "{target} has no file in fuzz/fuzz_targets");
            }
        }
    };
}

replayed!(
    statement,
    leaf,
    wire_client,
    wire_relay,
    items,
    note,
    verifier_key,
    compact,
    tile_path,
    frontier,
    sealed_keys,
    state,
    forms,
    codes,
    sealed,
    export,
    change,
    forged,
    relay,
    device,
);

#[test]
fn scripts_get_past_the_login() {
    let of = |name| seeds::corpus(named(name).expect("a target")).expect("a corpus");
    let grown = of("relay").iter().map(|(_, script)| relay::grown(script)).max();
    assert!(grown >= Some(2), "a login and a statement after it: {grown:?}");
    let gained = device::gained(&[]);
    assert!(
        gained >= 8,
        "four devices added and four edits, from an honest relay: {gained}"
    );
}

#[test]
fn the_corpora_are_small_enough_to_be_carried_by_everyone() {
    let mut bytes = 0;
    for target in TARGETS {
        let corpus = seeds::corpus(target).expect("every target has a corpus");
        assert!(
            corpus.iter().all(|(_, input)| input.len() <= target.longest),
            "{}",
            target.name
        );
        bytes += corpus.iter().map(|(_, input)| input.len() as u64).sum::<u64>();
    }
    assert!(bytes <= ALL_CORPORA, "{bytes} bytes");
}

#[test]
#[ignore = "writes the seeds of the corpora anew"]
fn write_seeds() {
    for target in TARGETS {
        let folder = seeds::corpora().join(target.name);
        std::fs::create_dir_all(&folder).expect("writable");
        for seed in seeds::of(target.name) {
            let name = format!("seed-{}", &Hash::of(&[&seed]).to_string()[..12]);
            std::fs::write(folder.join(name), seed).expect("writable");
        }
    }
}
