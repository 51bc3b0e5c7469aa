//! Every statement checked from genesis on, by the rules that the relay applies.

use anyhow::{Context, Result, ensure};
use troth_protocol::state::{State, verify_genesis};

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
}
