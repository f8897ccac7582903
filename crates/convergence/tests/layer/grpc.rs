//! gRPC calls: how they are refused, and which of them count as failed.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use bytes::Bytes;
use convergence::Engine;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use insta::assert_snapshot;
use tonic::Status;
use tonic_types::StatusExt;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{Folder, KEY, ONCE};

/// A call as it is on the wire, without a message.
fn call(key: Option<&str>) -> Request<Body> {
    let mut request = Request::post("/a.B/C").header("content-type", "application/grpc+proto");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    request.body(Body::empty()).expect("a request")
}

/// Sends it to a service whose every call ends with this status: in the headers of an answer without a message, or in
/// the trailers after one. The answer's body is read to its end.
async fn send(engine: &Engine, call: Request<Body>, status: &'static str, in_trailers: bool) -> Response<()> {
    let inner = move |_: Request<Body>| std::future::ready(Ok::<_, Infallible>(ended(status, in_trailers)));
    let service = ServiceBuilder::new().layer(engine.layer()).service_fn(inner);
    let (head, body) = service.oneshot(call).await.expect("an answer").into_parts();
    body.collect().await.expect("a body");
    Response::from_parts(head, ())
}

fn ended(
    status: &'static str,
    in_trailers: bool,
) -> Response<impl http_body::Body<Data = Bytes, Error = Infallible>> {
    let status =
        HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static(status))]);
    let (head, trailers) = if in_trailers { (HeaderMap::new(), Some(status)) } else { (status, None) };
    let message = trailers.is_some().then(|| Frame::data(Bytes::from_static(b"a message")));
    let frames = message.into_iter().chain(trailers.map(Frame::trailers)).map(Ok);
    let mut answer = Response::new(StreamBody::new(futures_util::stream::iter(frames)));
    *answer.headers_mut() = head;
    answer
}

#[tokio::test]
async fn a_refusal_is_a_grpc_status_with_the_problems_code_and_wait() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let answer = send(&engine, call(None), "0", true).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/grpc".parse().expect("a value"))
    );
    assert!(answer.headers().contains_key("x-request-id"));
    let status = Status::from_header_map(answer.headers()).expect("a status");
    assert_snapshot!(format!("{} {}", i32::from(status.code()), status.message()), @"16 send your API key: Authorization: Bearer YOUR_KEY");
    assert_eq!(status.get_details_error_info().expect("a reason").reason, "AUTHENTICATION_REQUIRED");

    assert_eq!(send(&engine, call(Some(ONCE)), "0", true).await.headers()["x-client-name"], "Ali");
    let answer = send(&engine, call(Some(ONCE)), "0", true).await;
    assert_eq!(answer.headers()["x-client-name"], "Ali");
    let status = Status::from_header_map(answer.headers()).expect("a status");
    assert_eq!(
        (status.code(), status.get_details_error_info().expect("a reason").reason),
        (tonic::Code::ResourceExhausted, "RATE_LIMIT_EXCEEDED".to_owned())
    );
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay).expect("a wait");
    assert_eq!(answer.headers()["retry-after"].as_bytes(), wait.as_secs().to_string().as_bytes());

    let mut twice = call(Some(KEY));
    twice.headers_mut().append("authorization", "Bearer other".parse().expect("a value"));
    let status = Status::from_header_map(send(&engine, twice, "0", true).await.headers()).expect("a status");
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    drop(engine);
}

#[tokio::test]
async fn without_keys_a_call_is_unavailable() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let layer = engine.layer();
    engine.stop();
    let service = ServiceBuilder::new()
        .layer(layer)
        .service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let answer = service.oneshot(call(Some(KEY))).await.expect("an answer");
    let status = Status::from_header_map(answer.headers()).expect("a status");
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert!(status.get_details_retry_info().is_some());
}

#[tokio::test]
async fn other_requests_to_the_same_service_are_refused_over_http() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    for kind in ["application/grpc-web+proto", "application/json", "application/grpcs"] {
        let mut request = call(None);
        request.headers_mut().insert("content-type", kind.parse().expect("a value"));
        let answer = send(&engine, request, "0", true).await;
        assert_eq!((answer.status().as_u16(), answer.headers().get("grpc-status")), (401, None), "{kind}");
    }
}

#[tokio::test]
async fn p23_calls_that_end_by_the_servers_fault_count_as_failed_once() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    // NOT_FOUND and the like are the client's; UNKNOWN, INTERNAL and UNAVAILABLE are not.
    for status in ["0", "5", "7", "2", "13", "14"] {
        for in_trailers in [true, false] {
            assert_eq!(send(&engine, call(Some(KEY)), status, in_trailers).await.status().as_u16(), 200);
        }
    }
    engine.stop();
    assert_eq!(folder.usage(), [("MyApp Production".to_owned(), (12, 6))].into());
}
