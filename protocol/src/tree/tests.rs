//! The tree against the definition in RFC 6962 §2.1, written down a second time below as plainly as it stands
//! there.

use std::collections::HashMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::cbor;

/// `MTH(D[n])` of RFC 6962 §2.1, over leaf hashes.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => Hash::of(&[]),
        1 => leaves[0],
        n => {
            let k = n.next_power_of_two() / 2;
            Hash::of(&[&[1], &mth(&leaves[..k]).0, &mth(&leaves[k..]).0])
        }
    }
}

/// Leaf hashes of a ledger whose entries are the numbers from 0 on.
fn ledger(size: usize) -> Vec<Hash> {
    (0..size as u64).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn frontier_of(leaves: &[Hash]) -> Frontier {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.push_leaf(*leaf).unwrap());
    frontier
}

/// The items of one catch-up over `from..leaves.len()`: at each position a leaf or some subtree that fits, by
/// `choices`.
fn items(leaves: &[Hash], from: usize, choices: &[u8]) -> Vec<(u8, Hash)> {
    let mut items = Vec::new();
    let mut position = from;
    let mut choices = choices.iter().cycle();
    while position < leaves.len() {
        let tallest = (leaves.len() - position).ilog2().min(position.trailing_zeros());
        let level = u32::from(*choices.next().unwrap()) % (tallest + 1);
        let end = position + (1 << level);
        items.push((level as u8, mth(&leaves[position..end])));
        position = end;
    }
    items
}

