//! What can go wrong with an upstream.

use thiserror::Error;

/// Why there is no answer, or no whole one.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// No connection could be made.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// No connection within the time for it.
    #[error("no connection within {0} s")]
    ConnectTimeout(u64),
    /// The upstream's certificate is not believed.
    #[error("its certificate is not accepted: {0}")]
    Certificate(String),
    /// TLS failed for another reason.
    #[error("TLS fails: {0}")]
    Tls(String),
    /// HTTP/2 was expected, by its address (`h2c:`) or because it has said so.
    #[error("it does not speak HTTP/2")]
    NotHttp2,
    /// The client wants to switch protocols, and HTTP/2 has no way to (RFC 9113, 8.6).
    #[error("the request wants to switch protocols, which HTTP/2 cannot")]
    NoUpgrade,
    /// A kept connection had been closed by the upstream before anything was sent.
    #[error("the kept connection had been closed")]
    Stale,
    /// The connection broke, or was closed, before the answer's head.
    #[error("the connection was closed before an answer: {0}")]
    Closed(#[source] std::io::Error),
    /// The upstream has given up this request, and no other of its connection (HTTP/2).
    #[error("it has reset the request: {0}")]
    Reset(String),
    /// No answer's head within the route's time.
    #[error("no answer within {0} s")]
    Timeout(u64),
    /// Something came that is no answer.
    #[error("{0}")]
    BadAnswer(#[from] BadAnswer),
    /// The client's body did not arrive whole: nothing that an upstream is to blame for.
    #[error("{0}")]
    Request(#[from] BadRequestBody),
}

impl Fault {
    /// The word for it in the metrics; `None` where the upstream is not to blame.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Fault::Connect(_) => "connect",
            Fault::Certificate(_) | Fault::Tls(_) => "tls",
            Fault::ConnectTimeout(_) => "connect_timeout",
            Fault::Stale | Fault::Closed(_) | Fault::Reset(_) => "closed",
            Fault::Timeout(_) => "timeout",
            Fault::NotHttp2 | Fault::BadAnswer(_) => "bad_answer",
            Fault::NoUpgrade | Fault::Request(_) => return None,
        })
    }
}

/// All of [`Fault::reason`].
pub(crate) const REASONS: [&str; 6] =
    ["connect", "tls", "connect_timeout", "closed", "timeout", "bad_answer"];

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BadAnswer {
    #[error("it is not HTTP")]
    NotHttp,
    #[error("its head is too large")]
    HeadTooLarge,
    #[error("its length is said twice, or not as a number")]
    AmbiguousLength,
    #[error("its transfer coding is not chunked alone")]
    UnknownCoding,
    #[error("it switches protocols, and nobody asked for that")]
    UnaskedUpgrade,
    #[error("a chunk of its body is malformed")]
    BadChunk,
    #[error("its body broke off")]
    BrokeOff,
    #[error("its body stood still for {0} s")]
    Stalled(u64),
}

/// What is wrong with a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BadRequestBody {
    #[error("the request's body broke off")]
    BrokeOff,
    #[error("the request's body is larger than the {0} bytes that its route takes")]
    TooLarge(u64),
    #[error("the request's body stood still for {0} s")]
    Stalled(u64),
}
