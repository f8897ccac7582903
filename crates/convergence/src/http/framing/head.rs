//! A request's head: whether it can be read in one way only, where its parts stand, and how long its body is (RFC 9112, 2
//! to 6).

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::fault::Fault;
use crate::wire::line::{FEW, Line, Lines, words};

/// The most header lines that are read.
const MOST_LINES: usize = 100;

/// A head's parts, and what it says about what follows it.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Head {
    /// Its own length in bytes, empty lines around it included.
    pub(super) length: usize,
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    /// HTTP/1.0.
    pub(super) old: bool,
    pub(super) lines: Lines,
    /// `None` for a body in chunks.
    pub(super) body: Option<u64>,
    /// Whether the client wants to use the connection once more (RFC 9112, 9.3).
    pub(crate) persists: bool,
    /// Whether it waits for a word before it sends the body (RFC 9110, 10.1.1).
    pub(crate) expects: bool,
}

impl Head {
    pub(crate) fn length(&self) -> usize {
        self.length
    }
}

/// Reads a head at the front of `bytes`; `None` while it is not whole.
///
/// # Errors
/// It could be read in two ways, whatever follows.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let mut rest = Rest { bytes, at: 0 };
    let Some(mut first) = rest.line()? else { return Ok(None) };
    // One empty line may stand before a request, as old clients send it after a body (RFC 9112, 2.2).
    if first.is_empty() {
        let Some(second) = rest.line()? else { return Ok(None) };
        first = second;
    }
    let start = first.start;
    let RequestLine { method, target, old } = request_line(&bytes[first])?;
    let (mut fields, mut lines) = (Fields::default(), Lines::with_capacity(FEW));
    loop {
        let Some(line) = rest.line()? else { return Ok(None) };
        if line.is_empty() {
            break;
        }
        if lines.len() == MOST_LINES {
            return Err(Fault::TooLarge);
        }
        lines.push(fields.read(bytes, line)?);
    }
    if has_control(&bytes[..rest.at]) {
        return Err(Fault::Control);
    }
    let body = fields.body(old)?;
    Ok(Some(Head {
        length: rest.at,
        method: start..start + method,
        target: start + target.start..start + target.end,
        old,
        lines,
        body,
        persists: !fields.closes && (!old || fields.persists),
        expects: fields.expects && !old,
    }))
}

/// Lines that end in CR LF, without it.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    /// `None` where the last one has not ended.
    fn line(&mut self) -> Result<Option<Range<usize>>, Fault> {
        let rest = &self.bytes[self.at..];
        let end = memchr2(b'\r', b'\n', rest);
        match end.map(|end| (end, rest[end], rest.get(end + 1))) {
            Some((end, b'\r', Some(b'\n'))) => {
                let start = self.at;
                self.at += end + 2;
                Ok(Some(start..start + end))
            }
            Some((_, b'\r', Some(_))) => Err(Fault::BareCr),
            Some((_, b'\n', _)) => Err(Fault::BareLf),
            // Something else than HTTP, such as TLS, may have no line at all.
            _ if has_control(self.bytes) => Err(Fault::Control),
            _ => Ok(None),
        }
    }
}

/// Control characters but tabs and line ends. Without a branch, so that it is done for many bytes at a time.
pub(super) fn has_control(bytes: &[u8]) -> bool {
    let is_line_end = |byte: u8| u8::from(byte == b'\r') | u8::from(byte == b'\n');
    let is_allowed = |byte: u8| is_line_end(byte) | u8::from(byte == b'\t');
    let is_control = |byte: u8| u8::from(byte < b' ') & !is_allowed(byte) | u8::from(byte == 0x7f);
    bytes.iter().fold(0, |found, &byte| found | is_control(byte)) != 0
}

/// Where the parts of a first line stand in it.
struct RequestLine {
    /// The method's length.
    method: usize,
    target: Range<usize>,
    /// HTTP/1.0.
    old: bool,
}

fn request_line(line: &[u8]) -> Result<RequestLine, Fault> {
    if line.is_empty() {
        return Err(Fault::BlankLines);
    }
    let (method, rest) = line.split_at(memchr(b' ', line).ok_or(Fault::RequestLine)?);
    let (target, old) = match rest.split_last_chunk::<9>() {
        Some((target, b" HTTP/1.1")) => (target, false),
        Some((target, b" HTTP/1.0")) => (target, true),
        _ => return Err(Fault::RequestLine),
    };
    let target = target.strip_prefix(b" ").ok_or(Fault::RequestLine)?;
    if method.is_empty() || !is_name(method) {
        return Err(Fault::RequestLine);
    }
    // More than one space, or another kind of it, stands in the target then.
    let (least, most) =
        target.iter().fold((u8::MAX, 0), |(least, most), &byte| (byte.min(least), byte.max(most)));
    if target.is_empty() || least <= b' ' {
        return Err(Fault::RequestLine);
    }
    if most > b'~' {
        return Err(Fault::Target);
    }
    let connect = method == b"CONNECT";
    let fits = match target[0] {
        b'/' => !connect,
        b'*' => target.len() == 1 && method == b"OPTIONS",
        _ if connect => is_host(target),
        _ => is_absolute(target),
    };
    let from = method.len() + 1;
    if fits {
        Ok(RequestLine { method: method.len(), target: from..from + target.len(), old })
    } else {
        Err(Fault::Target)
    }
}