fn fold(mut frontier: Frontier, items: &[(u8, Hash)]) -> Result<(u64, Hash), FoldError> {
    for (level, hash) in items {
        frontier.push_subtree(*level, *hash)?;
    }
    Ok((frontier.size(), frontier.root()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_mix_of_leaves_and_subtrees_folds_into_the_signed_root_and_nothing_else_does(
        size in 1usize..300,
        start in any::<prop::sample::Index>(),
        choices in prop::collection::vec(any::<u8>(), 1..40),
        victim in any::<prop::sample::Index>(),
        bit in 0usize..256,
    ) {
        let leaves = ledger(size);
        let from = start.index(size);
        let before = frontier_of(&leaves[..from]);
        let true_items = items(&leaves, from, &choices);
        let signed = (size as u64, mth(&leaves));
        prop_assert_eq!(fold(before.clone(), &true_items), Ok(signed));

        let victim = victim.index(true_items.len());
        let mut altered = true_items.clone();
        altered[victim].1.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(fold(before.clone(), &altered), Ok(signed), "an altered hash went unnoticed");

        let mut shorter = true_items.clone();
        shorter.remove(victim);
        prop_assert_ne!(fold(before.clone(), &shorter), Ok(signed), "an omitted item went unnoticed");

        let mut repeated = true_items.clone();
        repeated.insert(victim, true_items[victim]);
        prop_assert_ne!(fold(before.clone(), &repeated), Ok(signed), "a repeated item went unnoticed");

        let mut swapped = true_items.clone();
        swapped.rotate_left(1);
        if true_items.len() > 1 {
            prop_assert_ne!(fold(before.clone(), &swapped), Ok(signed), "another order went unnoticed");
        }

        // A reader whose own past differs in one leaf cannot be brought to the same root.
        if from > 0 {
            let mut other = leaves[..from].to_vec();
            other[victim % from].0[0] ^= 1;
            prop_assert_ne!(fold(frontier_of(&other), &true_items), Ok(signed), "a rewritten past went unnoticed");
        }
    }

    #[test]
    fn a_trail_goes_back_to_every_size_between_its_pieces(
        size in 0usize..200,
        from in 0usize..200,
        keep in 0usize..40,
        choices in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let leaves = ledger(size);
        let from = from.min(size);
        let pieces = items(&leaves, from, &choices);
        let mut trail = Trail::new(frontier_of(&leaves[..from]));
        trail.extend(&pieces);
        trail.shorten(keep).unwrap();
        let ends = pieces.iter().scan(from, |at, (level, _)| {
            *at += 1 << level;
            Some(*at)
        });
        let ends: Vec<usize> = std::iter::once(from).chain(ends).collect();
        let known = &ends[pieces.len().saturating_sub(keep)..];
        for at in 0..=size + 1 {
            let past = trail.at(at as u64);
            prop_assert_eq!(past.is_some(), known.contains(&at), "{}", at);
            let Some(past) = past else { continue };
            prop_assert_eq!(&past.frontier, &frontier_of(&leaves[..at]));
            let mut frontier = past.frontier;
            let (roots, _) = past.since.as_chunks::<{ Hash::LEN }>();
            for (subtree, root) in cover(at as u64, size as u64).zip(roots) {
                frontier.push_subtree(subtree.level, Hash(*root)).unwrap();
            }
            prop_assert_eq!(frontier, frontier_of(&leaves));
        }
    }

    #[test]
    fn a_frontier_reads_back_what_it_wrote(size in 0usize..600) {
        let frontier = frontier_of(&ledger(size));
        prop_assert_eq!(cbor::decode(&cbor::encode(&frontier)), Ok(frontier));
    }

    #[test]
    fn reading_a_frontier_never_panics_and_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(frontier) = cbor::decode::<Frontier>(&bytes) {
            prop_assert_eq!(cbor::encode(&frontier), bytes);
        }
    }

    #[test]
    fn a_cover_tiles_its_run(from in any::<u64>(), to in any::<u64>()) {
        let mut position = from.min(to);
        let pieces: Vec<_> = cover(position, from.max(to)).collect();
        prop_assert!(pieces.len() < 128);
        for piece in pieces {
            let leaves = piece.leaves().unwrap();
            prop_assert_eq!(leaves.start, position);
            position = leaves.end;
        }
        prop_assert_eq!(position, from.max(to));
    }

    #[test]
    fn a_tile_path_reads_back(level in 0u8..64, index in any::<u64>(), shift in 0u32..64, width in 1usize..=256) {
        let path = TilePath::new(Tile { level, index: index >> shift }, width).unwrap();
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn reading_a_tile_path_never_panics(path in "tile/[0-9x/.p]{0,40}") {
        if let Ok(read) = path.parse::<TilePath>() {
            prop_assert_eq!(read.to_string(), path);
        }
    }
}

#[test]
fn a_cover_is_as_short_as_can_be() {
    for from in 0u64..48 {
        // The fewest aligned pieces that lead from `from` to each position, by trying them all.
        let mut fewest = HashMap::from([(from, 0usize)]);
        for position in from..64 {
            for level in 0..=position.trailing_zeros().min(6) {
                let through = fewest[&position] + 1;
                let best = fewest.entry(position + (1 << level)).or_insert(through);
                *best = through.min(*best);
            }
        }
        for to in from..=64 {
            assert_eq!(cover(from, to).count(), fewest[&to], "{from}..{to}");
        }
    }
    assert_eq!(cover(5, 3).count(), 0);
}

#[test]
fn a_tree_that_is_full_refuses_more_and_stays_as_it_was() {
    let mut full = Frontier::from_parts(u64::MAX, vec![EMPTY_ROOT; 64]).unwrap();
    let before = full.clone();
    assert_eq!(full.push_leaf(EMPTY_ROOT), Err(FoldError::Full));
    assert_eq!(full, before);
    let mut half = Frontier::new();
    half.push_subtree(63, EMPTY_ROOT).unwrap();
    assert_eq!(half.push_subtree(63, EMPTY_ROOT), Err(FoldError::Full));
    assert_eq!(half.push_subtree(64, EMPTY_ROOT), Err(FoldError::Full));
    assert_eq!(Subtree { level: 63, index: 1 }.leaves(), None);
    assert_eq!(Subtree { level: 64, index: 0 }.leaves(), None);
}

/// A store of complete tiles, which insists that each is written once.
#[derive(Default)]
struct Tiles(HashMap<(u8, u64), Vec<Hash>>);

impl Tiles {
    fn keep(&mut self, completed: Vec<CompleteTile>) {
        for CompleteTile { tile, hashes } in completed {
            assert_eq!(hashes.len(), TILE_WIDTH);
            assert_eq!(
                self.0.insert((tile.level, tile.index), hashes),
                None,
                "{tile:?} was completed twice"
            );
        }
    }
}

impl TileSource for Tiles {
    type Hashes = Vec<Hash>;
    type Error = (u8, u64);

    fn tile(&mut self, level: u8, index: u64) -> Result<Vec<Hash>, (u8, u64)> {
        self.0.get(&(level, index)).cloned().ok_or((level, index))
    }
}

/// A ledger of 70,000 entries, the example of C2SP tlog-tiles, grown in uneven batches.
#[test]
fn a_tree_with_its_tiles_is_the_tree_of_the_definition_however_it_grew() {
    let leaves = ledger(70_000);
    let (mut tree, mut tiles) = (Tree::new(), Tiles::default());
    let stops = [
        0, 1, 2, 255, 256, 257, 511, 512, 4096, 5000, 65_535, 65_536, 65_537, 65_792, 70_000,
    ];
    for size in stops {
        let before = tree.clone();
        let completed = tree.append(&leaves[tree.size() as usize..size]).unwrap();
        tiles.keep(completed);
        assert_eq!(
            (tree.size(), tree.root()),
            (size as u64, mth(&leaves[..size])),
            "at {size}"
        );
        assert_eq!(tree.frontier(), &frontier_of(&leaves[..size]));

        let restored = Tree::restore(size as u64, &mut tiles, &leaves[size - size % 256..size]);
        assert_eq!(restored.as_ref(), Ok(&tree), "restored at {size}");
        assert_eq!(
            before.root(),
            mth(&leaves[..before.size() as usize]),
            "a clone is a way back"
        );

        for subtree in cover(0, size as u64).chain(cover(size as u64 / 3, size as u64)) {
            let range = subtree.leaves().unwrap();
            let expected = mth(&leaves[range.start as usize..range.end as usize]);
            assert_eq!(
                tree.subtree_root(subtree, &mut tiles),
                Ok(expected),
                "{subtree:?} at {size}"
            );
        }
    }
    // The figures of the specification's own example.
    assert_eq!(tiles.0.keys().filter(|(level, _)| *level == 0).count(), 273);
    assert_eq!(tiles.0.keys().filter(|(level, _)| *level == 1).count(), 1);
    assert_eq!(
        [0, 1, 2, 3].map(|level| tree.partial(level).len()),
        [112, 17, 1, 0]
    );
    assert_eq!(
        [0, 1, 2].map(|level| Tile { level, index: 0 }.width_at(70_000)),
        [256, 256, 1]
    );
    assert_eq!(Tile { level: 0, index: 273 }.width_at(70_000), 112);
}

#[test]
fn the_past_of_a_tree_is_computed_from_its_tiles() {
    let leaves = ledger(1500);
    let mut tree = Tree::new();
    let mut tiles = Tiles::default();
    tiles.keep(tree.append(&leaves).unwrap());
    let mut all = |level: u8, index: u64| match tiles.tile(level, index) {
        Ok(complete) => Ok(complete),
        Err(_) => Ok::<_, Infallible>(tree.partial(level).to_vec()),
    };
    for size in [0, 1, 255, 256, 700, 1499, 1500] {
        assert_eq!(
            frontier_at(size as u64, &mut all),
            Ok(frontier_of(&leaves[..size]))
        );
    }
    let short = SubtreeError::Short {
        tile: Tile { level: 0, index: 5 },
    };
    assert_eq!(frontier_at(1501, &mut all), Err(short));
}

#[test]
fn what_a_tree_does_not_hold_it_does_not_answer_for() {
    let (mut tree, mut tiles) = (Tree::new(), Tiles::default());
    tiles.keep(tree.append(&ledger(300)).unwrap());
    let beyond = |level, index| tree.subtree_root(Subtree { level, index }, &mut Tiles::default());
    assert_eq!(
        beyond(0, 300),
        Err(SubtreeError::Short {
            tile: Tile { level: 0, index: 1 }
        })
    );
    assert_eq!(
        beyond(0, 512),
        Err(SubtreeError::Short {
            tile: Tile { level: 0, index: 2 }
        })
    );
    assert_eq!(
        beyond(8, 1),
        Err(SubtreeError::Short {
            tile: Tile { level: 1, index: 0 }
        })
    );
    assert_eq!(
        beyond(64, 0),
        Err(SubtreeError::Beyond(Subtree { level: 64, index: 0 }))
    );
    assert_eq!(
        beyond(0, 7),
        Err(SubtreeError::Source((0, 0))),
        "the store lost a tile"
    );
}

#[test]
fn a_damaged_store_restores_no_tree() {
    let leaves = ledger(600);
    let (mut tree, mut tiles) = (Tree::new(), Tiles::default());
    tiles.keep(tree.append(&leaves).unwrap());
    let tail = &leaves[512..];
    assert_eq!(
        Tree::restore(600, &mut tiles, &tail[1..]),
        Err(RestoreError::Tail {
            expected: 88,
            found: 87
        }),
    );
    assert_eq!(
        Tree::restore(600, &mut Tiles::default(), tail),
        Err(RestoreError::Source((0, 0)))
    );

    tiles.0.get_mut(&(0, 1)).unwrap().pop();
    let incomplete = RestoreError::Incomplete {
        tile: Tile { level: 0, index: 1 },
        found: 255,
    };
    assert_eq!(Tree::restore(600, &mut tiles, tail), Err(incomplete));

    tiles.0.insert((0, 1), vec![EMPTY_ROOT; 256]);
    let other = Tree::restore(600, &mut tiles, tail).unwrap();
    assert_ne!(other.root(), tree.root(), "an altered tile shows in the root");
}

#[test]
fn a_tile_is_its_hashes_end_to_end() {
    let hashes = ledger(256);
    let bytes = encode_tile(&hashes);
    assert_eq!(bytes.len(), 8192);
    assert_eq!(decode_tile(&bytes), Some(hashes.clone()));
    assert_eq!(decode_tile(&bytes[..32]), Some(hashes[..1].to_vec()));
    assert_eq!(decode_tile(&bytes[..33]), None);
    assert_eq!(decode_tile(&[]), None);
    assert_eq!(decode_tile(&[0; 8224]), None);
}
