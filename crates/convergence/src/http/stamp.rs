//! What every answer to a known client carries (P16, P17), and every answer at all.

use std::borrow::Cow;
use std::fmt;

use gate::{CalendarQuota, Quota, Quotas, WINDOW_SECONDS};
use http::header::{VARY, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::admit::Caller;
use super::cors::{self, Leave};
use super::underway::Underway;
use crate::wire::is;

pub(crate) const CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Control characters; what is not ASCII is always encoded.
const NOT_PRINTABLE: &AsciiSet = CONTROLS;

/// What one answer is stamped with.
pub(crate) struct Stamp {
    /// Which names its caller and its id. What a refusal says of its client stands in its own fields.
    pub(super) underway: Underway,
    /// By which version of HTTP it has come from an upstream, in the words of [`VIA`].
    pub(super) via: Option<&'static str>,
    /// Which web pages may read it, where anything is said of that.
    pub(super) leave: Option<Leave>,
}

impl Stamp {
    /// Of an answer that was made here.
    pub(super) fn own(underway: Underway) -> Self {
        Self { underway, via: None, leave: None }
    }

    /// Calls `emit` with each header line.
    pub(super) fn each(&self, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
        if let Some(caller) = self.underway.caller() {
            lines(caller.client(), &caller.quotas(), emit);
        }
        emit(&REQUEST_ID, self.underway.id.line().as_bytes());
        if let Some(via) = self.via {
            emit(&VIA, via.as_bytes());
        }
        if let Some(leave) = &self.leave {
            leave.each(emit);
        }
    }

    /// Whether it has a line of this name, which an upstream's answer then has not. There may be several of [`VIA`] and
    /// [`VARY`].
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let has = |own: &HeaderName| is(own, name);
        let of_caller = |caller: &Caller| {
            (caller.client().is_some() && has(&CLIENT_NAME))
                || (!caller.quotas().is_empty() && (has(&POLICY) || has(&LIMIT)))
        };
        has(&REQUEST_ID)
            || self.underway.caller().is_some_and(of_caller)
            || (self.leave.is_some() && cors::is_about(name))
    }

    /// In a map.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        if self.leave.is_some() {
            let theirs = headers.keys().filter(|name| cors::is_about(name.as_ref()));
            for name in theirs.cloned().collect::<Vec<_>>() {
                headers.remove(name);
            }
        }
        self.each(&mut |name, value| {
            if [VIA, VARY].contains(name) {
                headers.append(name, printed(value));
            } else {
                insert(headers, name, value);
            }
        });
    }
}

/// Names the client, and no more.
pub(crate) fn client_name(headers: &mut HeaderMap, name: Option<&str>) {
    client(headers, name, &Quotas::default());
}

/// Names the client, and says what is left of its limits.
pub(crate) fn client(headers: &mut HeaderMap, name: Option<&str>, quotas: &Quotas) {
    lines(name, quotas, &mut |name, value| insert(headers, name, value));
}

/// The same line by line. Each limit is a policy with a name of its own, an item of both lists
/// (draft-ietf-httpapi-ratelimit-headers-11: `q` requests in `w` seconds, `r` of them left, more in `t` seconds).
fn lines(name: Option<&str>, quotas: &Quotas, emit: &mut dyn FnMut(&HeaderName, &[u8])) {
    if let Some(name) = name {
        emit(&CLIENT_NAME, printable(name).as_bytes());
    }
    if quotas.is_empty() {
        return;
    }
    let (mut policies, mut left) = (Line::new(), Line::new());
    if let Some(Quota { limit, remaining, reset_seconds }) = quotas.minute {
        policies.item("default", (b'q', limit.into()), (b'w', WINDOW_SECONDS));
        // A request of this very moment counts for a little more than the window it is named after.
        left.item("default", (b'r', remaining.into()), (b't', reset_seconds.min(WINDOW_SECONDS)));
    }
    for (name, quota) in [("day", quotas.day), ("month", quotas.month)] {
        let Some(CalendarQuota { limit, remaining, reset_seconds, period_seconds }) = quota else { continue };
        policies.item(name, (b'q', limit), (b'w', period_seconds));
        left.item(name, (b'r', remaining), (b't', reset_seconds.get()));
    }
    emit(&POLICY, policies.as_bytes());
    emit(&LIMIT, left.as_bytes());
}

