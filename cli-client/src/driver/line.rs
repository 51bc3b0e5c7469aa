//! One open WebSocket. Frames are written by a task of their own, so that reading never waits for writing: two sides that each
//! wait for the other to read would wait for ever.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use troth_protocol::wire::{self, Goodbye, RelayMessage};

/// A WebSocket as the library opens it.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long the last frames may take once the connection is to be closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// An open connection.
#[derive(Debug)]
pub struct Line {
    frames: SplitStream<Socket>,
    // Unbounded here, since the engine sends no more than the relay has not yet answered.
    out: mpsc::UnboundedSender<Vec<u8>>,
    writer: JoinHandle<()>,
}

impl Line {
    /// Takes over an open WebSocket. Must be called within a Tokio runtime.
    pub fn new(socket: Socket) -> Self {
        let (sink, frames) = socket.split();
        let (out, waiting) = mpsc::unbounded_channel();
        Self {
            frames,
            out,
            writer: tokio::spawn(write(sink, waiting)),
        }
    }

    /// Sends a frame. A connection that is gone says so when it is read from.
    pub fn send(&self, frame: Vec<u8>) {
        let _ = self.out.send(frame);
    }

    /// The next frame; `None` once the connection is gone. Without a connection, never.
    ///
    /// A relay that closes says why in a last frame, and once more in the WebSocket's close code. The engine closes on that frame
    /// and nothing is read after it; so whoever gets to read a close code has lost the frame, and gets it from the code.
    pub async fn next(line: &mut Option<Self>) -> Option<Bytes> {
        let Some(line) = line else {
            return std::future::pending().await;
        };
        loop {
            match line.frames.next().await {
                Some(Ok(Message::Binary(frame))) => return Some(frame),
                Some(Ok(Message::Close(Some(close)))) => {
                    return farewell(close.code.into()).map(Bytes::from);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// Sends what waits, and closes.
    pub async fn close(self) {
        drop(self.out);
        let abort = self.writer.abort_handle();
        if tokio::time::timeout(FAREWELL, self.writer).await.is_err() {
            abort.abort();
        }
    }
}

/// Where the codes for private use begin (RFC 6455 §7.4.2): a relay's are this and the rule's number.
const PRIVATE_CODES: u16 = 4000;

/// The goodbye that a close code stands for.
fn farewell(code: u16) -> Option<Vec<u8>> {
    let rule = code.checked_sub(PRIVATE_CODES)?;
    Some(wire::frame(&RelayMessage::Goodbye(Goodbye { rule })))
}

async fn write(mut sink: SplitSink<Socket, Message>, mut waiting: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(frame) = waiting.recv().await {
        if sink.feed(Message::Binary(frame.into())).await.is_err() {
            return;
        }
        while let Ok(frame) = waiting.try_recv() {
            if sink.feed(Message::Binary(frame.into())).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    let _ = sink.close().await;
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    use troth_protocol::rule::Rule;

    use super::*;

    async fn closed_with(code: u16) -> Option<Bytes> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let relay = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let close = CloseFrame {
                code: code.into(),
                reason: "".into(),
            };
            socket.close(Some(close)).await.unwrap();
            while socket.next().await.is_some_and(|read| read.is_ok()) {}
        });
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut line = Some(Line::new(socket));
        let first = Line::next(&mut line).await;
        if first.is_some() {
            assert_eq!(Line::next(&mut line).await, None, "it is said once");
        }
        drop(line);
        relay.await.unwrap();
        first
    }

    #[tokio::test]
    async fn a_lost_goodbye_is_read_from_the_close_code() {
        let frame = closed_with(4000 + Rule::Revoked.number()).await.unwrap();
        let rule = Rule::Revoked.number();
        assert_eq!(
            wire::message::<RelayMessage>(&frame).unwrap(),
            RelayMessage::Goodbye(Goodbye { rule })
        );
        assert_eq!(closed_with(1000).await, None);
    }
}
