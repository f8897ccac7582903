//! A request on its way out: the head, then the body as it comes (RFC 9112, 3, 6 and 7.1).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use tokio::io::AsyncWrite;

use crate::upstream::fault::BadRequestBody;
use crate::upstream::message::{Message, expects_consent};
use crate::upstream::outgoing::Outgoing;

/// What is still to be written, and where more comes from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Sending {
    /// The head and what frames the body, up to `written` gone already.
    words: Vec<u8>,
    written: usize,
    /// What stands behind the words.
    data: Bytes,
    body: Option<Outgoing>,
    /// Whether the body's length was not known.
    chunked: bool,
    /// Whether a chunk's closing line end is due.
    in_chunk: bool,
    /// Whether the body waits for the upstream's consent (`Expect: 100-continue`).
    held: bool,
    /// Whether not a byte has gone out.
    untouched: bool,
    /// Whether something has been taken from the body: it cannot be sent once more.
    body_begun: bool,
    /// Whether something has gone out since that was asked last.
    moved: bool,
    /// Whether all that is here has gone out, and the client has to send more.
    starved: bool,
}

/// Why it could not be sent.
#[derive(Debug)]
pub(super) enum Unsent {
    Io(io::Error),
    Body(BadRequestBody),
}

impl Sending {
    /// Writes the head into `words`, a used buffer. A body of unknown length is sent in chunks.
    pub(super) fn new(mut words: Vec<u8>, message: &Message<'_>, body: Outgoing) -> Self {
        let body = (!body.is_end_stream()).then_some(body);
        let (mut has_length, mut held) = (false, false);
        words.clear();
        words.extend_from_slice(message.method.as_str().as_bytes());
        words.push(b' ');
        words.extend_from_slice(message.target.as_bytes());
        words.extend_from_slice(b" HTTP/1.1\r\n");
        message.headers.each(&mut |name, value| {
            has_length |= *name == CONTENT_LENGTH;
            held |= expects_consent(name, value);
            line(&mut words, name.as_str(), value);
        });
        let chunked = body.is_some() && !has_length;
        words.extend_from_slice(if chunked { b"transfer-encoding: chunked\r\n\r\n" } else { b"\r\n" });
        let held = held && body.is_some();
        Self {
            words,
            written: 0,
            data: Bytes::new(),
            body,
            chunked,
            in_chunk: false,
            held,
            untouched: true,
            body_begun: false,
            moved: false,
            starved: false,
        }
    }

    /// The upstream has said to go on, or has been given time enough to.
    pub(super) fn release(&mut self) {
        self.held = false;
    }

    /// Whether the body waits for the upstream's consent.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Whether nothing of the request has gone out.
    pub(super) fn is_untouched(&self) -> bool {
        self.untouched
    }

    /// Whether it is the client that has to do something.
    pub(super) fn is_starved(&self) -> bool {
        self.starved
    }

    /// Whether something has gone out since this was asked last.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The body, where none of it has been taken: the request can be sent once more.
    pub(super) fn into_body(self) -> Option<Outgoing> {
        (!self.body_begun).then(|| self.body.unwrap_or_else(Outgoing::none))
    }

    /// The buffer, to be used again.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.words
    }

    /// Ready when all has been written.
    pub(super) fn poll<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Unsent>> {
        loop {
            // The first piece of a body that is there already goes out with the head, in one call.
            let wants_more = self.data.is_empty() && self.body.is_some() && !self.held;
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

    fn is_due(&self) -> bool {
        self.written < self.words.len() || !self.data.is_empty()
    }

    fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let words = &self.words[self.written..];
        let written = match (words, &self.data[..]) {
            (words, []) => ready!(Pin::new(io).poll_write(context, words)),
            ([], data) => ready!(Pin::new(io).poll_write(context, data)),
            (words, data) => {
                let both = [IoSlice::new(words), IoSlice::new(data)];
                ready!(Pin::new(io).poll_write_vectored(context, &both))
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
        self.data.advance(written - of_words);
    }

    /// Takes the next piece of the body, and puts what frames it around it.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BadRequestBody>> {
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
                if self.chunked {
                    self.open_chunk(data.len());
                }
                self.data = data;
            }
            Err(frame) => self.finish(frame.into_trailers().ok().as_ref()),
        }
        Poll::Ready(Ok(()))
    }

    fn open_chunk(&mut self, length: usize) {
        if self.in_chunk {
            self.words.extend_from_slice(b"\r\n");
        }
        self.words.extend_from_slice(format!("{length:x}\r\n").as_bytes());
        self.in_chunk = true;
    }

    fn finish(&mut self, trailers: Option<&HeaderMap>) {
        self.body = None;
        if !self.chunked {
            return;
        }
        self.words.extend_from_slice(if self.in_chunk { b"\r\n0\r\n" } else { b"0\r\n" });
        for (name, value) in trailers.into_iter().flatten() {
            line(&mut self.words, name.as_str(), value.as_bytes());
        }
        self.words.extend_from_slice(b"\r\n");
    }
}

fn line(words: &mut Vec<u8>, name: &str, value: &[u8]) {
    words.extend_from_slice(name.as_bytes());
    words.extend_from_slice(b": ");
    words.extend_from_slice(value);
    words.extend_from_slice(b"\r\n");
}
