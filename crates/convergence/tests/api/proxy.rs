//! The gateway: what an upstream is sent, and what its answer becomes.

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{EXAMPLE, KEY, TestServer, Upstream, Wire, csv};

/// A server that guards this upstream, with one thread: kept connections belong to one.
pub async fn guarding(url: &str, settings: &[(&str, &str)]) -> TestServer {
    let own = [("UPSTREAM_URL", url), ("API_THREADS", "1")];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[&own, settings].concat()).await
}

/// A request for a path with the example's key.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: api.example.com\r\nauthorization: Bearer {KEY}\r\n\r\n")
}

#[tokio::test]
async fn p16_the_upstream_learns_who_asks_and_never_sees_the_key() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client
        .send(format!(
            "GET /reports/7?year=2025 HTTP/1.1\r\nhost: api.example.com\r\nAuthorization: Bearer {KEY}\r\n\
             Accept: text/plain\r\nX-Client-Name: Somebody Else\r\nX-Forwarded-For: 10.0.0.1\r\n\
             Forwarded: for=10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nProxy: http://evil\r\n\
             Connection: keep-alive, X-Hop, Content-Length\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
             Proxy-Authorization: Basic eA==\r\nTE: trailers, deflate\r\nVia: 1.0 edge\r\n\r\n"
        ))
        .await;
    let mut at_upstream = upstream.accept().await;
    let url = upstream.url.replace("http://", "");
    assert_snapshot!(at_upstream.head().await.replace(&url, "UPSTREAM"), @r#"
    GET /reports/7?year=2025 HTTP/1.1
    Accept: text/plain
    Via: 1.0 edge
    connection: te
    forwarded: for=127.0.0.1;proto=http
    host: UPSTREAM
    te: trailers
    via: 1.1 convergence
    x-client-name: MyApp Production
    x-forwarded-for: 127.0.0.1
    x-forwarded-host: api.example.com
    x-forwarded-proto: http
    "#);
    at_upstream
        .send(
            "HTTP/1.1 201 Created\r\ncontent-length: 5\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
             connection: keep-alive, x-internal\r\nx-internal: 1\r\nkeep-alive: timeout=9\r\n\
             x-client-name: Forged\r\nvia: 1.1 app\r\n\r\nhello",
        )
        .await;
    assert_snapshot!(client.head().await, @r#"
    HTTP/1.1 201 Created
    content-length: 5
    ratelimit-policy: "default";q=60;w=60
    ratelimit: "default";r=59;t=60
    set-cookie: a=1
    set-cookie: b=2
    via: 1.1 app
    via: 1.1 convergence
    x-client-name: MyApp Production
    "#);
    assert_eq!(client.take(5).await, b"hello");
}

#[tokio::test]
async fn what_a_trusted_proxy_says_of_the_client_is_passed_on() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut client = Wire::to(&server).await;
    let said = "x-forwarded-for: 192.0.2.1, 192.0.2.2\r\nx-forwarded-proto: https\r\n\
                x-forwarded-host: www.example.com\r\nforwarded: for=192.0.2.1\r\nhost";
    client.send(get("/x").replace("host", said)).await;
    let head = upstream.accept().await.head().await;
    for line in [
        "x-forwarded-for: 192.0.2.1, 192.0.2.2, 127.0.0.1",
        "forwarded: for=192.0.2.1, for=127.0.0.1;proto=http",
        "x-forwarded-proto: https",
        "x-forwarded-host: www.example.com",
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
}

#[tokio::test]
async fn an_upstream_can_have_credentials_a_host_and_a_base_path_of_its_own() {
    let upstream = Upstream::start().await;
    let url = format!("{}/v1/", upstream.url);
    let settings = [("UPSTREAM_AUTHORIZATION", "Bearer upstream-token"), ("UPSTREAM_HOST", "client")];
    let server = guarding(&url, &settings).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/a?b=c")).await;
    assert_snapshot!(upstream.accept().await.head().await, @r#"
    GET /v1/a?b=c HTTP/1.1
    authorization: Bearer upstream-token
    forwarded: for=127.0.0.1;proto=http
    host: api.example.com
    via: 1.1 convergence
    x-client-name: MyApp Production
    x-forwarded-for: 127.0.0.1
    x-forwarded-host: api.example.com
    x-forwarded-proto: http
    "#);
}

#[tokio::test]
async fn refused_requests_never_reach_the_upstream() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    assert_eq!(server.get("/reports").await.status, 401);
    assert_eq!(server.send(server.request(Method::GET, "/reports").bearer_auth("wrong")).await.status, 401);
    for method in ["TRACE", "CONNECT"] {
        let mut client = Wire::to(&server).await;
        let target = if method == "CONNECT" { "elsewhere:443" } else { "/" };
        client
            .send(format!("{method} {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n"))
            .await;
        let head = client.head().await;
        assert!(
            head.starts_with("HTTP/1.1 405") && head.contains("x-client-name: MyApp Production"),
            "{head}"
        );
    }
    // Ours stay ours, what is not there included.
    for path in ["/convergence/unknown", "/convergence/download/x"] {
        assert_eq!(server.send(server.request(Method::GET, path).bearer_auth(KEY)).await.status, 404);
    }
    let mut client = Wire::to(&server).await;
    client.send(get("/the-first-to-arrive")).await;
    let head = upstream.accept().await.head().await;
    assert!(head.starts_with("GET /the-first-to-arrive "), "{head}");
}

#[tokio::test]
async fn p11_proxied_requests_count_and_the_refused_ones_never_arrive() {
    let url = Upstream::start().await.answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let limited = format!("{KEY},MyApp Production,,,TRUE,3");
    let server = TestServer::with_keys_and(&csv(&[&limited]), &[("UPSTREAM_URL", &url)]).await;
    for expected in [200, 200, 200, 429] {
        let answer = server.send(server.request(Method::GET, "/x").bearer_auth(KEY)).await;
        assert_eq!(answer.status, expected);
        assert_eq!(answer.header("x-client-name"), Some("MyApp Production"));
        assert!(answer.header("ratelimit").is_some_and(|limit| limit.starts_with("\"default\";r=")));
    }
}

#[tokio::test]
async fn p21_an_open_door_passes_requests_on_without_a_name_or_a_key() {
    let upstream = Upstream::start().await;
    let server = TestServer::with(&[("UPSTREAM_URL", &upstream.url)]);
    let mut client = Wire::to(&server).await;
    client.send(get("/x").replace("host", "x-client-name: Forged\r\nhost")).await;
    let head = upstream.accept().await.head().await;
    assert!(!head.contains("x-client-name") && !head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn answers_without_a_body_keep_their_length() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/x").replace("GET", "HEAD")).await;
    let mut at_upstream = upstream.accept().await;
    at_upstream.head().await;
    at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.contains("content-length: 1234"), "{head}");
    for status in ["304 Not Modified\r\netag: \"1\"", "204 No Content"] {
        client.send(get("/x")).await;
        at_upstream.head().await;
        at_upstream.send(format!("HTTP/1.1 {status}\r\n\r\n")).await;
        let head = client.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {}", &status[..3])), "{head}");
        assert!(!head.contains("transfer-encoding") && !head.contains("content-length"), "{head}");
    }
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request_of_any_client() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let mut first = Wire::to(&server).await;
    first.send(get("/1")).await;
    let mut at_upstream = upstream.accept().await;
    for (path, mut client) in [("/1", first), ("/2", Wire::to(&server).await)] {
        if path == "/2" {
            client.send(get(path)).await;
        }
        assert!(at_upstream.head().await.starts_with(&format!("GET {path} ")));
        at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        client.head().await;
        assert_eq!(client.take(2).await, b"ok");
    }
}

#[tokio::test]
async fn an_upstream_behind_a_unix_socket_is_asked() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = [0; 4_096];
        let read = stream.read(&mut bytes).await.expect("a request");
        assert!(bytes[..read].starts_with(b"GET /x HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.expect("an answer");
    });
    let server = guarding(&format!("unix:{}", path.display()), &[]).await;
    let answer = server.send(server.request(Method::GET, "/x").bearer_auth(KEY)).await;
    assert_eq!((answer.status, answer.body), (200, b"ok".to_vec()));
}

