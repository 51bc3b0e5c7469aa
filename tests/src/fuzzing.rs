//! Bytes thrown at everything that reads bytes: the bodies of the fuzz targets, run as ordinary tests too.
//!
//! A target takes any bytes and returns; it panics where something that must hold does not. `fuzz/` hands each of them to
//! libFuzzer, `tests/corpora.rs` replays the committed corpora and adds mutations from a seed. Targets for one decoder take
//! the bytes as they are; the stateful ones read a script from them (see `relay` and `device`).
//!
//! | file | throws bytes at |
//! | --- | --- |
//! | `agreed` | what `protocol` reads: statements, leaves, wire messages, items, notes, keys, tiles, the relay's own state |
//! | `personal` | what only devices read: payloads, codes, kits, vaults, mailboxes, rows, exported ledgers |
//! | `edits` | changes of a member with valid keys, applied |
//! | `relay` | the relay's whole message handler, several connections, statements mutated before and after they are signed |
//! | `device` | the device's whole message handler, on the way from the login to the newest entry |
//! | `mutation` | deterministic mutations, for machines without a fuzzer |
//! | `seeds` | where the committed corpora come from |
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a fuzz target says by a panic what it found"
)]

pub mod agreed;
pub mod device;
pub mod edits;
pub mod mutation;
pub mod personal;
pub mod relay;
mod relay_side;
mod scene;
mod script;
pub mod seeds;

/// One target.
pub struct Target {
    /// Its name: of the fuzz target and of its corpus.
    pub name: &'static str,
    /// Takes any bytes; panics on a finding.
    pub run: fn(&[u8]),
    /// How many mutations an ordinary test run adds to the corpus: what takes about a second.
    pub rounds: u32,
    /// Longest input that a fuzzer tries, in bytes.
    pub longest: usize,
}

const fn target(name: &'static str, run: fn(&[u8]), rounds: u32, longest: usize) -> Target {
    Target {
        name,
        run,
        rounds,
        longest,
    }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("statement", agreed::statement, 5_000, 4_096),
    target("leaf", agreed::leaf, 5_000, 4_096),
    target("wire_client", agreed::wire_client, 5_000, 8_192),
    target("wire_relay", agreed::wire_relay, 5_000, 8_192),
    target("items", agreed::items, 5_000, 8_192),
    target("note", agreed::note, 5_000, 4_096),
    target("verifier_key", agreed::verifier_key, 5_000, 512),
    target("compact", agreed::compact, 5_000, 512),
    target("tile_path", agreed::tile_path, 5_000, 64),
    target("frontier", agreed::frontier, 5_000, 4_096),
    target("sealed_keys", agreed::sealed_keys, 5_000, 8_192),
    target("state", agreed::state, 1_000, 16_384),
    target("forms", personal::forms, 5_000, 8_192),
    target("codes", personal::codes, 3_000, 1_024),
    target("sealed", personal::sealed, 500, 4_096),
    target("export", personal::export, 1_000, 16_384),
    target("change", edits::change, 300, 8_192),
    target("forged", edits::forged, 300, 512),
    target("relay", relay::relay, 60, 2_048),
    target("device", device::device, 40, 1_024),
];

/// The target of that name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
