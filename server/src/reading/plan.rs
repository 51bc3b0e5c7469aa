//! What to read for whom: decided by the core, carried out beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use troth_protocol::ids::PracticeId;
use troth_protocol::roster::Roster;
use troth_protocol::stream::Stream;
use troth_protocol::tree::Tree;

use crate::practice::LedgerKeys;
use crate::store::{Store, StoreError, StreamKey};

/// How far a reader sees into a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// The last position visible.
    pub position: u64,
    /// The last position whose payload is shown; `None` for statements only.
    pub payloads: Option<u64>,
}

/// Which entries a plan shows.
#[derive(Clone, Debug)]
pub enum Streams {
    /// All of them, with their payloads.
    All,
    /// Those of these streams.
    Some(BTreeMap<Stream, Until>),
}

/// What the frames are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A follower that is behind.
    CatchUp,
    /// Documents from their beginning.
    Fetch {
        /// Names the answer.
        request: u64,
    },
}

/// One reading of a ledger, complete in itself.
#[derive(Clone)]
pub struct Plan {
    /// The practice.
    pub practice: PracticeId,
    /// First position.
    pub from: u64,
    /// Position after the last.
    pub to: u64,
    /// A position that no run reaches across.
    pub through: Option<u64>,
    /// What is shown.
    pub streams: Streams,
    /// What for.
    pub purpose: Purpose,
    /// The ledger's tree, at `to` or beyond.
    pub tree: Arc<Tree>,
    /// The roster, which says under which name a size is signed.
    pub roster: Arc<Roster>,
    /// The ledger keys.
    pub keys: LedgerKeys,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({:?}, {}..{})", self.purpose, self.from, self.to)
    }
}

impl Plan {
    /// The positions within `from..to` that are shown, ascending, where not all are.
    pub(super) fn positions(&self, store: &dyn Store, from: u64, to: u64) -> Result<Vec<u64>, StoreError> {
        let Streams::Some(streams) = &self.streams else {
            return Ok(Vec::new());
        };
        let mut positions = Vec::new();
        for (stream, until) in streams {
            let end = to.min(until.position.saturating_add(1));
            if from < end {
                let key = StreamKey(stream.key());
                positions.extend(store.stream(&self.practice, &key, from, end, usize::MAX)?);
            }
        }
        positions.sort_unstable();
        Ok(positions)
    }

    pub(super) fn shows_payload(&self, stream: &Stream, position: u64) -> bool {
        match &self.streams {
            Streams::All => true,
            Streams::Some(streams) => streams
                .get(stream)
                .is_some_and(|until| until.payloads.is_some_and(|last| position <= last)),
        }
    }
}
