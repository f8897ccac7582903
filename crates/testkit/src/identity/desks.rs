//! What each desk wants to be sent, and what it answers. Sources: RFC 6749 (refresh), RFC 8693 (exchange), the
//! discovery document of iamcredentials v1, and `google.auth`, whose requests Google's servers take.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::api::user_project;
use super::files::{AUDIENCE, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, RUNNER, SUBJECT_TOKEN, SUBJECT_TYPE};
use super::{Desk, Inside};

type Google = State<Arc<Inside>>;

const SPREADSHEETS: &str = "https://www.googleapis.com/auth/spreadsheets";
/// What acting as an account takes: Google's libraries for Go and Node ask for the first, that for Python for the second.
const ACTING: [&str; 2] =
    ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/iam"];
/// What Google's own libraries write as the audience of an assertion.
const GOOGLE_AUDIENCE: &str = "https://oauth2.googleapis.com/token";

/// `GET .../default/token?scopes=`.
pub(super) async fn metadata_token(
    State(inside): Google,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(trouble) = inside.called(Desk::Metadata) {
        return by_metadata(trouble);
    }
    if let Err(refused) = inside.is_heard(&headers) {
        return refused;
    }
    let query = query.unwrap_or_default();
    if pairs(query.as_bytes()) != [("scopes".to_owned(), SPREADSHEETS.to_owned())] {
        return inside.complain(format!("metadata: other scopes than spreadsheets: {query}"));
    }
    by_metadata(inside.oauth_token().await)
}

/// `GET .../default/email`.
pub(super) async fn metadata_email(State(inside): Google, headers: HeaderMap) -> Response {
    if let Some(trouble) = inside.called(Desk::Email) {
        return by_metadata(trouble);
    }
    match inside.is_heard(&headers) {
        Ok(()) => by_metadata(inside.mint.email().to_owned().into_response()),
        Err(refused) => refused,
    }
}

/// `GET .../default/?recursive=true`, as Google's libraries ask who the account is.
pub(super) async fn metadata_account(State(inside): Google, headers: HeaderMap) -> Response {
    if let Some(trouble) = inside.called(Desk::Email) {
        return by_metadata(trouble);
    }
    let account =
        json!({ "aliases": ["default"], "email": inside.mint.email(), "scopes": [ACTING[0], SPREADSHEETS] });
    match inside.is_heard(&headers) {
        Ok(()) => by_metadata(as_json(&account)),
        Err(refused) => refused,
    }
}

/// `POST /token` with a refresh token.
pub(super) async fn refresh(State(inside): Google, form: Bytes) -> Response {
    if let Some(trouble) = inside.called(Desk::Refresh) {
        return trouble;
    }
    let expected = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", REFRESH_TOKEN),
    ];
    match inside.same_form("refresh", &form, &expected) {
        Ok(()) => inside.oauth_token().await,
        Err(refused) => refused,
    }
}

/// `POST /token` with an assertion of an account that wants to act as another.
pub(super) async fn assertion(State(inside): Google, form: Bytes) -> Response {
    if let Some(trouble) = inside.called(Desk::Assertion) {
        return trouble;
    }
    let sent = pairs(&form).into_iter().find(|(name, _)| name == "assertion");
    let claims = sent.and_then(|(_, assertion)| inside.mint.open(&assertion)).unwrap_or_default();
    let scope = claims["scope"].as_str().unwrap_or_default();
    let ours = format!("{}/assertion/token", inside.base);
    if !ACTING.contains(&scope) || (claims["aud"] != *ours && claims["aud"] != GOOGLE_AUDIENCE) {
        return inside.complain(format!("assertion: not signed, or with other claims: {claims}"));
    }
    oauth(&inside.actor(), 3599)
}

/// `POST https://sts.googleapis.com/v1/token`.
pub(super) async fn exchange(State(inside): Google, form: Bytes) -> Response {
    if let Some(trouble) = inside.called(Desk::Exchange) {
        return trouble;
    }
    let asked = pairs(&form).into_iter().find(|(name, _)| name == "scope").unwrap_or_default().1;
    let scope = ACTING.into_iter().find(|scope| *scope == asked).unwrap_or(ACTING[0]);
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", AUDIENCE),
        ("scope", scope),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token", SUBJECT_TOKEN),
        ("subject_token_type", SUBJECT_TYPE),
    ];
    match inside.same_form("exchange", &form, &expected) {
        Ok(()) => oauth(&inside.actor(), 3599),
        Err(refused) => refused,
    }
}

