//! `troth device`: linking another one, revoking one.

use clap::Subcommand;
use serde_json::json;
use troth_client_core::device::{DeviceError, DeviceSummary, Phase, Report, SensitiveState};
use troth_protocol::rule::Rule;
use troth_protocol::statement::DeviceKind;

use super::{pick, practice};
use crate::driver::{self, Ended, Patience, Relay};
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::failure::interrupted;
use crate::messages::{device as say, network, sensitive};
use crate::output::columns;
use crate::secrets;
use crate::session::{Device, Session, Trip, to_send};

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Link this computer as a new device: prints a code (with --json on standard error) and waits for another device to take it
    Join {
        /// The relay: https://HOST[:PORT], or http:// on this machine
        #[arg(long, value_name = "URL")]
        relay: String,
        /// What this device is called
        #[arg(long)]
        name: Option<String>,
    },
    /// Take the code that a new device shows, and add that device as your own
    Approve {
        /// The code; `-` reads it from standard input, without it you are asked
        code: Option<String>,
    },
    /// List the practice's devices
    List,
    /// Take a device's access away, for all that is written from now on
    Revoke {
        /// The device: its name, or the beginning of its id
        device: String,
        /// It is in the wrong hands: turn every key that it held at once
        #[arg(long)]
        compromised: bool,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Revoke it even if it is your last recovery kit
        #[arg(long)]
        last_kit: bool,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Join { relay, name } => join(session, &relay, name).await,
        Command::Approve { code } => approve(session, code.as_deref()).await,
        Command::List => list(session),
        Command::Revoke {
            device,
            compromised,
            dry_run,
            yes,
            last_kit,
        } => revoke(session, &device, (compromised, last_kit), dry_run, yes).await,
    }
}

