//! The wait for an answer, which is stamped when it comes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ResponseBody;
use super::client::Client;
use super::grpc;
use crate::app::App;
use crate::http::{Answer, CLIENT_NAME, Caller, Pending, Refused, RequestId, request_id};

pin_project! {
    /// The answer of an [`ApiKeyService`](crate::ApiKeyService): the inner service's, or a refusal.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        answering: Answering<S, B>,
    }
}

pin_project! {
    #[project = AnsweringNow]
    enum Answering<S, B>
    where
        S: Service<Request<B>>,
    {
        // Other servers share the limit, and Redis is asked.
        Asked { #[pin] pending: Pending, then: Option<Then<S, B>> },
        Admitted { #[pin] future: S::Future, client: Client, id: RequestId, in_grpc: bool },
        Refused { refusal: Option<Response<Bytes>> },
    }
}

/// A request that waits for its decision, and the service that is ready for it.
pub(super) struct Then<S, B> {
    pub(super) inner: S,
    pub(super) request: Waiting<B>,
}

/// A request before its decision.
pub(super) struct Waiting<B> {
    pub(super) request: Request<B>,
    pub(super) app: Arc<App>,
    pub(super) id: RequestId,
    pub(super) in_grpc: bool,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn decided(decision: Result<Caller, Refused>, inner: &mut S, request: Waiting<B>) -> Self {
        Self { answering: Answering::of(decision, inner, request) }
    }

    pub(super) fn asked(pending: Pending, then: Then<S, B>) -> Self {
        Self { answering: Answering::Asked { pending, then: Some(then) } }
    }
}

impl<S, B> Answering<S, B>
where
    S: Service<Request<B>>,
{
    fn of(decision: Result<Caller, Refused>, inner: &mut S, waiting: Waiting<B>) -> Self {
        let Waiting { mut request, app, id, in_grpc } = waiting;
        match decision {
            Ok(caller) => {
                let client = Client::new(caller, app);
                // Nobody behind this is to take a client's word for its name.
                request.headers_mut().remove(CLIENT_NAME);
                request.extensions_mut().insert(client.clone());
                Answering::Admitted { future: inner.call(request), client, id, in_grpc }
            }
            Err(Refused { answer, .. }) => {
                let mut refusal = answer.map(Answer::in_memory);
                request_id(refusal.headers_mut(), id);
                let refusal = if in_grpc { grpc::refusal(refusal) } else { refusal };
                Answering::Refused { refusal: Some(refusal) }
            }
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        const ENDED: &str = "a future that has ended is not polled";
        let mut answering = self.project().answering;
        loop {
            match answering.as_mut().project() {
                AnsweringNow::Asked { pending, then } => {
                    let decision = ready!(pending.poll(context));
                    let Then { mut inner, request } = then.take().expect(ENDED);
                    answering.set(Answering::of(decision, &mut inner, request));
                }
                AnsweringNow::Admitted { future, client, id, in_grpc } => {
                    let answer = ready!(future.poll(context));
                    return Poll::Ready(match answer {
                        Ok(answer) => Ok(stamped(answer, client, *id, *in_grpc)),
                        Err(error) => {
                            client.record_failure();
                            Err(error)
                        }
                    });
                }
                AnsweringNow::Refused { refusal } => {
                    let refusal = refusal.take().expect(ENDED);
                    return Poll::Ready(Ok(refusal.map(ResponseBody::refused)));
                }
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

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
