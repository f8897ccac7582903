//! Each way in which Google says no becomes an error that says what to do.

use sheets::{Credentials, CredentialsError, Error, Service, Spreadsheet, TokenRejection};
use testkit::{Fault, Google, Times};

use crate::support::{assert_tells_no_secret, credentials, failure, spreadsheet};

/// Whether an error is the one that a fault should become.
type Right<E> = fn(&E) -> bool;

#[tokio::test]
async fn a_spreadsheet_that_is_not_shared_names_the_address_to_share_it_with() {
    let google = Google::start().await;
    google.share(false);
    let error = failure(&google, &spreadsheet(&google)).await;
    assert!(matches!(&error, Error::NotShared { client_email } if client_email == google.client_email()));
    assert!(error.to_string().contains(&format!("share it with {}", google.client_email())));
    assert!(!error.is_transient());
    assert!(matches!(spreadsheet(&google).properties().await, Err(Error::NotShared { .. })));
}

#[tokio::test]
async fn a_missing_tab_is_named() {
    let google = Google::start().await;
    let spreadsheet = spreadsheet(&google);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(&error, Error::TabMissing { tab } if tab == "Keys"));
    assert!(error.to_string().contains(r#"no tab "Keys"; create it"#));

    google.set_tab("Keys", vec![]);
    assert!(spreadsheet.values("Keys").await.is_ok());
    google.rename_tab("Keys", "keys");
    assert!(matches!(spreadsheet.values("Keys").await, Err(Error::TabMissing { .. })));
    google.delete_tab("keys");
    assert!(matches!(spreadsheet.values("keys").await, Err(Error::TabMissing { .. })));
}

#[tokio::test]
async fn a_wrong_id_says_where_the_right_one_stands() {
    let google = Google::start().await;
    let wrong = Spreadsheet::new(credentials(&google), "wrong-id", &google.url()).unwrap();
    let error = failure(&google, &wrong).await;
    assert!(matches!(error, Error::SheetNotFound));
    assert!(error.to_string().contains("between /d/ and /edit"));

    let address = format!("https://docs.google.com/spreadsheets/d/{}/edit", google.sheet_id());
    for id in ["", "..", "a/b", "a?b", &address] {
        let refused = Spreadsheet::new(credentials(&google), id, &google.url()).err().expect(id);
        assert!(matches!(refused, Error::SheetId));
        assert_tells_no_secret(&google, &refused);
    }
    for endpoint in ["", "sheets.googleapis.com", "ftp://x", "https://x/?y"] {
        let refused = Spreadsheet::new(credentials(&google), "id", endpoint).err().expect(endpoint);
        assert!(matches!(refused, Error::Endpoint));
    }
}

/// Faults of the API: what the message must say, and whether a retry may help.
#[tokio::test]
async fn every_refusal_of_the_api_has_its_own_error() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = spreadsheet(&google);
    let cases: [(Fault, &str, bool, Right<Error>); 10] = [
        (Fault::QuotaExceeded, "wait a minute", true, |e| {
            matches!(e, Error::QuotaExceeded { retry_after: None })
        }),
        (Fault::InternalError, "google sheets answered 500", true, |e| {
            matches!(e, Error::Server { status: 500, .. })
        }),
        (Fault::UnavailableAfterApplying, "answered 503", true, |e| {
            matches!(e, Error::Server { status: 503, .. })
        }),
        (Fault::HtmlBody(502), "answered 502", true, |e| matches!(e, Error::Server { status: 502, .. })),
        (Fault::HtmlBody(429), "wait a minute", true, |e| matches!(e, Error::QuotaExceeded { .. })),
        (Fault::HtmlBody(200), "check the endpoint", false, |e| {
            matches!(e, Error::Unreadable { status: 200, .. })
        }),
        (Fault::HtmlBody(404), "check the endpoint", false, |e| {
            matches!(e, Error::Unreadable { status: 404, .. })
        }),
        (
            Fault::ApiDisabled,
            "enable it at https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=",
            false,
            |e| matches!(e, Error::ApiDisabled { .. }),
        ),
        (Fault::InsufficientScope, "auth/spreadsheets", false, |e| matches!(e, Error::InsufficientScope)),
        (Fault::OfficeFile, "save as google sheets", false, |e| matches!(e, Error::OfficeFile)),
    ];
    for (fault, says, transient, right) in cases {
        google.inject(fault.clone(), Times::Once);
        let error = failure(&google, &spreadsheet).await;
        assert!(right(&error), "{fault:?}: {error:?}");
        assert!(error.to_string().contains(says), "{fault:?}: {error}");
        assert_eq!(error.is_transient(), transient, "{fault:?}");
        assert_eq!(error.retry_after(), None, "google sends none");
        assert!(spreadsheet.values("Keys").await.is_ok(), "healed after {fault:?}");
    }
    assert_eq!(google.token_requests(), 1, "none of these is the token's fault");
}

#[tokio::test]
async fn every_refusal_of_the_account_has_its_own_cause() {
    let google = Google::start().await;
    google.set_tab("Keys", vec![]);
    let spreadsheet = spreadsheet(&google);
    let cases: [(Fault, &str, Right<TokenRejection>); 3] = [
        (Fault::TokenInvalidSignature, "create a new json key", |c| {
            matches!(c, TokenRejection::InvalidSignature)
        }),
        (Fault::AccountNotFound, "does not exist or is disabled", |c| {
            matches!(c, TokenRejection::AccountNotFound)
        }),
        (Fault::TokenClockSkew, "set the clock", |c| {
            matches!(c, TokenRejection::ClockSkew { skew_seconds: Some(-7260..=-7140) })
        }),
    ];
    for (fault, says, right) in cases {
        google.inject(fault.clone(), Times::Once);
        let error = failure(&google, &spreadsheet).await;
        assert!(matches!(&error, Error::TokenRejected(cause) if right(cause)), "{fault:?}: {error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.is_transient());
    }
    google.inject(Fault::TokenServerError, Times::Once);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(error, Error::Server { service: Service::Token, status: 503, .. }), "{error:?}");
    assert!(error.is_transient());

    assert_eq!(google.reads(), 0, "without a token nothing is asked");
    assert!(spreadsheet.values("Keys").await.is_ok(), "no failure is kept");
}

#[tokio::test]
async fn a_key_of_another_account_is_refused_by_its_signature() {
    let google = Google::start().await;
    let other = google.credentials_json().replace(google.client_email(), "other@example.com");
    let other = Credentials::from_json(other.as_bytes()).unwrap();
    assert_eq!(other.client_email(), "other@example.com");
    let error = failure(&google, &Spreadsheet::new(other, google.sheet_id(), &google.url()).unwrap()).await;
    assert!(matches!(error, Error::TokenRejected(TokenRejection::InvalidSignature)), "{error:?}");
}

#[tokio::test]
async fn credentials_show_their_address_and_no_key() {
    let google = Google::start().await;
    let shown = format!("{:?}", credentials(&google));
    assert_eq!(shown, format!("Credentials {{ client_email: {:?}, .. }}", google.client_email()));

    let damaged = google.credentials_json().replace("\\nMII", "\\nXXX");
    let refused = Credentials::from_json(damaged.as_bytes()).unwrap_err();
    assert_eq!(refused, CredentialsError::PrivateKey);
    assert!(refused.to_string().contains("download the service account's key again"));
    let marked = [b"\xEF\xBB\xBF", google.credentials_json().as_bytes()].concat();
    assert!(Credentials::from_json(&marked).is_ok(), "a byte order mark is harmless");
}
