//! Durable appends: how many edits per second are acknowledged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::Barrier;
use troth_client_core::crypto::actor;
use troth_protocol::wire::{Append, ClientMessage, RelayMessage, Upload};

use super::latency::Latencies;
use super::raw::Raw;
use super::setup::Setup;
use super::{Options, Report, Target, edits};
use crate::wire_client::{Author, Connection};

/// Edits made ahead for each writer; it begins again when they are used up.
const READY_MADE: usize = 2048;

/// How a writer works.
#[derive(Clone, Copy)]
enum Pace {
    /// So many edits unacknowledged at most; those that wait while an append is in flight travel in one statement.
    Coalesced(usize),
    /// So many statements of one edit in flight.
    Single(usize),
}

struct Outcome {
    edits: f64,
    statements: f64,
    cpu_per_statement: f64,
    latency: Latencies,
}

/// Measures one writer, then sixteen.
pub async fn measure(options: &Options, raw: &mut Raw, report: &mut Report) -> Result<()> {
    let mut one = run(options, "appends-1-1", 1, Pace::Single(1)).await?;
    raw.sync_again(options.time().min(Duration::from_secs(1)))?;
    let name = "1 writer, 1 in flight: edits";
    let half = Target::AtLeast(raw.growing / 2.0);
    report.aim_of(name, one.edits, "/s", ("growing file", raw.growing), half);
    report.add_of(name, one.edits, "/s", ("fixed file", raw.fixed));
    report.add("1 writer, 1 in flight: p50", one.latency.at(0.5), "ms");
    report.add("1 writer, 1 in flight: p99", one.latency.at(0.99), "ms");
    report.add(
        "1 writer, 1 in flight: relay CPU per statement",
        one.cpu_per_statement,
        "us",
    );
    let one = run(options, "appends-1-64", 1, Pace::Coalesced(64)).await?;
    report.add("1 writer, 64 in flight: edits", one.edits, "/s");
    let mut many = run(options, "appends-16-64", 16, Pace::Coalesced(64)).await?;
    let target = Target::AtLeast(18_500.0);
    report.aim("16 writers, 64 in flight: edits", many.edits, "/s", target);
    report.add("16 writers, 64 in flight: p50", many.latency.at(0.5), "ms");
    report.add("16 writers, 64 in flight: p99", many.latency.at(0.99), "ms");
    report.add("16 writers, 64 in flight: statements", many.statements, "/s");
    let cpu = Target::AtMost(100.0);
    let name = "16 writers, 64 in flight: relay CPU per statement";
    report.aim(name, many.cpu_per_statement, "us", cpu);
    let verify = ("verify_strict", raw.verify);
    let single = run(options, "appends-16-64-single", 16, Pace::Single(64)).await?;
    report.add_of(
        "16 writers, 64 statements of one edit: edits",
        single.edits,
        "/s",
        verify,
    );
    let name = "16 writers, one edit: relay CPU per statement";
    report.aim(name, single.cpu_per_statement, "us", cpu);
    Ok(())
}

async fn run(options: &Options, name: &str, writers: usize, pace: Pace) -> Result<Outcome> {
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new(name, &mut rng, writers, writers).await?;
    setup.run_in(&mut rng).await?;
    let barrier = Arc::new(Barrier::new(writers + 1));
    let mut tasks = Vec::new();
    for (at, (device, document)) in setup.devices.iter().zip(&setup.documents).enumerate() {
        let edits = edits::fields(at as u64, actor(&device.id(), &document.id), READY_MADE)?;
        let address = setup.relay.address();
        let (connection, _) = Connection::log_in(address, &mut rng, &setup.member, device).await?;
        let writer = Writer {
            connection,
            author: Author::new(&setup.member, device.clone(), document),
            edits,
            rng: StdRng::from_rng(&mut rng),
        };
        tasks.push(tokio::spawn(writer.run(pace, barrier.clone(), options.time())));
    }
    let cpu = setup.relay.cpu()?;
    barrier.wait().await;
    let begin = Instant::now();
    let (mut edits, mut statements, mut latency) = (0, 0, Latencies::default());
    for task in tasks {
        let done = task.await??;
        edits += done.0;
        statements += done.1;
        latency.append(done.2);
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let cpu = (setup.relay.cpu()? - cpu).as_secs_f64();
    let cpu_per_statement = cpu * 1e6 / statements as f64;
    Ok(Outcome {
        edits: edits as f64 / elapsed,
        statements: statements as f64 / elapsed,
        cpu_per_statement,
        latency,
    })
}

/// Makes its next statement while it waits for an answer, as somebody does who goes on writing.
struct Writer {
    connection: Connection,
    author: Author,
    edits: Vec<Vec<u8>>,
    rng: StdRng,
}

impl Writer {
    fn make(&mut self, sent: usize, size: usize) -> Result<Upload> {
        let at = (sent * size) % (self.edits.len() - size + 1);
        self.author.write(&mut self.rng, &self.edits[at..at + size])
    }

    /// Writes until the time is up. Returns edits and statements acknowledged, and the time that each statement took.
    async fn run(
        mut self,
        pace: Pace,
        start: Arc<Barrier>,
        time: Duration,
    ) -> Result<(usize, usize, Latencies)> {
        start.wait().await;
        let end = Instant::now() + time;
        let (in_flight, size) = match pace {
            Pace::Coalesced(window) => (1, window),
            Pace::Single(window) => (window, 1),
        };
        let (mut sent, mut answered, mut latencies) = (0_usize, 0_usize, Latencies::default());
        let mut times = vec![end; in_flight];
        let mut next = None;
        loop {
            while sent - answered < in_flight && Instant::now() < end {
                times[sent % in_flight] = Instant::now();
                let upload = match next.take() {
                    Some(made) => made,
                    None => self.make(sent, size)?,
                };
                let append = Append {
                    request: sent as u64,
                    uploads: vec![upload],
                };
                self.connection.queue(&ClientMessage::Append(append)).await?;
                sent += 1;
            }
            if sent == answered {
                return Ok((answered * size, answered, latencies));
            }
            self.connection.flush().await?;
            if next.is_none() {
                next = Some(self.make(sent, size)?);
            }
            match self.connection.receive().await? {
                RelayMessage::Appended(appended) => {
                    ensure!(
                        appended.request == answered as u64,
                        "answers come in the order of the requests"
                    );
                    latencies.push(times[answered % in_flight].elapsed());
                    answered += 1;
                }
                other => bail!("expected a receipt, not {other:?}"),
            }
        }
    }
}
