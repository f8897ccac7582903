//! Bodies in every shape that Google was seen to send, and in some that it was not.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{DATE, RETRY_AFTER};

use super::*;
use crate::error::Service;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(784_111_777)
}

fn api(status: u16, body: &str) -> Error {
    let asked = Asked { client_email: "robot@example.com", tab: Some("Keys"), write: false };
    of_api(&Answer::made(Service::Sheets, status, &[], body), &asked, now())
}

fn token(status: u16, body: &str) -> Error {
    of_token(&Answer::made(Service::Token, status, &[], body), now())
}

#[test]
fn the_old_errors_list_is_understood_with_and_without_details() {
    let scope = r#"{"error": {"code": 403, "message": "Request had insufficient authentication scopes.",
        "errors": [{"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"}],
        "status": "PERMISSION_DENIED"}}"#;
    assert!(matches!(api(403, scope), Error::InsufficientScope));
    let disabled =
        r#"{"error": {"code": 403, "message": "x", "errors": [{"reason": "accessNotConfigured"}]}}"#;
    assert!(
        matches!(api(403, disabled), Error::ApiDisabled { activation_url } if activation_url == ENABLE_PAGE)
    );
    let quota =
        r#"{"error": {"code": 403, "message": "x", "errors": [{"reason": "userRateLimitExceeded"}]}}"#;
    assert!(matches!(api(403, quota), Error::QuotaExceeded { retry_after: None }));
    let project = r#"{"error": {"code": 403, "message": "Caller does not have required permission to use project x.",
        "status": "PERMISSION_DENIED", "details": [{"reason": "USER_PROJECT_DENIED"}]}}"#;
    assert!(matches!(api(403, project), Error::QuotaProject));
    let denied =
        r#"{"error": {"code": 403, "message": "x", "errors": [{"reason": "forbidden"}], "details": 7}}"#;
    assert!(
        matches!(api(403, denied), Error::NotShared { client_email } if client_email == "robot@example.com")
    );
}

#[test]
fn the_flat_shape_is_understood_from_the_api_too() {
    assert!(matches!(
        api(401, r#"{"error": "invalid_token", "error_description": "x"}"#),
        Error::Unauthorised
    ));
    assert!(matches!(api(400, r#"{"error": "odd"}"#), Error::Refused { status: 400, .. }));
}

#[test]
fn an_activation_page_elsewhere_is_not_passed_on() {
    let body = r#"{"error": {"code": 403, "message": "x", "details": [
        {"reason": "SERVICE_DISABLED", "metadata": {"activationUrl": "https://evil.example/"}}]}}"#;
    assert!(matches!(api(403, body), Error::ApiDisabled { activation_url } if activation_url == ENABLE_PAGE));
}

#[test]
fn a_body_that_is_not_json_leaves_the_status_to_speak() {
    for html in ["<html>429</html>", "", "null", "[]", r#"{"status": "ok"}"#, r#"{"error": null}"#] {
        assert!(matches!(api(401, html), Error::Unauthorised), "{html}");
        assert!(matches!(api(429, html), Error::QuotaExceeded { .. }));
        assert!(matches!(api(502, html), Error::Server { status: 502, service: Service::Sheets, .. }));
        assert!(matches!(api(404, html), Error::Unreadable { status: 404, .. }), "not google's 404");
        assert!(matches!(api(403, html), Error::Unreadable { status: 403, .. }));
        assert!(matches!(api(302, html), Error::Unreadable { status: 302, .. }));
        assert!(matches!(token(503, html), Error::Server { service: Service::Token, .. }));
        assert!(matches!(token(200, html), Error::Unreadable { .. }));
    }
}

#[test]
fn retry_after_is_kept() {
    let asked = Asked { client_email: "", tab: None, write: false };
    for status in [429, 503] {
        let answer = Answer::made(Service::Sheets, status, &[(RETRY_AFTER, "7")], "<html>");
        let error = of_api(&answer, &asked, now());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(error.is_transient());
    }
}

#[test]
fn every_known_rejection_of_an_account_is_told_apart() {
    use TokenRejection::*;
    let grant = |text: &str| format!(r#"{{"error": "invalid_grant", "error_description": "{text}"}}"#);
    let word = |word: &str| format!(r#"{{"error": "{word}", "error_description": "x"}}"#);
    for (status, body, cause) in [
        (400, grant("Invalid JWT Signature."), InvalidSignature),
        (400, grant("Invalid grant: account not found"), AccountNotFound),
        (400, grant("Robot is disabled."), AccountDisabled),
        (400, grant("Invalid JWT: Failed audience check. The right audience is https://x"), WrongAudience),
        (400, grant("something new"), Other { status: 400 }),
        (400, word("invalid_scope"), UnknownScope),
        (401, word("unauthorized_client"), Unauthorised),
        (401, word("deleted_client"), ClientDeleted),
        (
            403,
            r#"{"error": {"code": 403, "message": "x", "status": "PERMISSION_DENIED"}}"#.to_owned(),
            Other { status: 403 },
        ),
    ] {
        let error = token(status, &body);
        assert!(!error.is_transient());
        assert!(matches!(error, Error::TokenRejected(found) if found == cause), "{body}");
    }
    for word in ["server_error", "temporarily_unavailable", "internal_failure"] {
        let body = format!(r#"{{"error": "{word}"}}"#);
        assert!(token(400, &body).is_transient(), "{word}");
    }
}

#[test]
fn a_skewed_clock_is_measured_by_the_date_of_the_answer() {
    let body = r#"{"error": "invalid_grant", "error_description":
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."}"#;
    let message = |date: &[_]| of_token(&Answer::made(Service::Token, 400, date, body), now()).to_string();
    let (ahead, behind) = ("Sun, 06 Nov 1994 08:48:37 GMT", "Sun, 06 Nov 1994 10:49:37 GMT");
    assert!(message(&[(DATE, ahead)]).contains("clock is 60 s ahead of google's; set the clock (ntp)"));
    assert!(message(&[(DATE, behind)]).contains("clock is 7200 s behind google's"));
    assert!(message(&[]).contains("clock is wrong"));
}
