//! The gateway: bodies as they come, in both directions; protocols that are switched.

use crate::proxy::{get, guarding};
use crate::support::{KEY, Upstream, Wire};

fn post(headers: &str) -> String {
    format!("POST /x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{headers}\r\n\r\n")
}

#[tokio::test]
async fn an_answer_is_passed_on_piece_by_piece_with_its_trailers() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/x").replace("host", "connection: te\r\nte: trailers\r\nhost")).await;
    let mut at_upstream = upstream.accept().await;
    let head = at_upstream.head().await;
    assert!(head.contains("te: trailers"), "{head}");
    at_upstream
        .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n5\r\nfirst\r\n")
        .await;
    // The first piece arrives while the second is not there yet.
    assert!(client.head().await.contains("transfer-encoding: chunked"));
    assert_eq!(client.until(b"first\r\n").await, b"5\r\nfirst\r\n");
    at_upstream.send("6\r\nsecond\r\n0\r\nx-sum: 11\r\n\r\n").await;
    assert_eq!(client.until(b"\r\n\r\n").await, b"6\r\nsecond\r\n0\r\nx-sum: 11\r\n\r\n");
    // And the connection serves again.
    client.send(get("/y")).await;
    assert!(at_upstream.head().await.starts_with("GET /y "));
}

#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("UPSTREAM_TIMEOUT", "1"), ("IDLE_TIMEOUT", "1")]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/events")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n").await;
    client.head().await;
    for number in 0..3 {
        // Longer than either time-out: silence is what event streams are made of.
        tokio::time::sleep(std::time::Duration::from_millis(1_300)).await;
        at_upstream.send(format!("data: {number}\n\n")).await;
        client.until(format!("data: {number}\n\n").as_bytes()).await;
    }
    drop(at_upstream);
    assert!(client.until_closed().await.ends_with(b"0\r\n\r\n"), "the end is told as an end");
}

#[tokio::test]
async fn a_body_of_known_length_keeps_it_and_one_of_unknown_length_goes_in_chunks() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(post("content-length: 10") + "01234").await;
    let mut at_upstream = upstream.accept().await;
    let head = at_upstream.head().await;
    assert!(head.contains("content-length: 10") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(at_upstream.take(5).await, b"01234", "before the rest has been sent");
    client.send("56789").await;
    assert_eq!(at_upstream.take(5).await, b"56789");
    at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    client.head().await;
    client.send(post("transfer-encoding: chunked\r\ntrailer: x-sum") + "3;x=y\r\nabc\r\n").await;
    let head = at_upstream.head().await;
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    assert_eq!(at_upstream.until(b"abc").await, b"3\r\nabc");
    client.send("2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n").await;
    assert_eq!(at_upstream.until(b"\r\n\r\n").await, b"\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n");
    at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn both_directions_may_be_under_way_at_once() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(post("transfer-encoding: chunked") + "3\r\none\r\n").await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream.until(b"one").await;
    at_upstream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nONE\r\n").await;
    client.until(b"ONE\r\n").await;
    client.send("3\r\ntwo\r\n0\r\n\r\n").await;
    at_upstream.until(b"two\r\n0\r\n\r\n").await;
    at_upstream.send("3\r\nTWO\r\n0\r\n\r\n").await;
    client.until(b"TWO\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn a_client_that_waits_for_consent_gets_the_upstreams() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(post("content-length: 3\r\nexpect: 100-continue")).await;
    let mut at_upstream = upstream.accept().await;
    assert!(at_upstream.head().await.contains("expect: 100-continue"));
    at_upstream.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    assert_eq!(client.until(b"\r\n\r\n").await, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc").await;
    assert_eq!(at_upstream.take(3).await, b"abc");
    at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    // Refused before a byte of the body was sent.
    let mut client = Wire::to(&server).await;
    client.send(post("content-length: 3\r\nexpect: 100-continue")).await;
    at_upstream.head().await;
    at_upstream.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn an_early_answer_is_passed_on_although_the_upstream_stops_reading() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(post("content-length: 100000000")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream.send("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno").await;
    drop(at_upstream);
    assert!(client.head().await.starts_with("HTTP/1.1 413"));
    assert_eq!(client.take(2).await, b"no");
}

#[tokio::test]
async fn a_connection_can_be_switched_to_websocket() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    let wants = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nhost";
    client.send(get("/chat").replace("host", wants) + "early").await;
    let mut at_upstream = upstream.accept().await;
    let head = at_upstream.head().await;
    assert!(head.contains("connection: upgrade") && head.contains("upgrade: websocket"), "{head}");
    let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                  sec-websocket-accept: y\r\n\r\nhello";
    at_upstream.send(answer).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("sec-websocket-accept: y"), "{head}");
    assert!(head.contains("x-client-name: MyApp Production"), "{head}");
    assert_eq!(client.take(5).await, b"hello");
    assert_eq!(at_upstream.take(5).await, b"early");
    client.send("\x01\x02").await;
    assert_eq!(at_upstream.take(2).await, b"\x01\x02");
    drop(client);
    assert!(at_upstream.until_closed().await.is_empty());
}

#[tokio::test]
async fn an_upgrade_to_http2_is_not_passed_on_for_its_requests_would_not_be_checked() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    let wants = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\nhost";
    client.send(get("/x").replace("host", wants)).await;
    let mut at_upstream = upstream.accept().await;
    let head = at_upstream.head().await;
    assert!(!head.contains("upgrade") && !head.contains("http2-settings"), "{head}");
    // Nor is a switch that nobody has asked for.
    at_upstream.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 502"));
}
