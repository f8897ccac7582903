//! What one client may cost: time-outs, sizes, numbers, and the way out.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// Longer than any time-out set here; only a broken server takes as long.
const LONG: Duration = Duration::from_secs(20);

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("a connection")
}

/// What the server sends before it closes.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the server closes");
    // A reset is a close as well.
    drop(read);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_silent_or_dawdling_client_is_cut_off() {
    let server = TestServer::with(&[("HEADER_TIMEOUT", "1"), ("IDLE_TIMEOUT", "600")]);
    let silent = connect(&server).await;
    let mut dawdling = connect(&server).await;
    dawdling.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ").await.expect("half a request");
    assert_eq!(until_closed(silent).await, "");
    assert_eq!(until_closed(dawdling).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_own_time_out() {
    let server = TestServer::with(&[("HEADER_TIMEOUT", "600"), ("IDLE_TIMEOUT", "1")]);
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
    let answer = until_closed(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let server = TestServer::with(&[("BODY_TIMEOUT", "1"), ("HEADER_TIMEOUT", "600")]);
    let mut stream = connect(&server).await;
    let head = "POST /convergence/generate-audio HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("a request without the rest of its body");
    let answer = until_closed(stream).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"), "{answer}");
}

#[tokio::test]
async fn headers_and_bodies_have_a_size() {
    let server = TestServer::with(&[("MAX_HEADER_BYTES", "2048"), ("MAX_BODY_BYTES", "1024")]);
    let answer =
        server.send(server.request(Method::GET, "/health").header("x-long", "x".repeat(3_000))).await;
    assert_eq!(answer.status, 431);
    let audio = || {
        server.request(Method::POST, "/convergence/generate-audio").header("content-type", "application/json")
    };
    let answer = server.send(audio().body(format!("{{\"prompt\": \"{}\"}}", "x".repeat(2_000)))).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let server = TestServer::with(&[("MAX_CONNECTIONS", "1"), ("API_THREADS", "2")]);
    let mut first = connect(&server).await;
    first.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    let refused = until_closed(connect(&server).await).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    drop(first);
    // The place is free as soon as the server has seen the first one go.
    let start = std::time::Instant::now();
    loop {
        let mut again = connect(&server).await;
        let sent = again.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        if sent.is_ok() && until_closed(again).await.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(start.elapsed() < LONG, "the place never came free");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let mut stream = connect(&server).await;
    let one = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{more}\r\n")
    };
    let both = one("/auth/verify", "") + &one("/nowhere", "") + &one("/health", "connection: close\r\n");
    stream.write_all(both.as_bytes()).await.expect("three requests");
    let answers = until_closed(stream).await;
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200"]);
}

#[tokio::test]
async fn bytes_that_are_not_http_are_a_400() {
    let server = TestServer::with(&[]);
    let mut stream = connect(&server).await;
    stream.write_all(b"\x16\x03\x01 this is TLS\r\n\r\n").await.expect("bytes");
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 400"));
}
