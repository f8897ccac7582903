//! `GET /openapi.json` and `GET /docs`: the API, for programs and for people. Here and not on the public listener, where every
//! path but two asks for a key, and where these may be the guarded API's own.

mod curl;
mod schema;
mod view;
mod words;

use std::sync::LazyLock;

use askama::Template as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use self::view::Page;
use super::page as pages;
use crate::http::body::Answer;
use crate::http::openapi::{self, ADMIN};

/// The document is the same from start to end.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi::text().into());

/// And so is what is made of it.
static PAGE: LazyLock<Bytes> =
    LazyLock::new(|| Page::of(&openapi::document()).render().expect("a page into memory is written").into());

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

#[utoipa::path(
    get,
    path = "/docs",
    tag = ADMIN,
    operation_id = "docs",
    summary = "This document, to be read",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String)),
)]
pub(in crate::http) fn page() -> Response<Answer> {
    pages::html(PAGE.clone())
}
