//! Which operations a document holds and which of them each change knows of: what a newcomer is judged by.
//!
//! The engine trusts a change to name only operations that its author had seen, to count on from them without
//! a gap, and to follow its author's previous change. A change that does not is accepted by some replicas,
//! refused or panicked on by others, depending on the order of arrival, and some documents do not open again
//! once saved. This index makes the decision the same everywhere: it depends on the change and its ancestors
//! alone.
//!
//! Kept: for each change a vector clock (one counter per author), for each author the runs of operations. An
//! author's changes form one chain, so "has seen operation n of author a" is one comparison.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, AutoCommit, Change, ChangeHash, ExpandedChange, ObjType};

use super::error::Reason;
use super::genesis;
use super::schema::{Kind, Root};

mod rules;

/// An operation: its author's index and its counter.
type Id = (usize, u64);

/// What an operation did, as far as later ones may refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    /// Set a key of a map.
    Set(Arc<str>),
    /// Inserted a character or an entry.
    Insert,
    /// Deleted something: nothing refers to it.
    Delete,
}

/// Consecutive operations of one author that did the same in the same object.
#[derive(Debug, Clone)]
struct Run {
    start: u64,
    len: u64,
    /// `None` is the root.
    object: Option<Id>,
    deed: Deed,
}

#[derive(Debug, Clone, Default)]
struct Author {
    runs: Vec<Run>,
    seq: u64,
    /// Counter of the author's last operation.
    last: u64,
}

/// What became of a change that was offered.
pub(super) enum Offer {
    /// It is in the index now.
    Admitted,
    /// It was there before.
    Known,
    /// It follows a change that is not here.
    Missing(ChangeHash),
}

/// The index over every change of one document.
#[derive(Debug, Clone)]
pub(super) struct History {
    indices: HashMap<ActorId, usize>,
    authors: Vec<Author>,
    clocks: HashMap<ChangeHash, Vec<u64>>,
    kinds: HashMap<Id, Kind>,
    heads: HashSet<ChangeHash>,
}

impl History {
    /// The index of the first change alone, which every document starts from.
    fn first() -> Result<Self, Reason> {
        static FIRST: OnceLock<Option<History>> = OnceLock::new();
        let first = FIRST.get_or_init(|| Some(Self::of_first(&genesis::change()?)));
        first
            .clone()
            .ok_or(Reason::Rule("the first change cannot be written"))
    }

    fn of_first(change: &Change) -> Self {
        let mut history = Self {
            indices: HashMap::from([(change.actor_id().clone(), 0)]),
            authors: vec![Author {
                runs: Vec::new(),
                seq: 1,
                last: change.max_op(),
            }],
            clocks: HashMap::from([(change.hash(), vec![change.max_op()])]),
            kinds: HashMap::new(),
            heads: HashSet::from([change.hash()]),
        };
        for (op, counter) in change.decode().operations.iter().zip(change.start_op().get()..) {
            if let (OpType::Make(ObjType::Map), Key::Map(name)) = (&op.action, &op.key)
                && let Some(root) = Root::named(name)
            {
                history.kinds.insert((0, counter), Kind::Root(root));
            }
        }
        history
    }

    /// The index of a document, continued from `known` where there is one.
    ///
    /// # Errors
    /// The document holds a change that breaks a rule: it was not made by this program.
    pub(super) fn of(doc: &mut AutoCommit, known: Option<Self>) -> Result<Self, Reason> {
        let mut history = match known {
            Some(history) => history,
            None => Self::first()?,
        };
        if history.is_at(&doc.get_heads()) {
            return Ok(history);
        }
        let heads: Vec<_> = history.heads.iter().copied().collect();
        for change in doc.get_changes(&heads) {
            history.offer(&change.decode())?;
        }
        Ok(history)
    }

    /// Whether the index stands at exactly these heads.
    pub(super) fn is_at(&self, heads: &[ChangeHash]) -> bool {
        heads.len() == self.heads.len() && heads.iter().all(|head| self.heads.contains(head))
    }

