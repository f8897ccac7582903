//! A login with gcloud, for itself and acting as a service account.

use sheets::{Error, TokenRejection};
use testkit::{Desk, Fault, Times};

use crate::support::{any, failure, failure_by, spreadsheet_by, with_identity};

#[tokio::test]
async fn a_sheet_is_read_by_a_login_and_its_project_pays() {
    let (google, identity) = with_identity().await;
    let spreadsheet = spreadsheet_by(&google, &identity, any(&identity.login_json()));
    spreadsheet.values("Keys").await.unwrap();
    spreadsheet.properties().await.unwrap();
    assert_eq!(identity.asked(Desk::Refresh), 1);
    assert_eq!(identity.projects(), vec![Some("testkit-quota".to_owned()); 2]);

    google.share(false);
    let error = failure(&google, &spreadsheet).await;
    assert!(error.to_string().contains("share it with the google account that is logged in"), "{error}");
    assert_eq!(identity.complaints(), [""; 0]);
}

#[tokio::test]
async fn a_login_without_the_scope_is_told_how_to_log_in() {
    let (google, identity) = with_identity().await;
    google.inject(Fault::InsufficientScope, Times::Once);
    let by_api = failure_by(&google, &identity, any(&identity.login_json())).await;
    identity.trouble(Desk::Refresh, 400, r#"{"error": "invalid_scope", "error_description": "Bad Request"}"#);
    let by_endpoint = failure_by(&google, &identity, any(&identity.login_json())).await;
    for error in [by_api, by_endpoint] {
        assert!(matches!(error, Error::ScopeOfLogin), "{error:?}");
        let message = error.to_string();
        assert!(message.contains("gcloud auth application-default login --scopes="), "{message}");
        assert!(message.contains("set-quota-project") && !message.contains("share"), "{message}");
    }
}

#[tokio::test]
async fn a_login_without_a_project_is_told_to_name_one() {
    let (google, identity) = with_identity().await;
    google.inject(Fault::ApiDisabled, Times::Always);
    let error = failure_by(&google, &identity, any(&identity.login_json())).await;
    assert!(matches!(error, Error::ApiDisabled { .. }), "in the project that pays: {error:?}");
    let without = identity.login_json().replace("quota_project_id", "x");
    let error = failure_by(&google, &identity, any(&without)).await;
    assert!(matches!(error, Error::QuotaProject), "in gcloud's own: {error:?}");
}

#[tokio::test]
async fn a_login_that_has_ended_is_told_apart_from_an_outage() {
    let (google, identity) = with_identity().await;
    let ended = r#"{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}"#;
    identity.trouble(Desk::Refresh, 400, ended);
    let error = failure_by(&google, &identity, any(&identity.login_json())).await;
    assert!(matches!(error, Error::TokenRejected(TokenRejection::LoginEnded)), "{error:?}");
    assert!(error.to_string().contains("run gcloud auth application-default login again"), "{error}");

    identity.trouble(Desk::Refresh, 503, "<html>");
    assert!(failure_by(&google, &identity, any(&identity.login_json())).await.is_transient());

    identity.trouble(Desk::Refresh, 307, google.url() + "/token");
    let error = failure_by(&google, &identity, any(&identity.login_json())).await;
    assert!(matches!(error, Error::Unreadable { status: 307, .. }), "{error:?}");
    assert_eq!(google.token_requests(), 0, "a redirect is not followed");
}

#[tokio::test]
async fn a_login_acts_as_a_service_account() {
    let (google, identity) = with_identity().await;
    let spreadsheet = spreadsheet_by(&google, &identity, any(&identity.impersonated_json()));
    spreadsheet.values("Keys").await.unwrap();
    assert_eq!((identity.asked(Desk::Refresh), identity.asked(Desk::Impersonation)), (1, 1));
    assert_eq!(
        identity.projects(),
        [Some("testkit-quota".to_owned()), None],
        "the login's, then the account's"
    );

    google.share(false);
    let error = failure(&google, &spreadsheet).await;
    assert!(matches!(&error, Error::NotShared { client_email } if client_email == google.client_email()));
    assert_eq!(identity.complaints(), [""; 0]);
}

#[tokio::test]
async fn a_service_account_acts_as_another() {
    let (google, identity) = with_identity().await;
    let json = identity.impersonated_by_account_json();
    spreadsheet_by(&google, &identity, any(&json)).values("Keys").await.unwrap();
    assert_eq!((identity.asked(Desk::Assertion), identity.asked(Desk::Impersonation)), (1, 1));
    assert_eq!(identity.complaints(), [""; 0]);
}
