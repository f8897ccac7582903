//! An upstream's answer on its way to the client: the body as it comes, and the connection given back when it has ended.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body::{Body, Frame};
use tracing::debug;

use crate::http::body::Answer;
use crate::upstream::{Exchange, Pool, Server};
use crate::wire::Fields;

/// A body that is still on its way.
pub(crate) struct Passage {
    /// `None` when it has ended.
    exchange: Option<Exchange>,
    pool: Rc<Pool>,
    server: Arc<Server>,
}

/// The body of an answer: its bytes if all are here, which is so for most, or else a stream of them.
pub(super) fn body(mut exchange: Exchange, pool: &Rc<Pool>, server: Arc<Server>, fields: &Fields) -> Answer {
    if let Some(whole) = exchange.whole() {
        if let Some(link) = exchange.into_link() {
            pool.put(&server, link);
        }
        return Answer::Bytes(whole);
    }
    if is_event_stream(fields) {
        exchange.wait_for_ever();
    }
    Answer::Passed(Box::new(Passage { exchange: Some(exchange), pool: Rc::clone(pool), server }))
}

/// Server-sent events may be minutes apart.
fn is_event_stream(fields: &Fields) -> bool {
    fields
        .first(&CONTENT_TYPE)
        .and_then(|value| value.split(|&byte| byte == b';').next())
        .is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
}

impl Passage {
    fn give_back(&mut self) {
        if let Some(link) = self.exchange.take().and_then(Exchange::into_link) {
            self.pool.put(&self.server, link);
        }
    }
}

impl Body for Passage {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
        let Poll::Ready(frame) = exchange.poll_frame(context) else { return Poll::Pending };
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if exchange.is_over() {
                    self.give_back();
                }
                Some(Ok(frame))
            }
            None => {
                self.give_back();
                None
            }
            // The client's connection is cut, so that it cannot take the part for the whole.
            Some(Err(fault)) => {
                debug!("the answer of the upstream {} ends early: {fault}", self.server.address.shown);
                self.server.broke_off(fault);
                self.exchange = None;
                Some(Err(io::Error::other(fault)))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none()
    }
}
