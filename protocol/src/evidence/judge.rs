//! The judge: bytes in, a verdict out. It knows nothing but the file, and believes none of it before a signature says so.

use super::{Contradiction, Evidence, Miscounted, Placed, Proof, Rewritten, Unproven, VERSION, Verdict};
use crate::checkpoint::{CompactCheckpoint, ledger_origin};
use crate::counts::{SignedCounts, digest};
use crate::entry::{Parsed, Signed};
use crate::ids::VerifyingKey;
use crate::roster::{Era, Roster};
use crate::rule::Rule;
use crate::state::{State, verify_genesis};
use crate::statement::Body;
use crate::stream::Stream;
use crate::tree::leaf_hash;
use crate::wire::{Item, RootsItem};
use crate::{cbor, limits};

/// Judges an evidence file.
///
/// # Errors
/// [`Unproven`], with what keeps it from proving anything. Whoever made the file is then at fault, or whatever cut it.
pub fn judge(file: &[u8]) -> Result<Verdict, Unproven> {
    if file.len() > limits::EVIDENCE {
        return Err(Unproven::Form(Rule::TooLarge));
    }
    // E1. The version is the second byte, so that a later file says so whatever else is in it.
    if file.len() > 1 && file[0] == 0x84 && file[1] != VERSION {
        return Err(Unproven::Version);
    }
    let evidence: Evidence = cbor::decode(file).map_err(Unproven::Form)?;
    let roster = chain(evidence.genesis, &evidence.turns).map_err(|rule| Unproven::Chain { rule })?;
    let bench = Bench { roster };
    let practice = *bench.roster.practice();
    let origin = ledger_origin(bench.roster.origin(), &practice);
    let (keys, contradiction) = match evidence.proof {
        Proof::Roots(first, second) => bench.roots(&first, &second)?,
        Proof::Rewritten(rewritten) => bench.rewritten(rewritten)?,
        Proof::Counts(miscounted) => bench.counts(&miscounted)?,
    };
    Ok(Verdict {
        practice,
        origin,
        keys,
        contradiction,
    })
}

/// E2: the practice chain, replayed from genesis by its own rules.
fn chain(genesis: Signed, turns: &[Placed]) -> Result<Roster, Rule> {
    let mut state = State::found(0, &verify_genesis(Parsed::parse(genesis)?)?)?;
    let practice = *state.practice();
    let mut last = 0;
    for Placed { position, leaf } in turns {
        let parsed = Parsed::parse(leaf.signed.clone())?;
        if !matches!(parsed.statement().body, Body::Roster(_)) {
            return Err(Rule::Malformed);
        }
        if *position <= last || leaf.stream_seq != state.count(&Stream::Roster) {
            return Err(Rule::StreamGap);
        }
        let key = state.signing_key(parsed.statement())?;
        let verified = parsed.verify(&key, &practice)?;
        state.apply(*position, leaf.received, &verified)?;
        last = *position;
    }
    Ok(state.roster)
}

/// What signatures are judged by.
struct Bench {
    roster: Roster,
}

type Found = Result<([VerifyingKey; 2], Contradiction), Unproven>;

impl Bench {
    /// E3: the key that signed a checkpoint, one that may have, at its size; and what the ledger was called then.
    fn signer(&self, checkpoint: &CompactCheckpoint) -> Result<(Era, VerifyingKey), Unproven> {
        self.roster.signed(checkpoint).ok_or(Unproven::Signature)
    }

    /// E3: the same for counts.
    fn counter(&self, signed: &SignedCounts) -> Result<(Era, VerifyingKey), Unproven> {
        let size = signed.counts.checkpoint.size;
        let found = self.roster.eras().find_map(|era| {
            let mut keys = self.roster.keys_in(&era, size);
            let key = keys.find(|key| signed.verify(&era.ledger, key).is_ok());
            key.map(|key| (era, key))
        });
        found.ok_or(Unproven::Signature)
    }

