//! What is wrong with a request's framing.

use std::fmt;

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    BareLf,
    BareCr,
    Control,
    BlankLines,
    RequestLine,
    Target,
    Folded,
    SpaceBeforeColon,
    Name,
    NoHost,
    Hosts,
    Host,
    Length,
    Lengths,
    LengthAndCoding,
    Coding,
    OldCoding,
    ChunkSize,
    ChunkLine,
    ChunkEnd,
    Trailer,
    /// A head that is longer than `MAX_HEADER_BYTES`, or has too many lines. It need not be wrong.
    TooLarge,
}

impl Fault {
    /// What the client is told.
    fn words(self) -> &'static str {
        match self {
            Fault::BareLf => "a line of the request ends in LF alone; end lines in CR LF",
            Fault::BareCr => "the request holds a CR that no LF follows; end lines in CR LF",
            Fault::Control => "the request's head holds a control character; percent-encode or remove it",
            Fault::BlankLines => "several empty lines stand before the request; send none",
            Fault::RequestLine => {
                "the first line is not a method, one space, a target, one space and HTTP/1.0 or HTTP/1.1"
            }
            Fault::Target => {
                "the target is neither a path nor a whole http URI in ASCII; percent-encode what is not"
            }
            Fault::Folded => "a header line begins with white space; send each header in one line",
            Fault::SpaceBeforeColon => "white space stands before a header's colon; remove it",
            Fault::Name => "a header's name is empty, or holds a character that no name can hold",
            Fault::NoHost => "the Host header is missing; send one",
            Fault::Hosts => "several Host headers; send one",
            Fault::Host => "the Host header is not a host and a port",
            Fault::Length => "Content-Length is not a number of digits that can be a length",
            Fault::Lengths => "several Content-Length headers; send one",
            Fault::LengthAndCoding => "both Content-Length and Transfer-Encoding; send one of the two",
            Fault::Coding => "the only Transfer-Encoding taken is chunked, once",
            Fault::OldCoding => "HTTP/1.0 has no Transfer-Encoding; send Content-Length, or HTTP/1.1",
            Fault::ChunkSize => "a chunk's first line is not a size in hexadecimal digits",
            Fault::ChunkLine => "a chunk's first line is too long",
            Fault::ChunkEnd => "a chunk is not as long as it says",
            Fault::Trailer => {
                "a trailer is not a name, a colon and a value, or its name is for a request's head only, or they are \
                 more than 16 KiB"
            }
            Fault::TooLarge => {
                "the request's head is too large, or has more than 100 lines; send less in headers"
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
