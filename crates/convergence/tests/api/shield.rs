//! `AUTH_FAILURE_LIMIT`: who presents too many keys that nobody knows. Every request here comes from 127.0.0.1; where several
//! addresses are needed, that is a trusted proxy.

use std::time::Duration;

use convergence::config::{Config, Settings};
use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{Answer, KEY, TestServer, csv};

const LINES: &[&str] = &[
    "sk-convergence-abc123xyz,MyApp Production,,,TRUE,",
    "other,Other,,,TRUE,",
    "none,None Allowed,,,TRUE,0",
    "inactive,Inactive,,,FALSE,60",
    "expired,Expired,,2025-11-30 23:59:59,TRUE,",
];

const PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.1");

async fn server(limit: &str, settings: &[(&str, &str)]) -> TestServer {
    TestServer::with_keys_and(&csv(LINES), &[&[("AUTH_FAILURE_LIMIT", limit)], settings].concat()).await
}

/// Presents `times` keys that nobody knows, each of which is told so.
async fn fail(server: &TestServer, times: usize) {
    for number in 0..times {
        assert_eq!(server.verify(&format!("guess-{number}")).await.code(), "unknown_api_key", "{number}");
    }
}

/// A request that a trusted proxy passes on.
async fn through(server: &TestServer, client: &str, key: &str) -> Answer {
    let request = server.request(Method::GET, "/auth/verify").header("x-forwarded-for", client);
    server.send(request.bearer_auth(key)).await
}

fn held(answer: &Answer) -> bool {
    let held = answer.status == 429 && answer.code() == "too_many_failed_attempts";
    assert!(held || answer.header("retry-after").is_none(), "{answer}");
    held
}

#[tokio::test]
async fn beyond_the_limit_a_new_key_waits_and_one_that_was_let_in_does_not() {
    let server = server("3", &[]).await;
    assert_eq!(server.verify(KEY).await.status, 200);
    fail(&server, 3).await;
    assert_snapshot!(server.verify("guess").await, @r#"
        429
        content-length: 193
        content-type: application/problem+json
        retry-after: 64

        {
          "code": "too_many_failed_attempts",
          "detail": "too many requests from your address had no key that is known; check the key, and try again in 64 s",
          "status": 429,
          "title": "Too many failed attempts"
        }
    "#);
    assert!(held(&server.verify("other").await), "it works, and this server has not let it in yet");
    assert!(held(&server.verify("expired").await), "nothing is looked up, and no client named");
    assert!(held(&server.send(server.request(Method::GET, "/any/path").bearer_auth("other")).await));
    assert_eq!(server.verify(KEY).await.status, 200);
    assert_eq!(server.get("/auth/verify").await.code(), "authentication_required", "nothing is attempted");
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test]
async fn the_wait_is_exact_and_what_is_refused_meanwhile_does_not_prolong_it() {
    let server = server("3", &[]).await;
    fail(&server, 1).await;
    server.clock.advance(Duration::from_millis(20_500));
    fail(&server, 2).await;
    // The first one counts for 64 s from the start of its slot, which was the start of the test's clock.
    assert_eq!(server.verify("other").await.header("retry-after"), Some("44"));
    server.clock.advance(Duration::from_secs(43));
    for _ in 0..10 {
        assert_eq!(server.verify("guess").await.header("retry-after"), Some("1"));
    }
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verify("other").await.status, 200, "another key has its turn");
    fail(&server, 1).await;
    assert_eq!(server.verify("guess").await.header("retry-after"), Some("20"), "two are as old as that");
    server.clock.advance(Duration::from_secs(20));
    fail(&server, 2).await;
    assert!(held(&server.verify("guess").await));
}

#[tokio::test]
async fn what_cannot_be_read_as_a_key_counts_and_what_is_known_does_not() {
    let server = server("3", &[]).await;
    for _ in 0..5 {
        assert_eq!(server.get("/auth/verify").await.status, 401);
        assert_eq!(server.verify("none").await.code(), "rate_limit_exceeded");
        assert_eq!(server.verify("inactive").await.code(), "inactive_api_key");
        assert_eq!(server.verify("expired").await.code(), "expired_api_key");
    }
    let sent = |authorization: &str| {
        server.send(server.request(Method::GET, "/").header("authorization", authorization))
    };
    assert_eq!(sent("Basic abc").await.code(), "authentication_required");
    assert_eq!(sent("Bearer").await.code(), "authentication_required");
    let two = server.request(Method::GET, "/").bearer_auth("other").bearer_auth("other");
    assert_eq!(server.send(two).await.code(), "repeated_authorization");
    assert!(held(&sent("Basic abc").await) && held(&server.verify("other").await));
}

