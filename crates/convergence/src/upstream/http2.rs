//! Connections to an upstream that carry many requests at once, HTTP/2 (RFC 9113). A connection is driven by a task of its
//! thread; each request by whoever waits for its answer, as over HTTP/1.

mod exchange;
mod request;
mod sending;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, Reason};
use tracing::debug;

pub(crate) use self::exchange::Exchange;
use self::exchange::Waiting;
use self::sending::Sending;
use super::connect::Stream;
use super::fault::{BadAnswer, Fault};
use super::http1::Failed;
use super::message::{AnswerHead, Message};
use super::outgoing::Outgoing;

/// The most requests on one connection at a time. The upstream may allow fewer.
const MOST_STREAMS: usize = 100;

/// How much of one answer may wait for its client, in bytes.
const STREAM_WINDOW: u32 = 256 << 10;

/// As much as all answers of a connection together: a client that does not take its own holds up nobody else's.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 100;

/// How much of one request's body is taken from its client before the upstream takes it, in bytes.
const SEND_BUFFER: usize = 64 << 10;

/// The largest head of an answer, in bytes, as HTTP/2 counts them.
const LARGEST_HEAD: u32 = 64 << 10;

/// A connection, shared by all requests on it.
#[derive(Clone)]
pub(super) struct Session {
    send: SendRequest<Bytes>,
    state: Rc<State>,
    https: bool,
}

#[derive(Default)]
struct State {
    /// Requests on it.
    streams: Cell<usize>,
    /// Whether it takes no more of them: it has ended, is about to, or does not answer.
    retired: Cell<bool>,
    /// Whether it has had one since the pool looked last.
    used: Cell<bool>,
}

/// A request's place on a connection.
struct Slot(Rc<State>);

impl Slot {
    fn of(session: &Session) -> Self {
        let state = Rc::clone(&session.state);
        state.streams.set(state.streams.get() + 1);
        state.used.set(true);
        Self(state)
    }

    fn retire(&self) {
        self.0.retired.set(true);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
    }
}

impl Session {
    /// Begins to speak HTTP/2, and waits until the other side does: only then is it known how many requests it takes.
    ///
    /// # Errors
    /// It does not.
    pub(super) async fn begin(stream: Stream) -> Result<Self, Fault> {
        let https = matches!(stream, Stream::Tls(_));
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(SEND_BUFFER)
            .max_header_list_size(LARGEST_HEAD);
        let (send, mut connection) = builder.handshake(stream).await.map_err(|_| Fault::NotHttp2)?;
        let mut pings = connection.ping_pong().expect("it is taken once");
        let state: Rc<State> = Rc::default();
        tokio::task::spawn_local({
            let state = Rc::clone(&state);
            async move {
                if let Err(error) = connection.await {
                    debug!("a connection to an upstream has ended: {error}");
                }
                state.retired.set(true);
            }
        });
        // The settings come ahead of the answer to a ping (RFC 9113, 3.4).
        pings.ping(Ping::opaque()).await.map_err(|_| Fault::NotHttp2)?;
        Ok(Self { send, state, https })
    }

    /// Whether it takes no more requests, ever.
    pub(super) fn is_retired(&self) -> bool {
        self.state.retired.get()
    }

    /// Whether another request may go on it now.
    pub(super) fn has_room(&self) -> bool {
        let most = self.send.current_max_send_streams().min(MOST_STREAMS);
        !self.is_retired() && self.state.streams.get() < most
    }

    /// Whether it has been of use since this was asked last.
    pub(super) fn was_used(&self) -> bool {
        self.state.used.replace(self.state.streams.get() > 0)
    }

    /// Sends a request and waits for the head of its answer, `patience` long after the last byte of the request.
    ///
    /// # Errors
    /// There is no answer.
    pub(super) async fn ask(
        self,
        message: &Message<'_>,
        body: Outgoing,
        patience: Duration,
    ) -> Result<(AnswerHead, Exchange), Failed> {
        let slot = Slot::of(&self);
        let unsent = |fault, body| Failed { fault, unsent: true, body: Some(body) };
        // Others may have taken what room there was when the connection was chosen.
        let mut connection = match tokio::time::timeout(patience, self.send.ready()).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(_)) => {
                slot.retire();
                return Err(unsent(Fault::Stale, body));
            }
            Err(_) => {
                slot.retire();
                return Err(unsent(Fault::Timeout(patience.as_secs()), body));
            }
        };
        let (request, expects) = request::of(message, self.https);
        let (answer, stream) = match connection.send_request(request, http_body::Body::is_end_stream(&body)) {
            Ok(sent) => sent,
            Err(error) => {
                slot.retire();
                debug!("a connection to an upstream takes no request: {error}");
                return Err(unsent(Fault::Stale, body));
            }
        };
        Waiting::new(slot, answer, Sending::new(stream, expects, body), patience).head().await
    }
}

/// What has become of a request, and whether the upstream cannot have acted on it.
fn fault(error: h2::Error) -> (Fault, bool) {
    // RFC 9113, 8.7: what is refused was not processed, nor is what comes after the last that a GOAWAY names. h2 ends no
    // other request with a GOAWAY of the upstream.
    if error.is_remote() && (error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM)) {
        return (Fault::Closed(io::Error::other(error)), true);
    }
    let fault = match (error.is_library(), error.is_reset()) {
        (true, _) => BadAnswer::NotHttp.into(),
        (_, true) => Fault::Reset(error.to_string()),
        _ => Fault::Closed(error.into_io().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
    };
    (fault, false)
}
