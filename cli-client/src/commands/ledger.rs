//! `troth ledger`: what happened, and the proof of it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use troth_client_core::device::{Phase, Status};
use troth_protocol::checkpoint::{KeyKind, VerifierKey};

use crate::driver;
use crate::failure::Failure;
use crate::files;
use crate::language::Language;
use crate::messages::{failure, ledger as say, network};
use crate::output::{columns, one_line, time};
use crate::session::{Device, Session};

mod judge;
mod log;
mod verify;

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show how far it is verified, the relay's public key, and what was set aside
    Status,
    /// Replay it from genesis: every signature, every rule, every hash
    Verify {
        /// An exported ledger, instead of this device's own
        #[arg(long, requires = "key")]
        file: Option<PathBuf>,
        /// The relay's public key, as `ledger status` shows it
        #[arg(long, value_name = "VKEY", requires = "file")]
        key: Option<String>,
    },
    /// List what happened, the oldest first
    Log {
        /// Only what concerns this case
        #[arg(long)]
        case: Option<String>,
    },
    /// Write it to a file that anyone can verify with the relay's public key; it holds no content
    Export {
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Judge what is said to prove that a relay is dishonest; nothing but the file is needed
    Judge {
        /// The evidence file
        evidence: PathBuf,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status => status(session),
        Command::Verify {
            file: Some(file),
            key,
        } => verify::file(session, &file, &key.unwrap_or_default()),
        Command::Verify { file: None, .. } => verify::own(session),
        Command::Log { case } => log::print(session, case.as_deref()),
        Command::Export { out } => export(session, &out),
        Command::Judge { evidence } => judge::file(session, &evidence),
    }
}

fn status(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let device = session.open()?;
    let status = device.status();
    let review = device.quarantine().map_err(|e| session.wrong(e))?;
    let key = key(session, &device)?;
    let halted = status.phase == Phase::Halted;
    let value = json!({
        "practice": status.practice.map(|practice| practice.to_string()),
        "origin": status.origin,
        "key": key,
        "size": status.size,
        "root": status.root.to_string(),
        "checkpoint_received_ms": status.checkpoint_received_ms,
        "witnesses": status.witnesses,
        "witnessed": status.witnessed.map(|seen| json!({ "size": seen.size, "at_ms": seen.at_ms })),
        "waiting": status.waiting,
        "documents": status.documents,
        "halted": halted,
        "quarantined": review
            .iter()
            .map(|line| json!({ "what": line.what, "rule": line.rule, "position": line.position }))
            .collect::<Vec<_>>(),
    });
    let phase = if halted {
        say::phase_halted(language)
    } else {
        say::phase_ok(language)
    };
    let rows = [
        (
            say::status_origin(language),
            status.origin.clone().unwrap_or_default(),
        ),
        (say::status_key(language), key),
        (say::status_size(language), status.size.to_string()),
        (say::status_root(language), status.root.to_string()),
        (
            say::status_checkpoint(language),
            time(status.checkpoint_received_ms),
        ),
        (say::status_witnessed(language), witnessed(language, &status)),
        (
            crate::messages::practice::status_waiting(language),
            status.waiting.to_string(),
        ),
        (say::status_phase(language), phase),
    ];
    let mut words = columns(&rows.map(|(what, is)| vec![what, is]));
    if !review.is_empty() {
        words.push_str(&format!("\n{}\n", say::review_head(language)));
        words.extend(review.iter().map(|line| match line.rule {
            0 => format!("  {}\n", one_line(&line.what)),
            rule => format!("  {}  (R{rule})\n", one_line(&line.what)),
        }));
    }
    session.out.result(&value, &words)
}

/// What bounds how long a device can be kept in a history of its own: when others last saw the same.
fn witnessed(language: Language, status: &Status) -> String {
    let Some(seen) = status.witnessed else {
        return match status.witnesses {
            0 => say::witnessed_none(language),
            _ => say::witnessed_never(language),
        };
    };
    let minutes = driver::now().saturating_sub(seen.at_ms) / 60_000;
    let age = match minutes {
        0..120 => say::minutes(language, minutes),
        120..2880 => say::hours(language, minutes / 60),
        _ => say::days(language, minutes / 1440),
    };
    say::witnessed_at(language, seen.size, &time(seen.at_ms), &age)
}

/// The relay's public key under the ledger's name, as a C2SP verifier key.
fn key(session: &Session, device: &Device) -> Result<String, Failure> {
    use troth_client_core::device::DeviceError::NoPractice;
    let roster = &device.state().ok_or_else(|| session.wrong(NoPractice))?.roster;
    let key = VerifierKey::new(roster.ledger_origin(), KeyKind::Ed25519, roster.ledger_key());
    key.map(|key| key.to_string())
        .map_err(|_| session.wrong(NoPractice))
}

fn export(session: &Session, out: &Path) -> Result<(), Failure> {
    let language = session.language;
    let device = session.open()?;
    let (bytes, key) = (
        device.export_ledger().map_err(|e| session.wrong(e))?,
        key(session, &device)?,
    );
    let path = out.display().to_string();
    write(session, out, &bytes)?;
    let value = json!({ "file": path, "key": key, "size": device.status().size });
    session
        .out
        .result(&value, &say::exported(language, &path, &key))?;
    if device.waiting() > 0 {
        session
            .out
            .note(&network::offline_kept(language, device.waiting()));
    }
    Ok(())
}

/// Writes a file that was not there.
///
/// # Errors
/// It is there, or the disk's trouble.
pub fn write(session: &Session, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let shown = path.display();
    files::write_new(path, bytes).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::failed(failure::exists(session.language, &shown.to_string()))
        }
        _ => Failure::io(session.language, shown, &e),
    })
}
