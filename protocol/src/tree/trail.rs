//! The way that a frontier came.

use std::collections::VecDeque;

use super::{FoldError, Frontier, cover};
use crate::ids::Hash;

/// What was folded lately, in order, and the frontier that it began at. A frontier alone cannot go back; this goes back to
/// every size that lay between two of the pieces it holds.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    start: Frontier,
    pieces: VecDeque<(u8, Hash)>,
}

/// A tree as it was at an earlier size, and what came since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The frontier at that size.
    pub frontier: Frontier,
    /// The roots of [`cover`] from there to the trail's end, 32 bytes each.
    pub since: Vec<u8>,
}

impl Trail {
    /// A trail that begins at a frontier.
    pub const fn new(start: Frontier) -> Self {
        Self {
            start,
            pieces: VecDeque::new(),
        }
    }

    /// Adds complete subtrees, by height and root, that were folded one after the other into the frontier at its end.
    pub fn extend(&mut self, pieces: &[(u8, Hash)]) {
        self.pieces.extend(pieces);
    }

    /// Forgets the beginning, but for so many pieces.
    ///
    /// # Errors
    /// [`FoldError`] where the pieces do not follow each other: whoever added them is at fault.
    pub fn shorten(&mut self, pieces: usize) -> Result<(), FoldError> {
        let surplus = self.pieces.len().saturating_sub(pieces);
        for (level, root) in self.pieces.drain(..surplus) {
            self.start.push_subtree(level, root)?;
        }
        Ok(())
    }

    /// The tree at an earlier size; `None` where that lies before the trail, beyond it, or within a piece.
    pub fn at(&self, size: u64) -> Option<Past> {
        if size < self.start.size() {
            return None;
        }
        let mut frontier = self.start.clone();
        let mut pieces = self.pieces.iter();
        while frontier.size() < size {
            let (level, root) = pieces.next()?;
            frontier.push_subtree(*level, *root).ok()?;
        }
        if frontier.size() != size {
            return None;
        }
        let rest: Vec<(u8, Hash)> = pieces.copied().collect();
        let width = |pieces: &[(u8, Hash)]| pieces.iter().map(|(level, _)| 1u64 << level).sum::<u64>();
        let end = size.checked_add(width(&rest))?;
        let mut rest = rest.into_iter();
        let mut since = Vec::new();
        for subtree in cover(size, end) {
            // Each piece is aligned and lies within one of the subtrees, so folded by itself it gives the subtree's root.
            let mut within = Frontier::new();
            while within.size() < 1 << subtree.level {
                let (level, root) = rest.next()?;
                within.push_subtree(level, root).ok()?;
            }
            since.extend_from_slice(within.root().as_bytes());
        }
        Some(Past { frontier, since })
    }
}