#[tokio::test]
async fn addresses_have_limits_of_their_own_behind_a_trusted_proxy() {
    let server = server("2", &[PROXY]).await;
    for bad in ["192.0.2.1", "2001:db8:0:1::1"] {
        for _ in 0..2 {
            assert_eq!(through(&server, bad, "guess").await.status, 401);
        }
        assert!(held(&through(&server, bad, KEY).await), "{bad}");
    }
    assert!(held(&through(&server, "2001:db8:0:1:2:3:4:5", KEY).await), "of the same /64");
    assert!(held(&through(&server, "203.0.113.9, 192.0.2.1", KEY).await), "the proxy has said the last one");
    for other in ["192.0.2.2", "2001:db8:0:2::1", "192.0.2.1, 203.0.113.9"] {
        assert_eq!(through(&server, other, KEY).await.status, 200, "{other}");
    }
    assert!(held(&through(&server, "192.0.2.1", KEY).await), "let in elsewhere, and perhaps a guess here");
    assert_eq!(server.verify("guess").await.status, 401, "the proxy itself has not failed");
}

#[tokio::test]
async fn clients_whose_address_a_trusted_proxy_muddles_share_the_proxys_limit() {
    let server = server("2", &[PROXY]).await;
    for muddled in ["what?", "192.0.2.7, unknown"] {
        assert_eq!(through(&server, muddled, "guess").await.status, 401);
    }
    for muddled in ["else?", ""] {
        assert!(held(&through(&server, muddled, KEY).await), "{muddled:?}");
    }
    assert_eq!(through(&server, "192.0.2.7", KEY).await.status, 200);
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_chooses_another_address() {
    let server = server("2", &[]).await;
    for number in 0..2 {
        assert_eq!(through(&server, &format!("192.0.2.{number}"), "guess").await.status, 401);
    }
    assert!(held(&through(&server, "192.0.2.3", KEY).await));
}

#[tokio::test]
async fn p20_keys_that_are_too_old_are_said_before_failed_attempts() {
    let settings = [("API_KEY_CACHE_DURATION", "5"), ("API_KEY_MAX_STALE", "10")];
    let server = server("2", &settings).await;
    fail(&server, 2).await;
    assert!(held(&server.verify(KEY).await));
    let still_over = server.clock.uptime() + Duration::from_mins(1);
    std::fs::remove_file(server.path("keys.csv")).expect("there is one");
    server.until_code("/auth/verify", KEY, "authentication_unavailable", Duration::from_secs(2)).await;
    assert!(server.clock.uptime() < still_over, "and not only since its failures are forgotten");
    server.save_keys(&csv(LINES));
    server.until_by("it is back", Duration::from_secs(1), |status| status["mode"] == "enabled").await;
}

#[tokio::test]
async fn what_was_let_in_and_is_not_known_any_more_is_held_back() {
    let server = server("2", &[("API_KEY_CACHE_DURATION", "5")]).await;
    for key in [KEY, "other"] {
        assert_eq!(server.verify(key).await.status, 200);
    }
    server.save_keys(&csv(&[LINES[0]]));
    server.until_code("/any/path", "other", "unknown_api_key", Duration::from_secs(2)).await;
    fail(&server, 1).await;
    assert!(held(&server.verify("guess").await));
    assert!(held(&server.verify("other").await), "it is looked up, and one too many");
    assert_eq!(server.verify(KEY).await.status, 200);
}

#[tokio::test]
async fn a_key_that_was_let_in_passes_under_either_scheme() {
    let server = server("1", &[]).await;
    assert_eq!(server.verify(KEY).await.status, 200);
    fail(&server, 1).await;
    let request =
        server.request(Method::GET, "/auth/verify").header("authorization", format!("apikey {KEY}"));
    assert_eq!(server.send(request).await.status, 200);
    let twice = server.request(Method::GET, "/auth/verify").bearer_auth(KEY).bearer_auth(KEY);
    assert!(held(&server.send(twice).await), "it says no key");
}

#[tokio::test]
async fn what_is_held_back_is_counted() {
    let server = server("2", &[]).await;
    let count = |result: &str| format!("convergence_auth_attempts_total{{result=\"{result}\"}}");
    for _ in 0..5 {
        server.get("/auth/verify").await;
        server.verify("guess").await;
    }
    assert_eq!(server.metric(&count("failed")).await, Some(2.0));
    assert_eq!(server.metric(&count("held_back")).await, Some(3.0));
}

#[tokio::test]
async fn thirty_may_fail_unless_another_number_is_set_and_with_0_any_number() {
    let by_default = server("", &[]).await;
    fail(&by_default, 30).await;
    assert!(held(&by_default.verify(KEY).await));
    let off = server("0", &[]).await;
    fail(&off, 100).await;
    assert_eq!(off.verify(KEY).await.status, 200);
    let mut wrong = Settings::default();
    wrong.set("AUTH_FAILURE_LIMIT", "many");
    let faults = Config::read(&wrong).err().expect("no number");
    assert_eq!(faults[0].to_string(), "AUTH_FAILURE_LIMIT: must be a whole number from 0 to 10000");
}
