//! Application-default credentials are looked for where Google's libraries look, in their order.

use std::path::{Path, PathBuf};

use sheets::{CredentialsError, DefaultCredentials, DefaultCredentialsError};
use testkit::Google;

const LOGIN: &str = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;

/// gcloud's folder with such a file in it.
fn gcloud(json: &str) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("application_default_credentials.json"), json).expect("a file");
    folder
}

fn found(file: Option<&Path>, gcloud: Option<&Path>) -> Result<String, DefaultCredentialsError> {
    let places = DefaultCredentials {
        file: file.map(PathBuf::from),
        gcloud_folder: gcloud.map(PathBuf::from),
        metadata_host: None,
    };
    places.find().map(|credentials| credentials.client_email().to_owned())
}

#[tokio::test]
async fn the_named_file_goes_before_gclouds_and_that_before_the_metadata_server() {
    let google = Google::start().await;
    let login = gcloud(LOGIN);
    let key = login.path().join("key.json");
    std::fs::write(&key, google.credentials_json()).expect("a file");
    let account = Ok(google.client_email().to_owned());
    assert_eq!(found(Some(&key), Some(login.path())), account);
    let person = Ok("the google account that is logged in with gcloud".to_owned());
    assert_eq!(found(None, Some(login.path())), person);
    let machine = Ok("the service account of this machine".to_owned());
    assert_eq!(found(None, None), machine);
    assert_eq!(found(None, Some(&login.path().join("none"))), machine, "nobody has logged in");
    assert_eq!(found(None, Some(&key)), machine, "a folder that is a file");
}

#[test]
fn what_is_there_and_wrong_is_not_passed_over() {
    let login = gcloud(LOGIN);
    let missing = found(Some(&login.path().join("none")), Some(login.path())).unwrap_err();
    let words = "the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read: entity not found";
    assert_eq!(missing.to_string(), words);

    let broken = gcloud("{");
    let error = found(None, Some(broken.path())).unwrap_err();
    assert!(error.to_string().starts_with("gcloud's application_default_credentials.json: "), "{error}");
    let source = CredentialsError::NotJson { line: 1, column: 1 };
    assert!(matches!(error, DefaultCredentialsError::Content { source: found, .. } if found == source));

    let places =
        DefaultCredentials { metadata_host: Some("a b".to_owned()), ..DefaultCredentials::default() };
    let wrong = places.find().unwrap_err();
    assert_eq!(wrong, DefaultCredentialsError::Metadata(CredentialsError::MetadataHost));
}
