//! Performs what the device's engine says: the only code here that touches a socket, with `relay`, which opens it.
//!
//! The engine decides when to connect, what to send and how long to wait after a failure; this loop carries it out until a goal is
//! reached, nothing has come for too long, or somebody interrupts.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::mpsc;
use tokio::time::Instant;
use troth_client_core::device::{Device, DeviceError, Effect, Event, Report};
use troth_client_core::storage::Storage;

pub use line::Line;
pub use relay::Relay;

mod line;
mod relay;
pub mod stranger;

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// End when nothing has come from the relay for so long.
    pub silence: Duration,
    /// Whether to keep dialling a relay that cannot be reached.
    pub insist: bool,
    /// Whether an interrupt (Ctrl-C) is a way to end.
    pub interruptible: bool,
}

impl Patience {
    /// For a command that has done its work on this device and sends it along.
    pub const SHORT: Self = Self {
        silence: Duration::from_secs(15),
        insist: false,
        interruptible: false,
    };
    /// For one that waits for a person at another device: as long as a code lives, and a moment longer.
    pub const PERSON: Self = Self {
        silence: Duration::from_secs(10 * 60 + 5),
        insist: true,
        interruptible: false,
    };
    /// For one that stays.
    pub const ENDLESS: Self = Self {
        silence: Duration::MAX,
        insist: true,
        interruptible: true,
    };
}

/// Why the loop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The goal was reached.
    Reached,
    /// Nothing came for too long.
    Silent,
    /// The relay could not be reached, and why.
    Unreachable(String),
    /// The relay takes connections and ends them, again and again.
    Dropped,
    /// Somebody interrupted.
    Interrupted,
}

/// What somebody decides while the device runs.
pub type Word<S> = Box<dyn FnOnce(&mut Device<S>) -> Result<Vec<Effect>, DeviceError> + Send>;

/// Connections that a command without insistence loses before it gives up.
const LOSSES: u32 = 3;

/// The system's randomness.
pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Runs the device against its relay. `goal` hears every report, and `None` whenever nothing is left to do; once it answers yes, the
/// connection is closed and the device is offline again.
///
/// # Errors
/// What the engine gives: the device's own trouble, never the network's.
pub async fn drive<S: Storage>(
    device: &mut Device<S>,
    relay: &Relay,
    patience: Patience,
    goal: impl FnMut(&mut Device<S>, Option<&Report>) -> bool,
) -> Result<Ended, DeviceError> {
    let (_, mut words) = mpsc::unbounded_channel();
    drive_heeding(device, relay, patience, &mut words, goal).await
}

/// The same, heeding what is said meanwhile: each word is heeded as soon as it comes, and `goal` is asked after it.
///
/// # Errors
/// As [`drive`].
pub async fn drive_heeding<S: Storage>(
    device: &mut Device<S>,
    relay: &Relay,
    patience: Patience,
    words: &mut mpsc::UnboundedReceiver<Word<S>>,
    mut goal: impl FnMut(&mut Device<S>, Option<&Report>) -> bool,
) -> Result<Ended, DeviceError> {
    let mut rng = rng();
    let mut line: Option<Line> = None;
    let mut wakes = BTreeSet::new();
    let mut effects = VecDeque::from(device.handle(now(), &mut rng, Event::Tick)?);
    let mut heard = Instant::now();
    let mut losses = 0;
    let ended = loop {
        let mut reached = false;
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Connect => match relay.dial().await {
                    Ok(open) => {
                        line = Some(open);
                        heard = Instant::now();
                        effects.extend(device.handle(now(), &mut rng, Event::Opened)?);
                    }
                    Err(why) => {
                        effects.extend(device.handle(now(), &mut rng, Event::Closed)?);
                        if !patience.insist {
                            return Ok(Ended::Unreachable(why));
                        }
                    }
                },
                Effect::Send(frame) => {
                    if let Some(line) = &line {
                        line.send(frame);
                    }
                }
                Effect::Close => {
                    if let Some(line) = line.take() {
                        line.close().await;
                        losses += 1;
                        effects.extend(device.handle(now(), &mut rng, Event::Closed)?);
                    }
                }
                Effect::WakeAt(time) => {
                    wakes.insert(time);
                }
                Effect::Report(report) => reached |= goal(device, Some(&report)),
            }
        }
        if reached || goal(device, None) {
            break Ended::Reached;
        }
        if losses >= LOSSES && !patience.insist {
            break Ended::Dropped;
        }
        let silent = heard.checked_add(patience.silence);
        let frame = tokio::select! {
            frame = Line::next(&mut line) => frame,
            Some(word) = words.recv() => {
                effects.extend(word(device)?);
                continue;
            }
            () = sleep_until(wakes.first().map(|time| instant(*time))) => {
                wakes = wakes.split_off(&(now() + 1));
                effects.extend(device.handle(now(), &mut rng, Event::Tick)?);
                continue;
            }
            () = sleep_until(silent) => break Ended::Silent,
            _ = tokio::signal::ctrl_c(), if patience.interruptible => break Ended::Interrupted,
        };
        match frame {
            Some(frame) => {
                heard = Instant::now();
                effects.extend(device.handle(now(), &mut rng, Event::Frame(&frame))?);
            }
            None => {
                line = None;
                losses += 1;
                effects.extend(device.handle(now(), &mut rng, Event::Closed)?);
            }
        }
    };
    if let Some(line) = line {
        line.close().await;
        device.handle(now(), &mut rng, Event::Closed)?;
    }
    Ok(ended)
}

/// `None` never comes.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn instant(time: u64) -> Instant {
    Instant::now() + Duration::from_millis(time.saturating_sub(now()))
}
