//! A socket that counts what comes in, so that messages which never end are bounded too, and that reads far ahead only while
//! much comes: what is idle holds no buffer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use troth_protocol::limits;

use crate::relay::Meter;

/// What may come beside a stranger's longest frame, in bytes: frame headers and pings.
const BESIDE: usize = 4 * 1024;

/// Bytes read at once where more came than was asked for. The WebSocket asks for little at a time.
const AHEAD: usize = 16 * 1024;

/// A socket with its count.
pub(super) struct Metered<S> {
    socket: S,
    /// What was read ahead, and how much of it was taken; empty otherwise.
    ahead: (Vec<u8>, usize),
    /// Whether the last reading got all that was asked for.
    full: bool,
    meter: Option<Meter>,
    stranger: bool,
    exceeded: bool,
}

impl<S> Metered<S> {
    /// A stranger's socket.
    pub(super) const fn new(socket: S, meter: Option<Meter>) -> Self {
        Self {
            socket,
            ahead: (Vec::new(), 0),
            full: false,
            meter,
            stranger: true,
            exceeded: false,
        }
    }

    /// Longer frames may come from now on.
    pub(super) const fn logged_in(&mut self) {
        self.stranger = false;
    }

    /// Whether a stranger sent more than a stranger may without ending their message.
    pub(super) const fn is_exceeded(&self) -> bool {
        self.exceeded
    }

    /// Nothing of what comes is kept any more.
    pub(super) fn forget(&mut self) {
        self.meter = None;
    }
}

impl<S: AsyncRead + Unpin> Metered<S> {
    /// Reads from the socket, and counts.
    fn counted(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        let come = buf.filled().len().saturating_sub(before);
        if come > 0
            && let Some(meter) = &self.meter
        {
            let all = meter.came(come);
            if self.stranger && all > limits::GUEST_FRAME + BESIDE {
                self.exceeded = true;
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        polled
    }

    /// Gives of what was read ahead; the buffer goes with its last byte.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let (ahead, taken) = &mut self.ahead;
        let left = ahead.get(*taken..).unwrap_or_default();
        let given = left.get(..buf.remaining()).unwrap_or(left);
        buf.put_slice(given);
        *taken += given.len();
        if *taken >= ahead.len() {
            self.ahead = (Vec::new(), 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.0.is_empty() && this.full && buf.remaining() < AHEAD {
            let mut ahead = vec![0; AHEAD];
            let mut into = ReadBuf::new(&mut ahead);
            ready!(this.counted(cx, &mut into))?;
            let come = into.filled().len();
            this.full = come == AHEAD;
            ahead.truncate(come);
            this.ahead = (ahead, 0);
            this.give(buf);
            return Poll::Ready(Ok(()));
        }
        if !this.ahead.0.is_empty() {
            this.give(buf);
            return Poll::Ready(Ok(()));
        }
        let polled = this.counted(cx, buf);
        this.full = polled.is_ready() && buf.remaining() == 0;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What the WebSocket asks for at a time.
    const ASKED: usize = 2 * 1024;

    #[tokio::test]
    async fn what_comes_in_one_piece_is_read_ahead_and_nothing_is_kept_once_it_is_taken() {
        for length in [1, ASKED - 1, ASKED, ASKED + 1, ASKED + AHEAD, 100_000] {
            let (mut far, near) = duplex(1 << 20);
            let mut near = Metered::new(near, None);
            let sent: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            far.write_all(&sent).await.unwrap();
            let (mut got, mut was_ahead) = (Vec::new(), false);
            while got.len() < length {
                let mut piece = [0; ASKED];
                let come = near.read(&mut piece).await.unwrap();
                assert_ne!(come, 0, "the socket is open");
                got.extend_from_slice(&piece[..come]);
                was_ahead |= !near.ahead.0.is_empty();
            }
            assert_eq!(got, sent);
            assert_eq!(was_ahead, length > 2 * ASKED);
            assert_eq!(near.ahead.0.capacity(), 0, "idle, it holds no buffer");
            // What comes later is heard of, though the last reading may have filled all that was asked for.
            far.write_all(b"more").await.unwrap();
            let mut piece = [0; ASKED];
            assert_eq!(near.read(&mut piece).await.unwrap(), 4);
            drop(far);
            assert_eq!(near.read(&mut piece).await.unwrap(), 0, "and the end is told");
        }
    }
}
