//! The power goes at any moment of the relay's work: whatever of it that leaves on the disk opens, verifies, and holds all
//! that the relay acknowledged before. See `troth_tests::power_cut` for what a power cut may leave.

#![expect(clippy::print_stdout, reason = "a seed is there to be seen when a run fails")]

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use troth_server::store::Engine;
use troth_tests::power_cut::{Loss, Recording};

/// Connections that append, each to a document of its own.
const WRITERS: usize = 3;
/// Appends of each, before the relay is started again and after.
const EACH: usize = 40;
/// Moments at which the power goes, beside those before and after each sync and at each acknowledgement.
const FURTHER_CUTS: usize = 40;

#[test]
fn a_power_cut_takes_nothing_acknowledged_from_sqlite() -> Result<()> {
    every_cut(Engine::Sqlite, EACH)
}

#[test]
fn a_power_cut_takes_nothing_acknowledged_from_sled() -> Result<()> {
    every_cut(Engine::Sled, EACH)
}

#[test]
fn a_sqlite_that_acknowledged_before_its_sync_would_be_found_out() -> Result<()> {
    unsynced_is_found_out(Engine::Sqlite)
}

#[test]
fn a_sled_that_acknowledged_before_its_sync_would_be_found_out() -> Result<()> {
    unsynced_is_found_out(Engine::Sled)
}

fn every_cut(engine: Engine, each: usize) -> Result<()> {
    let (seed, mut rng) = seed(engine)?;
    let recording = Recording::make(engine, WRITERS, each, &mut rng)?;
    let mut cuts: Vec<usize> = (0..FURTHER_CUTS)
        .map(|_| rng.random_range(0..recording.lines))
        .collect();
    for (begun, ended) in recording.disk.syncs() {
        cuts.extend([begun.saturating_sub(1), begun, ended]);
    }
    cuts.extend(recording.acknowledged.iter().map(|(line, _)| *line));
    cuts.retain(|cut| *cut < recording.lines);
    cuts.sort_unstable();
    cuts.dedup();
    let mut seen = HashSet::new();
    for cut in &cuts {
        for loss in [
            Loss::Nothing,
            Loss::Unsynced,
            Loss::Contents,
            Loss::Some(rng.random()),
        ] {
            recording.cut(*cut, loss, &mut seen).with_context(|| {
                format!(
                    "TROTH_SEED={seed}: the power went after line {cut} of {}, {loss:?}",
                    recording.lines
                )
            })?;
        }
    }
    println!(
        "{} acknowledged entries, {} power cuts, {} different disks: nothing lost ({engine})",
        recording.acknowledged.len(),
        cuts.len(),
        seen.len()
    );
    Ok(())
}

/// Shows that the harness can fail: one sync less, and what it stood for is missed; no sync at all, and all of it is.
fn unsynced_is_found_out(engine: Engine) -> Result<()> {
    let (_, mut rng) = seed(engine)?;
    let mut recording = Recording::make(engine, WRITERS, 4, &mut rng)?;
    let lines: Vec<usize> = recording.acknowledged.iter().map(|(line, _)| *line).collect();
    for line in &lines {
        recording.cut(*line, Loss::Unsynced, &mut HashSet::new())?;
    }
    let victim = lines[lines.len() / 2];
    let syncs = recording.disk.syncs();
    let skipped = syncs
        .iter()
        .filter(|(_, ended)| *ended < victim)
        .map(|(begun, _)| *begun)
        .max();
    recording.disk = recording.disk.without_syncs(|begun| Some(begun) == skipped);
    missed(&recording, victim)?;

    recording.disk = recording.disk.without_syncs(|_| true);
    for line in lines {
        missed(&recording, line)?;
    }
    Ok(())
}

fn missed(recording: &Recording, cut: usize) -> Result<()> {
    let verdict = recording.cut(cut, Loss::Unsynced, &mut HashSet::new());
    let found = format!("{:#}", verdict.err().context("a loss that nobody noticed")?);
    ensure!(
        found.contains("was acknowledged and is lost"),
        "found something else: {found}"
    );
    Ok(())
}

fn seed(engine: Engine) -> Result<(u64, StdRng)> {
    let seed = match std::env::var("TROTH_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => rand::random(),
    };
    println!("TROTH_SEED={seed} repeats this run's choices ({engine})");
    Ok((seed, StdRng::seed_from_u64(seed)))
}
