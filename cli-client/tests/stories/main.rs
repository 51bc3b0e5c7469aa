//! Stories told with the real programs: `troth` and `troth-server`, their files, their exit codes and what they print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod at_rest;
mod away;
mod couple;
mod demo;
mod dishonest;
mod exporting;
#[cfg(target_os = "linux")]
mod full_disk;
mod inbox;
mod intake;
mod killed;
mod killed_joining;
mod ledger_key;
mod linking;
mod members;
mod mistakes;
mod page;
mod policy;
mod recovery;
mod restored;
mod second_unlock;
mod set_aside;
mod shapes;
mod sharing;
mod signing;
mod stage;
mod tls;
