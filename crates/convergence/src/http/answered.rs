//! What hyper waits for: an answer that is there, or the work that makes one, during which its request is in progress.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Response, StatusCode};
use http_body::Body;

use super::body::Answer;
use super::life::{Busy, Life};
use super::router::Answering;
use super::sent::Sent;

/// One allocation where there is work, and none where there is not.
pub(super) struct Answered {
    answering: Option<Answering>,
    busy: Option<Busy>,
    bodiless: bool,
    /// The connection ends with this answer.
    closes: bool,
}

impl Answered {
    /// Tells the connection's life what it is at.
    pub(super) fn new(answering: Answering, life: &Rc<Life>) -> Self {
        let busy = match &answering {
            Answering::Now(answer) if matches!(answer.body(), Answer::Bytes(_)) => {
                life.waiting();
                None
            }
            _ => Some(Busy::with(life)),
        };
        Self { answering: Some(answering), busy, bodiless: false, closes: life.says_close() }
    }

    /// The same, and of the body only its length.
    pub(super) fn without_body(self) -> Self {
        Self { bodiless: true, ..self }
    }
}

impl Future for Answered {
    type Output = Result<Response<Sent>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.answering.take().expect("a future that has ended is not polled") {
            Answering::Now(answer) => answer,
            Answering::Later(mut work) => match work.as_mut().poll(context) {
                Poll::Ready(answer) => answer,
                Poll::Pending => {
                    self.answering = Some(Answering::Later(work));
                    return Poll::Pending;
                }
            },
        };
        let mut answer = if self.bodiless { without_body(answer) } else { answer };
        let busy = self.busy.take();
        let closes = self.closes || busy.as_ref().is_some_and(Busy::says_close);
        if closes && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(answer.map(|answer| Sent::new(busy, answer))))
    }
}

fn without_body(mut answer: Response<Answer>) -> Response<Answer> {
    if let Some(length) = answer.body().size_hint().exact()
        && length > 0
    {
        answer.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    answer.map(|_| Answer::empty())
}
