//! The closed list of reasons for a refusal: the public word, and the cause for the log.

use std::fmt;
use std::sync::Arc;

use crate::bearer::HeaderProblem;
use crate::calendar::Period;
use crate::client::{Client, Excess};
use crate::quota::Quotas;
use crate::record::{Fingerprint, KeyHash};

/// Why a request was refused. Moments are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There is no directory fresh enough to decide by (P20, P22).
    Unavailable,
    /// No key could be read from the request.
    Header(HeaderProblem),
    /// The key is in no row.
    UnknownKey,
    /// A cell of the key's row, or of a copy of it, cannot be read.
    UnreadableRow,
    /// `is_active` is not true.
    Inactive,
    /// `revoked_at` has come, or a copy of the row has expired.
    Revoked {
        /// The first refused second.
        since: i64,
    },
    /// `expires_at` has passed.
    Expired {
        /// The last valid second.
        last_valid: i64,
    },
    /// The row is for other environments than this server's.
    WrongEnvironment,
    /// The request's address is none of `allowed_ips`.
    AddressNotAllowed,
    /// The request's method is none of `methods`.
    MethodNotAllowed,
    /// The route asks for a scope that the row does not have.
    InsufficientScope,
    /// The row has scopes, and which ones the path asks for depends on who reads it.
    AmbiguousPath,
    /// The window is kept elsewhere, by several servers together, and cannot be asked.
    Undecided,
    /// The client's window is full for this key's limit.
    OverLimit {
        /// Whole seconds until a request would be admitted, at least 1.
        retry_after: u32,
    },
    /// The client has used up this key's quota of the present day or month.
    QuotaExceeded {
        /// Which of the two.
        period: Period,
        /// Whole seconds until it ends, at least 1.
        retry_after: u32,
        /// The Unix second at which the next one begins.
        resets_at: i64,
        /// The offset from UTC of the wall clocks there and then, in seconds to the east.
        offset: i32,
    },
}

impl Cause {
    /// For how many seconds one of the client's limits has no room, if that is the cause.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Cause::OverLimit { retry_after } | Cause::QuotaExceeded { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

/// A refused request: why, and whose it was if its key is known.
pub struct Refusal {
    cause: Cause,
    client: Option<Arc<Client>>,
    key: Option<Fingerprint>,
    quotas: Quotas,
}

impl Refusal {
    pub(crate) fn nobody(cause: Cause) -> Self {
        Self { cause, client: None, key: None, quotas: Quotas::default() }
    }

    pub(crate) fn unknown(key: KeyHash) -> Self {
        Self { key: Some(key.fingerprint()), ..Self::nobody(Cause::UnknownKey) }
    }

    pub(crate) fn of(client: &Arc<Client>, key: KeyHash, cause: Cause, quotas: Quotas) -> Self {
        Self { cause, client: Some(Arc::clone(client)), key: Some(key.fingerprint()), quotas }
    }

    pub(crate) fn over_limit(client: &Arc<Client>, key: Fingerprint, excess: Excess) -> Self {
        Self { cause: excess.cause, client: Some(Arc::clone(client)), key: Some(key), quotas: excess.quotas }
    }

    pub(crate) fn undecided(client: &Arc<Client>, key: Fingerprint) -> Self {
        Self { client: Some(Arc::clone(client)), key: Some(key), ..Self::nobody(Cause::Undecided) }
    }

    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Whose key it is, where it is in the directory and its row names a client.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref().map(Client::name).filter(|name| !name.is_empty())
    }

    /// Which key was presented, for the log.
    pub fn key(&self) -> Option<Fingerprint> {
        self.key
    }

    /// What is left of the key's limits.
    pub fn quotas(&self) -> Quotas {
        self.quotas
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Refusal");
        shown
            .field("cause", &self.cause)
            .field("client", &self.client())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// For the log: lower case, with the numbers, without the key.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Unavailable => f.write_str("no keys to decide by"),
            Cause::Header(HeaderProblem::Missing) => f.write_str("no Authorization header"),
            Cause::Header(HeaderProblem::Repeated) => f.write_str("more than one Authorization header"),
            Cause::Header(HeaderProblem::WrongScheme) => f.write_str("scheme is neither Bearer nor ApiKey"),
            Cause::Header(HeaderProblem::NoKey) => f.write_str("no key after the scheme"),
            Cause::Header(HeaderProblem::NotText) => f.write_str("key is not one word of visible ASCII"),
            Cause::UnknownKey => f.write_str("unknown key"),
            Cause::UnreadableRow => f.write_str("row cannot be read"),
            Cause::Inactive => f.write_str("inactive"),
            Cause::Revoked { since } => write!(f, "revoked since {}", moment(*since)),
            Cause::Expired { last_valid } => write!(f, "expired after {}", moment(*last_valid)),
            Cause::WrongEnvironment => f.write_str("key is for another environment"),
            Cause::AddressNotAllowed => f.write_str("address is not among allowed_ips"),
            Cause::MethodNotAllowed => f.write_str("method is not among methods"),
            Cause::InsufficientScope => f.write_str("scopes do not cover the route"),
            Cause::AmbiguousPath => f.write_str("path can be read in two ways that ask for different scopes"),
            Cause::Undecided => f.write_str("the shared window cannot be asked"),
            Cause::OverLimit { retry_after } => write!(f, "over the limit for {retry_after} s"),
            Cause::QuotaExceeded { period, resets_at, .. } => {
                let period = match period {
                    Period::Day => "day",
                    Period::Month => "month",
                };
                write!(f, "quota of the {period} used up until {}", moment(*resets_at))
            }
        }
    }
}

/// RFC 3339 where the calendar reaches, else the bare seconds.
fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |moment| moment.to_string())
}
