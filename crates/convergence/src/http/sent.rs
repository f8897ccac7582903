//! An answer's body on its way out. If it takes its time, its request is in progress until it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::body::Answer;
use super::life::Busy;

pub(super) struct Sent {
    answer: Answer,
    /// Gone once it has ended.
    busy: Option<Busy>,
}

impl Sent {
    /// The request is in progress until the body has ended or is given up.
    pub(super) fn new(busy: Busy, answer: Answer) -> Self {
        Self { answer, busy: Some(busy) }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(busy) = &mut self.busy {
            busy.asked();
        }
        let frame = Pin::new(&mut self.answer).poll_frame(context);
        match (&frame, &mut self.busy) {
            (Poll::Ready(Some(Ok(_))), Some(busy)) => busy.gave(),
            // hyper may keep a body that has ended until the client has taken all of it.
            (Poll::Ready(_), busy) => *busy = None,
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
