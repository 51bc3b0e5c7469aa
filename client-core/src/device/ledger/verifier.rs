//! Signatures of a batch, as few as prove all of it.

use std::collections::HashMap;

use troth_protocol::entry::{Parsed, Verified};
use troth_protocol::ids::{DeviceId, DocumentId, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::Body;
use troth_protocol::wire::EntryItem;

use super::{Failure, dishonest};

/// Verifies a batch: the newest change of each author by its signature, those before it by the hashes that it stands on.
pub(in crate::device) struct Verifier {
    parsed: Vec<Option<Parsed>>,
    verified: HashMap<usize, Verified>,
    /// For each author and document, the indices of their changes, in order.
    chains: HashMap<(DeviceId, DocumentId), Vec<usize>>,
}

impl Verifier {
    pub(in crate::device) fn new(entries: &[EntryItem]) -> Result<Self, Failure> {
        let mut chains: HashMap<(DeviceId, DocumentId), Vec<usize>> = HashMap::new();
        let mut parsed = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let found = match Parsed::parse(entry.leaf.signed.clone()) {
                Ok(found) => found,
                Err(rule) => return dishonest(format!("an entry breaks rule R{}: {rule}", rule.number())),
            };
            if let Body::Change(change) = &found.statement().body {
                chains
                    .entry((found.statement().signer, change.document))
                    .or_default()
                    .push(index);
            }
            parsed.push(Some(found));
        }
        Ok(Self {
            parsed,
            verified: HashMap::new(),
            chains,
        })
    }

    pub(in crate::device) fn verified(
        &mut self,
        index: usize,
        state: Option<&State>,
        practice: &PracticeId,
    ) -> Result<Verified, Rule> {
        if let Some(verified) = self.verified.remove(&index) {
            return Ok(verified);
        }
        let parsed = self
            .parsed
            .get_mut(index)
            .and_then(Option::take)
            .ok_or(Rule::Malformed)?;
        let Some(state) = state else {
            let genesis = verify_genesis(parsed)?;
            return if genesis.hash().0 == practice.0 {
                Ok(genesis)
            } else {
                Err(Rule::UnknownPractice)
            };
        };
        let key = state.signing_key(parsed.statement())?;
        let Body::Change(change) = &parsed.statement().body else {
            return parsed.verify(&key, practice);
        };
        let chain = (parsed.statement().signer, change.document);
        let later: Vec<usize> = self
            .chains
            .get(&chain)
            .into_iter()
            .flatten()
            .copied()
            .filter(|i| *i > index)
            .collect();
        let mut next: Option<(usize, Verified)> = None;
        for at in later.into_iter().rev() {
            let Some(candidate) = self.parsed.get_mut(at).and_then(Option::take) else {
                continue;
            };
            let verified = match &next {
                None => candidate.verify(&key, practice)?,
                Some((_, later)) => candidate.verify_by_successor(later)?,
            };
            if let Some((of, later)) = next.replace((at, verified)) {
                self.verified.insert(of, later);
            }
        }
        let Some((of, later)) = next else {
            return parsed.verify(&key, practice);
        };
        let first = parsed.verify_by_successor(&later);
        self.verified.insert(of, later);
        first
    }
}
