//! A message on its way out: the head, then the body as it comes (RFC 9112, 6 and 7.1).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::Body;
use tokio::io::AsyncWrite;

/// What is still to be written, and where more comes from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Sending<B> {
    /// The head and what frames the body, up to `written` gone already.
    words: Vec<u8>,
    written: usize,
    /// What stands behind the words.
    data: Bytes,
    /// What stands behind the data: a chunk's line end, or nothing.
    tail: &'static [u8],
    body: Option<B>,
    coding: Coding,
    /// Whether the body waits for the other side's consent (`Expect: 100-continue`).
    held: bool,
    /// Whether not a byte has gone out.
    untouched: bool,
    /// Whether something has been taken from the body: it cannot be sent once more.
    body_begun: bool,
    /// Whether something has gone out since that was asked last.
    moved: bool,
    /// Whether all that is here has gone out, and the body has to give more.
    starved: bool,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// By the length in the head, or by the end of the connection.
    Plain,
    Chunked {
        /// Whether the other side takes them.
        trailers: bool,
    },
}

/// Why it could not be sent.
#[derive(Debug)]
pub(crate) enum Unsent<E> {
    Io(io::Error),
    Body(E),
}

impl<B: Body<Data = Bytes> + Unpin> Sending<B> {
    /// `words` are the head, to its empty line. `held` where the other side is to be waited for before the body.
    pub(crate) fn new(words: Vec<u8>, coding: Coding, held: bool, body: Option<B>) -> Self {
        Self {
            words,
            written: 0,
            data: Bytes::new(),
            tail: b"",
            held: held && body.is_some(),
            body,
            coding,
            untouched: true,
            body_begun: false,
            moved: false,
            starved: false,
        }
    }

    /// The other side has said to go on, or has been given time enough to.
    pub(crate) fn release(&mut self) {
        self.held = false;
    }

    /// Whether the body waits for the other side's consent.
    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// Whether nothing of it has gone out.
    pub(crate) fn is_untouched(&self) -> bool {
        self.untouched
    }

    /// Whether it is the body's source that has to do something.
    pub(crate) fn is_starved(&self) -> bool {
        self.starved
    }

    /// Whether something has gone out since this was asked last.
    pub(crate) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The body, or what stands for none, where nothing of it has been taken: the message can be sent once more.
    pub(crate) fn into_body(self, none: impl FnOnce() -> B) -> Option<B> {
        (!self.body_begun).then(|| self.body.unwrap_or_else(none))
    }

    /// The buffer, to be used again.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.words
    }

    /// Ready when all has been written.
    pub(crate) fn poll<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Unsent<B::Error>>> {
        loop {
            // The first piece of a body that is there already goes out with the head, in one call.
            let wants_more = self.has_room() && self.body.is_some() && !self.held;
            self.starved = wants_more && self.poll_body(context).map_err(Unsent::Body)?.is_pending();
            if self.is_due() {
                let written = ready!(self.poll_write(io, context)).map_err(Unsent::Io)?;
                self.advance(written);
            } else if self.body.is_none() {
                return Pin::new(io).poll_flush(context).map_err(Unsent::Io);
            } else if self.starved || self.held {
                // TLS may hold back the end of what it has taken.
                if let Poll::Ready(Err(error)) = Pin::new(&mut *io).poll_flush(context) {
                    return Poll::Ready(Err(Unsent::Io(error)));
                }
                return Poll::Pending;
            }
        }
    }

    /// Whether what has been taken from the body has gone out.
    fn has_room(&self) -> bool {
        self.data.is_empty() && self.tail.is_empty()
    }

    fn is_due(&self) -> bool {
        self.written < self.words.len() || !self.has_room()
    }

    fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let written = match (&self.words[self.written..], &self.data[..], self.tail) {
            (words, [], []) => ready!(Pin::new(io).poll_write(context, words)),
            ([], data, []) => ready!(Pin::new(io).poll_write(context, data)),
            (words, data, tail) => {
                let all = [IoSlice::new(words), IoSlice::new(data), IoSlice::new(tail)];
                ready!(Pin::new(io).poll_write_vectored(context, &all))
            }
        };
        Poll::Ready(match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            other => other,
        })
    }

    fn advance(&mut self, written: usize) {
        (self.untouched, self.moved) = (false, true);
        let of_words = written.min(self.words.len() - self.written);
        self.written += of_words;
        let of_data = (written - of_words).min(self.data.len());
        self.data.advance(of_data);
        self.tail = &self.tail[written - of_words - of_data..];
    }

    /// Takes the next piece of the body, and puts what frames it around it.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<(), B::Error>> {
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(())) };
        let frame = ready!(Pin::new(body).poll_frame(context)).transpose()?;
        self.body_begun = true;
        if self.written == self.words.len() {
            self.words.clear();
            self.written = 0;
        }
        let Some(frame) = frame else {
            self.finish(None);
            return Poll::Ready(Ok(()));
        };
        match frame.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => {
                if self.coding != Coding::Plain {
                    self.open_chunk(data.len());
                }
                self.data = data;
            }
            Err(frame) => self.finish(frame.into_trailers().ok().as_ref()),
        }
        Poll::Ready(Ok(()))
    }

    fn open_chunk(&mut self, length: usize) {
        self.words.extend_from_slice(format!("{length:x}\r\n").as_bytes());
        self.tail = b"\r\n";
    }

    fn finish(&mut self, trailers: Option<&HeaderMap>) {
        self.body = None;
        let Coding::Chunked { trailers: takes_trailers } = self.coding else { return };
        self.words.extend_from_slice(b"0\r\n");
        for (name, value) in trailers.filter(|_| takes_trailers).into_iter().flatten() {
            line(&mut self.words, name.as_ref(), value.as_bytes());
        }
        self.words.extend_from_slice(b"\r\n");
    }
}

/// Adds a field's line to a head.
pub(crate) fn line(words: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    words.reserve(name.len() + value.len() + 4);
    words.extend_from_slice(name);
    words.extend_from_slice(b": ");
    words.extend_from_slice(value);
    words.extend_from_slice(b"\r\n");
}
