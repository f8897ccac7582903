//! What hyper waits for: an answer that is there, or the work that makes one, during which its request is in progress.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::Response;

use super::body::Answer;
use super::life::{Busy, Life};
use super::router::Answering;
use super::sent::Sent;

/// One allocation where there is work, and none where there is not.
pub(super) struct Answered {
    answering: Option<Answering>,
    busy: Option<Busy>,
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
        Self { answering: Some(answering), busy }
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
        let busy = self.busy.take();
        Poll::Ready(Ok(answer.map(|answer| Sent::new(busy, answer))))
    }
}
