//! The only file that touches a device's socket: one WebSocket, binary frames, both ways.

mod metered;

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tracing::{debug, warn};
use troth_protocol::ids::PracticeId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{self, Goodbye, Refused, RelayMessage};

use crate::core::{ConnectionId, Event};
use crate::http::Caller;
use crate::relay::{Out, Outbox, Relay};
use crate::verify::{Checked, Fault, check, check_stranger};
use metered::Metered;

/// How long a connection may stay without logging in or saying what else it is there for.
const LOGIN_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may stay that only asks, founds or waits at a mailbox: as long as a mailbox lasts, and a while.
const VISIT_WITHIN: Duration = Duration::from_millis(limits::MAILBOX_MS + 60_000);
/// How long one frame may take to be written before the reader counts as gone.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long the last word may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);
/// How long the other side is heard out after it.
const LINGER_WITHIN: Duration = Duration::from_secs(1);
/// Where the codes for private use begin (RFC 6455 §7.4.2).
const PRIVATE_CODES: u16 = 4000;
/// Length of a frame, in bytes, above which it is checked off the sockets' threads: hundreds of signatures. Handing a thread's
/// other connections over costs more than checking what is shorter.
const CHECKED_APART: usize = 64 * 1024;
/// What is longer goes out in pieces of this many bytes. The socket's buffer grows to the longest piece and stays with the
/// connection for as long as it lasts.
const PIECE: usize = 2 * 1024;
/// Bytes read from the socket at once.
const READ: usize = 2 * 1024;

/// How a device's WebSocket is set up: small buffers, and no frame longer than the protocol's.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * limits::FRAME)
        .max_message_size(Some(limits::FRAME))
        .max_frame_size(Some(limits::FRAME))
}

/// See [`limits::FAULT_MS`].
const FAULT_WITHIN: Duration = Duration::from_millis(limits::FAULT_MS);

/// A device's socket.
struct Wire<S> {
    socket: WebSocketStream<Metered<S>>,
    /// Whether a message was begun and not yet ended: then only control frames may follow.
    begun: bool,
}

/// Serves one connection, of whose WebSocket `read` was read already, until it ends.
pub async fn run<S>(socket: S, read: Vec<u8>, relay: Relay, caller: Option<Caller>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let opened = relay.open().await;
    let meter = opened.as_ref().map(|(_, outbox)| outbox.meter());
    let socket = Metered::new(socket, meter);
    let socket = WebSocketStream::from_partially_read(socket, read, Role::Server, Some(config())).await;
    let mut wire = Wire { socket, begun: false };
    let Some((id, outbox)) = opened else {
        return wire.goodbye(Rule::Quota).await;
    };
    // What waits to be sent goes with the outbox: it is not held while the last word is said.
    let reason = serve(id, &mut wire, &relay, outbox, caller).await;
    wire.socket.get_mut().forget();
    relay.closed(id).await;
    if let Some(rule) = reason {
        debug!(connection = id, rule = rule.number(), "closed");
        wire.goodbye(rule).await;
    }
    relay.gone();
}

/// What the relay knows of a connection before the core does.
struct Visitor {
    /// The practice that its hello named.
    practice: Option<PracticeId>,
    opened: Instant,
    /// When it has to be gone; `None` once it is logged in.
    until: Option<Instant>,
}

/// Returns the reason to tell the other side, if it is still there to be told.
async fn serve<S>(
    id: ConnectionId,
    wire: &mut Wire<S>,
    relay: &Relay,
    mut outbox: Outbox,
    mut caller: Option<Caller>,
) -> Option<Rule>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let meter = outbox.meter();
    let mut let_go = caller.as_ref().map(|caller| Box::pin(caller.let_go()));
    let opened = Instant::now();
    let mut visitor = Visitor {
        practice: None,
        opened,
        until: Some(opened + LOGIN_WITHIN),
    };
    let mut cut_off = std::pin::pin!(outbox.cut_off());
    loop {
        let until = visitor.until;
        tokio::select! {
            rule = &mut cut_off => return Some(rule),
            () = async { match &mut let_go { Some(let_go) => let_go.await, None => pending().await } } => return Some(Rule::Quota),
            out = outbox.next() => match out? {
                Out::Close(rule) => return Some(rule),
                Out::Frame(frame) => {
                    let length = frame.len();
                    tokio::select! {
                        rule = &mut cut_off => return Some(rule),
                        sent = timeout(WRITE_WITHIN, wire.send(frame)) => match sent {
                            Ok(Ok(())) => outbox.written(length),
                            Ok(Err(_)) => return None,
                            Err(_) => return Some(Rule::SlowReader),
                        },
                    }
                }
            },
            message = wire.socket.next() => match message {
                Some(Ok(Message::Binary(frame))) => {
                    // Boxed: what it takes to check a message is not kept while the connection is idle.
                    let received = Box::pin(receive(id, frame, relay, wire, &mut visitor));
                    if let Some(rule) = received.await {
                        return Some(rule);
                    }
                    meter.dealt_with();
                    if visitor.until.is_none() && let Some(caller) = &mut caller {
                        (let_go, caller.guest) = (None, None);
                        wire.socket.get_mut().logged_in();
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Text(_)) | Err(Error::Protocol(_) | Error::Utf8(_))) => return Some(Rule::Malformed),
                Some(Err(Error::Capacity(_))) => return Some(Rule::TooLarge),
                Some(Err(_)) if wire.socket.get_ref().is_exceeded() => return Some(Rule::TooLarge),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            },
            () = sleep_until(until.unwrap_or(opened)), if until.is_some() => return Some(Rule::OutOfOrder),
        }
    }
}

