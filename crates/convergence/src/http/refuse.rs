//! The only file that turns refusals into answers (P13, P15).

use std::borrow::Cow;

use gate::{Asked, Cause, HeaderProblem, Period, Quotas, Refusal, Scopes};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response};
use jiff::Timestamp;
use jiff::tz::Offset;

use super::body::Answer;
use super::code::Code;
use super::problem::Problem;
use super::record::Outcome;
use super::stamp;

const ALLOWS_NONE: &str = "this key allows no requests at all; ask whoever gave it to you";

/// What a refusal is answered with, for those who explain it.
pub(crate) fn status_and_code(refusal: &Refusal) -> (u16, &'static str) {
    let problem = problem(refusal.cause(), &refusal.quotas());
    (problem.status.as_u16(), problem.code.facts().word)
}

/// What a refusal is counted as.
pub(super) fn outcome(refusal: &Refusal) -> Outcome {
    match refusal.cause() {
        Cause::OverLimit { .. } => Outcome::RateLimited,
        Cause::QuotaExceeded { .. } => Outcome::QuotaExceeded,
        Cause::Unavailable | Cause::Undecided => Outcome::Unavailable,
        Cause::Header(_) | Cause::UnknownKey => Outcome::Unauthenticated,
        Cause::UnreadableRow
        | Cause::Inactive
        | Cause::Revoked { .. }
        | Cause::Expired { .. }
        | Cause::WrongEnvironment
        | Cause::AddressNotAllowed
        | Cause::MethodNotAllowed
        | Cause::InsufficientScope
        | Cause::AmbiguousPath => Outcome::Denied,
    }
}

/// How soon Redis may be back, in seconds.
const NEXT_TRY: u64 = 1;