#[tokio::test]
async fn a_route_has_its_own_time_body_and_upstream() {
    let (upstream, jobs) = (Upstream::start().await, Upstream::start().await);
    let routes = format!(
        "[[route]]\nprefix = \"/slow\"\ntimeout = 1\n[[route]]\nprefix = \"/small\"\nmax_body_bytes = 4\n\
         [[route]]\nprefix = \"/jobs\"\nupstream = \"jobs\"\n[upstream.jobs]\nurls = [\"{}/v2\"]\n",
        jobs.url
    );
    let settings = [("UPSTREAM_URL", upstream.url.as_str()), ("ROUTES_FILE", "{folder}/routes.toml")];
    let files = [("routes.toml", routes.as_str())];
    let server = TestServer::with_keys_and_files(&csv(&[EXAMPLE]), &files, &settings).await;
    let mut client = Wire::to(&server).await;
    client.send(get("/jobs/1")).await;
    let head = jobs.accept().await.head().await;
    assert!(head.starts_with("GET /v2/jobs/1 "), "{head}");
    let mut client = Wire::to(&server).await;
    client.send(get("/slow")).await;
    let silent = upstream.accept().await;
    assert!(client.head().await.starts_with("HTTP/1.1 504"));
    drop(silent);
    for body in
        ["content-length: 5\r\n\r\nhello", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
    {
        let mut client = Wire::to(&server).await;
        let authorization = format!("authorization: Bearer {KEY}");
        client.send(format!("POST /small HTTP/1.1\r\nhost: x\r\n{authorization}\r\n{body}")).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    }
}

#[tokio::test]
async fn a_client_of_http2_gets_through_with_its_cookie_whole() {
    let upstream = Upstream::start().await;
    let server = guarding(&upstream.url, &[]).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let request = client
        .get(format!("{}/x?y", server.url))
        .bearer_auth(KEY)
        .header("cookie", "a=1")
        .header("cookie", "b=2");
    let asking = tokio::spawn(request.send());
    let mut at_upstream = upstream.accept().await;
    let head = at_upstream.head().await;
    assert!(head.starts_with("GET /x?y HTTP/1.1\n"), "{head}");
    for line in ["cookie: a=1; b=2", "via: 2.0 convergence", "x-client-name: MyApp Production"] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    at_upstream.send("HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n").await;
    at_upstream.send("5\r\nhello\r\n0\r\n\r\n").await;
    let answer = asking.await.expect("a task").expect("an answer");
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    assert_eq!(answer.text().await.expect("a body"), "hello");
}
