//! Stories of the relay. Most drive the core without a socket or a clock of its own; some go through a real socket, and a
//! few through the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod append;
mod audit;
mod client;
mod crash;
mod fetch;
mod follow;
mod handshake;
mod http;
mod intake;
mod limits;
mod log;
mod mailbox;
mod malformed;
mod memory;
mod people;
mod process;
mod quotas;
mod reader;
mod refusals;
mod reload;
mod silent;
mod socket;
mod tampered;
mod unchanged;
mod windows;
mod witness;
mod words;
mod world;
