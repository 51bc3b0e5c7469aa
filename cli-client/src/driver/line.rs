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
    pub async fn next(line: &mut Option<Self>) -> Option<Bytes> {
        let Some(line) = line else {
            return std::future::pending().await;
        };
        loop {
            match line.frames.next().await {
                Some(Ok(Message::Binary(frame))) => return Some(frame),
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
