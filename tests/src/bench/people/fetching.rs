//! A document that is shared with a member long after its beginning: fetched from there, proven against their own root.

use anyhow::{Context, Result, ensure};
use troth_client_core::device::Share;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::{Lane, Rights, Role};

use super::super::setup::Scratch;
use super::super::{Options, Report};
use super::leaving::member;
use super::office::Office;
use super::{milliseconds, open_cases, practice, send};
use crate::network::Network;

/// Documents that the ledger's other edits are spread over.
const DOCUMENTS: usize = 240;
/// Edits of others for each edit of the document.
const OTHERS: usize = 9;
/// The seat of the counselor.
const COUNSELOR: usize = 1;

/// Measures from the counselor's next connection until the document is there, and then reading it.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let edits = if options.quick { 100 } else { 1000 };
    let data = Scratch::new("people-fetching")?;
    let mut net = practice(3, &data)?;
    let cases = open_cases(&mut net, DOCUMENTS)?;
    let counselor = net.admit(0, Role::Counselor, "Noor Haddad");
    ensure!(counselor == COUNSELOR, "the second to sit down");
    net.offline(COUNSELOR);
    let joint = |case| net.seats[0].device.document_of(case, Lane::Joint);
    let documents: Vec<DocumentId> = cases.iter().filter_map(joint).collect();
    let (shared, others) = documents.split_first().context("documents")?;
    for round in 0..edits {
        edit(&mut net, *shared, round)?;
        for i in 0..OTHERS {
            edit(&mut net, others[(round * OTHERS + i) % others.len()], round)?;
        }
        send(&mut net);
    }
    let mut office = Office::over(net);
    office.connect_all(0..COUNSELOR + 1)?;
    office.disconnect(COUNSELOR)?;
    let share = Share {
        member: member(&office, COUNSELOR)?,
        rights: Rights::Read,
        until: None,
    };
    let case = cases.first().context("a case")?;
    office.act(0, |device, _, rng| device.share(rng, case, Lane::Joint, share))?;
    office.pump(0)?;
    office.run()?;
    office.disconnect(0)?;
    let size = office.size()?;
    office.reset();
    office.connect(COUNSELOR)?;
    let (device, relay) = (office.desks[COUNSELOR].spent, office.relay);
    let received = office.desks[COUNSELOR].received;
    let told = office.since(size)?;
    ensure!(told.others == 1, "the fetch is told in the ledger: {told:?}");
    office.reset();
    let fields = office.act(COUNSELOR, |device, _, _| device.read(*shared, |d| d.fields()))?;
    ensure!(!fields.is_empty(), "the document can be read");

    let name = format!("{edits} edits fetched from {size} entries");
    report.add(format!("{name}: device"), milliseconds(device), "ms");
    report.add(format!("{name}: relay"), milliseconds(relay), "ms");
    report.add(format!("{name}: bytes"), received as f64 / 1e6, "MB");
    let read = milliseconds(office.desks[COUNSELOR].spent);
    report.add(format!("{name}: read"), read, "ms");
    Ok(())
}

fn edit(net: &mut Network, document: DocumentId, round: usize) -> Result<()> {
    let device = &mut net.seats[0].device;
    let text = format!("they agreed to listen before answering in week {round}");
    device.edit(net.now, &mut net.rng, document, |d| d.set_field("goal", &text))?;
    Ok(())
}