async fn join(session: &Session, url: &str, name: Option<String>) -> Result<(), Failure> {
    let language = session.language;
    let relay = session.relay(url)?;
    let called = name.unwrap_or_else(|| say::default_name(language));
    session.plain([called.as_str()])?;
    let mut device = practice::left_or_new(session, &called, &[&called])?;
    let linked = device.state().is_some();
    if linked && (device.has_founded() || device.relay() != Some(relay.url())) {
        return Err(session.wrong(DeviceError::AlreadyInPractice));
    }
    // An earlier attempt that came as far as this device's signature may be in the ledger by now.
    if device.practice().is_some() && was_added(session, &mut device, &relay).await? {
        return belongs(session, &mut device);
    }
    if linked {
        let why = network::silent(language);
        return Err(Failure::unreachable(network::kept(language, relay.url(), &why)));
    }
    let code = device
        .begin_join(&mut driver::rng(), relay.url())
        .map_err(|e| session.wrong(e))?;
    if session.out.json {
        // Standard output is for the one value at the end.
        session.out.note(&code);
    } else {
        session.out.result(&json!(code), &code)?;
    }
    session.out.note(&say::code_shown(language));
    let mut trip = Trip::new(session);
    let mut joined = false;
    let patience = Patience {
        interruptible: true,
        ..Patience::PERSON
    };
    let ended = driver::drive(&mut device, &relay, patience, |device, report| {
        trip.hear(report);
        joined |= matches!(report, Some(Report::Joined));
        trip.is_over() || (joined && device.phase() == Phase::Live && device.waiting() == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    match ended {
        Ended::Reached => {}
        Ended::Interrupted => return Err(Failure::failed(interrupted(language))),
        _ => return Err(Failure::failed(say::join_expired(language))),
    }
    belongs(session, &mut device)
}

/// Logs in, where the practice knows this device.
async fn was_added(session: &Session, device: &mut Device, relay: &Relay) -> Result<bool, Failure> {
    // A device that saw itself in the ledger is not unknown but revoked: the trip says so.
    let (mut trip, mut unknown, linked) = (Trip::new(session), false, device.state().is_some());
    let ended = driver::drive(device, relay, Patience::SHORT, |device, report| {
        match report {
            Some(Report::RelayClosed(Rule::UnknownDevice)) if !linked => unknown = true,
            report => trip.hear(report),
        }
        trip.is_over() || unknown || (device.phase() == Phase::Live && device.waiting() == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    Ok(ended == Ended::Reached && !unknown)
}

fn belongs(session: &Session, device: &mut Device) -> Result<(), Failure> {
    let language = session.language;
    let name = device.practice_name().map_err(|e| session.wrong(e))?;
    let value = json!({
        "device": device.id().to_string(),
        "practice": device.practice().map(|practice| practice.to_string()),
        "practice_name": name,
    });
    session
        .out
        .result(&value, &say::joined(language, &name, &pick::short(device.id())))
}

async fn approve(session: &Session, given: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let code = secrets::code(session, given)?;
    // Only what is open can be handed on.
    session.unlock_if_given(&mut device)?;
    // Nothing to do yet: it is offline.
    let _ = device.begin_approve(code.trim()).map_err(|e| session.wrong(e))?;
    let relay = session.relay_of(&device)?;
    let mut trip = Trip::new(session);
    let mut added = None;
    let ended = driver::drive(&mut device, &relay, Patience::SHORT, |device, report| {
        trip.hear(report);
        if let Some(Report::DeviceAdded(id)) = report {
            added = Some(*id);
        }
        trip.is_over() || (added.is_some() && to_send(device) == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    trip.end()?;
    match (ended, added) {
        (_, Some(id)) => {
            let value = json!({ "device": id.to_string() });
            session
                .out
                .result(&value, &say::approved(language, &pick::short(id)))?;
            if device.sensitive() == SensitiveState::Locked {
                session.out.note(&sensitive::not_handed_on(language));
            }
            Ok(())
        }
        (Ended::Unreachable(why), None) => Err(Failure::unreachable(network::unreachable(
            language,
            relay.url(),
            &why,
        ))),
        _ => Err(Failure::failed(say::approve_silent(language))),
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let devices = device.devices().map_err(|e| session.wrong(e))?;
    let value: Vec<_> = devices
        .iter()
        .map(|device| {
            json!({
                "id": device.id.to_string(),
                "member": device.member.to_string(),
                "name": device.name,
                "kind": kind(device),
                "active": device.active,
                "this": device.this,
            })
        })
        .collect();
    let mut rows = vec![say::list_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(devices.iter().map(|device| row(language, device)));
    session.out.result(&json!({ "devices": value }), &columns(&rows))
}

fn row(language: Language, device: &DeviceSummary) -> Vec<String> {
    let state = if device.active {
        say::active(language)
    } else {
        say::revoked(language)
    };
    let this = if device.this {
        format!("{state}, {}", say::this_one(language))
    } else {
        state
    };
    let kind = if kind(device) == "device" {
        say::kind_device(language)
    } else {
        say::kind_kit(language)
    };
    vec![pick::short(device.id), name(language, device), kind, this]
}

fn kind(device: &DeviceSummary) -> &'static str {
    match device.kind {
        DeviceKind::Device => "device",
        DeviceKind::Kit => "recovery_kit",
    }
}

/// What a device is called.
pub fn name(language: Language, device: &DeviceSummary) -> String {
    let unnamed = || match device.kind {
        DeviceKind::Device => say::unnamed(language),
        DeviceKind::Kit => say::kind_kit(language),
    };
    device.name.clone().unwrap_or_else(unnamed)
}

async fn revoke(
    session: &Session,
    wanted: &str,
    (compromised, last_kit): (bool, bool),
    dry: bool,
    yes: bool,
) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let other = pick::device(session, &mut device, wanted)?;
    let called = format!("{} ({})", name(language, &other), pick::short(other.id));
    let mut value = json!({ "device": other.id.to_string(), "revoked": false, "compromised": compromised });
    if !other.active {
        return Err(Failure::failed(say::revoke_again(language, &called)));
    }
    if other.this {
        return Err(Failure::usage(say::revoke_this(language)));
    }
    let takes = device.takes_last_sensitive_key(|_, id| *id == other.id);
    if takes.map_err(|e| session.wrong(e))? {
        session.out.note(&say::revoke_takes_sensitive(language, &called));
    }
    let last = device.is_last_kit(&other.id);
    value["last_kit"] = last.into();
    if dry {
        if last {
            session.out.note(&say::revoke_last_kit(language));
        }
        return session.out.result(&value, &say::revoke_dry(language, &called));
    }
    // `--yes` answers the usual question: this one is another.
    let ask = if last && !last_kit {
        if !secrets::can_ask(session) {
            return Err(session.wrong(DeviceError::LastKit));
        }
        session.out.note(&say::revoke_last_kit(language));
        Some(say::revoke_last_ask(language, &called))
    } else {
        (!yes).then(|| say::revoke_ask(language, &called))
    };
    if let Some(ask) = ask
        && !secrets::confirmed(session, &ask)?
    {
        return session
            .out
            .result(&value, &crate::messages::failure::stopped(language));
    }
    let (now, mut rng) = (driver::now(), driver::rng());
    let done = if last {
        device.revoke_last_kit(now, &mut rng, other.id, compromised)
    } else {
        device.revoke_device(now, &mut rng, other.id, compromised)
    };
    done.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let done = sent.is_sent();
    value["revoked"] = done.into();
    let words = if done {
        say::revoke_done(language, &called)
    } else {
        say::revoke_waits(language, &called)
    };
    sent.finish(session, value, &words)
}
