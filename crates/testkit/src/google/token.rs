//! The token endpoint: checks the signed assertion as Google does and issues a token for it.
//!
//! Sources: RFC 7523, and the bodies that people were sent (googleapis issues, 2016-2026). All errors have the
//! flat shape `{"error", "error_description"}`, which no error of the API has.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account;
use super::answer::json_answer;
use super::errors;
use super::faults::Fault;
use super::inside::Inside;

/// The audience that Google's own libraries write, whatever the file's `token_uri` says.
const GOOGLE_AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How far the assertion's `iat` may be from the clock here, in seconds.
const CLOCK_TOLERANCE: u64 = 5 * 60;

/// How long an assertion may last, in seconds.
const LONGEST_ASSERTION: u64 = 3600;

/// How far off Google's clock is made to look by `Fault::TokenClockSkew`.
const SKEW: Duration = Duration::from_hours(2);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: u64,
    exp: u64,
}

/// `POST /token`.
pub(super) async fn answer(State(google): State<Arc<Inside>>, form: Bytes) -> Response {
    google.token_requests.fetch_add(1, Ordering::AcqRel);
    let fault = google.state().faults.next_for_token();
    let mut answer = match fault {
        Some(Fault::TokenClockSkew) => later(bad_times(), SKEW),
        Some(Fault::TokenDate(ahead)) => {
            let answer = check(&google.base, &form).map(|scope| issue(&google, scope));
            later(answer.unwrap_or_else(|refused| *refused), ahead)
        }
        Some(Fault::AccountNotFound) => refusal("invalid_grant", "Invalid grant: account not found"),
        Some(Fault::TokenServerError) => {
            flat(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "internal_failure" }))
        }
        Some(Fault::TokenSaid(status, body)) => errors::said(status, body),
        Some(_) => bad_signature(),
        None => match check(&google.base, &form) {
            Ok(scope) => issue(&google, scope),
            Err(refused) => *refused,
        },
    };
    // The endpoint is another server than the API's, and says so (recorded 2022).
    answer.headers_mut().insert(header::SERVER, HeaderValue::from_static("scaffolding on HTTPServer2"));
    answer
}

/// Checks the form and the assertion in it, and tells the scopes it asks for. The refusal is boxed because it is large and rare.
fn check(base: &str, form: &[u8]) -> Result<String, Box<Response>> {
    let field = |name: &str| {
        let found = form_urlencoded::parse(form).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let grant = field("grant_type");
    if grant != JWT_GRANT {
        return Err(Box::new(refusal("unsupported_grant_type", &format!("Invalid grant_type: {grant}"))));
    }
    let claims = open(&field("assertion")).ok_or_else(bad_signature)?;
    if claims.iss != account::CLIENT_EMAIL {
        return Err(Box::new(bad_signature()));
    }
    if claims.aud != GOOGLE_AUDIENCE && claims.aud != format!("{base}/token") {
        let right = format!("Invalid JWT: Failed audience check. The right audience is {GOOGLE_AUDIENCE}");
        return Err(Box::new(refusal("invalid_grant", &right)));
    }
    if !timely(&claims) {
        return Err(Box::new(bad_times()));
    }
    if !claims.scope.split(' ').any(is_spreadsheet_scope) {
        let description = "Invalid OAuth scope or ID token audience provided.";
        return Err(Box::new(refusal("invalid_scope", description)));
    }
    Ok(claims.scope)
}

/// The claims of an assertion that the account really signed. Padded base64url is not base64url (RFC 7515), and
/// `kid` is not asked for, since Google's node library sends none.
fn open(assertion: &str) -> Option<Claims> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (head, claims) = message.split_once('.')?;
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if head["alg"] != "RS256" || !account::signed_by_account(message.as_bytes(), &signature) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn timely(claims: &Claims) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    claims.iat.abs_diff(now) <= CLOCK_TOLERANCE
        && claims.exp > now
        && claims.exp.saturating_sub(claims.iat) <= LONGEST_ASSERTION
}

fn is_spreadsheet_scope(scope: &str) -> bool {
    let name = scope.strip_prefix("https://www.googleapis.com/auth/");
    matches!(name, Some("spreadsheets" | "spreadsheets.readonly" | "drive" | "drive.file"))
}

/// Issues a token that looks like Google's: `ya29.c.`, random, filled with dots to 1024 characters.
fn issue(google: &Inside, scope: String) -> Response {
    let mut random = [0; 48];
    aws_lc_rs::rand::fill(&mut random).expect("the system gives random numbers");
    let token = format!("{:.<1024}", format!("ya29.c.{}", URL_SAFE_NO_PAD.encode(random)));
    let mut state = google.state();
    state.tokens.insert(token.clone(), scope);
    let expires_in = state.token_lifetime.as_secs();
    flat(StatusCode::OK, &json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" }))
}

fn bad_signature() -> Response {
    refusal("invalid_grant", "Invalid JWT Signature.")
}

fn bad_times() -> Response {
    let description = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
        Check your iat and exp values in the JWT claim.";
    refusal("invalid_grant", description)
}

fn refusal(error: &str, description: &str) -> Response {
    flat(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": description }))
}

fn flat(status: StatusCode, body: &Value) -> Response {
    json_answer(status, body)
}

/// The same answer from a server whose clock is ahead.
fn later(mut answer: Response, ahead: Duration) -> Response {
    let date = httpdate::fmt_http_date(SystemTime::now() + ahead);
    answer.headers_mut().insert(header::DATE, date.parse().expect("an HTTP date is a header value"));
    answer
}
