//! What devices hold: the same among those who may read, everything that was kept, and nothing that they never could read.

use std::collections::{BTreeMap, BTreeSet};

use troth_client_core::device::{DeviceError, SensitiveState};
use troth_protocol::document::Document;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::Class;

use super::ledger::Truth;
use crate::simulation::actions::note_id;
use crate::simulation::world::{SeatId, Step, Violation, World};

/// A document as a device shows it.
#[derive(Clone, PartialEq, Eq)]
struct View {
    heads: Vec<Vec<u8>>,
    notes: BTreeSet<[u8; 16]>,
    text: String,
}

/// How far a device may be ahead with what it makes of the relay's clock, in milliseconds: the relay's is off by as much as
/// it may be, and its own by as much to either side, before and after the relay told it the time.
const CLOCKS_OFF_MS: u64 = 3 * 120_000;

impl World {
    pub(super) fn readers(&mut self, truth: &Truth) -> Step {
        for seat in self.honest()? {
            self.verifies(seat, truth)?;
        }
        let mut shown = BTreeMap::new();
        for document in truth.state.documents.values() {
            let view = self.converges(truth, document)?;
            shown.insert(document.id(), view);
        }
        self.nothing_kept_is_missing(truth, &shown)?;
        self.nothing_forbidden_is_held(truth)
    }

    fn verifies(&mut self, seat: SeatId, truth: &Truth) -> Step {
        let Some(device) = self.seats[seat].device.as_ref() else {
            return Ok(());
        };
        if device.frontier().size() != truth.size {
            return Err(Violation::new(format!(
                "seat {seat} knows {} entries of {}",
                device.frontier().size(),
                truth.size
            )));
        }
        let verified = device.verify_ledger(&mut |_, _| {});
        match verified {
            Ok(_) => Ok(()),
            Err(error) => Err(Violation::new(format!(
                "the ledger of seat {seat} does not verify: {error}"
            ))),
        }
    }

    fn view(&mut self, seat: SeatId, id: DocumentId) -> Result<View, DeviceError> {
        let Some(device) = self.seats[seat].device.as_mut() else {
            return Err(DeviceError::NoDevice);
        };
        device.read_mut(id, |d| View {
            heads: d
                .heads()
                .into_iter()
                .map(|head| format!("{head:?}").into_bytes())
                .collect(),
            notes: d.notes().into_iter().map(|note| note.id).collect(),
            text: d.to_json().to_string(),
        })
    }

    /// Everybody who may read a document can, and sees the same.
    fn converges(&mut self, truth: &Truth, document: &Document) -> Step<Option<View>> {
        if document.erased().is_some() {
            return Ok(None);
        }
        let id = document.id();
        let mut first: Option<(SeatId, View)> = None;
        for seat in self.honest()? {
            let Some(device) = self.seats[seat].device() else {
                continue;
            };
            let Some(member) = device.member() else { continue };
            // By what a device makes of two clocks that jumped, a share may have ended a little early.
            let now = truth.state.received.max(self.now).saturating_add(CLOCKS_OFF_MS);
            let rights = document.rights(&truth.state.roster, &member, truth.size, now);
            let closed = document.class() == Class::Sensitive
                && !matches!(device.sensitive(), SensitiveState::Open { .. });
            if rights.is_none() || closed {
                continue;
            }
            let view = match self.view(seat, id) {
                Ok(view) => view,
                Err(error) => {
                    return Err(Violation::new(format!(
                        "seat {seat} may read {id} ({}) and cannot: {error}",
                        document.lane().name()
                    )));
                }
            };
            match &first {
                None => first = Some((seat, view)),
                Some((other, theirs)) if *theirs != view => {
                    return Err(Violation::new(format!(
                        "seats {other} and {seat} see {id} differently:\n{}\n{}",
                        theirs.text, view.text
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(first.map(|(_, view)| view))
    }

    /// Every note that a device kept is with its readers, or is set aside on that device, or was erased.
    fn nothing_kept_is_missing(&mut self, truth: &Truth, shown: &BTreeMap<DocumentId, Option<View>>) -> Step {
        let mut missing: BTreeMap<SeatId, Vec<u64>> = BTreeMap::new();
        for note in &self.record.notes {
            let erased = truth
                .state
                .documents
                .get(&note.document)
                .is_some_and(|d| d.erased().is_some());
            let there = match shown.get(&note.document) {
                Some(Some(view)) => view.notes.contains(&note_id(note.number)),
                // Nobody is left who could say.
                Some(None) => true,
                None => false,
            };
            if note.kept && !there && !erased {
                missing.entry(note.seat).or_default().push(note.number);
            }
        }
        for (seat, numbers) in missing {
            let Some(device) = self.seats[seat].device.as_ref() else {
                continue;
            };
            let aside = device.quarantine().unwrap_or_default();
            let edits = aside
                .iter()
                .filter(|line| line.position.is_none() && line.what.starts_with("an edit"))
                .count();
            if numbers.len() > edits {
                return Err(Violation::new(format!(
                    "seat {seat} kept notes {numbers:?}, which are gone; it set {edits} edits aside"
                )));
            }
        }
        Ok(())
    }

    /// No device shows what its member never could read.
    fn nothing_forbidden_is_held(&mut self, truth: &Truth) -> Step {
        for seat in 0..self.seats.len() {
            let Some(device) = self.seats[seat].device.as_ref() else {
                continue;
            };
            let Some(member) = truth.state.roster.devices().get(&device.id()).map(|d| d.member) else {
                continue;
            };
            for id in truth.state.documents.keys() {
                let until = truth.seen_until.get(&(member, *id)).copied();
                let Ok(view) = self.view(seat, *id) else { continue };
                let Some(until) = until else {
                    if view.notes.is_empty() {
                        continue;
                    }
                    return Err(Violation::new(format!(
                        "seat {seat} shows {id}, which it never could read"
                    )));
                };
                let later = self.record.notes.iter().find(|note| {
                    let own = note.seat == seat;
                    note.document == *id
                        && !own
                        && note.known > until
                        && view.notes.contains(&note_id(note.number))
                });
                if let Some(note) = later {
                    return Err(Violation::new(format!(
                        "seat {seat} reads note {}, written when its member could read {id} no more",
                        note.number
                    )));
                }
            }
        }
        Ok(())
    }
}
