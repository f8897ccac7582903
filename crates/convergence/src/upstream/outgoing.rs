//! The body of a request on its way to an upstream: as it comes, within its route's size, and not standing still.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName};
use http_body::{Body, Frame, SizeHint};

use super::fault::BadRequestBody;
use super::patience::Patience;
use crate::wire::RequestBody;

/// A client's body, or none.
pub(crate) struct Outgoing {
    body: RequestBody,
    limit: u64,
    left: u64,
    patience: Patience,
}

impl Outgoing {
    /// A body of at most `limit` bytes, that may stand still for `stall`.
    pub(crate) fn new(body: RequestBody, limit: u64, stall: Duration) -> Self {
        Self { body, limit, left: limit, patience: Patience::of(stall) }
    }

    /// No body, as for a health check.
    pub(crate) fn none() -> Self {
        Self { body: RequestBody::Empty, limit: 0, left: 0, patience: Patience::of(Duration::MAX) }
    }

    /// Whether its announced length alone is too much.
    ///
    /// # Errors
    /// It is.
    pub(crate) fn check_announced(&self) -> Result<(), BadRequestBody> {
        match self.body.size_hint().exact() {
            Some(length) if length > self.limit => Err(BadRequestBody::TooLarge(self.limit)),
            _ => Ok(()),
        }
    }
}

/// Without what only a head may say: how long a request is, where it goes and who asks (RFC 9110, 6.5.1). Some upstreams
/// put trailers among the headers. Over HTTP/1 a client that sends them is refused; HTTP/2 has no such check.
fn cleaned(trailers: &HeaderMap) -> HeaderMap {
    let is_of_heads = |name: &HeaderName| {
        matches!(
            *name,
            CONTENT_LENGTH
                | TRANSFER_ENCODING
                | HOST
                | CONNECTION
                | UPGRADE
                | TE
                | TRAILER
                | AUTHORIZATION
                | FORWARDED
        ) || name == "x-client-name"
            || name.as_str().starts_with("x-forwarded-")
    };
    let mut cleaned = HeaderMap::new();
    for (name, value) in trailers.iter().filter(|(name, _)| !is_of_heads(name)) {
        cleaned.append(name.clone(), value.clone());
    }
    cleaned
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BadRequestBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BadRequestBody>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
            ready!(this.patience.poll_end(context));
            return Poll::Ready(Some(Err(BadRequestBody::Stalled(this.patience.seconds()))));
        };
        this.patience.renew();
        let Some(frame) = frame else {
            this.body = RequestBody::Empty;
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|_| BadRequestBody::BrokeOff)?;
        let frame = match frame.into_trailers() {
            Ok(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(cleaned(&trailers))))),
            Err(frame) => frame,
        };
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        this.left = this.left.checked_sub(length).ok_or(BadRequestBody::TooLarge(this.limit))?;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
