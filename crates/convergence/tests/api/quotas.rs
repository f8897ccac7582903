//! Quotas of the day and the month, and limits that are tried out, over HTTP.

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Google;

use crate::support::sheet::server_of;
use crate::support::{Answer, TestServer};

const HEADER: &str =
    "api_key,client_name,is_active,rate_limit,rate_limit_day,rate_limit_month,shadow_rate_limit";

const HOUR: u64 = 3_600;

fn keys(lines: &[&str]) -> String {
    [&[HEADER], lines].concat().join("\n") + "\n"
}

/// What is left under a policy, as an answer tells it.
fn left(answer: &Answer, policy: &str) -> Option<u64> {
    let limits = answer.header("ratelimit")?;
    let item = limits.split(", ").find(|item| item.starts_with(&format!("\"{policy}\";")))?;
    item.split(";r=").nth(1)?.split(';').next()?.parse().ok()
}

#[tokio::test]
async fn p17_a_used_up_quota_says_until_when_in_the_spreadsheets_time_zone() {
    let google = Google::start().await;
    // The test clock stands at 2025-12-01 00:00:00 UTC, which is an hour into the day there.
    google.set_time_zone("Europe/Paris");
    let header: Vec<Value> = HEADER.split(',').map(Value::from).collect();
    let row = vec!["k".into(), "C".into(), true.into(), 60.into(), json!(2), "5/month".into(), "".into()];
    google.set_tab("API_Keys", vec![header, row]);
    // The clock goes on by days, and no test waits for the reads in between.
    let server = server_of(&google, &[("API_KEY_MAX_STALE", "604800")]);
    server.until_read().await;
    assert_snapshot!(server.verify("k").await, @r#"
        200
        content-length: 0
        ratelimit-policy: "default";q=60;w=60, "day";q=2;w=86400, "month";q=5;w=2678400
        ratelimit: "default";r=59;t=60, "day";r=1;t=82800, "month";r=4;t=2674800
        x-client-name: C
    "#);
    assert_eq!(server.verify("k").await.status, 200);
    assert_snapshot!(server.verify("k").await, @r#"
        429
        content-length: 214
        content-type: application/problem+json
        ratelimit-policy: "default";q=60;w=60, "day";q=2;w=86400, "month";q=5;w=2678400
        ratelimit: "default";r=58;t=60, "day";r=0;t=82800, "month";r=3;t=2674800
        retry-after: 82800
        x-client-name: C

        {
          "code": "quota_exceeded",
          "detail": "this client has used up its requests for the day; it has new ones from 2025-12-02T00:00:00+01:00 on",
          "resets_at": "2025-12-02T00:00:00+01:00",
          "status": 429,
          "title": "Quota exceeded"
        }
    "#);
    server.clock.advance(Duration::from_secs(23 * HOUR - 1));
    assert_eq!(server.verify("k").await.header("retry-after"), Some("1"));
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verify("k").await.status, 200, "it is midnight there");
    assert_eq!(server.verify("k").await.status, 200);
    server.clock.advance(Duration::from_secs(24 * HOUR));
    assert_eq!(server.verify("k").await.status, 200);
    assert_snapshot!(server.verify("k").await, @r#"
        429
        content-length: 216
        content-type: application/problem+json
        ratelimit-policy: "default";q=60;w=60, "day";q=2;w=86400, "month";q=5;w=2678400
        ratelimit: "default";r=59;t=60, "day";r=1;t=86400, "month";r=0;t=2505600
        retry-after: 2505600
        x-client-name: C

        {
          "code": "quota_exceeded",
          "detail": "this client has used up its requests for the month; it has new ones from 2026-01-01T00:00:00+01:00 on",
          "resets_at": "2026-01-01T00:00:00+01:00",
          "status": 429,
          "title": "Quota exceeded"
        }
    "#);
}

#[tokio::test]
async fn all_limits_are_looked_at_before_any_is_spent() {
    let server = TestServer::with_keys(&keys(&["k,C,yes,1,2,9,", "l,C,yes,,9,9,"])).await;
    assert_eq!(server.verify("k").await.status, 200);
    let refused = server.verify("k").await;
    assert_eq!((refused.code(), left(&refused, "day")), ("rate_limit_exceeded".to_owned(), Some(1)));
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(server.verify("l").await.status, 200, "another key of the client takes of the same count");
    server.clock.advance(Duration::from_secs(61));
    let refused = server.verify("k").await;
    assert_eq!(refused.code(), "quota_exceeded");
    let all = ["default", "day", "month"].map(|policy| left(&refused, policy));
    assert_eq!(all, [Some(1), Some(0), Some(7)], "the minute is not spent, nor is the month");
}

#[tokio::test]
async fn a_quota_of_none_and_one_that_cannot_be_read_admit_nobody() {
    let server =
        TestServer::with_keys(&keys(&["none,N,yes,,,0,", "bad,B,yes,,many,,", "odd,O,yes,,,,many"])).await;
    assert_snapshot!(server.verify("none").await, @r#"
        429
        content-length: 137
        content-type: application/problem+json
        ratelimit-policy: "month";q=0;w=2678400
        ratelimit: "month";r=0;t=2678400
        retry-after: 2678400
        x-client-name: N

        {
          "code": "quota_exceeded",
          "detail": "this key allows no requests at all; ask whoever gave it to you",
          "status": 429,
          "title": "Quota exceeded"
        }
    "#);
    assert_eq!(server.verify("bad").await.code(), "inactive_api_key");
    assert_eq!(server.verify("odd").await.status, 200, "a limit that is tried out refuses nobody");
}

#[tokio::test]
async fn p14_a_quota_applies_to_what_was_used_before_it_was_set() {
    let server = TestServer::with_keys(&keys(&["k,C,yes,,,,"])).await;
    for _ in 0..3 {
        assert_eq!(server.verify("k").await.header("ratelimit"), None);
    }
    server.save_keys(&keys(&["k,C,yes,,3,,", "read,R,yes,,,,"]));
    server.until_verified("read", 200, Duration::from_millis(250)).await;
    assert_eq!(server.verify("k").await.code(), "quota_exceeded");
    server.save_keys(&keys(&["k,C,yes,,4,,", "again,R,yes,,,,"]));
    server.until_verified("read", 401, Duration::from_millis(250)).await;
    assert_eq!(server.verify("k").await.status, 200);
    assert_eq!(server.verify("k").await.code(), "quota_exceeded");
}

#[tokio::test]
async fn p20_a_restart_without_the_keys_keeps_their_quotas_and_their_days() {
    let settings = [("KEYS_TIME_ZONE", "Europe/Paris")];
    let mut server = TestServer::with_keys_and(&keys(&["k,C,yes,,2,,1"]), &settings).await;
    let whole = ["\"version\":4", "\"time_zone\":\"Europe/Paris\"", "\"further\":{\"day\":2,\"shadow\":1}"];
    server.until_file_holds("data/keys-snapshot.jsonl", &whole).await;
    server.stop();
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.restart_with(&[]);
    server.until("the snapshot is in use", |status| status["mode"] == "enabled").await;
    assert_eq!(server.verify("k").await.header("ratelimit"), Some("\"day\";r=1;t=82800"));
    // As it was written before there were quotas.
    let snapshot = server.path("data/keys-snapshot.jsonl");
    let written = std::fs::read_to_string(&snapshot).expect("a snapshot");
    let old = written.replace("\"version\":4", "\"version\":2").replace(whole[1], "\"x\":0");
    let old = old.replace(&format!("{},", whole[2]), "");
    server.stop();
    std::fs::write(&snapshot, old).expect("a snapshot");
    server.restart_with(&[]);
    server.until("it is in use", |status| status["mode"] == "enabled").await;
    let answer = server.verify("k").await;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
}

#[tokio::test]
async fn a_shadow_limit_is_counted_and_refuses_nothing() {
    let server = TestServer::with_keys(&keys(&["k,C,yes,9,,,2", "l,D,yes,9,,,"])).await;
    for key in ["k", "k", "k", "k", "l"] {
        let answer = server.verify(key).await;
        assert_eq!((answer.status, answer.header("ratelimit-policy")), (200, Some("\"default\";q=9;w=60")));
    }
    server.until_metric("convergence_shadow_refusals_total", 2.0).await;
}

#[tokio::test]
async fn p23_what_a_quota_has_refused_and_a_shadow_limit_would_have_is_in_the_usage() {
    let server = TestServer::with_keys(&keys(&["k,C,yes,,3,,1"])).await;
    for status in [200, 200, 200, 429] {
        assert_eq!(server.verify("k").await.status, status);
    }
    let used = server.send(server.admin(Method::GET, "/usage")).await.json();
    let count = |name: &str| used[0][name].as_u64();
    let counts =
        ["requests", "admitted", "rate_limited", "quota_exceeded", "shadow_limited", "failed"].map(count);
    assert_eq!(counts, [4, 3, 1, 1, 2, 0].map(Some), "{used}");
}

#[tokio::test]
async fn what_was_used_of_a_quota_survives_a_restart() {
    let mut server = TestServer::with_keys_and(&keys(&["k,C,yes,,4,5,"]), &[]).await;
    for status in [200, 200, 200] {
        assert_eq!(server.verify("k").await.status, status);
    }
    server.restart_with(&[]);
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    let answer = server.verify("k").await;
    assert_eq!((left(&answer, "day"), left(&answer, "month")), (Some(0), Some(1)));
    assert_eq!(server.verify("k").await.code(), "quota_exceeded");
    // The next day begins at midnight UTC, and the month goes on.
    server.restart_with(&[]);
    server.clock.advance(Duration::from_secs(24 * HOUR));
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    let answer = server.verify("k").await;
    assert_eq!((answer.status, left(&answer, "day"), left(&answer, "month")), (200, Some(3), Some(0)));
}
