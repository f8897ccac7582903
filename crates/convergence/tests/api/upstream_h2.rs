//! Upstreams over HTTP/2, asked by clients of HTTP/1.

mod faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Response;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::TestServer;
use crate::support::api::{Api, LARGE, STREAMS};
use crate::support::authority::Authority;

/// Only a broken server takes as long.
const LONG: Duration = Duration::from_secs(20);

fn gateway(api: &Api, more: &[(&str, &str)]) -> TestServer {
    let url = format!("h2c://{}", api.address);
    TestServer::with(&[&[("UPSTREAM_URL", url.as_str()), ("API_THREADS", "1")], more].concat())
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("a connection")
}

/// Reads until this has come.
async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(wanted) {
        let read = tokio::time::timeout(LONG, stream.read_buf(&mut text)).await.expect("it comes in time");
        assert_ne!(read.expect("bytes"), 0, "{wanted} in {}", String::from_utf8_lossy(&text));
    }
    String::from_utf8(text).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_http_1_stays_there() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let request =
        server.request(Method::GET, "/a?b=c").header("te", "trailers").header("connection", "x-secret");
    let answer = server.send(request.header("x-secret", "1").header("keep-alive", "5")).await;
    let asked = answer.json();
    assert_eq!(asked["version"], "HTTP/2.0");
    assert_eq!(asked["uri"], format!("http://{}/a?b=c", api.address));
    let headers = asked["headers"].as_object().expect("headers");
    for absent in ["host", "connection", "x-secret", "keep-alive", "transfer-encoding"] {
        assert!(!headers.contains_key(absent), "{asked:#}");
    }
    assert_eq!(headers["via"], "1.1 convergence");
    assert_eq!(answer.header("via"), Some("2.0 convergence"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_agreed_upon_over_tls() {
    let authority = Authority::new();
    let issued = authority.issue();
    for (alpn, version) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["h2"], "HTTP/2.0"), (&[], "HTTP/1.1")] {
        let api = Api::start_tls(authority.acceptor(&issued, alpn, false)).await;
        let url = format!("https://{}", api.address);
        let settings = [("UPSTREAM_URL", url.as_str()), ("UPSTREAM_CA_PATH", "{folder}/ca.pem")];
        let server = TestServer::with_files(&[("ca.pem", &authority.pem())], &settings);
        let asked = server.get("/a").await.json();
        assert_eq!(asked["version"], version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_share_a_connection_until_it_is_full() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let answers = join_all((0..STREAMS).map(|_| server.get("/a"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(api.connections(), 1);

    let hanging = join_all((0..STREAMS).map(|_| server.get("/hang")));
    let start = Instant::now();
    let other = async {
        while api.waiting() < STREAMS as usize {
            assert!(start.elapsed() < LONG, "{} wait", api.waiting());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(server.get("/a").await.status, 200);
        assert_eq!(api.connections(), 2);
    };
    tokio::select! {
        _ = hanging => panic!("an answer from nowhere"),
        () = other => {}
    }
    // Their clients are gone, and so are they.
    while api.waiting() > 0 {
        assert!(start.elapsed() < LONG, "{} wait", api.waiting());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_any_size_pass_both_ways() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let answer = server.send(server.request(Method::POST, "/echo").body(body.clone())).await;
    assert!(answer.body == body);
    assert_eq!(server.get("/large").await.body.len(), LARGE);
    let head = server.send(server.request(Method::HEAD, "/large")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*LARGE.to_string()));
    assert_eq!(server.get("/coffee").await.status, 418);
    assert_eq!(api.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_stream_at_once_and_end_with_trailers() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let mut stream = connect(&server).await;
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: te\r\ncontent-type: application/grpc\r\n\
                trailer: grpc-status\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a head");
    for word in ["one", "two", "three"] {
        stream.write_all(format!("{:x}\r\n{word}\r\n", word.len()).as_bytes()).await.expect("a chunk");
        until(&mut stream, word).await;
    }
    stream.write_all(b"0\r\ngrpc-status: 0\r\n\r\n").await.expect("an end");
    let end = until(&mut stream, "grpc-status: 0\r\n\r\n").await;
    assert!(end.starts_with("0\r\n") || end.contains("\r\n0\r\n"), "{end}");
    // The connection goes on.
    stream.write_all(b"GET /coffee HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
    until(&mut stream, "HTTP/1.1 418").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_hold_up_no_others() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[("UPSTREAM_TIMEOUT", "20")]);
    let mut silent = Vec::new();
    for _ in 1..STREAMS {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
        // Its answer has begun, and is far larger than what the way takes.
        until(&mut stream, "HTTP/1.1 200").await;
        silent.push(stream);
    }
    // Until all have got stuck. If one had not yet, the rest would only prove less.
    let (mut before, mut looks) = (0, 0);
    while looks < 10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        looks = if api.given() == before { looks + 1 } else { 0 };
        before = api.given();
    }
    // This one has a body, which needs its part of the connection's window.
    assert_eq!(server.get("/a").await.status, 200);
    assert_eq!(api.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_wait_for_consent() {
    let api = Api::start(true).await;
    let server = gateway(&api, &[]);
    let mut stream = connect(&server).await;
    let head = "POST /slow HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a head");
    until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"hello").await.expect("a body");
    assert!(until(&mut stream, "\r\n\r\n5").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_connection_shares_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("h2c://{}", listener.local_addr().expect("an address"));
    let server = TestServer::with(&[("UPSTREAM_URL", &url), ("API_THREADS", "1")]);
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
        clients.push(stream);
        // The same thread has had time for the request before this one.
        assert_eq!(server.get("/health").await.status, 200);
    }
    let (connections, count) = (Arc::new(AtomicUsize::new(0)), clients.len());
    tokio::spawn({
        let connections = Arc::clone(&connections);
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
                    while let Some(Ok((_, mut answer))) = connection.accept().await {
                        let head = Response::builder().status(418).body(()).expect("a head");
                        answer.send_response(head, true).expect("an answer");
                    }
                });
            }
        }
    });
    for client in &mut clients {
        until(client, "HTTP/1.1 418").await;
    }
    assert_eq!((connections.load(Ordering::SeqCst), count), (1, 10));
}

/// Sends a body that the upstream takes so slowly that it takes longer than the time-out, and its last byte once all the
/// rest is there.
async fn upload(api: &Api, server: &TestServer) {
    // A piece has 16 KiB at most, and each takes 2 ms.
    let length = 24 << 20;
    let mut stream = connect(server).await;
    let head = format!("POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", length + 1);
    stream.write_all(head.as_bytes()).await.expect("a head");
    stream.write_all(&vec![b'x'; length]).await.expect("a body");
    let start = Instant::now();
    while api.taken() < length {
        assert!(start.elapsed() < LONG, "{} of it is there", api.taken());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.write_all(b"x").await.expect("the rest");
    let answer = until(&mut stream, "\r\n\r\n25165825").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_may_take_longer_than_the_time_out_as_long_as_it_moves() {
    let api = Api::start(true).await;
    upload(&api, &gateway(&api, &[("UPSTREAM_TIMEOUT", "1")])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_may_take_longer_than_the_time_out_over_http_1_as_well() {
    let api = Api::start(false).await;
    let url = format!("http://{}", api.address);
    upload(&api, &TestServer::with(&[("UPSTREAM_URL", &url), ("UPSTREAM_TIMEOUT", "1")])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_slow_upload_is_held_back_by_tls() {
    let authority = Authority::new();
    let api = Api::start_tls(authority.acceptor(&authority.issue(), &["http/1.1"], false)).await;
    let url = format!("https://{}", api.address);
    let settings = [("UPSTREAM_URL", &*url), ("UPSTREAM_CA_PATH", "{folder}/ca.pem")];
    upload(&api, &TestServer::with_files(&[("ca.pem", &authority.pem())], &settings)).await;
}
