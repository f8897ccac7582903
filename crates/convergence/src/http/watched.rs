//! A connection's stream that tells its [`Life`] when bytes move, and when the client takes none.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::life::Life;

pub(super) struct Watched<S: Cut> {
    stream: S,
    life: Rc<Life>,
    /// A write is waiting for the client.
    stuck: bool,
}

/// What can be ended so that the other end cannot take it for an end in good order.
pub(super) trait Cut {
    /// From here on, dropping it is that.
    fn cut(&self);
}

impl Cut for TcpStream {
    fn cut(&self) {
        // What is unsent is thrown away, and the client gets a reset.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

#[cfg(test)]
impl Cut for tokio::io::DuplexStream {
    fn cut(&self) {}
}

impl<S: Cut> Watched<S> {
    pub(super) fn new(stream: S, life: Rc<Life>) -> Self {
        Self { stream, life, stuck: false }
    }

    fn noting<T>(&mut self, written: Poll<T>) -> Poll<T> {
        let stuck = written.is_pending();
        if !stuck {
            self.life.bytes_went();
        }
        if self.stuck != stuck {
            self.stuck = stuck;
            if stuck { self.life.owe() } else { self.life.took() }
        }
        written
    }
}

impl<S: Cut> Drop for Watched<S> {
    fn drop(&mut self) {
        if self.life.is_cut() {
            self.stream.cut();
        }
        if self.stuck {
            self.life.took();
        }
    }
}

impl<S: Cut + AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.life.bytes_came();
        }
        read
    }
}

impl<S: Cut + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noting(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // An answer without a body is one slice, which send(2) takes for less than writev(2).
        let written = match slices {
            [one] => Pin::new(&mut self.stream).poll_write(context, one),
            slices => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        };
        self.noting(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
