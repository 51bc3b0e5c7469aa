//! Complete subtrees, and the fewest of them that tile a run of leaves.

use std::ops::Range;

/// A complete subtree: the `2^level` leaves from position `index · 2^level` on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subtree {
    /// Its height, 0 (one leaf) to 63.
    pub level: u8,
    /// How many subtrees of the same height stand to its left.
    pub index: u64,
}

impl Subtree {
    /// The positions of its leaves; `None` if they do not fit in 64 bits, so that no tree can hold it.
    pub fn leaves(&self) -> Option<Range<u64>> {
        let width = 1u64.checked_shl(self.level.into())?;
        let start = self.index.checked_mul(width)?;
        Some(start..start.checked_add(width)?)
    }
}

/// The shortest list of complete subtrees that tiles the leaves `from..to`, in order.
///
/// This is what a relay sends for a run that a reader may not see: at most two subtrees of each height, so
/// fewer than 128 hashes for any run. Empty when `from >= to`.
pub fn cover(from: u64, to: u64) -> impl Iterator<Item = Subtree> + Clone {
    let mut position = from;
    std::iter::from_fn(move || {
        let left = to.checked_sub(position)?;
        // The tallest that both fits and is aligned. `ilog2` is below 64, which bounds the empty alignment of
        // 0.
        let level = left.checked_ilog2()?.min(position.trailing_zeros());
        let subtree = Subtree {
            level: level as u8,
            index: position >> level,
        };
        position += 1 << level;
        Some(subtree)
    })
}
