//! A practice under faults, from a thousand seeds. `cargo xtask simulate --seed S` shows one of them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what is played is there to be seen when a run fails"
)]

use std::sync::Arc;

use troth_protocol::ids::{Hash, PracticeId};
use troth_server::store::{
    Engine, EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey, TILE_BYTES, TileRow, open,
};
use troth_tests::simulation::{MemoryStore, run};

/// Seeds that are played with every test run.
const SEEDS: u64 = 1_000;

/// Plays a part of the seeds: the parts run beside each other where there are processors for it.
fn play(part: u64) {
    let (mut entries, mut notes) = (0, 0_usize);
    for seed in (1..=SEEDS).filter(|seed| seed % 4 == part) {
        match run(seed) {
            Ok(outcome) => (entries, notes) = (entries + outcome.entries, notes + outcome.notes),
            Err(failure) => {
                failure.trace.iter().for_each(|line| println!("{line}"));
                panic!("cargo xtask simulate --seed {seed}: {}", failure.what);
            }
        }
    }
    println!("{entries} entries, {notes} notes");
    assert!(notes > 250, "too little was written to show anything");
}

#[test]
fn a_practice_under_faults_ends_well_seeds_1() {
    play(0);
}

#[test]
fn a_practice_under_faults_ends_well_seeds_2() {
    play(1);
}

#[test]
fn a_practice_under_faults_ends_well_seeds_3() {
    play(2);
}

#[test]
fn a_practice_under_faults_ends_well_seeds_4() {
    play(3);
}

#[test]
fn a_seed_tells_the_same_story_again_and_another_seed_another() {
    let mut digests = Vec::new();
    for seed in 1..=20 {
        let [first, second] = [run(seed), run(seed)].map(|outcome| outcome.expect("it ends well"));
        assert_eq!(first.trace, second.trace);
        assert_eq!(
            first.digest, second.digest,
            "every frame and every entry is the same"
        );
        digests.push(first.digest);
    }
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 20);
}

fn batch(practice: u8, expect: u64, entries: u64) -> PracticeBatch {
    let rows = (expect..expect + entries).map(|position| EntryRow {
        position,
        stream: StreamKey([u8::try_from(position % 3).expect("small"); 17]),
        statement: Hash::of(&[&position.to_be_bytes(), &[practice]]),
        leaf: vec![practice; 40 + usize::try_from(position % 5).expect("small")],
        payload: Some(vec![7; 100]),
    });
    let size = expect + entries;
    PracticeBatch {
        practice: PracticeId([practice; 32]),
        expect,
        entries: rows.collect(),
        tiles: vec![TileRow {
            level: 0,
            index: size,
            hashes: vec![practice; TILE_BYTES],
        }],
        head: Head {
            size,
            root: Hash::of(&[&size.to_be_bytes()]),
        },
        snapshot: size.is_multiple_of(2).then(|| Snapshot {
            size,
            state: size.to_be_bytes().to_vec(),
        }),
        erase: if size > 4 { vec![1, 3] } else { Vec::new() },
    }
}

#[test]
fn the_simulated_store_answers_as_the_real_one_does() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let real: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
    let simulated: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut torn = batch(1, 12, 2);
    torn.entries.remove(0);
    let rounds = [
        vec![batch(1, 0, 3)],
        vec![batch(2, 0, 1), batch(1, 3, 4)],
        // A fence that does not hold, alone and beside one that does; a batch that contradicts itself.
        vec![batch(1, 3, 4)],
        vec![batch(2, 1, 5), batch(1, 6, 1)],
        vec![batch(2, 1, 5), torn],
        vec![batch(1, 7, 1), batch(1, 8, 4)],
    ];
    for round in rounds {
        let [a, b] = [&real, &simulated].map(|store| store.commit(&round).map_err(kind));
        assert_eq!(a, b);
        for practice in [1, 2, 3].map(|id| PracticeId([id; 32])) {
            let [a, b] = [&real, &simulated].map(|store| everything(&**store, &practice));
            assert_eq!(a, b);
        }
    }
}

fn kind(error: StoreError) -> String {
    match error {
        StoreError::Conflict { expected, found, .. } => format!("expected {expected}, found {found}"),
        StoreError::Misuse(why) => why.to_owned(),
        other => panic!("an honest disk: {other}"),
    }
}

/// Every answer that a store can give about a practice.
fn everything(store: &dyn Store, practice: &PracticeId) -> String {
    let stream = StreamKey([1; 17]);
    let hash = Hash::of(&[&4_u64.to_be_bytes(), &[1]]);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        store.head(practice).expect("readable"),
        store
            .entries(practice, 0, u64::MAX, usize::MAX)
            .expect("readable"),
        store.entries(practice, 1, 9, 300).expect("readable"),
        store
            .entries_at(practice, &[5, 0, 99], usize::MAX)
            .expect("readable"),
        store.stream(practice, &stream, 2, 11, 2).expect("readable"),
        store.find_statement(practice, &hash).expect("readable"),
        store
            .tile(practice, 0, 7)
            .expect("readable")
            .map(|tile| tile.len()),
        store.snapshot(practice).expect("readable"),
    )
}
