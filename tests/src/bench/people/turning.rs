//! A document whose key turns because somebody who could read it has left: what its next writer waits for.

use anyhow::{Context, Result, ensure};
use troth_client_core::device::Share;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{Lane, Rights};

use super::super::latency::Latencies;
use super::super::{Options, Report, Target};
use super::leaving::{Practice, member, stale};
use super::milliseconds;

/// Members that each document is shared with, beside the admins.
const READERS: usize = 20;
/// Times that the list of a case's shares is made.
const LISTS: usize = 200;

/// Measures the turn of many documents, one after another, and the list of who reads one's case.
pub fn measure(options: &Options, practice: &mut Practice, report: &mut Report) -> Result<()> {
    let documents = share(practice, if options.quick { 5 } else { 100 })?;
    let office = &mut practice.office;
    let (mut writer, mut relay, mut both) =
        (Latencies::default(), Latencies::default(), Latencies::default());
    for document in documents {
        let before = office.size()?;
        office.act(0, |device, now, rng| {
            device.edit(now, rng, document, |d| d.set_field("goal", "listen first"))
        })?;
        office.reset();
        office.pump(0)?;
        let signed = office.desks[0].spent;
        office.step()?;
        let taken = office.relay;
        office.run()?;
        let tally = office.since(before)?;
        ensure!(
            (tally.control, tally.edits) == (1, 1) && tally.control_keys > READERS,
            "a turn for {READERS} readers and an edit, not {tally:?}"
        );
        writer.push(signed);
        relay.push(taken);
        both.push(signed + taken);
    }
    let name = format!("a document of {READERS} readers turns");
    report.aim(format!("{name}: p50"), both.at(0.5), "ms", Target::AtMost(20.0));
    report.add(format!("{name}: p99"), both.at(0.99), "ms");
    report.add(format!("{name}: writer p50"), writer.at(0.5), "ms");
    report.add(format!("{name}: relay p50"), relay.at(0.5), "ms");

    let case = practice.cases.first().context("a case")?;
    let office = &mut practice.office;
    let mut rows = 0;
    office.reset();
    for _ in 0..LISTS {
        rows = office.act(0, |device, now, _| device.access_of(now, case))?.len();
    }
    let each = office.desks[0].spent / u32::try_from(LISTS)?;
    report.add(format!("who reads a case: {rows} rows"), milliseconds(each), "ms");
    Ok(())
}

/// Shares the joint lanes of so many cases with twenty counselors each; then another admin leaves, and all are stale.
fn share(practice: &mut Practice, cases: usize) -> Result<Vec<DocumentId>> {
    let office = &mut practice.office;
    for seat in 1..office.desks.len() {
        office.disconnect(seat)?;
    }
    let cases = practice.cases.iter().take(cases);
    for case in cases.clone() {
        for member in practice.counselors.iter().take(READERS) {
            let share = Share {
                member: *member,
                rights: Rights::Read,
                until: None,
            };
            office.act(0, |device, _, rng| device.share(rng, case, Lane::Joint, share))?;
        }
    }
    office.pump(0)?;
    office.run()?;
    let leaver = member(office, 1)?;
    office.act(0, |device, now, rng| {
        device.remove_member(now, rng, leaver, false)
    })?;
    office.pump(0)?;
    office.run()?;
    ensure!(office.desks[0].device.waiting() == 0, "all of it is done");
    ensure!(stale(office)? >= cases.len(), "what the admins read is stale");
    let device = &office.desks[0].device;
    let joint = cases.map(|case| device.document_of(case, Lane::Joint).context("a joint lane"));
    joint.collect()
}
