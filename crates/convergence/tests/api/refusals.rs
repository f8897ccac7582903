//! Every reason for a refusal, with its status, headers and words (P15).

use insta::assert_snapshot;
use reqwest::Method;
use reqwest::header::HeaderValue;

use crate::support::{KEY, TestServer, csv};

const LINES: &[&str] = &[
    "inactive,Inactive,,,FALSE,60",
    "expired,Expired,,2025-11-30,TRUE,",
    "unreadable,Unreadable,,sometime,TRUE,",
    "none,None Allowed,,,TRUE,0",
    "twice,Twice,,,TRUE,",
    "twice,Twice,,,FALSE,",
];

#[tokio::test]
async fn p15_a_request_without_a_readable_key_says_what_to_send() {
    let server = TestServer::with_keys(&csv(LINES)).await;
    assert_snapshot!(server.get("/x").await, @r#"
        401
        content-length: 142
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence"

        {
          "code": "authentication_required",
          "detail": "send your API key: Authorization: Bearer YOUR_KEY",
          "status": 401,
          "title": "Authentication required"
        }
    "#);
    let basic = server.request(Method::GET, "/x").basic_auth("user", Some("password"));
    assert_snapshot!(server.send(basic).await, @r#"
        401
        content-length: 156
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence"

        {
          "code": "authentication_required",
          "detail": "use the scheme Bearer or ApiKey: Authorization: Bearer YOUR_KEY",
          "status": 401,
          "title": "Authentication required"
        }
    "#);
    let two = server.request(Method::GET, "/x").bearer_auth("inactive").bearer_auth("inactive");
    assert_snapshot!(server.send(two).await, @r#"
        400
        content-length: 122
        content-type: application/problem+json

        {
          "code": "repeated_authorization",
          "detail": "send one Authorization header, not several",
          "status": 400,
          "title": "Bad request"
        }
    "#);
}

#[tokio::test]
async fn p15_each_key_that_is_refused_says_why_and_what_to_do() {
    let server = TestServer::with_keys(&csv(LINES)).await;
    assert_snapshot!(server.verify(KEY).await, @r#"
        401
        content-length: 160
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence", error="invalid_token"

        {
          "code": "unknown_api_key",
          "detail": "this key is not known; check it for typing errors, or wait for a new one to be read",
          "status": 401,
          "title": "Invalid API key"
        }
    "#);
    assert_snapshot!(server.verify("inactive").await, @r#"
        401
        content-length: 128
        content-type: application/problem+json
        ratelimit-policy: "default";q=60;w=60
        ratelimit: "default";r=60;t=0
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence", error="invalid_token"
        x-client-name: Inactive

        {
          "code": "inactive_api_key",
          "detail": "this key is not active; ask whoever gave it to you",
          "status": 401,
          "title": "Invalid API key"
        }
    "#);
    assert_snapshot!(server.verify("expired").await, @r#"
        401
        content-length: 139
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence", error="invalid_token"
        x-client-name: Expired

        {
          "code": "expired_api_key",
          "detail": "this key has expired; ask whoever gave it to you for a new one",
          "status": 401,
          "title": "Invalid API key"
        }
    "#);
}

#[tokio::test]
async fn p04_p13_rows_that_let_nobody_in_say_so() {
    let server = TestServer::with_keys(&csv(LINES)).await;
    assert_snapshot!(server.verify("unreadable").await, @r#"
        401
        content-length: 128
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence", error="invalid_token"
        x-client-name: Unreadable

        {
          "code": "inactive_api_key",
          "detail": "this key is not active; ask whoever gave it to you",
          "status": 401,
          "title": "Invalid API key"
        }
    "#);
    assert_snapshot!(server.verify("twice").await, @r#"
        401
        content-length: 128
        content-type: application/problem+json
        www-authenticate: ApiKey realm="convergence"
        www-authenticate: Bearer realm="convergence", error="invalid_token"
        x-client-name: Twice

        {
          "code": "inactive_api_key",
          "detail": "this key is not active; ask whoever gave it to you",
          "status": 401,
          "title": "Invalid API key"
        }
    "#);
    assert_snapshot!(server.verify("none").await, @r#"
        429
        content-length: 147
        content-type: application/problem+json
        ratelimit-policy: "default";q=0;w=60
        ratelimit: "default";r=0;t=60
        retry-after: 60
        x-client-name: None Allowed

        {
          "code": "rate_limit_exceeded",
          "detail": "this key allows no requests at all; ask whoever gave it to you",
          "status": 429,
          "title": "Rate limit exceeded"
        }
    "#);
}

#[tokio::test]
async fn p15_bytes_that_are_no_key_are_a_missing_authentication() {
    let server = TestServer::with_keys(&csv(LINES)).await;
    for bytes in
        [&b"Bearer \xff\xfe"[..], b"Bearer a b", b"Bearer", b"Bearer ", b"", b"\"Bearer k\"", b"Bearer,k"]
    {
        let value = HeaderValue::from_bytes(bytes).expect("a header's bytes");
        let answer = server.send(server.request(Method::GET, "/x").header("authorization", value)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "authentication_required"), "{bytes:?}");
        assert!(answer.header("www-authenticate").is_some());
    }
}
