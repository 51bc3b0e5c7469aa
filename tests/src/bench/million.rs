//! A ledger of a million entries: what the relay needs to start on it, and to hold it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use troth_client_core::crypto::actor;
use troth_protocol::entry::Parsed;
use troth_protocol::ids::DocumentId;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{Challenge, ClientMessage, Fetch, Item, RelayMessage, Upload};
use troth_server::core::Settings;
use troth_server::keyfile;
use troth_server::practice::{Pending, Practice, load};
use troth_server::store::{self, Engine, Store};
use troth_server::verify::CheckedUpload;

use super::setup::append_all;
use super::{Options, Report, Target, edits, target_dir};
use crate::relay_process::RelayProcess;
use crate::wire_client::{Author, Connection, Device, Ledger, Member};

/// Every key of the practice comes from this seed, so that a later run can log in to a ledger that an earlier one made.
const SEED: u64 = 20_260_801;
/// Documents that the entries are spread over.
const DOCUMENTS: usize = 2000;
/// Of so many entries one, at random, is an edit of the first document: what a reader of that document alone sees.
const SHARE: u32 = 100;
/// Entries written at once while the ledger is made.
const BATCH: usize = 8192;

/// Makes the ledger if no earlier run has, then starts the relay on it.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let entries = if options.quick { 100_000 } else { 1_000_000 };
    let dir = target_dir()?
        .join("bench-data")
        .join(format!("ledger-random-{entries}"));
    let complete = dir.join("complete");
    if !complete.exists() {
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        make(&dir, entries).await?;
        fs::write(&complete, b"")?;
    }
    let relay = RelayProcess::start(&dir, "sqlite")?;
    let name = format!("{entries} entries");
    let start = relay.ready_after().as_secs_f64();
    report.aim(format!("{name}: start"), start, "s", Target::AtMost(2.0));
    let mut rng = StdRng::seed_from_u64(SEED);
    let device = Device::generate(&mut rng);
    let info = Connection::open(relay.address()).await?.info().await?;
    let (member, _) = Member::found(&mut rng, &info, &device)?;
    let (first, _) = member.create_document(&mut rng, &device)?;
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let begin = Instant::now();
    let (mut connection, challenge) = Connection::log_in(relay.address(), &mut rng, &member, &device).await?;
    ensure!(
        challenge.checkpoint.size >= entries as u64,
        "the ledger is as long as it was made"
    );
    let (document, upload) = member.create_document(&mut rng, &device)?;
    connection.append(1, vec![upload]).await?;
    report.add(
        format!("{name}: login and a first append"),
        begin.elapsed().as_secs_f64() * 1000.0,
        "ms",
    );
    let device = Arc::new(device);
    let mut author = Author::new(&member, device.clone(), &document);
    let made = edits::fields(1, actor(&device.id(), &document.id), 512)?;
    for edit in made.chunks(1) {
        connection.append(1, vec![author.write(&mut rng, edit)?]).await?;
    }
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    report.aim(
        format!("{name}: relay's memory"),
        mib(relay.memory()?.0),
        "MiB",
        Target::AtMost(200.0),
    );
    let begin = Instant::now();
    let (mut reader, _) = Connection::log_in(relay.address(), &mut rng, &member, &device).await?;
    fold_all(&mut reader, &mut Ledger::new(&member), &mut rng).await?;
    report.add(
        format!("{name}: a reader folds all of it"),
        begin.elapsed().as_secs_f64(),
        "s",
    );
    report.add(
        format!("{name}: bytes that it received"),
        reader.received_bytes as f64 / 1e6,
        "MB",
    );
    one_document(&mut reader, &challenge, first.id, &name, report).await?;
    report.aim(
        format!("{name}: relay's memory at most"),
        mib(relay.memory()?.1),
        "MiB",
        Target::AtMost(200.0),
    );
    relay.terminate()?;
    Ok(())
}