/// The answer to a refused request. What it `asked` is known unless its limit is what refuses it; `next_read` says in how
/// many seconds the keys may be there, if they are not.
pub(crate) fn answer(
    refusal: &Refusal,
    asked: Option<&Asked<'_>>,
    next_read: impl FnOnce() -> u64,
) -> Response<Answer> {
    let cause = refusal.cause();
    let mut answer = problem(cause, &refusal.quotas()).answer();
    let headers = answer.headers_mut();
    match cause {
        Cause::Unavailable => wait(headers, next_read()),
        Cause::Undecided => wait(headers, NEXT_TRY),
        Cause::OverLimit { retry_after } | Cause::QuotaExceeded { retry_after, .. } => {
            wait(headers, u64::from(retry_after));
        }
        Cause::InsufficientScope => insufficient(headers, asked),
        Cause::Header(HeaderProblem::Repeated)
        | Cause::WrongEnvironment
        | Cause::AddressNotAllowed
        | Cause::MethodNotAllowed
        | Cause::AmbiguousPath => {}
        Cause::Header(_) => challenge(headers, r#"Bearer realm="convergence""#),
        Cause::UnknownKey
        | Cause::UnreadableRow
        | Cause::Inactive
        | Cause::Revoked { .. }
        | Cause::Expired { .. } => {
            challenge(headers, r#"Bearer realm="convergence", error="invalid_token""#);
        }
    }
    stamp::client(headers, refusal.client(), &refusal.quotas());
    answer
}

/// The answer to one who has failed too often, and is not looked up for so many seconds.
pub(crate) fn too_many_failed_attempts(retry_after: u64) -> Response<Answer> {
    let detail = format!(
        "too many requests from your address had no key that is known; check the key, and try again in {retry_after} s"
    );
    let mut answer = Problem::new(Code::TooManyFailedAttempts, detail).answer();
    wait(answer.headers_mut(), retry_after);
    answer
}

/// The one match from causes to words. The guide's titles; what the client can do; nothing about the row.
fn problem(cause: Cause, quotas: &Quotas) -> Problem {
    let (code, detail): (_, Cow<'static, str>) = match cause {
        Cause::Header(HeaderProblem::Repeated) => {
            (Code::RepeatedAuthorization, "send one Authorization header, not several".into())
        }
        Cause::Header(problem) => (Code::AuthenticationRequired, header(problem).into()),
        Cause::UnknownKey => (
            Code::UnknownApiKey,
            "this key is not known; check it for typing errors, or wait for a new one to be read".into(),
        ),
        Cause::UnreadableRow | Cause::Inactive | Cause::Revoked { .. } => {
            (Code::InactiveApiKey, "this key is not active; ask whoever gave it to you".into())
        }
        Cause::Expired { .. } => {
            (Code::ExpiredApiKey, "this key has expired; ask whoever gave it to you for a new one".into())
        }
        Cause::WrongEnvironment => (
            Code::WrongEnvironment,
            "this key is for another environment; use the one that was made for this".into(),
        ),
        Cause::AddressNotAllowed => (
            Code::AddressNotAllowed,
            "this key may not be used from your address; ask whoever gave it to you".into(),
        ),
        Cause::MethodNotAllowed => (
            Code::MethodNotAllowedForKey,
            "this key may not be used with this method; ask whoever gave it to you".into(),
        ),
        Cause::InsufficientScope => (
            Code::InsufficientScope,
            "this key lacks a scope that this path needs; ask whoever gave it to you".into(),
        ),
        Cause::AmbiguousPath => (
            Code::AmbiguousPath,
            "this path can be read in two ways, or a proxy has not said it; write it plainly: no empty \
             segments, dots, encoded slashes or letters, in the case of the documentation"
                .into(),
        ),
        Cause::OverLimit { .. } if quotas.minute.is_some_and(|quota| quota.limit == 0) => {
            (Code::RateLimitExceeded, ALLOWS_NONE.into())
        }
        Cause::OverLimit { retry_after } => (
            Code::RateLimitExceeded,
            format!("this client has used up its requests for the minute; try again in {retry_after} s")
                .into(),
        ),
        Cause::QuotaExceeded { period, resets_at, offset, .. } => {
            return quota_exceeded(period, quotas, resets_at, offset);
        }
        Cause::Undecided => (
            Code::AuthenticationUnavailable,
            "limits cannot be checked at the moment; yours may be fine, try again in a second".into(),
        ),
        Cause::Unavailable => (
            Code::AuthenticationUnavailable,
            "API keys cannot be checked at the moment; yours may be fine, try again later".into(),
        ),
    };
    Problem::new(code, detail)
}

/// The guide's title of a 429 comes with its advice to wait a minute; a quota has a title of its own.
fn quota_exceeded(period: Period, quotas: &Quotas, resets_at: i64, offset: i32) -> Problem {
    let (word, quota) = match period {
        Period::Day => ("day", quotas.day),
        Period::Month => ("month", quotas.month),
    };
    let problem = |detail| Problem::new(Code::QuotaExceeded, detail);
    if quota.is_some_and(|quota| quota.limit == 0) {
        return problem(Cow::Borrowed(ALLOWS_NONE));
    }
    let resets_at = local(resets_at, offset);
    let detail =
        format!("this client has used up its requests for the {word}; it has new ones from {resets_at} on");
    Problem { resets_at: Some(resets_at), ..problem(detail.into()) }
}

/// A Unix second on the wall clocks of this offset, as RFC 3339 writes it.
pub(super) fn local(unix: i64, offset: i32) -> String {
    let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
    Timestamp::from_second(unix)
        .map_or_else(|_| unix.to_string(), |moment| moment.display_with_offset(offset).to_string())
}

fn header(problem: HeaderProblem) -> &'static str {
    match problem {
        HeaderProblem::WrongScheme => "use the scheme Bearer or ApiKey: Authorization: Bearer YOUR_KEY",
        HeaderProblem::NoKey => "put the key after the scheme: Authorization: Bearer YOUR_KEY",
        HeaderProblem::NotText => "the key is one word of visible ASCII: Authorization: Bearer YOUR_KEY",
        HeaderProblem::Missing | HeaderProblem::Repeated => {
            "send your API key: Authorization: Bearer YOUR_KEY"
        }
    }
}

fn wait(headers: &mut HeaderMap, seconds: u64) {
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
}

/// RFC 6750, 3.1: the scopes that would do. They are the route's, and say nothing of the row.
fn insufficient(headers: &mut HeaderMap, asked: Option<&Asked<'_>>) {
    let Some(Scopes::Needed(scopes)) = asked.map(|asked| asked.scopes) else { return };
    let bearer =
        format!(r#"Bearer realm="convergence", error="insufficient_scope", scope="{}""#, scopes.join(" "));
    // A scope is a word of visible ASCII without quotes, by the reader of the routes.
    if let Ok(value) = HeaderValue::from_str(&bearer) {
        headers.append(WWW_AUTHENTICATE, value);
    }
}

/// RFC 9110, 11.6.1: a challenge for each scheme that would do.
fn challenge(headers: &mut HeaderMap, bearer: &'static str) {
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(bearer));
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(r#"ApiKey realm="convergence""#));
}
