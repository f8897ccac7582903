//! `/health` and `/auth/status`, and the states that authentication can be in.

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{EXAMPLE, KEY, TestServer, csv};

#[tokio::test]
async fn p18_health_and_status_answer_without_a_key() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    assert_snapshot!(server.get("/health").await, @r#"
        200
        cache-control: no-store
        content-length: 33
        content-type: application/json

        {
          "status": "ok",
          "version": "0.1.0"
        }
    "#);
    assert_snapshot!(server.get("/auth/status").await, @r#"
        200
        cache-control: no-store
        content-length: 315
        content-type: application/json

        {
          "auth_enabled": true,
          "cache": {
            "age_seconds": 0,
            "last_error": null,
            "last_refresh": "2025-12-01T00:00:00Z",
            "stale": false
          },
          "cache_duration": 300,
          "google_sheets_configured": false,
          "google_sheets_connected": false,
          "key_source": "file",
          "mode": "enabled",
          "reason": null,
          "sheet_name": null,
          "usage": {
            "durable": true,
            "last_error": null
          }
        }
    "#);
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
        let server = TestServer::with(settings);
        assert_eq!(server.get("/auth/verify").await.status, 200);
        let status = server.status().await;
        assert_eq!((&status["auth_enabled"], &status["mode"]), (&false.into(), &"disabled".into()));
    }
}

#[tokio::test]
async fn p21_missing_credentials_start_without_authentication_and_say_so() {
    let server = TestServer::with(&[("AUTH_ENABLED", "true")]);
    assert_eq!(server.verify("any key").await.status, 200);
    assert_snapshot!(server.get("/auth/status").await, @r#"
        200
        cache-control: no-store
        content-length: 342
        content-type: application/json

        {
          "auth_enabled": false,
          "cache": {
            "age_seconds": null,
            "last_error": null,
            "last_refresh": null,
            "stale": false
          },
          "cache_duration": null,
          "google_sheets_configured": false,
          "google_sheets_connected": false,
          "key_source": null,
          "mode": "fallback",
          "reason": "neither KEYS_FILE nor GOOGLE_CREDENTIALS_PATH and GOOGLE_SHEET_ID are set",
          "sheet_name": null,
          "usage": null
        }
    "#);

    let only_sheet = TestServer::with(&[("AUTH_ENABLED", "true"), ("GOOGLE_SHEET_ID", "1a2b3c")]);
    assert_eq!(only_sheet.status().await["reason"], "GOOGLE_CREDENTIALS_PATH is not set");

    let google = [("GOOGLE_SHEET_ID", "1a2b3c"), ("GOOGLE_CREDENTIALS_PATH", "{folder}/no-such-file.json")];
    let no_file = TestServer::with(&[&[("AUTH_ENABLED", "true")], &google[..]].concat());
    let status = no_file.status().await;
    assert_eq!(status["reason"], "there is no file at GOOGLE_CREDENTIALS_PATH");
    assert_eq!((&status["auth_enabled"], &status["mode"]), (&false.into(), &"fallback".into()));
}

#[tokio::test]
async fn p22_credentials_that_cannot_be_looked_for_do_not_open_the_door() {
    // Below a file there is no folder to look in: a fault, and not the answer that nothing is there.
    let google =
        [("GOOGLE_SHEET_ID", "1a2b3c"), ("GOOGLE_CREDENTIALS_PATH", "{folder}/file/credentials.json")];
    let settings = [&[("AUTH_ENABLED", "true")], &google[..]].concat();
    let server = TestServer::with_files(&[("file", "")], &settings);
    let status = server.until("it fails", |status| status["cache"]["last_error"].is_string()).await;
    assert_eq!((&status["auth_enabled"], &status["mode"]), (&true.into(), &"unavailable".into()));
    assert_eq!(server.verify("any key").await.status, 503);
}

#[tokio::test]
async fn p20_keys_are_read_again_before_they_are_too_old() {
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("API_KEY_MAX_STALE", "10")]).await;
    assert_eq!(server.status().await["cache_duration"], 5, "half of the greatest age");
    for _ in 0..4 {
        let step = std::time::Duration::from_secs(5);
        server.clock.advance(step);
        server.until("they are read", |status| status["cache"]["age_seconds"] == 0).await;
        assert_eq!(server.verify(KEY).await.status, 200);
    }
}

#[tokio::test]
async fn p22_a_keys_file_that_is_missing_never_opens() {
    let settings = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "{folder}/keys.csv")];
    let server = TestServer::with(&settings);
    server.until("the first read has failed", |status| status["cache"]["last_error"].is_string()).await;
    assert_snapshot!(server.get("/auth/status").await, @r#"
        200
        cache-control: no-store
        content-length: 356
        content-type: application/json

        {
          "auth_enabled": true,
          "cache": {
            "age_seconds": null,
            "last_error": "the keys file cannot be read",
            "last_refresh": null,
            "stale": false
          },
          "cache_duration": 300,
          "google_sheets_configured": false,
          "google_sheets_connected": false,
          "key_source": "file",
          "mode": "unavailable",
          "reason": "the keys file cannot be read",
          "sheet_name": null,
          "usage": {
            "durable": true,
            "last_error": null
          }
        }
    "#);
    assert_snapshot!(server.verify("any key").await, @r#"
        503
        content-length: 175
        content-type: application/problem+json
        retry-after: 1

        {
          "code": "authentication_unavailable",
          "detail": "API keys cannot be checked at the moment; yours may be fine, try again later",
          "status": 503,
          "title": "Authentication unavailable"
        }
    "#);
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
