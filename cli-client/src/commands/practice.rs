//! `troth practice`: founding one, joining one, and how it stands.

use clap::{Subcommand, value_parser};
use serde_json::json;
use troth_client_core::crypto::Cost;
use troth_client_core::device::{DeviceError, Phase};
use troth_protocol::checkpoint::VerifierKey;

use super::pick;
use crate::driver::{self, Ended, Patience};
use crate::failure::Failure;
use crate::messages::{network, practice as say, recovery};
use crate::output::{columns, time};
use crate::secrets;
use crate::session::{Device, Session, Trip};
use crate::storage::SqliteStorage;

mod join;
mod ledger_key;
mod policy;

/// What to do with the practice.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Found a practice on a relay; this device becomes its first
    Init {
        /// The relay: https://HOST[:PORT], or http:// on this machine
        #[arg(long, value_name = "URL")]
        relay: String,
        /// What the practice is called
        #[arg(long)]
        name: String,
        /// Your full name, as your colleagues know you
        #[arg(long = "as", value_name = "FULL NAME")]
        full_name: String,
        /// What this device is called
        #[arg(long, value_name = "NAME")]
        device_name: Option<String>,
    },
    /// Join a practice with the code of an invitation: shows a code to compare with whoever sent it, and waits to be let in
    Join {
        /// The code of the invitation; `-` reads it from standard input
        code: String,
        /// Your full name, as your colleagues know you
        #[arg(long = "as", value_name = "FULL NAME")]
        full_name: String,
        /// What this device is called
        #[arg(long, value_name = "NAME")]
        device_name: Option<String>,
    },
    /// Show the practice, this device, and what waits
    Status,
    /// Show what the practice has decided for itself, or decide otherwise
    Policy {
        /// Who also reads process notes that are begun from now on, once their author has left: an admin or a counselor
        #[arg(long, value_name = "MEMBER", conflicts_with = "no_custodian")]
        custodian: Option<String>,
        /// Nobody does: process notes that are begun from now on are lost with their author
        #[arg(long)]
        no_custodian: bool,
        /// How many hours an admin waits who recovers somebody alone, in which others can stop it: at least 72
        #[arg(long, value_name = "HOURS", value_parser = value_parser!(u64).range(72..=8760))]
        recovery_wait: Option<u64>,
        /// Key of a witness of the ledger, in the form name+id+base64; may be given several times, and takes the place of all
        /// that were named before
        #[arg(long = "witness", value_name = "KEY", conflicts_with = "no_witnesses")]
        witnesses: Vec<VerifierKey>,
        /// How many of the witnesses must have cosigned before a checkpoint counts as witnessed [default: all]
        #[arg(long, value_name = "N", requires = "witnesses", value_parser = value_parser!(u8).range(1..=16))]
        quorum: Option<u8>,
        /// The ledger has no witnesses from now on
        #[arg(long)]
        no_witnesses: bool,
    },
    /// Show the key that the relay signs the ledger with, or turn to the new one that the relay has made
    LedgerKey {
        /// Turn to this key, as whoever runs the relay read it out (`troth-server new-key`): from then on only it signs
        #[arg(long, value_name = "KEY")]
        turn: Option<String>,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Init {
            relay,
            name,
            full_name,
            device_name,
        } => init(session, &relay, &name, &full_name, device_name).await,
        Command::Join {
            code,
            full_name,
            device_name,
        } => join::join(session, &code, &full_name, device_name).await,
        Command::LedgerKey { turn } => ledger_key::run(session, turn.as_deref()).await,
        Command::Status => status(session),
        Command::Policy {
            custodian,
            no_custodian,
            recovery_wait,
            witnesses,
            quorum,
            no_witnesses,
        } => {
            let custodian = (custodian.as_deref(), no_custodian);
            let witnesses = policy::witnesses(session, witnesses, quorum, no_witnesses)?;
            policy::run(session, custodian, recovery_wait, witnesses).await
        }
    }
}

