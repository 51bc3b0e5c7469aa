//! This machine's raw limits: what the relay cannot be faster than.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, client_async};

use super::latency::Latencies;
use super::setup::Scratch;
use super::{Options, Report};

/// Bytes of a typical append with its edit, encrypted and signed.
const FRAME: usize = 600;
/// Bytes of the file that is written into without growing.
const PREALLOCATED: u64 = 64 << 20;

/// The limits that others are held against.
pub struct Raw {
    /// Time of a WebSocket round trip, in milliseconds.
    pub echo_ms: f64,
    /// Small appends to a growing file per second, each followed by fdatasync.
    pub growing: f64,
    /// Small writes into a file of fixed length per second, each followed by fdatasync.
    pub fixed: f64,
    /// Strict Ed25519 verifications per second on one core.
    pub verify: f64,
}

/// Measures all of them.
pub fn measure(options: &Options, report: &mut Report) -> Result<Raw> {
    let time = options.time().min(Duration::from_secs(2));
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split_whitespace().next().context("the load")?.parse()?;
    report.add("what else this machine does: processes that run", load, "");
    let mut echo = echo(time)?;
    let echo_ms = echo.0.at(0.5);
    report.add("raw: WebSocket echo, one in flight", echo.1, "/s");
    report.add("raw: WebSocket echo, p50", echo_ms, "ms");
    let (fixed, growing) = syncs(time)?;
    report.add("raw: fdatasync, file of fixed length", fixed, "/s");
    report.add("raw: fdatasync, growing file", growing, "/s");
    let verify = verifications(time);
    report.add("raw: Ed25519 verify_strict, one core", verify, "/s");
    Ok(Raw {
        echo_ms,
        growing,
        fixed,
        verify,
    })
}

/// Round trips one after another over loopback, through the same library as the relay's. The server has a thread of its own.
fn echo(time: Duration) -> Result<(Latencies, f64)> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            sender.send(listener.local_addr()?)?;
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let mut socket = accept_async(stream).await?;
            while let Some(message @ Message::Binary(_)) = socket.next().await.transpose()? {
                socket.send(message).await?;
            }
            Ok(())
        })
    });
    let address = receiver.recv()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = client_async(format!("ws://{address}/"), stream).await?;
        let frame = Bytes::from(vec![7; FRAME]);
        let mut latencies = Latencies::default();
        let (begin, mut count) = (Instant::now(), 0_u32);
        while begin.elapsed() < time {
            let sent = Instant::now();
            socket.send(Message::Binary(frame.clone())).await?;
            black_box(socket.next().await.context("the echo ended")??);
            latencies.push(sent.elapsed());
            count += 1;
        }
        Ok((latencies, f64::from(count) / begin.elapsed().as_secs_f64()))
    })
}

impl Raw {
    /// Looks again how fast fdatasync is, right beside what is held against it: other programs come and go.
    pub fn sync_again(&mut self, time: Duration) -> Result<()> {
        let (fixed, growing) = syncs(time)?;
        self.fixed = self.fixed.max(fixed);
        self.growing = self.growing.max(growing);
        Ok(())
    }
}

/// Small writes, each followed by fdatasync: into a file of fixed length, and onto the end of one that grows.
fn syncs(time: Duration) -> Result<(f64, f64)> {
    let dir = Scratch::new("fdatasync")?;
    let data = vec![7; FRAME];
    let fixed = File::create(dir.0.join("fixed"))?;
    (&fixed).write_all(&vec![0; PREALLOCATED as usize])?;
    fixed.sync_all()?;
    let fixed = rate(time, |i| {
        fixed.write_all_at(&data, (i * FRAME as u64) % (PREALLOCATED - FRAME as u64))?;
        fixed.sync_data()
    })?;
    let mut growing = File::create(dir.0.join("growing"))?;
    growing.sync_all()?;
    let growing = rate(time, |_| {
        growing.write_all(&data)?;
        growing.sync_data()
    })?;
    Ok((fixed, growing))
}

fn rate(time: Duration, mut step: impl FnMut(u64) -> std::io::Result<()>) -> Result<f64> {
    let (begin, mut count) = (Instant::now(), 0_u64);
    while begin.elapsed() < time {
        step(count)?;
        count += 1;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

fn verifications(time: Duration) -> f64 {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [7; 256];
    let (signature, public) = (key.sign(&message), key.verifying_key());
    let (begin, mut count) = (Instant::now(), 0_u64);
    while begin.elapsed() < time {
        for _ in 0..64 {
            let _ = black_box(public.verify_strict(black_box(&message), &signature));
        }
        count += 64;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}
