//! One connection to an upstream, HTTP/1.1: a request out, an answer in. It is driven by whoever waits for the answer, on
//! the thread of the client's connection: no task, no channel, and while it is kept it costs nothing but its socket.

mod body;
mod head;
mod sending;

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Response, StatusCode};
use http_body::Frame;
use tokio::io::AsyncReadExt;

use self::body::{Framing, Taken};
use self::head::Head;
use self::sending::{Sending, Unsent};
use super::connect::Stream;
use super::fault::{BadAnswer, Fault};
use super::message::Message;
use super::outgoing::Outgoing;
use super::patience::Patience;

/// Room for a head, and for as much of a large body as one call may read.
const SMALL_READ: usize = 8_192;
const LARGE_READ: usize = 65_536;

/// How long an upstream may take to consent to a body (`Expect: 100-continue`) before it is sent all the same
/// (RFC 9110, 10.1.1: a client should not wait for an indefinite period).
pub(super) const CONSENT: Duration = Duration::from_secs(1);

/// An open connection on which nothing is under way.
pub(crate) struct Link {
    io: Stream,
    read: BytesMut,
    /// The buffer for the next request's head.
    words: Vec<u8>,
    /// Whether it has served before, and so may have been closed by the upstream.
    used: bool,
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
        Self { io, read: BytesMut::new(), words: Vec::with_capacity(512), used: false }
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
    ) -> Result<(Response<()>, Exchange), Failed> {
        let mut sending = Sending::new(std::mem::take(&mut self.words), message, body);
        let mut wait = Wait { answer: Patience::of(patience), consent: Patience::of(CONSENT), sent: false };
        let head = poll_fn(|context| self.poll_head(&mut sending, &mut wait, message.method, context)).await;
        match head {
            Ok(Head { response, framing, keep_alive }) => {
                let sending = if wait.sent {
                    self.words = sending.into_buffer();
                    None
                } else {
                    Some(sending)
                };
                self.used = true;
                Ok((response, Exchange { link: self, sending, framing, keep_alive, patience: wait.answer }))
            }
            Err(fault) => Err(Failed { fault, unsent: sending.is_untouched(), body: sending.into_body() }),
        }
    }

    fn poll_head(
        &mut self,
        sending: &mut Sending,
        wait: &mut Wait,
        method: &Method,
        context: &mut Context<'_>,
    ) -> Poll<Result<Head, Fault>> {
        if self.used && sending.is_untouched() && self.poll_read(SMALL_READ, context).is_ready() {
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
                wait.answer.renew();
            }
            let Poll::Ready(read) = self.poll_read(SMALL_READ, context) else {
                if sending.is_held() {
                    ready!(wait.consent.poll_end(context));
                    sending.release();
                    continue;
                }
                if !sending.is_starved() {
                    ready!(wait.answer.poll_end(context));
                    return Poll::Ready(Err(Fault::Timeout(wait.answer.seconds())));
                }
                return Poll::Pending;
            };
            if read.map_err(Fault::Closed)? == 0 {
                return Poll::Ready(Err(Fault::Closed(io::ErrorKind::UnexpectedEof.into())));
            }
            while let Some(head) = head::take(&mut self.read, method)? {
                match head.response.status() {
                    StatusCode::CONTINUE => sending.release(),
                    status if is_interim(status) => {}
                    _ => return Poll::Ready(Ok(head)),
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
                if !is_interim(head.response.status()) {
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

/// What is waited for before the head of an answer.
struct Wait {
    answer: Patience,
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
    sending: Option<Sending>,
    framing: Framing,
    keep_alive: bool,
    patience: Patience,
}

impl Exchange {
    /// The whole body, if it has come with the head.
    pub(crate) fn whole(&mut self) -> Option<Bytes> {
        match self.framing {
            Framing::Nothing => Some(Bytes::new()),
            Framing::Length(length) if self.link.read.len() as u64 >= length => {
                let Ok(Taken::Frame(frame)) = self.framing.take(&mut self.link.read) else { return None };
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
            match self.framing.take(&mut self.link.read)? {
                Taken::Frame(frame) => {
                    self.patience.renew();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Taken::End => return Poll::Ready(None),
                Taken::More => {}
            }
            let Poll::Ready(read) = self.link.poll_read(LARGE_READ, context) else {
                ready!(self.patience.poll_end(context));
                return Poll::Ready(Some(Err(BadAnswer::Stalled(self.patience.seconds()))));
            };
            match read {
                Ok(1..) => {}
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
        self.patience = Patience::of(Duration::MAX);
    }

    /// The connection, if another request may follow on it.
    pub(crate) fn into_link(self) -> Option<Link> {
        let reusable =
            self.keep_alive && self.is_over() && self.sending.is_none() && self.link.read.is_empty();
        reusable.then_some(self.link)
    }

    /// The connection after it has switched protocols, and what has come of the new one.
    pub(crate) fn into_stream(self) -> (Stream, Bytes) {
        (self.link.io, self.link.read.freeze())
    }

    /// An upstream that answers before it has read everything, and then does not read the rest, is not asked again.
    fn poll_sending(&mut self, context: &mut Context<'_>) {
        let Some(sending) = &mut self.sending else { return };
        sending.release();
        let sent = sending.poll(&mut self.link.io, context);
        if sending.has_moved() {
            self.patience.renew();
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
