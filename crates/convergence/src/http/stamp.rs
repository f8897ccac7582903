//! What every answer to a known client carries (P16, P17), and every answer at all.

use std::fmt::Write;

use gate::{Quota, WINDOW_SECONDS};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

const CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Control characters; what is not ASCII is always encoded.
const NOT_PRINTABLE: &AsciiSet = CONTROLS;

/// Names the client, and says what is left of its limit (draft-ietf-httpapi-ratelimit-headers: `q` requests in `w`
/// seconds, `r` of them left, more in `t` seconds).
pub(crate) fn client(headers: &mut HeaderMap, name: Option<&str>, quota: Option<Quota>) {
    if let Some(name) = name {
        headers.insert(CLIENT_NAME, encoded(name));
    }
    if let Some(Quota { limit, remaining, reset_seconds }) = quota {
        // A request of this very moment counts for a little more than the window it is named after.
        let reset_seconds = reset_seconds.min(WINDOW_SECONDS);
        headers.insert(POLICY, text(format_args!("\"default\";q={limit};w={WINDOW_SECONDS}")));
        headers.insert(LIMIT, text(format_args!("\"default\";r={remaining};t={reset_seconds}")));
    }
}

/// A name for this one answer, the same as in the log's line about its decision.
pub(crate) fn request_id(headers: &mut HeaderMap, id: RequestId) {
    headers.insert(REQUEST_ID, text(format_args!("{id}")));
}

/// Unlike any other request's of this process, and most likely of any other process.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    /// Random, drawn once at start.
    pub(crate) process: u32,
    /// Counted up.
    pub(crate) number: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}-{:x}", self.process, self.number)
    }
}

/// Any text as a header's value: percent-encoded where it is not printable ASCII.
pub(crate) fn encoded(words: &str) -> HeaderValue {
    let encoded: String = utf8_percent_encode(words, NOT_PRINTABLE).collect();
    HeaderValue::try_from(encoded).expect("printable ASCII only, by the encoding")
}

fn text(words: std::fmt::Arguments<'_>) -> HeaderValue {
    let mut value = String::with_capacity(32);
    // Writing to a string cannot fail.
    let _ = value.write_fmt(words);
    HeaderValue::try_from(value).expect("digits and ASCII marks only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p16_no_name_can_inject_a_header() {
        assert_eq!(encoded("MyApp Production"), "MyApp Production");
        assert_eq!(encoded("a\r\nSet-Cookie: b"), "a%0D%0ASet-Cookie: b");
        assert_eq!(encoded("Café 100%"), "Caf%C3%A9 100%");
        assert_eq!(encoded("\u{7f}\0\u{1f512}"), "%7F%00%F0%9F%94%92");
    }
}
