//! Mutations from a seed: what a machine without a fuzzer throws, the same on every machine.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Values that counts and lengths are tried with.
const EDGES: [u8; 12] = [0, 1, 0x17, 0x18, 0x1b, 0x40, 0x5b, 0x7f, 0x80, 0x9b, 0xf6, 0xff];

/// The inputs of one target's ordinary run: `rounds` mutations of a corpus, from a seed.
pub fn of(corpus: &[Vec<u8>], seed: u64, rounds: u32, longest: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..rounds).map(move |_| {
        let mut input = pick(&mut rng, corpus);
        for _ in 0..rng.random_range(1..5) {
            change(&mut rng, &mut input, corpus);
        }
        input.truncate(longest);
        input
    })
}

fn pick(rng: &mut StdRng, corpus: &[Vec<u8>]) -> Vec<u8> {
    if corpus.is_empty() {
        return (0..rng.random_range(0..64)).map(|_| rng.random()).collect();
    }
    corpus[rng.random_range(0..corpus.len())].clone()
}

fn change(rng: &mut StdRng, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    if input.is_empty() {
        input.push(rng.random());
    }
    let at = rng.random_range(0..input.len());
    match rng.random_range(0..9) {
        0 => input[at] ^= 1 << rng.random_range(0..8),
        1 => input[at] = rng.random(),
        2 => input[at] = EDGES[rng.random_range(0..EDGES.len())],
        3 => drop(input.remove(at)),
        4 => input.insert(at, EDGES[rng.random_range(0..EDGES.len())]),
        5 => input.truncate(at),
        6 => {
            // A stretch again, as arrays with one element too many have it.
            let end = rng.random_range(at..=input.len().min(at + 64));
            let stretch = input[at..end].to_vec();
            input.splice(at..at, stretch);
        }
        7 => {
            let other = pick(rng, corpus);
            let from = rng.random_range(0..=other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => {
            // The longest count there is, in place of a short one.
            let head = input[at] & 0xe0 | 0x1b;
            input.splice(at..=at, [head, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        }
    }
}
