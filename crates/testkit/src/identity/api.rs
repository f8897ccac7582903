//! Everything else goes to the emulated Google, after a look at who is to pay.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;

use super::Inside;

/// The same request to Google, and Google's answer.
pub(super) async fn forward(
    State(inside): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    inside.state().projects.push(user_project(&headers));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = inside.mint.client.request(method, format!("{}{path}", inside.mint.google));
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let answer = request.body(body).send().await.expect("the emulated Google answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap_or_default();
    let mut forwarded = Response::new(Body::from(body));
    *forwarded.status_mut() = StatusCode::from_u16(status.as_u16()).expect("a status is one");
    if let Some(value) = headers.get(header::CONTENT_TYPE) {
        forwarded.headers_mut().insert(header::CONTENT_TYPE, value.clone());
    }
    forwarded
}

/// Who is to pay for a request.
pub(super) fn user_project(headers: &HeaderMap) -> Option<String> {
    headers.get("x-goog-user-project")?.to_str().ok().map(str::to_owned)
}
