//! How an answer is framed: Google's headers, and the ways in which a fault spoils a good answer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::Value;

/// Pretty-printed JSON with two spaces under the headers that every recorded answer carries.
pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response {
    text_answer(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

/// 204, as Drive answers a deletion.
pub(super) fn no_content() -> Response {
    let mut answer = text_answer(StatusCode::NO_CONTENT, "text/html", String::new());
    answer.headers_mut().remove(header::CONTENT_TYPE);
    answer
}

/// Any text under Google's headers.
pub(super) fn text_answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::SERVER, HeaderValue::from_static("ESF"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin, X-Origin, Referer"));
    answer
}

/// The same head over the first half of the body, with a length that agrees: only the JSON is broken.
pub(super) async fn truncated(answer: Response) -> Response {
    let (head, body) = in_memory(answer).await;
    Response::from_parts(head, Body::from(body.slice(..body.len() / 2)))
}

/// The head, half of the body, and then a reset: `reset` tells the socket how to die.
pub(super) async fn cut_off(answer: Response, reset: Arc<AtomicBool>) -> Response {
    let (mut head, body) = in_memory(answer).await;
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let end = stream::once(async move {
        // The first half must reach the wire before the connection is torn down, or it would not be an answer.
        tokio::task::yield_now().await;
        reset.store(true, Ordering::Release);
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(head, Body::from_stream(stream::iter([Ok::<Bytes, io::Error>(half)]).chain(end)))
}

async fn in_memory(answer: Response) -> (axum::http::response::Parts, Bytes) {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("our own answers stand in memory");
    (head, body)
}
