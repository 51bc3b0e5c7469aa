//! The relay is killed in the middle of its work, again and again. What it acknowledged is there, every time.

#![expect(clippy::print_stdout, reason = "a seed is there to be seen when a run fails")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;
use troth_protocol::ids::Hash;
use troth_protocol::wire::{Append, ClientMessage, Receipt, RelayMessage, Upload};
use troth_tests::relay_process::{RelayProcess, Starting};
use troth_tests::wire_client::{Author, Connection, Device, Entry, Ledger, Member, Replay};

/// Practices on the relay, each with a ledger of its own.
const PRACTICES: usize = 2;
/// Connections that append to each practice, each to a document of its own.
const WRITERS: usize = 3;
/// Appends that a writer has in flight at most.
const IN_FLIGHT: usize = 6;

#[test]
fn nothing_acknowledged_is_lost_when_the_relay_on_sqlite_is_killed() -> Result<()> {
    story("sqlite", 50)
}

#[test]
fn nothing_acknowledged_is_lost_when_the_relay_on_sled_is_killed() -> Result<()> {
    story("sled", 20)
}

fn story(engine: &'static str, kills: usize) -> Result<()> {
    let seed = match std::env::var("TROTH_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => rand::random(),
    };
    println!("TROTH_SEED={seed} repeats this run's moments ({engine})");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let data = tempfile::tempdir()?;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut story = Story::begin(data.path(), engine, &mut rng).await?;
        for kill in 1..=kills {
            story
                .kill(&mut rng)
                .await
                .with_context(|| format!("kill {kill} of {kills}"))?;
        }
        story.end(&mut rng).await
    })
}

struct Story<'a> {
    data: &'a Path,
    engine: &'static str,
    practices: Vec<Practice>,
}

struct Practice {
    member: Member,
    device: Arc<Device>,
    writers: Vec<Writer>,
    /// Every root that the relay ever signed, by its size.
    signed: BTreeMap<u64, Hash>,
    /// Every rule and signature, of as many entries as have been read.
    replay: Replay,
    replayed: u64,
}

/// A device's work on one document.
struct Writer {
    author: Author,
    acknowledged: HashMap<Hash, Receipt>,
    /// Sent, and not answered when the relay died.
    unanswered: VecDeque<(Hash, Upload)>,
    requests: u64,
    /// Roots that challenges named, by their sizes.
    signed: Vec<(u64, Hash)>,
}

impl<'a> Story<'a> {
    /// Kills relays while they make their data directory. Then founds the practices, on a relay that is killed as soon as it
    /// is done.
    async fn begin(data: &'a Path, engine: &'static str, rng: &mut StdRng) -> Result<Self> {
        for _ in 0..10 {
            let starting = Starting::spawn(data, engine)?;
            sleep(Duration::from_micros(rng.random_range(0..40_000))).await;
            drop(starting);
        }
        let relay = RelayProcess::start(data, engine)?;
        let mut practices = Vec::new();
        for _ in 0..PRACTICES {
            let device = Arc::new(Device::generate(rng));
            let member = Connection::found(relay.address(), rng, &device).await?;
            let (mut connection, _) = Connection::log_in(relay.address(), rng, &member, &device).await?;
            let mut writers = Vec::new();
            for request in 0..WRITERS {
                let (document, upload) = member.create_document(rng, &device)?;
                connection.append(request as u64, vec![upload]).await?;
                writers.push(Writer::new(Author::new(&member, device.clone(), &document)));
            }
            practices.push(Practice {
                member,
                device,
                writers,
                signed: BTreeMap::new(),
                replay: Replay::default(),
                replayed: 0,
            });
        }
        relay.kill()?;
        Ok(Self {
            data,
            engine,
            practices,
        })
    }

    /// Restarts the relay, checks everything that it ever acknowledged, lets all write, and kills it.
    async fn kill(&mut self, rng: &mut StdRng) -> Result<()> {
        if rng.random_ratio(1, 5) {
            // It may also die before it has come up.
            let starting = Starting::spawn(self.data, self.engine)?;
            sleep(Duration::from_micros(rng.random_range(0..60_000))).await;
            drop(starting);
        }
        let relay = RelayProcess::start(self.data, self.engine)?;
        for practice in &mut self.practices {
            practice.check(relay.address(), rng).await?;
        }
        let mut writing = Vec::new();
        for (at, practice) in self.practices.iter_mut().enumerate() {
            for writer in practice.writers.drain(..) {
                let (address, seed) = (relay.address().to_owned(), rng.random());
                let (member, device) = (practice.member.clone(), practice.device.clone());
                writing.push((at, tokio::spawn(writer.write(address, member, device, seed))));
            }
        }
        sleep(Duration::from_micros(rng.random_range(5_000..300_000))).await;
        relay.kill()?;
        for (at, task) in writing {
            self.practices[at].writers.push(task.await??);
        }
        Ok(())
    }

