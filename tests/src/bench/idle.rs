//! What a connection costs that does nothing but follow.

use std::sync::Arc;

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinSet;

use super::setup::Setup;
use super::{Options, Report, Target};
use crate::wire_client::{Connection, Device, Ledger, Member};

/// Connections that are opened at the same time.
const AT_ONCE: usize = 50;

/// Opens many connections of twenty devices, and looks at what the relay's memory has grown by.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let count = if options.quick { 500 } else { 2000 };
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new("idle", &mut rng, 20, 1).await?;
    let (before, _) = setup.relay.memory()?;
    let mut open = Vec::with_capacity(count);
    while open.len() < count {
        let mut opening = JoinSet::new();
        for i in open.len()..count.min(open.len() + AT_ONCE) {
            let device = setup.devices[i % setup.devices.len()].clone();
            let address = setup.relay.address().to_owned();
            opening.spawn(follow(address, setup.member.clone(), device));
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
