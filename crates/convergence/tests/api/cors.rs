//! Web pages of other origins, as a browser asks for them.

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};

use crate::support::provider::{Provider, Reply};
use crate::support::{Answer, EXAMPLE, KEY, TestServer, Upstream, Wire, csv};

const APP: &str = "https://app.example.com";
const OTHER: &str = "https://evil.example";

async fn server_for(origins: &str, settings: &[(&str, &str)]) -> TestServer {
    let own = [("CORS_ALLOWED_ORIGINS", origins)];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[&own, settings].concat()).await
}

fn preflight(server: &TestServer, path: &str, origin: &str) -> RequestBuilder {
    server
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

fn about_cors(answer: &Answer) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || *name == "vary")
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("ASCII")))
        .collect();
    lines.sort();
    lines
}

const READABLE: [&str; 3] = [
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: *",
    "vary: origin",
];

#[tokio::test]
async fn a_preflight_of_a_known_origin_needs_no_key_and_goes_no_further() {
    // An upstream that would never answer.
    let upstream = Upstream::start().await;
    let server = server_for(APP, &[("UPSTREAM_URL", &upstream.url)]).await;
    let answer = server.send(preflight(&server, "/reports/7", APP)).await;
    assert_snapshot!(answer, @"
    204
    access-control-allow-headers: Authorization, *
    access-control-allow-methods: *
    access-control-allow-origin: https://app.example.com
    access-control-max-age: 600
    vary: origin
    ");
    assert_eq!(server.send(preflight(&server, "/convergence/generate-audio", APP)).await.status, 204);
    // A proxy that asks here would let it through.
    assert_eq!(server.send(preflight(&server, "/auth/verify", APP)).await.status, 401);
    let of_another = server.send(preflight(&server, "/reports/7", OTHER)).await;
    assert_eq!((of_another.status, about_cors(&of_another)), (401, vec!["vary: origin".to_owned()]));
    let two = preflight(&server, "/reports/7", OTHER).header("origin", APP);
    assert_eq!(server.send(two).await.status, 401, "two origins are none");
    let plain = server.request(Method::OPTIONS, "/reports/7").header("origin", APP);
    let plain = server.send(plain).await;
    assert_eq!((plain.status, about_cors(&plain)), (401, READABLE.map(str::to_owned).to_vec()));
    // With a key in it, it is answered all the same, and nobody is charged for it.
    assert_eq!(server.send(preflight(&server, "/x", APP).bearer_auth(KEY)).await.status, 204);
    let usage = server.send(server.admin(Method::GET, "/usage")).await.json();
    assert_eq!(usage, serde_json::json!([]), "nothing is counted");
}

#[tokio::test]
async fn a_page_can_read_every_answer_refusals_and_their_headers_too() {
    let limited = "limited,Limited,,,TRUE,1";
    let own = [("CORS_ALLOWED_ORIGINS", "http://localhost:5173, https://app.example.com")];
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE, limited]), &own).await;
    let get = |path: &str, key: &str| {
        let request = server.request(Method::GET, path).header("origin", APP);
        server.send(if key.is_empty() { request } else { request.bearer_auth(key) })
    };
    for (path, key, status) in [
        ("/auth/me", KEY, 200),
        ("/health", "", 200),
        ("/auth/status", "", 200),
        ("/auth/me", "", 401),
        ("/auth/me", "unknown", 401),
        ("/nothing", KEY, 404),
        ("/auth/verify", "limited", 200),
        ("/auth/verify", "limited", 429),
    ] {
        let answer = get(path, key).await;
        assert_eq!(answer.status, status, "{path}: {answer}");
        assert_eq!(about_cors(&answer), READABLE, "{path}: {answer}");
    }
    assert!(get("/auth/verify", "limited").await.header("retry-after").is_some());
    // Whoever is not named learns nothing, and no cache takes one for the other.
    for request in [
        server.request(Method::GET, "/health"),
        server.request(Method::GET, "/health").header("origin", OTHER),
    ] {
        assert_eq!(about_cors(&server.send(request).await), ["vary: origin"]);
    }
}

