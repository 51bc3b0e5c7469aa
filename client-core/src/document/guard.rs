//! Applying what other members' devices sent.
//!
//! Their changes may be made to break the engine. So, for each change:
//!
//! 1. `envelope` bounds its size and number of operations, and checks its checksum;
//! 2. the engine parses it, and it must be written exactly as the engine writes it (a saved document rebuilds
//!    each change from its content; one written otherwise would make the file unreadable);
//! 3. its author is the one that the ledger names;
//! 4. `history` checks its place and every operation against what its author had seen.
//!
//! What passes is applied to a copy, all at once; only when the copy's heads are those expected does it
//! replace the document. Should the engine fail all the same, the changes are applied one by one to find the
//! one that does it. Steps 2 to 4 and the applying run where a panic is caught and, natively, a hang is left
//! behind (`watch`).

use std::collections::HashMap;
use std::time::Duration;

use automerge::{AutoCommit, AutomergeError, Change, ChangeHash, ExpandedChange};

use super::error::{DocumentError, Reason};
use super::history::{History, Offer};
use super::watch::{Failure, Pulse, quietly, run};
use super::{LaneDocument, envelope, limits};

#[cfg(test)]
mod tests;

/// A change that arrived, with the author that its statement proves.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The change's bytes, as [`LaneDocument`]'s edits return them.
    pub change: Vec<u8>,
    /// The actor derived from the signing device and the document.
    pub actor: [u8; 16],
}

/// What became of the changes of one call, by their index in it. Every index appears exactly once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Now in the document.
    pub accepted: Vec<usize>,
    /// Were in the document, or earlier in the same call.
    pub known: Vec<usize>,
    /// Follow changes that are not here yet (or are in quarantine): keep them and give them again with later
    /// ones.
    pub waiting: Vec<usize>,
    /// Must be kept out.
    pub poisoned: Vec<Poisoned>,
}

/// A change for quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poisoned {
    /// Its index in the call.
    pub index: usize,
    /// Why.
    pub reason: Reason,
}

impl LaneDocument {
    /// Applies what others sent. The document changes only by what is reported as accepted; it stays usable
    /// whatever was sent.
    ///
    /// # Errors
    /// [`DocumentError::Exhausted`] when runaway changes hold too many threads, [`DocumentError::Unreadable`]
    /// when this document itself holds what no Troth device writes. The document is then as before.
    pub fn apply(&mut self, incoming: &[Incoming]) -> Result<Applied, DocumentError> {
        self.apply_with(incoming, ENGINE)
    }

    fn apply_with(&mut self, incoming: &[Incoming], engine: Engine) -> Result<Applied, DocumentError> {
        let mut applied = Applied::default();
        let mut start = 0;
        while start < incoming.len() {
            let end = incoming.len().min(start + limits::BATCH);
            let mut batch = std::mem::take(&mut applied.waiting);
            batch.extend(start..end);
            self.apply_batch(incoming, batch, engine, &mut applied)?;
            start = end;
        }
        applied.accepted.sort_unstable();
        applied.waiting.sort_unstable();
        applied.poisoned.sort_unstable_by_key(|poisoned| poisoned.index);
        Ok(applied)
    }

    fn apply_batch(
        &mut self,
        incoming: &[Incoming],
        mut batch: Vec<usize>,
        engine: Engine,
        applied: &mut Applied,
    ) -> Result<(), DocumentError> {
        let mut one_by_one = false;
        let mut culprits = 0;
        loop {
            let items: Vec<(usize, Incoming)> = batch
                .iter()
                .filter_map(|&index| Some((index, incoming.get(index)?.clone())))
                .collect();
            let (copy, history) = (self.doc.clone(), self.history.take());
            let result = run(engine.step, move |pulse| {
                attempt(pulse, copy, history, items, one_by_one, engine)
            });
            let (culprit, reason) = match result {
                Ok(Ok(done)) => {
                    self.doc = done.doc;
                    self.history = Some(done.history);
                    applied.accepted.extend(done.applied.accepted);
                    applied.known.extend(done.applied.known);
                    applied.waiting.extend(done.applied.waiting);
                    applied.poisoned.extend(done.applied.poisoned);
                    return Ok(());
                }
                Ok(Err(Broken::Document(reason))) => {
                    return Err(DocumentError::Unreadable(reason.to_string()));
                }
                Ok(Err(Broken::Change(culprit, reason))) => (culprit, reason),
                Err((Failure::Exhausted, _)) => return Err(DocumentError::Exhausted),
                Err((Failure::Panicked, culprit)) => (culprit, Reason::Panicked),
                Err((Failure::Stalled, culprit)) => (culprit, Reason::Stalled),
            };
            match culprit {
                Some(index) => {
                    batch.retain(|&other| other != index);
                    applied.poisoned.push(Poisoned { index, reason });
                    culprits += 1;
                }
                None if one_by_one => {
                    return Err(DocumentError::Unreadable(
                        "the engine fails without naming a change".into(),
                    ));
                }
                None => one_by_one = true,
            }
            if culprits == limits::CULPRITS {
                applied.waiting.extend(batch);
                return Ok(());
            }
        }
    }
}

