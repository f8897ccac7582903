//! The body of an answer: bytes that are there, a file that is read as the client takes it, or what an upstream sends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_http::services::fs::ServeFileSystemResponseBody;

use super::code::Code;
use super::problem::Problem;
use super::proxy::Passage;
use crate::wire::RequestBody;

pub(crate) enum Answer {
    Bytes(Bytes),
    /// An error's words, and its `code`.
    Problem(Bytes, Code),
    File(Pin<Box<ServeFileSystemResponseBody>>),
    Passed(Box<Passage>),
    /// What is told while it happens.
    Events(BoxStream<'static, Bytes>),
}

impl Answer {
    pub(crate) const fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// The `code` of an error.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::Problem(_, code) => Some(code.facts().word),
            _ => None,
        }
    }

    /// The bytes of a body that is in memory, as every refusal's is; of another, nothing.
    pub(crate) fn in_memory(self) -> Bytes {
        match self {
            Self::Bytes(bytes) | Self::Problem(bytes, _) => bytes,
            Self::File(_) | Self::Passed(_) | Self::Events(_) => Bytes::new(),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Answer {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// The whole body, within its size and its time.
///
/// # Errors
/// What to tell the client that sent it.
pub(crate) async fn read(body: RequestBody, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    let collected = tokio::time::timeout(time, Limited::new(body, limit).collect()).await;
    let problem = match collected {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Problem::new(Code::BodyTooLarge, format!("the request's body may have {limit} bytes"))
        }
        Ok(Err(_)) => Problem::new(Code::BodyUnreadable, "the request's body broke off"),
        Err(_) => Problem::new(
            Code::BodyTimeout,
            format!("the request's body did not arrive within {} s", time.as_secs()),
        ),
    };
    Err(problem)
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Answer::Bytes(bytes) | Answer::Problem(bytes, _) if bytes.is_empty() => Poll::Ready(None),
            Answer::Bytes(bytes) | Answer::Problem(bytes, _) => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))))
            }
            Answer::File(file) => file.as_mut().poll_frame(context),
            Answer::Passed(passage) => Pin::new(&mut **passage).poll_frame(context),
            Answer::Events(events) => {
                events.poll_next_unpin(context).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Bytes(bytes) | Answer::Problem(bytes, _) => bytes.is_empty(),
            Answer::File(file) => file.is_end_stream(),
            Answer::Passed(passage) => passage.is_end_stream(),
            Answer::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Bytes(bytes) | Answer::Problem(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            Answer::File(file) => file.size_hint(),
            Answer::Passed(passage) => passage.size_hint(),
            Answer::Events(_) => SizeHint::default(),
        }
    }
}
