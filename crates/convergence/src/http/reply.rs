//! An answer on its way out: the route's own, or an upstream's, and what it is stamped with.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;

use super::body::Answer;
use super::stamp::Stamp;
use super::tunnel::Tunnel;
use super::underway::Underway;
use crate::wire::Fields;

/// An answer. What it is stamped with is written behind its own fields.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) fields: Fields,
    pub(crate) body: Answer,
    pub(crate) stamp: Stamp,
    /// What follows HTTP on the connection, where this is a 101.
    pub(super) tunnel: Option<Tunnel>,
}

impl Reply {
    /// One that has its fields in a map.
    pub(super) fn new(answer: Response<Answer>, stamp: Stamp) -> Self {
        let (head, body) = answer.into_parts();
        Self { status: head.status, fields: head.headers.into(), body, stamp, tunnel: None }
    }

    /// As libraries take it, and what is finished once it is sent.
    pub(super) fn into_response(self) -> (Response<Answer>, Underway) {
        let mut headers: HeaderMap = self.fields.into_map();
        self.stamp.add_to(&mut headers);
        let mut response = Response::new(self.body);
        (*response.status_mut(), *response.headers_mut()) = (self.status, headers);
        (response, self.stamp.underway)
    }
}

/// The answer to `HEAD`: of its body only the length (RFC 9110, 9.3.2).
pub(super) fn without_body(mut answer: Response<Answer>) -> Response<Answer> {
    if let Some(length) = answer.body().size_hint().exact()
        && length > 0
    {
        answer.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    answer.map(|_| Answer::empty())
}
