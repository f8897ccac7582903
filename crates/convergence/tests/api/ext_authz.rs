//! `EXT_AUTHZ_PORT`: what Envoy is answered over gRPC, and calls that no Envoy makes. The tests in `proxies` run a real one,
//! which knows the messages' numbers from its own side. Here the client has a thread of its own, so that it takes note when
//! the server says goodbye.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{KEY, TestServer, csv};
use messages::{
    Address, Allowed, AskedAbout, Attributes, CheckRequest, CheckResponse, Denied, HeaderOption, HttpRequest,
    Peer, RawHeader, RawHeaders, SocketAddress, Verdict,
};

#[path = "../../src/http/ext_authz/messages.rs"]
mod messages;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const LINES: &[&str] = &[
    "sk-convergence-abc123xyz,MyApp Production,,,TRUE,60",
    "free,Free,,,TRUE,",
    "none,None Allowed,,,TRUE,0",
    "old,Old,,2025-11-30,TRUE,5",
];

async fn server() -> TestServer {
    TestServer::with_keys_and(&csv(LINES), &[("EXT_AUTHZ_PORT", "0"), ("MAX_BODY_BYTES", "2048")]).await
}

/// A request as Envoy tells of it.
fn asked(authorization: &[&[u8]], path: &str) -> HttpRequest {
    let joined = authorization.join(&b","[..]);
    let headers = [("authorization".to_owned(), joined), ("x-client-name".to_owned(), b"Admin".to_vec())];
    let headers: HashMap<_, _> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    HttpRequest { method: b"GET".to_vec(), headers, path: path.into(), header_map: None }
}

/// The same, where the filter has `encode_raw_headers`.
fn asked_raw(authorization: &[&[u8]]) -> HttpRequest {
    let raw = |value: &&[u8]| RawHeader { key: "authorization".to_owned(), raw_value: value.to_vec() };
    let header_map = Some(RawHeaders { headers: authorization.iter().map(raw).collect() });
    HttpRequest { header_map, ..asked(&[], "/") }
}

fn message(http: HttpRequest) -> Vec<u8> {
    message_from(None, http)
}

/// The same, of a client at this address.
fn message_from(address: Option<&str>, http: HttpRequest) -> Vec<u8> {
    let socket = |address: &str| Address { socket_address: Some(SocketAddress { address: address.into() }) };
    let source = address.map(|address| Peer { address: Some(socket(address)) });
    let request = Some(AskedAbout { http: Some(http) });
    CheckRequest { attributes: Some(Attributes { source, request }) }.encode_to_vec()
}

/// What came back: the status of a call that failed, or a message.
async fn call(server: &TestServer, path: &str, message: &[u8]) -> Result<CheckResponse, u32> {
    // gRPC's frame: not compressed, a length, the message.
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let frame = [&[0], &length[..], message].concat();
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let request = client.post(format!("http://{}{path}", server.ext_authz()));
    let request = request.header("content-type", "application/grpc").header("te", "trailers").body(frame);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "gRPC has a status of its own");
    let status = answer.headers().get("grpc-status").map(|status| status.to_str().expect("a number").parse());
    let body = answer.bytes().await.expect("a whole body");
    match status {
        Some(status) => Err(status.expect("a number")),
        None => Ok(CheckResponse::decode(&body[5..]).expect("a message")),
    }
}

async fn check(server: &TestServer, http: HttpRequest) -> Verdict {
    let answer = call(server, CHECK, &message(http)).await.expect("an answer");
    let passes = answer.status.is_some_and(|status| status.code == 0);
    let verdict = answer.http_response.expect("a verdict");
    assert_eq!(passes, matches!(verdict, Verdict::Allowed(_)), "Envoy goes by the status");
    verdict
}

/// Asks about a request with this key, for those who want to know what comes of it elsewhere.
pub async fn ask(server: &TestServer, key: &str) {
    check(server, asked(&[format!("Bearer {key}").as_bytes()], "/")).await;
}

async fn denied(server: &TestServer, http: HttpRequest) -> Denied {
    match check(server, http).await {
        Verdict::Denied(denied) => denied,
        Verdict::Allowed(_) => panic!("it is allowed"),
    }
}

async fn allowed(server: &TestServer, http: HttpRequest) -> Allowed {
    match check(server, http).await {
        Verdict::Allowed(allowed) => allowed,
        Verdict::Denied(denied) => panic!("it is denied: {}", denied.body),
    }
}

