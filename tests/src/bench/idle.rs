//! What a connection costs that does nothing but follow.

use std::sync::Arc;

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinSet;
use troth_protocol::limits;

use super::setup::{self, Setup};
use super::{Options, Report, Target};
use crate::wire_client::{Connection, Device, Ledger, Member};

/// Connections that are opened at the same time.
const AT_ONCE: usize = 50;

/// Devices of each practice's founder.
const DEVICES: usize = 20;

/// Opens many connections, as many of each device as it may have, and looks at what the relay's memory has grown by.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let count = if options.quick { 500 } else { 2000 };
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new("idle", &mut rng, DEVICES, 1).await?;
    let founded = (setup.member.clone(), setup.devices.clone());
    let mut practices = vec![founded];
    while practices.len() * DEVICES * limits::DEVICE_CONNECTIONS < count {
        practices.push(setup::found(setup.relay.address(), &mut rng, DEVICES).await?);
    }
    let devices: Vec<_> = practices
        .iter()
        .flat_map(|(member, devices)| devices.iter().map(move |device| (member.clone(), device.clone())))
        .collect();
    let (before, _) = setup.relay.memory()?;
    let mut open = Vec::with_capacity(count);
    while open.len() < count {
        let mut opening = JoinSet::new();
        for i in open.len()..count.min(open.len() + AT_ONCE) {
            let (member, device) = devices[i % devices.len()].clone();
            opening.spawn(follow(setup.relay.address().to_owned(), member, device));
        }
        while let Some(connection) = opening.join_next().await {
            open.push(connection??);
        }
    }
    tokio::time::sleep(options.time()).await;
    let (after, _) = setup.relay.memory()?;
    let each = after.saturating_sub(before) as f64 / 1024.0 / count as f64;
    report.aim(
        format!("{count} idle connections: each"),
        each,
        "KiB",
        Target::AtMost(12.0),
    );
    report.add(
        format!("{count} idle connections: relay before"),
        before as f64 / 1048576.0,
        "MiB",
    );
    Ok(())
}

async fn follow(address: String, member: Member, device: Arc<Device>) -> Result<Connection> {
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let (mut connection, _) = Connection::log_in(&address, &mut rng, &member, &device).await?;
    Ledger::new(&member)
        .catch_up(&mut connection, &mut rng, |_, _| {})
        .await?;
    Ok(connection)
}
