//! `GET` and `POST /login`, `POST /logout`: the token once, for a browser, and a session from then on.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use http::header::{FORWARDED, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::attempts::Attempts;
use super::dashboard;
use super::page::{page, redirect};
use super::session::Sessions;
use crate::app::App;
use crate::http::body::Answer;
use crate::http::shield::Source;

/// Where the form is.
pub(super) const PATH: &str = "/login";

/// The most that a filled-in form may have, in bytes, and how long it may take to arrive.
const MOST_BYTES: usize = 8 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the listener knows of those who come.
pub(super) struct Guests {
    pub(super) sessions: Sessions,
    attempts: Attempts,
    /// A place for each page that watches.
    pub(super) watchers: Arc<Semaphore>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Form<'a> {
    wrong: Option<String>,
    next: &'a str,
}

impl Default for Guests {
    fn default() -> Self {
        let watchers = Arc::new(Semaphore::new(dashboard::MOST_WATCHERS));
        Self { sessions: Sessions::default(), attempts: Attempts::default(), watchers }
    }
}

impl Guests {
    /// Looks at a token as [`Attempts::look`] does. Those whose address nobody knows are counted as one.
    pub(super) fn look(
        &self,
        from: Option<Source>,
        uptime: Duration,
        is_right: impl FnOnce() -> bool,
    ) -> Result<bool, u64> {
        self.attempts.look(from, uptime, is_right)
    }
}

/// Where a browser is sent that has to log in first, and wants to go there.
pub(super) fn address(to: &Uri) -> String {
    let to = to.path_and_query().map_or("/", |to| to.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", to).finish();
    format!("{PATH}?{query}")
}

/// The form.
pub(super) fn form(app: &App, request: &Request<Incoming>) -> Response<Answer> {
    let next = value("next", request.uri().query().unwrap_or_default().as_bytes());
    let next = ours(next.as_deref());
    if app.admin.token.is_none() {
        return redirect(next);
    }
    page(&Form { wrong: None, next })
}

/// The form, filled in.
pub(super) async fn log_in(
    app: &App,
    guests: &Guests,
    from: Option<Source>,
    request: Request<Incoming>,
) -> Response<Answer> {
    let Some(token) = &app.admin.token else { return redirect("/") };
    let is_secure = is_secure(request.headers());
    let body = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), MOST_BYTES).collect()).await;
    let body = body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let next = value("next", &body);
    let next = ours(next.as_deref());
    let presented = zeroize::Zeroizing::new(value("token", &body).unwrap_or_default());
    let uptime = app.clock.now().uptime;
    let (status, wrong) = match guests.look(from, uptime, || token.is(presented.trim().as_bytes())) {
        Ok(true) => {
            let Some(cookie) = guests.sessions.begin(is_secure, uptime) else {
                let wrong = "this machine has no randomness to make a session of".to_owned();
                return refused(StatusCode::INTERNAL_SERVER_ERROR, wrong, next);
            };
            info!(
                address = from.map(tracing::field::display),
                "somebody has logged in to the admin listener"
            );
            let mut answer = redirect(next);
            answer.headers_mut().insert(SET_COOKIE, cookie);
            return answer;
        }
        Ok(false) => {
            warn!(
                address = from.map(tracing::field::display),
                "somebody has failed to log in to the admin listener"
            );
            (StatusCode::UNAUTHORIZED, "This is not the token.".to_owned())
        }
        Err(retry_after) => {
            let wrong =
                format!("Too many wrong tokens have come from your address. Try again in {retry_after} s.");
            let mut answer = refused(StatusCode::TOO_MANY_REQUESTS, wrong, next);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
            return answer;
        }
    };
    refused(status, wrong, next)
}

/// Ends the session. There may be none.
pub(super) fn log_out(guests: &Guests, request: &Request<Incoming>) -> Response<Answer> {
    let mut answer = redirect(PATH);
    let cookie = guests.sessions.end(request.headers(), is_secure(request.headers()));
    answer.headers_mut().insert(SET_COOKIE, cookie);
    answer
}

fn refused(status: StatusCode, wrong: String, next: &str) -> Response<Answer> {
    let mut answer = page(&Form { wrong: Some(wrong), next });
    *answer.status_mut() = status;
    answer
}

/// A value of a form or a query.
fn value(name: &str, pairs: &[u8]) -> Option<String> {
    form_urlencoded::parse(pairs).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// A page of this listener: a link to the form must not lead to another site from there.
fn ours(next: Option<&str>) -> &str {
    let is_ours = |next: &&str| {
        let is_path = next.starts_with('/') && !next.starts_with("//");
        is_path && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(is_ours).unwrap_or("/")
}

/// Whether the browser speaks TLS, to a proxy that says so. Who lies about that, lies about its own cookie.
fn is_secure(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName, word: &str| {
        headers
            .get_all(name)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word)))
    };
    says(&X_FORWARDED_PROTO, "https") || says(&FORWARDED, "proto=https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_leads_to_no_other_site() {
        for here in ["/", "/docs", "/?range=7d&sort=name", "/a//b"] {
            assert_eq!(ours(Some(here)), here);
        }
        for there in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "docs", "/a b", "/\r\nx"]
        {
            assert_eq!(ours(Some(there)), "/", "{there}");
        }
        assert_eq!(
            address(&Uri::from_static("/?range=7d&q=a%20b")),
            "/login?next=%2F%3Frange%3D7d%26q%3Da%2520b"
        );
    }
}
