//! An answer's body: the inner service's as it is, or a refusal's.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::client::Client;
use super::grpc;

pin_project! {
    /// The body of an answer of an [`ApiKeyService`](crate::ApiKeyService): the inner service's as it is, or a refusal's.
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindNow]
    enum Kind<B> {
        // Whose call it is, where trailers are still to say how it has ended.
        Inner { #[pin] body: B, watch: Option<Client> },
        Refusal { bytes: Bytes },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn of(body: B, watch: Option<Client>) -> Self {
        Self { kind: Kind::Inner { body, watch } }
    }

    pub(super) fn refused(bytes: Bytes) -> Self {
        Self { kind: Kind::Refusal { bytes } }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindNow::Inner { body, watch } => {
                let frame = ready!(body.poll_frame(context));
                if let (Some(Ok(frame)), Some(client)) = (&frame, &watch)
                    && frame.trailers_ref().is_some_and(grpc::has_failed)
                {
                    client.record_failure();
                }
                Poll::Ready(frame)
            }
            KindNow::Refusal { bytes } if bytes.is_empty() => Poll::Ready(None),
            KindNow::Refusal { bytes } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body, .. } => body.is_end_stream(),
            Kind::Refusal { bytes } => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body, .. } => body.size_hint(),
            Kind::Refusal { bytes } => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
