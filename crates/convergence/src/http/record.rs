//! A finished request, as the log, the dashboard and traces are told of it. One is made where somebody wants to know: the
//! metrics get by with numbers.

use std::net::IpAddr;
use std::time::Duration;

use gate::Fingerprint;
use http::Method;

use super::stamp::RequestId;
use crate::usage::Endpoint;

/// What nginx notes of a request whose client has hung up before there was an answer. No client ever sees it.
pub(crate) const CLIENT_GONE: u16 = 499;

/// One finished request. It holds no key, and of the path no segment that looks like one.
#[allow(dead_code, reason = "the log and the dashboard are to read it")]
pub(crate) struct Record {
    /// When it ended, in Unix milliseconds.
    pub(crate) ended: i64,
    pub(crate) id: RequestId,
    /// What was asked for; nothing where the bytes were no request.
    pub(crate) asked: Option<Asked>,
    /// Who has asked, where its key is known.
    pub(crate) client: Option<Box<str>>,
    /// Which key was presented.
    pub(crate) key: Option<Fingerprint>,
    pub(crate) outcome: Outcome,
    /// The `code` of an answer that is a problem made here.
    pub(crate) code: Option<&'static str>,
    /// As it was sent, or [`CLIENT_GONE`].
    pub(crate) status: u16,
    pub(crate) took: Took,
    /// Whether the client has got the whole answer, as far as the system has taken it.
    pub(crate) is_whole: bool,
}

/// Whose key a request presented, as far as that is known.
#[derive(Default)]
pub(super) struct Holder {
    pub(super) client: Option<Box<str>>,
    pub(super) key: Option<Fingerprint>,
}

/// What a request asked for.
#[allow(dead_code, reason = "the log and the dashboard are to read it")]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Without its query, and redacted.
    pub(crate) path: Box<str>,
    /// The name that it is counted under, or would be.
    pub(crate) endpoint: Endpoint,
    /// The client's; `None` where a trusted proxy has not said it in a way that can be read.
    pub(crate) address: Option<IpAddr>,
}

/// How long it took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Took {
    /// From the end of the request's head to the decision; `None` where nothing was decided.
    pub(crate) decision: Option<Duration>,
    /// From the decision to the head of the upstream's answer; `None` where none was asked, or none has answered.
    pub(crate) upstream: Option<Duration>,
    /// From the end of the request's head to the end of the answer.
    pub(crate) whole: Duration,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its client was let through.
    Admitted,
    /// The limit of a minute has refused it.
    RateLimited,
    /// A quota of a day or a month has.
    QuotaExceeded,
    /// Its key is known and may not be used, or not for this.
    Denied,
    /// It presented no key, or none that is known.
    Unauthenticated,
    /// Too many from its address have failed.
    HeldBack,
    /// There are no keys to decide by, or limits that are shared cannot be asked for.
    Unavailable,
    /// Nobody is asked for a key: the door is open.
    Open,
    /// Its path needs no key.
    Public,
    /// It was no request that can be read.
    Malformed,
    /// Its client hung up before anything was decided.
    Abandoned,
}

impl Outcome {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 11] = [
        Self::Admitted,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::Denied,
        Self::Unauthenticated,
        Self::HeldBack,
        Self::Unavailable,
        Self::Open,
        Self::Public,
        Self::Malformed,
        Self::Abandoned,
    ];

    /// The word for it in logs and metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Denied => "denied",
            Self::Unauthenticated => "unauthenticated",
            Self::HeldBack => "held_back",
            Self::Unavailable => "unavailable",
            Self::Open => "open",
            Self::Public => "public",
            Self::Malformed => "malformed",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether somebody was turned away, by a key or for the want of one.
    pub(crate) fn is_refusal(self) -> bool {
        !matches!(self, Self::Admitted | Self::Open | Self::Public | Self::Abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_at_their_places() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place, "{}", outcome.word());
        }
    }
}
