//! What a dishonest relay tries, and what becomes of it. The relay holds its real ledger key and lies with it; the device
//! is the real engine. Each story ends the same way: the device says so, keeps nothing of the lie, and stops.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "what does not hold in a test's scaffolding ends the test"
)]

mod answers;
mod forks;
mod handshake;
mod histories;
mod intake;
mod joining;
mod linking;
mod named;
mod scene;
mod stream;
mod turned_key;
mod withholding;
mod witnesses;
