//! An answer whose head is here, over whichever version of HTTP.

use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;

use super::connect::Stream;
use super::fault::BadAnswer;
use super::http1::{self, Link};
use super::http2;

/// An answer's body, and the rest of its request's.
pub(crate) enum Exchange {
    Http1(http1::Exchange),
    Http2(http2::Exchange),
}

impl Exchange {
    /// The whole body, if it has come with the head.
    pub(crate) fn whole(&mut self) -> Option<Bytes> {
        match self {
            Exchange::Http1(exchange) => exchange.whole(),
            Exchange::Http2(exchange) => exchange.whole(),
        }
    }

    /// The next piece of the body. The request goes on being sent meanwhile.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BadAnswer>>> {
        match self {
            Exchange::Http1(exchange) => exchange.poll_frame(context),
            Exchange::Http2(exchange) => exchange.poll_frame(context),
        }
    }

    /// Whether the body has ended.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Exchange::Http1(exchange) => exchange.is_over(),
            Exchange::Http2(exchange) => exchange.is_over(),
        }
    }

    /// From here on the body may stand still for as long as it likes.
    pub(crate) fn wait_for_ever(&mut self) {
        match self {
            Exchange::Http1(exchange) => exchange.wait_for_ever(),
            Exchange::Http2(exchange) => exchange.wait_for_ever(),
        }
    }

    /// The connection, if it is this answer's alone and another request may follow on it.
    pub(crate) fn into_link(self) -> Option<Link> {
        match self {
            Exchange::Http1(exchange) => exchange.into_link(),
            Exchange::Http2(_) => None,
        }
    }

    /// The connection after it has switched protocols, and what has come of the new one. HTTP/2 does not switch.
    pub(crate) fn into_stream(self) -> Option<(Stream, Bytes)> {
        match self {
            Exchange::Http1(exchange) => Some(exchange.into_stream()),
            Exchange::Http2(_) => None,
        }
    }
}
