//! One connection to an upstream, HTTP/1.1: a request out, an answer in. It is driven by whoever waits for the answer, on
//! the thread of the client's connection: no task, no channel, and while it is kept it costs nothing but its socket.

mod body;
mod head;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body::{Body, Frame};
use tokio::io::AsyncReadExt;

use self::body::{Framing, Taken};
use self::head::Head;
use super::connect::Stream;
use super::fault::{BadAnswer, Fault};
use super::message::{AnswerHead, Message, expects_consent};
use super::outgoing::Outgoing;
use super::patience::Patience;
use crate::wire::is;
use crate::wire::sending::{Coding, Sending, Unsent, line};

/// Room for a head with a small body, and for as much of a large one as one call may read: 64 KiB, with the head.
const SMALL_READ: usize = 8_192;
const LARGE_READ: usize = 73_728;

/// How long an upstream may take to consent to a body (`Expect: 100-continue`) before it is sent all the same
/// (RFC 9110, 10.1.1: a client should not wait for an indefinite period).
pub(super) const CONSENT: Duration = Duration::from_secs(1);

/// An open connection on which nothing is under way. In a box, since it is handed from one to the other.
pub(crate) struct Link(Box<Connection>);

struct Connection {
    io: Stream,
    read: BytesMut,
    /// The buffer for the next request's head.
    words: Vec<u8>,
    /// Whether it has served before, and so may have been closed by the upstream.
    used: bool,
    /// For the present answer to begin, and between two pieces of it.
    patience: Patience,
    /// How much to read at once of an answer that has not begun: as much as the one before may have needed.
    room: usize,
}

/// A request that got no answer, with what is needed to try again.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    /// Whether the upstream cannot have acted on it.
    pub(crate) unsent: bool,
    /// The body, if none of it has been taken.
    pub(crate) body: Option<Outgoing>,
}

impl Link {
    pub(crate) fn new(io: Stream) -> Self {
        let words = Vec::with_capacity(512);
        let patience = Patience::of(Duration::MAX);
        let room = SMALL_READ;
        Self(Box::new(Connection { io, read: BytesMut::new(), words, used: false, patience, room }))
    }

    /// Sends a request and waits for the head of its answer, `patience` long after the last byte of the request.
    ///
    /// # Errors
    /// The connection is of no more use, and there is no answer.
    pub(crate) async fn ask(
        mut self,
        message: &Message<'_>,
        body: Outgoing,
        patience: Duration,
    ) -> Result<(AnswerHead, Exchange), Failed> {
        let connection = &mut self.0;
        let mut sending = sending(std::mem::take(&mut connection.words), message, body);
        connection.patience.set(patience);
        let mut wait = Wait { consent: Patience::of(CONSENT), sent: false };
        let head =
            poll_fn(|context| connection.poll_head(&mut sending, &mut wait, message.method, context)).await;
        match head {
            Ok(Head { answer, framing, keep_alive }) => {
                let sending = if wait.sent {
                    connection.words = sending.into_buffer();
                    None
                } else {
                    Some(Box::new(sending))
                };
                connection.used = true;
                Ok((answer, Exchange { link: self, sending, framing, keep_alive }))
            }
            Err(fault) => {
                let unsent = sending.is_untouched();
                Err(Failed { fault, unsent, body: sending.into_body(Outgoing::none) })
            }
        }
    }
}

impl Connection {
    fn poll_head(
        &mut self,
        sending: &mut Sending<Outgoing>,
        wait: &mut Wait,
        method: &Method,
        context: &mut Context<'_>,
    ) -> Poll<Result<Head, Fault>> {
        if self.used && sending.is_untouched() && self.poll_read(self.room, context).is_ready() {
            // Closed, or there is something that nobody asked for.
            return Poll::Ready(Err(Fault::Stale));
        }
        loop {
            if !wait.sent {
                match sending.poll(&mut self.io, context) {
                    Poll::Ready(Ok(())) => wait.sent = true,
                    Poll::Ready(Err(Unsent::Body(fault))) => return Poll::Ready(Err(fault.into())),
                    // An upstream may answer before it has read all, and close: the answer counts.
                    Poll::Ready(Err(Unsent::Io(error))) => {
                        return self.poll_last_words(error, method, context);
                    }
                    Poll::Pending => {}
                }
            }
            if sending.has_moved() {
                self.patience.renew();
            }
            let Poll::Ready(read) = self.poll_read(self.room, context) else {
                if sending.is_held() {
                    ready!(wait.consent.poll_end(context));
                    sending.release();
                    continue;
                }
                if !sending.is_starved() {
                    ready!(self.patience.poll_end(context));
                    return Poll::Ready(Err(Fault::Timeout(self.patience.seconds())));
                }
                return Poll::Pending;
            };
            if read.map_err(Fault::Closed)? == 0 {
                return Poll::Ready(Err(Fault::Closed(io::ErrorKind::UnexpectedEof.into())));
            }
            while let Some(head) = head::take(&mut self.read, method)? {
                match head.answer.status {
                    StatusCode::CONTINUE => sending.release(),
                    status if is_interim(status) => {}
                    _ => {
                        let is_small = matches!(head.framing, Framing::Nothing)
                            || matches!(head.framing, Framing::Length(length) if length < SMALL_READ as u64);
                        self.room = if is_small { SMALL_READ } else { LARGE_READ };
                        return Poll::Ready(Ok(head));
                    }
                }
            }
        }
    }