/// What applies changes, and how long one step of it may take: the engine, or in tests one that fails on
/// purpose.
#[derive(Clone, Copy)]
struct Engine {
    apply: fn(&mut AutoCommit, Vec<Change>) -> Result<(), AutomergeError>,
    step: Duration,
}

const ENGINE: Engine = Engine {
    apply: |doc, changes| doc.apply_changes(changes),
    step: limits::STEP,
};

/// A copy that has taken the changes.
struct Done {
    doc: AutoCommit,
    history: History,
    applied: Applied,
}

/// Why there is no such copy.
enum Broken {
    /// The document was no good before.
    Document(Reason),
    /// The engine failed on a change, or (`None`) on all of them together.
    Change(Option<usize>, Reason),
}

fn attempt(
    pulse: &Pulse,
    mut doc: AutoCommit,
    history: Option<History>,
    items: Vec<(usize, Incoming)>,
    one_by_one: bool,
    engine: Engine,
) -> Result<Done, Broken> {
    let mut history = History::of(&mut doc, history).map_err(Broken::Document)?;
    let mut applied = Applied::default();
    let mut offers = Vec::with_capacity(items.len());
    for (index, item) in items {
        pulse.at(index);
        match quietly(|| read(&item)).unwrap_or(Err(Reason::Panicked)) {
            Ok((change, expanded)) => offers.push((index, change, expanded)),
            Err(reason) => applied.poisoned.push(Poisoned { index, reason }),
        }
    }
    pulse.whole();
    let admitted = admit(&mut history, offers, &mut applied);
    if one_by_one {
        for (index, change) in admitted {
            pulse.at(index);
            take(engine, &mut doc, vec![change]).map_err(|reason| Broken::Change(Some(index), reason))?;
            applied.accepted.push(index);
        }
    } else if !admitted.is_empty() {
        let (indices, changes) = admitted.into_iter().unzip();
        take(engine, &mut doc, changes).map_err(|reason| Broken::Change(None, reason))?;
        applied.accepted = indices;
    }
    if !history.is_at(&doc.get_heads()) {
        return Err(Broken::Change(
            None,
            Reason::Refused("its heads are not those expected".into()),
        ));
    }
    Ok(Done {
        doc,
        history,
        applied,
    })
}

/// Steps 1 to 3.
fn read(item: &Incoming) -> Result<(Change, ExpandedChange), Reason> {
    let envelope = envelope::open(&item.change)?;
    if envelope.actor != item.actor {
        return Err(Reason::WrongActor);
    }
    let change = Change::try_from(&envelope.chunk[..]).map_err(|e| Reason::Malformed(e.to_string()))?;
    let expanded = change.decode();
    let again = Change::from(expanded.clone());
    if again.raw_bytes() != envelope.chunk {
        return Err(Reason::NotCanonical);
    }
    Ok((change, expanded))
}

/// Step 4, in causal order whatever the order of arrival.
fn admit(
    history: &mut History,
    offers: Vec<(usize, Change, ExpandedChange)>,
    applied: &mut Applied,
) -> Vec<(usize, Change)> {
    let mut admitted = Vec::with_capacity(offers.len());
    let mut waiting: HashMap<ChangeHash, Vec<(usize, Change, ExpandedChange)>> = HashMap::new();
    let mut ready: Vec<_> = offers.into_iter().rev().collect();
    while let Some((index, change, expanded)) = ready.pop() {
        match history.offer(&expanded) {
            Ok(Offer::Admitted) => {
                let freed = waiting.remove(&change.hash()).unwrap_or_default();
                ready.extend(freed.into_iter().rev());
                admitted.push((index, change));
            }
            Ok(Offer::Known) => applied.known.push(index),
            Ok(Offer::Missing(hash)) => waiting.entry(hash).or_default().push((index, change, expanded)),
            Err(reason) => applied.poisoned.push(Poisoned { index, reason }),
        }
    }
    applied.waiting = waiting.into_values().flatten().map(|(index, ..)| index).collect();
    admitted
}

fn take(engine: Engine, doc: &mut AutoCommit, changes: Vec<Change>) -> Result<(), Reason> {
    match quietly(|| (engine.apply)(doc, changes)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(e)) => Err(Reason::Refused(e.to_string())),
        Err(()) => Err(Reason::Panicked),
    }
}
