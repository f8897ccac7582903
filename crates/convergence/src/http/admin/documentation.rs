//! `GET /openapi.json` and `GET /docs`: the API, for programs and for people. Here and not on the public listener, where every
//! path but two asks for a key, and where this one may be the guarded API's own.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use crate::http::body::Answer;
use crate::http::openapi::{self, ADMIN};

/// The document is the same from start to end.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi::text().into());

#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = ADMIN,
    operation_id = "openapi",
    summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = Object)),
)]
pub(in crate::http) fn document() -> Response<Answer> {
    let mut answer = Response::new(Answer::from(DOCUMENT.clone()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
