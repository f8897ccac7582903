//! The body of an answer: bytes that are there, or a file that is read as the client takes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tower_http::services::fs::ServeFileSystemResponseBody;

pub(crate) enum Answer {
    Bytes(Bytes),
    File(Pin<Box<ServeFileSystemResponseBody>>),
}

impl Answer {
    pub(crate) const fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl<T: Into<Bytes>> From<T> for Answer {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Answer::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Answer::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Answer::File(file) => file.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Bytes(bytes) => bytes.is_empty(),
            Answer::File(file) => file.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Answer::File(file) => file.size_hint(),
        }
    }
}