/// As a client would see them. None is to be added to what is there.
fn headers(options: &[HeaderOption]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for option in options {
        assert_eq!(option.append, Some(false));
        let header = option.header.as_ref().expect("a header");
        let name: HeaderName = header.key.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(&header.value).expect("a value"));
    }
    headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn p15_a_refusal_is_the_one_of_auth_verify() {
    let server = server().await;
    for authorization in
        ["", "Basic abc", "Bearer", "Bearer nobody", "Bearer old", "Bearer none", "Bearer a, Bearer b"]
    {
        let direct = server.request(Method::GET, "/auth/verify").header("authorization", authorization);
        let direct = match authorization {
            "" => server.get("/auth/verify").await,
            _ => server.send(direct).await,
        };
        let denied = denied(&server, asked(&[authorization.as_bytes()], "/a")).await;
        assert_eq!(denied.status.expect("a status").code, i32::from(direct.status), "{authorization}");
        assert_eq!(denied.body.as_bytes(), direct.body, "{authorization}");
        let (mut given, mut wanted) = (headers(&denied.headers), direct.headers.clone());
        assert!(given.remove("x-request-id").is_some() && wanted.remove("x-request-id").is_some());
        // The proxy makes these itself.
        wanted.remove("date");
        wanted.remove("content-length");
        assert_eq!(given, wanted, "{authorization}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn p16_p17_who_is_admitted_gets_a_name_and_loses_the_key() {
    let server = server().await;
    let bearer = format!("Bearer {KEY}");
    for http in [asked(&[bearer.as_bytes()], "/a?b=c"), asked_raw(&[bearer.as_bytes()])] {
        let allowed = allowed(&server, http).await;
        assert_eq!(allowed.headers_to_remove, ["authorization"]);
        assert_eq!(headers(&allowed.headers)["x-client-name"], "MyApp Production");
        let for_client = headers(&allowed.response_headers_to_add);
        assert_eq!(for_client["x-client-name"], "MyApp Production");
        assert_eq!(for_client["ratelimit-policy"], "\"default\";q=60;w=60");
    }
    let answer = server.verify(KEY).await;
    assert_eq!(answer.header("ratelimit"), Some("\"default\";r=57;t=60"), "each was counted once");
    let unlimited = allowed(&server, asked(&[b"ApiKey free"], "/")).await;
    assert_eq!(headers(&unlimited.response_headers_to_add).len(), 1, "a name and no limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn p15_two_authorization_values_are_refused_where_envoy_tells_them_apart() {
    let server = server().await;
    let denied = denied(&server, asked_raw(&[b"Bearer free", b"Bearer free"])).await;
    assert_eq!(denied.status.expect("a status").code, 400);
    assert!(denied.body.contains("repeated_authorization"), "{}", denied.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_open_door_lets_nobody_name_himself() {
    let server = TestServer::with(&[("EXT_AUTHZ_PORT", "0")]);
    let allowed = allowed(&server, asked(&[b"Bearer free"], "/")).await;
    assert_eq!(allowed.headers_to_remove, ["authorization", "x-client-name"]);
    assert_eq!((allowed.headers.len(), allowed.response_headers_to_add.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn p20_without_keys_it_is_503_and_never_open() {
    let settings =
        [("EXT_AUTHZ_PORT", "0"), ("AUTH_ENABLED", "true"), ("KEYS_FILE", "{folder}/no-such-file.csv")];
    let server = TestServer::with(&settings);
    let denied = denied(&server, asked(&[b"Bearer free"], "/")).await;
    assert_eq!(denied.status.expect("a status").code, 503);
    assert!(headers(&denied.headers).contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_request_is_refused_as_the_clients_fault() {
    let server = server().await;
    let good = || asked(&[b"Bearer free"], "/");
    let long = HttpRequest { path: [b"/", &[b'a'; 300][..]].concat(), ..good() };
    allowed(&server, long).await;
    allowed(&server, asked(&[b"Bearer free"], "*")).await;
    for path in [&b""[..], b"a", b"example.com:443", b"/a b", b"/\n", b"/\xff\xfe"] {
        let denied = denied(&server, HttpRequest { path: path.to_vec(), ..good() }).await;
        assert_eq!(denied.status.expect("a status").code, 400, "{path:?}");
        assert!(denied.body.contains("bad_request"), "{path:?}: {}", denied.body);
    }
    let method = HttpRequest { method: b"GET /".to_vec(), ..good() };
    let control = asked(&[b"Bearer free\n"], "/");
    for http in [method, control] {
        assert_eq!(denied(&server, http).await.status.expect("a status").code, 400);
    }
    let binary = denied(&server, asked(&[b"Bearer \xff\xfe"], "/")).await;
    assert_eq!(binary.status.expect("a status").code, 401, "a header's value, and no key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_that_asks_nothing_fails_with_a_status_and_admits_nobody() {
    let server = server().await;
    let (invalid, out_of_range, unimplemented, internal) = (3, 11, 12, 13);
    let good = message(asked(&[b"Bearer free"], "/"));
    let large = message(asked(&[b"Bearer free"], &format!("/{}", "a".repeat(4096))));
    let of_tcp = CheckRequest { attributes: Some(Attributes::default()) }.encode_to_vec();
    let calls: [(&str, &[u8], u32); 6] = [
        (CHECK, b"", invalid),
        (CHECK, &of_tcp, invalid),
        (CHECK, b"\xff\xff\xff\xff", internal),
        (CHECK, &good[..good.len() - 3], internal),
        (CHECK, &large, out_of_range),
        ("/grpc.health.v1.Health/Check", &good, unimplemented),
    ];
    for (path, message, status) in calls {
        assert_eq!(call(&server, path, message).await.err(), Some(status), "{path} {message:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_asks_nothing_is_closed() {
    let settings = [("EXT_AUTHZ_PORT", "0"), ("IDLE_TIMEOUT", "1"), ("DRAIN_TIMEOUT", "1")];
    let server = TestServer::with(&settings);
    for first_bytes in [&b""[..], b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.ext_authz()).await.expect("a connection");
        stream.write_all(first_bytes).await.expect("the bytes go out");
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{first_bytes:?}: still open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_fails_too_often_is_held_back_by_the_address_that_envoy_tells() {
    let settings = [("EXT_AUTHZ_PORT", "0"), ("AUTH_FAILURE_LIMIT", "2")];
    let server = TestServer::with_keys_and(&csv(LINES), &settings).await;
    let ask = async |address: Option<&str>, authorization: &[u8]| {
        let message = message_from(address, asked(&[authorization], "/a"));
        let answer = call(&server, CHECK, &message).await.expect("an answer");
        let status = answer.status.expect("a status").code;
        match answer.http_response.expect("a verdict") {
            Verdict::Denied(denied) => (status, denied.status.expect("a status").code),
            Verdict::Allowed(_) => (status, 200),
        }
    };
    let (allowed, denied, held) = ((0, 200), (16, 401), (8, 429));
    for _ in 0..2 {
        assert_eq!(ask(Some("192.0.2.1"), b"Bearer guess").await, denied);
    }
    assert_eq!(ask(Some("192.0.2.1"), b"Bearer free").await, held);
    assert_eq!(ask(Some("192.0.2.2"), b"Bearer free").await, allowed);
    // A client without an address, at a Unix socket, cannot be told from others: none of them is held back.
    for _ in 0..5 {
        assert_eq!(ask(None, b"Bearer guess").await, denied);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn p12_what_envoy_asks_counts_in_the_window_that_servers_share() {
    let redis = testkit::Redis::start();
    let url = redis.url();
    let settings = [("EXT_AUTHZ_PORT", "0"), ("REDIS_URL", url.as_str()), crate::redis::PATIENT];
    let start = async || {
        let server = TestServer::with_keys_and(&csv(&["shared,Shared,,,TRUE,3"]), &settings).await;
        server.until("every thread can ask", |status| status["redis"]["connected"] == true).await;
        server
    };
    let (one, other) = (start().await, start().await);
    let ask = || asked(&[b"Bearer shared"], "/a");
    allowed(&one, ask()).await;
    assert_eq!(other.verify("shared").await.status, 200);
    allowed(&other, ask()).await;
    let denied = denied(&one, ask()).await;
    assert_eq!(denied.status.expect("a status").code, 429);
    let left = &headers(&denied.headers)["ratelimit"];
    assert!(left.to_str().expect("ASCII").starts_with("\"default\";r=0;t="), "{left:?}");
}
