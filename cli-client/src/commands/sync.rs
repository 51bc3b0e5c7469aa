//! `troth sync`: send what waits, fetch what is new; with `--watch`, until it is stopped.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;
use troth_client_core::device::{Phase, Report};

use crate::driver::{self, Ended, Patience};
use crate::failure::Failure;
use crate::messages::{failure, network as say, recovery, sensitive};
use crate::session::{Device, Session, Trip, to_send};

/// How to sync.
#[derive(Debug, Args)]
pub struct Options {
    /// Stay, and take in what comes, until stopped (Ctrl-C); with --json, one value a line whenever something changed
    #[arg(long)]
    watch: bool,
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, options: &Options) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    session.unlock_if_given(&mut device)?;
    let relay = session.relay_of(&device)?;
    let patience = if options.watch {
        Patience::ENDLESS
    } else {
        Patience {
            silence: SILENCE,
            ..Patience::SHORT
        }
    };
    if options.watch {
        session.out.note(&say::watching(language));
    }
    let mut trip = Trip::new(session);
    if options.watch {
        trip = trip.staying();
    }
    let mut told = None;
    let mut recoveries = BTreeSet::new();
    let ended = driver::drive(&mut device, &relay, patience, |device, report| {
        trip.hear(report);
        if trip.is_over() {
            return true;
        }
        let settled = device.phase() == Phase::Live && to_send(device) == 0 && !device.is_putting_back();
        if settled {
            trip.settled();
        }
        if !options.watch {
            return settled;
        }
        let changed = report.is_none() || matches!(report, Some(Report::CaughtUp));
        let size = device.status().size;
        if settled && changed && told != Some(size) {
            told = Some(size);
            let _ = tell(session, device);
            session.show_recoveries(device, &mut recoveries);
        }
        false
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    device.flush(&mut driver::rng()).map_err(|e| session.wrong(e))?;
    let busy = trip.take_busy();
    trip.end()?;
    if let Some(rule) = busy.filter(|_| !options.watch) {
        return Err(Failure::kept(language, rule));
    }
    match ended {
        Ended::Reached => {
            tell(session, &device)?;
            session.show_recoveries(&mut device, &mut recoveries);
            Ok(())
        }
        Ended::Interrupted => {
            session.out.note(&failure::interrupted(language));
            Ok(())
        }
        Ended::Silent => Err(unreached(session, &device, &say::silent(language), relay.url())),
        Ended::Dropped => Err(unreached(session, &device, &say::dropped(language), relay.url())),
        Ended::Unreachable(why) => Err(unreached(session, &device, &why, relay.url())),
    }
}

/// A catch-up of any length keeps talking; a relay that says nothing for so long is gone.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(30);

fn unreached(session: &Session, device: &Device, why: &str, url: &str) -> Failure {
    Failure::unreachable(match to_send(device) {
        0 => say::unreachable(session.language, url, why),
        _ => say::kept(session.language, url, why),
    })
}

fn tell(session: &Session, device: &Device) -> Result<(), Failure> {
    let status = device.status();
    let value = json!({
        "state": "sent",
        "size": status.size,
        "root": status.root.to_string(),
        "documents": status.documents,
        "waiting": status.waiting,
        "quarantined": status.quarantined,
        "not_back": device.not_back(),
    });
    let words = match status.documents {
        1 => say::caught_up_one(session.language, status.size),
        documents => say::caught_up(session.language, status.size, documents),
    };
    session.out.result(&value, &words)?;
    if device.waiting_for_unlock() > 0 {
        let waits = sensitive::waits(session.language, device.waiting_for_unlock());
        session.out.note(&waits);
    }
    if device.not_back() > 0 {
        let waits = recovery::not_back(session.language, device.not_back());
        session.out.note(&waits);
    }
    if status.quarantined > 0 {
        session
            .out
            .note(&say::set_aside(session.language, status.quarantined));
    }
    Ok(())
}
