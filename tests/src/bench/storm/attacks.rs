//! The storms. Whatever the relay refuses is tried again; that it refuses is no failure here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use troth_protocol::ids::Nonce;
use troth_protocol::limits;
use troth_protocol::wire::{Append, ClientMessage, Hello, MailboxId, Put};

use super::Load;
use crate::wire_client::{Author, Connection, Device, Document, Member};

/// A kind of storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Hellos that are as they should be, and never a session.
    Handshakes,
    /// Sockets that are opened and say nothing, or half of something.
    HalfOpen,
    /// Devices that follow from the beginning and read nothing.
    SlowReaders,
    /// The longest frames, whole and of no meaning, or never ending: of strangers and of devices.
    GiantFrames,
    /// Logging in, following from the beginning, leaving, again.
    Subscriptions,
    /// Appends of the most statements, the last of which is not its signer's.
    FalseSignatures,
    /// Mailboxes opened and filled.
    Mailboxes,
}

/// Who is attacked, by whom, how hard.
pub(super) struct Target {
    pub(super) address: String,
    pub(super) member: Member,
    pub(super) devices: Vec<Arc<Device>>,
    pub(super) document: Document,
    pub(super) load: Load,
    pub(super) turns: Turns,
    pub(super) over: AtomicBool,
    pub(super) blows: AtomicU64,
}

/// When the next blow may fall. A machine is shared with its attackers here: unpaced, they would measure themselves.
pub(super) struct Turns {
    every: Duration,
    next: Mutex<Instant>,
}

impl Turns {
    pub(super) fn new(attack: Attack, load: &Load) -> Self {
        let per_second = match attack {
            Attack::GiantFrames | Attack::FalseSignatures => load.per_second.div_ceil(10),
            _ => load.per_second,
        };
        Self {
            every: Duration::from_secs(1) / per_second,
            next: Mutex::new(Instant::now()),
        }
    }

    async fn turn(&self) {
        let mut next = self.next.lock().await;
        *next = Instant::now().max(*next + self.every);
        let at = *next;
        drop(next);
        sleep_until(at).await;
    }
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Handshakes,
        Self::HalfOpen,
        Self::SlowReaders,
        Self::GiantFrames,
        Self::Subscriptions,
        Self::FalseSignatures,
        Self::Mailboxes,
    ];

    /// What it is called in a report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshakes => "handshake flood",
            Self::HalfOpen => "half-open sockets",
            Self::SlowReaders => "slow readers",
            Self::GiantFrames => "giant frames",
            Self::Subscriptions => "subscription storm",
            Self::FalseSignatures => "false signatures",
            Self::Mailboxes => "mailbox flood",
        }
    }
}

/// Attacks on threads of its own until it is over.
pub(super) fn run(attack: Attack, target: &Arc<Target>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut all = JoinSet::new();
        match attack {
            Attack::Handshakes => paced(target, &mut all, handshake).await,
            Attack::HalfOpen => half_open(target).await,
            Attack::Mailboxes => paced(target, &mut all, mailboxes).await,
            Attack::SlowReaders => each_device(target, &mut all, slow_reader).await,
            Attack::GiantFrames => {
                for stranger in 0..64 {
                    all.spawn(giant_frames(target.clone(), None, stranger % 2 == 0));
                }
                each_device(target, &mut all, |target, device, at| {
                    giant_frames(target, Some(device), at % 2 == 0)
                })
                .await;
            }
            Attack::Subscriptions => each_device(target, &mut all, subscriptions).await,
            Attack::FalseSignatures => each_device(target, &mut all, false_signatures).await,
        }
        all.shutdown().await;
    });
    // What is still in the air goes with it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// Begins so many a second until it is over.
