//! Limits that are shared through Redis, as one server's clients and its operator see them. What several servers do
//! together is in the tests of the process.

use serde_json::{Value, json};
use testkit::Redis;

use crate::support::{TestServer, csv};

/// Of these tests none is about how fast Redis is.
pub const PATIENT: (&str, &str) = ("REDIS_TIMEOUT_MS", "10000");

async fn server(redis: &Redis, csv: &str, settings: &[(&str, &str)]) -> TestServer {
    let url = redis.url();
    let server =
        TestServer::with_keys_and(csv, &[&[("REDIS_URL", url.as_str()), PATIENT], settings].concat()).await;
    server.until("every thread can ask", |status| status["redis"]["connected"] == true).await;
    server
}

/// How many requests a client's window has, of the one client that has one.
fn counted(redis: &Redis) -> String {
    let window = redis.command(&["KEYS", "convergence:window:*"]);
    assert_eq!(window.lines().count(), 1, "{window}");
    redis.command(&["LRANGE", &window, "-1", "-1"])
}

#[tokio::test]
async fn p13_p17_an_answer_is_that_of_a_server_without_redis() {
    let header = "api_key,client_name,is_active,rate_limit,rate_limit_day,rate_limit_month\n";
    let rows = [
        "key,MyApp Production,TRUE,2,,",
        "both,Both,TRUE,9,2,7",
        "month,Month,TRUE,,,2",
        "free,Both,TRUE,,,",
    ];
    let keys = format!("{header}{}\n", rows.join("\n"));
    let redis = Redis::start();
    let shared = server(&redis, &keys, &[]).await;
    let alone = TestServer::with_keys(&keys).await;
    for key in ["key", "both", "month", "free", "both"] {
        for _ in 0..3 {
            let (of_redis, of_one) = (shared.verify(key).await, alone.verify(key).await);
            assert_eq!(timeless(&of_redis.to_string()), timeless(&of_one.to_string()));
        }
    }
}

/// Without how long it takes until there is room again: Redis' clock goes on where that of the test stands.
fn timeless(answer: &str) -> String {
    let line = |line: &str| {
        let marks = [";t=", "retry-after: ", "try again in "];
        marks
            .iter()
            .find_map(|mark| Some(line.split_once(mark)?.0.to_owned()))
            .unwrap_or_else(|| line.to_owned())
    };
    answer.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_a_quota_refuses_does_not_count_in_the_shared_window() {
    let header = "api_key,client_name,is_active,rate_limit,rate_limit_day\n";
    let redis = Redis::start();
    let server = server(&redis, &format!("{header}key,Acme,TRUE,9,2\nother,Acme,TRUE,9,\n"), &[]).await;
    for status in [200, 200, 429, 429] {
        assert_eq!(server.verify("key").await.status, status);
    }
    assert_eq!(server.verify("key").await.code(), "quota_exceeded");
    assert_eq!(counted(&redis), "2");
    assert_eq!(server.verify("other").await.status, 200);
    assert_eq!(counted(&redis), "3");
}

#[tokio::test]
async fn p23_each_request_is_counted_once_whoever_decides() {
    let mut redis = Redis::start();
    let server = server(&redis, &csv(&["key,Acme,,,TRUE,2"]), &[]).await;
    for status in [200, 200, 429] {
        assert_eq!(server.verify("key").await.status, status);
    }
    redis.kill();
    // By every link: while one of them has not heard of it, it knows what Redis said last.
    server.until_metric("convergence_redis_links{state=\"open\"}", 0.0).await;
    assert_eq!(server.verify("key").await.status, 429, "the own window knows of the two");
    let usage = server.send(server.admin(reqwest::Method::GET, "/usage")).await.json();
    let of_client = |name: &str| usage[0][name].clone();
    assert_eq!((of_client("admitted"), of_client("rate_limited")), (json!(2), json!(2)), "{usage}");
    assert_eq!(server.metric("convergence_redis_decisions_total{by=\"redis\"}").await, Some(3.0));
    assert_eq!(server.metric("convergence_redis_decisions_total{by=\"share\"}").await, Some(1.0));
}

#[tokio::test]
async fn the_status_says_how_redis_is_doing_and_names_nothing() {
    let mut redis = Redis::start_with(&["--requirepass", "s3cret"]);
    let server = server(&redis, &csv(&["key,Acme,,,TRUE,2"]), &[("REDIS_PASSWORD", "s3cret")]).await;
    let well = json!({
        "connected": true, "servers": 1, "fallback": "share", "away_since": null, "last_error": null
    });
    assert_eq!(server.status().await["redis"], well);
    assert_eq!(server.metric("convergence_redis_links{state=\"away\"}").await, Some(0.0));
    redis.kill();
    let away = server.until("it is away", |status| status["redis"]["connected"] == false).await;
    assert!(away["redis"]["away_since"].is_string(), "{away}");
    let said = away["redis"].to_string();
    assert!(!said.contains("127.0.0.1") && !said.contains("s3cret") && !said.contains("Acme"), "{said}");
    redis.restart();
    let back = server.until("it is back", |status| status["redis"]["connected"] == true).await;
    assert_eq!((&back["redis"]["away_since"], &back["redis"]["last_error"]), (&Value::Null, &Value::Null));

    let without = TestServer::with_keys(&csv(&["key,Acme,,,TRUE,2"])).await;
    assert_eq!(without.status().await.get("redis"), None);
    let metrics = without.send(without.admin(reqwest::Method::GET, "/metrics")).await;
    assert!(!String::from_utf8_lossy(&metrics.body).contains("convergence_redis_decisions_total{"));
}
