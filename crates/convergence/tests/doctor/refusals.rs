//! Every refusal that people were sent by Google has a message of its own, in the line of the check that it belongs to.

use std::collections::HashSet;

use serde_json::json;
use testkit::{Fault, Times};

use crate::support::Setup;

/// What Google says, the check that fails for it, and words of what we say.
struct Case {
    fault: Fault,
    check: &'static str,
    words: &'static str,
}

fn api(code: u16, status: &str, message: &str, check: &'static str, words: &'static str) -> Case {
    let body = json!({ "error": { "code": code, "message": message, "status": status } });
    Case { fault: Fault::Said(code, format!("{body:#}")), check, words }
}

fn token(code: u16, error: &str, description: &str, words: &'static str) -> Case {
    let body = json!({ "error": error, "error_description": description });
    Case { fault: Fault::TokenSaid(code, body.to_string()), check: "token", words }
}

fn fault(fault: Fault, check: &'static str, words: &'static str) -> Case {
    Case { fault, check, words }
}

/// The token endpoint's refusals, word for word as they were reported (2016-2026).
fn of_tokens() -> Vec<Case> {
    let timeframe = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check \
                     your iat and exp values in the JWT claim.";
    let unauthorized = "Client is unauthorized to retrieve access tokens using this method, or client not authorized \
                        for any of the scopes requested.";
    vec![
        token(400, "invalid_grant", timeframe, "set the clock (ntp)"),
        token(400, "invalid_grant", "Invalid JWT Signature.", "create a new json key"),
        token(400, "invalid_grant", "Invalid grant: account not found", "does not exist or is disabled"),
        token(400, "invalid_grant", "Robot is disabled.", "its project's owner"),
        token(401, "unauthorized_client", unauthorized, "let an administrator allow it"),
        token(401, "deleted_client", "The OAuth client was deleted.", "its client was deleted"),
        token(
            400,
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
            "does not know the spreadsheets scope",
        ),
        token(
            400,
            "invalid_grant",
            "Invalid JWT: Failed audience check. The right audience is x",
            "names the wrong token_uri",
        ),
        token(400, "something_new", "x", "for a reason we do not know"),
        fault(Fault::TokenServerError, "token", "google's token endpoint answered 503"),
    ]
}

/// The API's, as recorded or reported.
fn of_the_api() -> Vec<Case> {
    const BAD: &str = "INVALID_ARGUMENT";
    let enumeration = "Invalid value at 'major_dimension' (type.googleapis.com/google.apps.sheets.v4.Dimension), \"DIAGONAL\"";
    let protected = "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove \
                     protection if you need to edit.";
    let cells =
        "This action would increase the number of cells in the workbook above the limit of 10000000 cells.";
    let exists = "Invalid requests[0].addSheet: A sheet with the name \"config\" already exists. Please enter another name.";
    let rule = "Invalid requests[0].updateSheetProperties: You can't hide all the sheets in a document.";
    let wide = "Requested writing within range ['tab'!A1], but tried writing to column [B]";
    let grid = "Range (Sheet1!A1001) exceeds grid limits. Max rows: 1000, max columns: 26";
    let unregistered = "Method doesn't allow unregistered callers (callers without established identity). Please use \
                        API Key or other form of API consumer identity to call this API.";
    vec![
        api(400, BAD, grid, "tab", "lie outside of the tab"),
        api(400, BAD, "Request contains an invalid argument.", "api", "does not know a field or a value"),
        api(400, BAD, enumeration, "api", "does not know a field or a value"),
        api(400, BAD, rule, "write access", "google refuses to change the spreadsheet in this way"),
        api(400, BAD, exists, "write access", "has a tab of this name already"),
        api(400, BAD, protected, "write access", "the cells are protected"),
        api(400, BAD, wide, "write access", "does not fit its place"),
        api(400, BAD, cells, "write access", "as many cells as google allows"),
        api(400, BAD, "something new", "api", "refused the request (400)"),
        fault(Fault::OfficeFile, "spreadsheet", "file > save as google sheets"),
        api(403, "PERMISSION_DENIED", unregistered, "network", "without its authorization header"),
        api(403, "PERMISSION_DENIED", "The caller does not have permission", "spreadsheet", "is not shared"),
        fault(Fault::InsufficientScope, "scopes", "auth/spreadsheets"),
        fault(Fault::ApiDisabled, "api", "enable it at https://console."),
        api(404, "NOT_FOUND", "Requested entity was not found.", "spreadsheet", "no spreadsheet has this id"),
        fault(Fault::QuotaExceeded, "quota", "google's quota for this minute is used up"),
        fault(Fault::HtmlBody(429), "quota", "google's quota for this minute is used up"),
        fault(Fault::ExpireTokens, "token", "the access token it has just issued"),
        api(
            503,
            "UNAVAILABLE",
            "The service is currently unavailable.",
            "api",
            "answered 503; the fault is google's",
        ),
        fault(Fault::InternalError, "api", "answered 500; the fault is google's"),
        fault(Fault::HtmlBody(500), "api", "answered 500; the fault is google's"),
        fault(Fault::HtmlBody(404), "network", "something else than google's json"),
        fault(Fault::TruncatedBody, "network", "broke off"),
        fault(Fault::Reset, "network", "broke off"),
    ]
}

#[tokio::test]
async fn p20_p22_every_refusal_of_google_has_a_line_of_its_own() {
    let setup = Setup::new().await;
    let mut said = HashSet::new();
    for Case { fault, check, words } in of_tokens().into_iter().chain(of_the_api()) {
        setup.google.heal();
        setup.google.inject(fault.clone(), Times::Always);
        let findings = setup.doctor();
        assert_eq!(findings.code, Some(1), "{fault:?}");
        let failed: Vec<String> =
            findings.of(check).into_iter().filter(|line| line.starts_with("FAIL")).collect();
        assert!(failed.iter().any(|line| line.contains(words)), "{fault:?}: {:#?}", findings.lines);
        assert_eq!(findings.with("FAIL"), [check], "{fault:?}");
        // What comes after a failure says so; what does not depend on Google is looked at all the same.
        assert!(findings.one("rows").contains(&format!("not checked, since {check} failed")), "{fault:?}");
        assert!(findings.one("data folder").starts_with("ok"), "{fault:?}");
        said.insert(words);
    }
    assert_eq!(
        said.len(),
        10 + 24 - 4,
        "one message for both bad arguments, both 429s and both 500s; and both ends"
    );
}
