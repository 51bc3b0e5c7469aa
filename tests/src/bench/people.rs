//! What administration costs: devices and members that come and go, keys that turn, records that are shared later.
//!
//! The relay's core and the devices' engines run in this process, without sockets: what is timed is their own work, with the
//! relay's writes to a real disk. The devices keep what they keep in memory.

mod fetching;
mod leaving;
mod linking;
mod office;
mod tally;
mod turning;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use troth_protocol::ids::CaseId;
use troth_server::store::{self, Engine};

use super::setup::Scratch;
use super::{Options, Report};
use crate::network::Network;

pub use tally::Tally;

/// Lanes of a couple's case: one document each.
const LANES: usize = 6;
/// Cases whose creation waits for the relay together.
const TOGETHER: usize = 100;

/// Measures one after another.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    linking::measure(options, report)?;
    let mut practice = leaving::measure(options, report)?;
    turning::measure(options, &mut practice, report)?;
    fetching::measure(options, report)
}

/// A practice with one admin, at seat 0, on a relay with its store on the disk.
fn practice(seed: u64, data: &Scratch) -> Result<Network> {
    let mut net = Network::new(seed, Arc::from(store::open(&data.0, Engine::Sqlite)?));
    net.practice();
    Ok(net)
}

/// Opens cases at seat 0 until there are so many documents.
fn open_cases(net: &mut Network, documents: usize) -> Result<Vec<CaseId>> {
    let begin = Instant::now();
    let mut cases = Vec::new();
    while cases.len() * LANES < documents {
        let device = &mut net.seats[0].device;
        cases.push(device.new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))?);
        if cases.len() % TOGETHER == 0 {
            send(net);
        }
    }
    send(net);
    let made = cases.len() * LANES;
    eprintln!(
        "  {made} documents made in {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    Ok(cases)
}

/// Sends what seat 0 keeps to be sent, until nothing moves.
fn send(net: &mut Network) {
    net.pump(0);
    while net.step() {}
    net.wire.clear();
}

fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
