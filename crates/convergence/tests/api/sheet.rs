//! Keys in a Google Sheet: our own client against a Google that speaks HTTP and can be broken (P05, P10, P19-P22).

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::sheet::{example, google_with, header, ready_server_of, row, server_as, server_of};
use crate::support::{CACHE, KEY};

#[tokio::test]
async fn p02_p05_a_key_typed_into_a_sheet_lets_a_client_in() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    assert_snapshot!(server.verify(KEY).await, @r#"
        200
        content-length: 0
        ratelimit-policy: "default";q=60;w=60
        ratelimit: "default";r=59;t=60
        x-client-name: MyApp Production
    "#);
    assert_snapshot!(server.get("/auth/status").await, @r#"
        200
        cache-control: no-store
        content-length: 328
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
          "google_sheets_configured": true,
          "google_sheets_connected": true,
          "key_source": "google_sheets",
          "mode": "enabled",
          "reason": null,
          "sheet_name": "API_Keys",
          "usage": {
            "durable": true,
            "last_error": null
          }
        }
    "#);
}

#[tokio::test]
async fn p03_serial_dates_are_in_the_spreadsheets_time_zone() {
    // 2025-12-01 01:00:00 as a serial; in Paris (UTC+1) that is the test clock's midnight UTC.
    let google = google_with(vec![row("k", "C", json!(45_992.041_666_666_664), true, "".into())]).await;
    google.set_time_zone("Europe/Paris");
    let server = ready_server_of(&google).await;
    assert_eq!(server.verify("k").await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verify("k").await.code(), "expired_api_key");
}

#[tokio::test]
async fn p05_another_tab_is_read_by_its_name() {
    let google = Google::start().await;
    google.set_tab("Jon's keys", vec![header(), example()]);
    let server = server_of(&google, &[("GOOGLE_SHEET_NAME", "Jon's keys")]);
    server.until("the tab is read", |status| status["mode"] == "enabled").await;
    assert_eq!(server.verify(KEY).await.status, 200);
    assert_eq!(server.status().await["sheet_name"], "Jon's keys");
}

#[tokio::test]
async fn p10_changes_take_effect_when_the_cache_expires() {
    let google = google_with(vec![example(), row("b", "B", "".into(), true, 1.into())]).await;
    let server = ready_server_of(&google).await;
    let changed = row("b", "B", "".into(), true, 2.into());
    google.set_tab("API_Keys", vec![header(), changed, row("c", "C", "".into(), true, "".into())]);
    assert_eq!(server.verify(KEY).await.status, 200, "cached");
    server.clock.advance(CACHE);
    google.wait_for_reads(2).await;
    server.until_verified("c", 200, Duration::ZERO).await;
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key");
    assert_eq!(server.verify("b").await.header("ratelimit-policy"), Some("\"default\";q=2;w=60"));
}

#[tokio::test]
async fn p19_requests_and_unknown_keys_cause_no_reads_but_one_early_refresh_in_ten_seconds() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    for number in 0..20 {
        assert_eq!(server.verify(KEY).await.status, 200);
        assert_eq!(server.verify(&format!("unknown-{number}")).await.status, 401);
    }
    assert_eq!(google.reads(), 1, "the first ten seconds belong to the last read");
    server.clock.advance(Duration::from_secs(10));
    google.wait_for_reads(2).await;
    for number in 0..20 {
        assert_eq!(server.verify(&format!("unknown-{number}")).await.status, 401);
    }
    server.clock.advance(Duration::from_secs(9));
    assert_eq!(server.verify("unknown").await.status, 401);
    assert_eq!(google.reads(), 2);
}

#[tokio::test]
async fn p19_no_request_waits_for_google() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);
    server.clock.advance(CACHE);
    for _ in 0..10 {
        assert_eq!(server.verify(KEY).await.status, 200);
        assert_eq!(server.verify("unknown").await.status, 401);
    }
}

#[tokio::test]
async fn p20_a_failed_refresh_keeps_the_last_good_keys_and_says_so() {
    let faults = [
        Fault::QuotaExceeded,
        Fault::InternalError,
        Fault::UnavailableAfterApplying,
        Fault::HtmlBody(502),
        Fault::HtmlBody(200),
        Fault::Reset,
        Fault::TruncatedBody,
        Fault::ApiDisabled,
        Fault::OfficeFile,
    ];
    let google =
        google_with(vec![example(), row("short", "S", json!(45_992.006_944_444_44), true, 1.into())]).await;
    let server = ready_server_of(&google).await;
    for fault in faults {
        google.inject(fault.clone(), Times::Always);
        server.clock.advance(CACHE);
        let what = format!("{fault:?} is noted");
        let status = server.until(&what, |status| status["cache"]["stale"] == true).await;
        assert_eq!(
            (&status["mode"], &status["google_sheets_connected"]),
            (&"enabled".into(), &false.into()),
            "{what}"
        );
        assert!(status["cache"]["age_seconds"].as_i64().is_some_and(|age| age >= 301), "{status:#}");
        assert!(status["reason"].is_string());
        assert_eq!(server.verify(KEY).await.status, 200, "{what}");
        google.heal();
        server.until_by("healed", Duration::from_secs(1), |status| status["cache"]["stale"] == false).await;
    }
    // Its expires_at was 00:10 of the test clock's day: exact whatever Google does.
    assert_eq!(server.verify("short").await.code(), "expired_api_key");
}

