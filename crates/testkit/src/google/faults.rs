//! What can be broken on purpose, and in which order it breaks.

use std::collections::VecDeque;
use std::time::Duration;

/// One way in which Google fails. The faults whose names begin with `Token` or `Account` break the token
/// endpoint; all others break the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429: the per-minute quota is used up. No `Retry-After`, as in all recorded answers.
    QuotaExceeded,
    /// 500 with a JSON body.
    InternalError,
    /// The request takes effect and is then answered 503. For a read this is just a 503.
    UnavailableAfterApplying,
    /// This status with a page of HTML, as Google's front end and proxies on the way send it.
    HtmlBody(u16),
    /// The right answer, this much later.
    Slow(Duration),
    /// Half of the right answer, then a TCP reset.
    Reset,
    /// 403: the Sheets API is not enabled in the account's project.
    ApiDisabled,
    /// 403: the token's scope does not cover spreadsheets.
    InsufficientScope,
    /// 400: the file is an Excel file that was never converted.
    OfficeFile,
    /// Token endpoint, 400: the key was deleted or is another account's.
    TokenInvalidSignature,
    /// Token endpoint, 400: the assertion's times are off. The `Date` header says that Google's clock is two
    /// hours ahead of this machine's.
    TokenClockSkew,
    /// Token endpoint, 400: the service account was deleted or disabled.
    AccountNotFound,
    /// Token endpoint: 503.
    TokenServerError,
    /// Before an API request is looked at, every token issued so far stops working, so that it is answered
    /// 401. A token fetched afterwards works again.
    ExpireTokens,
    /// 200 with a correct frame around half of the JSON.
    TruncatedBody,
    /// This status with this body, as somebody was sent it.
    Said(u16, String),
    /// Token endpoint: the same.
    TokenSaid(u16, String),
    /// Token endpoint: the right answer, from a server whose clock is this much ahead.
    TokenDate(Duration),
}

impl Fault {
    fn breaks_token_endpoint(&self) -> bool {
        use Fault::{
            AccountNotFound, TokenClockSkew, TokenDate, TokenInvalidSignature, TokenSaid, TokenServerError,
        };
        matches!(self, TokenInvalidSignature | TokenClockSkew | AccountNotFound | TokenServerError)
            || matches!(self, TokenSaid(..) | TokenDate(_))
    }
}

/// For how many requests a [`Fault`] lasts. Faults for `Once` and `Next` queue up in the order in which they
/// were injected and go first; `Always` is what follows them, and the latest `Always` replaces an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next request that it applies to.
    Once,
    /// That many of the next requests.
    Next(usize),
    /// Every request until `Google::heal`.
    Always,
}

/// The faults waiting for each of the two services, and those for writes alone.
#[derive(Default)]
pub(super) struct Faults {
    token: Line,
    api: Line,
    writes: Line,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault, times: Times) {
        let line = if fault.breaks_token_endpoint() { &mut self.token } else { &mut self.api };
        line.add(fault, times);
    }

    pub(super) fn inject_into_writes(&mut self, fault: Fault, times: Times) {
        assert!(!fault.breaks_token_endpoint(), "{fault:?} has nothing to do with writes");
        self.writes.add(fault, times);
    }

    /// Takes the fault for one request to the token endpoint.
    pub(super) fn next_for_token(&mut self) -> Option<Fault> {
        self.token.next()
    }

    /// Takes the fault for one request to the API. Those for writes alone go first.
    pub(super) fn next_for_api(&mut self, writes: bool) -> Option<Fault> {
        let own = if writes { self.writes.next() } else { None };
        own.or_else(|| self.api.next())
    }
}

#[derive(Default)]
struct Line {
    queue: VecDeque<Fault>,
    always: Option<Fault>,
}

impl Line {
    fn add(&mut self, fault: Fault, times: Times) {
        match times {
            Times::Once => self.queue.push_back(fault),
            Times::Next(count) => self.queue.extend(std::iter::repeat_n(fault, count)),
            Times::Always => self.always = Some(fault),
        }
    }

    fn next(&mut self) -> Option<Fault> {
        self.queue.pop_front().or_else(|| self.always.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_faults_go_first_and_in_order() {
        let mut faults = Faults::default();
        faults.inject(Fault::Reset, Times::Always);
        faults.inject(Fault::InternalError, Times::Next(2));
        faults.inject(Fault::QuotaExceeded, Times::Once);

        let taken: Vec<_> = std::iter::from_fn(|| faults.next_for_api(false)).take(5).collect();
        let (internal, quota, reset) = (Fault::InternalError, Fault::QuotaExceeded, Fault::Reset);
        assert_eq!(taken, [internal.clone(), internal, quota, reset.clone(), reset]);
    }

    #[test]
    fn a_fault_for_writes_lets_reads_through() {
        let mut faults = Faults::default();
        faults.inject_into_writes(Fault::InternalError, Times::Once);
        assert_eq!(faults.next_for_api(false), None);
        assert_eq!(faults.next_for_api(true), Some(Fault::InternalError));
        assert_eq!(faults.next_for_api(true), None);
    }

    #[test]
    fn a_fault_of_the_token_endpoint_leaves_the_api_alone() {
        let mut faults = Faults::default();
        faults.inject(Fault::AccountNotFound, Times::Once);
        assert_eq!(faults.next_for_api(false), None);
        assert_eq!(faults.next_for_token(), Some(Fault::AccountNotFound));
        assert_eq!(faults.next_for_token(), None);
    }
}
