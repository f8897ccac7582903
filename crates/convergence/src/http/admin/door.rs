//! Who may use the admin listener: whoever has its token, where there is one; and on loopback no web page, whatever a
//! name server or a form in a browser would make of it.

use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};

use crate::config::Admin;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;

/// Lets a request in.
///
/// # Errors
/// The whole answer to one that may not.
pub(super) fn enter(admin: &Admin, headers: &HeaderMap, method: &Method) -> Result<(), Response<Answer>> {
    // Elsewhere there is a token, and no web page knows it.
    if admin.address.ip().is_loopback() {
        no_web_page(admin, headers, method)?;
    }
    let Some(token) = &admin.token else { return Ok(()) };
    let presented = only(headers, &AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    if presented.is_some_and(|presented| token.is(presented)) {
        return Ok(());
    }
    let detail = "send the value of ADMIN_TOKEN: Authorization: Bearer YOUR_TOKEN";
    let problem = Problem::new(Code::AdminTokenRequired, detail);
    let mut answer = problem.answer();
    let challenge = HeaderValue::from_static(r#"Bearer realm="convergence admin""#);
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    Err(answer)
}

/// A page whose name was pointed at 127.0.0.1 (DNS rebinding) still names itself in `Host`; a page of another site that
/// sends a form names itself in `Origin`, which browsers add to every request that may change something (Fetch
/// Standard, 3.2).
fn no_web_page(admin: &Admin, headers: &HeaderMap, method: &Method) -> Result<(), Response<Answer>> {
    let host = only(headers, &HOST).and_then(|value| Authority::try_from(value.as_bytes()).ok());
    let Some(host) = host.filter(|host| is_ours(admin, host.host())) else {
        let detail = "the admin listener answers to localhost and its own address only";
        return Err(Problem::new(Code::WrongHost, detail).answer());
    };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let same = |origin: &HeaderValue| {
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        site.is_some_and(|(_, site)| site.eq_ignore_ascii_case(host.as_str()))
    };
    if reads || headers.get_all(ORIGIN).iter().all(same) {
        return Ok(());
    }
    let detail = "no web page of another site may do this";
    Err(Problem::new(Code::CrossSite, detail).answer())
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

/// What follows the scheme, which may be in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}
