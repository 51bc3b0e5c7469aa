//! What is new goes to those who follow: encoded once for each distinct view, not for each reader.

use std::collections::HashMap;

use bytes::Bytes;
use troth_protocol::ids::{MemberId, PracticeId};
use troth_protocol::limits;
use troth_protocol::visibility::{may_open, may_see};
use troth_protocol::wire::{self, EntryItem, Item, Items, RelayMessage};

use super::{Connection, ConnectionId, Core, Effect};
use crate::practice::{Fresh, Practice, StoredTiles};
use crate::reading::{ReadError, roots};

/// How a reader sees one new entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sight {
    Hidden,
    Statement,
    Whole,
}

/// Bytes of new entries above which followers read them from the store instead: a frame holds no more than
/// [`limits::FRAME`], and this leaves room for what surrounds the entries.
const SENT_BYTES: usize = limits::FRAME / 2;

/// What an entry takes beside its statement and payload, at most: clock, count, signature, framing.
const LEAF_BYTES: usize = 128;

/// A view: from which position, and how each new entry is seen.
type View = (u64, Vec<Sight>);

impl Core {
    pub(super) fn fan_out(&mut self, of: &PracticeId, fresh: &[Fresh]) {
        let bytes: usize = fresh.iter().map(|f| LEAF_BYTES + f.bytes()).sum();
        if bytes > SENT_BYTES {
            return self.catch_up_all(of);
        }
        let (Some(practice), Some(followers)) = (self.practices.get(of), self.followers.get(of)) else {
            return;
        };
        let mut sights: HashMap<MemberId, Vec<Sight>> = HashMap::new();
        let mut frames: HashMap<View, Bytes> = HashMap::new();
        let mut failed = None;
        let mut tiles = StoredTiles::new(&self.store, *of);
        for id in followers {
            let Some(Connection::Live(live)) = self.connections.get_mut(id) else {
                continue;
            };
            let Some(following) = live.follow.as_mut().filter(|f| f.live) else {
                continue;
            };
            let sight = sights
                .entry(live.member)
                .or_insert_with(|| sight(practice, &live.member, fresh, self.now));
            if sight.iter().all(|s| *s == Sight::Hidden) {
                continue;
            }
            let view = (following.position, sight.clone());
            let frame = match frames.get(&view) {
                Some(frame) => frame.clone(),
                None => match frame(practice, fresh, &view, &mut tiles) {
                    Ok(frame) => frames.entry(view).or_insert(frame).clone(),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                },
            };
            following.position = practice.tree.size();
            self.effects.push(Effect::Send(*id, frame));
        }
        if let Some(error) = failed {
            tracing::error!(%error, practice = %of, "followers could not be served; they are disconnected");
            let all: Vec<ConnectionId> = self.followers.get(of).into_iter().flatten().copied().collect();
            for id in all {
                self.close(id, troth_protocol::rule::Rule::Unavailable);
            }
        }
    }
}

fn sight(practice: &Practice, member: &MemberId, fresh: &[Fresh], now: u64) -> Vec<Sight> {
    let state = &practice.state;
    let now = now.max(state.received);
    fresh
        .iter()
        .map(
            |f| match (may_see(state, member, &f.stream, f.position), &f.payload) {
                (false, _) => Sight::Hidden,
                (true, Some(_)) if may_open(state, member, &f.stream, f.position, now) => Sight::Whole,
                (true, _) => Sight::Statement,
            },
        )
        .collect()
}

fn frame(
    practice: &Practice,
    fresh: &[Fresh],
    (from, sight): &View,
    tiles: &mut StoredTiles,
) -> Result<Bytes, ReadError> {
    let mut items = Vec::with_capacity(fresh.len() + 1);
    let mut covered = *from;
    let mut skip = |covered: u64, to: u64, items: &mut Vec<Item>| -> Result<(), ReadError> {
        if covered < to {
            items.push(Item::Roots(roots(&practice.tree, covered, to, tiles, None)?));
        }
        Ok(())
    };
    for (entry, sight) in fresh
        .iter()
        .zip(sight)
        .filter(|(_, sight)| **sight != Sight::Hidden)
    {
        skip(covered, entry.position, &mut items)?;
        let payload = entry
            .payload
            .clone()
            .filter(|_| *sight == Sight::Whole)
            .map(Into::into);
        items.push(Item::Entry(EntryItem {
            leaf: entry.leaf.clone(),
            payload,
        }));
        covered = entry.position + 1;
    }
    skip(covered, practice.tree.size(), &mut items)?;
    let message = RelayMessage::Items(Items {
        from: *from,
        items,
        checkpoint: practice.checkpoint,
        counts: None,
    });
    Ok(Bytes::from(wire::frame(&message)))
}
