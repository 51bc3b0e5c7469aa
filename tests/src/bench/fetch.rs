//! A new device: everything fetched from the beginning, verified and opened.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use troth_client_core::content::Edits;
use troth_client_core::crypto::{DocumentCipher, EpochKey, actor};
use troth_client_core::document::{Incoming, LaneDocument, apply_many};
use troth_protocol::ids::{DeviceId, DocumentId};
use troth_protocol::statement::{Body, DocumentAction};

use super::setup::{Setup, append_all};
use super::{Options, Report, Target, edits};
use crate::wire_client::{Author, Connection, Entry, Ledger, Member, Replay, context};

/// Edits of each document.
const EDITS: usize = 20;

/// Fetches documents whose edits travelled together, as those made offline do; then documents whose edits came one by one.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let documents = if options.quick { 200 } else { 1000 };
    let name = format!("{documents} documents of {EDITS} edits in one statement");
    let share = documents as f64 / 1000.0;
    let together = run(documents, EDITS).await?;
    report.aim(
        format!("{name}: open"),
        together.open,
        "s",
        Target::AtMost(2.0 * share),
    );
    report.aim(
        format!("{name}: bytes"),
        together.megabytes,
        "MB",
        Target::AtMost(4.0 * share),
    );
    together.tell(&name, report);
    let name = format!("{documents} documents of {EDITS} edits one by one");
    let apart = run(documents, 1).await?;
    report.add(format!("{name}: open"), apart.open, "s");
    report.add(format!("{name}: bytes"), apart.megabytes, "MB");
    apart.tell(&name, report);
    Ok(())
}

/// Times since the device began to connect, in seconds.
struct Outcome {
    fetched: f64,
    verified: f64,
    decrypted: f64,
    open: f64,
    megabytes: f64,
}

impl Outcome {
    fn tell(&self, name: &str, report: &mut Report) {
        report.add(format!("{name}: fetched and folded"), self.fetched, "s");
        report.add(format!("{name}: and verified"), self.verified, "s");
        report.add(format!("{name}: and decrypted"), self.decrypted, "s");
    }
}

async fn run(documents: usize, together: usize) -> Result<Outcome> {
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new("fetch", &mut rng, 2, documents).await?;
    let author = setup.devices.first().context("a device")?;
    let address = setup.relay.address();
    let mut uploads = Vec::new();
    for (seed, document) in (0..).zip(&setup.documents) {
        let made = edits::note(seed, actor(&author.id(), &document.id), EDITS)?;
        let mut chain = Author::new(&setup.member, author.clone(), document);
        for edits in made.chunks(together) {
            uploads.push(chain.write(&mut rng, edits)?);
        }
    }
    let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, author).await?;
    append_all(&mut connection, uploads).await?;

    let begin = Instant::now();
    let new = setup.devices.get(1).context("a new device")?;
    let (mut connection, _) = Connection::log_in(address, &mut rng, &setup.member, new).await?;
    let entries = Ledger::new(&setup.member)
        .catch_up(&mut connection, &mut rng, |_, _| {})
        .await?;
    let fetched = begin.elapsed().as_secs_f64();
    Replay::default().take_all(&entries)?;
    let verified = begin.elapsed().as_secs_f64();
    let incoming = decrypt(&setup.member, entries)?;
    let decrypted = begin.elapsed().as_secs_f64();
    let lanes = open(new.id(), incoming)?;
    let open = begin.elapsed().as_secs_f64();
    ensure!(lanes.len() == documents, "every document is open");
    ensure!(
        lanes.values().all(|lane| lane.notes().len() == 1),
        "and holds its note"
    );
    let megabytes = (connection.received_bytes + connection.sent_bytes) as f64 / 1e6;
    Ok(Outcome {
        fetched,
        verified,
        decrypted,
        open,
        megabytes,
    })
}

/// The edits of each document, in their order.
pub(super) type Opened = HashMap<DocumentId, Vec<Incoming>>;

/// Opens keys, and payloads with them.
pub(super) fn decrypt(member: &Member, entries: Vec<Entry>) -> Result<Opened> {
    let mut keys: HashMap<DocumentId, EpochKey> = HashMap::new();
    let mut incoming = Opened::new();
    for entry in entries {
        let statement = entry.parsed.statement();
        match &statement.body {
            Body::Document(body) => {
                if let Some(DocumentAction::Create { commitment, .. }) = body.actions.first() {
                    let key = member.open_document(&body.document, commitment, &entry.payload)?;
                    keys.insert(body.document, key);
                }
            }
            Body::Change(change) => {
                let key = keys
                    .get(&change.document)
                    .context("a document's key comes before its edits")?;
                let context = context(
                    member.practice,
                    change.document,
                    statement.signer,
                    change.sequence,
                );
                let content = DocumentCipher::new(key).decrypt(&context, &entry.payload)?;
                let actor = actor(&statement.signer, &change.document);
                let edits = Edits::decode(&content)?.changes.into_iter();
                let edits = edits.map(|change| Incoming {
                    change: change.into(),
                    actor,
                });
                incoming.entry(change.document).or_default().extend(edits);
            }
            _ => {}
        }
    }
    Ok(incoming)
}

/// Applies the edits, each in the name that its statement proves.
pub(super) fn open(me: DeviceId, incoming: Opened) -> Result<HashMap<DocumentId, LaneDocument>> {
    let (ids, edits): (Vec<_>, Vec<_>) = incoming.into_iter().unzip();
    let mut lanes = Vec::with_capacity(ids.len());
    for (document, edits) in ids.iter().zip(edits) {
        lanes.push((LaneDocument::new(actor(&me, document))?, edits));
    }
    let mut jobs: Vec<_> = lanes.iter_mut().map(|(lane, edits)| (lane, &edits[..])).collect();
    let applied = apply_many(&mut jobs);
    for (applied, (_, edits)) in applied.into_iter().zip(&lanes) {
        ensure!(applied?.accepted.len() == edits.len(), "every edit applies");
    }
    Ok(ids
        .into_iter()
        .zip(lanes)
        .map(|(id, (lane, _))| (id, lane))
        .collect())
}
