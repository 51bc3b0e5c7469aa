//! What verifying costs: a long document followed from its beginning with everything checked, and the same entries only decrypted
//! and applied.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use troth_client_core::crypto::actor;
use troth_protocol::entry::Parsed;
use troth_protocol::ids::DeviceId;
use troth_protocol::wire::{self, Item, Items, RelayMessage};

use super::fetch::{decrypt, open};
use super::setup::{Setup, append_all};
use super::{Options, Report, Target, edits};
use crate::wire_client::{Author, Connection, Entry, Ledger, Member, Replay};

/// Clock ticks of `/proc/self/stat` in a second; Linux has had no other value since 2003.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often each is done.
const ROUNDS: usize = 3;

/// Measures the processor time of this process, which has nothing else to do meanwhile: the relay is another one.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let count = if options.quick { 10_000 } else { 100_000 };
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new("verification", &mut rng, 2, 1).await?;
    let (writer, reader) = (&setup.devices[0], &setup.devices[1]);
    let document = setup.documents.first().context("a document")?;
    let mut author = Author::new(&setup.member, writer.clone(), document);
    let uploads = edits::fields(1, actor(&writer.id(), &document.id), count)?
        .chunks(1)
        .map(|edit| author.write(&mut rng, edit))
        .collect::<Result<Vec<_>>>()?;
    let address = setup.relay.address();
    let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, writer).await?;
    append_all(&mut connection, uploads).await?;
    let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, reader).await?;
    let frames = follow(&mut connection, &mut rng).await?;

    // Alternately, and the least of each counts: what else runs on the machine only ever adds.
    let (mut plain, mut checked) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let began = processor_time()?;
        unverified(&setup.member, reader.id(), &frames, count)?;
        let between = processor_time()?;
        verified(&setup.member, reader.id(), &frames, count)?;
        plain = plain.min(between - began);
        checked = checked.min(processor_time()? - between);
    }
    let name = format!("a document of {count} edits, one in a statement");
    report.add(format!("{name}: decrypted and applied"), plain, "s CPU");
    report.add(format!("{name}: verified too"), checked, "s CPU");
    report.aim(
        format!("{name}: verified to unverified"),
        checked / plain,
        "×",
        Target::AtMost(1.5),
    );
    Ok(())
}

/// All frames of a catch-up from nothing.
async fn follow(connection: &mut Connection, rng: &mut StdRng) -> Result<Vec<Bytes>> {
    connection.follow(rng, 0).await?;
    let mut frames = Vec::new();
    loop {
        let frame = connection.receive_frame().await?;
        let last = items(&frame)?.counts.is_some();
        frames.push(frame);
        if last {
            return Ok(frames);
        }
    }
}

fn items(frame: &[u8]) -> Result<Items> {
    match wire::message(frame)? {
        RelayMessage::Items(items) => Ok(items),
        other => bail!("expected items, not {other:?}"),
    }
}

/// Every entry folded into signed checkpoints, every payload held against its digest, every statement against its author's
/// signature and the rules; then decrypted and applied.
fn verified(member: &Member, me: DeviceId, frames: &[Bytes], edits: usize) -> Result<()> {
    let mut ledger = Ledger::new(member);
    let mut entries = Vec::new();
    for frame in frames {
        let items = items(frame)?;
        let positions = ledger.fold(&items)?;
        entries.extend(ledger.read(items, positions)?);
    }
    Replay::default().take_all(&entries)?;
    apply(member, me, entries, edits)
}

/// What is needed to find the key and the document of each payload, and no more.
fn unverified(member: &Member, me: DeviceId, frames: &[Bytes], edits: usize) -> Result<()> {
    let mut entries = Vec::new();
    for frame in frames {
        for item in items(frame)?.items {
            let Item::Entry(item) = item else { continue };
            entries.push(Entry {
                position: entries.len() as u64,
                parsed: Parsed::parse(item.leaf.signed.clone())?,
                leaf: item.leaf,
                payload: item.payload.map(Into::into).unwrap_or_default(),
            });
        }
    }
    apply(member, me, entries, edits)
}

fn apply(member: &Member, me: DeviceId, entries: Vec<Entry>, edits: usize) -> Result<()> {
    let incoming = decrypt(member, entries)?;
    ensure!(
        incoming.values().map(Vec::len).sum::<usize>() == edits,
        "every edit is there"
    );
    open(me, incoming)?;
    Ok(())
}

/// Processor time of this process so far, in seconds.
fn processor_time() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (times.next().context("utime")??, times.next().context("stime")??);
    Ok((user + system) / TICKS_PER_SECOND)
}
