//! One writer, twenty readers: how long until each of them has folded an edit into a signed checkpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;
use troth_client_core::crypto::actor;
use troth_protocol::entry::{Parsed, Verified};
use troth_protocol::ids::VerifyingKey;
use troth_protocol::statement::Body;
use troth_protocol::wire::{Items, RelayMessage};

use super::latency::Latencies;
use super::raw::Raw;
use super::setup::Setup;
use super::{Options, Report, Target, edits};
use crate::wire_client::{Author, Connection, Ledger, Member};

const READERS: usize = 20;
/// Edits per second of somebody who types.
const RATE: u64 = 50;
/// Edits that the writer has unacknowledged at full speed.
const WINDOW: usize = 64;

/// Measures at the rate of somebody who types, then as fast as it goes.
pub async fn measure(options: &Options, raw: &Raw, report: &mut Report) -> Result<()> {
    let edits = (options.time().as_millis() as u64 * 2 * RATE / 1000) as usize;
    let mut paced = run(
        "fan-out-paced",
        edits,
        1,
        Some(Duration::from_millis(1000 / RATE)),
    )
    .await?;
    let (p50, p99) = (paced.latency.at(0.5), paced.latency.at(0.99));
    let echo = ("echo p50", raw.echo_ms);
    report.aim_of(
        "20 readers at 50 edits/s: p50",
        p50,
        "ms",
        echo,
        Target::AtMost(1.4),
    );
    report.aim_of(
        "20 readers at 50 edits/s: p99",
        p99,
        "ms",
        echo,
        Target::AtMost(5.0),
    );
    let statements = if options.quick { 300 } else { 1500 };
    let mut full = run("fan-out-full", statements, WINDOW, None).await?;
    report.aim(
        "20 readers at full speed: edits",
        full.rate,
        "/s",
        Target::AtLeast(4800.0),
    );
    report.add("20 readers at full speed: p50", full.latency.at(0.5), "ms");
    report.add("20 readers at full speed: p99", full.latency.at(0.99), "ms");
    report.add(
        "20 readers at full speed: relay CPU per delivery",
        full.cpu_per_delivery,
        "us",
    );
    Ok(())
}

struct Outcome {
    latency: Latencies,
    rate: f64,
    cpu_per_delivery: f64,
}

async fn run(name: &str, statements: usize, size: usize, every: Option<Duration>) -> Result<Outcome> {
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new(name, &mut rng, READERS + 1, 1).await?;
    setup.run_in(&mut rng).await?;
    let document = setup.documents.first().context("a document")?;
    let writer = setup.devices.first().context("a device")?;
    let key = writer.keys().signing;
    let address = setup.relay.address();
    let mut readers: Vec<JoinHandle<Result<Vec<Arrived>>>> = Vec::new();
    for device in &setup.devices[1..] {
        let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, device).await?;
        let mut ledger = Ledger::new(&setup.member);
        ledger.catch_up(&mut connection, &mut rng, |_, _| {}).await?;
        let last = setup.member.clone();
        readers.push(tokio::spawn(read(connection, ledger, last, key, statements)));
    }
    let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, writer).await?;
    let made = edits::fields(1, actor(&writer.id(), &document.id), 2048.max(size))?;
    let mut author = Author::new(&setup.member, writer.clone(), document);
    let mut sent = Vec::with_capacity(statements);
    let cpu = setup.relay.cpu()?;
    let begin = Instant::now();
    let mut tick = every.map(tokio::time::interval);
    for statement in 0..statements {
        if let Some(tick) = &mut tick {
            tick.tick().await;
        }
        sent.push(Instant::now());
        let at = (statement * size) % (made.len() - size + 1);
        let upload = author.write(&mut rng, &made[at..at + size])?;
        connection.append(statement as u64, vec![upload]).await?;
    }
    let (mut latency, mut last) = (Latencies::default(), begin);
    for reader in readers {
        for (sequence, at) in reader.await?? {
            let index = usize::try_from(sequence - 1)?;
            latency.push(at.duration_since(*sent.get(index).context("an edit that was sent")?));
            last = last.max(at);
        }
    }
    let cpu = (setup.relay.cpu()? - cpu).as_secs_f64();
    let rate = (statements * size) as f64 / last.duration_since(begin).as_secs_f64();
    Ok(Outcome {
        latency,
        rate,
        cpu_per_delivery: cpu * 1e6 / (statements * READERS) as f64,
    })
}

/// An edit's sequence number, and when it was folded.
type Arrived = (u64, Instant);

/// Folds until the last edit has arrived. What is checked later anyway, author by author, is checked after the clock.
async fn read(
    mut connection: Connection,
    mut ledger: Ledger,
    member: Member,
    key: VerifyingKey,
    statements: usize,
) -> Result<Vec<Arrived>> {
    let mut folded: Vec<(Instant, Items, Vec<u64>)> = Vec::new();
    let mut left = statements;
    while left > 0 {
        let RelayMessage::Items(items) = connection.receive().await? else {
            bail!("expected items")
        };
        let positions = ledger.fold(&items)?;
        left = left.saturating_sub(positions.len());
        folded.push((Instant::now(), items, positions));
    }
    let mut arrived = Vec::with_capacity(statements);
    let mut chain = Vec::with_capacity(statements);
    for (at, items, positions) in folded {
        for entry in ledger.read(items, positions)? {
            if let Body::Change(change) = &entry.parsed.statement().body {
                arrived.push((change.sequence, at));
                chain.push(entry.parsed);
            }
        }
    }
    check_chain(chain, &key, &member)?;
    Ok(arrived)
}

/// The newest change by its signature, those before it by their hashes.
fn check_chain(mut chain: Vec<Parsed>, key: &VerifyingKey, member: &Member) -> Result<()> {
    let Some(newest) = chain.pop() else { return Ok(()) };
    let mut later: Arc<Verified> = Arc::new(newest.verify(key, &member.practice)?);
    while let Some(earlier) = chain.pop() {
        later = Arc::new(earlier.verify_by_successor(&later)?);
    }
    Ok(())
}