async fn init(
    session: &Session,
    url: &str,
    name: &str,
    full_name: &str,
    device_name: Option<String>,
) -> Result<(), Failure> {
    let language = session.language;
    let relay = session.relay(url)?;
    let called = device_name.unwrap_or_else(|| say::default_device(language));
    session.plain([name, full_name, &called])?;
    let mut device = left_or_new(session, &called, &[name, full_name])?;
    // An attempt that was cut short may have come as far as genesis, or to the end: what is left of it is done.
    let begun = device.has_founded() && device.relay() == Some(relay.url());
    if !begun || device.practice_name().map_err(|e| session.wrong(e))? != name {
        device
            .begin_found(relay.url(), name, full_name)
            .map_err(|e| session.wrong(e))?;
    }
    let mut trip = Trip::new(session);
    let ended = driver::drive(&mut device, &relay, Patience::SHORT, |device, report| {
        trip.hear(report);
        trip.is_over() || (device.phase() == Phase::Live && device.waiting() == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    let Some(practice) = device.practice().filter(|_| ended == Ended::Reached) else {
        let why = if let Ended::Unreachable(why) = ended {
            why
        } else {
            network::silent(language)
        };
        // Once genesis is signed and kept, sending it is all that is left to do.
        return Err(Failure::unreachable(match device.practice() {
            Some(_) => network::kept(language, relay.url(), &why),
            None => say::not_founded(language, relay.url(), &why),
        }));
    };
    let value = json!({
        "practice": practice.to_string(),
        "name": name,
        "device": device.id().to_string(),
        "member": device.member().map(|member| member.to_string()),
    });
    session
        .out
        .result(&value, &say::founded(language, name, &pick::short(practice)))?;
    session.out.note(&say::founded_next(language));
    Ok(())
}

/// A device that belongs to no practice: a new one, or the one that an earlier attempt left here.
///
/// # Errors
/// It belongs to one, or what stands in the way.
pub fn fresh(session: &Session, name: &str, personal: &[&str]) -> Result<Device, Failure> {
    let device = left_or_new(session, name, personal)?;
    if device.state().is_some() {
        return Err(session.wrong(DeviceError::AlreadyInPractice));
    }
    Ok(device)
}

/// The device that an earlier attempt left here, however far it came, or a new one.
///
/// # Errors
/// What stands in the way.
pub fn left_or_new(session: &Session, name: &str, personal: &[&str]) -> Result<Device, Failure> {
    let storage = SqliteStorage::open(session.home()?).map_err(|e| Failure::store(session.language, &e))?;
    if Device::exists(&storage).map_err(|e| session.wrong(e))? {
        return Device::open(storage, &secrets::passphrase(session)?).map_err(|e| session.wrong(e));
    }
    let passphrase = secrets::new_passphrase(session, personal)?;
    Device::create(&mut driver::rng(), storage, &passphrase, Cost::DEFAULT, name)
        .map_err(|e| session.wrong(e))
}

fn status(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let name = device.practice_name().map_err(|e| session.wrong(e))?;
    let member = device.member();
    let full_name = match member {
        Some(member) => device.name_of(member).map_err(|e| session.wrong(e))?,
        None => None,
    };
    let devices = device.devices().map_err(|e| session.wrong(e))?;
    let this = devices
        .iter()
        .find(|device| device.this)
        .and_then(|device| device.name.clone());
    let active = devices.iter().filter(|device| device.active).count();
    let status = device.status();
    let value = json!({
        "practice": status.practice.map(|practice| practice.to_string()),
        "name": name,
        "relay": device.relay(),
        "member": member.map(|member| member.to_string()),
        "as": full_name,
        "device": device.id().to_string(),
        "device_name": this,
        "devices_active": active,
        "size": status.size,
        "root": status.root.to_string(),
        "checkpoint_received_ms": status.checkpoint_received_ms,
        "waiting": status.waiting,
        "quarantined": status.quarantined,
        "documents": status.documents,
        "halted": status.phase == Phase::Halted,
        "not_back": device.not_back(),
        "resumptions": device.resumptions().iter().map(|r| json!({
            "position": r.position,
            "by": r.by.to_string(),
            "kept": r.kept,
            "abandoned": r.abandoned,
        })).collect::<Vec<_>>(),
    });
    let at = match status.checkpoint_received_ms {
        0 => say::never(language),
        ms => time(ms),
    };
    let rows = [
        (say::status_name(language), name),
        (say::status_as(language), full_name.unwrap_or_default()),
        (
            say::status_relay(language),
            device.relay().unwrap_or_default().to_owned(),
        ),
        (
            say::status_device(language),
            format!("{}  {}", this.unwrap_or_default(), pick::short(device.id())),
        ),
        (say::status_devices(language), active.to_string()),
        (
            say::status_entries(language),
            say::status_verified(language, status.size, &at),
        ),
        (say::status_waiting(language), status.waiting.to_string()),
        (say::status_aside(language), status.quarantined.to_string()),
    ];
    session
        .out
        .result(&value, &columns(&rows.map(|(what, is)| vec![what, is])))?;
    if status.quarantined > 0 {
        let hint = network::set_aside(language, status.quarantined);
        session.out.note(&hint);
    }
    for resumed in device.resumptions() {
        let by = session.called(&mut device, resumed.by);
        let line = recovery::was_resumed(language, &by, resumed.abandoned, resumed.kept);
        session.out.note(&line);
    }
    if device.not_back() > 0 {
        session.out.note(&recovery::not_back(language, device.not_back()));
    }
    Ok(())
}
