//! The layer, and the service that it makes of another.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ResponseBody;
use super::client::{Client, ClientAddress};
use super::future::ResponseFuture;
use super::grpc;
use crate::app::App;
use crate::http::{Answer, CLIENT_NAME, admit, request_id};

/// Asks each request for a key before the service that it is put around sees it. From
/// [`Engine::layer`](crate::Engine::layer).
///
/// A request that is let through has lost its `Authorization`, and any `X-Client-Name` that it came with; its extensions
/// have a [`Client`](crate::Client). Its answer gets `X-Client-Name`, `RateLimit-Policy`, `RateLimit` and `X-Request-Id`, and
/// counts as failed if it is a 5xx (in gRPC: one of the statuses that are the server's fault).
///
/// Keys with `allowed_ips` are held to the [`ClientAddress`](crate::ClientAddress) in the request's extensions, and failed
/// attempts are counted for it.
///
/// One that is refused gets what the server answers: 400, 401, 403, 429 or 503, as `application/problem+json`. To a request
/// whose `Content-Type` is `application/grpc` the same is said as a gRPC status: `INVALID_ARGUMENT`, `UNAUTHENTICATED`,
/// `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED` or `UNAVAILABLE`, with the code as `google.rpc.ErrorInfo` and the wait as `google.rpc.RetryInfo`.
#[derive(Clone)]
pub struct ApiKeyLayer {
    app: Arc<App>,
}

impl ApiKeyLayer {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyService<S>;

    fn layer(&self, inner: S) -> ApiKeyService<S> {
        ApiKeyService { app: Arc::clone(&self.app), inner }
    }
}

/// A service with an [`ApiKeyLayer`] around it.
#[derive(Clone)]
pub struct ApiKeyService<S> {
    app: Arc<App>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ApiKeyService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S::Future> {
        let id = self.app.next_request_id();
        let in_grpc = grpc::speaks(request.headers());
        let address = request.extensions().get::<ClientAddress>();
        let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0);
        match admit(&self.app, address, &mut request, id) {
            Ok(caller) => {
                let client = Client::new(caller, Arc::clone(&self.app));
                // Nobody behind this is to take a client's word for its name.
                request.headers_mut().remove(CLIENT_NAME);
                request.extensions_mut().insert(client.clone());
                ResponseFuture::of(self.inner.call(request), client, id, in_grpc)
            }
            Err(refusal) => {
                let mut refusal = refusal.map(Answer::in_memory);
                request_id(refusal.headers_mut(), id);
                ResponseFuture::refused(if in_grpc { grpc::refusal(refusal) } else { refusal })
            }
        }
    }
}

impl fmt::Debug for ApiKeyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyLayer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for ApiKeyService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
