//! Has the ledgers' checkpoints cosigned by the witnesses that their practices' policies name (C2SP tlog-witness).
//!
//! Beside everything else: no writer waits for a witness, and a witness that is down only lets the newest cosigned checkpoint
//! grow old, which devices show. Asked is who stands both in the practice's policy and in the relay's configuration: the policy
//! has the key that devices check, the configuration has the address.

mod ask;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Uri;
use tracing::{debug, error, warn};
use troth_protocol::checkpoint::{SignatureLine, SignedCheckpoint, VerifierKey};
use troth_protocol::ids::PracticeId;
use troth_protocol::tree::prove_consistency;
use troth_protocol::wire::Witnessed;
use troth_protocol::witness::AddCheckpoint;

use crate::config::ConfigError;
use crate::core::Event;
use crate::directory::Ledger;
use crate::practice::StoredTiles;
use crate::relay::Relay;
use ask::{Asked, ask};

/// How often the relay looks whether there is something to cosign.
pub const ROUND: Duration = Duration::from_secs(15);
/// How old a cosignature may grow while its ledger rests before another is asked for: devices show the age.
const REFRESH: Duration = Duration::from_secs(10 * 60);

/// A witness, and where it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAddress {
    /// Its key, as practices' policies name it.
    pub key: VerifierKey,
    /// Its submission prefix, without a slash at its end.
    pub url: Uri,
}

impl FromStr for WitnessAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refuse = |why: &dyn fmt::Display| {
            Err(ConfigError(format!(
                "--witness {text:?}: {why}; give the key and the URL with a space between them"
            )))
        };
        let Some((key, url)) = text.split_once(' ') else {
            return refuse(&"one of the two is missing");
        };
        let key = match key.parse::<VerifierKey>() {
            Ok(key) if key.kind().cosigns() => key,
            Ok(_) => return refuse(&"the key is a log's, not a witness's"),
            Err(error) => return refuse(&error),
        };
        match url.trim_end_matches('/').parse::<Uri>() {
            Ok(url) if matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some() => {
                Ok(Self { key, url })
            }
            _ => refuse(&"the URL does not begin with https:// or http:// and a host"),
        }
    }
}

/// What is remembered of one witness and one ledger.
#[derive(Default)]
struct Last {
    /// Size that it cosigned last.
    size: u64,
    /// When, and its line; on the checkpoint of that size.
    line: Option<(Instant, SignatureLine)>,
}

/// Asks for cosignatures until the relay stops.
pub async fn keep(relay: Relay, witnesses: Vec<WitnessAddress>, every: Duration) {
    tokio::select! {
        () = relay.stopped() => {}
        () = rounds(&relay, &witnesses, every) => {}
    }
}

async fn rounds(relay: &Relay, witnesses: &[WitnessAddress], every: Duration) {
    let mut last: HashMap<(PracticeId, usize), Last> = HashMap::new();
    loop {
        for ledger in relay.directory().ledgers() {
            let policy = ledger.roster.policy();
            let named: Vec<usize> = (0..witnesses.len())
                .filter(|n| policy.witnesses.contains(&witnesses[*n].key.to_string()))
                .collect();
            if !named.is_empty() {
                round(relay, &ledger, witnesses, &named, &mut last).await;
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// One ledger's checkpoint, as it is now, taken to every witness that has not cosigned it lately.
async fn round(
    relay: &Relay,
    ledger: &Ledger,
    witnesses: &[WitnessAddress],
    named: &[usize],
    last: &mut HashMap<(PracticeId, usize), Last>,
) {
    let (practice, size) = (*ledger.roster.practice(), ledger.checkpoint.size);
    let key = ledger.roster.key_at(size);
    let Ok(note) = ledger.checkpoint.to_signed(&ledger.roster.origin_at(size), &key) else {
        return;
    };
    let mut news = false;
    for number in named {
        let known = last.entry((practice, *number)).or_default();
        let fresh = known.line.as_ref().is_some_and(|(at, _)| at.elapsed() < REFRESH);
        if known.size == size && fresh {
            continue;
        }
        let witness = &witnesses[*number];
        match cosign(relay, ledger, &note, witness, known.size).await {
            Ok(line) => {
                *known = Last {
                    size,
                    line: Some((Instant::now(), line)),
                };
                news = true;
            }
            Err(why) => warn!(%practice, witness = witness.key.name(), "not cosigned: {why}"),
        }
    }
    let lines: Vec<String> = named
        .iter()
        .filter_map(|number| last.get(&(practice, *number)).filter(|l| l.size == size))
        .filter_map(|l| l.line.as_ref().map(|(_, line)| line.to_string()))
        .collect();
    if news && lines.len() >= usize::from(ledger.roster.policy().quorum.max(1)) {
        debug!(%practice, size, cosignatures = lines.len(), "cosigned");
        let witnessed = Witnessed {
            checkpoint: ledger.checkpoint,
            cosignatures: lines,
        };
        relay
            .directory()
            .publish_witnessed(practice, Arc::new(witnessed.clone()));
        relay
            .submit(Event::Witnessed(practice, Box::new(witnessed)), 1)
            .await;
    }
}

/// Asks one witness, from the size that it is thought to know; once more, where it says that it knows another.
async fn cosign(
    relay: &Relay,
    ledger: &Ledger,
    note: &SignedCheckpoint,
    witness: &WitnessAddress,
    mut old: u64,
) -> Result<SignatureLine, String> {
    for _ in 0..2 {
        let request = AddCheckpoint {
            old,
            proof: proof(relay, ledger, old).await?,
            checkpoint: note.clone(),
        };
        match ask(&witness.url, request.to_string()).await? {
            Asked::Cosigned(answer) => return own_line(&answer, note, witness),
            Asked::Knows(size) if size <= ledger.checkpoint.size => old = size,
            Asked::Knows(size) => {
                error!(
                    witness = witness.key.name(),
                    size, "a witness has seen this ledger longer than it is here"
                );
                return Err(
                    "it has cosigned a longer ledger than this relay keeps; was an old backup restored?"
                        .to_owned(),
                );
            }
        }
    }
    Err(
        "it changes its mind about what it cosigned last; is another relay serving the same ledger?"
            .to_owned(),
    )
}

/// The line that is the witness's, checked; lines of other keys are left out, as tlog-witness asks.
fn own_line(
    answer: &str,
    note: &SignedCheckpoint,
    witness: &WitnessAddress,
) -> Result<SignatureLine, String> {
    for line in answer.lines() {
        let Ok(line) = SignatureLine::parse(line) else {
            continue;
        };
        if line.name() != witness.key.name() || line.key_id() != witness.key.id() {
            continue;
        }
        let mut note = note.clone();
        note.add(line.clone()).map_err(|error| error.to_string())?;
        note.verify_cosignature(&witness.key)
            .map_err(|error| error.to_string())?;
        return Ok(line);
    }
    Err("its answer holds no cosignature by the key in the policy".to_owned())
}

/// The proof that the ledger, as it is now, begins with its first `old` entries.
async fn proof(relay: &Relay, ledger: &Ledger, old: u64) -> Result<Vec<troth_protocol::ids::Hash>, String> {
    let (store, practice, tree) = (
        relay.store().clone(),
        *ledger.roster.practice(),
        ledger.tree.clone(),
    );
    let size = ledger.checkpoint.size;
    let made = tokio::task::spawn_blocking(move || {
        let mut tiles = StoredTiles::new(&store, practice);
        prove_consistency(old, size, |subtree| tree.subtree_root(subtree, &mut tiles))
    });
    match made.await {
        Ok(Ok(proof)) => Ok(proof),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
