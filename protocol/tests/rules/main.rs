//! The rules, told as stories. Each test cites the rules that it shows by their numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

#[path = "../common/people.rs"]
mod people;
#[path = "../common/practice.rs"]
mod practice;
#[path = "../common/records.rs"]
mod records;
#[path = "../common/sealings.rs"]
mod sealings;

mod attempts;
mod custody;
mod devices;
mod documents;
mod edits;
mod encoding;
mod founding;
mod intake;
mod items;
mod keys;
mod members;
mod properties;
mod random;
mod readers;
mod recovered;
mod recovery;
mod replay;
mod signing;
mod snapshots;
mod state;
mod story;
mod visibility;
mod watched;
mod way_back;
