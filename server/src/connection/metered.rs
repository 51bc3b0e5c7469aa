//! A socket that counts what comes in, so that messages which never end are bounded too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use troth_protocol::limits;

use crate::relay::Meter;

/// What may come beside a stranger's longest frame, in bytes: frame headers and pings.
const BESIDE: usize = 4 * 1024;

/// A socket with its count.
pub(super) struct Metered<S> {
    socket: S,
    meter: Option<Meter>,
    stranger: bool,
    exceeded: bool,
}

impl<S> Metered<S> {
    /// A stranger's socket.
    pub(super) const fn new(socket: S, meter: Option<Meter>) -> Self {
        Self {
            socket,
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

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.socket).poll_read(cx, buf);
        let come = buf.filled().len().saturating_sub(before);
        if come > 0
            && let Some(meter) = &this.meter
        {
            let all = meter.came(come);
            if this.stranger && all > limits::GUEST_FRAME + BESIDE {
                this.exceeded = true;
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
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
