//! `troth ledger`: what happened, and the proof of it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use troth_client_core::device::{DeviceSummary, LogLine, Phase, Verification};
use troth_client_core::export;
use troth_protocol::checkpoint::{KeyKind, VerifierKey};
use troth_protocol::ids::VerifyingKey;

use super::pick;
use crate::failure::Failure;
use crate::files;
use crate::language::Language;
use crate::messages::{failure, ledger as say, network};
use crate::output::{columns, time};
use crate::progress::Bar;
use crate::session::{Device, Session};

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
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status => status(session),
        Command::Verify { file: Some(file), key } => verify_file(session, &file, &key.unwrap_or_default()),
        Command::Verify { file: None, .. } => verify(session),
        Command::Log { case } => log(session, case.as_deref()),
        Command::Export { out } => export(session, &out),
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
        "waiting": status.waiting,
        "documents": status.documents,
        "halted": halted,
        "quarantined": review
            .iter()
            .map(|line| json!({ "what": line.what, "rule": line.rule, "position": line.position }))
            .collect::<Vec<_>>(),
    });
    let phase = if halted { say::phase_halted(language) } else { say::phase_ok(language) };
    let rows = [
        (say::status_origin(language), status.origin.unwrap_or_default()),
        (say::status_key(language), key),
        (say::status_size(language), status.size.to_string()),
        (say::status_root(language), status.root.to_string()),
        (say::status_checkpoint(language), time(status.checkpoint_received_ms)),
        (crate::messages::practice::status_waiting(language), status.waiting.to_string()),
        (say::status_phase(language), phase),
    ];
    let mut words = columns(&rows.map(|(what, is)| vec![what, is]));
    if !review.is_empty() {
        words.push_str(&format!("\n{}\n", say::review_head(language)));
        words.extend(review.iter().map(|line| match line.rule {
            0 => format!("  {}\n", line.what),
            rule => format!("  {}  (R{rule})\n", line.what),
        }));
    }
    session.out.result(&value, &words)
}

/// The relay's public key under the ledger's name, as a C2SP verifier key.
fn key(session: &Session, device: &Device) -> Result<String, Failure> {
    use troth_client_core::device::DeviceError::NoPractice;
    let roster = &device.state().ok_or_else(|| session.wrong(NoPractice))?.roster;
    let key = VerifierKey::new(roster.ledger_origin(), KeyKind::Ed25519, roster.ledger_key());
    key.map(|key| key.to_string()).map_err(|_| session.wrong(NoPractice))
}

fn verify(session: &Session) -> Result<(), Failure> {
    let device = session.open()?;
    let bar = Bar::named(session, say::verifying(session.language));
    let verified = device.verify_ledger(&mut |done, total| bar.at(done, total));
    bar.clear();
    told(session, verified.map_err(|e| session.wrong(e))?)
}

fn verify_file(session: &Session, path: &Path, key: &str) -> Result<(), Failure> {
    let language = session.language;
    let key = parse_key(key).ok_or_else(|| Failure::usage(say::bad_key(language)))?;
    let bytes = std::fs::read(path).map_err(|e| Failure::io(language, path.display(), &e))?;
    let verified = export::verify(&bytes, &key).map_err(|why| Failure::failed(say::not_verified(language, &why)))?;
    told(session, verified)
}

/// A C2SP verifier key, or the bare key in hexadecimal.
fn parse_key(text: &str) -> Option<VerifyingKey> {
    let vkey = text.parse::<VerifierKey>().ok().filter(|key| key.kind() == KeyKind::Ed25519);
    vkey.map(|key| *key.key()).or_else(|| VerifyingKey::from_hex(&text.to_lowercase()))
}

fn told(session: &Session, verified: Verification) -> Result<(), Failure> {
    let Verification { size, root, entries_seen, entries_hidden, signatures } = verified;
    let value = json!({
        "verified": true,
        "size": size,
        "root": root.to_string(),
        "entries_seen": entries_seen,
        "entries_hidden": entries_hidden,
        "signatures": signatures,
    });
    session.out.result(&value, &say::verified(session.language, size, signatures, entries_seen, entries_hidden))
}

fn log(session: &Session, case: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let only = case.map(|case| pick::case(session, &mut device, case)).transpose()?.map(|case| case.id);
    let mut lines = device.log().map_err(|e| session.wrong(e))?;
    lines.retain(|line| only.is_none() || line.case == only);
    let devices = device.devices().map_err(|e| session.wrong(e))?;
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let called = |line: &LogLine| cases.iter().find(|case| Some(case.id) == line.case).map(|case| case.name.clone());
    let value: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "position": line.position,
                "received_ms": line.received,
                "kind": line.kind,
                "signer": line.signer.to_string(),
                "member": line.member.map(|member| member.to_string()),
                "document": line.document.map(|document| document.to_string()),
                "case": line.case.map(|case| case.to_string()),
                "lane": line.lane.map(troth_protocol::statement::Lane::name),
                "what": line.what,
            })
        })
        .collect();
    let mut rows = vec![say::log_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(lines.iter().map(|line| row(language, line, called(line), &devices)));
    let words = if lines.is_empty() { say::empty(language) } else { columns(&rows) };
    session.out.result(&json!({ "entries": value }), &words)
}

fn row(language: Language, line: &LogLine, case: Option<String>, devices: &[DeviceSummary]) -> Vec<String> {
    let signer = devices.iter().find(|device| device.id == line.signer);
    let by = signer.map_or_else(|| pick::short(line.signer), |device| super::device::name(language, device));
    let about = match (case, line.lane) {
        (Some(case), Some(lane)) => format!("{case}, {}", lane.name()),
        (None, Some(lane)) => lane.name().to_owned(),
        (case, None) => case.unwrap_or_default(),
    };
    vec![line.position.to_string(), time(line.received), line.kind.to_owned(), by, about, line.what.clone()]
}

fn export(session: &Session, out: &Path) -> Result<(), Failure> {
    let language = session.language;
    let device = session.open()?;
    let (bytes, key) = (device.export_ledger().map_err(|e| session.wrong(e))?, key(session, &device)?);
    let path = out.display().to_string();
    write(session, out, &bytes)?;
    let value = json!({ "file": path, "key": key, "size": device.status().size });
    session.out.result(&value, &say::exported(language, &path, &key))?;
    if device.waiting() > 0 {
        session.out.note(&network::offline_kept(language, device.waiting()));
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
        std::io::ErrorKind::AlreadyExists => Failure::failed(failure::exists(session.language, &shown.to_string())),
        _ => Failure::io(session.language, shown, &e),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_either_form() {
        // RFC 8032, section 7.1, test 1.
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = VerifyingKey::from_hex(hex).unwrap();
        let vkey = VerifierKey::new("relay.example/ledger", KeyKind::Ed25519, key).unwrap().to_string();
        assert_eq!(parse_key(hex), Some(key));
        assert_eq!(parse_key(&hex.to_uppercase()), Some(key));
        assert_eq!(parse_key(&vkey), Some(key));
        assert_eq!(parse_key(&vkey[1..]), None);
        assert_eq!(parse_key(""), None);
    }
}
