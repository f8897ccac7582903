//! The head of an upstream's answer: bytes to a status, headers, and how the body is framed (RFC 9112, 4 to 6). Strict,
//! since what two readers frame in two ways can be used to smuggle an answer to somebody else.

use std::mem::MaybeUninit;
use std::ops::Range;

use bytes::BytesMut;
use http::{Method, StatusCode, Version};
use smallvec::SmallVec;

use super::body::Framing;
use crate::upstream::fault::BadAnswer;
use crate::upstream::message::AnswerHead;
use crate::wire::Fields;
use crate::wire::line::{FEW, Line, Lines, words};

/// The longest head that is read, in bytes.
pub(super) const LONGEST: usize = 65_536;

/// The most header lines that are read.
const MOST_HEADERS: usize = 128;

/// A head, and what it says about what follows.
pub(super) struct Head {
    /// Without the headers that are for this connection only.
    pub(super) answer: AnswerHead,
    pub(super) framing: Framing,
    /// Whether another request may follow on this connection.
    pub(super) keep_alive: bool,
}

/// Takes a head off the front of `bytes`; `None` while it is not whole.
///
/// # Errors
/// It is no answer of HTTP/1, or one that could be read in two ways.
pub(super) fn take(bytes: &mut BytesMut, method: &Method) -> Result<Option<Head>, BadAnswer> {
    let mut lines = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut parsed, bytes, &mut lines) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Err(BadAnswer::HeadTooLarge);
        }
        Err(_) => return Err(BadAnswer::NotHttp),
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(BadAnswer::NotHttp)?;
    let is_http_11 = parsed.version == Some(1);
    let hop = Hop::read(parsed.headers)?;
    let framing = hop.framing(method, status, is_http_11)?;
    let keep_alive = is_http_11 && framing != Framing::UntilClose && !hop.closes;
    let for_client = |line: &&httparse::Header<'_>| hop.passes(line.name, status);
    let mut lines = Lines::with_capacity(FEW);
    lines.extend(parsed.headers.iter().filter(for_client).map(|line| place(bytes, line)));
    drop(hop);
    let fields = Fields::new(bytes.split_to(length).freeze(), lines);
    let version = if is_http_11 { Version::HTTP_11 } else { Version::HTTP_10 };
    Ok(Some(Head { answer: AnswerHead { status, version, fields }, framing, keep_alive }))
}

/// What a head says about this connection and about the message's length.
#[derive(Default)]
struct Hop<'a> {
    coding: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    closes: bool,
    /// What `Connection` names: for this connection only.
    named: SmallVec<[&'a [u8]; 2]>,
}

impl<'a> Hop<'a> {
    /// Several lengths, or a length and a coding, are refused: somebody else may choose the other.
    fn read(lines: &'a [httparse::Header<'a>]) -> Result<Self, BadAnswer> {
        let mut hop = Self::default();
        for line in lines {
            let is = |name: &str| line.name.eq_ignore_ascii_case(name);
            let known = match line.name.len() {
                17 if is("transfer-encoding") => hop.coding.replace(line.value),
                14 if is("content-length") => hop.length.replace(line.value),
                10 if is("connection") => {
                    hop.connection(line.value);
                    None
                }
                _ => None,
            };
            if known.is_some() {
                return Err(BadAnswer::AmbiguousLength);
            }
        }
        if hop.coding.is_some() && hop.length.is_some() {
            return Err(BadAnswer::AmbiguousLength);
        }
        Ok(hop)
    }

    fn connection(&mut self, value: &'a [u8]) {
        for name in words(value) {
            self.closes |= name.eq_ignore_ascii_case(b"close");
            if !name.eq_ignore_ascii_case(b"content-length") {
                self.named.push(name);
            }
        }
    }

    /// Whether the client gets this header (RFC 9110, 7.6.1). The protocol that is switched to is for it.
    fn passes(&self, name: &str, status: StatusCode) -> bool {
        let is_hop = match name.len() {
            7 => name.eq_ignore_ascii_case("upgrade"),
            10 => name.eq_ignore_ascii_case("connection") || name.eq_ignore_ascii_case("keep-alive"),
            16 => name.eq_ignore_ascii_case("proxy-connection"),
            17 => name.eq_ignore_ascii_case("transfer-encoding"),
            18 => name.eq_ignore_ascii_case("proxy-authenticate"),
            _ => false,
        };
        let is_named = || self.named.iter().any(|named| named.eq_ignore_ascii_case(name.as_bytes()));
        let switches = status == StatusCode::SWITCHING_PROTOCOLS && name.eq_ignore_ascii_case("upgrade");
        switches || !(is_hop || is_named())
    }

    /// RFC 9112, 6.3. Codings other than `chunked` are refused.
    fn framing(&self, method: &Method, status: StatusCode, is_http_11: bool) -> Result<Framing, BadAnswer> {
        if status.is_informational()
            || *method == Method::HEAD
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        {
            return Ok(Framing::Nothing);
        }
        match (self.coding, self.length) {
            (Some(coding), _) if is_http_11 && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Framing::chunked())
            }
            (Some(_), _) => Err(BadAnswer::UnknownCoding),
            (None, Some(length)) => match number(length) {
                Some(0) => Ok(Framing::Nothing),
                Some(length) => Ok(Framing::Length(length)),
                None => Err(BadAnswer::AmbiguousLength),
            },
            (None, None) => Ok(Framing::UntilClose),
        }
    }
}

