//! From an answer that is a refusal to the [`Error`] that says what to do.
//!
//! Google's bodies come in several shapes: `{"error": {code, message, status, details}}` from the API, with or
//! without an old `errors` list; `{"error", "error_description"}` from the token endpoint; and pages of HTML
//! from front ends and proxies. Only known words are taken from a body, and none of its text is passed on.

use std::time::SystemTime;

use serde_json::Value;

use crate::error::Error;
use crate::token_rejection::TokenRejection;
use crate::transport::{Answer, Clocks};

/// Where the API is enabled if the answer does not say where.
const ENABLE_PAGE: &str = "https://console.cloud.google.com/apis/library/sheets.googleapis.com";

/// What was asked of the API, as far as an error names it.
pub(crate) struct Asked<'a> {
    pub(crate) client_email: &'a str,
    pub(crate) tab: Option<&'a str>,
    /// Whether it was to change the spreadsheet.
    pub(crate) write: bool,
}

/// The error behind an answer of the API other than success.
pub(crate) fn of_api(answer: &Answer, asked: &Asked<'_>, now: SystemTime) -> Error {
    let Answer { service, status, .. } = *answer;
    let Some(said) = Complaint::read(&answer.body) else {
        return of_status(answer, now).unwrap_or(Error::Unreadable { service, status });
    };
    let known = match status {
        400 => of_bad_request(&said, asked),
        403 => Some(of_forbidden(&said, asked, answer, now)),
        404 => Some(Error::SheetNotFound),
        _ => None,
    };
    known.or_else(|| of_status(answer, now)).unwrap_or(Error::Refused { service, status })
}

/// The error behind an answer of the token endpoint other than success; `now` is this machine's clock when the
/// answer came.
pub(crate) fn of_token(answer: &Answer, now: SystemTime) -> Error {
    of_grant(answer, now, |said| rejection(said, answer, now))
}

/// The error behind a refusal to give a token: `verdict` tells what cannot heal by itself.
pub(crate) fn of_grant(
    answer: &Answer,
    now: SystemTime,
    verdict: impl FnOnce(&Complaint) -> TokenRejection,
) -> Error {
    let Answer { service, status, .. } = *answer;
    let Some(said) = Complaint::read(&answer.body) else {
        return of_status(answer, now).unwrap_or(Error::Unreadable { service, status });
    };
    // Google's own libraries retry on these words whatever the status.
    if matches!(&*said.word, "server_error" | "temporarily_unavailable" | "internal_failure") {
        return Error::Server { service, status, retry_after: answer.retry_after(now) };
    }
    // A 401 here is a verdict on the account, not on a token.
    let temporary = if status == 401 { None } else { of_status(answer, now) };
    temporary.unwrap_or_else(|| Error::TokenRejected(verdict(&said)))
}

/// What a status says by itself, whatever the body is.
pub(crate) fn of_status(answer: &Answer, now: SystemTime) -> Option<Error> {
    let Answer { service, status, .. } = *answer;
    let retry_after = answer.retry_after(now);
    match status {
        401 => Some(Error::Unauthorised),
        429 => Some(Error::QuotaExceeded { retry_after }),
        408 | 500..=599 => Some(Error::Server { service, status, retry_after }),
        _ => None,
    }
}

fn of_bad_request(said: &Complaint, asked: &Asked<'_>) -> Option<Error> {
    if said.word == "FAILED_PRECONDITION" && said.message.contains("not supported for this document") {
        return Some(Error::OfficeFile);
    }
    if said.message.contains("edit a protected cell") {
        return Some(Error::Protected { client_email: asked.client_email.to_owned() });
    }
    if said.message.contains("increase the number of cells in the workbook above the limit") {
        return Some(Error::Full);
    }
    if said.message.contains("already exists. Please enter another name") {
        return Some(Error::TabExists);
    }
    if let Some(tab) = asked.tab.filter(|_| said.message.contains("Unable to parse range")) {
        return Some(Error::TabMissing { tab: tab.to_owned() });
    }
    of_program(said)
}

