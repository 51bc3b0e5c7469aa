//! A relay with a practice on it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use rand::Rng as _;
use rand::rngs::StdRng;
use troth_protocol::limits;
use troth_protocol::wire::{Append, ClientMessage, RelayMessage, Upload};

use crate::relay_process::RelayProcess;
use crate::wire_client::{Author, Connection, Device, Document, Member};

/// A relay in a process of its own, a practice, and its founder's devices.
pub struct Setup {
    /// The relay.
    pub relay: RelayProcess,
    /// The practice's founder.
    pub member: Member,
    /// The founder's devices; the first one founded the practice.
    pub devices: Vec<Arc<Device>>,
    /// The practice's documents.
    pub documents: Vec<Document>,
    _data: Scratch,
}

/// A directory for one measurement, removed with it.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// An empty directory on the disk that the build directory is on.
    pub fn new(name: &str) -> Result<Self> {
        let dir = super::target_dir()?.join("bench-run").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Setup {
    /// Starts a relay and founds a practice with so many devices and documents. Every device has logged in once.
    pub async fn new(name: &str, rng: &mut StdRng, devices: usize, documents: usize) -> Result<Self> {
        let data = Scratch::new(name)?;
        let relay = RelayProcess::start(&data.0, "sqlite")?;
        let (member, all) = found(relay.address(), rng, devices).await?;
        let founder = all[0].clone();
        let (mut connection, _) = Connection::log_in(relay.address(), rng, &member, &founder).await?;
        let (documents, uploads) = create(rng, &member, &founder, documents)?;
        append_all(&mut connection, uploads).await?;
        for device in &all[1..] {
            Connection::log_in(relay.address(), rng, &member, device).await?;
        }
        Ok(Self {
            relay,
            member,
            devices: all,
            documents,
            _data: data,
        })
    }
}

/// Founds a practice with so many devices of its founder's.
pub async fn found(address: &str, rng: &mut StdRng, devices: usize) -> Result<(Member, Vec<Arc<Device>>)> {
    let founder = Arc::new(Device::generate(rng));
    let mut member = Connection::found(address, rng, &founder).await?;
    let (mut connection, _) = Connection::log_in(address, rng, &member, &founder).await?;
    let mut all = vec![founder.clone()];
    while all.len() < devices {
        let new: Vec<Device> = (all.len()..devices.min(all.len() + limits::ACTIONS))
            .map(|_| Device::generate(rng))
            .collect();
        let upload = member.add_devices(rng, &founder, &new)?;
        connection.append(1, vec![upload]).await?;
        all.extend(new.into_iter().map(Arc::new));
    }
    Ok((member, all))
}

/// Length of the relay's write-ahead log, in bytes, at which it is folded into the database and begun again.
const LOG: u64 = 64 << 20;

impl Setup {
    /// Runs the relay in: its write-ahead log grows to its full length once in its life, and is overwritten in place from
    /// then on. What is measured is a relay as it runs from its first hour on, not its first seconds.
    pub async fn run_in(&self, rng: &mut StdRng) -> Result<()> {
        let device = self.devices[0].clone();
        let (document, created) = self.member.create_document(rng, &device)?;
        let address = self.relay.address();
        let (mut connection, _) = Connection::log_in(address, rng, &self.member, &device).await?;
        connection.append(1, vec![created]).await?;
        let mut author = Author::new(&self.member, device, &document);
        let log = self._data.0.join("store").join("troth.db-wal");
        for _ in 0..256 {
            if fs::metadata(&log)?.len() >= LOG {
                break;
            }
            let mut filling = vec![0; 700 << 10];
            rng.fill_bytes(&mut filling);
            let upload = author.write(rng, &[filling])?;
            connection.append(2, vec![upload]).await?;
        }
        Ok(())
    }
}

fn create(
    rng: &mut StdRng,
    member: &Member,
    founder: &Device,
    count: usize,
) -> Result<(Vec<Document>, Vec<Upload>)> {
    let made: Result<Vec<_>> = (0..count).map(|_| member.create_document(rng, founder)).collect();
    Ok(made?.into_iter().unzip())
}

/// Appends many statements, in as many requests as they need.
pub async fn append_all(connection: &mut Connection, uploads: Vec<Upload>) -> Result<()> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for upload in uploads {
        let size = upload.signed.statement.len() + upload.payload.len() + 128;
        if batch.len() == limits::APPEND_STATEMENTS || bytes + size > limits::PAYLOAD {
            append_batch(connection, std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
        bytes += size;
        batch.push(upload);
    }
    append_batch(connection, batch).await
}

async fn append_batch(connection: &mut Connection, uploads: Vec<Upload>) -> Result<()> {
    if uploads.is_empty() {
        return Ok(());
    }
    connection
        .send(&ClientMessage::Append(Append { request: 7, uploads }))
        .await?;
    match connection.receive().await? {
        RelayMessage::Appended(_) => Ok(()),
        other => bail!("expected receipts, not {other:?}"),
    }
}
