//! What a reader keeps of a tree.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{EMPTY_ROOT, node_hash};
use crate::ids::Hash;

/// A tree's size and the roots of the complete subtrees that it is made of, largest (leftmost) first.
///
/// Leaves and whole subtrees are folded into its right edge; the root that results commits to all of them and
/// to everything that was there before. Holds one root for each bit that is set in the size, so at most 64.
///
/// Encodes as the CBOR array `[size, [root, …]]`, with exactly as many roots as the size calls for. Read it
/// back with [`crate::cbor::decode`], which refuses longer spellings of the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// Invariant: `size.count_ones()` roots, each for one set bit of the size, from the highest down.
    roots: Vec<Hash>,
}

/// What was to be folded into a frontier does not fit there. Whoever sent it is at fault; the frontier is
/// unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FoldError {
    /// A subtree of `2^level` leaves begins only at multiples of `2^level`.
    #[error("a subtree of level {level} cannot begin at position {size}; ask for the run again from there")]
    Misaligned {
        /// Where it would have begun.
        size: u64,
        /// The height of the subtree.
        level: u8,
    },
    /// A tree's size is a 64-bit number.
    #[error("a tree cannot hold more than 2^64 - 1 leaves; start a new ledger")]
    Full,
}

impl Frontier {
    /// The frontier of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier with these parts, the roots largest first; `None` unless there is one root for each bit
    /// set in the size. The roots are taken at their word: compare [`root`](Self::root) with something
    /// signed.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Self { size, roots })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first: those of [`cover`](super::cover) over `0..size`.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds one leaf, by its [`leaf_hash`](super::leaf_hash).
    ///
    /// # Errors
    /// [`FoldError::Full`].
    pub fn push_leaf(&mut self, leaf: Hash) -> Result<(), FoldError> {
        self.push_subtree(0, leaf)
    }

    /// Adds the `2^level` leaves of a complete subtree, by its root.
    ///
    /// # Errors
    /// [`FoldError::Misaligned`] unless the size is a multiple of `2^level`; [`FoldError::Full`].
    pub fn push_subtree(&mut self, level: u8, root: Hash) -> Result<(), FoldError> {
        let leaves = 1u64.checked_shl(level.into()).ok_or(FoldError::Full)?;
        if !self.size.is_multiple_of(leaves) {
            return Err(FoldError::Misaligned {
                size: self.size,
                level,
            });
        }
        let size = self.size.checked_add(leaves).ok_or(FoldError::Full)?;
        // Adding 2^level to the size carries through each set bit from there up. Every carry joins two
        // complete subtrees of one height; the invariant on `roots` says that there is a root for each.
        let carries = (self.size >> level).trailing_ones() as usize;
        let kept = self.roots.len() - carries;
        let joined = self
            .roots
            .drain(kept..)
            .rev()
            .fold(root, |right, left| node_hash(&left, &right));
        self.roots.push(joined);
        self.size = size;
        Ok(())
    }

    /// The root of the whole tree; [`EMPTY_ROOT`] without leaves.
    pub fn root(&self) -> Hash {
        let smallest_first = self.roots.iter().rev().copied();
        smallest_first
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT)
    }
}

impl<C> Encode<C> for Frontier {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(2)?.u64(self.size)?.encode_with(&self.roots, ctx)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Frontier {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let start = d.position();
        if d.array()? != Some(2) {
            return Err(decode::Error::message("a frontier is an array of two").at(start));
        }
        let size = d.u64()?;
        let count = u64::from(size.count_ones());
        // The count is checked before anything is read, so that no more than 64 roots are ever held.
        if d.array()? != Some(count) {
            return Err(
                decode::Error::message("a frontier has one root for each bit set in its size").at(start),
            );
        }
        let roots = (0..count).map(|_| d.decode_with(ctx)).collect::<Result<_, _>>()?;
        Ok(Self { size, roots })
    }
}
