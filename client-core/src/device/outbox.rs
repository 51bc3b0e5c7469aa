//! What waits to be sent. An intent is kept from the moment a person acts; a statement is made of it when its turn comes,
//! kept before it is sent, and both are forgotten only when the statement is folded into a signed checkpoint.

mod control;
mod inflight;
mod intent;
mod package;
mod people;
mod refusal;
mod renewal;
mod set_aside;

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Append, ClientMessage, frame};

use super::rows::{INFLIGHT, OUTBOX};
use super::{Device, DeviceError, Effect, Report};
use crate::storage::{Storage, Write};

pub(super) use control::lacking;
use inflight::Part;
pub(super) use inflight::{Inflight, OutboxRow};
pub(super) use intent::{Intent, Newcomer, Written};
pub(super) use set_aside::{QuarantineRow, Settled};

/// Bytes of edits that travel in one statement at most: short enough for the relay to interleave others.
const TOGETHER: usize = 256 * 1024;
/// Tries of one intent that the chain's movement refuses, before it is shown for review.
const TRIES: u32 = 16;
/// Wait after a relay that is busy or full, in milliseconds.
const BUSY_MS: u64 = 5_000;

impl<S: Storage> Device<S> {
    /// Keeps intents, with other rows that belong to the same act, before anything is sent.
    pub(super) fn keep(
        &mut self,
        rng: &mut impl CryptoRng,
        intents: Vec<Intent>,
        writes: Vec<Write>,
    ) -> Result<(), DeviceError> {
        if self.halted() {
            return Err(self.why_halted());
        }
        self.write_down(rng, intents, writes)
    }

    fn write_down(
        &mut self,
        rng: &mut impl CryptoRng,
        intents: Vec<Intent>,
        mut writes: Vec<Write>,
    ) -> Result<(), DeviceError> {
        let first = self.next_id;
        let rows: Vec<OutboxRow> = intents
            .into_iter()
            .zip(first..)
            .map(|(intent, id)| OutboxRow { id, intent })
            .collect();
        let rows = self.seal_sensitive(rng, rows)?;
        writes.extend(
            rows.iter()
                .map(|row| self.rows.put(rng, OUTBOX, &row.id.to_be_bytes(), row)),
        );
        self.rows.commit(writes)?;
        self.next_id = first + rows.len() as u64;
        self.outbox
            .extend(rows.into_iter().map(|row| (row.id, row.intent)));
        Ok(())
    }

    /// Makes statements of what waits, as far as each stream is free, and sends them if the connection is live.
    pub fn pump(&mut self, now: u64, rng: &mut impl CryptoRng) -> Result<Vec<Effect>, DeviceError> {
        self.told(now, rng);
        let mut effects = Vec::new();
        if !self.is_live() {
            return Ok(effects);
        }
        // What the relay lost comes first: the rest was said upon it.
        if self.put_back(now, &mut effects)? {
            return Ok(effects);
        }
        self.tend_once_open(rng, now)?;
        self.renew(rng, &mut effects)?;
        self.compact_where_due(rng, now, &mut effects)?;
        let mut dropped = false;
        for (stream, mut ids) in self.by_stream() {
            // What was set aside for another stream's sake, a moment ago, waits no longer.
            ids.retain(|id| self.outbox.contains_key(id));
            if ids.is_empty() {
                continue;
            }
            if let Some(inflight) = self.inflight.get(&stream).filter(|f| !f.outdated) {
                if inflight.request == 0 {
                    self.send_inflight(&stream, &mut effects);
                }
                continue;
            }
            // What the relay refused for its chain's sake is signed again when there is news of the chain.
            if self
                .inflight
                .get(&stream)
                .is_some_and(|f| f.signed_at == self.frontier.size())
            {
                continue;
            }
            // What travels together waits for its turn together.
            if self
                .inflight
                .values()
                .any(|f| f.stream != stream && f.is_in(&stream))
            {
                continue;
            }
            let tries = self.inflight.get(&stream).map_or(0, |f| f.tries);
            match self.statement_of(rng, now, &ids) {
                Ok(None) => {
                    self.drop_first(&ids)?;
                    dropped = true;
                }
                Ok(Some(parts)) => {
                    let inflight = Inflight {
                        stream,
                        parts,
                        request: 0,
                        tries,
                        outdated: false,
                        signed_at: self.frontier.size(),
                    };
                    let write = self.rows.put(rng, INFLIGHT, &stream.key(), &inflight);
                    self.rows.commit(vec![write])?;
                    self.inflight.insert(stream, inflight);
                    self.send_inflight(&stream, &mut effects);
                }
                Err(DeviceError::Rule(rule)) => self.set_stream_aside(rng, &stream, rule, &mut effects)?,
                Err(DeviceError::NoSuchDevice) => {
                    self.set_stream_aside(rng, &stream, Rule::NoSuchSubject, &mut effects)?;
                }
                Err(DeviceError::NoSuchRecovery) => {
                    self.set_stream_aside(rng, &stream, Rule::Recovery, &mut effects)?;
                }
                // What this device was shown before, and is not any more: it is not for this member to act on.
                Err(DeviceError::NoSuchDocument(id)) if self.is_out_of_sight(&id) => {
                    self.set_stream_aside(rng, &stream, Rule::NotPermitted, &mut effects)?;
                }
                // What it speaks of is not in the ledger yet; its turn comes with it.
                Err(DeviceError::NoSuchDocument(_) | DeviceError::NotYet | DeviceError::CatchingUp) => {}
                Err(DeviceError::ShareEnded(_)) => {
                    self.set_stream_aside(rng, &stream, Rule::NotPermitted, &mut effects)?;
                }
                // Sealed here until the second passphrase comes.
                Err(DeviceError::SensitiveLocked) => {}
                // What this member may not write to any more is not waited for: no key of it comes.
                Err(DeviceError::Open(_) | DeviceError::NotReadable(_) | DeviceError::Seal(_))
                    if self.is_not_ours(&stream, now) =>
                {
                    self.set_stream_aside(rng, &stream, Rule::NotPermitted, &mut effects)?;
                }
                // A key that does not open holds up its own stream only.
                Err(DeviceError::Open(_) | DeviceError::NotReadable(_) | DeviceError::Seal(_)) => {
                    let what = "something that this device holds no key for".to_owned();
                    effects.push(Effect::Report(Report::Refused {
                        rule: Rule::NotPermitted,
                        what,
                    }));
                }
                Err(error) => return Err(error),
            }
        }
        if dropped {
            // What waited behind it is next.
            effects.extend(self.pump(now, rng)?);
        }
        Ok(effects)
    }

