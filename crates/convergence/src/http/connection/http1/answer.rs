//! An answer as HTTP/1 has it (RFC 9112, 4, 6 and 9): its head put into words, and how its body's end is told.

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, Method, StatusCode, Version};
use http_body::Body;

use super::client::Asked;
use crate::http::body::Answer;
use crate::http::date::Date;
use crate::http::reply::Reply;
use crate::http::tunnel::Tunnel;
use crate::http::underway::Underway;
use crate::wire::is;
use crate::wire::line::words;
use crate::wire::sending::{Coding, Sending, line};

/// A body that is at most so long is copied behind its head: one piece of memory is sent for less than two.
const SHORT: usize = 4_096;

/// What of a request its answer depends on.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Question {
    /// Whether the answer has a head only: `HEAD`.
    head_only: bool,
    old: bool,
    takes_trailers: bool,
    /// Whether the client wants to use the connection once more.
    persists: bool,
}

impl Question {
    /// That of a request which could not be read.
    pub(super) fn unclear() -> Self {
        Self { head_only: false, old: false, takes_trailers: false, persists: false }
    }

    pub(super) fn of(asked: &Asked) -> Self {
        let Asked { head, persists } = asked;
        Self {
            head_only: head.method == Method::HEAD,
            old: head.version == Version::HTTP_10,
            takes_trailers: head
                .fields
                .all(&TE)
                .flat_map(words)
                .any(|word| word.eq_ignore_ascii_case(b"trailers")),
            persists: *persists,
        }
    }
}

/// An answer that is ready to be sent.
pub(super) struct Ready {
    pub(super) sending: Sending<Answer>,
    /// Finished when it is dropped.
    pub(super) underway: Underway,
    /// What follows it and HTTP.
    pub(super) tunnel: Option<Tunnel>,
    /// Whether another request may follow it.
    pub(super) persists: bool,
    /// Whether its end is the connection's.
    pub(super) until_close: bool,
}

/// Puts an answer's head into `words`, a used buffer. `last` where the connection has to end with it.
pub(super) fn ready(mut words: Vec<u8>, reply: Reply, question: &Question, last: bool, date: &Date) -> Ready {
    let Reply { status, fields, body, stamp, tunnel } = reply;
    words.clear();
    words.extend_from_slice(if question.old { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    words.extend_from_slice(status.as_str().as_bytes());
    words.push(b' ');
    words.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    words.extend_from_slice(b"\r\n");
    let switches = status == StatusCode::SWITCHING_PROTOCOLS;
    // RFC 9110, 8.6.
    let has_no_length = status.is_informational() || status == StatusCode::NO_CONTENT;
    let (mut has_length, mut has_date) = (false, false);
    for (name, value) in fields.iter() {
        let is = |known: &HeaderName| is(known, name);
        has_length |= is(&CONTENT_LENGTH);
        has_date |= is(&DATE);
        // These are said below.
        let is_said = is(&CONNECTION)
            || is(&TRANSFER_ENCODING)
            || (is(&UPGRADE) && !switches)
            || (is(&CONTENT_LENGTH) && has_no_length);
        if !is_said && !stamp.has(name) {
            line(&mut words, name, value);
        }
    }
    stamp.each(&mut |name, value| line(&mut words, name.as_ref(), value));
    if !has_date {
        line(&mut words, DATE.as_ref(), &date.words());
    }
    let framed = Framed::of(status, question, has_length, &body);
    if let Some(length) = framed.says_length {
        line(&mut words, CONTENT_LENGTH.as_ref(), itoa::Buffer::new().format(length).as_bytes());
    }
    if framed.coding != Coding::Plain {
        line(&mut words, TRANSFER_ENCODING.as_ref(), b"chunked");
    }
    let persists = question.persists && !last && !framed.until_close;
    if switches {
        line(&mut words, CONNECTION.as_ref(), b"upgrade");
    } else if !persists {
        line(&mut words, CONNECTION.as_ref(), b"close");
    } else if question.old {
        line(&mut words, CONNECTION.as_ref(), b"keep-alive");
    }
    words.extend_from_slice(b"\r\n");
    let body = match body {
        _ if !framed.has_body => None,
        Answer::Bytes(bytes) | Answer::Problem(bytes, _)
            if bytes.len() <= SHORT && framed.coding == Coding::Plain =>
        {
            words.extend_from_slice(&bytes);
            None
        }
        body => Some(body),
    };
    let sending = Sending::new(words, framed.coding, false, body);
    Ready { sending, underway: stamp.underway, tunnel, persists, until_close: framed.until_close }
}

/// How the end of a body is told (RFC 9112, 6.3).
struct Framed {
    has_body: bool,
    /// The length that is to be said, where nothing has said it yet.
    says_length: Option<u64>,
    coding: Coding,
    until_close: bool,
}

impl Framed {
    fn of(status: StatusCode, question: &Question, has_length: bool, body: &Answer) -> Self {
        let bodiless =
            status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = body.size_hint().exact();
        let mut framed = Self {
            has_body: !bodiless && !question.head_only,
            says_length: None,
            coding: Coding::Plain,
            until_close: false,
        };
        if bodiless || has_length {
            return framed;
        }
        match length {
            // A body that is not there says nothing of the one that GET would get.
            Some(0) | None if question.head_only => {}
            Some(length) => framed.says_length = Some(length),
            None if question.old => framed.until_close = true,
            None => framed.coding = Coding::Chunked { trailers: question.takes_trailers },
        }
        framed
    }
}
