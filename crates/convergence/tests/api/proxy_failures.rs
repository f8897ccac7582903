//! The gateway: upstreams that are slow, dead, or lie; clients that vanish.

use insta::assert_snapshot;
use reqwest::Method;
use tokio::net::TcpListener;

use crate::proxy::{get, guarding};
use crate::support::{Answer, KEY, TestServer, Upstream, Wire};

async fn ask(server: &TestServer) -> Answer {
    server.send(server.request(Method::GET, "/x").bearer_auth(KEY)).await
}

/// An address at which nobody listens.
async fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn p16_a_dead_upstream_is_502_with_the_clients_name() {
    let server = guarding(&dead().await, &[]).await;
    assert_snapshot!(ask(&server).await, @r#"
    502
    content-length: 170
    content-type: application/problem+json
    ratelimit-policy: "default";q=60;w=60
    ratelimit: "default";r=59;t=60
    x-client-name: MyApp Production

    {
      "code": "upstream_unreachable",
      "detail": "the API behind this gateway cannot be reached, or hung up without an answer; try again later",
      "status": 502,
      "title": "Bad gateway"
    }
    "#);
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_504() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("UPSTREAM_TIMEOUT", "1")]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/x")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 504") && head.contains("x-client-name: MyApp Production"), "{head}");
    assert!(at_upstream.until_closed().await.is_empty(), "it is not waited for any longer");
}

#[tokio::test]
async fn what_is_no_answer_is_502() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ] {
        let mut client = Wire::to(&server).await;
        client.send(get("/x")).await;
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        at_upstream.send(answer).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 502"), "{answer}: {head}");
        assert!(at_upstream.until_closed().await.is_empty(), "it is not asked again on this connection");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_taken_for_whole() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("UPSTREAM_TIMEOUT", "1")]).await;
    let answers = [
        ("content-length: 100", "part", true),
        ("content-length: 100", "part", false),
        ("transfer-encoding: chunked", "5\r\nwhole\r\n", true),
        ("transfer-encoding: chunked", "5\r\nwhole\r\nx\r\n", false),
    ];
    for (framing, part, closes) in answers {
        let mut client = Wire::to(&server).await;
        client.send(get("/x")).await;
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        at_upstream.send(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{part}")).await;
        if closes {
            client.until(part.as_bytes()).await;
            at_upstream.reset();
        }
        let got = client.until_closed().await;
        assert!(!got.ends_with(b"0\r\n\r\n"), "{framing}: cut, not ended: {got:?}");
    }
}

#[tokio::test]
async fn more_than_the_announced_length_reaches_nobody() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/1")).await;
    let mut liar = upstream.accept().await;
    liar.head().await;
    liar.send(format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged")).await;
    client.head().await;
    assert_eq!(client.take(2).await, b"ok");
    client.send(get("/2")).await;
    let mut at_upstream = upstream.accept().await;
    assert!(at_upstream.head().await.starts_with("GET /2 "), "over a new connection");
    at_upstream.send(OK).await;
    client.head().await;
    assert_eq!(client.take(2).await, b"ok");
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_request_whatever_its_method() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    for method in ["GET", "POST", "POST"] {
        let request = get("/x").replace("GET", method).replace("host", "content-length: 2\r\nhost") + "hi";
        client.send(request).await;
        let mut at_upstream = upstream.accept().await;
        assert!(at_upstream.head().await.starts_with(method));
        assert_eq!(at_upstream.take(2).await, b"hi");
        at_upstream.send(OK).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200"));
        client.take(2).await;
        drop(at_upstream);
    }
}

#[tokio::test]
async fn only_what_may_be_done_twice_is_sent_twice() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    for (method, again) in [("GET", true), ("DELETE", true), ("POST", false)] {
        let mut client = Wire::to(&server).await;
        client.send(get("/first")).await;
        let mut kept = upstream.accept().await;
        kept.head().await;
        kept.send(OK).await;
        client.head().await;
        client.take(2).await;
        // The upstream takes the request and hangs up: it may have acted on it.
        client.send(get("/x").replace("GET", method)).await;
        assert!(kept.head().await.starts_with(method));
        drop(kept);
        if again {
            let mut at_upstream = upstream.accept().await;
            assert!(at_upstream.head().await.starts_with(method));
            at_upstream.send(OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")).await;
            assert!(client.head().await.starts_with("HTTP/1.1 200"), "{method}");
        } else {
            assert!(client.head().await.starts_with("HTTP/1.1 502"), "{method}");
        }
    }
}

#[tokio::test]
async fn a_request_that_kills_connections_gets_one_more_and_not_all_that_are_kept() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("API_THREADS", "1")]).await;
    let (mut clients, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let mut client = Wire::to(&server).await;
        client.send(get("/first")).await;
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        kept.push(at_upstream);
        clients.push(client);
    }
    for (client, at_upstream) in clients.iter_mut().zip(&mut kept) {
        at_upstream.send(OK).await;
        client.head().await;
        client.take(2).await;
    }
    clients[0].send(get("/poison")).await;
    // The one that was given back last is taken first.
    assert!(kept.pop().expect("one of four").head().await.starts_with("GET /poison "));
    let mut anew = upstream.accept().await;
    assert!(anew.head().await.starts_with("GET /poison "));
    drop(anew);
    assert!(clients[0].head().await.starts_with("HTTP/1.1 502"));
    clients[1].send(get("/next")).await;
    assert!(
        kept.pop().expect("three are left").head().await.starts_with("GET /next "),
        "they were not asked"
    );
}

#[tokio::test]
async fn of_several_upstreams_a_dead_one_costs_no_request() {
    let url = Upstream::start().await.answering(OK);
    let server = guarding(&format!("{}, {url}", dead().await), &[]).await;
    for _ in 0..20 {
        assert_eq!(ask(&server).await.status, 200);
        let posted = server.request(Method::POST, "/x").bearer_auth(KEY).send().await.expect("an answer");
        assert_eq!(posted.status(), 200, "nothing was sent to the dead one");
    }
}

#[tokio::test]
async fn a_client_that_vanishes_takes_its_request_along() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    // Before the answer; in the middle of it; in the middle of its own body.
    for stage in 0..3 {
        let mut client = Wire::to(&server).await;
        let body = if stage == 2 { "content-length: 1000\r\nhost" } else { "host" };
        client.send(get("/x").replace("host", body).replace("GET", "POST")).await;
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        if stage == 1 {
            at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart").await;
            client.until(b"part").await;
        }
        drop(client);
        assert!(at_upstream.until_closed().await.is_empty(), "stage {stage}");
    }
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("BODY_TIMEOUT", "1")]).await;
    let mut client = Wire::to(&server).await;
    client
        .send(get("/x").replace("host", "content-length: 10\r\nhost").replace("GET", "POST") + "part")
        .await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 408"), "{head}");
    assert_eq!(at_upstream.until_closed().await, b"part");
}

#[tokio::test]
async fn p23_what_the_gateway_answers_with_5xx_counts_as_failed() {
    let mut server = guarding(&dead().await, &[]).await;
    assert_eq!(ask(&server).await.status, 502);
    server.stop();
    let usage = testkit::usage(env!("CARGO_BIN_EXE_convergence"), &server.path("data"), "client");
    assert_eq!((&usage[0]["admitted"], &usage[0]["failed"]), (&1.into(), &1.into()));
}