fn insert(headers: &mut HeaderMap, name: &HeaderName, value: &[u8]) {
    headers.insert(name, printed(value));
}

fn printed(value: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(value).expect("printable ASCII only, by the encoding")
}

/// Names the client, where one was asked for a key, and the request to an upstream.
pub(crate) fn upstream(client: Option<&str>, id: RequestId, emit: &mut dyn FnMut(&[u8], &[u8])) {
    if let Some(name) = client {
        emit(CLIENT_NAME.as_ref(), printable(name).as_bytes());
    }
    emit(REQUEST_ID.as_ref(), id.line().as_bytes());
}

/// A name for this one answer, the same as in the log's line about its decision.
pub(crate) fn request_id(headers: &mut HeaderMap, id: RequestId) {
    insert(headers, &REQUEST_ID, id.line().as_bytes());
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
        let mut line = Line::new();
        line.number(self.process).text(b"-").number(self.number);
        line
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.process, self.number)
    }
}

/// Any text as a header's value: percent-encoded where it is not printable ASCII.
pub(crate) fn encoded(words: &str) -> HeaderValue {
    printed(printable(words).as_bytes())
}

fn printable(words: &str) -> Cow<'_, str> {
    // Most names are printable, which is found out for many bytes at a time.
    let is_not = |byte: u8| u8::from(byte < b' ') | u8::from(byte > b'~');
    if words.bytes().fold(0, |found, byte| found | is_not(byte)) == 0 {
        return Cow::Borrowed(words);
    }
    utf8_percent_encode(words, NOT_PRINTABLE).into()
}

/// A short value, put together on the stack and copied once: what `format!` takes would be the most costly part of an
/// answer that has no body.
struct Line {
    bytes: [u8; LONGEST_LINE],
    length: usize,
}

/// Room for three items with names of seven letters, and numbers of 20 digits and of 10.
const LONGEST_LINE: usize = 128;

impl Line {
    fn new() -> Self {
        Self { bytes: [0; LONGEST_LINE], length: 0 }
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        let end = self.length + text.len();
        self.bytes[self.length..end].copy_from_slice(text);
        self.length = end;
        self
    }

    fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.text(itoa::Buffer::new().format(number).as_bytes())
    }

    /// An item of a list: a policy's name, how many requests, and for how many seconds (RFC 9651, 3.1).
    fn item(&mut self, name: &str, requests: (u8, u64), seconds: (u8, u32)) {
        if self.length > 0 {
            self.text(b", ");
        }
        self.text(b"\"").text(name.as_bytes()).text(b"\";");
        self.text(&[requests.0, b'=']).number(requests.1);
        self.text(&[b';', seconds.0, b'=']).number(seconds.1);
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
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
        let minute = Some(Quota { limit: u32::MAX, remaining: u32::MAX, reset_seconds: u32::MAX });
        // The largest that a cell can hold.
        let most = 999_999_999_999_999;
        let quota = Some(CalendarQuota {
            limit: most,
            remaining: most,
            reset_seconds: std::num::NonZeroU32::MAX,
            period_seconds: u32::MAX,
        });
        client(&mut headers, None, &Quotas { minute, day: quota, month: quota });
        request_id(&mut headers, RequestId { process: u32::MAX, number: u64::MAX });
        assert_eq!(
            headers[POLICY],
            "\"default\";q=4294967295;w=60, \"day\";q=999999999999999;w=4294967295, \
             \"month\";q=999999999999999;w=4294967295"
        );
        assert_eq!(
            headers[LIMIT],
            "\"default\";r=4294967295;t=60, \"day\";r=999999999999999;t=4294967295, \
             \"month\";r=999999999999999;t=4294967295"
        );
        assert_eq!(headers[REQUEST_ID], "4294967295-18446744073709551615");
    }
}
