//! The Merkle tree that commits to a ledger (RFC 6962 §2.1, RFC 9162 §2.1.1).
//!
//! ```text
//! MTH({})     = SHA-256()
//! MTH({d})    = SHA-256(0x00 ‖ d)
//! MTH(D[0:n]) = SHA-256(0x01 ‖ MTH(D[0:k]) ‖ MTH(D[k:n]))      k the largest power of two below n
//! ```
//!
//! * [`Frontier`]: what a reader keeps of a tree, and folds everything it receives into.
//! * [`Trail`]: what it folded lately, to say which root the tree had on the way.
//! * [`cover`]: the subtrees that stand in for a run of leaves that a reader may not see.
//! * [`Tree`]: what a log server keeps; with [`Tile`] and [`TilePath`], the C2SP tlog-tiles layout.
//! * [`prove_consistency`], [`is_consistent`]: what a witness is shown.
//! * [`subtree_root`], [`frontier_at`]: any part of the past, computed from stored tiles.

mod consistency;
mod cover;
mod frontier;
mod growing;
mod source;
mod tile;
mod tile_path;
mod trail;

#[cfg(test)]
mod tests;

pub use consistency::{MAX_PROOF, is_consistent, prove_consistency};
pub use cover::{Subtree, cover};
pub use frontier::{FoldError, Frontier};
pub use growing::{CompleteTile, RestoreError, Tree};
pub use source::{SubtreeError, TileSource, frontier_at, subtree_root};
pub use tile::{TILE_WIDTH, Tile, decode_tile, encode_tile};
pub use tile_path::{TilePath, TilePathError};
pub use trail::{Past, Trail};

use crate::ids::Hash;

/// Domain of a leaf's hash (RFC 6962 §2.1).
const LEAF: u8 = 0x00;
/// Domain of an inner node's hash (RFC 6962 §2.1). Apart from [`LEAF`], so that no node can pass for a leaf.
const NODE: u8 = 0x01;

/// The root of the tree without leaves: SHA-256 of nothing (RFC 6962 §2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// `SHA-256(0x00 ‖ leaf)` (RFC 6962 §2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of(&[&[LEAF], leaf])
}

/// `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[NODE], &left.0, &right.0])
}
