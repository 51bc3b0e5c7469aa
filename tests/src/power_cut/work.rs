//! The work that the relay is cut off from, and what it said of it.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{CryptoRng, RngExt, SeedableRng};
use troth_protocol::entry::Leaf;
use troth_protocol::wire::{self, Append, ClientMessage, Found, RelayMessage, Upload};

use super::Disk;
use crate::wire_client::{Author, Connection, Device, Member};

/// An entry that the relay said is durable.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The bytes in which it said so.
    pub said: Vec<u8>,
    /// Where the entry stands.
    pub position: u64,
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// Its payload.
    pub payload: Vec<u8>,
}

impl Acknowledged {
    /// The line of the trace where the relay began to say so.
    ///
    /// # Errors
    /// It never did.
    pub fn line(&self, disk: &Disk) -> Result<usize> {
        let sent = disk.sent(&self.said);
        sent.with_context(|| format!("the trace lacks the acknowledgement of entry {}", self.position))
    }
}

/// A practice whose founder's device writes into several documents at once, over a connection each.
pub struct Writing {
    /// The founder.
    pub member: Member,
    device: Arc<Device>,
    authors: Vec<Author>,
}

impl Writing {
    /// Founds the practice, and makes a document for each writer.
    ///
    /// # Errors
    /// The relay refuses.
    pub async fn begin(
        address: &str,
        rng: &mut impl CryptoRng,
        writers: usize,
    ) -> Result<(Self, Vec<Acknowledged>)> {
        let device = Arc::new(Device::generate(rng));
        let mut connection = Connection::open(address).await?;
        let info = connection.info().await?;
        let (member, genesis) = Member::found(rng, &info, &device)?;
        let found = ClientMessage::Found(Found {
            genesis: genesis.clone(),
        });
        let mut acknowledged = vec![said(&mut connection, &found, genesis).await?];
        let (mut connection, _) = Connection::log_in(address, rng, &member, &device).await?;
        let mut authors = Vec::new();
        for _ in 0..writers {
            let (document, upload) = member.create_document(rng, &device)?;
            authors.push(Author::new(&member, device.clone(), &document));
            acknowledged.push(append(&mut connection, upload).await?);
        }
        Ok((
            Self {
                member,
                device,
                authors,
            },
            acknowledged,
        ))
    }

    /// Lets every writer append `each` edits, one after the other, of lengths up to several pages.
    ///
    /// # Errors
    /// The relay refuses, or is gone.
    pub async fn go_on(
        &mut self,
        address: &str,
        rng: &mut (impl CryptoRng + RngExt),
        each: usize,
    ) -> Result<Vec<Acknowledged>> {
        let mut writing = Vec::new();
        for mut author in self.authors.drain(..) {
            let mut rng = StdRng::seed_from_u64(rng.random());
            let (mut connection, _) =
                Connection::log_in(address, &mut rng, &self.member, &self.device).await?;
            writing.push(tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for _ in 0..each {
                    let most = if rng.random_ratio(1, 10) { 30_000 } else { 3_000 };
                    let mut edit = vec![0; rng.random_range(1..most)];
                    rng.fill(&mut edit[..]);
                    let upload = author.write(&mut rng, &[edit])?;
                    acknowledged.push(append(&mut connection, upload).await?);
                }
                Ok::<_, anyhow::Error>((author, acknowledged))
            }));
        }
        let mut all = Vec::new();
        for task in writing {
            let (author, acknowledged) = task.await??;
            self.authors.push(author);
            all.extend(acknowledged);
        }
        Ok(all)
    }
}

async fn append(connection: &mut Connection, upload: Upload) -> Result<Acknowledged> {
    let uploads = vec![upload.clone()];
    said(
        connection,
        &ClientMessage::Append(Append { request: 0, uploads }),
        upload,
    )
    .await
}

async fn said(connection: &mut Connection, message: &ClientMessage, upload: Upload) -> Result<Acknowledged> {
    connection.send(message).await?;
    let frame = connection.receive_frame().await?;
    let RelayMessage::Appended(appended) = wire::message(&frame)? else {
        bail!(
            "an honest statement was not appended: {:?}",
            wire::message::<RelayMessage>(&frame)
        );
    };
    ensure!(appended.receipts.len() == 1, "one receipt for one statement");
    let receipt = appended.receipts[0];
    let leaf = Leaf {
        received: receipt.received,
        stream_seq: receipt.stream_seq,
        signed: upload.signed,
    };
    Ok(Acknowledged {
        said: frame.to_vec(),
        position: receipt.position,
        leaf: leaf.encode(),
        payload: upload.payload,
    })
}
