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
use super::client::ClientAddress;
use super::future::{ResponseFuture, Then, Waiting};
use super::grpc;
use crate::app::App;
use crate::fleet::Link;
use crate::http::{Admission, begin};

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
    /// Where limits are shared.
    link: Option<Arc<Link>>,
}

impl ApiKeyLayer {
    pub(super) fn new(app: Arc<App>, link: Option<Arc<Link>>) -> Self {
        Self { app, link }
    }
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyService<S>;

    fn layer(&self, inner: S) -> ApiKeyService<S> {
        ApiKeyService { layer: self.clone(), inner }
    }
}

/// A service with an [`ApiKeyLayer`] around it.
#[derive(Clone)]
pub struct ApiKeyService<S> {
    layer: ApiKeyLayer,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ApiKeyService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S, B> {
        let (id, now) = (self.layer.app.next_request_id(), self.layer.app.clock.now());
        let in_grpc = grpc::speaks(request.headers());
        let address = request.extensions().get::<ClientAddress>();
        let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0);
        let link = self.layer.link.as_ref();
        let admission = begin(&self.layer.app, link, address, &mut request, id, now);
        let request = Waiting { request, app: Arc::clone(&self.layer.app), id, in_grpc };
        match admission {
            Admission::Decided(decision) => ResponseFuture::decided(decision, &mut self.inner, request),
            Admission::Asked(pending) => {
                // The one that is ready goes with the request; a copy becomes ready for the next.
                let copy = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, copy);
                ResponseFuture::asked(pending, Then { inner, request })
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
