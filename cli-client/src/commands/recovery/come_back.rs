//! Coming back with a kit.

use std::path::Path;

use serde_json::json;
use troth_client_core::crypto::Kit;
use troth_client_core::device::{Device as Engine, Phase, Report};
use troth_client_core::storage::Storage;
use troth_protocol::statement::DeviceKind;

use crate::commands::{case, device as devices, pick, practice};
use crate::driver::{self, Ended, Patience, Relay};
use crate::failure::Failure;
use crate::messages::{device, kit as of_kit, network, recovery as say};
use crate::output::columns;
use crate::secrets;
use crate::session::{Device, Session, Trip, to_send};

/// Adds this computer to the kit's owner, and fetches what they can read. Whatever cuts it short, the same command goes on.
///
/// # Errors
/// The words are no kit of a practice on that relay, or the relay is lost.
pub async fn run(
    session: &Session,
    url: &str,
    name: Option<String>,
    words: Option<&Path>,
) -> Result<(), Failure> {
    let language = session.language;
    let relay = session.relay(url)?;
    let called = name.unwrap_or_else(|| device::default_name(language));
    session.plain([called.as_str()])?;
    let mut device = practice::fresh(session, &called, &[&called])?;
    let words = secrets::kit_words(session, words)?;
    let kit = Kit::parse(&words).map_err(|e| Failure::failed(of_kit::error(language, &e)))?;
    drop(words);

    let mut rng = driver::rng();
    let mut paper = Engine::of_kit(&mut rng, &kit, relay.url()).map_err(|e| session.wrong(e))?;
    live(session, &mut paper, &relay).await?;
    let voucher = paper.voucher().map_err(|e| session.wrong(e))?;
    let adopted = device.adopt(&mut rng, relay.url(), voucher);
    let (keys, proof) = adopted.map_err(|e| session.wrong(e))?;
    let id = device.id();
    let known = |state: &troth_protocol::state::State| state.roster.devices().contains_key(&id);
    // Unless an attempt that was cut short added it already.
    if !paper.state().is_some_and(known) {
        let added = paper.add_own_device(&mut rng, keys, proof);
        added.map_err(|e| session.wrong(e))?;
        live(session, &mut paper, &relay).await?;
    }
    drop(paper);
    tell(session, &mut device).await
}

/// Runs a kit until it is caught up and nothing of it waits.
async fn live<S: Storage>(session: &Session, paper: &mut Engine<S>, relay: &Relay) -> Result<(), Failure> {
    let language = session.language;
    let mut trip = Trip::new(session);
    let mut revoked = false;
    let ended = driver::drive(paper, relay, Patience::SHORT, |paper, report| {
        match report {
            // What other kits did is history here, and what becomes of this one is told below.
            Some(Report::RecoveredByKit { .. }) => {}
            Some(Report::Revoked) => revoked = true,
            report => trip.hear(report),
        }
        revoked || trip.is_over() || (paper.phase() == Phase::Live && to_send(paper) == 0)
    });
    let ended = ended.await.map_err(|e| session.wrong(e))?;
    if revoked {
        return Err(Failure::failed(say::kit_revoked(language)));
    }
    trip.end()?;
    match ended {
        Ended::Reached => Ok(()),
        Ended::Unreachable(why) if paper.state().is_none() => Err(Failure::unreachable(
            network::unreachable(language, relay.url(), &why),
        )),
        _ => Err(Failure::unreachable(say::used_cut(language, relay.url()))),
    }
}

/// Fetches everything, and says what came back.
async fn tell(session: &Session, device: &mut Device) -> Result<(), Failure> {
    let language = session.language;
    let sent = session.send(device).await?;
    if device.state().is_none() {
        // Added, and cut off before anything came: `sync` goes on from here.
        let value = json!({ "device": device.id().to_string() });
        return sent.finish(session, value, "");
    }
    let practice = pick::readable(session, device.practice_name())?;
    let practice = practice.unwrap_or_else(|| device.practice().map(pick::short).unwrap_or_default());
    let member = device.member().unwrap_or_default();
    let called = session.called(device, member);
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let all = device.devices().map_err(|e| session.wrong(e))?;
    let others = all.iter().filter(|other| {
        other.active && !other.this && other.member == member && other.kind == DeviceKind::Device
    });
    let others: Vec<_> = others
        .map(|other| format!("{} ({})", devices::name(language, other), pick::short(other.id)))
        .collect();
    let documents = device.status().documents;
    let value = json!({
        "device": device.id().to_string(),
        "practice": device.practice().map(|practice| practice.to_string()),
        "practice_name": practice,
        "member": member.to_string(),
        "member_name": called,
        "cases": cases.iter().map(case::summary).collect::<Vec<_>>(),
        "documents": documents,
        "size": device.status().size,
    });
    let rows: Vec<_> = cases
        .iter()
        .map(|case| vec![format!("  {}", pick::short(case.id)), pick::case_name(case)])
        .collect();
    let words = format!(
        "{}\n{}\n{}",
        say::used(language, &practice, &called, &pick::short(device.id())),
        say::back(language, cases.len(), documents),
        columns(&rows)
    );
    let finished = sent.finish(session, value, &words);
    if !others.is_empty() {
        session.out.note(&say::used_others(language, &others.join(", ")));
    }
    session.out.note(&say::used_kit(language));
    finished
}
