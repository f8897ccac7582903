//! HTTP/1 towards clients, which is read and written here: versions, bodies and their ends, what a connection may go on with.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::proxy::{get, guarding};
use crate::support::{KEY, TestServer, Upstream, Wire};

/// A request for the decision alone, with these header lines.
fn ask(method: &str, version: &str, lines: &[&str]) -> String {
    let own = ["host: x".to_owned(), format!("authorization: Bearer {KEY}")];
    let lines = own.iter().map(String::as_str).chain(lines.iter().copied()).collect::<Vec<_>>().join("\r\n");
    format!("{method} /auth/verify {version}\r\n{lines}\r\n\r\n")
}

async fn server() -> TestServer {
    guarding("http://127.0.0.1:1", &[]).await
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_its_version_and_keeps_the_connection_if_it_asks() {
    let server = server().await;
    let mut client = Wire::to(&server).await;
    for _ in 0..2 {
        client.send(ask("GET", "HTTP/1.0", &["Connection: Keep-Alive"])).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.0 200") && head.contains("connection: keep-alive"), "{head}");
    }
    client.send(ask("GET", "HTTP/1.0", &[])).await;
    assert!(client.head().await.contains("connection: close"));
    assert!(client.until_closed().await.is_empty());
}

#[tokio::test]
async fn a_body_of_unknown_length_ends_with_the_connection_for_http_1_0() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client
        .send(get("/x").replace("HTTP/1.1", "HTTP/1.0").replace("host", "connection: keep-alive\r\nhost"))
        .await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream
        .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.contains("connection: close") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(client.until_closed().await, b"onetwo");
}

#[tokio::test]
async fn such_a_body_that_breaks_off_is_never_taken_for_whole() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    for breaks_off in [true, false] {
        let mut client =
            TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("a connection");
        client.write_all(get("/x").replace("HTTP/1.1", "HTTP/1.0").as_bytes()).await.expect("it is taken");
        let mut at_upstream = upstream.accept().await;
        at_upstream.head().await;
        at_upstream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n").await;
        let mut got = Vec::new();
        while !got.ends_with(b"whole") {
            assert!(client.read_buf(&mut got).await.expect("what has come") > 0);
        }
        if !breaks_off {
            at_upstream.send("0\r\n\r\n").await;
        }
        drop(at_upstream);
        assert_eq!(client.read_buf(&mut got).await.is_err(), breaks_off, "a reset, or an end in good order");
    }
}

#[tokio::test]
async fn head_gets_the_length_and_no_body() {
    let server = server().await;
    let mut client = Wire::to(&server).await;
    client.send("HEAD /health HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let of_head = client.head().await;
    let of_get = client.head().await;
    assert!(of_head.contains("content-length: ") && !of_head.contains("content-length: 0"), "{of_head}");
    assert_eq!(of_head, of_get, "the second answer begins right behind the first");
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_read_off_if_it_is_short() {
    let server = server().await;
    let mut client = Wire::to(&server).await;
    let length = ask("POST", "HTTP/1.1", &["content-length: 5"]);
    let chunked = ask("POST", "HTTP/1.1", &["transfer-encoding: chunked"]);
    for (head, body) in
        [(&length, "hello"), (&chunked, "5\r\nhello\r\n0\r\nx: y\r\n\r\n"), (&length, "hello")]
    {
        client.send(head).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200"));
        client.send(body).await;
    }
    client.send(ask("POST", "HTTP/1.1", &["content-length: 1000000"])).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    client.send(vec![b'x'; 100_000]).await;
    assert!(client.until_closed().await.is_empty(), "a long one is not waited for");
}

#[tokio::test]
async fn a_client_that_waits_for_consent_is_given_it_only_where_its_body_is_read() {
    let server = server().await;
    let mut client = Wire::to(&server).await;
    client.send(ask("POST", "HTTP/1.1", &["content-length: 5", "expect: 100-continue"])).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("connection: close"), "{head}");
    assert!(client.until_closed().await.is_empty());
    let mut client = Wire::to(&server).await;
    let audio = ask(
        "POST",
        "HTTP/1.1",
        &["content-type: application/json", "content-length: 2", "expect: 100-continue"],
    );
    client.send(audio.replace("/auth/verify", "/convergence/generate-audio")).await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue");
    client.send("{}").await;
    assert!(client.head().await.starts_with("HTTP/1.1 422"));
}

#[tokio::test]
async fn answers_without_a_body_say_nothing_of_one() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    let mut at_upstream = None;
    for (answer, says_length) in [
        ("HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", false),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true),
    ] {
        client.send(get("/x")).await;
        if at_upstream.is_none() {
            at_upstream = Some(upstream.accept().await);
        }
        let at_upstream = at_upstream.as_mut().expect("it is there");
        at_upstream.head().await;
        at_upstream.send(answer).await;
        let head = client.head().await;
        assert_eq!(head.contains("content-length"), says_length, "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}

#[tokio::test]
async fn every_answer_has_one_date_and_an_upstreams_own_stays() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/x")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream
        .send("HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\ncontent-length: 0\r\n\r\n")
        .await;
    let passed = String::from_utf8(client.until(b"\r\n\r\n").await).expect("ASCII");
    assert_eq!(passed.to_lowercase().matches("\r\ndate: ").count(), 1, "{passed}");
    assert!(passed.contains("Date: Tue, 01 Jan 2030 00:00:00 GMT"), "{passed}");
    client.send(ask("GET", "HTTP/1.1", &[])).await;
    let own = String::from_utf8(client.until(b"\r\n\r\n").await).expect("ASCII");
    assert_eq!(own.matches("\r\ndate: ").count(), 1, "{own}");
}

#[tokio::test]
async fn what_follows_a_request_waits_for_its_answer() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/slow") + &ask("GET", "HTTP/1.1", &["connection: close"])).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream.send("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
    assert!(client.head().await.starts_with("HTTP/1.1 201"));
    assert_eq!(client.take(2).await, b"ok");
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    assert!(client.until_closed().await.is_empty());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_so_with_a_code() {
    let server = server().await;
    let mut client = Wire::to(&server).await;
    client.send(ask("GET", "HTTP/1.1", &["a: b"; 200])).await;
    let answer = String::from_utf8(client.until_closed().await).expect("text");
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("header_too_large"), "{answer}");
}
