//! A wire that remembers: a TCP proxy that keeps every byte that passes, in both directions.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

/// Bytes of one direction of one connection.
type Tape = Arc<Mutex<Vec<u8>>>;

/// A proxy in front of a relay.
pub struct Proxy {
    address: String,
    tapes: Arc<Mutex<Vec<(Tape, Tape)>>>,
}

/// What passed on one connection.
pub struct Recording {
    /// What the client sent, as it was on the wire.
    pub sent: Vec<u8>,
    /// What the client received, as it was on the wire.
    pub received: Vec<u8>,
}

impl Proxy {
    /// Listens on a port of its own and passes everything on to `target` (`host:port`).
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(target: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let tapes: Arc<Mutex<Vec<(Tape, Tape)>>> = Arc::default();
        let (target, kept) = (target.to_owned(), tapes.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(relay) = TcpStream::connect(&target).await else {
                    return;
                };
                let _ = (client.set_nodelay(true), relay.set_nodelay(true));
                let (sent, received) = (Tape::default(), Tape::default());
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((sent.clone(), received.clone()));
                let (from_client, to_client) = client.into_split();
                let (from_relay, to_relay) = relay.into_split();
                tokio::spawn(pass(from_client, to_relay, sent));
                tokio::spawn(pass(from_relay, to_client, received));
            }
        });
        Ok(Self { address, tapes })
    }

    /// `host:port` where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What has passed so far.
    pub fn recordings(&self) -> Vec<Recording> {
        let copy = |tape: &Tape| tape.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let tapes = self.tapes.lock().unwrap_or_else(PoisonError::into_inner);
        tapes
            .iter()
            .map(|(sent, received)| Recording {
                sent: copy(sent),
                received: copy(received),
            })
            .collect()
    }
}

impl Recording {
    /// The messages that the client sent, without the masks that WebSocket clients put on what they send (RFC 6455 §5.3).
    ///
    /// # Errors
    /// It was no WebSocket.
    pub fn sent_messages(&self) -> Result<Vec<Vec<u8>>> {
        const HEAD_ENDS: &[u8] = b"\r\n\r\n";
        let head = self
            .sent
            .windows(HEAD_ENDS.len())
            .position(|w| w == HEAD_ENDS)
            .context("no HTTP head")?;
        let frames = Played(io::Cursor::new(self.sent[head + HEAD_ENDS.len()..].to_vec()));
        let mut socket = WebSocket::from_raw_socket(frames, Role::Server, None);
        let mut messages = Vec::new();
        while let Ok(message) = socket.read() {
            if let Message::Binary(bytes) = message {
                messages.push(bytes.to_vec());
            }
        }
        Ok(messages)
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, tape: Tape) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        tape.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// A recording as a socket to read from; what is written to it goes nowhere.
struct Played(io::Cursor<Vec<u8>>);

impl io::Read for Played {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, buffer)
    }
}

impl io::Write for Played {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