    /// What the upstream has said before it stopped reading.
    fn poll_last_words(
        &mut self,
        error: io::Error,
        method: &Method,
        context: &mut Context<'_>,
    ) -> Poll<Result<Head, Fault>> {
        while let Poll::Ready(Ok(1..)) = self.poll_read(SMALL_READ, context) {
            while let Some(head) = head::take(&mut self.read, method)? {
                if !is_interim(head.answer.status) {
                    return Poll::Ready(Ok(Head { keep_alive: false, ..head }));
                }
            }
        }
        Poll::Ready(Err(Fault::Closed(error)))
    }

    fn poll_read(&mut self, room: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.read.reserve(room);
        pin!(self.io.read_buf(&mut self.read)).poll(context)
    }
}

/// Writes the head into `words`, a used buffer (RFC 9112, 3). A body of unknown length is sent in chunks.
fn sending(mut words: Vec<u8>, message: &Message<'_>, body: Outgoing) -> Sending<Outgoing> {
    let body = (!body.is_end_stream()).then_some(body);
    let (mut has_length, mut held) = (false, false);
    words.clear();
    words.extend_from_slice(message.method.as_str().as_bytes());
    words.push(b' ');
    words.extend_from_slice(message.target.as_bytes());
    words.extend_from_slice(b" HTTP/1.1\r\n");
    message.headers.each(&mut |name, value| {
        has_length |= is(&CONTENT_LENGTH, name);
        held |= expects_consent(name, value);
        line(&mut words, name, value);
    });
    let coding =
        if body.is_some() && !has_length { Coding::Chunked { trailers: true } } else { Coding::Plain };
    words.extend_from_slice(if coding == Coding::Plain {
        b"\r\n"
    } else {
        b"transfer-encoding: chunked\r\n\r\n"
    });
    Sending::new(words, coding, held, body)
}

/// What is waited for before the head of an answer.
struct Wait {
    consent: Patience,
    sent: bool,
}

/// Answers before the answer. Switching protocols is one, by its number, and yet the last (RFC 9110, 15.2.2).
fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// An answer whose head is here: its body, and the rest of the request's.
pub(crate) struct Exchange {
    link: Link,
    sending: Option<Box<Sending<Outgoing>>>,
    framing: Framing,
    keep_alive: bool,
}

impl Exchange {
    /// The whole body, if it has come with the head.
    pub(crate) fn whole(&mut self) -> Option<Bytes> {
        match self.framing {
            Framing::Nothing => Some(Bytes::new()),
            Framing::Length(length) if self.link.0.read.len() as u64 >= length => {
                let Ok(Taken::Frame(frame)) = self.framing.take(&mut self.link.0.read) else { return None };
                frame.into_data().ok()
            }
            _ => None,
        }
    }

    /// The next piece of the body. The request goes on being sent meanwhile.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BadAnswer>>> {
        self.poll_sending(context);
        loop {
            match self.framing.take(&mut self.link.0.read)? {
                Taken::Frame(frame) => {
                    self.link.0.patience.renew();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Taken::End => return Poll::Ready(None),
                Taken::More => {}
            }
            let Poll::Ready(read) = self.link.0.poll_read(LARGE_READ, context) else {
                ready!(self.link.0.patience.poll_end(context));
                return Poll::Ready(Some(Err(BadAnswer::Stalled(self.link.0.patience.seconds()))));
            };
            match read {
                // Even if it is no whole piece: it may be the client that has kept everybody waiting before.
                Ok(1..) => self.link.0.patience.renew(),
                Ok(0) if self.framing.may_end_with_the_connection() => {
                    self.framing = Framing::Nothing;
                    return Poll::Ready(None);
                }
                Ok(0) | Err(_) => return Poll::Ready(Some(Err(BadAnswer::BrokeOff))),
            }
        }
    }

    /// Whether the body has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.framing == Framing::Nothing
    }

    /// From here on the body may stand still for as long as it likes.
    pub(crate) fn wait_for_ever(&mut self) {
        self.link.0.patience.set(Duration::MAX);
    }

    /// The connection, if another request may follow on it.
    pub(crate) fn into_link(self) -> Option<Link> {
        let mut link = self.link;
        let is_over = self.framing == Framing::Nothing && self.sending.is_none();
        let reusable = self.keep_alive && is_over && link.0.read.is_empty();
        // A connection that waits keeps no room for a large body.
        if link.0.read.capacity() > 2 * SMALL_READ {
            link.0.read = BytesMut::new();
        }
        reusable.then_some(link)
    }

    /// The connection after it has switched protocols, and what has come of the new one.
    pub(crate) fn into_stream(self) -> (Stream, Bytes) {
        {
            let Connection { io, read, .. } = *self.link.0;
            (io, read.freeze())
        }
    }

    /// An upstream that answers before it has read everything, and then does not read the rest, is not asked again.
    fn poll_sending(&mut self, context: &mut Context<'_>) {
        let Some(sending) = &mut self.sending else { return };
        sending.release();
        let sent = sending.poll(&mut self.link.0.io, context);
        if sending.has_moved() {
            self.link.0.patience.renew();
        }
        match sent {
            Poll::Ready(sent) => {
                self.keep_alive &= sent.is_ok();
                self.sending = None;
            }
            Poll::Pending => {}
        }
    }
}