#[tokio::test]
async fn every_page_may_call_where_the_setting_says_so_and_none_has_credentials() {
    let server = server_for("*", &[]).await;
    let answer = server.send(preflight(&server, "/auth/me", OTHER)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    // Also to whoever does not say from where: a cache may give it to a page.
    for request in
        [server.request(Method::GET, "/health"), server.request(Method::GET, "/health").header("origin", APP)]
    {
        let expected = ["access-control-allow-origin: *", "access-control-expose-headers: *"];
        assert_eq!(about_cors(&server.send(request).await), expected);
    }
}

const UPSTREAMS_OWN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nAccess-Control-Allow-Origin: *\r\n\
     access-control-allow-credentials: true\r\naccess-control-expose-headers: X-Total\r\nvary: accept-encoding\r\n\
     x-total: 7\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_own_words_are_not_doubled() {
    let url = Upstream::start().await.answering(UPSTREAMS_OWN);
    let server = server_for(APP, &[("UPSTREAM_URL", &url)]).await;
    let http2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    for origin in [APP, OTHER] {
        let ask = |client: &reqwest::Client| {
            client.get(format!("{}/x", server.url)).bearer_auth(KEY).header("origin", origin).send()
        };
        let own: &[&str] = if origin == APP { &READABLE } else { &READABLE[2..] };
        for client in [&reqwest::Client::builder().no_proxy().build().expect("a client"), &http2] {
            let answer = Answer::read(ask(client).await.expect("an answer")).await;
            let mut expected = own.to_vec();
            expected.insert(own.len() - 1, "vary: accept-encoding");
            assert_eq!(
                (about_cors(&answer), answer.header("x-total")),
                (expected.iter().map(|it| (*it).to_owned()).collect(), Some("7"))
            );
        }
    }
}

#[tokio::test]
async fn without_the_setting_nothing_is_said_and_an_upstreams_words_pass() {
    let url = Upstream::start().await.answering(UPSTREAMS_OWN);
    let server =
        TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &url), ("API_THREADS", "1")]).await;
    let answer = server.send(preflight(&server, "/x", APP)).await;
    assert_eq!((answer.status, about_cors(&answer)), (401, Vec::new()));
    let mut client = Wire::to(&server).await;
    client
        .send(format!(
            "OPTIONS /x HTTP/1.1\r\nhost: a\r\norigin: {APP}\r\nauthorization: Bearer {KEY}\r\n\r\n"
        ))
        .await;
    assert_snapshot!(client.head().await, @r#"
    HTTP/1.1 200 OK
    Access-Control-Allow-Origin: *
    access-control-allow-credentials: true
    access-control-expose-headers: X-Total
    content-length: 0
    ratelimit-policy: "default";q=60;w=60
    ratelimit: "default";r=59;t=60
    vary: accept-encoding
    via: 1.1 convergence
    x-client-name: MyApp Production
    x-total: 7
    "#);
}

/// Calls the server that its own address names after the question mark, and writes down what it can read of each answer.
const PAGE: &str = r#"<pre id=seen></pre><script type=module>
const seen = document.getElementById("seen");
const key = { Authorization: "Bearer limited" };
for (const [path, options] of [
    ["/auth/me", { headers: key }],
    ["/nothing", { method: "PUT", headers: { ...key, "X-Odd": "1", "Content-Type": "application/json" }, body: "{}" }],
    ["/auth/me", { headers: key }],
    ["/auth/me", { headers: { Authorization: "Bearer unknown" } }],
    ["/health", {}],
    ["/health", { credentials: "include" }],
]) {
    let line = "unreadable";
    try {
        const answer = await fetch(location.search.slice(1) + path, options);
        const names = ["X-Client-Name", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"];
        line = [answer.status, ...names.map((name) => answer.headers.get(name) ?? "-")].join(" | ");
    } catch {}
    seen.append(path, ": ", line, "\n");
}
</script>"#;

/// What the page has written in Chromium, where it comes from this server.
async fn in_chromium(pages: &Provider, api: &str) -> String {
    let profile = tempfile::TempDir::new().expect("a temporary folder");
    let browser = tokio::process::Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--virtual-time-budget=20000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", &pages.url(&format!("/?{api}"))])
        .stderr(std::process::Stdio::null())
        .output();
    let page = String::from_utf8(browser.await.expect("chromium runs").stdout).expect("UTF-8");
    let seen = page.split_once("<pre id=\"seen\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    seen.unwrap_or_else(|| panic!("no page: {page}")).0.to_owned()
}

#[tokio::test]
async fn a_page_in_a_browser_reads_what_the_setting_lets_it_and_no_other_does() {
    let pages = [(); 2].map(|()| Provider::start(|_, _| Reply::of("text/html", PAGE)));
    let [ours, theirs] = pages;
    let (ours, theirs) = (ours.await, theirs.await);
    let own = [("CORS_ALLOWED_ORIGINS", &*ours.url(""))];
    let server = TestServer::with_keys_and(&csv(&["limited,Limited,,,TRUE,2"]), &own).await;
    assert_snapshot!(in_chromium(&ours, &server.url).await, @r#"
    /auth/me: 200 | Limited | "default";q=2;w=60 | - | -
    /nothing: 404 | Limited | "default";q=2;w=60 | - | -
    /auth/me: 429 | Limited | "default";q=2;w=60 | 61 | -
    /auth/me: 401 | - | - | - | Bearer realm="convergence", error="invalid_token", ApiKey realm="convergence"
    /health: 200 | - | - | - | -
    /health: unreadable
    "#);
    let unreadable = in_chromium(&theirs, &server.url).await;
    assert_eq!(unreadable.matches(": unreadable\n").count(), 6, "{unreadable}");
}
