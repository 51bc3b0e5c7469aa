//! Consistency proofs (RFC 6962 §2.1.2, RFC 9162 §2.1.4): what a witness asks for. Readers of a ledger need none of them;
//! the stream that they fold is their proof.

use super::{EMPTY_ROOT, Subtree, cover, node_hash};
use crate::ids::Hash;

/// Longest proof between any two trees of fewer than 2^63 leaves, in hashes (C2SP tlog-witness).
pub const MAX_PROOF: usize = 63;

/// The proof that the tree of `new` leaves begins with the `old` leaves of an earlier one: `PROOF(old, D[0:new])`.
///
/// Empty where nothing needs to be proven: for `old` of 0, for `old >= new`. At most [`MAX_PROOF`] + 1 hashes; each subtree's
/// root is asked for once.
///
/// # Errors
/// Whatever `root` answers where a subtree cannot be read.
pub fn prove_consistency<E>(
    old: u64,
    new: u64,
    mut root: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    // SUBPROOF(m, D[start:end], known): walked down without recursion; the hashes come out last first.
    let (mut start, mut end, mut known) = (0, new, true);
    while old != end {
        let split = start + largest_power_below(end - start);
        if old <= split {
            proof.push(range_root(split, end, &mut root)?);
            end = split;
        } else {
            proof.push(range_root(start, split, &mut root)?);
            (start, known) = (split, false);
        }
    }
    if !known {
        proof.push(range_root(start, end, &mut root)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows that the tree of `new` leaves and root `new_root` begins with that of `old` leaves and root
/// `old_root` (RFC 9162 §2.1.4.2). Every tree begins with the empty one, and each with itself; the proof is then empty.
pub fn is_consistent(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 {
        return proof.is_empty() && *old_root == EMPTY_ROOT && (new > 0 || *new_root == EMPTY_ROOT);
    }
    if old >= new {
        return old == new && proof.is_empty() && old_root == new_root;
    }
    let first = old.is_power_of_two().then_some(*old_root);
    let mut path = first.into_iter().chain(proof.iter().copied());
    let (mut left, mut right) = (old - 1, new - 1);
    let shift = left.trailing_ones();
    (left, right) = (left >> shift, right >> shift);
    let Some(seed) = path.next() else { return false };
    let (mut from_old, mut from_new) = (seed, seed);
    for hash in path {
        if right == 0 {
            return false;
        }
        if left & 1 == 1 || left == right {
            from_old = node_hash(&hash, &from_old);
            from_new = node_hash(&hash, &from_new);
            let shift = if left == 0 { 0 } else { left.trailing_zeros() };
            (left, right) = (left >> shift, right >> shift);
        } else {
            from_new = node_hash(&from_new, &hash);
        }
        (left, right) = (left >> 1, right >> 1);
    }
    right == 0 && from_old == *old_root && from_new == *new_root
}

/// `MTH(D[from:to])`, for a run that is a subtree of the whole tree.
fn range_root<E>(from: u64, to: u64, root: &mut impl FnMut(Subtree) -> Result<Hash, E>) -> Result<Hash, E> {
    let parts: Vec<Hash> = cover(from, to).map(root).collect::<Result<_, E>>()?;
    let folded = parts
        .into_iter()
        .rev()
        .reduce(|right, left| node_hash(&left, &right));
    Ok(folded.unwrap_or(EMPTY_ROOT))
}

/// The largest power of two below a number that is at least 2.
const fn largest_power_below(number: u64) -> u64 {
    1 << (number - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::tree::{Frontier, leaf_hash};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn root_of(leaves: &[Hash]) -> Hash {
        let mut frontier = Frontier::new();
        leaves.iter().for_each(|leaf| frontier.push_leaf(*leaf).unwrap());
        frontier.root()
    }

    fn proof(leaves: &[Hash], old: u64, new: u64) -> Vec<Hash> {
        let read = |subtree: Subtree| {
            let range = subtree.leaves().unwrap();
            Ok::<_, Infallible>(root_of(&leaves[range.start as usize..range.end as usize]))
        };
        prove_consistency(old, new, read).unwrap()
    }

    #[test]
    fn every_tree_is_consistent_with_every_earlier_one_and_with_no_other() {
        let leaves = leaves(70);
        let roots: Vec<Hash> = (0..=70).map(|n| root_of(&leaves[..n])).collect();
        for new in 0..=70usize {
            for old in 0..=new {
                let proof = proof(&leaves, old as u64, new as u64);
                let holds = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
                    is_consistent(old as u64, old_root, new as u64, new_root, proof)
                };
                assert!(holds(&roots[old], &roots[new], &proof), "{old} of {new}");
                assert!(proof.len() <= 2 * 7);
                let other = leaf_hash(b"another history");
                assert!(!holds(&other, &roots[new], &proof), "{old} of {new}");
                if old > 0 {
                    assert!(!holds(&roots[old], &other, &proof), "{old} of {new}");
                }
                let longer = [&proof[..], &[other]].concat();
                assert!(!holds(&roots[old], &roots[new], &longer), "{old} of {new}");
                for at in 0..proof.len() {
                    let mut altered = proof.clone();
                    altered[at] = other;
                    assert!(!holds(&roots[old], &roots[new], &altered), "{old} of {new}");
                    altered.remove(at);
                    assert!(!holds(&roots[old], &roots[new], &altered), "{old} of {new}");
                }
            }
        }
    }

    #[test]
    fn proofs_are_those_of_the_rfc() {
        // RFC 6962 §2.1.3: of a tree of seven leaves, PROOF(3, D[7]) = [c, d, g, l], PROOF(4, D[7]) = [l],
        // PROOF(6, D[7]) = [i, j, k].
        let d = leaves(7);
        let (g, h, i) = (root_of(&d[0..2]), root_of(&d[2..4]), root_of(&d[4..6]));
        let (j, k, l) = (d[6], node_hash(&g, &h), root_of(&d[4..7]));
        assert_eq!(proof(&d, 3, 7), [d[2], d[3], g, l]);
        assert_eq!(proof(&d, 4, 7), [l]);
        assert_eq!(proof(&d, 6, 7), [i, j, k]);
    }

    #[test]
    fn sizes_at_the_edge_of_what_a_number_holds_are_only_refused() {
        let hash = leaf_hash(b"");
        for (old, new) in [
            (1, u64::MAX),
            (u64::MAX - 1, u64::MAX),
            (u64::MAX, u64::MAX),
            (u64::MAX, 1),
        ] {
            let _ = is_consistent(old, &hash, new, &hash, &[hash; 64]);
            assert!(!is_consistent(old, &hash, new, &leaf_hash(b"b"), &[hash; 64]));
        }
    }
}
