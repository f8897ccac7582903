//! Web pages of other origins (CORS, as the Fetch Standard has it): which may call from a browser, and what of an answer
//! they may read.
//!
//! Nobody is ever allowed credentials, which are a browser's own (cookies, client certificates): a page that calls has a key
//! and says so itself. That is what makes `*` safe, in the setting as in the headers below.

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::asked::VERIFY;
use super::body::Answer;
use super::request::Head;
use crate::config::Cors;

/// For how many seconds a browser remembers what it may do: a changed setting is to be seen soon.
const REMEMBERED: &str = "600";

/// The request headers that a page may set. The wildcard covers all but this one (Fetch Standard, 4.8).
const HEADERS: &str = "Authorization, *";

/// Who may read an answer.
pub(super) enum Leave {
    Anybody,
    /// Whoever has asked, and that is this origin.
    Origin(Arc<str>),
    /// Not whoever has asked; an answer to others may be read.
    NotThem,
}

impl Leave {
    /// What the setting says to a request.
    pub(super) fn of(cors: &Cors, head: &Head) -> Self {
        let Cors::Of(allowed) = cors else { return Self::Anybody };
        let mut origins = head.fields.all(&ORIGIN);
        let (Some(origin), None) = (origins.next(), origins.next()) else { return Self::NotThem };
        let known = allowed.iter().find(|known| known.as_bytes() == origin);
        known.map_or(Self::NotThem, |known| Self::Origin(Arc::clone(known)))
    }

    fn origin(&self) -> Option<&str> {
        match self {
            Self::Anybody => Some("*"),
            Self::Origin(origin) => Some(origin),
            Self::NotThem => None,
        }
    }

    /// Calls `emit` with each header line that an answer has for it.
    pub(super) fn each(&self, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
        if let Some(origin) = self.origin() {
            emit(&ACCESS_CONTROL_ALLOW_ORIGIN, origin.as_bytes());
            emit(&ACCESS_CONTROL_EXPOSE_HEADERS, b"*");
        }
        if !matches!(self, Self::Anybody) {
            // What one origin gets is in no cache for another.
            emit(&VARY, b"origin");
        }
    }
}

/// Whether a header is about this, and an upstream's own is left out.
pub(super) fn is_about(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"access-control-";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The answer to a browser that asks, before a page's request and without its key, whether the page may send it; `None`
/// where it is another request, or a page of nobody's.
pub(super) fn preflight(cors: &Cors, head: &Head) -> Option<Response<Answer>> {
    let asks = head.method == Method::OPTIONS && head.fields.first(&ACCESS_CONTROL_REQUEST_METHOD).is_some();
    // A proxy that asks there would take the answer for an admission.
    if !asks || head.target.path() == VERIFY || head.fields.first(&ORIGIN).is_none() {
        return None;
    }
    let leave = Leave::of(cors, head);
    leave.origin()?;
    let mut answer = Response::new(Answer::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    leave.each(&mut |name, value| {
        let value = HeaderValue::from_bytes(value).expect("a setting of visible ASCII");
        headers.insert(name, value);
    });
    headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
    Some(answer)
}
