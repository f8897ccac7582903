//! A page of the admin listener: HTML of ours, and what keeps everybody else's out of it.

use askama::Template;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tracing::error;

use crate::http::body::Answer;

/// What a page may load and do: what comes from this listener. Nothing that a name from the sheet could smuggle in runs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// The page that a template makes.
pub(super) fn page(template: &impl Template) -> Response<Answer> {
    let html = template.render().unwrap_or_else(|fault| {
        error!("a page could not be written: {fault}");
        String::new()
    });
    self::html(html.into())
}

/// The same page for everybody, written before.
pub(super) fn html(html: Bytes) -> Response<Answer> {
    let mut answer = Response::new(Answer::from(html));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    guard(headers);
    answer
}

/// Sends a browser to another page of this listener.
pub(super) fn redirect(to: &str) -> Response<Answer> {
    let mut answer = Response::new(Answer::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let headers = answer.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    guard(headers);
    answer
}

/// The headers of whatever a browser is given. Other sites are told of no address here. Not `no-referrer`, with which a
/// browser names no origin to this site's own forms either (Fetch Standard, 3.2), and nobody could tell them from another's.
pub(super) fn guard(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