/// Where a line stands.
fn place(bytes: &BytesMut, line: &httparse::Header<'_>) -> Line {
    let place = |part: &[u8]| -> Range<usize> {
        let from = part.as_ptr().addr() - bytes.as_ptr().addr();
        from..from + part.len()
    };
    Line::at(place(line.name.as_bytes()), place(line.value))
}

/// Digits and nothing else: no sign, no blank, no list.
fn number(digits: &[u8]) -> Option<u64> {
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all_digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Head>, BadAnswer> {
        take(&mut BytesMut::from(text), &Method::GET)
    }

    fn framed(text: &str) -> Framing {
        read(text).expect("an answer").expect("a whole one").framing
    }

    #[test]
    fn a_head_is_taken_when_it_is_whole_and_leaves_the_body() {
        let text = "HTTP/1.1 201 Created\r\ncontent-length: 3\r\nx-a: 1\r\nX-A:  2 \r\n\r\nabc";
        for cut in 0..text.len() - "\nabc".len() {
            assert!(read(&text[..cut]).expect("no fault").is_none(), "{cut}");
        }
        let mut bytes = BytesMut::from(text);
        let head = take(&mut bytes, &Method::GET).expect("no fault").expect("whole");
        assert_eq!(&bytes[..], b"abc");
        assert_eq!(head.answer.status, 201);
        let fields: Vec<_> = head.answer.fields.iter().collect();
        assert_eq!(fields, [(&b"content-length"[..], &b"3"[..]), (b"x-a", b"1"), (b"X-A", b"2")]);
        assert!(head.keep_alive);
    }

    #[test]
    fn the_framing_is_the_rfcs() {
        assert_eq!(framed("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"), Framing::Length(10));
        assert_eq!(framed("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"), Framing::chunked());
        assert_eq!(framed("HTTP/1.1 200 OK\r\n\r\n"), Framing::UntilClose);
        assert_eq!(framed("HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n"), Framing::Nothing);
        assert_eq!(framed("HTTP/1.1 204 No Content\r\n\r\n"), Framing::Nothing);
        let head = take(&mut BytesMut::from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), &Method::HEAD);
        assert_eq!(head.expect("an answer").expect("a whole one").framing, Framing::Nothing);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (head, fault) in [
            ("content-length: 3\r\ntransfer-encoding: chunked", BadAnswer::AmbiguousLength),
            ("content-length: 3\r\ncontent-length: 3", BadAnswer::AmbiguousLength),
            ("content-length: 3, 3", BadAnswer::AmbiguousLength),
            ("content-length: +3", BadAnswer::AmbiguousLength),
            ("content-length: ", BadAnswer::AmbiguousLength),
            ("content-length: 99999999999999999999", BadAnswer::AmbiguousLength),
            ("transfer-encoding: gzip, chunked", BadAnswer::UnknownCoding),
            ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", BadAnswer::AmbiguousLength),
            ("transfer-encoding: identity", BadAnswer::UnknownCoding),
            ("a b: c", BadAnswer::NotHttp),
            ("a : c", BadAnswer::NotHttp),
            ("a: b\r\n c", BadAnswer::NotHttp),
        ] {
            let error = read(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n")).map(|_| ()).expect_err(head);
            assert_eq!(error, fault, "{head}");
        }
        let error = read("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .map(|_| ())
            .expect_err("1.0 has no chunks");
        assert_eq!(error, BadAnswer::UnknownCoding);
        let no_answer = read("SSH-2.0-OpenSSH_9.2\r\n").map(|_| ());
        assert_eq!(no_answer.expect_err("no answer"), BadAnswer::NotHttp);
        assert_eq!(
            read(&format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(LONGEST))).map(|_| ()).expect_err("long"),
            BadAnswer::HeadTooLarge
        );
    }

    #[test]
    fn a_connection_is_kept_only_where_both_sides_know_the_end() {
        let kept = |head: &str| read(&format!("{head}\r\n\r\n")).expect("fine").expect("whole").keep_alive;
        assert!(kept("HTTP/1.1 200 OK\r\ncontent-length: 0"));
        assert!(!kept("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close"));
        assert!(!kept("HTTP/1.0 200 OK\r\ncontent-length: 0"));
        assert!(!kept("HTTP/1.1 200 OK"));
    }
}
