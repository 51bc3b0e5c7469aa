//! Every statement checked from genesis on, by the rules that the relay applies.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use troth_protocol::entry::{Parsed, Verified};
use troth_protocol::ids::{DeviceId, DocumentId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::{Body, RosterAction};

use super::Entry;

/// A ledger's state, as its statements make it.
#[derive(Default)]
pub struct Replay(Option<State>);

impl Replay {
    /// The state; `None` before genesis.
    pub const fn state(&self) -> Option<&State> {
        self.0.as_ref()
    }

    /// Checks the next entry's signature and rules, and takes it in.
    ///
    /// # Errors
    /// It breaks a rule.
    pub fn take(&mut self, entry: &Entry) -> Result<()> {
        let (position, received) = (entry.position, entry.leaf.received);
        let parsed = entry.parsed.clone();
        let Some(state) = &mut self.0 else {
            ensure!(position == 0, "a ledger begins with genesis");
            self.0 = Some(State::found(received, &verify_genesis(parsed)?)?);
            return Ok(());
        };
        let key = state.signing_key(parsed.statement())?;
        let verified = parsed.verify(&key, state.practice())?;
        state
            .apply(position, received, &verified)
            .with_context(|| format!("entry {position}"))
    }

    /// As [`Self::take`] for many entries from genesis on, but of each author's changes in a document only the newest is
    /// checked by its signature, and those before it by the hashes that lead to it.
    ///
    /// # Errors
    /// One breaks a rule.
    pub fn take_all(&mut self, entries: &[Entry]) -> Result<()> {
        let mut changes = verified_changes(entries)?;
        for entry in entries {
            match (&mut self.0, changes.remove(&entry.position)) {
                (Some(state), Some(change)) => {
                    state
                        .apply(entry.position, entry.leaf.received, &change)
                        .with_context(|| format!("entry {}", entry.position))?;
                }
                _ => self.take(entry)?,
            }
        }
        Ok(())
    }
}

/// The changes among the entries, by position. That their signers were of the practice is for the rules to say: a device's
/// id stands for exactly its keys, so whoever names them names the right ones.
fn verified_changes(entries: &[Entry]) -> Result<HashMap<u64, Verified>> {
    let Some(genesis) = entries.first() else {
        return Ok(HashMap::new());
    };
    let practice = troth_protocol::ids::PracticeId(genesis.parsed.hash().0);
    let keys: HashMap<DeviceId, VerifyingKey> = entries
        .iter()
        .flat_map(|entry| introduced(&entry.parsed))
        .map(|keys| (keys.id(), keys.signing))
        .collect();
    let mut newer: HashMap<(DeviceId, DocumentId), u64> = HashMap::new();
    let mut verified: HashMap<u64, Verified> = HashMap::new();
    for entry in entries.iter().rev() {
        let Body::Change(change) = &entry.parsed.statement().body else {
            continue;
        };
        let signer = entry.parsed.statement().signer;
        let later = newer
            .insert((signer, change.document), entry.position)
            .and_then(|at| verified.get(&at));
        let parsed = entry.parsed.clone();
        let this = match later {
            Some(later) => parsed.verify_by_successor(later)?,
            None => parsed.verify(keys.get(&signer).context("an unknown device")?, &practice)?,
        };
        verified.insert(entry.position, this);
    }
    Ok(verified)
}

/// The devices that a statement introduces.
fn introduced(parsed: &Parsed) -> Vec<&DeviceKeys> {
    match &parsed.statement().body {
        Body::Genesis(genesis) => vec![&genesis.device],
        Body::Roster(roster) => {
            let device = |action| match action {
                &RosterAction::AddDevice { ref device, .. } | &RosterAction::AddMember { ref device, .. } => {
                    Some(&**device)
                }
                _ => None,
            };
            roster.actions.iter().filter_map(device).collect()
        }
        _ => Vec::new(),
    }
}
