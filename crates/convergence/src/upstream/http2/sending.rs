//! A request's body on its way out, as fast as the upstream takes it (RFC 9113, 5.2).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;

use crate::upstream::fault::BadRequestBody;
use crate::upstream::outgoing::Outgoing;

/// What is still to be sent, and where more comes from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Sending {
    stream: SendStream<Bytes>,
    /// Taken from the body and not yet from here.
    data: Bytes,
    body: Option<Outgoing>,
    /// Whether the body waits for the upstream's consent (`Expect: 100-continue`).
    held: bool,
    /// Whether something has been taken from the body: it cannot be sent once more.
    begun: bool,
    /// Whether something has gone out since that was asked last.
    moved: bool,
    /// Whether all that is here has gone out, and the client has to send more.
    starved: bool,
}

impl Sending {
    /// `expects` whether the client waits for a word before it sends the body.
    pub(super) fn new(stream: SendStream<Bytes>, expects: bool, body: Outgoing) -> Self {
        let body = (!body.is_end_stream()).then_some(body);
        let held = body.is_some() && expects;
        Self { stream, data: Bytes::new(), body, held, begun: false, moved: false, starved: false }
    }

    pub(super) fn release(&mut self) {
        self.held = false;
    }

    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Whether it is the client that has to do something.
    pub(super) fn is_starved(&self) -> bool {
        self.starved
    }

    /// Whether something has gone out since this was asked last.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The body, where none of it has been taken.
    pub(super) fn into_body(self) -> Option<Outgoing> {
        (!self.begun).then(|| self.body.unwrap_or_else(Outgoing::none))
    }

    /// Ready when all has been handed over, or the upstream wants no more.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BadRequestBody>> {
        loop {
            self.starved = false;
            if !self.data.is_empty() {
                if ready!(self.poll_data(context)).is_none() {
                    self.body = None;
                    return Poll::Ready(Ok(()));
                }
            } else if self.body.is_none() {
                return Poll::Ready(Ok(()));
            } else if self.held {
                return Poll::Pending;
            } else {
                let taken = self.poll_body(context);
                self.starved = taken.is_pending();
                ready!(taken)?;
            }
        }
    }

    /// Sends as much as the upstream takes; `None` where it takes nothing any more.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.stream.reserve_capacity(self.data.len());
        let room = match self.stream.capacity() {
            0 => match ready!(self.stream.poll_capacity(context)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(None),
            },
            room => room,
        };
        let piece = self.data.split_to(room.min(self.data.len()));
        self.moved = true;
        Poll::Ready(self.stream.send_data(piece, false).ok())
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BadRequestBody>> {
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(())) };
        let frame = match ready!(Pin::new(body).poll_frame(context)).transpose() {
            Ok(frame) => frame,
            Err(fault) => {
                // Or else the end of the stream would look like the end of the body.
                self.stream.send_reset(Reason::CANCEL);
                return Poll::Ready(Err(fault));
            }
        };
        (self.begun, self.moved) = (true, true);
        // That the stream is gone is noticed by whoever waits for the answer.
        let _gone = match frame.map(http_body::Frame::into_data) {
            Some(Ok(data)) => {
                self.data = data;
                return Poll::Ready(Ok(()));
            }
            Some(Err(frame)) => self.stream.send_trailers(frame.into_trailers().unwrap_or_default()),
            None => self.stream.send_data(Bytes::new(), true),
        };
        self.body = None;
        Poll::Ready(Ok(()))
    }
}
