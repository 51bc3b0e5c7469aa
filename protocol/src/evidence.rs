//! Evidence of a dishonest relay: a file that anyone judges, with nothing beside it.
//!
//! What convicts is always the ledger key's own signature, twice: two things that it signed cannot both be true of one
//! ledger. Who held the key is for people to know; the verdict names it, and they compare it with the relay's.
//!
//! | proof | the key signed | and also |
//! | --- | --- | --- |
//! | [`Proof::Roots`] | one root for a size | another root for that size |
//! | [`Proof::Rewritten`] | a root for a size | a larger tree, which had another root at that size |
//! | [`Proof::Counts`] | how many entries a stream has | a tree with an entry that those counts leave no place for |
//!
//! An honest relay signs one root for each size, of one tree that only grows, and counts what is in it: it signs none of
//! these pairs, whatever crashes, and whoever collects what it signed. A relay that an admin resumed after a restore signs
//! under another name from there on ([`crate::roster::Resumption`]): what it signed before and after contradicts itself only
//! where both are of what it still had.

mod judge;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::cbor;
use crate::checkpoint::CompactCheckpoint;
use crate::counts::SignedCounts;
use crate::entry::{Leaf, Signed};
use crate::ids::{Hash, PracticeId, VerifyingKey};
use crate::rule::Rule;
use crate::stream::Stream;
use crate::tree::Frontier;
use crate::wire::Item;

pub use judge::judge;

/// The format's version.
pub const VERSION: u8 = 1;

/// What an evidence file holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Evidence {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// Genesis, which pins the ledger key.
    #[n(1)]
    pub genesis: Signed,
    /// The practice chain after genesis, up to the statement that turned the ledger key, or resumed the ledger, last; nothing
    /// where there was none.
    #[n(2)]
    pub turns: Vec<Placed>,
    /// What contradicts itself.
    #[n(3)]
    pub proof: Proof,
}

/// An entry of the practice chain, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Placed {
    /// Position in the ledger, from 0.
    #[n(0)]
    pub position: u64,
    /// The entry.
    #[n(1)]
    pub leaf: Leaf,
}

/// Two signatures that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Proof {
    /// Two checkpoints of one size.
    #[n(0)]
    Roots(#[n(0)] CompactCheckpoint, #[n(1)] CompactCheckpoint),
    /// Two checkpoints of different sizes, the larger of which led through another root.
    #[n(1)]
    Rewritten(#[n(0)] Rewritten),
    /// Counts, and an entry that they leave no place for.
    #[n(2)]
    Counts(#[n(0)] Miscounted),
}

/// A history that was rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Rewritten {
    /// What the relay signed of the smaller tree.
    #[n(0)]
    pub earlier: CompactCheckpoint,
    /// The frontier that the larger tree had at that size.
    #[n(1)]
    pub frontier: Frontier,
    /// The roots of the fewest subtrees that cover the entries between the two sizes, 32 bytes each.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub since: Vec<u8>,
    /// What the relay signed of the larger tree: frontier and roots lead to it.
    #[n(3)]
    pub later: CompactCheckpoint,
}

/// Counts that are not those of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Miscounted {
    /// What the relay signed.
    #[n(0)]
    pub signed: SignedCounts,
    /// The counts that the signed digest is of.
    #[n(1)]
    pub counts: BTreeMap<Stream, u64>,
    /// The stream that is miscounted.
    #[n(2)]
    pub stream: Stream,
    /// A frontier of the tree.
    #[n(3)]
    pub frontier: Frontier,
    /// What leads from there to the checkpoint, the contradicting entry among it; without payloads.
    #[n(4)]
    pub items: Vec<Item>,
    /// What the relay signed of the tree.
    #[n(5)]
    pub checkpoint: CompactCheckpoint,
}

/// What a file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The practice whose ledger it is.
    pub practice: PracticeId,
    /// The name that the ledger's checkpoints are signed under: the relay's origin and the practice.
    pub origin: String,
    /// The keys that signed the one and the other; the same, unless the ledger key was turned in between.
    pub keys: [VerifyingKey; 2],
    /// What they signed.
    pub contradiction: Contradiction,
}

/// Two statements of a relay, of which one is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// Two roots for one size.
    TwoRoots {
        /// The size, in entries.
        size: u64,
        /// The roots.
        roots: [Hash; 2],
    },
    /// A tree that did not grow out of the one that was signed before.
    Rewritten {
        /// The smaller size, in entries.
        size: u64,
        /// The root that was signed for it.
        signed: Hash,
        /// The root that the larger tree had at that size.
        led: Hash,
        /// The larger size, in entries.
        later: u64,
    },
    /// A stream that holds another number of entries than were counted.
    Miscounted {
        /// The stream.
        stream: Stream,
        /// The size at which it was counted, in entries.
        size: u64,
        /// The count that was signed.
        signed: u64,
        /// Where the contradicting entry stands.
        position: u64,
        /// Its number within the stream, from 0.
        number: u64,
    },
}

/// Why a file proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// E1: it is no evidence file, it was cut or altered, or it is too long.
    #[error("it is not a whole evidence file")]
    Form(Rule),
    /// E1: a later program wrote it.
    #[error("it is of a later version than this program judges")]
    Version,
    /// E2: the practice chain in it does not hold.
    #[error("the practice chain in it breaks rule R{}: {rule}", .rule.number())]
    Chain {
        /// The rule.
        rule: Rule,
    },
    /// E3: something in it is not signed by a ledger key of this practice that may have signed it.
    #[error("the ledger's key did not sign it")]
    Signature,
    /// E4, E5, E6: its parts do not belong together.
    #[error("its parts do not belong together")]
    Unconnected,
    /// E4, E5, E6: what is in it is signed and true together.
    #[error("everything in it can be true at once")]
    Consistent,
}

impl Evidence {
    /// Evidence by a practice chain and a proof.
    pub const fn new(genesis: Signed, turns: Vec<Placed>, proof: Proof) -> Self {
        Self {
            version: VERSION,
            genesis,
            turns,
            proof,
        }
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }
}
