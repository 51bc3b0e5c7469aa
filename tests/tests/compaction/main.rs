//! Snapshots and attestations: who makes them, who believes them, what the relay lets go of for them, and what a lie about
//! them comes to.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod hand;
mod honest;
mod lies;
mod relay;
mod scene;
mod withholding;
