//! What a Troth relay and its clients agree on.
//!
//! A practice is a ledger: an append-only log of signed [`statement`]s, committed by one Merkle [`tree`]. Read in this order:
//!
//! 1. [`statement`]: what can be said, and [`entry`]: how it is signed, parsed and hashed into a leaf.
//! 2. [`state`]: what a ledger's statements amount to. [`roster`] replays the practice chain, [`document`] a document's
//!    control chain and its authors' chains. Both are pure; relay and clients run the same code. Every check cites a [`rule`].
//! 3. [`tree`] and [`checkpoint`]: how a client proves to itself that what it was sent is the ledger.
//! 4. [`visibility`] and [`counts`]: who may see which entry, and how a reader knows that nothing was withheld.
//! 5. [`evidence`]: what a relay signed that cannot all be true, for anyone to judge.
//! 6. [`wire`]: the messages of the one connection between a device and its relay.
//!
//! Nothing here reads a clock, a disk or a socket, or holds a key that opens content.

pub mod cbor;
pub mod checkpoint;
pub mod counts;
pub mod document;
pub mod entry;
pub mod evidence;
pub mod ids;
pub mod keys;
pub mod labels;
pub mod limits;
pub mod roster;
pub mod rule;
pub mod signature;
pub mod state;
pub mod statement;
pub mod stream;
pub mod tree;
pub mod visibility;
pub mod wire;
pub mod witness;
