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
async fn p15_each_refusal_says_why_and_what_to_do() {
    let server = TestServer::with_keys(&csv(LINES)).await;
    assert_snapshot!("no_header", server.get("/x").await);
    let basic = server.request(Method::GET, "/x").basic_auth("user", Some("password"));
    assert_snapshot!("wrong_scheme", server.send(basic).await);
    let two = server.request(Method::GET, "/x").bearer_auth("inactive").bearer_auth("inactive");
    assert_snapshot!("two_headers", server.send(two).await);
    assert_snapshot!("unknown", server.verify(KEY).await);
    assert_snapshot!("inactive", server.verify("inactive").await);
    assert_snapshot!("expired", server.verify("expired").await);
    assert_snapshot!("unreadable_row", server.verify("unreadable").await);
    assert_snapshot!("one_copy_inactive", server.verify("twice").await);
    assert_snapshot!("limit_of_none", server.verify("none").await);
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
