//! The client's side of a connection of HTTP/1: its bytes, as far as they have been read and not used, and where the present
//! request is in them.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use tokio::io::{AsyncReadExt, AsyncWrite, ReadBuf};

use crate::http::framing::{self, Fault, Machine, Piece};
use crate::http::request::Head;
use crate::http::tunnel::Stream;
use crate::wire::ClientBody;

/// Room for most requests, and for as much of a large body as one call may read.
const SMALL_READ: usize = 2_048;
const LARGE_READ: usize = 65_536;

/// How much is read behind a request before its answer is written.
const MOST_AHEAD: usize = 16_384;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// One connection's. It is shared between whoever drives it and the body of its present request.
pub(super) struct Client<S> {
    stream: S,
    read: BytesMut,
    machine: Machine,
    /// What of `100 Continue` is to be written before the body can be expected.
    consent: &'static [u8],
    /// Whether it has said something that ends the connection.
    at_fault: bool,
}

/// A request whose head is whole.
pub(super) struct Asked {
    pub(super) head: Head,
    /// Whether the client wants to use the connection once more.
    pub(super) persists: bool,
}

impl<S: Stream> Client<S> {
    /// `read` is what has come already. A head may have `most` bytes.
    pub(super) fn new(stream: S, read: Bytes, most: usize) -> Self {
        Self { stream, read: read.into(), machine: Machine::new(most), consent: b"", at_fault: false }
    }

    /// The next request; `None` where the client has ended instead.
    pub(super) fn poll_request(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Result<Asked, Fault>>>> {
        loop {
            match self.request() {
                Ok(Some(asked)) => return Poll::Ready(Ok(Some(Ok(asked)))),
                Ok(None) => {}
                Err(fault) => {
                    self.at_fault = true;
                    return Poll::Ready(Ok(Some(Err(fault))));
                }
            }
            // A connection that waits keeps no room for a large body.
            if self.read.is_empty() && self.read.capacity() > MOST_AHEAD {
                self.read = BytesMut::new();
            }
            if ready!(self.poll_read(SMALL_READ, context))? == 0 {
                return Poll::Ready(if self.read.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                });
            }
        }
    }

    fn request(&mut self) -> Result<Option<Asked>, Fault> {
        let Some(told) = self.machine.head(&self.read)? else { return Ok(None) };
        let (persists, expects) = (told.persists, told.expects);
        let bytes = self.read.split_to(told.length()).freeze();
        let waits = expects && !self.machine.has_ended() && self.read.is_empty();
        self.consent = if waits { CONTINUE } else { b"" };
        Ok(Some(Asked { head: framing::head(bytes, told)?, persists }))
    }

    /// Whether nothing of another request has come.
    pub(super) fn is_between(&self) -> bool {
        !self.at_fault && self.machine.is_between() && self.read.is_empty()
    }

    /// Whether the present request is over, its body included.
    pub(super) fn has_ended(&self) -> bool {
        self.machine.has_ended()
    }

    /// Whether the present request's body may not be sent, or not be understood.
    pub(super) fn is_of_no_more_use(&self) -> bool {
        self.at_fault || !self.consent.is_empty()
    }

    /// Reads ahead while a request is answered. Ready when the client has hung up, which ends the work for it.
    pub(super) fn poll_hang_up(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.has_ended() && self.read.len() < MOST_AHEAD {
            let mut space = [const { MaybeUninit::uninit() }; 512];
            let mut buffer = ReadBuf::uninit(&mut space);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => self.read.extend_from_slice(buffer.filled()),
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    /// Reads what is left of a body that nobody wants, up to `most` bytes. Whether that was all.
    pub(super) fn poll_rest(&mut self, most: &mut usize, context: &mut Context<'_>) -> Poll<bool> {
        while !self.has_ended() {
            match ready!(self.poll_body(context)) {
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    let Some(less) = most.checked_sub(length) else { return Poll::Ready(false) };
                    *most = less;
                }
                Some(Err(_)) => return Poll::Ready(false),
                None => {}
            }
        }
        Poll::Ready(true)
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.at_fault {
            return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
        }
        loop {
            let (framing, piece) = match self.machine.body(&self.read) {
                Ok(next) => next,
                Err(fault) => {
                    tracing::debug!("request broken off: {fault}");
                    self.at_fault = true;
                    return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
                }
            };
            self.read.advance(framing);
            match piece {
                Piece::Data(length) => {
                    // It has not waited. What has been begun is finished.
                    if self.consent.len() == CONTINUE.len() {
                        self.consent = b"";
                    }
                    return Poll::Ready(Some(Ok(Frame::data(self.read.split_to(length).freeze()))));
                }
                Piece::End => {
                    let trailers = trailers(&self.machine.end());
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
                Piece::More => {}
            }
            ready!(self.poll_consent(context))?;
            let room = self.machine.left().and_then(|left| usize::try_from(left).ok());
            let room = room.map_or(LARGE_READ, |left| left.clamp(SMALL_READ, LARGE_READ));
            if ready!(self.poll_read(room, context))? == 0 {
                self.at_fault = true;
                return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
            }
        }
    }

    /// Finishes a consent that has been begun, ahead of an answer.
    pub(super) fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.consent.len() == CONTINUE.len() {
            return Poll::Ready(Ok(()));
        }
        self.poll_consent(context)
    }

    /// Tells a client that waits for it to send the body.
    fn poll_consent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.consent.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.consent.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, self.consent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.consent = &self.consent[written..],
            }
        }
        // What TLS holds back of it goes out with the next poll.
        let _ = Pin::new(&mut self.stream).poll_flush(context)?;
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, room: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.read.reserve(room);
        pin!(self.stream.read_buf(&mut self.read)).poll(context)
    }

    /// The stream, and what has been read of what follows HTTP on it.
    pub(super) fn into_parts(self) -> (S, Bytes) {
        (self.stream, self.read.freeze())
    }
}

/// What stands behind the last chunk, where there is anything. Each line has been found good.
fn trailers(bytes: &[u8]) -> Option<HeaderMap> {
    let mut trailers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            trailers.append(name, value);
        }
    }
    (!trailers.is_empty()).then_some(trailers)
}

impl<S: Stream> ClientBody for RefCell<Client<S>> {
    fn poll_frame(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.borrow_mut().poll_body(context)
    }

    fn left(&self) -> Option<u64> {
        self.borrow().machine.left()
    }
}

/// The client's stream while an answer is written to it, of which nothing is borrowed between two writes: the answer's body
/// may be waiting for the request's.
pub(super) struct Writer<'a, S>(pub(super) &'a RefCell<Client<S>>);

impl<S: Stream> AsyncWrite for Writer<'_, S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_shutdown(context)
    }
}
