//! The one method, as gRPC: tonic reads and writes the frames.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic_prost::ProstCodec;

use super::check;
use super::messages::{CheckRequest, CheckResponse};
use crate::app::App;
use crate::fleet::Link;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Answers a call, whatever it calls.
pub(super) async fn answer(
    app: Arc<App>,
    link: Option<Arc<Link>>,
    call: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if call.uri().path() != CHECK {
        let wrong = "there is only envoy.service.auth.v3.Authorization/Check here";
        return Ok(Status::unimplemented(wrong).into_http());
    }
    let limit = app.listen.max_body_bytes;
    let time = app.listen.body_timeout;
    let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(limit);
    let answered = tokio::time::timeout(time, grpc.unary(Check { app, link }, call)).await;
    Ok(answered.unwrap_or_else(|_| Status::deadline_exceeded("the call did not arrive in time").into_http()))
}

struct Check {
    app: Arc<App>,
    link: Option<Arc<Link>>,
}

impl UnaryService<CheckRequest> for Check {
    type Response = CheckResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<CheckResponse>, Status>>;

    fn call(&mut self, call: tonic::Request<CheckRequest>) -> Self::Future {
        let (app, link) = (Arc::clone(&self.app), self.link.clone());
        Box::pin(async move {
            let decision = check::decide(&app, link.as_ref(), call.into_inner()).await;
            decision.map(tonic::Response::new)
        })
    }
}