/// Checks one frame and hands it on; returns why the connection must end, if it must.
async fn receive<S>(
    id: ConnectionId,
    frame: Bytes,
    relay: &Relay,
    wire: &mut Wire<S>,
    visitor: &mut Visitor,
) -> Option<Rule>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let length = frame.len();
    let practice = visitor.practice.as_ref();
    let begun = Instant::now();
    let stranger = visitor.until.is_some();
    let checked = apart(length > CHECKED_APART, || {
        if stranger {
            check_stranger(&frame, practice, relay.directory())
        } else {
            check(&frame, practice, relay.directory())
        }
    });
    drop(frame);
    match checked {
        Ok(message) => {
            match &message {
                Checked::Hello(hello) if visitor.practice.is_none() => {
                    visitor.practice = Some(hello.practice)
                }
                Checked::Session(_) => visitor.until = None,
                Checked::Put(_)
                | Checked::Take(_)
                | Checked::Info
                | Checked::Locate(_)
                | Checked::Found(_) => {
                    visitor.until = visitor.until.map(|_| visitor.opened + VISIT_WITHIN);
                }
                _ => {}
            }
            let up = relay.submit(Event::Message(id, message), length).await;
            (!up).then_some(Rule::Unavailable)
        }
        Err(Fault::Statement(request, index, rule)) => {
            warn!(
                connection = id,
                rule = rule.number(),
                "a statement was refused before it was ordered"
            );
            let refused = Refused {
                request,
                index,
                rule: rule.number(),
                head: None,
            };
            let frame = wire::frame(&RelayMessage::Refused(refused));
            let pause = (begun.elapsed() * limits::FAULT_COSTS).min(FAULT_WITHIN);
            let sent = timeout(WRITE_WITHIN, wire.send(frame.into())).await;
            sleep(pause).await;
            (!matches!(sent, Ok(Ok(())))).then_some(Rule::SlowReader)
        }
        Err(Fault::Connection(rule)) => Some(rule),
    }
}

/// Long work moves the other connections of this thread to another one, where there is another.
fn apart<T>(long: bool, work: impl FnOnce() -> T) -> T {
    let several = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if long && several {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    async fn send(&mut self, frame: Bytes) -> Result<(), Error> {
        let length = frame.len();
        if length <= PIECE {
            return self.socket.send(Message::Binary(frame)).await;
        }
        for from in (0..length).step_by(PIECE) {
            let to = length.min(from + PIECE);
            let kind = if from == 0 { Data::Binary } else { Data::Continue };
            let piece = Frame::message(frame.slice(from..to), OpCode::Data(kind), to == length);
            self.begun = true;
            self.socket.send(Message::Frame(piece)).await?;
            self.begun = to < length;
        }
        Ok(())
    }

    /// The last word: why, in a message of the protocol where one may begin, and in any case in the close (R12 is 4012).
    async fn goodbye(mut self, rule: Rule) {
        let said = timeout(GOODBYE_WITHIN, async {
            if !self.begun {
                let frame = wire::frame(&RelayMessage::Goodbye(Goodbye { rule: rule.number() }));
                self.send(frame.into()).await?;
            }
            let code = CloseCode::Library(PRIVATE_CODES + rule.number());
            self.socket
                .close(Some(CloseFrame {
                    code,
                    reason: Utf8Bytes::default(),
                }))
                .await
        });
        if let Ok(Ok(())) = said.await {
            self.linger().await;
        }
    }

    /// Reads on for a moment and looks at nothing. Closing a socket that still holds what the other side sent would take the
    /// last word back from it.
    async fn linger(&mut self) {
        let mut discarded = [0; 1024];
        let socket = self.socket.get_mut();
        let _ = timeout(LINGER_WITHIN, async {
            while matches!(socket.read(&mut discarded).await, Ok(1..)) {}
        })
        .await;
    }
}
