//! What `/metrics` counts of requests: each once, whatever came of it, and however it came.

use reqwest::{Client, Method};

use crate::ext_authz;
use crate::support::{EXAMPLE, KEY, TestServer, Upstream, Wire, csv};

const LINES: &[&str] = &[EXAMPLE, "none,None Allowed,,,TRUE,0", "old,Old,,2025-11-30,TRUE,5"];

/// The lines of one metric, sorted; without those of public paths, which tests look at while they wait.
async fn lines(server: &TestServer, metric: &str) -> Vec<String> {
    let text = server.send(server.admin(Method::GET, "/metrics")).await.body;
    let text = String::from_utf8(text).expect("UTF-8");
    let named = text.lines().filter_map(|line| line.strip_prefix(metric));
    let mut lines: Vec<String> =
        named.filter(|line| !line.contains("\"public\"")).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

async fn requests(server: &TestServer) -> String {
    lines(server, "convergence_requests_total").await.join("\n")
}

async fn count(server: &TestServer, histogram: &str) -> Option<f64> {
    server.metric(&format!("convergence_{histogram}_duration_seconds_count")).await
}

#[tokio::test]
async fn each_request_is_counted_once_by_what_came_of_it() {
    let server = TestServer::with_keys_and(&csv(LINES), &[("AUTH_FAILURE_LIMIT", "2")]).await;
    let public = "convergence_requests_total{outcome=\"public\",status=\"2xx\"}";
    let looked = server.metric(public).await.expect("somebody has waited for the keys");
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    for method in [Method::GET, Method::HEAD] {
        // Over HTTP/1 and HTTP/2.
        assert_eq!(
            server.send(server.request(method.clone(), "/auth/verify").bearer_auth(KEY)).await.status,
            200
        );
        let url = format!("{}/auth/verify", server.url);
        assert_eq!(server.send(client.request(method, url).bearer_auth(KEY)).await.status, 200);
    }
    let nowhere = server.send(server.request(Method::GET, "/nowhere").bearer_auth(KEY)).await;
    assert_eq!((nowhere.status, server.get("/health").await.status), (404, 200));
    for (key, status) in [("none", 429), ("old", 401), ("unknown", 401), ("another", 401), ("a third", 429)] {
        assert_eq!(server.verify(key).await.status, status, "{key}");
    }
    let mut broken = Wire::to(&server).await;
    broken.send("this is no HTTP\r\n\r\n").await;
    broken.until_closed().await;
    insta::assert_snapshot!(requests(&server).await, @r#"
    {outcome="admitted",status="2xx"} 4
    {outcome="admitted",status="4xx"} 1
    {outcome="admitted",status="5xx"} 0
    {outcome="denied",status="4xx"} 1
    {outcome="held_back",status="4xx"} 1
    {outcome="malformed",status="4xx"} 1
    {outcome="rate_limited",status="4xx"} 1
    {outcome="unauthenticated",status="4xx"} 2
    "#);
    assert_eq!(server.metric(public).await, Some(looked + 1.0));
    assert_eq!(count(&server, "decision").await, Some(10.0));
    assert_eq!(count(&server, "upstream").await, Some(0.0));
    assert_eq!(count(&server, "request").await, Some(looked + 12.0));
}

#[tokio::test]
async fn what_an_upstream_answers_is_counted_and_what_a_client_does_not_wait_for() {
    let upstream = Upstream::start().await;
    let settings = [("UPSTREAM_URL", &*upstream.url), ("API_THREADS", "1")];
    let server = TestServer::with_keys_and(&csv(LINES), &settings).await;
    let ask = || server.send(server.request(Method::GET, "/report").bearer_auth(KEY));
    let answer = async |words: &str| {
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        at_upstream.send(words).await;
    };
    let (answered, ()) =
        tokio::join!(ask(), answer("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
    assert_eq!(answered.status, 500);
    let (answered, ()) = tokio::join!(ask(), answer("no answer\r\n\r\n"));
    assert_eq!(answered.code(), "upstream_bad_answer");
    // One that hangs up before there is an answer.
    let mut client = Wire::to(&server).await;
    client.send(crate::proxy::get("/report")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    client.reset();
    server.until_metric("convergence_requests_total{outcome=\"admitted\",status=\"4xx\"}", 1.0).await;
    drop(at_upstream);
    insta::assert_snapshot!(requests(&server).await, @r#"
    {outcome="admitted",status="2xx"} 0
    {outcome="admitted",status="4xx"} 1
    {outcome="admitted",status="5xx"} 2
    "#);
    assert_eq!((count(&server, "decision").await, count(&server, "upstream").await), (Some(3.0), Some(1.0)));
}

#[tokio::test]
async fn what_envoy_asks_is_counted_as_well() {
    let server = TestServer::with_keys_and(&csv(LINES), &[("EXT_AUTHZ_PORT", "0")]).await;
    for key in [KEY, "none", "unknown"] {
        ext_authz::ask(&server, key).await;
    }
    insta::assert_snapshot!(requests(&server).await, @r#"
    {outcome="admitted",status="2xx"} 1
    {outcome="admitted",status="5xx"} 0
    {outcome="rate_limited",status="4xx"} 1
    {outcome="unauthenticated",status="4xx"} 1
    "#);
}

#[tokio::test]
async fn an_open_door_is_counted_apart() {
    let server = TestServer::with(&[]);
    assert_eq!(server.get("/auth/verify").await.status, 200);
    insta::assert_snapshot!(requests(&server).await, @r#"
    {outcome="admitted",status="2xx"} 0
    {outcome="admitted",status="5xx"} 0
    {outcome="open",status="2xx"} 1
    "#);
    assert_eq!(count(&server, "decision").await, Some(0.0), "nothing was decided");
}