    /// Checks once more; then the relay's own verdict is asked for.
    async fn end(mut self, rng: &mut StdRng) -> Result<()> {
        let relay = RelayProcess::start(self.data, self.engine)?;
        let mut acknowledged = 0;
        for practice in &mut self.practices {
            practice.check(relay.address(), rng).await?;
            acknowledged += practice
                .writers
                .iter()
                .map(|w| w.acknowledged.len())
                .sum::<usize>();
        }
        relay.kill()?;
        println!("{acknowledged} acknowledged appends, none lost ({})", self.engine);
        ensure!(
            acknowledged > 100 * self.practices.len(),
            "too little was written to show anything"
        );
        println!("{}", RelayProcess::verify(self.data)?);
        Ok(())
    }
}

impl Practice {
    /// Folds the whole ledger from its beginning and holds it against all that was ever acknowledged and signed. What is new
    /// since the last time is held against every rule; the roots say that the rest is what it was.
    async fn check(&mut self, address: &str, rng: &mut StdRng) -> Result<()> {
        let (mut connection, challenge) =
            Connection::log_in(address, rng, &self.member, &self.device).await?;
        let mut signed = vec![(challenge.checkpoint.size, challenge.checkpoint.root)];
        for writer in &mut self.writers {
            signed.append(&mut writer.signed);
        }
        let mut ledger = Ledger::new(&self.member);
        let entries = ledger
            .catch_up(&mut connection, rng, |size, root| signed.push((size, root)))
            .await?;
        for (size, root) in signed {
            let first = *self.signed.entry(size).or_insert(root);
            ensure!(first == root, "the relay signed two roots for size {size}");
        }
        let found: HashMap<Hash, Receipt> = entries.iter().map(|e| (e.parsed.hash(), receipt(e))).collect();
        ensure!(
            found.len() == entries.len(),
            "a statement stands in the ledger twice"
        );
        for writer in &self.writers {
            for (hash, receipt) in &writer.acknowledged {
                match found.get(hash) {
                    None => bail!("{receipt:?} was acknowledged and is gone"),
                    Some(found) => ensure!(found == receipt, "{receipt:?} has become {found:?}"),
                }
            }
        }
        for entry in entries.iter().filter(|entry| entry.position >= self.replayed) {
            self.replay.take(entry)?;
        }
        self.replayed = ledger.size();
        Ok(())
    }
}

const fn receipt(entry: &Entry) -> Receipt {
    Receipt {
        position: entry.position,
        received: entry.leaf.received,
        stream_seq: entry.leaf.stream_seq,
    }
}

impl Writer {
    fn new(author: Author) -> Self {
        Self {
            author,
            acknowledged: HashMap::new(),
            unanswered: VecDeque::new(),
            requests: 0,
            signed: Vec::new(),
        }
    }

    /// Sends again what was not answered, then writes on, until the relay is gone.
    async fn write(
        mut self,
        address: String,
        member: Member,
        device: Arc<Device>,
        seed: u64,
    ) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(seed);
        let Ok((mut connection, challenge)) = Connection::log_in(&address, &mut rng, &member, &device).await
        else {
            return Ok(self);
        };
        self.signed
            .push((challenge.checkpoint.size, challenge.checkpoint.root));
        let first = self.requests;
        for (request, (_, upload)) in (first..).zip(&self.unanswered) {
            let message = ClientMessage::Append(Append {
                request,
                uploads: vec![upload.clone()],
            });
            if connection.queue(&message).await.is_err() {
                return Ok(self);
            }
        }
        self.requests += self.unanswered.len() as u64;
        loop {
            while self.unanswered.len() < IN_FLIGHT {
                let mut edit = vec![0; rng.random_range(1..4000)];
                rng.fill(&mut edit[..]);
                let upload = self.author.write(&mut rng, &[edit])?;
                let hash = self.author.last().context("something was written")?;
                self.unanswered.push_back((hash, upload.clone()));
                let message = ClientMessage::Append(Append {
                    request: self.requests,
                    uploads: vec![upload],
                });
                self.requests += 1;
                if connection.queue(&message).await.is_err() {
                    return Ok(self);
                }
            }
            if connection.flush().await.is_err() {
                return Ok(self);
            }
            match connection.receive().await {
                Ok(RelayMessage::Appended(appended)) => {
                    let oldest = self.requests - self.unanswered.len() as u64;
                    ensure!(
                        appended.request == oldest,
                        "answers come in the order of the requests"
                    );
                    let (hash, _) = self.unanswered.pop_front().context("an answer to a request")?;
                    let receipt = *appended
                        .receipts
                        .first()
                        .context("one receipt for one statement")?;
                    self.acknowledged.insert(hash, receipt);
                }
                Ok(RelayMessage::Refused(refused)) => bail!("an honest edit was refused: {refused:?}"),
                Ok(other) => bail!("expected a receipt, not {other:?}"),
                Err(_) => return Ok(self),
            }
        }
    }
}
