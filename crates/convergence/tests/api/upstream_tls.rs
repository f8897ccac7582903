//! Upstreams over TLS.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;
use crate::support::api::Api;
use crate::support::authority::{Authority, Issued};

const HTTP_1: [&str; 1] = ["http/1.1"];
const BOTH: [&str; 2] = ["h2", "http/1.1"];

/// A gateway to an upstream that shows this certificate, trusting this authority.
fn gateway(api: &Api, trusted: &Authority, more: &[(&str, &str)]) -> TestServer {
    let url = format!("https://{}", api.address);
    let settings =
        [("UPSTREAM_URL", url.as_str()), ("UPSTREAM_CA_PATH", "{folder}/ca.pem"), ("API_THREADS", "1")];
    TestServer::with_files(&[("ca.pem", &trusted.pem())], &[&settings, more].concat())
}

async fn api(authority: &Authority, issued: &Issued, alpn: &[&str]) -> Api {
    Api::start_tls(authority.acceptor(issued, alpn, false)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_is_asked_over_tls_and_its_connection_kept() {
    let authority = Authority::new();
    let api = api(&authority, &authority.issue(), &HTTP_1).await;
    let server = gateway(&api, &authority, &[]);
    for _ in 0..3 {
        let asked: Value = server.get("/a?b=c").await.json();
        assert_eq!(asked["version"], "HTTP/1.1");
        assert_eq!(asked["uri"], "/a?b=c");
        assert_eq!(asked["headers"]["host"], api.address.to_string());
        assert_eq!(asked["headers"]["x-forwarded-proto"], "http");
    }
    assert_eq!(api.connections(), 1);
    let body = vec![7; 300_000];
    let answer = server.send(server.request(reqwest::Method::POST, "/echo").body(body.clone())).await;
    assert!(answer.body == body);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_connection_resumes_the_session() {
    let authority = Authority::new();
    let api = api(&authority, &authority.issue(), &HTTP_1).await;
    let server = gateway(&api, &authority, &[]);
    let first = server.get("/first").await;
    assert_eq!((first.status, api.resumed()), (200, 0));
    // Two at once need another connection.
    let (hanging, answer) = (server.request(reqwest::Method::GET, "/hang").send(), server.get("/a"));
    tokio::select! {
        _ = hanging => panic!("an answer from nowhere"),
        () = async {
            while api.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(answer.await.status, 200);
        } => {}
    }
    assert_eq!((api.connections(), api.resumed()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_prove_who_it_is_is_not_asked() {
    let (authority, other) = (Authority::new(), Authority::new());
    for issued in [authority.issue_expired(), authority.issue_for("other.example"), other.issue()] {
        let api = api(&authority, &issued, &HTTP_1).await;
        let server = gateway(&api, &authority, &[]);
        let answer = server.get("/a").await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_unreachable"));
        assert!(!answer.to_string().contains("certificate"), "{answer}");
        assert_eq!(server.metric("convergence_upstream_failures_total{reason=\"tls\"}").await, Some(1.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_systems_authorities_do_not_know_a_private_one() {
    let authority = Authority::new();
    let api = api(&authority, &authority.issue(), &HTTP_1).await;
    let server = TestServer::with(&[("UPSTREAM_URL", &format!("https://{}", api.address))]);
    assert_eq!(server.get("/a").await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_without_tls_or_without_a_word_is_given_up() {
    let authority = Authority::new();
    let plain = Api::start(false).await;
    let server = gateway(&plain, &authority, &[]);
    assert_eq!(server.get("/a").await.status, 502);

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", silent.local_addr().expect("an address"));
    let settings = [
        ("UPSTREAM_URL", url.as_str()),
        ("UPSTREAM_CA_PATH", "{folder}/ca.pem"),
        ("UPSTREAM_CONNECT_TIMEOUT", "1"),
    ];
    let server = TestServer::with_files(&[("ca.pem", &authority.pem())], &settings);
    assert_eq!(server.get("/a").await.status, 502);
    let timeouts = "convergence_upstream_failures_total{reason=\"connect_timeout\"}";
    assert_eq!(server.metric(timeouts).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_may_ask_who_is_there() {
    let authority = Authority::new();
    let api = Api::start_tls(authority.acceptor(&authority.issue(), &HTTP_1, true)).await;
    assert_eq!(gateway(&api, &authority, &[]).get("/a").await.status, 502);

    let ours = authority.issue();
    let files = [("ca.pem", &*authority.pem()), ("our.pem", &*ours.certificate), ("our.key", &*ours.key)];
    let url = format!("https://{}", api.address);
    let settings = [
        ("UPSTREAM_URL", url.as_str()),
        ("UPSTREAM_CA_PATH", "{folder}/ca.pem"),
        ("UPSTREAM_CLIENT_CERT_PATH", "{folder}/our.pem"),
        ("UPSTREAM_CLIENT_KEY_PATH", "{folder}/our.key"),
    ];
    assert_eq!(TestServer::with_files(&files, &settings).get("/a").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_is_switched_over_http_1_of_an_upstream_that_speaks_both() {
    let authority = Authority::new();
    let api = api(&authority, &authority.issue(), &BOTH).await;
    let server = gateway(&api, &authority, &[]);
    assert_eq!(server.get("/a").await.json()["version"], "HTTP/2.0");
    let mut stream =
        TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("a connection");
    let request = "GET /switch HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst";
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = Vec::new();
    while !answer.ends_with(b"first") {
        assert_ne!(stream.read_buf(&mut answer).await.expect("an answer"), 0, "{answer:?}");
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    stream.write_all(b" and last").await.expect("bytes");
    stream.shutdown().await.expect("an end");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("what it says");
    assert_eq!(rest, b" and last");
    assert_eq!(server.get("/a").await.json()["version"], "HTTP/2.0");
}
