//! A client's stream, of which hyper reads only what the [`Machine`] lets pass.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::machine::{Machine, Then};
use crate::http::life::Life;

/// How much is read behind a request for an upgrade before its answer is known.
const MOST_AHEAD: usize = 16_384;

/// A stream that is screened. What passes at once is not copied; the beginning of a head is held until the rest is here.
pub(crate) struct Screened<S> {
    stream: S,
    life: Rc<Life>,
    machine: Machine,
    held: BytesMut,
    /// How many of the bytes held may be read.
    passed: usize,
    over: Option<Over>,
}

/// Why no more is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// hyper answers what stands in the refused request's place, and hangs up by itself.
    Refused,
    /// In the middle of a body: hyper is told of an end that is too early.
    BrokenOff,
}

impl<S> Screened<S> {
    /// Heads of more than `most` bytes are for the reader to refuse.
    pub(crate) fn new(stream: S, life: Rc<Life>, most: usize) -> Self {
        let machine = Machine::new(most);
        Self { stream, life, machine, held: BytesMut::new(), passed: 0, over: None }
    }

    /// Whether the client was found at fault: there may be more of what it sent.
    pub(crate) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// The stream, and what has been read from it and belongs behind `read`.
    pub(crate) fn into_inner(self, read: Bytes) -> (S, Bytes) {
        if self.held.is_empty() {
            return (self.stream, read);
        }
        let mut ahead = BytesMut::from(read);
        ahead.extend_from_slice(&self.held);
        (self.stream, ahead.freeze())
    }

    /// Hands over what is held and may be read.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.passed.min(buffer.remaining());
        buffer.put_slice(&self.held[..length]);
        self.held.advance(length);
        self.passed -= length;
        if self.held.is_empty() {
            // Most connections never need it again.
            self.held = BytesMut::new();
        }
    }

    fn look_at_held(&mut self) {
        let seen = self.machine.look(&self.held);
        self.passed = seen.passed;
        self.conclude(&seen.then);
    }

    /// Behind what has passed, nothing of a refused request is left.
    fn conclude(&mut self, then: &Then) {
        match then {
            Then::More | Then::Undecided => {}
            Then::Refused(fault) => {
                self.held.truncate(self.passed);
                self.held.extend_from_slice(fault.stand_in().as_bytes());
                self.passed = self.held.len();
                self.over = Some(Over::Refused);
            }
            Then::BrokenOff(fault) => {
                tracing::debug!("request broken off: {fault}");
                self.held.truncate(self.passed);
                self.over = Some(Over::BrokenOff);
            }
        }
    }

    /// What came from the stream, behind the first `before` bytes of the buffer.
    fn screen(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let came = &buffer.filled()[before..];
        if !self.held.is_empty() {
            self.held.extend_from_slice(came);
            buffer.set_filled(before);
            return self.look_at_held();
        }
        let seen = self.machine.look(came);
        if matches!(seen.then, Then::More | Then::Undecided) {
            self.held.extend_from_slice(&came[seen.passed..]);
        }
        buffer.set_filled(before + seen.passed);
        self.conclude(&seen.then);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Screened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        loop {
            if this.passed > 0 {
                this.give(buffer);
                return Poll::Ready(Ok(()));
            }
            match this.over {
                Some(Over::Refused) => return Poll::Pending,
                Some(Over::BrokenOff) => return Poll::Ready(Ok(())),
                None => {}
            }
            if this.machine.is_undecided() {
                if !this.life.is_answering() {
                    this.machine.go_on();
                    this.look_at_held();
                    continue;
                }
                // The life wakes whoever asked.
                if this.held.len() >= MOST_AHEAD {
                    return Poll::Pending;
                }
            }
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            if buffer.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
            this.screen(buffer, before);
            if buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Screened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
