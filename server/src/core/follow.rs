//! Follow and fetch: what a reader is owed, decided here and read beside.

use std::collections::{BTreeMap, HashMap};

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::counts::{Counts, SignedCounts, digest};
use troth_protocol::ids::{Hash, MemberId, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::stream::Stream;
use troth_protocol::visibility::{entitled, opens_until, visible_until};
use troth_protocol::wire::{Fetch, Follow, Item, Items, RelayMessage};

use super::{Connection, ConnectionId, Core, Effect, Following};
use crate::practice::{Practice, StoredTiles};
use crate::reading::{Plan, Purpose, Streams, Until, roots};

impl Core {
    pub(super) fn follow(&mut self, id: ConnectionId, follow: Follow) {
        let (now, Some(Connection::Live(live))) = (self.now, self.connections.get_mut(&id)) else {
            return self.close(id, Rule::OutOfOrder);
        };
        if self.accounts.ask(now, live.practice, live.device).is_err() {
            return self.close(id, Rule::Quota);
        }
        let Some(practice) = self.practices.get(&live.practice) else {
            return self.close(id, Rule::Unavailable);
        };
        if follow.size > practice.tree.size() {
            return self.refuse(id, 0, 0, Rule::BeyondEnd, None);
        }
        if live.follow.as_ref().is_some_and(|f| !f.live) {
            return self.refuse(id, 0, 0, Rule::Quota, None);
        }
        let next_beat = now + limits::BEAT_MS;
        live.follow = Some(Following {
            follow,
            beat: 0,
            position: follow.size,
            live: false,
            next_beat,
        });
        self.followers.entry(live.practice).or_default().insert(id);
        self.advance(id);
    }

    /// A plan is done. A follower either is caught up, or more came meanwhile.
    pub(super) fn delivered(&mut self, id: ConnectionId, purpose: Purpose, position: u64) {
        let Some(Connection::Live(live)) = self.connections.get_mut(&id) else {
            return;
        };
        if let Purpose::Fetch { .. } = purpose {
            live.fetches = live.fetches.saturating_sub(1);
            return;
        }
        let Some(following) = live.follow.as_mut().filter(|f| !f.live) else {
            return;
        };
        following.position = position;
        self.advance(id);
    }

    fn advance(&mut self, id: ConnectionId) {
        let Some(Connection::Live(live)) = self.connections.get_mut(&id) else {
            return;
        };
        let (Some(practice), Some(following)) = (self.practices.get(&live.practice), live.follow.as_mut())
        else {
            return;
        };
        if following.position < practice.tree.size() {
            let streams = visible(practice, &live.member, self.now);
            let (from, through) = (following.position, following.follow.through);
            let mut plan = plan(practice, from, practice.tree.size(), streams, Purpose::CatchUp);
            plan.through = through;
            self.effects.push(Effect::Read(id, Box::new(plan)));
        } else {
            following.live = true;
            self.beat(id, &mut HashMap::new());
        }
    }

    /// Followers for whom what is new cannot simply be sent read it from the store, each at their own pace.
    pub(super) fn catch_up_all(&mut self, of: &PracticeId) {
        let all: Vec<ConnectionId> = self.followers.get(of).into_iter().flatten().copied().collect();
        all.into_iter().for_each(|id| self.catch_up(id));
    }

    /// A follower that is caught up reads from the store what came since.
    pub(super) fn catch_up(&mut self, id: ConnectionId) {
        let Some(Connection::Live(live)) = self.connections.get_mut(&id) else {
            return;
        };
        let size = self
            .practices
            .get(&live.practice)
            .map_or(0, |practice| practice.tree.size());
        if let Some(following) = live.follow.as_mut().filter(|f| f.live && f.position < size) {
            following.live = false;
            self.advance(id);
        }
    }

    pub(super) fn fetch(&mut self, id: ConnectionId, fetch: &Fetch) {
        let Some(Connection::Live(live)) = self.connections.get(&id) else {
            return self.close(id, Rule::OutOfOrder);
        };
        let Some(practice) = self.practices.get(&live.practice) else {
            return self.close(id, Rule::Unavailable);
        };
        if fetch.size == 0 || fetch.size > practice.tree.size() {
            return self.refuse(id, fetch.request, 0, Rule::BeyondEnd, None);
        }
        if live.fetches >= limits::FETCHES || self.accounts.ask(self.now, live.practice, live.device).is_err()
        {
            return self.refuse(id, fetch.request, 0, Rule::Quota, None);
        }
        let asked = fetch.documents.iter().map(|d| Stream::Document(*d));
        let streams: BTreeMap<Stream, Until> = asked
            .filter_map(|s| Some((s, until(practice, &live.member, &s, self.now)?)))
            .collect();
        let purpose = Purpose::Fetch {
            request: fetch.request,
        };
        let mut plan = plan(practice, 0, fetch.size, Streams::Some(streams), purpose);
        plan.through = fetch.through;
        self.effects.push(Effect::Read(id, Box::new(plan)));
        if let Some(Connection::Live(live)) = self.connections.get_mut(&id) {
            live.fetches += 1;
        }
    }

    /// Sends a beat to whoever is caught up and has heard nothing with a signed count for a while.
    pub(super) fn beats(&mut self) {
        let due: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, c)| match c {
                Connection::Live(live) => live
                    .follow
                    .as_ref()
                    .is_some_and(|f| f.live && self.now >= f.next_beat),
                Connection::Challenged { .. } => false,
            })
            .map(|(id, _)| *id)
            .collect();
        let mut digests = HashMap::new();
        for id in due {
            self.beat(id, &mut digests);
        }
    }

    /// The run that the follower may not see, the checkpoint, and the signed counts. Digests are shared by the devices of a
    /// member.
    fn beat(&mut self, id: ConnectionId, digests: &mut HashMap<(PracticeId, MemberId), Hash>) {
        let Some(Connection::Live(live)) = self.connections.get_mut(&id) else {
            return;
        };
        let (Some(practice), Some(following)) = (self.practices.get(&live.practice), live.follow.as_mut())
        else {
            return;
        };
        let digest = *digests
            .entry((live.practice, live.member))
            .or_insert_with(|| digest(&entitled(&practice.state, &live.member)));
        let CompactCheckpoint { size, root, .. } = practice.checkpoint;
        let counts = Counts {
            nonce: following.follow.nonce,
            beat: following.beat,
            checkpoint: CheckpointRef { size, root },
            digest,
        };
        let mut tiles = StoredTiles::new(&self.store, live.practice);
        let run = match roots(&practice.tree, following.position, size, &mut tiles, None) {
            Ok(run) => run,
            Err(error) => {
                tracing::error!(%error, "a beat could not be made");
                return self.close(id, Rule::Unavailable);
            }
        };
        let items = Items {
            from: following.position,
            items: if run.entries == 0 {
                Vec::new()
            } else {
                vec![Item::Roots(run)]
            },
            checkpoint: practice.checkpoint,
            counts: Some(SignedCounts::sign(
                counts,
                &practice.roster.ledger_at(size),
                practice.keys.at(size),
            )),
        };
        following.beat += 1;
        following.position = size;
        following.next_beat = self.now + limits::BEAT_MS;
        self.send(id, &RelayMessage::Items(items));
    }
}

