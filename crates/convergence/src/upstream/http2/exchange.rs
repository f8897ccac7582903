//! One request and its answer on a connection of HTTP/2. Dropping it before its end resets the stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::ResponseFuture;
use http::header::PROXY_AUTHENTICATE;
use http::{Response, StatusCode};
use http_body::Frame;

use super::sending::Sending;
use super::{Slot, fault};
use crate::upstream::fault::{BadAnswer, Fault};
use crate::upstream::http1::{CONSENT, Failed};
use crate::upstream::message::AnswerHead;
use crate::upstream::patience::Patience;

/// A request whose answer has not begun.
pub(super) struct Waiting {
    slot: Slot,
    answer: ResponseFuture,
    sending: Sending,
    sent: bool,
    patience: Patience,
    consent: Patience,
}

impl Waiting {
    pub(super) fn new(slot: Slot, answer: ResponseFuture, sending: Sending, patience: Duration) -> Self {
        Self {
            slot,
            answer,
            sending,
            sent: false,
            patience: Patience::of(patience),
            consent: Patience::of(CONSENT),
        }
    }

    /// Sends the body and waits for the head.
    pub(super) async fn head(mut self) -> Result<(AnswerHead, Exchange), Failed> {
        match poll_fn(|context| self.poll_head(context)).await {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                // It is for this connection only (RFC 9110, 11.7.1).
                head.headers.remove(PROXY_AUTHENTICATE);
                let sending = (!self.sent).then_some(self.sending);
                let exchange =
                    Exchange { body: Some(body), sending, patience: self.patience, _slot: self.slot };
                let (status, version, fields) = (head.status, head.version, head.headers.into());
                Ok((AnswerHead { status, version, fields }, exchange))
            }
            Err((fault, unsent)) => {
                if matches!(fault, Fault::Timeout(_) | Fault::Closed(_)) {
                    self.slot.retire();
                }
                Err(Failed { fault, unsent, body: self.sending.into_body() })
            }
        }
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, (Fault, bool)>> {
        loop {
            if !self.sent
                && let Poll::Ready(sent) = self.sending.poll(context)
            {
                sent.map_err(|fault| (fault.into(), false))?;
                self.sent = true;
            }
            if self.sending.has_moved() {
                self.patience.renew();
            }
            while let Poll::Ready(Some(Ok(interim))) = self.answer.poll_informational(context) {
                if interim.status() == StatusCode::CONTINUE {
                    self.sending.release();
                }
            }
            if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(context) {
                return Poll::Ready(answer.map_err(fault));
            }
            if self.sending.is_held() {
                ready!(self.consent.poll_end(context));
                self.sending.release();
            } else if self.sending.is_starved() {
                return Poll::Pending;
            } else {
                ready!(self.patience.poll_end(context));
                return Poll::Ready(Err((Fault::Timeout(self.patience.seconds()), false)));
            }
        }
    }
}

/// An answer whose head is here: its body, and the rest of the request's.
pub(crate) struct Exchange {
    /// `None` once its trailers, or that there are none, have been seen.
    body: Option<RecvStream>,
    sending: Option<Sending>,
    patience: Patience,
    _slot: Slot,
}

impl Exchange {
    /// The whole body, if it is known to have none.
    pub(in crate::upstream) fn whole(&self) -> Option<Bytes> {
        self.is_over().then(Bytes::new)
    }

    /// The next piece of the body. The request goes on being sent meanwhile.
    pub(in crate::upstream) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BadAnswer>>> {
        self.poll_sending(context);
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let Poll::Ready(frame) = poll_body(body, context) else {
            ready!(self.patience.poll_end(context));
            return Poll::Ready(Some(Err(BadAnswer::Stalled(self.patience.seconds()))));
        };
        self.patience.renew();
        if !matches!(&frame, Some(Ok(frame)) if frame.is_data()) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    /// Whether the body has ended.
    pub(in crate::upstream) fn is_over(&self) -> bool {
        self.body.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    pub(in crate::upstream) fn wait_for_ever(&mut self) {
        self.patience = Patience::of(Duration::MAX);
    }

    fn poll_sending(&mut self, context: &mut Context<'_>) {
        let Some(sending) = &mut self.sending else { return };
        sending.release();
        let sent = sending.poll(context).is_ready();
        if sending.has_moved() {
            self.patience.renew();
        }
        if sent {
            self.sending = None;
        }
    }
}

/// Data, then trailers. What is taken makes room for more.
fn poll_body(
    body: &mut RecvStream,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BadAnswer>>> {
    let frame = match ready!(body.poll_data(context)) {
        Some(Ok(data)) => {
            // Fails only for more than has come.
            let _ = body.flow_control().release_capacity(data.len());
            Some(Ok(Frame::data(data)))
        }
        Some(Err(_)) => Some(Err(BadAnswer::BrokeOff)),
        None => match ready!(body.poll_trailers(context)) {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(_) => Some(Err(BadAnswer::BrokeOff)),
        },
    };
    Poll::Ready(frame)
}
