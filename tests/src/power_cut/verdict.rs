//! Whether what a power cut left holds all that was acknowledged.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use troth_protocol::ids::PracticeId;
use troth_server::store::{self, Engine, Store};
use troth_server::{audit, keyfile};

use super::Acknowledged;
use crate::wire_client::Member;

/// What a data directory is held against.
pub struct Verdict<'a> {
    /// The engine that made it.
    pub engine: Engine,
    /// Whose ledger is in it.
    pub member: &'a Member,
    /// What has to be in it.
    pub acknowledged: &'a [&'a Acknowledged],
}

impl Verdict<'_> {
    /// Opens the data directory as a relay does, verifies every ledger, and looks for every entry, byte for byte.
    ///
    /// # Errors
    /// It does not open, something in it does not hold, or an entry is missing or altered.
    pub fn on(&self, data: &Path) -> Result<()> {
        let store: Arc<dyn Store> =
            Arc::from(store::open(data, self.engine).context("the store does not open")?);
        let practices = store.practices()?;
        let keys = match keyfile::load_public(data) {
            Ok(keys) => keys,
            Err(error) if practices.is_empty() => {
                ensure!(matches!(error, keyfile::KeyFileError::Missing(_)), "{error}");
                Vec::new()
            }
            Err(error) => bail!("there are ledgers, and: {error}"),
        };
        let report = audit::verify(&store, &keys, &mut |_| {})?;
        let faults: Vec<_> = report.ledgers.iter().flat_map(|ledger| &ledger.faults).collect();
        ensure!(report.ok, "it does not verify: {faults:?}");
        self.acknowledged
            .iter()
            .try_for_each(|entry| present(&*store, &self.member.practice, entry))
    }
}

fn present(store: &dyn Store, practice: &PracticeId, entry: &Acknowledged) -> Result<()> {
    let position = entry.position;
    let rows = store.entries_at(practice, &[position], 1)?;
    let Some(row) = rows.first() else {
        bail!("entry {position} was acknowledged and is lost");
    };
    let same = row.leaf == entry.leaf && row.payload.as_deref() == Some(&entry.payload[..]);
    ensure!(same, "entry {position} was acknowledged and is another now");
    Ok(())
}
