//! Alerts, as whoever is told receives them.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Redis;

use crate::redis::PATIENT;
use crate::support::accident::{self, all_keys, file, is_well};
use crate::support::provider::{Provider, Reply};
use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// A little more than from one look to the next.
const LOOK: Duration = Duration::from_secs(61);

/// How long a server has for a look.
const WHILE: Duration = Duration::from_millis(500);

/// For tests that move the clock by days: the keys are not to be old for that.
const FOR_DAYS: [(&str, &str); 3] =
    [("ALERT_UNUSED_DAYS", "2"), ("API_KEY_CACHE_DURATION", "1000000"), ("API_KEY_MAX_STALE", "10000000")];

/// In the file of what was told.
const NOTHING_WAITS: &str = r#""waiting":[]"#;

/// A webhook that takes everything but the first messages, to which it does what these say.
async fn webhook(faults: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static) -> Provider {
    Provider::start(move |_, before| faults(before).unwrap_or_else(|| Reply::of("text/plain", "ok"))).await
}

async fn told_by(webhook: &Provider, keys: &str, settings: &[(&str, &str)]) -> TestServer {
    let url = webhook.url("/T0/secret");
    let own = [("ALERT_WEBHOOK_URL", url.as_str()), ("INSTANCE", "here"), ("ALERT_WEBHOOK_FORMAT", "json")];
    TestServer::with_keys_and(keys, &[&own, settings].concat()).await
}