/// `POST .../serviceAccounts/EMAIL:generateAccessToken`.
pub(super) async fn impersonation(
    State(inside): Google,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(trouble) = inside.called(Desk::Impersonation) {
        return trouble;
    }
    inside.state().projects.push(user_project(&headers));
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !inside.state().actors.contains(bearer) {
        return inside.complain("impersonation: a token of nobody".to_owned());
    }
    if account != format!("{}:generateAccessToken", inside.mint.email()) {
        return inside.complain(format!("impersonation: another account: {account}"));
    }
    // Google's Python library sends null for no delegates.
    let delegates = &body["delegates"];
    let right = body["scope"] == json!([SPREADSHEETS])
        && body["lifetime"] == "3600s"
        && (delegates.is_array() || delegates.is_null());
    if !right {
        return inside.complain(format!("impersonation: another body: {body}"));
    }
    match inside.mint.token().await {
        Ok((token, lifetime)) => {
            let end = SystemTime::now() + Duration::from_secs(lifetime);
            as_json(&json!({ "accessToken": token, "expireTime": rfc3339(end) }))
        }
        Err(said) => inside.complain(format!("impersonation: google said {said}")),
    }
}

/// A workload's platform: `GET`, with what proves the runner.
pub(super) async fn provider_json(State(inside): Google, headers: HeaderMap) -> Response {
    inside.vouch(&headers, || as_json(&json!({ "count": 1, "value": SUBJECT_TOKEN })))
}

/// The same, in an answer that is the token.
pub(super) async fn provider_text(State(inside): Google, headers: HeaderMap) -> Response {
    inside.vouch(&headers, || SUBJECT_TOKEN.into_response())
}

impl Inside {
    /// Counts a request, and gives the trouble that it runs into.
    fn called(&self, desk: Desk) -> Option<Response> {
        let mut state = self.state();
        *state.asked.entry(desk).or_default() += 1;
        let (status, body) = state.troubles.get(&desk)?.clone();
        let status = StatusCode::from_u16(status).expect("a trouble has a status");
        let mut answer = Response::new(Body::from(body.clone()));
        *answer.status_mut() = status;
        if status.is_redirection() {
            let place = body.parse().expect("a redirect leads to an address");
            answer.headers_mut().insert(header::LOCATION, place);
        }
        Some(answer)
    }

    /// Notes what was wrong and refuses.
    fn complain(&self, what: String) -> Response {
        let mut answer = as_json(&json!({ "error": "invalid_request", "error_description": what }));
        self.state().complaints.push(what);
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        answer
    }

    /// A metadata server hears only who names it, and nobody who comes through a proxy.
    fn is_heard(&self, headers: &HeaderMap) -> Result<(), Response> {
        if headers.get("metadata-flavor").is_some_and(|flavor| flavor == "Google")
            && !headers.contains_key("x-forwarded-for")
        {
            return Ok(());
        }
        self.state().complaints.push("metadata: no Metadata-Flavor: Google".to_owned());
        Err(by_metadata((StatusCode::FORBIDDEN, "<html>Missing Metadata-Flavor</html>").into_response()))
    }

    fn same_form(&self, desk: &str, form: &[u8], expected: &[(&str, &str)]) -> Result<(), Response> {
        let mut sent = pairs(form);
        let mut expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        sent.sort();
        expected.sort();
        if sent == expected {
            return Ok(());
        }
        Err(self.complain(format!("{desk}: a form of {sent:?} instead of {expected:?}")))
    }

    /// A token for somebody who may act as the service account, but not read spreadsheets.
    fn actor(&self) -> String {
        let mut random = [0; 24];
        aws_lc_rs::rand::fill(&mut random).expect("the system gives random numbers");
        let token = format!("ya29.d.{}", URL_SAFE_NO_PAD.encode(random));
        self.state().actors.insert(token.clone());
        token
    }

    /// A token of Google's, which is good for acting as the account as well.
    async fn oauth_token(&self) -> Response {
        match self.mint.token().await {
            Ok((token, lifetime)) => {
                self.state().actors.insert(token.clone());
                oauth(&token, lifetime)
            }
            Err(said) => self.complain(format!("google said {said}")),
        }
    }

    fn vouch(&self, headers: &HeaderMap, token: impl FnOnce() -> Response) -> Response {
        if let Some(trouble) = self.called(Desk::Provider) {
            return trouble;
        }
        if headers.get(header::AUTHORIZATION).is_some_and(|value| value == RUNNER) {
            return token();
        }
        self.complain("provider: not the runner".to_owned())
    }
}

fn as_json(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn oauth(token: &str, lifetime: u64) -> Response {
    let body = json!({ "access_token": token, "expires_in": lifetime, "token_type": "Bearer" });
    as_json(&body)
}

/// Every answer of a metadata server says that it is one.
fn by_metadata(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert("metadata-flavor", HeaderValue::from_static("Google"));
    headers.insert(header::SERVER, HeaderValue::from_static("Metadata Server for VM"));
    answer
}

fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// `2026-11-22T22:51:58Z`, from the parts of an HTTP date.
fn rfc3339(time: SystemTime) -> String {
    let date = httpdate::fmt_http_date(time);
    let parts: Vec<&str> = date.split(' ').collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == parts[2]).expect("a month has a name") + 1;
    format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
}