#[tokio::test]
async fn p20_too_old_keys_answer_503_and_never_401() {
    let google = google_with(vec![example()]).await;
    let server = server_of(&google, &[("API_KEY_MAX_STALE", "1000")]);
    server.until("the sheet is read", |status| status["mode"] == "enabled").await;
    google.inject(Fault::InternalError, Times::Always);
    server.clock.advance(Duration::from_secs(1_000));
    assert_eq!(server.verify(KEY).await.status, 200, "the last second");
    assert_eq!(server.status().await["mode"], "enabled");
    server.clock.advance(Duration::from_secs(1));
    for key in [KEY, "unknown"] {
        let answer = server.verify(key).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "authentication_unavailable"));
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(server.get("/auth/verify").await.status, 503, "without a key too");
    let status = server.status().await;
    assert_eq!((&status["mode"], &status["auth_enabled"]), (&"unavailable".into(), &true.into()));
    google.heal();
    server.until_by("healed", Duration::from_secs(1), |status| status["mode"] == "enabled").await;
    assert_eq!(server.verify(KEY).await.status, 200);
}

#[tokio::test]
async fn p20_the_snapshot_survives_a_restart_without_google_and_holds_no_key() {
    let google = google_with(vec![example()]).await;
    let mut server = ready_server_of(&google).await;
    let snapshot = server.path("data/keys-snapshot.jsonl");
    server.until("the snapshot is saved", |_| snapshot.exists()).await;
    let on_disk = std::fs::read_to_string(snapshot).expect("a snapshot");
    assert!(on_disk.contains("MyApp Production") && !on_disk.contains(KEY) && !on_disk.contains("abc123"));

    google.inject(Fault::InternalError, Times::Always);
    server.clock.advance(Duration::from_secs(100));
    server.restart_with(&[]);
    let status = server.until("the snapshot is used", |status| status["cache"]["stale"] == true).await;
    assert_eq!(status["mode"], "enabled");
    assert!(
        status["cache"]["age_seconds"].as_i64().is_some_and(|age| age >= 100),
        "its age survived: {status:#}"
    );
    assert_eq!(server.verify(KEY).await.status, 200);
    assert_eq!(server.verify("unknown").await.status, 401);

    for other in [("GOOGLE_SHEET_NAME", "Other"), ("GOOGLE_SHEET_ID", "another")] {
        server.restart_with(&[other]);
        server.until("it fails", |status| status["cache"]["last_error"].is_string()).await;
        assert_eq!(server.verify(KEY).await.status, 503, "a snapshot of another {} is not used", other.0);
    }
}

#[tokio::test]
async fn p20_a_lost_tab_or_header_is_a_failed_refresh_and_an_emptied_tab_is_obeyed() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.delete_tab("API_Keys");
    server.clock.advance(CACHE);
    server.until("the tab is missed", |status| status["cache"]["stale"] == true).await;
    assert_eq!(server.verify(KEY).await.status, 200);

    google.set_tab("API_Keys", vec![vec!["api_key".into(), "client_name".into()], example()]);
    let step = Duration::from_secs(10);
    server
        .until_by("the header is faulted", step, |status| {
            status["cache"]["last_error"].as_str().is_some_and(|error| error.contains("is_active"))
        })
        .await;
    assert_eq!(server.verify(KEY).await.status, 200);

    google.set_tab("API_Keys", vec![header()]);
    server.until_by("the header is back", step, |status| status["cache"]["stale"] == false).await;
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key", "no rows are no keys");
}

#[tokio::test]
async fn p22_credentials_that_do_not_work_never_open_and_are_tried_again() {
    let google = google_with(vec![example()]).await;
    google.share(false);
    let server = server_of(&google, &[]);
    server.until_shut("not shared").await;
    assert!(!server.status().await.to_string().contains(google.client_email()), "the status is public");
    google.share(true);
    server.until_verified(KEY, 200, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn p22_each_fault_at_the_start_is_503_with_its_reason() {
    let faults = [
        (Fault::TokenInvalidSignature, "key is not valid"),
        (Fault::TokenClockSkew, "clock"),
        (Fault::AccountNotFound, "does not exist or is disabled"),
        (Fault::TokenServerError, "token endpoint"),
        (Fault::QuotaExceeded, "quota"),
        (Fault::ApiDisabled, "not enabled"),
        (Fault::InsufficientScope, "scope"),
        (Fault::OfficeFile, "office file"),
        (Fault::HtmlBody(200), "json"),
    ];
    for (fault, words) in faults {
        let google = google_with(vec![example()]).await;
        google.inject(fault, Times::Always);
        let server = server_of(&google, &[]);
        server.until_shut(words).await;
    }
}

#[tokio::test]
async fn p22_a_malformed_credentials_file_is_503_until_it_is_replaced() {
    let google = google_with(vec![example()]).await;
    let server = server_as(&google, "{ not JSON", &[]);
    server.until_shut("credentials file").await;
    std::fs::write(server.path("credentials.json"), google.credentials_json()).expect("a credentials file");
    server.until_verified(KEY, 200, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_expired_token_is_renewed_without_a_failed_refresh() {
    let google = google_with(vec![example()]).await;
    let server = ready_server_of(&google).await;
    google.inject(Fault::ExpireTokens, Times::Once);
    server.clock.advance(CACHE);
    google.wait_for_reads(2).await;
    assert_eq!(server.status().await["cache"]["last_error"], Value::Null);
}