/// How far a member sees into a stream, and opens it, now: a clock that went back opens nothing again.
fn until(practice: &Practice, member: &MemberId, stream: &Stream, now: u64) -> Option<Until> {
    Some(Until {
        position: visible_until(&practice.state, member, stream)?,
        payloads: opens_until(&practice.state, member, stream, now.max(practice.state.received)),
    })
}

/// What a member may see: everything, for the only member of a practice.
fn visible(practice: &Practice, member: &MemberId, now: u64) -> Streams {
    let state = &practice.state;
    let streams = state.counts.keys();
    let streams: BTreeMap<Stream, Until> = streams
        .filter_map(|s| Some((*s, until(practice, member, s, now)?)))
        .collect();
    let whole = |u: &Until| u.position == u64::MAX && u.payloads == Some(u64::MAX);
    if streams.len() == state.counts.len() && streams.values().all(whole) {
        Streams::All
    } else {
        Streams::Some(streams)
    }
}

fn plan(practice: &Practice, from: u64, to: u64, streams: Streams, purpose: Purpose) -> Plan {
    Plan {
        practice: *practice.id(),
        from,
        to,
        through: None,
        streams,
        purpose,
        tree: practice.tree.clone(),
        roster: practice.roster.clone(),
        keys: practice.keys.clone(),
    }
}
