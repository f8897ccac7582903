//! What is wrong with a request's framing.

use std::fmt;

/// Why a request is refused. Its word is how it is told apart on its way through hyper.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
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
}

/// Each with its word and what the client is told.
const FAULTS: [(Fault, &str, &str); 21] = [
    (Fault::BareLf, "bare-lf", "a line of the request ends in LF alone; end lines in CR LF"),
    (Fault::BareCr, "bare-cr", "the request holds a CR that no LF follows; end lines in CR LF"),
    (Fault::Control, "control", "the request's head holds a control character; percent-encode or remove it"),
    (Fault::BlankLines, "blank-lines", "several empty lines stand before the request; send none"),
    (
        Fault::RequestLine,
        "request-line",
        "the first line is not a method, one space, a target, one space and HTTP/1.0 or HTTP/1.1",
    ),
    (
        Fault::Target,
        "target",
        "the target is neither a path nor a whole http URI in ASCII; percent-encode what is not",
    ),
    (Fault::Folded, "folded", "a header line begins with white space; send each header in one line"),
    (Fault::SpaceBeforeColon, "space-before-colon", "white space stands before a header's colon; remove it"),
    (Fault::Name, "name", "a header's name is empty, or holds a character that no name can hold"),
    (Fault::NoHost, "no-host", "the Host header is missing; send one"),
    (Fault::Hosts, "hosts", "several Host headers; send one"),
    (Fault::Host, "host", "the Host header is not a host and a port"),
    (Fault::Length, "length", "Content-Length is not a number of digits that can be a length"),
    (Fault::Lengths, "lengths", "several Content-Length headers; send one"),
    (
        Fault::LengthAndCoding,
        "length-and-coding",
        "both Content-Length and Transfer-Encoding; send one of the two",
    ),
    (Fault::Coding, "coding", "the only Transfer-Encoding taken is chunked, once"),
    (Fault::OldCoding, "old-coding", "HTTP/1.0 has no Transfer-Encoding; send Content-Length, or HTTP/1.1"),
    (Fault::ChunkSize, "chunk-size", "a chunk's first line is not a size in hexadecimal digits"),
    (Fault::ChunkLine, "chunk-line", "a chunk's first line is too long"),
    (Fault::ChunkEnd, "chunk-end", "a chunk is not as long as it says"),
    (
        Fault::Trailer,
        "trailer",
        "a trailer is not a name, a colon and a value, or its name is for a request's head only",
    ),
];

impl Fault {
    fn entry(self) -> &'static (Fault, &'static str, &'static str) {
        FAULTS.iter().find(|(fault, ..)| *fault == self).expect("the table has them all, by a test")
    }

    /// What hyper is handed in place of a refused request: one that [`super::machine::Machine`] lets no client send,
    /// since a host alone is no target (RFC 9112, 3.2.3). So hyper answers it in its turn, after those before it, and
    /// hangs up.
    pub(super) fn stand_in(self) -> String {
        format!("GET {} HTTP/1.1\r\nconnection: close\r\n\r\n", self.entry().1)
    }

    /// The fault of which this is the word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        FAULTS.iter().find(|(_, known, _)| *known == word).map(|(fault, ..)| *fault)
    }

    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        FAULTS.iter().map(|(fault, ..)| *fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().2)
    }
}