/// What a reader gets who sees one document, a hundredth of the entries at random, from the ledger's beginning: its entries,
/// and hashes for the runs between them.
async fn one_document(
    connection: &mut Connection,
    challenge: &Challenge,
    document: DocumentId,
    name: &str,
    report: &mut Report,
) -> Result<()> {
    let fetch = Fetch {
        request: 2,
        documents: vec![document],
        size: challenge.checkpoint.size,
        through: None,
    };
    connection.send(&ClientMessage::Fetch(fetch)).await?;
    let (begin, mut frontier) = (Instant::now(), Frontier::new());
    let (mut entries, mut hashes) = (0, 0);
    loop {
        let RelayMessage::Fetched(_, more, items) = connection.receive().await? else {
            return Err(anyhow!("expected what was fetched"));
        };
        frontier = items.fold(&frontier)?.frontier;
        for item in &items.items {
            match item {
                Item::Entry(_) => entries += 1,
                Item::Roots(run) => hashes += run.roots.len(),
            }
        }
        if !more {
            break;
        }
    }
    ensure!(
        frontier.root() == challenge.checkpoint.root,
        "it folds into the ledger's root"
    );
    let name = format!("{name}, of which {entries} at random may be seen");
    report.add(format!("{name}: folded"), begin.elapsed().as_secs_f64(), "s");
    let most = 2.0 * challenge.checkpoint.size as f64 / 1e6;
    report.aim(
        format!("{name}: hashes"),
        hashes as f64 / 1e6,
        "MB",
        Target::AtMost(most),
    );
    Ok(())
}

/// Follows from nothing to the end, holding no more than a frame.
async fn fold_all(connection: &mut Connection, ledger: &mut Ledger, rng: &mut StdRng) -> Result<()> {
    connection.follow(rng, 0).await?;
    loop {
        let RelayMessage::Items(items) = connection.receive().await? else {
            return Err(anyhow!("expected items"));
        };
        ledger.fold(&items)?;
        if items.counts.is_some() {
            return Ok(());
        }
    }
}

/// Founds the practice through a relay, then writes the entries into its store as the relay's own code does, in large
/// commits: every statement is signed, encrypted, checked and sequenced.
async fn make(dir: &Path, entries: usize) -> Result<()> {
    let began = Instant::now();
    let mut rng = StdRng::seed_from_u64(SEED);
    let device = Device::generate(&mut rng);
    let relay = RelayProcess::start(dir, "sqlite")?;
    let member = Connection::found(relay.address(), &mut rng, &device).await?;
    let mut fresh = StdRng::from_rng(&mut rand::rng());
    let (mut connection, _) = Connection::log_in(relay.address(), &mut fresh, &member, &device).await?;
    let made: Result<Vec<_>> = (0..DOCUMENTS)
        .map(|_| member.create_document(&mut rng, &device))
        .collect();
    let (documents, uploads): (Vec<_>, Vec<_>) = made?.into_iter().unzip();
    append_all(&mut connection, uploads).await?;
    drop(connection);
    relay.terminate()?;

    let store: Arc<dyn Store> = Arc::from(store::open(dir, Engine::Sqlite)?);
    let head = store.head(&member.practice)?.context("the practice is there")?;
    let key = keyfile::load(dir)?.pop().context("a ledger key")?;
    let settings = Settings {
        origin: String::new(),
        key: Arc::new(key),
        former: Vec::new(),
        max_practices: 1,
    };
    let mut practice = load(&store, member.practice, head, &settings)?;
    let device = Arc::new(device);
    let made = edits::fields(1, actor(&device.id(), &documents[0].id), 512)?;
    let mut authors: Vec<Author> = documents
        .iter()
        .map(|document| Author::new(&member, device.clone(), document))
        .collect();
    let mut written = usize::try_from(head.size)?;
    while written < entries {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let mut pending = Pending::default();
        let to = entries.min(written + BATCH);
        for i in written..to {
            let of = if fresh.random_ratio(1, SHARE) {
                0
            } else {
                1 + i % (DOCUMENTS - 1)
            };
            let author = authors.get_mut(of).context("an author for each document")?;
            let upload = author.write(&mut rng, &made[i % made.len()..][..1])?;
            let outcome = practice.sequence(&*store, &mut pending, now, vec![check(&practice, upload)?])?;
            outcome.map_err(|(_, rule, _)| anyhow!("entry {i}: {rule}"))?;
        }
        let (batch, sequenced) = practice.batch(&*store, &mut pending)?;
        store.commit(&[batch])?;
        practice.tree = Arc::new(sequenced.tree);
        practice.written_down = sequenced.written_down.unwrap_or(practice.written_down);
        if to / 100_000 > written / 100_000 {
            eprintln!("  {to} entries made in {:.0} s", began.elapsed().as_secs_f64());
        }
        written = to;
    }
    Ok(())
}

/// The checks that the relay makes of an upload before it is sequenced.
fn check(practice: &Practice, upload: Upload) -> Result<CheckedUpload> {
    let parsed = Parsed::parse(upload.signed)?;
    parsed.check_payload(&upload.payload)?;
    let key = practice.state.signing_key(parsed.statement())?;
    Ok(CheckedUpload {
        statement: parsed.verify(&key, practice.id())?,
        payload: upload.payload,
    })
}
