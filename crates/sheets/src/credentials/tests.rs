//! What a file must have, and what is said if it has not.

use super::*;

fn refused(json: &str) -> CredentialsError {
    Credentials::from_json(json.as_bytes()).expect_err("the file is wrong")
}

fn refused_anywhere(json: &str) -> CredentialsError {
    Credentials::from_any_json(json.as_bytes()).expect_err("the file is wrong")
}

#[test]
fn each_fault_of_a_service_accounts_file_has_its_own_words() {
    let account = |rest: &str| format!(r#"{{"type":"service_account"{rest}}}"#);
    let mail = r#","client_email":"a@b.c""#;
    assert_eq!(refused("{"), CredentialsError::NotJson { line: 1, column: 1 });
    assert_eq!(refused(r#"{"installed":{}}"#), CredentialsError::NotServiceAccount);
    assert_eq!(refused(r#"{"type":"authorized_user"}"#), CredentialsError::NotServiceAccount);
    assert_eq!(refused(&account("")), CredentialsError::Missing("client_email"));
    assert_eq!(refused(&account(r#","client_email":" ""#)), CredentialsError::Missing("client_email"));
    assert_eq!(refused(&account(mail)), CredentialsError::Missing("private_key"));
    for uri in ["file:///etc/passwd", "http://oauth2.googleapis.com/token", "oauth2.googleapis.com"] {
        let uri = account(&format!(r#"{mail},"token_uri":"{uri}""#));
        assert_eq!(refused(&uri), CredentialsError::TokenUri);
    }
    let key = account(&format!(r#"{mail},"private_key":"-----BEGIN PRIVATE KEY-----\nAAAA""#));
    assert_eq!(refused(&key), CredentialsError::PrivateKey);
}

#[test]
fn a_kind_that_we_do_not_have_is_named_with_what_to_use() {
    for (json, name) in [
        (r#"{"type":"gdch_service_account"}"#, "gdch_service_account"),
        (r#"{"type":"external_account_authorized_user"}"#, "external_account_authorized_user"),
        (r#"{"type":"external_account","credential_source":{"environment_id":"aws1"}}"#, "aws"),
        (
            r#"{"type":"external_account","credential_source":{"executable":{"command":"x"}}}"#,
            "an executable",
        ),
        (r#"{"type":"external_account","credential_source":{"certificate":{}}}"#, "a certificate"),
        (r#"{"type":"external_account","workforce_pool_user_project":"7"}"#, "a workforce pool"),
    ] {
        let message = refused_anywhere(json).to_string();
        assert!(message.contains(name) && message.contains("; use a service account's key"), "{message}");
    }
    assert_eq!(refused_anywhere(r#"{"installed":{}}"#), CredentialsError::UnknownType);
    assert_eq!(refused_anywhere(r#"{"type":"sk-secret"}"#), CredentialsError::UnknownType);
    assert!(!refused_anywhere(r#"{"type":"sk-secret"}"#).to_string().contains("sk-"));
}

#[test]
fn each_fault_of_a_login_has_its_own_words() {
    let login = |rest: &str| refused_anywhere(&format!(r#"{{"type":"authorized_user"{rest}}}"#));
    let client = r#","client_id":"c","client_secret":"s""#;
    assert_eq!(login(""), CredentialsError::Member("client_id"));
    assert_eq!(login(r#","client_id":"c""#), CredentialsError::Member("client_secret"));
    assert_eq!(login(client), CredentialsError::Member("refresh_token"));
    assert_eq!(login(&format!(r#"{client},"refresh_token":" ""#)), CredentialsError::Member("refresh_token"));
    let sneaky = format!(r#"{client},"refresh_token":"r","quota_project_id":"a\r\nb: c""#);
    assert_eq!(login(&sneaky), CredentialsError::Member("quota_project_id"));
    let plain = format!(r#"{client},"refresh_token":"r","token_uri":"http://oauth2.googleapis.com/token""#);
    assert_eq!(login(&plain), CredentialsError::TokenUri);
}

#[test]
fn each_fault_of_a_federated_account_has_its_own_words() {
    let with = |name: &str, value: &str| {
        let mut file = serde_json::json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": { "file": "/token" },
            "service_account_impersonation_url":
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.c:generateAccessToken",
        });
        file[name] = serde_json::from_str(value).expect("the test's value is JSON");
        Credentials::from_any_json(file.to_string().as_bytes())
            .map(|account| account.client_email().to_owned())
    };
    assert_eq!(with("extra", "1"), Ok("a@b.c".to_owned()));
    for (name, value, error) in [
        ("audience", "null", CredentialsError::Member("audience")),
        ("subject_token_type", r#""""#, CredentialsError::Member("subject_token_type")),
        ("token_url", r#""http://sts.googleapis.com/v1/token""#, CredentialsError::Address("token_url")),
        ("token_url", "null", CredentialsError::Address("token_url")),
        ("service_account_impersonation_url", "null", CredentialsError::NoImpersonation),
        (
            "service_account_impersonation_url",
            r#""http://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.c:generateAccessToken""#,
            CredentialsError::Address("service_account_impersonation_url"),
        ),
        (
            "service_account_impersonation_url",
            r#""https://iamcredentials.googleapis.com/v1/""#,
            CredentialsError::Address("service_account_impersonation_url"),
        ),
        ("credential_source", "null", CredentialsError::Member("credential_source")),
        ("credential_source", "{}", CredentialsError::Member("credential_source")),
        (
            "credential_source",
            r#"{"file":"/a","url":"https://b"}"#,
            CredentialsError::Member("credential_source"),
        ),
        (
            "credential_source",
            r#"{"url":"http://169.254.169.254/"}"#,
            CredentialsError::Address("credential_source.url"),
        ),
        (
            "credential_source",
            r#"{"url":"https://b","headers":{"a":"x\r\ny: z"}}"#,
            CredentialsError::Member("credential_source"),
        ),
        (
            "credential_source",
            r#"{"file":"/a","format":{"type":"json"}}"#,
            CredentialsError::Member("credential_source"),
        ),
        (
            "credential_source",
            r#"{"file":"/a","format":{"type":"xml"}}"#,
            CredentialsError::Member("credential_source"),
        ),
    ] {
        assert_eq!(with(name, value), Err(error), "{name}: {value}");
    }
}

#[test]
fn each_fault_of_an_impersonated_account_has_its_own_words() {
    let with = |source: &str| {
        refused_anywhere(&format!(
            r#"{{"type":"impersonated_service_account","source_credentials":{source},
            "service_account_impersonation_url":"https://iam.example/v1/serviceAccounts/a@b.c:generateAccessToken"}}"#
        ))
    };
    assert_eq!(with("null"), CredentialsError::Member("source_credentials"));
    assert_eq!(with(r#"{"type":"odd"}"#), CredentialsError::Member("source_credentials"));
    assert_eq!(with(r#"{"type":"authorized_user"}"#), CredentialsError::Member("client_id"));
    assert!(matches!(with(r#"{"type":"external_account"}"#), CredentialsError::Unsupported(_)));
}
