//! An answer's body on its way out. If it takes its time, its request is in progress until it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::body::Answer;
use super::life::Busy;
use super::underway::Underway;

pub(super) struct Sent {
    answer: Answer,
    /// Gone once it has ended.
    pending: Option<(Busy, Underway)>,
}

impl Sent {
    /// The request is in progress until the body has ended or is given up.
    pub(super) fn new(busy: Busy, underway: Underway, answer: Answer) -> Self {
        Self { answer, pending: Some((busy, underway)) }
    }
}

impl Sent {
    fn end(&mut self) {
        if let Some((_, underway)) = self.pending.take() {
            underway.is_sent();
        }
    }
}

/// hyper asks nothing of a body that says it has ended.
impl Drop for Sent {
    fn drop(&mut self) {
        if self.is_end_stream() {
            self.end();
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some((busy, _)) = &mut self.pending {
            busy.asked();
        }
        let frame = Pin::new(&mut self.answer).poll_frame(context);
        match (&frame, &mut self.pending) {
            (Poll::Ready(Some(Ok(_))), Some((busy, _))) => busy.gave(),
            // hyper may keep a body that has ended until the client has taken all of it.
            (Poll::Ready(None), _) => self.end(),
            (Poll::Ready(_), pending) => *pending = None,
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}
