//! The WebSocket, and the login.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rand::CryptoRng;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};
use troth_protocol::ids::Nonce;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Seen, Session, Statement};
use troth_protocol::wire::{
    self, Append, Challenge, ClientMessage, Follow, Found, Hello, Info, Receipt, RelayMessage, Transcript,
    Upload,
};

use super::{Device, Member};

/// Where a relay's WebSocket is.
pub const SOCKET_PATH: &str = "/v1/sync";

/// A connection to a relay.
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    /// Bytes of the WebSocket frames received, with their headers.
    pub received_bytes: u64,
    /// Bytes of the WebSocket frames sent, with their headers and masks.
    pub sent_bytes: u64,
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// Nobody is there, or it is no relay.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{address}{SOCKET_PATH}"), stream).await?;
        Ok(Self {
            socket,
            received_bytes: 0,
            sent_bytes: 0,
        })
    }

    /// Founds a practice with its first device on the relay at `address`.
    ///
    /// # Errors
    /// The relay refuses.
    pub async fn found(address: &str, rng: &mut impl CryptoRng, device: &Device) -> Result<Member> {
        let mut connection = Self::open(address).await?;
        let info = connection.info().await?;
        let (member, genesis) = Member::found(rng, &info, device)?;
        connection.send(&ClientMessage::Found(Found { genesis })).await?;
        connection.appended(0).await?;
        Ok(member)
    }

    /// Asks what relay this is.
    ///
    /// # Errors
    /// The relay does not say.
    pub async fn info(&mut self) -> Result<Info> {
        self.send(&ClientMessage::Info).await?;
        match self.receive().await? {
            RelayMessage::Info(info) => Ok(info),
            other => bail!("expected the relay's info, not {other:?}"),
        }
    }

    /// Connects and logs in. Returns the relay's challenge, whose signatures were checked.
    ///
    /// # Errors
    /// The relay is not the ledger's, or refuses.
    pub async fn log_in(
        address: &str,
        rng: &mut impl CryptoRng,
        member: &Member,
        device: &Device,
    ) -> Result<(Self, Challenge)> {
        let mut connection = Self::open(address).await?;
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce.0);
        let hello = Hello {
            practice: member.practice,
            device: device.id(),
            nonce,
            size: 0,
        };
        connection.send(&ClientMessage::Hello(hello)).await?;
        let challenge = match connection.receive().await? {
            RelayMessage::Challenge(challenge) => challenge,
            other => bail!("expected a challenge, not {other:?}"),
        };
        let transcript = Transcript::verify(hello, &challenge, &member.ledger_key)?;
        challenge.checkpoint.verify(&member.origin, &member.ledger_key)?;
        let statement = Statement {
            signer: device.id(),
            seen: Some(Seen {
                roster: member.roster,
                control: None,
            }),
            payload: None,
            body: Body::Session(Session {
                transcript: transcript.hash(),
            }),
        };
        let (signed, _) = device.sign(&member.practice, &statement);
        connection.send(&ClientMessage::Session(signed)).await?;
        match connection.receive().await? {
            RelayMessage::Welcome(_) => Ok((connection, challenge)),
            other => bail!("expected a welcome, not {other:?}"),
        }
    }

    /// Follows the ledger from a size.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn follow(&mut self, rng: &mut impl CryptoRng, size: u64) -> Result<Nonce> {
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce.0);
        self.send(&ClientMessage::Follow(Follow {
            nonce,
            size,
            through: None,
        }))
        .await?;
        Ok(nonce)
    }

    /// Appends, and waits until it is durable.
    ///
    /// # Errors
    /// The relay refuses, or the connection is gone.
    pub async fn append(&mut self, request: u64, uploads: Vec<Upload>) -> Result<Vec<Receipt>> {
        self.queue(&ClientMessage::Append(Append { request, uploads }))
            .await?;
        self.flush().await?;
        self.appended(request).await
    }

    async fn appended(&mut self, request: u64) -> Result<Vec<Receipt>> {
        match self.receive().await? {
            RelayMessage::Appended(appended) => {
                ensure!(appended.request == request, "the answer is to another request");
                Ok(appended.receipts)
            }
            RelayMessage::Refused(refused) => bail!("refused: R{} {}", refused.rule, refused.rule()),
            other => bail!("expected a receipt, not {other:?}"),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&mut self, message: &ClientMessage) -> Result<()> {
        self.queue(message).await?;
        self.flush().await
    }

    /// Sends one binary frame of any bytes; or, unless it `ends`, all of it but its last byte (RFC 6455 §5.2, masked with
    /// zeros). For whoever wants to see what a relay makes of it.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send_raw(&mut self, body: &[u8], ends: bool) -> Result<()> {
        if ends {
            return Ok(self.socket.send(Message::binary(body.to_vec())).await?);
        }
        let mut frame = vec![0x82, 0xff];
        frame.extend((body.len() as u64).to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(&body[..body.len().saturating_sub(1)]);
        Ok(self.socket.get_mut().write_all(&frame).await?)
    }

    /// Puts a message into the buffer that [`Self::flush`] sends.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn queue(&mut self, message: &ClientMessage) -> Result<()> {
        let frame = Bytes::from(wire::frame(message));
        self.sent_bytes += framed(frame.len()) + 4;
        Ok(self.socket.feed(Message::Binary(frame)).await?)
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn flush(&mut self) -> Result<()> {
        Ok(self.socket.flush().await?)
    }

    /// The relay's next message.
    ///
    /// # Errors
    /// The connection is gone, the relay says goodbye, or what it says is malformed.
    pub async fn receive(&mut self) -> Result<RelayMessage> {
        let frame = self.receive_frame().await?;
        match wire::message(&frame)? {
            RelayMessage::Goodbye(goodbye) => {
                let rule = Rule::from_number(goodbye.rule);
                bail!("the relay closed: R{} {rule:?}", goodbye.rule)
            }
            message => Ok(message),
        }
    }

    /// The relay's next message, undecoded.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn receive_frame(&mut self) -> Result<Bytes> {
        loop {
            match self
                .socket
                .next()
                .await
                .context("the relay closed without a word")??
            {
                Message::Binary(frame) => {
                    self.received_bytes += framed(frame.len());
                    return Ok(frame);
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => bail!("the relay sent {other:?}"),
            }
        }
    }
}

/// Bytes of an unmasked frame with its header (RFC 6455 §5.2).
const fn framed(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    };
    (payload + header) as u64
}
