//! The wait for an answer, which is stamped when it comes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::client::Client;
use super::grpc;
use crate::http::RequestId;

pin_project! {
    /// The answer of an [`ApiKeyService`](crate::ApiKeyService): the inner service's, or a refusal that is there at once.
    pub struct ResponseFuture<F> {
        #[pin]
        answering: Answering<F>,
    }
}

pin_project! {
    #[project = AnsweringNow]
    enum Answering<F> {
        Admitted { #[pin] future: F, client: Client, id: RequestId, in_grpc: bool },
        Refused { refusal: Option<Response<Bytes>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn of(future: F, client: Client, id: RequestId, in_grpc: bool) -> Self {
        Self { answering: Answering::Admitted { future, client, id, in_grpc } }
    }

    pub(super) fn refused(refusal: Response<Bytes>) -> Self {
        Self { answering: Answering::Refused { refusal: Some(refusal) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().answering.project() {
            AnsweringNow::Admitted { future, client, id, in_grpc } => {
                let answer = ready!(future.poll(context));
                Poll::Ready(match answer {
                    Ok(answer) => Ok(stamped(answer, client, *id, *in_grpc)),
                    Err(error) => {
                        client.record_failure();
                        Err(error)
                    }
                })
            }
            AnsweringNow::Refused { refusal } => {
                let refusal = refusal.take().expect("a future that has ended is not polled");
                Poll::Ready(Ok(refusal.map(ResponseBody::refused)))
            }
        }
    }
}

/// As the server's answers are. A gRPC call that has not failed yet may still do so after its last message.
fn stamped<R>(
    answer: Response<R>,
    client: &Client,
    id: RequestId,
    in_grpc: bool,
) -> Response<ResponseBody<R>> {
    let answer = client.finish(answer, id);
    let watch = in_grpc && answer.status().is_success() && !grpc::has_ended(answer.headers());
    if in_grpc && grpc::has_failed(answer.headers()) {
        client.record_failure();
    }
    answer.map(|body| ResponseBody::of(body, watch.then(|| client.clone())))
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
