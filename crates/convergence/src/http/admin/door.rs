//! Who may use the admin listener: whoever has its token, where there is one, or has logged in with it; and no web page
//! but its own, whatever a name server or a form in a browser would make of it.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};

use super::login::{self, Guests};
use super::{assets, page};
use crate::config::Admin;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::shield::Source;

/// Lets a request in.
///
/// # Errors
/// The whole answer to one that may not.
pub(super) fn enter<B>(
    admin: &Admin,
    guests: &Guests,
    from: Option<Source>,
    request: &Request<B>,
    uptime: Duration,
) -> Result<(), Response<Answer>> {
    let (headers, path) = (request.headers(), request.uri().path());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if admin.address.ip().is_loopback() {
        is_our_host(admin, headers)?;
    }
    // Elsewhere a token that is sent along tells: no page of another site knows it. A browser sends a session by itself.
    let by_browser = admin.address.ip().is_loopback() || !headers.contains_key(AUTHORIZATION);
    if !reads && by_browser && !is_same_site(headers) {
        let detail = "no web page of another site may do this";
        return Err(Problem::new(Code::CrossSite, detail).answer());
    }
    let Some(token) = &admin.token else { return Ok(()) };
    if path == login::PATH || path.starts_with(assets::FOLDER) || guests.sessions.has(headers, uptime) {
        return Ok(());
    }
    if let Some(value) = only(headers, &AUTHORIZATION) {
        let is_right = || bearer(value.as_bytes()).is_some_and(|presented| token.is(presented));
        return match guests.look(from, uptime, is_right) {
            Ok(true) => Ok(()),
            Ok(false) => Err(token_required()),
            Err(retry_after) => Err(too_many(retry_after)),
        };
    }
    let is_browser = headers.get_all(ACCEPT).iter().any(|accepts| contains(accepts, "text/html"));
    Err(if reads && is_browser { page::redirect(&login::address(request.uri())) } else { token_required() })
}

fn token_required() -> Response<Answer> {
    let detail = "send the value of ADMIN_TOKEN: Authorization: Bearer YOUR_TOKEN";
    let problem = Problem::new(Code::AdminTokenRequired, detail);
    let mut answer = problem.answer();
    let challenge = HeaderValue::from_static(r#"Bearer realm="convergence admin""#);
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

fn too_many(retry_after: u64) -> Response<Answer> {
    let detail = format!("too many wrong tokens have come from your address; try again in {retry_after} s");
    let mut answer = Problem::new(Code::TooManyFailedAttempts, detail).answer();
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
    answer
}

/// A page whose name was pointed at 127.0.0.1 (DNS rebinding) still names itself in `Host`.
fn is_our_host(admin: &Admin, headers: &HeaderMap) -> Result<(), Response<Answer>> {
    if host(headers).is_some_and(|host| is_ours(admin, host.host())) {
        return Ok(());
    }
    let detail = "the admin listener answers to localhost and its own address only";
    Err(Problem::new(Code::WrongHost, detail).answer())
}

/// A page of another site that sends a form names itself in `Origin`, which browsers add to every request that may
/// change something (Fetch Standard, 3.2); programs do not.
fn is_same_site(headers: &HeaderMap) -> bool {
    let host = host(headers);
    headers.get_all(ORIGIN).iter().all(|origin| {
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let same = |(host, (_, site)): (&Authority, (&str, &str))| site.eq_ignore_ascii_case(host.as_str());
        host.as_ref().zip(site).is_some_and(same)
    })
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    only(headers, &HOST).and_then(|value| Authority::try_from(value.as_bytes()).ok())
}

/// Whether this is a name of the loopback, or the address that is configured.
fn is_ours(admin: &Admin, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback() || host == admin.address.ip())
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn contains(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word))
}

/// What follows the scheme, which may be in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}
