//! A client for the emulated Google, and the check that no error tells a secret.

use sheets::{Credentials, Error, Spreadsheet};
use testkit::{Google, Identity};

use crate::silence;

pub(crate) fn credentials(google: &Google) -> Credentials {
    silence::page();
    Credentials::from_json(google.credentials_json().as_bytes()).expect("the testkit's credentials are right")
}

pub(crate) fn spreadsheet(google: &Google) -> Spreadsheet {
    Spreadsheet::new(credentials(google), google.sheet_id(), &google.url())
        .expect("the testkit's address is right")
}

/// The error of one read of `Keys`, after checking what is true of every error.
pub(crate) async fn failure(google: &Google, spreadsheet: &Spreadsheet) -> Error {
    let error = spreadsheet.values("Keys").await.expect_err("the read was made to fail");
    assert_tells_no_secret(google, &error);
    error
}

/// Neither form of an error, nor of its causes, holds a token, an assertion, a key, the spreadsheet's id or a
/// body; and its message is lower case without a full stop.
pub(crate) fn assert_tells_no_secret(google: &Google, error: &Error) {
    let mut printed = format!("{error}\n{error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        printed.push('\n');
        printed.push_str(&error.to_string());
        cause = error.source();
    }
    assert_holds_no_secret(google, &printed);
    assert!(
        !printed.contains('<') && !printed.contains("PERMISSION_DENIED"),
        "a body shows through: {printed}"
    );

    let message = error.to_string();
    let first = message.chars().next().expect("a message is not empty");
    assert!(!first.is_uppercase() && !message.ends_with('.'), "{message}");
}

/// `ya29.` begins every token and `eyJ` every assertion (base64 of `{"`).
pub(crate) fn assert_holds_no_secret(google: &Google, printed: &str) {
    let key = google.credentials_json();
    let key = key.split("BEGIN PRIVATE KEY-----\\n").nth(1).expect("a key stands in the file");
    for secret in ["ya29.", "eyJ", "PRIVATE KEY", &key[..32], google.sheet_id()] {
        assert!(!printed.contains(secret), "{secret} shows in: {printed}");
    }
}

/// A client for the emulated Google by other credentials than a service account's key. What it asks of the API goes by
/// the desks' address, where it is noted who is to pay.
pub(crate) fn spreadsheet_by(google: &Google, identity: &Identity, credentials: Credentials) -> Spreadsheet {
    silence::page();
    Spreadsheet::new(credentials, google.sheet_id(), &identity.url()).expect("the testkit's address is right")
}

/// Credentials from a file of any kind.
pub(crate) fn any(json: &str) -> Credentials {
    Credentials::from_any_json(json.as_bytes()).expect("the testkit's credentials are right")
}

/// The error of one read by any credentials, after the checks of [`failure`] and one for the secrets of files.
pub(crate) async fn failure_by(google: &Google, identity: &Identity, credentials: Credentials) -> Error {
    let error = failure(google, &spreadsheet_by(google, identity, credentials)).await;
    for secret in identity.secrets() {
        assert!(!format!("{error} {error:?}").contains(secret), "{secret} shows in: {error:?}");
    }
    error
}

/// A Google with an empty tab `Keys`, and the desks.
pub(crate) async fn with_identity() -> (Google, Identity) {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let identity = Identity::start(&google).await;
    (google, identity)
}
