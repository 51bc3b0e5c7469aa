//! A device on a real socket.

use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use troth_protocol::entry::Parsed;
use troth_protocol::ids::{Hash, Nonce, PracticeId, VerifyingKey};
use troth_protocol::rule::Rule;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::Policy;
use troth_protocol::wire::{
    self, Append, Appended, ClientMessage, Follow, Found, Hello, RelayMessage, Transcript, Upload,
};
use troth_server::config::ServeOptions;
use troth_server::serve::{Running, serve};

use super::people::Device;
use super::reader::Reader;
use super::world::{NONCE, ORIGIN, ledger_key, settings};

/// How long anything may take before the test has failed.
pub const SOON: Duration = Duration::from_secs(20);

pub fn options(data: &Path) -> ServeOptions {
    let mut options = ServeOptions::new(data, "127.0.0.1:0".parse().unwrap());
    options.origin = Some(ORIGIN.into());
    options
}

/// A relay in this process, whose ledger key is the one that the stories know.
pub async fn relay(data: &Path) -> Running {
    put_key(data);
    serve(options(data)).await.unwrap()
}

pub fn put_key(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    std::fs::write(data.join("ledger.key"), settings().key.to_bytes()).unwrap();
}

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub async fn connect(url: &str) -> Self {
        let url = format!("{}/v1/sync", url.replacen("http", "ws", 1));
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Self { socket }
    }

    /// As a proxy does for somebody at this address.
    pub async fn connect_for(url: &str, address: &str) -> Self {
        Self::try_connect_for(url, address).await.expect("let in")
    }

    /// The same; `None` where the relay does not let it in.
    pub async fn try_connect_for(url: &str, address: &str) -> Option<Self> {
        let url = format!("{}/v1/sync", url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        let header = address.parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", header);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
        Some(Self { socket })
    }

    pub fn port(&self) -> u16 {
        match self.socket.get_ref() {
            MaybeTlsStream::Plain(socket) => socket.local_addr().unwrap().port(),
            _ => panic!("not plain"),
        }
    }

    pub async fn send(&mut self, message: &ClientMessage) {
        self.raw(wire::frame(message)).await;
    }

    pub async fn raw(&mut self, frame: Vec<u8>) {
        self.socket.send(Message::Binary(frame.into())).await.unwrap();
    }

    /// The next message; or the code that the relay closes with, without the private range's beginning.
    pub async fn next(&mut self) -> Result<RelayMessage, u16> {
        loop {
            let next = tokio::time::timeout(SOON, self.socket.next())
                .await
                .expect("the relay says something");
            match next {
                Some(Ok(Message::Binary(frame))) => return Ok(wire::message(&frame).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => return Err(u16::from(close.code) - 4000),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the socket ended without a reason: {other:?}"),
            }
        }
    }

    /// The relay says why, and closes.
    pub async fn ends_with(&mut self, rule: Rule) {
        match self.next().await {
            Ok(RelayMessage::Goodbye(goodbye)) => assert_eq!(goodbye.rule, rule.number()),
            other => panic!("no goodbye: {other:?}"),
        }
        assert_eq!(self.next().await.unwrap_err(), rule.number());
    }

    pub async fn found(&mut self, founder: &Device) -> (PracticeId, State) {
        self.found_under(Policy::default(), founder).await
    }

    pub async fn found_under(&mut self, policy: Policy, founder: &Device) -> (PracticeId, State) {
        let (practice, genesis) = founder.genesis_under(policy, ORIGIN, ledger_key(), 1);
        self.send(&ClientMessage::Found(Found {
            genesis: genesis.clone(),
        }))
        .await;
        let Ok(RelayMessage::Appended(appended)) = self.next().await else {
            panic!("not founded")
        };
        let parsed = verify_genesis(Parsed::parse(genesis.signed).unwrap()).unwrap();
        (
            practice,
            State::found(appended.receipts[0].received, &parsed).unwrap(),
        )
    }

    /// Says hello, and is challenged. Returns the transcript's hash.
    pub async fn hello(&mut self, practice: PracticeId, device: &Device) -> Hash {
        let hello = Hello {
            practice,
            device: device.id(),
            nonce: Nonce([3; 32]),
            size: 0,
        };
        self.send(&ClientMessage::Hello(hello)).await;
        let Ok(RelayMessage::Challenge(challenge)) = self.next().await else {
            panic!("not challenged")
        };
        let key: VerifyingKey = ledger_key();
        Transcript::verify(hello, &challenge, &key).unwrap().hash()
    }

    pub async fn login(&mut self, practice: PracticeId, device: &Device, state: &State) {
        let transcript = self.hello(practice, device).await;
        self.send(&ClientMessage::Session(device.session(state, transcript)))
            .await;
        let Ok(RelayMessage::Welcome(_)) = self.next().await else {
            panic!("not welcome")
        };
    }

    pub async fn follow(&mut self, size: u64) {
        self.send(&ClientMessage::Follow(Follow {
            nonce: NONCE,
            size,
            through: None,
        }))
        .await;
    }

    pub async fn append(&mut self, uploads: Vec<Upload>) -> Appended {
        self.send(&ClientMessage::Append(Append { request: 1, uploads }))
            .await;
        match self.next().await {
            Ok(RelayMessage::Appended(appended)) => appended,
            other => panic!("not appended: {other:?}"),
        }
    }

    /// Reads until the reader has got this far.
    pub async fn read_to(&mut self, reader: &mut Reader, size: u64) {
        while reader.frontier.size() < size {
            match self.next().await {
                Ok(RelayMessage::Items(items)) => reader.take(items),
                other => panic!("not items: {other:?}"),
            }
        }
    }
}

/// A founder who is logged in, and follows.
pub async fn founder(url: &str) -> (Client, Device, PracticeId, Reader) {
    founder_of(url, 1).await
}

/// The founder of one practice among several.
pub async fn founder_of(url: &str, number: u8) -> (Client, Device, PracticeId, Reader) {
    let admin = Device::new(number, super::people::member(1));
    let (practice, state) = Client::connect(url).await.found(&admin).await;
    let mut client = Client::connect(url).await;
    client.login(practice, &admin, &state).await;
    let mut follower = Client::connect(url).await;
    follower.login(practice, &admin, &state).await;
    follower.follow(0).await;
    let mut reader = Reader::new(practice, admin.member);
    follower.read_to(&mut reader, 2).await;
    (client, admin, practice, reader)
}