    /// Whether a document is not known here and will not be: nothing that waits creates it, and nothing is yet to come.
    fn is_out_of_sight(&self, id: &DocumentId) -> bool {
        let creates = |intent: &Intent| matches!(intent, Intent::Create { document, .. } if document == id);
        !self.refold && !self.fetching.is_wanting() && !self.outbox.values().any(creates)
    }

    /// Whether this member has no right to write to a document that the ledger has.
    fn is_not_ours(&self, stream: &Stream, now: u64) -> bool {
        let Stream::Document(id) = stream else {
            return false;
        };
        matches!(
            self.must_write(*id, now),
            Err(DeviceError::Rule(Rule::NotPermitted))
        )
    }

    /// An intent whose end is reached already is done.
    fn drop_first(&mut self, ids: &[u64]) -> Result<(), DeviceError> {
        let Some(id) = ids.first() else { return Ok(()) };
        let write = self.rows.remove(OUTBOX, &id.to_be_bytes());
        self.rows.commit(vec![write])?;
        self.outbox.remove(id);
        Ok(())
    }

    /// The waiting intents by stream: of the roster one at a time, of a document as many edits as travel together.
    fn by_stream(&self) -> Vec<(Stream, Vec<u64>)> {
        let mut streams: BTreeMap<Stream, Vec<u64>> = BTreeMap::new();
        for (id, intent) in &self.outbox {
            streams.entry(intent.stream()).or_default().push(*id);
        }
        streams.into_iter().collect()
    }

    fn send_inflight(&mut self, stream: &Stream, effects: &mut Vec<Effect>) {
        let request = self.connection.next_request();
        if let Some(inflight) = self.inflight.get_mut(stream) {
            inflight.request = request;
            let append = Append {
                request,
                uploads: inflight.parts.iter().map(|part| part.upload.clone()).collect(),
            };
            effects.push(Effect::Send(frame(&ClientMessage::Append(append))));
        }
    }

    /// An own statement is in the ledger: what it carried out is done.
    pub(super) fn landed(
        &mut self,
        rng: &mut impl CryptoRng,
        hash: &Hash,
        stream: &Stream,
        writes: &mut Vec<Write>,
    ) -> Vec<u64> {
        let is_it = |part: &Part| part.stream == *stream && part.hash() == *hash;
        let Some(inflight) = self.inflight.values_mut().find(|f| f.parts.iter().any(is_it)) else {
            return Vec::new();
        };
        let (landed, rest) = inflight.parts.drain(..).partition(is_it);
        inflight.parts = rest;
        let lead = inflight.stream;
        if inflight.parts.is_empty() {
            self.inflight.remove(&lead);
            writes.push(self.rows.remove(INFLIGHT, &lead.key()));
        } else {
            writes.push(self.rows.put(rng, INFLIGHT, &lead.key(), inflight));
        }
        let landed: Vec<Part> = landed;
        let covers: Vec<u64> = landed.into_iter().flat_map(|part| part.covers).collect();
        writes.extend(
            covers
                .iter()
                .map(|id| self.rows.remove(OUTBOX, &id.to_be_bytes())),
        );
        covers
    }
}
