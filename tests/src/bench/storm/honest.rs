//! Honest devices: one writes, one follows it, one comes and goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::timeout;
use troth_client_core::crypto::actor;
use troth_protocol::wire::RelayMessage;

use super::super::edits;
use super::super::latency::Latencies;
use super::super::setup::Setup;
use crate::wire_client::{Author, Connection, Device, Ledger, Member};

/// Between two edits of somebody who types.
const EVERY: Duration = Duration::from_millis(20);
/// Between two logins.
const LOGIN_EVERY: Duration = Duration::from_millis(500);
/// After this an honest device counts as kept out.
const KEPT_OUT: Duration = Duration::from_secs(15);

/// How long things took, in milliseconds: the median and the 99th percentile.
#[derive(Clone, Debug)]
pub struct Times {
    /// From sending an edit until it was acknowledged.
    pub acknowledged: (f64, f64),
    /// From sending it until its reader had folded it.
    pub read: (f64, f64),
    /// From connecting until welcome, the slowest.
    pub login: f64,
}

/// The devices.
pub(super) struct Honest {
    writer: Connection,
    author: Author,
    edits: Vec<Vec<u8>>,
    written: usize,
    reader: Connection,
    ledger: Ledger,
    address: String,
    member: Member,
    comes: Arc<Device>,
    rng: StdRng,
}

impl Honest {
    pub(super) async fn new(setup: &Setup, rng: &mut StdRng) -> Result<Self> {
        let document = setup.documents.first().context("a document")?;
        let [writes, reads, comes, ..] = &setup.devices[..] else {
            bail!("three devices")
        };
        let address = setup.relay.address();
        let (writer, _) = Connection::log_in(address, rng, &setup.member, writes).await?;
        let (mut reader, _) = Connection::log_in(address, rng, &setup.member, reads).await?;
        let mut ledger = Ledger::new(&setup.member);
        ledger.catch_up(&mut reader, rng, |_, _| {}).await?;
        Ok(Self {
            writer,
            author: Author::new(&setup.member, writes.clone(), document),
            edits: edits::fields(1, actor(&writes.id(), &document.id), 512)?,
            written: 0,
            reader,
            ledger,
            address: address.to_owned(),
            member: setup.member.clone(),
            comes: comes.clone(),
            rng: StdRng::from_rng(rng),
        })
    }

    /// Edits for a while.
    pub(super) async fn edit(&mut self, time: Duration) -> Result<Times> {
        let (mut acknowledged, mut read, mut login) = (Latencies::default(), Latencies::default(), 0.0_f64);
        let end = Instant::now() + time;
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_login = Instant::now();
        while Instant::now() < end {
            tick.tick().await;
            let edit = &self.edits[self.written % self.edits.len()];
            self.written += 1;
            let upload = self.author.write(&mut self.rng, std::slice::from_ref(edit))?;
            let begun = Instant::now();
            let writes = async {
                let receipts = self.writer.append(self.written as u64, vec![upload]).await?;
                anyhow::Ok((receipts, begun.elapsed()))
            };
            let reads = follow(&mut self.reader, &mut self.ledger, begun);
            let both = timeout(KEPT_OUT, async { tokio::try_join!(writes, reads) }).await;
            let ((receipts, at), (size, seen)) = both.context("an honest device was kept waiting")??;
            ensure!(
                receipts.iter().all(|r| r.position < size),
                "another entry was read"
            );
            acknowledged.push(at);
            read.push(seen);
            if Instant::now() >= next_login {
                next_login = Instant::now() + LOGIN_EVERY;
                login = login.max(self.log_in().await?);
            }
        }
        Ok(Times {
            acknowledged: (acknowledged.at(0.5), acknowledged.at(0.99)),
            read: (read.at(0.5), read.at(0.99)),
            login,
        })
    }

    async fn log_in(&mut self) -> Result<f64> {
        let begun = Instant::now();
        let logging_in = Connection::log_in(&self.address, &mut self.rng, &self.member, &self.comes);
        timeout(KEPT_OUT, logging_in)
            .await
            .context("an honest device was kept out")??;
        Ok(begun.elapsed().as_secs_f64() * 1000.0)
    }
}

/// Reads until an entry has come. Returns the ledger's size then, and the time since `begun`.
async fn follow(reader: &mut Connection, ledger: &mut Ledger, begun: Instant) -> Result<(u64, Duration)> {
    loop {
        let items = match reader.receive().await? {
            RelayMessage::Items(items) => items,
            RelayMessage::Witnessed(_) => continue,
            other => bail!("expected items, not {other:?}"),
        };
        let positions = ledger.fold(&items)?;
        let seen = begun.elapsed();
        let came = !positions.is_empty();
        ledger.read(items, positions)?;
        if came {
            return Ok((ledger.size(), seen));
        }
    }
}