async fn paced<F>(target: &Arc<Target>, all: &mut JoinSet<()>, begin: impl Fn(Arc<Target>) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    // Several at once, since timers tick in milliseconds.
    const TICKS: u32 = 100;
    let mut tick = interval(Duration::from_secs(1) / TICKS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !target.is_over() {
        tick.tick().await;
        for _ in 0..target.load.per_second.div_ceil(TICKS) {
            let one = begin(target.clone());
            all.spawn(async move { drop(one.await) });
        }
        while all.try_join_next().is_some() {}
    }
}

/// Every device on as many connections as it may have, until it is over.
async fn each_device<F>(
    target: &Arc<Target>,
    all: &mut JoinSet<()>,
    attack: impl Fn(Arc<Target>, Arc<Device>, usize) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    for device in &target.devices {
        for at in 0..limits::DEVICE_CONNECTIONS {
            all.spawn(attack(target.clone(), device.clone(), at));
        }
    }
    while !target.is_over() {
        pause().await;
    }
}

async fn handshake(target: Arc<Target>) -> Result<()> {
    let mut connection = Connection::open(&target.address).await?;
    let hello = Hello {
        practice: target.member.practice,
        device: target.devices[0].id(),
        nonce: Nonce(rand::random()),
        size: 0,
    };
    connection.send(&ClientMessage::Hello(hello)).await?;
    connection.receive().await?;
    target.strike();
    // Until the relay lets go.
    connection.receive().await?;
    Ok(())
}

async fn half_open(target: &Arc<Target>) {
    let mut sockets = Vec::with_capacity(target.load.sockets);
    let mut tick = interval(target.load.time.div_f64(150.0));
    while !target.is_over() {
        tick.tick().await;
        for _ in 0..target.load.sockets.div_ceil(100) {
            if sockets.len() >= target.load.sockets {
                break;
            }
            let Ok(Ok(mut socket)) =
                timeout(Duration::from_secs(1), TcpStream::connect(&target.address)).await
            else {
                continue;
            };
            if sockets.len() % 2 == 0 {
                let _ = socket.write_all(b"GET /v1/sync HTTP/1.1\r\nHost: ").await;
            }
            sockets.push(socket);
            target.strike();
        }
    }
}

async fn slow_reader(target: Arc<Target>, device: Arc<Device>, _: usize) {
    let mut rng = rng();
    while !target.is_over() {
        if let Ok((mut connection, _)) =
            Connection::log_in(&target.address, &mut rng, &target.member, &device).await
            && connection.follow(&mut rng, 0).await.is_ok()
        {
            target.strike();
            while !target.is_over() {
                pause().await;
            }
        }
        pause().await;
    }
}

/// What never ends is a frame of whose header the length is the longest, and of whose body one byte is missing.
async fn giant_frames(target: Arc<Target>, device: Option<Arc<Device>>, ends: bool) {
    let mut rng = rng();
    let mut body = vec![0; limits::FRAME];
    rng.fill_bytes(&mut body);
    while !target.is_over() {
        target.turns.turn().await;
        let opened = match &device {
            None => Connection::open(&target.address).await,
            Some(device) => Connection::log_in(&target.address, &mut rng, &target.member, device)
                .await
                .map(|(connection, _)| connection),
        };
        if let Ok(mut connection) = opened {
            let sent = connection.send_raw(&body, ends).await;
            target.strike();
            while sent.is_ok() && connection.receive().await.is_ok() {}
        }
        pause().await;
    }
}

async fn subscriptions(target: Arc<Target>, device: Arc<Device>, _: usize) {
    let mut rng = rng();
    while !target.is_over() {
        target.turns.turn().await;
        if let Ok((mut connection, _)) =
            Connection::log_in(&target.address, &mut rng, &target.member, &device).await
            && connection.follow(&mut rng, 0).await.is_ok()
            && connection.receive_frame().await.is_ok()
        {
            target.strike();
        }
    }
}

async fn false_signatures(target: Arc<Target>, device: Arc<Device>, _: usize) {
    let mut rng = rng();
    let mut author = Author::new(&target.member, device.clone(), &target.document);
    let made: Result<Vec<_>> = (0..limits::APPEND_STATEMENTS)
        .map(|_| author.write(&mut rng, &[vec![1; 16]]))
        .collect();
    let Ok(mut uploads) = made else { return };
    if let Some(last) = uploads.last_mut() {
        let other = Device::generate(&mut rng);
        last.signed.signature = other.proof(&target.member.practice, &target.member.id);
    }
    while !target.is_over() {
        if let Ok((mut connection, _)) =
            Connection::log_in(&target.address, &mut rng, &target.member, &device).await
        {
            let append = Append {
                request: 1,
                uploads: uploads.clone(),
            };
            let append = ClientMessage::Append(append);
            while !target.is_over() {
                target.turns.turn().await;
                if connection.send(&append).await.is_err() || connection.receive().await.is_err() {
                    break;
                }
                target.strike();
            }
        }
        pause().await;
    }
}

async fn mailboxes(target: Arc<Target>) -> Result<()> {
    let mut connection = Connection::open(&target.address).await?;
    for _ in 0..4 {
        let mailbox: MailboxId = troth_protocol::ids::DocumentId(rand::random());
        for slot in 0..limits::MAILBOX_SLOTS {
            let value = vec![slot; limits::MAILBOX_VALUE];
            let put = Put { mailbox, slot, value };
            connection.send(&ClientMessage::Put(put)).await?;
        }
        target.strike();
    }
    for _ in 0..4 * limits::MAILBOX_SLOTS {
        connection.receive().await?;
    }
    Ok(())
}

impl Target {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn strike(&self) {
        self.blows.fetch_add(1, Ordering::AcqRel);
    }
}

fn rng() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
