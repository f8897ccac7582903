//! Keys in a Google Sheet, read with application-default credentials (P05, P20-P22).

use std::time::Duration;

use convergence::config::{Config, Fault, Settings};
use testkit::{Desk, Fault as Broken, Google, Identity, Times};

use crate::support::sheet::{example, google_with, server_with};
use crate::support::{CACHE, KEY, TestServer};

/// A sheet with the guide's example row, and the servers that give tokens for it.
async fn google_with_identity() -> (Google, Identity) {
    let google = google_with(vec![example()]).await;
    let identity = Identity::start(&google).await;
    (google, identity)
}

/// A server of that sheet that looks for credentials in these places and nowhere else, with these files in its folder.
fn server_of(google: &Google, files: &[(&str, &str)], places: &[(&str, &str)]) -> TestServer {
    server_with(google, files, &[&[("GOOGLE_CREDENTIALS", "adc")][..], places].concat())
}

fn faults(settings: &[(&str, &str)]) -> Vec<Fault> {
    let settings: Settings =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::read(&settings).err().unwrap_or_default()
}

#[tokio::test]
async fn p05_keys_are_read_as_the_machines_account_by_the_metadata_server() {
    let (google, identity) = google_with_identity().await;
    let server = server_of(&google, &[], &[("GCE_METADATA_HOST", &identity.metadata_host())]);
    server.until_read().await;
    let answer = server.verify(KEY).await;
    assert_eq!((answer.status, answer.header("x-client-name")), (200, Some("MyApp Production")));
    assert_eq!(server.verify("unknown").await.code(), "unknown_api_key");

    server.clock.advance(CACHE);
    google.wait_for_reads(2).await;
    assert_eq!(identity.asked(Desk::Metadata), 1, "a token is kept from one read to the next");
    assert_eq!(identity.complaints(), [""; 0]);
}

#[tokio::test]
async fn p20_a_failed_read_costs_no_token_and_a_renewed_login_is_noticed() {
    let (google, identity) = google_with_identity().await;
    let workload = identity.workload_json(&identity.provider_source());
    let place = [("GOOGLE_APPLICATION_CREDENTIALS", "{folder}/adc.json")];
    let server = server_of(&google, &[("adc.json", &workload)], &place);
    server.until_read().await;
    let step = Duration::from_secs(1);
    for tokens in [1, 1] {
        // Both calls of a read fail.
        google.inject(Broken::InternalError, Times::Next(2));
        server.clock.advance(CACHE);
        server.until("it fails", |status| status["cache"]["stale"] == true).await;
        server.until_by("healed", step, |status| status["cache"]["stale"] == false).await;
        assert_eq!(identity.asked(Desk::Exchange), tokens);
    }
    std::fs::write(server.path("adc.json"), identity.impersonated_json()).expect("a credentials file");
    google.inject(Broken::InternalError, Times::Next(2));
    server.clock.advance(CACHE);
    server.until("it fails", |status| status["cache"]["stale"] == true).await;
    server.until_by("healed", step, |status| status["cache"]["stale"] == false).await;
    assert_eq!((identity.asked(Desk::Exchange), identity.asked(Desk::Refresh)), (1, 1));
    assert_eq!(identity.complaints(), [""; 0]);
}

#[tokio::test]
async fn p22_credentials_that_are_asked_for_and_not_found_never_open() {
    let (google, _identity) = google_with_identity().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
    let nobody = nobody.expect("an address").to_string();
    // An empty home, in which nobody has logged in.
    let places = [("GCE_METADATA_HOST", &*nobody), ("HOME", "{folder}")];
    let server = server_of(&google, &[], &places);
    server.until_shut("there are no application-default credentials").await;

    let gcloud = server.path(".config/gcloud");
    std::fs::create_dir_all(&gcloud).expect("a folder");
    std::fs::write(gcloud.join("application_default_credentials.json"), google.credentials_json())
        .expect("a credentials file");
    server.until_verified(KEY, 200, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn p05_gclouds_folder_may_be_elsewhere_and_goes_before_the_metadata_server() {
    let (google, identity) = google_with_identity().await;
    let host = identity.metadata_host();
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let login = folder.path().join("application_default_credentials.json");
    std::fs::write(login, identity.login_json()).expect("a credentials file");
    let gcloud = folder.path().to_str().expect("a UTF-8 path");
    let places = [("GCE_METADATA_HOST", &*host), ("CLOUDSDK_CONFIG", gcloud), ("HOME", "{folder}")];
    let server = server_of(&google, &[], &places);
    server.until_verified(KEY, 200, Duration::ZERO).await;
    assert_eq!((identity.asked(Desk::Refresh), identity.asked(Desk::Metadata)), (1, 0));
}

#[tokio::test]
async fn p22_a_named_file_that_is_missing_or_wrong_is_not_passed_over() {
    let (google, identity) = google_with_identity().await;
    let host = identity.metadata_host();
    let places = [("GCE_METADATA_HOST", &*host), ("GOOGLE_APPLICATION_CREDENTIALS", "{folder}/adc.json")];
    let server = server_of(&google, &[], &places);
    server.until_shut("the application-default credentials cannot be used").await;
    assert_eq!(identity.asked(Desk::Metadata), 0);
    std::fs::write(server.path("adc.json"), identity.impersonated_json()).expect("a credentials file");
    server.until_verified(KEY, 200, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn p22_a_machine_without_the_scope_is_told_of_its_access_scopes() {
    let (google, identity) = google_with_identity().await;
    google.inject(Broken::InsufficientScope, Times::Always);
    let server = server_of(&google, &[], &[("GCE_METADATA_HOST", &identity.metadata_host())]);
    server.until_shut("the vm's access scopes").await;
}

#[tokio::test]
async fn p21_credentials_without_a_sheet_are_no_source_of_keys() {
    let server = TestServer::with(&[("AUTH_ENABLED", "true"), ("GOOGLE_CREDENTIALS", "ADC")]);
    let status = server.status().await;
    assert_eq!((&status["mode"], &status["auth_enabled"]), (&"fallback".into(), &false.into()));
    assert_eq!(status["reason"], "GOOGLE_SHEET_ID is not set");
}

#[test]
fn only_one_way_to_credentials_may_be_set() {
    let both = faults(&[("GOOGLE_CREDENTIALS", "adc"), ("GOOGLE_CREDENTIALS_PATH", "/key.json")]);
    assert_eq!(both.len(), 1);
    assert_eq!(both[0].variable, "GOOGLE_CREDENTIALS and GOOGLE_CREDENTIALS_PATH");

    let word = faults(&[("GOOGLE_CREDENTIALS", r#"{"private_key":"sk-secret"}"#), ("GOOGLE_SHEET_ID", "x")]);
    assert_eq!(word.len(), 1);
    assert_eq!(word[0].variable, "GOOGLE_CREDENTIALS");
    assert!(word[0].wrong.starts_with("must be adc") && !word[0].wrong.contains("sk-"), "{}", word[0]);

    let file = faults(&[("GOOGLE_CREDENTIALS", "adc"), ("KEYS_FILE", "keys.csv")]);
    assert_eq!(file[0].variable, "KEYS_FILE and GOOGLE_SHEET_ID");
    assert!(faults(&[("GOOGLE_CREDENTIALS", "adc"), ("GOOGLE_SHEET_ID", "x")]).is_empty());
}
