//! What every answer to a known client carries (P16, P17), and every answer at all.

use std::borrow::Cow;
use std::fmt;

use gate::{Quota, WINDOW_SECONDS};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

pub(crate) const CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");
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
        let policy = Line::of(b"\"default\";q=").number(limit).text(b";w=").number(WINDOW_SECONDS);
        let left = Line::of(b"\"default\";r=").number(remaining).text(b";t=").number(reset_seconds);
        headers.insert(POLICY, policy.value());
        headers.insert(LIMIT, left.value());
    }
}

/// Names the client, where one was asked for a key, and the request to an upstream.
pub(crate) fn upstream(client: Option<&str>, id: RequestId, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
    if let Some(name) = client {
        emit(&CLIENT_NAME, Cow::from(utf8_percent_encode(name, NOT_PRINTABLE)).as_bytes());
    }
    emit(&REQUEST_ID, id.line().as_bytes());
}

/// A name for this one answer, the same as in the log's line about its decision.
pub(crate) fn request_id(headers: &mut HeaderMap, id: RequestId) {
    headers.insert(REQUEST_ID, id.line().value());
}

/// Unlike any other request's of this process, and most likely of any other process.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    /// Random, drawn once at start.
    pub(crate) process: u32,
    /// Counted up.
    pub(crate) number: u64,
}

impl RequestId {
    fn line(self) -> Line {
        Line::of(b"").number(self.process).text(b"-").number(self.number)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.process, self.number)
    }
}

/// Any text as a header's value: percent-encoded where it is not printable ASCII.
pub(crate) fn encoded(words: &str) -> HeaderValue {
    let encoded = Cow::from(utf8_percent_encode(words, NOT_PRINTABLE));
    HeaderValue::from_str(&encoded).expect("printable ASCII only, by the encoding")
}

/// A short value, put together on the stack and copied once: what `format!` takes would be the most costly part of an
/// answer that has no body.
struct Line {
    bytes: [u8; LONGEST_LINE],
    length: usize,
}

/// Room for two numbers of 20 digits and the words around them.
const LONGEST_LINE: usize = 64;

impl Line {
    fn of(text: &[u8]) -> Self {
        Self { bytes: [0; LONGEST_LINE], length: 0 }.text(text)
    }

    fn text(mut self, text: &[u8]) -> Self {
        let end = self.length + text.len();
        self.bytes[self.length..end].copy_from_slice(text);
        self.length = end;
        self
    }

    fn number(self, number: impl itoa::Integer) -> Self {
        self.text(itoa::Buffer::new().format(number).as_bytes())
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn value(&self) -> HeaderValue {
        HeaderValue::from_bytes(self.as_bytes()).expect("digits and ASCII marks only")
    }
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

    #[test]
    fn p17_the_largest_numbers_have_room() {
        let mut headers = HeaderMap::new();
        client(
            &mut headers,
            None,
            Some(Quota { limit: u32::MAX, remaining: u32::MAX, reset_seconds: u32::MAX }),
        );
        request_id(&mut headers, RequestId { process: u32::MAX, number: u64::MAX });
        assert_eq!(headers[POLICY], "\"default\";q=4294967295;w=60");
        assert_eq!(headers[LIMIT], "\"default\";r=4294967295;t=60");
        assert_eq!(headers[REQUEST_ID], "4294967295-18446744073709551615");
    }
}
