//! `troth-server verify`.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use troth_server::audit::{self, Progress, Report};
use troth_server::config::engine;
use troth_server::keyfile::{self, KeyFileError};
use troth_server::store::{self, Engine, Store, StoreError};

use super::Failure;

/// What `verify` takes.
#[derive(Args)]
pub struct Arguments {
    /// Directory that everything is kept in; no relay may have it open
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Storage engine [default: the one that made the directory]
    #[arg(long, value_name = "ENGINE")]
    store: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Verifies, and says what was found.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let store = open(&arguments.data, engine(arguments.store.as_deref())?)?;
    let keys = match keyfile::load_public(&arguments.data) {
        Ok(keys) => keys,
        Err(KeyFileError::Missing(_)) => Vec::new(),
        Err(error) => return Err(failed(&error)),
    };
    let mut show = progress();
    let report = audit::verify(&store, &keys, &mut show).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    let written = if arguments.json {
        json(&mut out, &report)
    } else {
        text(&mut out, &report)
    };
    written.map_err(|error| failed(&error))?;
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Opens the store, and never makes one.
fn open(data: &Path, engine: Option<Engine>) -> Result<Arc<dyn Store>, Failure> {
    if !data.join("store").is_dir() {
        return Err(Failure::Failed(format!(
            "{} is no data directory of a relay",
            data.display()
        )));
    }
    let opened = match store::open(data, engine.unwrap_or_default()) {
        Err(StoreError::OtherEngine { made_by, .. }) if engine.is_none() => store::open(data, made_by),
        opened => opened,
    };
    opened
        .map(Arc::from)
        .map_err(|error| Failure::Failed(error.to_string()))
}

/// A line on the terminal that is written over; nothing where there is no terminal.
fn progress() -> impl FnMut(Progress) {
    let terminal = std::io::stderr().is_terminal();
    move |at: Progress| {
        if terminal {
            let end = if at.done == at.entries { "\n" } else { "" };
            eprint!(
                "\rledger {} of {}: {} of {} entries{end}",
                at.number + 1,
                at.count,
                at.done,
                at.entries
            );
        }
    }
}

fn json(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

fn text(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    for ledger in &report.ledgers {
        let verdict = if ledger.faults.is_empty() { "ok" } else { "FAULTY" };
        writeln!(out, "practice {}: {verdict}", ledger.practice)?;
        writeln!(
            out,
            "  {} entries, {} documents ({} erased), {} members, {} devices, root {}",
            ledger.entries, ledger.documents, ledger.erased, ledger.members, ledger.devices, ledger.root
        )?;
        for fault in &ledger.faults {
            match fault.position {
                Some(position) => writeln!(out, "  entry {position}: {}", fault.what)?,
                None => writeln!(out, "  {}", fault.what)?,
            }
        }
    }
    match (report.ok, report.ledgers.len()) {
        (true, count) => writeln!(out, "every hash, signature and chain of {count} ledgers holds"),
        (false, _) => writeln!(
            out,
            "something does not hold: stop the relay and restore a backup"
        ),
    }
}
