//! The one method, as gRPC: tonic reads and writes the frames.

use std::convert::Infallible;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic_prost::ProstCodec;

use super::messages::{CheckRequest, CheckResponse};
use super::{Shared, check};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Answers a call, whatever it calls.
pub(super) async fn answer(shared: Shared, call: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if call.uri().path() != CHECK {
        let wrong = "there is only envoy.service.auth.v3.Authorization/Check here";
        return Ok(Status::unimplemented(wrong).into_http());
    }
    let limit = shared.app.listen.max_body_bytes;
    let time = shared.app.listen.body_timeout;
    let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(limit);
    let answered = tokio::time::timeout(time, grpc.unary(Check(shared), call)).await;
    Ok(answered.unwrap_or_else(|_| Status::deadline_exceeded("the call did not arrive in time").into_http()))
}

struct Check(Shared);

impl UnaryService<CheckRequest> for Check {
    type Response = CheckResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<CheckResponse>, Status>>;

    fn call(&mut self, call: tonic::Request<CheckRequest>) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move {
            let decision = check::decide(&shared, call.into_inner()).await;
            decision.map(tonic::Response::new)
        })
    }
}