/// A scheme, a host, and maybe more (RFC 9112, 3.2.2). No name and password before the host: they make it look like
/// another one (RFC 9110, 4.2.4).
fn is_absolute(target: &[u8]) -> bool {
    let Some(colon) = memchr(b':', target) else { return false };
    let (scheme, rest) = target.split_at(colon);
    let Some(rest) = rest.strip_prefix(b"://") else { return false };
    let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        && end > 0
        && is_host(&rest[..end])
}

/// What a head's fields say about where the request ends and to whom it goes.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Fields {
    hosts: u32,
    length: Option<u64>,
    coding: bool,
    /// The connection may, or may not, be used once more.
    persists: bool,
    closes: bool,
    expects: bool,
}

impl Fields {
    fn read(&mut self, bytes: &[u8], at: Range<usize>) -> Result<Line, Fault> {
        let line = &bytes[at.clone()];
        let end = memchr(b':', line).unwrap_or(line.len());
        if end == 0 || end == line.len() || !is_name(&line[..end]) {
            return Err(name_fault(line));
        }
        let (blank, value) = trimmed(&line[end + 1..]);
        let name = &line[..end];
        match end {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value)?,
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expects |= value.eq_ignore_ascii_case(b"100-continue");
            }
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.coding(value)?,
            _ => {}
        }
        let from = at.start + end + 1 + blank;
        Ok(Line::at(at.start..at.start + end, from..from + value.len()))
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Fault> {
        self.hosts += 1;
        if is_host(value) { Ok(()) } else { Err(Fault::Host) }
    }

    fn connection(&mut self, value: &[u8]) {
        for word in words(value) {
            self.closes |= word.eq_ignore_ascii_case(b"close");
            self.persists |= word.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Digits and nothing else: no sign, no list (RFC 9110, 8.6).
    fn length(&mut self, digits: &[u8]) -> Result<(), Fault> {
        let length = digits
            .iter()
            .try_fold(0_u64, |sum, byte| {
                byte.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u64::from(byte - b'0')))?
            })
            .filter(|_| !digits.is_empty())
            .ok_or(Fault::Length)?;
        if self.length.replace(length).is_some() { Err(Fault::Lengths) } else { Ok(()) }
    }

    fn coding(&mut self, value: &[u8]) -> Result<(), Fault> {
        let again = std::mem::replace(&mut self.coding, true);
        if again || !value.eq_ignore_ascii_case(b"chunked") { Err(Fault::Coding) } else { Ok(()) }
    }

    /// RFC 9112, 6.3, without what a server may repair.
    fn body(&self, old: bool) -> Result<Option<u64>, Fault> {
        match self.hosts {
            0 if !old => return Err(Fault::NoHost),
            0 | 1 => {}
            _ => return Err(Fault::Hosts),
        }
        match (self.coding, self.length) {
            (true, Some(_)) => Err(Fault::LengthAndCoding),
            (true, None) if old => Err(Fault::OldCoding),
            (true, None) => Ok(None),
            (false, length) => Ok(Some(length.unwrap_or(0))),
        }
    }
}

/// How much white space is before it, and it without that around it (RFC 9112, 5).
fn trimmed(value: &[u8]) -> (usize, &[u8]) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    (start, &value[start..end])
}

/// A host and a port, or nothing (RFC 9110, 7.2; RFC 3986, 3.2.2): the characters that either can have.
fn is_host(value: &[u8]) -> bool {
    value.iter().fold(1, |all, &byte| all & u8::from(OF_HOSTS[usize::from(byte)])) == 1
}

/// What is wrong with a line that does not begin with a name and a colon.
#[cold]
fn name_fault(line: &[u8]) -> Fault {
    match line.iter().position(|&byte| !is_token(byte)).map(|end| (end, line[end])) {
        Some((0, b' ' | b'\t')) => Fault::Folded,
        Some((_, b' ' | b'\t')) => Fault::SpaceBeforeColon,
        _ => Fault::Name,
    }
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.iter().fold(1, |all, &byte| all & u8::from(is_token(byte))) == 1
}

/// RFC 9110, 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

const OF_HOSTS: [bool; 256] = with_letters(b"-._~%!$&'()*+,;=:[]");

const TOKEN: [bool; 256] = with_letters(b"!#$%&'*+-.^_`|~");

/// Whether a byte is a letter, a digit or one of these.
const fn with_letters(more: &[u8]) -> [bool; 256] {
    let mut found = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x7f {
        found[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < more.len() {
        found[more[at] as usize] = true;
        at += 1;
    }
    found
}
