//! A new device of a member who reads many documents.

use anyhow::{Result, ensure};
use troth_client_core::device::{Phase, Report as Told};

use super::super::setup::Scratch;
use super::super::{Options, Report, Target};
use super::office::Office;
use super::{milliseconds, open_cases, practice};
use crate::network::RELAY;

/// The seat of the member's first device, and that of the one that is added.
const STUDY: usize = 0;
const LAPTOP: usize = 1;

/// Measures until the new device is in the roster, and then until it has caught up.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let documents = if options.quick { 500 } else { 5000 };
    let data = Scratch::new("people-linking")?;
    let mut net = practice(1, &data)?;
    open_cases(&mut net, documents)?;
    net.device("laptop");
    let mut office = Office::over(net);
    office.connect_all(STUDY..LAPTOP)?;
    let before = office.size()?;
    let code = office.act(LAPTOP, |device, _, rng| device.begin_join(rng, RELAY))?;
    office.connect(LAPTOP)?;
    office.reset();

    let effects = office.act(STUDY, |device, _, _| device.begin_approve(&code))?;
    office.perform(STUDY, effects)?;
    let added = |told: &Told| matches!(told, Told::DeviceAdded(_));
    office.run_until(|office| office.desks[STUDY].reports.iter().any(added))?;
    let (study, relay) = (office.desks[STUDY].spent, office.relay);
    office.reset();
    office.run()?;
    let laptop = &office.desks[LAPTOP];
    ensure!(laptop.device.phase() == Phase::Live, "the new device is in");
    let reads = laptop.device.state().map_or(0, |state| state.documents.len());
    ensure!(reads >= documents, "the new device knows {reads} documents");

    let tally = office.since(before)?;
    let name = format!("a device for {documents} documents");
    let counts = [
        ("roster entries", tally.roster, Some(1.0)),
        ("keys sealed in them", tally.roster_keys, Some(2.0)),
        ("document entries", tally.control, Some(0.0)),
        ("logins", tally.logins, None),
        ("edits", tally.edits, None),
    ];
    for (what, count, target) in counts {
        let name = format!("{name}: {what}");
        match target {
            Some(most) => report.aim(name, count as f64, "", Target::AtMost(most)),
            None => report.add(name, count as f64, ""),
        }
    }
    report.add(format!("{name}: approving device"), milliseconds(study), "ms");
    report.add(format!("{name}: relay"), milliseconds(relay), "ms");
    let caught_up = laptop.spent.as_secs_f64();
    report.add(format!("{name}: it catches up"), caught_up, "s");
    report.add(
        format!("{name}: relay meanwhile"),
        office.relay.as_secs_f64(),
        "s",
    );
    report.add(format!("{name}: bytes to it"), laptop.received as f64 / 1e6, "MB");
    Ok(())
}