/// Requests that Google finds wrong in themselves, by the beginnings of what it says of them.
fn of_program(said: &Complaint) -> Option<Error> {
    let message = &*said.message;
    if message.contains("exceeds grid limits") {
        Some(Error::OutsideGrid)
    } else if message.contains("Requested writing within range") {
        Some(Error::TooWide)
    } else if message.contains("Invalid requests[") {
        Some(Error::ChangeRefused)
    } else if message.contains("Invalid value at") || message.contains("contains an invalid argument") {
        Some(Error::BadRequest)
    } else {
        None
    }
}

fn of_forbidden(said: &Complaint, asked: &Asked<'_>, answer: &Answer, now: SystemTime) -> Error {
    if said.gives(&["SERVICE_DISABLED", "accessNotConfigured"])
        || said.message.contains("has not been used in project")
    {
        let activation_url = said.activation_url.clone().unwrap_or_else(|| ENABLE_PAGE.to_owned());
        return Error::ApiDisabled { activation_url };
    }
    let scope = "insufficient authentication scopes";
    if said.gives(&["ACCESS_TOKEN_SCOPE_INSUFFICIENT"]) || said.message.contains(scope) {
        return Error::InsufficientScope;
    }
    // The project of `x-goog-user-project` may not be used by this account.
    if said.gives(&["USER_PROJECT_DENIED"]) {
        return Error::QuotaProject;
    }
    if said.gives(&["RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded"]) {
        return Error::QuotaExceeded { retry_after: answer.retry_after(now) };
    }
    if said.message.contains("unregistered callers") {
        return Error::Unregistered;
    }
    let client_email = asked.client_email.to_owned();
    if asked.write { Error::NotEditor { client_email } } else { Error::NotShared { client_email } }
}

/// By the error's word and, where one word covers much, by the text that people were sent with it.
fn rejection(said: &Complaint, answer: &Answer, now: SystemTime) -> TokenRejection {
    let says = |text: &str| said.message.contains(text);
    match &*said.word {
        "invalid_grant" if says("short-lived token") => TokenRejection::ClockSkew {
            skew_seconds: answer.date().map(|theirs| Clocks { ours: now, theirs }.skew()),
        },
        "invalid_grant" if says("Failed audience check") => TokenRejection::WrongAudience,
        "invalid_grant" if says("Invalid JWT Signature") => TokenRejection::InvalidSignature,
        "invalid_grant" if says("account not found") => TokenRejection::AccountNotFound,
        "invalid_grant" if says("Robot is disabled") => TokenRejection::AccountDisabled,
        "deleted_client" => TokenRejection::ClientDeleted,
        "unauthorized_client" => TokenRejection::Unauthorised,
        "invalid_scope" => TokenRejection::UnknownScope,
        _ => TokenRejection::Other { status: answer.status },
    }
}

/// What an error body says, in whichever shape.
pub(crate) struct Complaint {
    /// `NOT_FOUND`, or `invalid_grant`.
    pub(crate) word: String,
    /// Text for people; only ever searched.
    message: String,
    /// From `details[]` and, if present, `errors[]`.
    reasons: Vec<String>,
    activation_url: Option<String>,
}

impl Complaint {
    /// `None` if the body is not JSON, or no error.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let error = body.get("error").filter(|error| !error.is_null())?;
        if let Some(word) = error.as_str() {
            let message = text(&body["error_description"]);
            return Some(Self { word: word.to_owned(), message, reasons: Vec::new(), activation_url: None });
        }
        let lists = [&error["details"], &error["errors"]];
        let items = || lists.into_iter().filter_map(Value::as_array).flatten();
        Some(Self {
            word: text(&error["status"]),
            message: text(&error["message"]),
            reasons: items().filter_map(|item| item["reason"].as_str()).map(str::to_owned).collect(),
            activation_url: items().find_map(|item| console_page(&item["metadata"]["activationUrl"])),
        })
    }

    pub(crate) fn gives(&self, reasons: &[&str]) -> bool {
        self.reasons.iter().any(|reason| reasons.contains(&&**reason))
    }
}

/// The one text taken from a body and shown, therefore only if it is a plain address of Google's console.
fn console_page(url: &Value) -> Option<String> {
    let url = url.as_str()?;
    let google = ["https://console.developers.google.com/", "https://console.cloud.google.com/"];
    let plain = url.len() < 300 && url.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && google.iter().any(|host| url.starts_with(host))).then(|| url.to_owned())
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
