//! Snapshots: what stands in for which edits, on whose word, and from when on.
//!
//! ```text
//! made ──attested by another member────────────────────────────┐
//!   └──all of it the maker's own, no other reader──the grace───┴─> stands: the payloads it covers may be gone
//! ```
//!
//! Nothing here looks into a payload: that the snapshot holds what it covers is what the attestation says.

use minicbor::{Decode, Encode};

use crate::document::Document;
use crate::entry::Parsed;
use crate::ids::{DeviceId, Hash, MemberId};
use crate::limits;
use crate::roster::Roster;
use crate::rule::Rule;
use crate::statement::{Attest, Body, Cover, Snapshot, Statement};

/// A snapshot that stands, or waits to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SnapshotRecord {
    /// Position of its statement.
    #[n(0)]
    pub position: u64,
    /// The relay's clock at it, in milliseconds since the Unix epoch.
    #[n(1)]
    pub received: u64,
    /// Hash of its statement.
    #[n(2)]
    pub statement: Hash,
    /// The member whose device made it.
    #[n(3)]
    pub member: MemberId,
    /// What it covers, in the order of the authors' ids.
    #[n(4)]
    pub covers: Vec<Cover>,
    /// Whether all that it covers was written by its maker, and nobody else could read the document.
    #[n(5)]
    pub alone: bool,
    /// Whether a device of another member attested it.
    #[n(6)]
    pub attested: bool,
}

impl SnapshotRecord {
    /// Whether it stands in for what it covers at a relay time (ms since the Unix epoch).
    pub const fn stands(&self, received: u64) -> bool {
        self.attested || (self.alone && received >= self.received.saturating_add(limits::SNAPSHOT_GRACE_MS))
    }

    /// Whether it covers a device's change of this number.
    pub fn covers(&self, device: &DeviceId, sequence: u64) -> bool {
        covered(&self.covers, device) >= sequence
    }
}

/// The last change of an author that is covered; 0: none.
fn covered(covers: &[Cover], device: &DeviceId) -> u64 {
    covers
        .binary_search_by(|cover| cover.device.cmp(device))
        .ok()
        .and_then(|at| covers.get(at))
        .map_or(0, |cover| cover.sequence)
}

/// Whether all that one covers the other covers too.
fn is_within(inner: &[Cover], outer: &[Cover]) -> bool {
    inner.iter().all(|c| covered(outer, &c.device) >= c.sequence)
}

impl Document {
    /// The snapshots that stand, and those that may yet: at most one of each member waits.
    pub fn snapshots(&self) -> &[SnapshotRecord] {
        &self.snapshots
    }

    /// The snapshots that stand at a relay time (ms since the Unix epoch), oldest first.
    pub fn standing(&self, received: u64) -> impl Iterator<Item = &SnapshotRecord> {
        self.snapshots.iter().filter(move |s| s.stands(received))
    }

    /// Whether the payload of one of the document's statements may be gone at a relay time: under an erasure; of a change,
    /// under a snapshot that stands; of a snapshot, where none needs it any more.
    pub fn may_lack(&self, statement: &Statement, hash: &Hash, received: u64) -> bool {
        if self.erased.is_some() {
            return true;
        }
        match &statement.body {
            Body::Change(change) => {
                let mut standing = self.standing(received);
                standing.any(|s| s.covers(&statement.signer, change.sequence))
            }
            Body::Snapshot(_) => {
                let kept = self.snapshots.iter().find(|s| s.statement == *hash);
                kept.is_none_or(|kept| self.is_replaced(kept, received))
            }
            _ => false,
        }
    }

    /// Whether a later snapshot stands that covers as much.
    fn is_replaced(&self, snapshot: &SnapshotRecord, received: u64) -> bool {
        let mut later = self.standing(received).filter(|s| s.position > snapshot.position);
        later.any(|s| is_within(&snapshot.covers, &s.covers))
    }

    /// Checks a snapshot and keeps it in mind (R46). Nothing changes unless all holds.
    pub fn snapshot(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &Snapshot,
    ) -> Result<(), Rule> {
        let member = self.check_writes(roster, position, received, parsed, body.epoch)?;
        let covers = &body.covers;
        if covers.len() > limits::COVERS {
            return Err(Rule::TooLarge);
        }
        let ordered = covers.windows(2).all(|pair| match pair {
            [before, after] => before.device < after.device,
            _ => true,
        });
        let newest = |cover: &Cover| {
            let author = self.authors.get(&cover.device);
            author.is_some_and(|a| a.sequence == cover.sequence && a.last == cover.last)
        };
        let stood = |cover: &Cover| self.standing(received).any(|s| s.covers.contains(cover));
        if !ordered || !covers.iter().all(|cover| newest(cover) || stood(cover)) {
            return Err(Rule::Snapshot);
        }
        // It goes on from what stands, and is more than that and than its maker's last one.
        let shrinks = self.standing(received).any(|s| !is_within(&s.covers, covers));
        let mut before = self
            .snapshots
            .iter()
            .filter(|s| s.member == member || s.stands(received));
        if covers.is_empty() || shrinks || before.any(|s| is_within(covers, &s.covers)) {
            return Err(Rule::Snapshot);
        }
        let own = |cover: &Cover| {
            let author = roster.devices().get(&cover.device);
            author.is_some_and(|device| device.member == member)
        };
        let others = || {
            let mut others = roster.members().keys().filter(|other| **other != member);
            others.any(|other| self.rights(roster, other, position, received).is_some())
        };
        let alone = covers.iter().all(own) && !others();
        self.snapshots
            .retain(|s| s.member != member || s.stands(received));
        self.snapshots.push(SnapshotRecord {
            position,
            received,
            statement: parsed.hash(),
            member,
            covers: body.covers.clone(),
            alone,
            attested: false,
        });
        self.let_go_of_replaced(received);
        Ok(())
    }

    /// Checks an attestation: from here on the snapshot that it names stands (R46). Nothing changes unless all holds.
    pub fn attest(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &Attest,
    ) -> Result<(), Rule> {
        let member = roster.active(&parsed.statement().signer, position)?.member;
        self.check_seen(parsed)?;
        if self.is_closed() {
            return Err(Rule::Closed);
        }
        if self.rights(roster, &member, position, received).is_none() {
            return Err(Rule::NotPermitted);
        }
        let waiting = |s: &&mut SnapshotRecord| s.statement == body.snapshot && !s.attested;
        let named = self.snapshots.iter_mut().find(waiting);
        let named = named.filter(|s| s.member != member).ok_or(Rule::Snapshot)?;
        named.attested = true;
        self.let_go_of_replaced(received);
        Ok(())
    }

    fn let_go_of_replaced(&mut self, received: u64) {
        let replaced = |s: &SnapshotRecord| self.is_replaced(s, received);
        let kept: Vec<bool> = self.snapshots.iter().map(|s| !replaced(s)).collect();
        let mut kept = kept.into_iter();
        self.snapshots.retain(|_| kept.next().unwrap_or(true));
    }
}
