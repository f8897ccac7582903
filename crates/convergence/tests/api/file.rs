//! `KEYS_FILE`: read again within a second of a save, and the last good one kept while it is broken.

use std::time::Duration;

use reqwest::Method;

use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// Four looks at the file: a second of the test clock.
const LOOK: Duration = Duration::from_millis(250);

#[tokio::test]
async fn p10_a_save_takes_effect_within_a_second() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    server.save_keys(&csv(&["new,New,,,TRUE,"]));
    let saved = server.clock.uptime();
    server.until_verified("new", 200, Duration::from_millis(50)).await;
    assert!(server.clock.uptime() <= saved + Duration::from_secs(1));
    assert_eq!(server.verify(KEY).await.code(), "unknown_api_key");
}

#[tokio::test]
async fn p10_a_file_renamed_into_place_is_seen() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    std::fs::write(server.path("new.csv"), csv(&["new,New,,,TRUE,"])).expect("a file");
    std::fs::rename(server.path("new.csv"), server.path("keys.csv")).expect("a rename");
    server.until_verified("new", 200, LOOK).await;
}

#[tokio::test]
async fn p20_a_half_written_or_broken_file_keeps_the_last_good_one() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let half = csv(&["new,New,,,TRUE,1", "other,Other,,,TR"]);
    let broken = [half.trim_end(), "", "a,b,c\n", "api_key,client_name\nk,C\n", "\u{0}\u{1}"];
    for contents in broken {
        server.save_keys(contents);
        let status = server.until_by("it is faulted", LOOK, |status| status["cache"]["stale"] == true).await;
        assert!(status["cache"]["last_error"].is_string(), "{status:#}");
        assert_eq!(server.verify(KEY).await.status, 200, "{contents:?}");
        assert_eq!(server.verify("new").await.status, 401, "{contents:?}");
        server.save_keys(&csv(&[EXAMPLE]));
        server.until_by("it is mended", LOOK, |status| status["cache"]["stale"] == false).await;
    }
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.until_by("it is missed", LOOK, |status| status["cache"]["stale"] == true).await;
    assert_eq!(server.verify(KEY).await.status, 200);
}

#[tokio::test]
async fn p04_one_bad_row_is_refused_and_all_others_work() {
    let bad = ["bad,Bad,,not a date,TRUE,", ",No Key,,,TRUE,", "nameless,,,,TRUE,"];
    let server = TestServer::with_keys(&csv(&[&bad[..], &[EXAMPLE]].concat())).await;
    assert_eq!(server.verify(KEY).await.status, 200);
    assert_eq!(server.verify("bad").await.code(), "inactive_api_key");
    let nameless = server.verify("nameless").await;
    assert_eq!((nameless.code().as_str(), nameless.header("x-client-name")), ("inactive_api_key", None));
}

#[tokio::test]
async fn p03_the_files_times_are_in_its_time_zone() {
    // Midnight UTC of the test clock is one o'clock in Paris.
    let settings = [("KEYS_TIME_ZONE", "Europe/Paris")];
    let server = TestServer::with_keys_and(&csv(&["k,C,,2025-12-01 01:00:00,TRUE,"]), &settings).await;
    assert_eq!(server.verify("k").await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verify("k").await.status, 401);
}

#[tokio::test]
async fn p03_rows_without_a_limit_have_the_default_one() {
    let server = TestServer::with_keys_and(&csv(&["k,C,,,TRUE,"]), &[("DEFAULT_RATE_LIMIT", "2")]).await;
    assert_eq!(server.verify("k").await.header("ratelimit-policy"), Some("\"default\";q=2;w=60"));
    let unlimited = TestServer::with_keys(&csv(&["k,C,,,TRUE,"])).await;
    assert_eq!(unlimited.verify("k").await.header("ratelimit-policy"), None);
}

#[tokio::test]
async fn revoked_at_refuses_from_its_second_on() {
    let file = "api_key,client_name,is_active,revoked_at\nk,C,yes,2025-12-01T00:00:10Z\n";
    let server = TestServer::with_keys(file).await;
    server.clock.advance(Duration::from_secs(9));
    assert_eq!(server.verify("k").await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verify("k").await.code(), "inactive_api_key");
}

#[tokio::test]
async fn p20_the_age_of_keys_is_bounded_for_files_too() {
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("API_KEY_MAX_STALE", "600")]).await;
    server.save_keys("broken");
    server.clock.advance(Duration::from_secs(601));
    let answer = server.send(server.request(Method::GET, "/x").bearer_auth(KEY)).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "authentication_unavailable"));
}