    /// Admits a change if all that it follows is here and it keeps the rules; otherwise changes nothing.
    pub(super) fn offer(&mut self, change: &ExpandedChange) -> Result<Offer, Reason> {
        let hash = change.hash.ok_or(Reason::NotCanonical)?;
        if self.clocks.contains_key(&hash) {
            return Ok(Offer::Known);
        }
        if change.deps.is_empty() {
            return Err(Reason::Rule("it does not start from the first change"));
        }
        let mut clock: Vec<u64> = Vec::with_capacity(self.authors.len() + 1);
        for dep in &change.deps {
            let Some(seen) = self.clocks.get(dep) else {
                return Ok(Offer::Missing(*dep));
            };
            if clock.len() < seen.len() {
                clock.resize(seen.len(), 0);
            }
            for (mine, theirs) in clock.iter_mut().zip(seen) {
                *mine = (*mine).max(*theirs);
            }
        }
        let next = clock.iter().max().copied().unwrap_or(0) + 1;
        let author = self.indices.get(&change.actor_id).copied();
        let (seq, last) = author
            .and_then(|a| self.authors.get(a))
            .map_or((0, 0), |a| (a.seq, a.last));
        if change.seq <= seq {
            return Err(Reason::Fork);
        }
        if change.seq != seq + 1 || author.and_then(|a| clock.get(a)).copied().unwrap_or(0) != last {
            return Err(Reason::Rule("it does not follow its author's previous change"));
        }
        if change.start_op.get() != next {
            return Err(Reason::Rule("its operations are numbered with a gap"));
        }
        if change.operations.is_empty()
            || next.saturating_add(change.operations.len() as u64) > u64::from(u32::MAX)
        {
            return Err(Reason::Rule("it has no operations, or one too many"));
        }
        let author = author.unwrap_or(self.authors.len());
        if author == self.authors.len() {
            self.authors.push(Author::default());
            self.indices.insert(change.actor_id.clone(), author);
        }
        self.admit_operations(author, &clock, change)?;
        let end = next + change.operations.len() as u64 - 1;
        if let Some(a) = self.authors.get_mut(author) {
            a.seq = change.seq;
            a.last = end;
        }
        if clock.len() <= author {
            clock.resize(author + 1, 0);
        }
        if let Some(own) = clock.get_mut(author) {
            *own = end;
        }
        self.clocks.insert(hash, clock);
        for dep in &change.deps {
            self.heads.remove(dep);
        }
        self.heads.insert(hash);
        Ok(Offer::Admitted)
    }

    fn admit_operations(
        &mut self,
        author: usize,
        clock: &[u64],
        change: &ExpandedChange,
    ) -> Result<(), Reason> {
        let before = self.authors.get(author).map_or(0, |a| a.runs.len());
        let start = change.start_op.get();
        for (op, counter) in change.operations.iter().zip(start..) {
            let ruled = rules::check(
                self,
                op,
                rules::Place {
                    actor: &change.actor_id,
                    id: (author, counter),
                    change: start,
                    clock,
                },
            );
            match ruled {
                Ok((run, kind)) => {
                    if let Some(kind) = kind {
                        self.kinds.insert((author, counter), kind);
                    }
                    self.record(author, before, run);
                }
                Err(reason) => {
                    for made in start..counter {
                        self.kinds.remove(&(author, made));
                    }
                    if let Some(a) = self.authors.get_mut(author) {
                        a.runs.truncate(before);
                    }
                    return Err(reason);
                }
            }
        }
        Ok(())
    }

    /// Appends a run, or lengthens the last one of the same change (never one of an earlier change: a
    /// refused change is taken back whole).
    fn record(&mut self, author: usize, floor: usize, run: Run) {
        let Some(a) = self.authors.get_mut(author) else {
            return;
        };
        if a.runs.len() > floor
            && let Some(last) = a.runs.last_mut()
            && last.start + last.len == run.start
            && last.object == run.object
            && last.deed == run.deed
            && !matches!(run.deed, Deed::Set(_))
        {
            last.len += run.len;
            return;
        }
        a.runs.push(run);
    }

    fn run(&self, id: Id) -> Option<&Run> {
        let runs = &self.authors.get(id.0)?.runs;
        let run = runs.get(runs.partition_point(|run| run.start <= id.1).checked_sub(1)?)?;
        (id.1 < run.start + run.len).then_some(run)
    }

    /// The operation behind a reference, if the change's author had seen it.
    fn seen(&self, reference: &OpId, place: &rules::Place<'_>) -> Option<Id> {
        // Most references are to the change's own author: comparing spares looking them up.
        let author = if reference.actor() == place.actor {
            place.id.0
        } else {
            *self.indices.get(reference.actor())?
        };
        let id = (author, reference.counter());
        let bound = if id.0 == place.id.0 {
            place.id.1 - 1
        } else {
            place.clock.get(id.0).copied().unwrap_or(0)
        };
        (id.1 <= bound).then_some(id)
    }

    fn object(&self, object: &ObjectId, place: &rules::Place<'_>) -> Option<(Id, Kind)> {
        let ObjectId::Id(reference) = object else {
            return None;
        };
        let id = self.seen(reference, place)?;
        Some((id, *self.kinds.get(&id)?))
    }

    fn element(&self, element: &ElementId, place: &rules::Place<'_>, object: Id) -> bool {
        match element {
            ElementId::Head => true,
            ElementId::Id(reference) => self
                .seen(reference, place)
                .and_then(|id| self.run(id))
                .is_some_and(|run| run.object == Some(object) && run.deed == Deed::Insert),
        }
    }
}