/// Waits for this message, and says what is in it. The clock is moved by a look at a time, after which the server has a
/// while to make it.
async fn message(server: &TestServer, webhook: &Provider, number: usize) -> Value {
    let start = Instant::now();
    loop {
        server.clock.advance(LOOK);
        let moved = Instant::now();
        while moved.elapsed() < WHILE {
            let mut asked = webhook.asked();
            if asked.len() > number {
                return asked.swap_remove(number).body;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "there are {} messages", webhook.asked().len());
    }
}

/// Waits until the server has kept this, moving the clock likewise.
async fn until_kept(server: &TestServer, words: &[&str]) {
    let start = Instant::now();
    loop {
        let kept = std::fs::read_to_string(server.path("data/alerts.json")).unwrap_or_default();
        if words.iter().all(|word| kept.contains(word)) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "not yet {words:?}: {kept}");
        server.clock.advance(LOOK);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The sentences of a message.
fn sentences(message: &Value) -> Vec<&str> {
    let alerts = message["alerts"].as_array().expect("alerts");
    alerts.iter().map(|alert| alert["text"].as_str().expect("a text")).collect()
}

fn expiring(number: usize, at: &str) -> String {
    format!("key-{number},Client {number},,{at},TRUE,60")
}

#[tokio::test]
async fn what_is_new_at_a_look_comes_in_one_message_of_json_and_once() {
    let webhook = webhook(|_| None).await;
    let expiring = (0..500).map(|number| expiring(number, "2025-12-03 12:00:00"));
    let mut server = told_by(&webhook, &file(expiring.chain([EXAMPLE.to_owned()])), &[]).await;
    let mut first = message(&server, &webhook, 0).await;
    assert_eq!(first["alerts"].as_array().map(Vec::len), Some(500));
    let alert = first["alerts"][7].take();
    let at = alert["at"].as_str().expect("a moment");
    assert!(at.starts_with("2025-12-01T00:"), "{at}");
    let key = alert["key"].as_str().expect("a fingerprint");
    assert_eq!(key.len(), 12);
    assert_eq!(
        alert,
        json!({
            "id": format!("key_expires/{key}/2025-12-03T12:00:00Z/3"),
            "at": at,
            "event": "key_expires",
            "client_name": "Client 7",
            "key": key,
            "expires_at": "2025-12-03T12:00:00Z",
            "days_left": 3,
            "text": format!("A key of Client 7 ({key}) expires within 3 days, at 2025-12-03T12:00:00Z"),
        })
    );
    first["alerts"].take();
    first["sent_at"].take();
    let rest =
        json!({"source": "convergence", "instance": "here", "sent_at": null, "alerts": null, "left_out": 0});
    assert_eq!(first, rest);
    // What was told is known after a restart: the next message has what is new, and no more.
    until_kept(&server, &[NOTHING_WAITS]).await;
    server.restart_with(&[]);
    server.save_keys(&file((0..501).map(|number| self::expiring(number, "2025-12-03 12:00:00"))));
    let second = message(&server, &webhook, 1).await;
    assert_eq!(second["alerts"].as_array().map(Vec::len), Some(1), "{second:#}");
    assert_eq!(second["alerts"][0]["client_name"], "Client 500");
}

#[tokio::test]
async fn slack_gets_a_text() {
    let webhook = webhook(|_| None).await;
    let keys = csv(&["a,Ours & <!channel>,,2025-12-15,TRUE,60"]);
    let server = told_by(&webhook, &keys, &[("ALERT_WEBHOOK_FORMAT", "slack")]).await;
    let slack = message(&server, &webhook, 0).await;
    assert_eq!(slack.as_object().map(serde_json::Map::len), Some(1));
    assert_snapshot!(slack["text"].as_str().expect("a text"), @"
    Convergence on here
    \u{2022} A key of Ours &amp; &lt;!channel&gt; (ca978112ca1b) expires within 14 days, at 2025-12-15T00:00:00Z
    ");
    let asked = webhook.asked().remove(0);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/T0/secret"));
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_until_it_takes_all_that_waits() {
    let webhook = webhook(|before| match before {
        0 => Some(Reply::json(500, &json!({}))),
        1 => Some(Reply::json(503, &json!({})).with("retry-after", "100")),
        2 => Some(Reply::json(404, &json!({}))),
        _ => None,
    })
    .await;
    let mut server = told_by(&webhook, &csv(&["a,First,,2025-12-15,TRUE,60"]), &[]).await;
    message(&server, &webhook, 0).await;
    let asked_at = server.clock.uptime();
    message(&server, &webhook, 1).await;
    message(&server, &webhook, 2).await;
    assert!(server.clock.uptime() >= asked_at + Duration::from_secs(100), "it is left alone as it asks");
    // No request waits for it, and what waits is there after a restart.
    assert_eq!(server.verify("a").await.status, 200);
    server.restart_with(&[]);
    let taken = message(&server, &webhook, 3).await;
    assert!(sentences(&taken)[0].starts_with("A key of First"), "{taken:#}");
    server.save_keys(&csv(&["a,First,,2025-12-15,TRUE,60", "b,Second,,2025-12-15,TRUE,60"]));
    let next = message(&server, &webhook, 4).await;
    assert_eq!(sentences(&next).len(), 1, "what was taken is not told again: {next:#}");
}

#[tokio::test]
async fn quotas_errors_and_keys_that_nobody_uses_are_told_of() {
    let webhook = webhook(|_| None).await;
    let keys = "api_key,client_name,is_active,rate_limit_day\nused,Quota,TRUE,5\ndead,Failing,FALSE,\nidle,Idle,TRUE,\n";
    let server = told_by(&webhook, keys, &FOR_DAYS).await;
    until_kept(&server, &[r#""uses_seen_at":1"#]).await;
    for _ in 0..4 {
        assert_eq!(server.verify("used").await.status, 200);
    }
    let quota = message(&server, &webhook, 0).await;
    assert_eq!(
        sentences(&quota),
        ["Quota has used 80 % of its quota: 4 of 5 requests of the day, until 2025-12-02T00:00:00Z"]
    );
    for _ in 0..20 {
        assert_eq!(server.verify("dead").await.status, 401);
    }
    let errors = message(&server, &webhook, 1).await;
    let expected =
        "Failing has 20 errors in 20 requests of the last five minutes, after 0 in 0 of the hour before";
    assert_eq!(sentences(&errors), [expected]);
    server.clock.advance(Duration::from_hours(24));
    server.until_verified("used", 200, Duration::ZERO).await;
    server.clock.advance(Duration::from_hours(25));
    let unused = message(&server, &webhook, 2).await;
    let [sentence] = sentences(&unused)[..] else { panic!("{unused:#}") };
    assert!(
        sentence.starts_with("A key of Idle (")
            && sentence.ends_with(") works and was not used for 2 days; it never was")
    );
}

#[tokio::test]
async fn a_sheet_that_is_held_or_stale_is_told_of_and_that_it_is_well() {
    let webhook = webhook(|_| None).await;
    let server = told_by(&webhook, &all_keys(), &[]).await;
    server.until_history("the first keys are noted", 1).await;
    server.hold(&file([])).await;
    let held = message(&server, &webhook, 0).await;
    assert!(sentences(&held)[0].starts_with("A refresh is held"), "{held:#}");
    server.save_keys(&all_keys());
    server.until_by("it is repaired", accident::LOOK, is_well).await;
    let well = message(&server, &webhook, 1).await;
    assert_eq!(sentences(&well), ["The keys are read and in use again"]);
    server.save_keys("no,header\n");
    server.until_by("it fails", accident::LOOK, |status| !is_well(status)).await;
    server.clock.advance(Duration::from_mins(11));
    let stale = message(&server, &webhook, 2).await;
    let [sentence] = sentences(&stale)[..] else { panic!("{stale:#}") };
    assert!(sentence.contains("those of then stay in use: "), "{sentence}");
    server.save_keys(&all_keys());
    server.until_by("it is repaired", accident::LOOK, is_well).await;
    let well = message(&server, &webhook, 3).await;
    assert_eq!(sentences(&well), ["The keys are read and in use again"]);
}

#[tokio::test]
async fn of_servers_that_share_a_redis_one_tells() {
    let redis = Redis::start();
    let (webhook, url) = (webhook(|_| None).await, redis.url());
    let keys = csv(&["a,First,,2025-12-15,TRUE,60"]);
    let settings = |name| [("REDIS_URL", url.as_str()), PATIENT, ("INSTANCE", name)];
    let first = told_by(&webhook, &keys, &settings("first")).await;
    let second = told_by(&webhook, &keys, &settings("second")).await;
    for server in [&first, &second] {
        until_kept(server, &["key_expires/", NOTHING_WAITS]).await;
    }
    let asked = webhook.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    // What only one of them sees, that one tells.
    second.save_keys(&csv(&["a,First,,2025-12-15,TRUE,60", "b,Second,,2025-12-15,TRUE,60"]));
    let told = message(&second, &webhook, 1).await;
    assert_eq!((&told["instance"], sentences(&told).len()), (&json!("second"), 1), "{told:#}");
}

#[tokio::test]
async fn a_key_that_another_server_has_seen_used_is_not_told_of() {
    let redis = Redis::start();
    let (webhook, url) = (webhook(|_| None).await, redis.url());
    let keys = csv(&["used,Used,,,TRUE,", "idle,Idle,,,TRUE,"]);
    let settings =
        |name| [&[("REDIS_URL", url.as_str()), PATIENT, ("INSTANCE", name)], &FOR_DAYS[..]].concat();
    let first = told_by(&webhook, &keys, &settings("first")).await;
    let second = told_by(&webhook, &keys, &settings("second")).await;
    for server in [&first, &second] {
        until_kept(server, &[r#""uses_seen_at":17645"#]).await;
    }
    second.clock.advance(Duration::from_hours(24));
    assert_eq!(second.verify("used").await.status, 200);
    second.clock.advance(Duration::from_hours(24));
    until_kept(&second, &[r#""uses_seen_at":17647"#, "key_unused/", NOTHING_WAITS]).await;
    first.clock.advance(Duration::from_hours(49));
    until_kept(&first, &[r#""uses_seen_at":17647"#, "key_unused/", NOTHING_WAITS]).await;
    let asked = webhook.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let [sentence] = sentences(&asked[0].body)[..] else { panic!("{asked:?}") };
    assert!(sentence.starts_with("A key of Idle"), "{sentence}");
    let kept = std::fs::read_to_string(first.path("data/alerts.json")).expect("a file");
    assert_eq!(kept.matches("key_unused/").count(), 1, "{kept}");
}

#[tokio::test]
async fn nobody_learns_the_address() {
    let webhook = webhook(|_| Some(Reply::json(410, &json!({})))).await;
    let server = told_by(&webhook, &csv(&[EXAMPLE, "a,First,,2025-12-02,TRUE,60"]), &[]).await;
    message(&server, &webhook, 0).await;
    let answers = [
        server.get("/auth/status").await,
        server.verify(KEY).await,
        server.send(server.admin(Method::GET, "/metrics")).await,
    ];
    for answer in answers {
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
    let kept = std::fs::read_to_string(server.path("data/alerts.json")).expect("a file");
    assert!(kept.contains("First") && !kept.contains("secret") && !kept.contains(KEY), "{kept}");
}
