//! Plays a practice under faults from seeds, and prints the first that ends badly.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use troth_tests::simulation::{Failure, run};

#[derive(Parser)]
#[command(about = "Plays a practice under faults from seeds, and prints the first that ends badly")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// This one alone, with all that happens in it
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Go on after a seed that ends badly
    #[arg(long)]
    keep_going: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    if let Some(seed) = arguments.seed {
        return one(&mut out, seed);
    }
    let begin = Instant::now();
    let (mut entries, mut notes, mut writes, mut failed) = (0, 0, 0, 0_u64);
    for (done, seed) in (1..).zip(arguments.from..arguments.from.saturating_add(arguments.seeds)) {
        match run(seed) {
            Ok(outcome) => {
                entries += outcome.entries;
                notes += outcome.notes;
                writes += outcome.writes;
            }
            Err(failure) => {
                failed += 1;
                writeln!(out)?;
                if arguments.keep_going {
                    writeln!(out, "seed {seed}: {}", failure.what)?;
                } else {
                    tell(&mut out, &failure)?;
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        progress(&mut out, done, arguments.seeds)?;
    }
    let took = begin.elapsed();
    writeln!(
        out,
        "\n{} seeds in {:.1} s, {failed} ended badly: {entries} entries, {notes} notes, {writes} writes",
        arguments.seeds,
        took.as_secs_f64()
    )?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(out: &mut impl Write, seed: u64) -> Result<ExitCode> {
    match run(seed) {
        Ok(outcome) => {
            for line in &outcome.trace {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "seed {seed} ends well; digest {}", outcome.digest)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            tell(out, &failure)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn tell(out: &mut impl Write, failure: &Failure) -> Result<()> {
    for line in &failure.trace {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "seed {}: {}", failure.seed, failure.what)?;
    writeln!(out, "again: cargo xtask simulate --seed {}", failure.seed)?;
    Ok(())
}

fn progress(out: &mut impl Write, done: u64, of: u64) -> Result<()> {
    let full = usize::try_from(done * 40 / of.max(1)).unwrap_or(40);
    write!(out, "\r[{:<40}] {done} of {of} seeds", "#".repeat(full))?;
    Ok(out.flush()?)
}
