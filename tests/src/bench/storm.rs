//! What honest devices feel of a flood: a device that writes and one that follows, alone and then during each storm.
//!
//! The attackers are in this process, on threads of their own, and so take their share of the same cores. Each storm is held
//! against the moment just before it.

mod attacks;
mod honest;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub use attacks::Attack;
use attacks::{Target, Turns};
use honest::Honest;

use super::setup::Setup;
use super::{Options, Report, Target as Aim};

/// How many times slower an honest device's median may be during a storm.
pub const SLOWER: f64 = 5.0;
/// Memory that the relay may ever hold, in bytes: 320 MiB.
pub const MEMORY: u64 = 320 << 20;
/// Devices of the attackers, who are members of the very practice.
const ATTACKERS: usize = 8;
/// A storm in which the median is missed is measured so many times in all: another program may have had the cores.
const TRIES: usize = 3;

/// How hard it storms.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How long each storm lasts.
    pub time: Duration,
    /// Sockets that are opened and never used.
    pub sockets: usize,
    /// Connections that are opened in a second; a tenth as many of the longest messages.
    pub per_second: u32,
}

impl Load {
    /// Ten thousand sockets, five hundred of everything else a second.
    pub const FULL: Self = Self {
        time: Duration::from_secs(6),
        sockets: 10_000,
        per_second: 500,
    };
    /// For every day.
    pub const SMALL: Self = Self {
        time: Duration::from_millis(1500),
        sockets: 2_500,
        per_second: 150,
    };
}

/// What one storm did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which one.
    pub attack: Attack,
    /// How many times it was measured until the median was within bounds; what stands here is the best of them.
    pub tries: usize,
    /// What the attackers got done: connections, messages.
    pub blows: u64,
    /// Just before.
    pub alone: honest::Times,
    /// During it.
    pub during: honest::Times,
    /// Memory that the relay held at its end, in bytes.
    pub memory: u64,
}

impl Outcome {
    /// How many times slower the medians were: of an acknowledgement, of an edit at its reader.
    pub fn slower(&self) -> f64 {
        let ratio = |during: f64, alone: f64| during / alone.max(0.1);
        ratio(self.during.acknowledged.0, self.alone.acknowledged.0)
            .max(ratio(self.during.read.0, self.alone.read.0))
    }
}

/// Lets every storm loose on a relay, one after the other. Returns what each did, and the most memory that the relay held.
///
/// # Errors
/// An honest device was kept out, or cut off.
pub async fn run(load: &Load) -> Result<(Vec<Outcome>, u64)> {
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let setup = Setup::new("storm", &mut rng, 3 + ATTACKERS, 1).await?;
    setup.run_in(&mut rng).await?;
    let mut honest = Honest::new(&setup, &mut rng).await?;
    honest.edit(load.time / 2).await?; // what a relay takes once is taken
    let mut outcomes = Vec::new();
    for attack in Attack::ALL {
        let mut best: Option<Outcome> = None;
        for tries in 1..=TRIES {
            let mut outcome = storm(attack, load, &setup, &mut honest).await?;
            if let Some(best) = &mut best {
                best.tries = tries;
            }
            outcome.tries = tries;
            if best.as_ref().is_none_or(|best| outcome.slower() < best.slower()) {
                best = Some(outcome);
            }
            if best.as_ref().is_some_and(|best| best.slower() <= SLOWER) {
                break;
            }
        }
        outcomes.extend(best);
    }
    let (_, most) = setup.relay.memory()?;
    Ok((outcomes, most))
}

async fn storm(attack: Attack, load: &Load, setup: &Setup, honest: &mut Honest) -> Result<Outcome> {
    let alone = honest.edit(load.time / 2).await.context("alone")?;
    let target = Arc::new(Target {
        address: setup.relay.address().to_owned(),
        member: setup.member.clone(),
        devices: setup.devices[3..].to_vec(),
        document: setup.documents.first().context("a document")?.clone(),
        load: *load,
        turns: Turns::new(attack, load),
        over: AtomicBool::new(false),
        blows: AtomicU64::new(0),
    });
    let attackers = std::thread::spawn({
        let target = target.clone();
        move || attacks::run(attack, &target)
    });
    // It takes a moment to gather.
    tokio::time::sleep(load.time / 4).await;
    let during = honest
        .edit(load.time)
        .await
        .with_context(|| format!("during {attack:?}"));
    target.over.store(true, Ordering::Release);
    while !attackers.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let attacked = attackers
        .join()
        .map_err(|_| anyhow::anyhow!("the attackers panicked"))?;
    let during = during?;
    attacked.with_context(|| format!("{attack:?}"))?;
    let (memory, _) = setup.relay.memory()?;
    let blows = target.blows.load(Ordering::Acquire);
    ensure!(blows > 0, "{attack:?} did nothing");
    Ok(Outcome {
        attack,
        tries: 1,
        blows,
        alone,
        during,
        memory,
    })
}

/// Measures every storm.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let load = if options.quick { Load::SMALL } else { Load::FULL };
    let (outcomes, most) = run(&load).await?;
    for outcome in outcomes {
        let name = format!("{}: ", outcome.attack.name());
        let Outcome { alone, during, .. } = &outcome;
        report.add(format!("{name}tries"), outcome.tries as f64, "");
        report.add(format!("{name}done"), outcome.blows as f64, "");
        for (what, alone, during) in [
            ("acknowledged", alone.acknowledged, during.acknowledged),
            ("read", alone.read, during.read),
        ] {
            report.add_of(format!("{name}{what}, p50"), during.0, "ms", ("alone", alone.0));
            report.add_of(format!("{name}{what}, p99"), during.1, "ms", ("alone", alone.1));
        }
        report.add_of(
            format!("{name}logged in, slowest"),
            during.login,
            "ms",
            ("alone", alone.login),
        );
        report.aim(
            format!("{name}times slower"),
            outcome.slower(),
            "",
            Aim::AtMost(SLOWER),
        );
        report.add(
            format!("{name}relay's memory"),
            outcome.memory as f64 / 1048576.0,
            "MiB",
        );
    }
    report.aim(
        "storms: relay's memory at most",
        most as f64 / 1048576.0,
        "MiB",
        Aim::AtMost(MEMORY as f64 / 1048576.0),
    );
    Ok(())
}
