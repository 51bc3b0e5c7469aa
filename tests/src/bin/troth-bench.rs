//! Measures this machine's raw limits and the relay against them.

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use clap::builder::PossibleValuesParser;
use troth_tests::bench::{self, NAMES, Options};

#[derive(Parser)]
#[command(about = "Measures this machine's raw limits and the relay against them")]
struct Arguments {
    /// Shorter, and so less exact
    #[arg(long)]
    quick: bool,
    /// Only this measurement, beside the raw limits
    #[arg(long, value_parser = PossibleValuesParser::new(NAMES))]
    only: Option<String>,
    /// Where the JSON goes
    #[arg(long, default_value = "target/bench.json")]
    json: std::path::PathBuf,
    /// Fail if a target is missed
    #[arg(long)]
    strict: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let report = bench::run(&Options {
        quick: arguments.quick,
        only: arguments.only,
    })?;
    write!(std::io::stdout(), "{report}")?;
    if let Some(dir) = arguments.json.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(&arguments.json, serde_json::to_vec_pretty(&report)?)?;
    let failed = arguments.strict && !report.all_reached();
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
