//! `/health` and `/auth/status`, and the states that authentication can be in.

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{EXAMPLE, TestServer, csv};

#[tokio::test]
async fn p18_health_and_status_answer_without_a_key() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    assert_snapshot!(server.get("/health").await);
    assert_snapshot!(server.get("/auth/status").await);
    let head = server.send(server.request(Method::HEAD, "/health")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn p18_everything_else_needs_a_key_unknown_paths_too() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    for path in [
        "/",
        "/auth/verify",
        "/convergence/generate-audio",
        "/convergence/download/x.wav",
        "/health/",
        "/Health",
        "//health",
        "/nowhere",
        "/auth/status/x",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::DELETE] {
            let answer = server.send(server.request(method.clone(), path)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "authentication_required"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn p01_unset_or_false_leaves_the_api_open() {
    for settings in [&[][..], &[("AUTH_ENABLED", "false")], &[("AUTH_ENABLED", "0")], &[("AUTH_ENABLED", "")]]
    {
        let server = TestServer::with(settings).await;
        assert_eq!(server.get("/auth/verify").await.status, 200);
        let status = server.status().await;
        assert_eq!((&status["auth_enabled"], &status["mode"]), (&false.into(), &"disabled".into()));
    }
}

#[tokio::test]
async fn p21_missing_credentials_start_without_authentication_and_say_so() {
    let server = TestServer::with(&[("AUTH_ENABLED", "true")]).await;
    assert_eq!(server.verify("any key").await.status, 200);
    assert_snapshot!(server.get("/auth/status").await);

    let only_sheet = TestServer::with(&[("AUTH_ENABLED", "true"), ("GOOGLE_SHEET_ID", "1a2b3c")]).await;
    assert_eq!(only_sheet.status().await["reason"], "GOOGLE_CREDENTIALS_PATH is not set");

    let google = [("GOOGLE_SHEET_ID", "1a2b3c"), ("GOOGLE_CREDENTIALS_PATH", "{folder}/no-such-file.json")];
    let no_file = TestServer::with(&[&[("AUTH_ENABLED", "true")], &google[..]].concat()).await;
    let status = no_file.status().await;
    assert_eq!(status["reason"], "there is no file at GOOGLE_CREDENTIALS_PATH");
    assert_eq!((&status["auth_enabled"], &status["mode"]), (&false.into(), &"fallback".into()));
}

#[tokio::test]
async fn p22_a_keys_file_that_is_missing_never_opens() {
    let settings = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "{folder}/keys.csv")];
    let server = TestServer::with(&settings).await;
    server.until("the first read has failed", |status| status["cache"]["last_error"].is_string()).await;
    assert_snapshot!(server.get("/auth/status").await);
    assert_snapshot!(server.verify("any key").await);
    assert_eq!(server.get("/auth/verify").await.status, 503, "with or without a key");

    server.save_keys("api_key,client_name\nk,C\n");
    let status = server
        .until_by("the header is faulted", std::time::Duration::from_millis(250), |status| {
            status["cache"]["last_error"].as_str().is_some_and(|error| error.contains("is_active"))
        })
        .await;
    assert_eq!(status["mode"], "unavailable");

    server.save_keys("api_key,client_name,is_active\nk,C,TRUE\n");
    server.until_verified("k", 200, std::time::Duration::from_millis(250)).await;
}