    /// E4.
    fn roots(&self, first: &CompactCheckpoint, second: &CompactCheckpoint) -> Found {
        let [(era, key), (other, by)] = [self.signer(first)?, self.signer(second)?];
        let keys = [key, by];
        if first.size != second.size {
            return Err(Unproven::Unconnected);
        }
        // E7: beyond what two eras share, each is a ledger of its own.
        if first.root == second.root || first.size > era.shared(&other) {
            return Err(Unproven::Consistent);
        }
        let (size, roots) = (first.size, [first.root, second.root]);
        Ok((keys, Contradiction::TwoRoots { size, roots }))
    }

    /// E5: a root commits to everything below it, so what leads to it is what the relay signed.
    fn rewritten(&self, rewritten: Rewritten) -> Found {
        let Rewritten {
            earlier,
            mut frontier,
            since,
            later,
        } = rewritten;
        let [(era, key), (other, by)] = [self.signer(&earlier)?, self.signer(&later)?];
        let keys = [key, by];
        let size = frontier.size();
        if earlier.size != size || later.size <= size {
            return Err(Unproven::Unconnected);
        }
        let led = frontier.root();
        let run = RootsItem {
            entries: later.size - size,
            roots: since,
        };
        let folded = run.fold_into(&mut frontier);
        if folded.is_err() || frontier.root() != later.root {
            return Err(Unproven::Unconnected);
        }
        if led == earlier.root || size > era.shared(&other) {
            return Err(Unproven::Consistent);
        }
        let contradiction = Contradiction::Rewritten {
            size,
            signed: earlier.root,
            led,
            later: later.size,
        };
        Ok((keys, contradiction))
    }

    /// E6: an entry with the number *q* of its stream at position *p* says that the stream had *q* entries before it, of which
    /// no more can stand at or after *n* than there is room for in between.
    fn counts(&self, proof: &Miscounted) -> Found {
        let counts = &proof.signed.counts;
        let size = counts.checkpoint.size;
        let [(era, key), (other, by)] = [self.counter(&proof.signed)?, self.signer(&proof.checkpoint)?];
        let keys = [key, by];
        // E7: where counts are of what was abandoned too, they say something of the entries before that alone.
        let shared = era.shared(&other);
        let until = if size <= shared { u64::MAX } else { shared };
        if digest(&proof.counts) != counts.digest {
            return Err(Unproven::Unconnected);
        }
        // A stream that is not counted is one that the reader was not entitled to, for all that the file says.
        let signed = *proof.counts.get(&proof.stream).ok_or(Unproven::Unconnected)?;
        let mut frontier = proof.frontier.clone();
        let mut found = None;
        // Positions from `size` on that are shown to be of other streams.
        let mut others = 0;
        for item in &proof.items {
            let position = frontier.size();
            match item {
                Item::Roots(run) => run.fold_into(&mut frontier).map_err(|_| Unproven::Unconnected)?,
                Item::Entry(entry) => {
                    frontier
                        .push_leaf(leaf_hash(&entry.leaf.encode()))
                        .map_err(|_| Unproven::Unconnected)?;
                    let parsed = Parsed::parse(entry.leaf.signed.clone()).map_err(Unproven::Form)?;
                    if entry.payload.is_some() {
                        return Err(Unproven::Form(Rule::PayloadKind));
                    }
                    if position >= until {
                        continue;
                    }
                    if parsed.statement().stream() == proof.stream {
                        let number = entry.leaf.stream_seq;
                        let room = position.saturating_sub(size).saturating_sub(others);
                        let least = if position < size {
                            number.saturating_add(1)
                        } else {
                            number.saturating_sub(room)
                        };
                        let too_many = position >= size && signed > number;
                        if signed < least || too_many {
                            found.get_or_insert((position, number));
                        }
                    } else if position >= size {
                        others += 1;
                    }
                }
            }
        }
        if frontier.size() != proof.checkpoint.size || frontier.root() != proof.checkpoint.root {
            return Err(Unproven::Unconnected);
        }
        let (position, number) = found.ok_or(Unproven::Consistent)?;
        let contradiction = Contradiction::Miscounted {
            stream: proof.stream,
            size,
            signed,
            position,
            number,
        };
        Ok((keys, contradiction))
    }
}
