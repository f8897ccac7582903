//! The error bodies of the Sheets API, word for word as recorded from Google (gspread, gargle, 2018-2026).
//!
//! No recorded Sheets error has the old `errors` list, so none is sent here; every recorded error of Drive has it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{json_answer, text_answer};

const PROJECT: &str = "123456789012";
const CONSOLE: &str =
    "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=123456789012";

/// 400 with `fieldViolations`.
pub(super) fn violation(field: &str, message: &str, description: &str) -> Response {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{ "field": field, "description": description }],
    }]);
    refusal(400, "INVALID_ARGUMENT", message, Some(details))
}

/// 400: `fields` names something that the answer has not.
pub(super) fn unknown_field(path: &str) -> Response {
    let description =
        format!("Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'.");
    violation(path, "Request contains an invalid argument.", &description)
}

/// 400: the file is an Excel file that was uploaded and never converted.
pub(super) fn office_file() -> Response {
    let message =
        "This operation is not supported for this document. The document must not be an Office file.";
    refusal(400, "FAILED_PRECONDITION", message, None)
}

const INVALID_TOKEN: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
    cookie or other valid authentication credential. See \
    https://developers.google.com/identity/sign-in/web/devconsole-project.";

/// Drive, 401: the same as [`invalid_token`], with a list.
pub(super) fn drive_invalid_token() -> Response {
    let error = json!({
        "code": 401,
        "message": INVALID_TOKEN,
        "errors": [{
            "message": "Invalid Credentials",
            "domain": "global",
            "reason": "authError",
            "location": "Authorization",
            "locationType": "header",
        }],
        "status": "UNAUTHENTICATED",
    });
    json_answer(StatusCode::UNAUTHORIZED, &json!({ "error": error }))
}

/// Drive, 404: no file has this id, or none that the account may see.
pub(super) fn file_not_found(id: &str) -> Response {
    let message = format!("File not found: {id}.");
    let listed = json!([{
        "domain": "global",
        "reason": "notFound",
        "message": message,
        "locationType": "parameter",
        "location": "fileId",
    }]);
    json_answer(
        StatusCode::NOT_FOUND,
        &json!({ "error": { "errors": listed, "code": 404, "message": message } }),
    )
}

/// Drive, 403: the file is somebody else's.
pub(super) fn drive_forbidden() -> Response {
    let message = "The user does not have sufficient permissions for this file.";
    let listed = json!([{ "domain": "global", "reason": "insufficientFilePermissions", "message": message }]);
    json_answer(
        StatusCode::FORBIDDEN,
        &json!({ "error": { "errors": listed, "code": 403, "message": message } }),
    )
}

/// 401: the token is unknown, expired or revoked.
pub(super) fn invalid_token() -> Response {
    let mut answer = refusal(401, "UNAUTHENTICATED", INVALID_TOKEN, None);
    let challenge = r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#;
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    answer
}

/// 403: no `Authorization` header at all.
pub(super) fn unregistered_caller() -> Response {
    let message = "Method doesn't allow unregistered callers (callers without established identity). Please use \
        API Key or other form of API consumer identity to call this API.";
    refusal(403, "PERMISSION_DENIED", message, None)
}

/// 403: the spreadsheet is not shared with the account, or not for what it wants to do.
pub(super) fn not_shared() -> Response {
    refusal(403, "PERMISSION_DENIED", "The caller does not have permission", None)
}

/// 403: the token was issued for other scopes. `method` is the RPC's name, such as `GetSpreadsheet`.
pub(super) fn insufficient_scope(method: &str) -> Response {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {
            "service": "sheets.googleapis.com",
            "method": format!("google.apps.sheets.v4.SpreadsheetsService.{method}"),
        },
    }]);
    let message = "Request had insufficient authentication scopes.";
    let mut answer = refusal(403, "PERMISSION_DENIED", message, Some(details));
    let challenge = r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="https://www.googleapis.com/auth/drive https://www.googleapis.com/auth/spreadsheets""#;
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    answer
}

/// 403: the Sheets API is switched off in the account's project.
pub(super) fn api_disabled() -> Response {
    let message = format!(
        "Google Sheets API has not been used in project {PROJECT} before or it is disabled. Enable it by visiting \
         {CONSOLE} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to \
         our systems and retry."
    );
    let details = json!([
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {
                "serviceTitle": "Google Sheets API",
                "consumer": format!("projects/{PROJECT}"),
                "activationUrl": CONSOLE,
                "containerInfo": PROJECT,
                "service": "sheets.googleapis.com",
            },
        },
        { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message },
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{ "description": "Google developers console API activation", "url": CONSOLE }],
        },
    ]);
    refusal(403, "PERMISSION_DENIED", &message, Some(details))
}

/// 404: no spreadsheet has this id.
pub(super) fn not_found() -> Response {
    refusal(404, "NOT_FOUND", "Requested entity was not found.", None)
}

/// 404 of the front end: no method has this path. A page, not JSON.
pub(super) fn no_such_path() -> Response {
    html_page(404)
}

/// 429: the account's reads, or writes, of this minute are used up. `kind` is `Read` or `Write`.
pub(super) fn quota_exceeded(kind: &str) -> Response {
    let message = format!(
        "Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute per user' of \
         service 'sheets.googleapis.com' for consumer 'project_number:{PROJECT}'."
    );
    let metric = kind.to_lowercase();
    let details = json!([
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "quota_limit_value": "60",
                "service": "sheets.googleapis.com",
                "consumer": format!("projects/{PROJECT}"),
                "quota_unit": "1/min/{project}/{user}",
                "quota_location": "global",
                "quota_metric": format!("sheets.googleapis.com/{metric}_requests"),
                "quota_limit": format!("{kind}RequestsPerMinutePerUser"),
            },
        },
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{
                "description": "Request a higher quota limit.",
                "url": "https://cloud.google.com/docs/quotas/help/request_increase",
            }],
        },
    ]);
    refusal(429, "RESOURCE_EXHAUSTED", &message, Some(details))
}

/// 500.
pub(super) fn internal() -> Response {
    refusal(500, "INTERNAL", "Internal error encountered.", None)
}

/// 503.
pub(super) fn unavailable() -> Response {
    refusal(503, "UNAVAILABLE", "The service is currently unavailable.", None)
}

/// Any status and body that somebody was sent.
pub(super) fn said(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a test asks for a status that exists");
    text_answer(status, "application/json; charset=UTF-8", body)
}

/// A page of HTML with any status, as the front end sends it when it answers by itself.
pub(super) fn html_page(status: u16) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {status}</title>\n  \
         <p><b>{status}.</b> <ins>That’s an error.</ins>\n"
    );
    let status = StatusCode::from_u16(status).expect("a test asks for a status that exists");
    text_answer(status, "text/html; charset=UTF-8", page)
}

/// 400 without details.
pub(super) fn bad_request(message: &str) -> Response {
    refusal(400, "INVALID_ARGUMENT", message, None)
}

fn refusal(code: u16, status: &str, message: &str, details: Option<Value>) -> Response {
    let mut error = json!({ "code": code, "message": message, "status": status });
    if let Some(details) = details {
        error["details"] = details;
    }
    let code = StatusCode::from_u16(code).expect("the codes above exist");
    json_answer(code, &json!({ "error": error }))
}
