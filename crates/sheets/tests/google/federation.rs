//! Workload identity federation: the workload's own token, the exchange, and acting as a service account.

use serde_json::{Value, json};
use sheets::{Credentials, Error, SubjectTokenFault, TokenRejection};
use testkit::{Desk, Identity};

use crate::silence;
use crate::support::{any, assert_holds_no_secret, failure, failure_by, spreadsheet_by, with_identity};

fn workload(identity: &Identity) -> Credentials {
    any(&identity.workload_json(&identity.provider_source()))
}

fn file(contents: &str) -> tempfile::TempPath {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), contents).expect("a file");
    file.into_temp_path()
}

#[tokio::test]
async fn a_sheet_is_read_by_a_workload_whatever_form_its_token_has() {
    let (google, identity) = with_identity().await;
    let text = file(&format!("{}\n", identity.subject_token()));
    let member = file(&json!({ "token": identity.subject_token() }).to_string());
    let sources: [Value; 4] = [
        identity.provider_source(),
        identity.text_provider_source(),
        json!({ "file": &*text }),
        json!({ "file": &*member, "format": { "type": "json", "subject_token_field_name": "token" } }),
    ];
    for (done, source) in sources.iter().enumerate() {
        let credentials = any(&identity.workload_json(source));
        assert_eq!(credentials.client_email(), google.client_email(), "known from the address");
        let spreadsheet = spreadsheet_by(&google, &identity, credentials);
        spreadsheet.values("Keys").await.unwrap();
        spreadsheet.values("Keys").await.unwrap();
        assert_eq!(
            (identity.asked(Desk::Exchange), identity.asked(Desk::Impersonation)),
            (done + 1, done + 1)
        );
    }
    assert_eq!(identity.asked(Desk::Provider), 2);
    assert_eq!(identity.complaints(), [""; 0]);

    google.share(false);
    let error = failure(&google, &spreadsheet_by(&google, &identity, workload(&identity))).await;
    assert!(matches!(&error, Error::NotShared { client_email } if client_email == google.client_email()));
}

#[tokio::test]
async fn a_workload_without_a_token_of_its_own_is_told_what_is_wrong() {
    let (google, identity) = with_identity().await;
    let gone = file("").to_path_buf();
    let (empty, page) = (file(" \n"), file("<html> a page"));
    for (source, fault) in [
        (json!({ "file": gone }), SubjectTokenFault::File(std::io::ErrorKind::NotFound)),
        (json!({ "file": &*empty }), SubjectTokenFault::Format),
        (json!({ "file": &*page }), SubjectTokenFault::Format),
        (
            json!({ "file": &*page, "format": { "type": "json", "subject_token_field_name": "x" } }),
            SubjectTokenFault::Format,
        ),
    ] {
        let error = failure_by(&google, &identity, any(&identity.workload_json(&source))).await;
        assert!(matches!(&error, Error::SubjectToken(found) if *found == fault), "{error:?}");
    }
    identity.trouble(Desk::Provider, 401, "no");
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(matches!(error, Error::SubjectToken(SubjectTokenFault::Status(401))), "{error:?}");
    identity.trouble(Desk::Provider, 302, identity.url() + "/provider/text");
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(matches!(error, Error::SubjectToken(SubjectTokenFault::Status(302))), "{error:?}");
    identity.trouble(Desk::Provider, 503, "");
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(error.is_transient() && error.to_string().starts_with("the identity provider answered 503"));
    assert_eq!(identity.asked(Desk::Exchange), 0);
}

#[tokio::test]
async fn each_refusal_of_the_exchange_has_its_own_words() {
    use TokenRejection::*;
    let (google, identity) = with_identity().await;
    for (word, cause) in [
        ("invalid_grant", SubjectRejected),
        ("unauthorized_client", SubjectNotAllowed),
        ("invalid_target", PoolUnknown),
        ("odd", Other { status: 400 }),
    ] {
        let body = json!({ "error": word, "error_description": "ID Token issued at 1 is stale to sign-in." });
        identity.trouble(Desk::Exchange, 400, body.to_string());
        let error = failure_by(&google, &identity, workload(&identity)).await;
        assert!(matches!(&error, Error::TokenRejected(found) if *found == cause), "{word}: {error:?}");
    }
    identity.trouble(Desk::Exchange, 500, "{}");
    assert!(failure_by(&google, &identity, workload(&identity)).await.is_transient());
    identity.trouble(Desk::Exchange, 308, google.url() + "/token");
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(matches!(error, Error::Unreadable { status: 308, .. }), "{error:?}");
    assert_eq!((google.token_requests(), identity.asked(Desk::Impersonation)), (0, 0));
}

#[tokio::test]
async fn each_refusal_to_act_as_the_account_has_its_own_words() {
    use TokenRejection::*;
    let (google, identity) = with_identity().await;
    let denied = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message":
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)." } });
    let disabled = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": "x",
        "details": [{ "reason": "SERVICE_DISABLED" }] } });
    let invalid = json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT", "message": "x" } });
    let project = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": "x",
        "details": [{ "reason": "USER_PROJECT_DENIED" }] } });
    identity.trouble(Desk::Impersonation, 403, project.to_string());
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(matches!(error, Error::QuotaProject), "{error:?}");
    for (status, body, cause) in [
        (403, denied, MayNotImpersonate),
        (403, disabled, CredentialsApiDisabled),
        (400, invalid, Other { status: 400 }),
    ] {
        identity.trouble(Desk::Impersonation, status, body.to_string());
        let error = failure_by(&google, &identity, workload(&identity)).await;
        assert!(matches!(&error, Error::TokenRejected(found) if *found == cause), "{error:?}");
        assert!(!error.is_transient());
    }
    identity.trouble(Desk::Impersonation, 503, "");
    assert!(failure_by(&google, &identity, workload(&identity)).await.is_transient());
    let no_end = json!({ "accessToken": "ya29.c.x", "expireTime": "later" });
    identity.trouble(Desk::Impersonation, 200, no_end.to_string());
    let error = failure_by(&google, &identity, workload(&identity)).await;
    assert!(matches!(error, Error::Unreadable { status: 200, .. }), "{error:?}");
}

#[tokio::test]
async fn p24_the_log_shows_each_step_to_a_token_and_never_a_secret() {
    let (google, identity) = with_identity().await;
    spreadsheet_by(&google, &identity, workload(&identity)).values("Keys").await.unwrap();
    spreadsheet_by(&google, &identity, any(&identity.impersonated_json())).values("Keys").await.unwrap();
    let machine = Credentials::of_machine(Some(&identity.metadata_host())).unwrap();
    spreadsheet_by(&google, &identity, machine).values("Keys").await.unwrap();

    let log = silence::page().text();
    for query in [
        "subject_token",
        "sts.token",
        "iam.generateAccessToken",
        "token.refresh",
        "metadata.token",
        "metadata.email",
    ] {
        let line = format!("query=\"{query}\" status=200 duration_ms=");
        assert!(log.contains(&line), "no {line} in:\n{log}");
    }
    assert_holds_no_secret(&google, &log);
    for secret in identity.secrets() {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
