//! `/auth/verify`: the decision alone, and what every answer to a known client carries.

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{EXAMPLE, KEY, TestServer, csv};

#[tokio::test]
async fn p07_bearer_and_apikey_in_any_case_are_read_and_no_other_place() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    for scheme in ["Bearer", "ApiKey", "bearer", "APIKEY", "aPiKeY "] {
        let request =
            server.request(Method::GET, "/auth/verify").header("authorization", format!("{scheme} {KEY}"));
        assert_eq!(server.send(request).await.status, 200, "{scheme}");
    }
    let elsewhere = [
        server.request(Method::GET, &format!("/auth/verify?api_key={KEY}")),
        server.request(Method::GET, "/auth/verify").header("x-api-key", KEY),
        server.request(Method::GET, "/auth/verify").header("cookie", format!("api_key={KEY}")),
        server.request(Method::POST, "/auth/verify").body(format!("{{\"api_key\":\"{KEY}\"}}")),
    ];
    for request in elsewhere {
        assert_eq!(server.send(request).await.code(), "authentication_required");
    }
}

#[tokio::test]
async fn p16_p17_an_admitted_answer_names_the_client_and_its_quota() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    assert_snapshot!(server.verify(KEY).await, @r#"
        200
        content-length: 0
        ratelimit-policy: "default";q=60;w=60
        ratelimit: "default";r=59;t=60
        x-client-name: MyApp Production
    "#);
    let missing = server.send(server.request(Method::GET, "/nowhere").bearer_auth(KEY)).await;
    assert_snapshot!(missing, @r#"
        404
        content-length: 102
        content-type: application/problem+json
        ratelimit-policy: "default";q=60;w=60
        ratelimit: "default";r=58;t=60
        x-client-name: MyApp Production

        {
          "code": "not_found",
          "detail": "there is nothing at this path for you",
          "status": 404,
          "title": "Not found"
        }
    "#);
}

#[tokio::test]
async fn p16_a_client_name_cannot_inject_a_header() {
    let line = "k,\"Caf\u{e9}\r\nX-Evil: 1\",,,TRUE,";
    let server = TestServer::with_keys(&csv(&[line])).await;
    let answer = server.verify("k").await;
    assert_eq!(answer.header("x-client-name"), Some("Caf%C3%A9%0D%0AX-Evil: 1"));
    assert_eq!(answer.header("x-evil"), None);
}

#[tokio::test]
async fn p08_a_cell_may_hold_the_hash_and_the_hash_is_no_key() {
    let hash = gate_hash("sk-convergence-secret");
    let server = TestServer::with_keys(&csv(&[&format!("sha256:{hash},Sealed,,,TRUE,")])).await;
    assert_eq!(server.verify("sk-convergence-secret").await.header("x-client-name"), Some("Sealed"));
    for presented in [format!("sha256:{hash}"), hash] {
        assert_eq!(server.verify(&presented).await.code(), "unknown_api_key");
    }
}

#[tokio::test]
async fn p09_p10_an_expired_key_is_refused_the_second_it_expires_while_cached() {
    // The test clock stands at 2025-12-01 00:00:00 UTC.
    let server = TestServer::with_keys(&csv(&["k,C,,2025-12-01 00:01:00,TRUE,"])).await;
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(server.verify("k").await.status, 200, "valid up to and including expires_at");
    server.clock.advance(Duration::from_secs(1));
    let answer = server.verify("k").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "expired_api_key"));
    assert_eq!(answer.header("x-client-name"), Some("C"));
}

#[tokio::test]
async fn p11_p13_the_limit_holds_in_any_sixty_seconds() {
    let server = TestServer::with_keys(&csv(&["k,C,,,TRUE,3"])).await;
    for _ in 0..3 {
        assert_eq!(server.verify("k").await.status, 200);
        server.clock.advance(Duration::from_secs(10));
    }
    assert_snapshot!(server.verify("k").await, @r#"
        429
        content-length: 155
        content-type: application/problem+json
        ratelimit-policy: "default";q=3;w=60
        ratelimit: "default";r=0;t=31
        retry-after: 31
        x-client-name: C

        {
          "code": "rate_limit_exceeded",
          "detail": "this client has used up its requests for the minute; try again in 31 s",
          "status": 429,
          "title": "Rate limit exceeded"
        }
    "#);
    server.clock.advance(Duration::from_secs(30));
    assert_eq!(server.verify("k").await.status, 429, "the first of them is 60 s old, not more");
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(server.verify("k").await.status, 200);
    assert_eq!(server.verify("k").await.status, 429, "refused requests made no room");
}

#[tokio::test]
async fn p12_all_keys_of_a_client_share_its_window() {
    let server =
        TestServer::with_keys(&csv(&["a,C,,,TRUE,2", "b,C,,,TRUE,3", "c,C,,,TRUE,", "d,D,,,TRUE,1"])).await;
    assert_eq!(server.verify("c").await.status, 200);
    assert_eq!(server.verify("a").await.status, 200);
    assert_eq!(server.verify("a").await.status, 429, "the unlimited key's request fills the window too");
    assert_eq!(server.verify("b").await.status, 200);
    assert_eq!(server.verify("b").await.status, 429);
    assert_eq!(server.verify("c").await.status, 200);
    assert_eq!(server.verify("d").await.status, 200, "another client's window is its own");
}

#[tokio::test]
async fn p14_a_refresh_keeps_the_windows_and_a_changed_limit_applies_to_them() {
    let server = TestServer::with_keys(&csv(&["k,C,,,TRUE,2"])).await;
    assert_eq!(server.verify("k").await.status, 200);
    assert_eq!(server.verify("k").await.status, 200);
    server.save_keys(&csv(&["k,C,,,TRUE,3"]));
    server.until_verified("k", 200, Duration::from_millis(250)).await;
    assert_eq!(server.verify("k").await.status, 429, "two before the refresh and one after are three");
}

fn gate_hash(key: &str) -> String {
    gate::KeyHash::of(key.as_bytes()).to_hex()
}
