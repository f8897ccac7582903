//! What `/metrics` counts of requests: each once, whatever came of it, and however it came.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::Value;

use crate::ext_authz;
use crate::support::sheet::{example, google_with, server_of};
use crate::support::{EXAMPLE, KEY, TestServer, Upstream, Wire, csv};

const LINES: &[&str] = &[EXAMPLE, "none,None Allowed,,,TRUE,0", "old,Old,,2025-11-30,TRUE,5"];

/// The lines of one metric, sorted; without those of public paths, which tests look at while they wait.
async fn lines_of(server: &TestServer, metric: &str) -> Vec<String> {
    let text = server.send(server.admin(Method::GET, "/metrics")).await.body;
    let text = String::from_utf8(text).expect("UTF-8");
    let named = text.lines().filter_map(|line| line.strip_prefix(metric));
    let mut lines: Vec<String> =
        named.filter(|line| !line.contains("\"public\"")).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

async fn requests(server: &TestServer) -> String {
    lines_of(server, "convergence_requests_total").await.join("\n")
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

#[tokio::test]
async fn p23_clients_are_counted_by_route_and_so_many_have_a_name() {
    let lines = [EXAMPLE, "second,Second,,,TRUE,1"];
    let server = TestServer::with_keys_and(&csv(&lines), &[("METRICS_CLIENTS", "1")]).await;
    for path in ["/auth/verify", "/nowhere", "/auth/verify"] {
        server.send(server.request(Method::GET, path).bearer_auth(KEY)).await;
    }
    let first = "convergence_client_requests_total{client=\"MyApp Production\",route=\"GET /auth/verify\",outcome=\"admitted\"}";
    until_counted(&server, first, 2.0).await;
    for _ in 0..3 {
        server.verify("second").await;
    }
    let other =
        "convergence_client_requests_total{client=\"(other clients)\",route=\"GET /auth/verify\",outcome=";
    until_counted(&server, &format!("{other}\"rate_limited\"}}"), 2.0).await;
    let all = lines_of(&server, "convergence_client_requests_total").await.join("\n");
    insta::assert_snapshot!(all, @r#"
    {client="(other clients)",route="GET /auth/verify",outcome="admitted"} 1
    {client="(other clients)",route="GET /auth/verify",outcome="rate_limited"} 2
    {client="MyApp Production",route="GET /auth/verify",outcome="admitted"} 2
    {client="MyApp Production",route="GET /nowhere",outcome="admitted"} 1
    "#);
}

/// Waits until a client's requests are counted, which happens twice a second.
async fn until_counted(server: &TestServer, metric: &str, wanted: f64) {
    let start = Instant::now();
    while server.metric(metric).await < Some(wanted) {
        assert!(start.elapsed() < Duration::from_secs(20), "not yet {wanted}: {metric}");
        server.clock.advance(Duration::from_millis(500));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// promtool, unpacked by the first test that asks.
static PROMTOOL: LazyLock<String> = LazyLock::new(|| {
    let script = repository().join("crates/convergence/tests/promtool/setup.sh");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
});

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs it in a folder; what it says if it is not content.
fn promtool(folder: &Path, arguments: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new(&*PROMTOOL);
    command.current_dir(folder).args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(said.into_owned()) }
}

/// All that a server with everything has to tell.
async fn everything() -> (String, String) {
    let redis = testkit::Redis::start();
    let upstream = Upstream::start().await;
    let google = google_with(vec![example()]).await;
    let settings = [
        ("UPSTREAM_URL", &*upstream.url),
        ("REDIS_URL", &*redis.url()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let server = server_of(&google, &settings);
    server.until_verified(KEY, 200, Duration::from_millis(100)).await;
    let admitted = "convergence_client_requests_total{client=\"MyApp Production\",route=\"GET /auth/verify\",outcome=\"admitted\"}";
    until_counted(&server, admitted, 1.0).await;
    let get = async |accept: &str| {
        let request = server.admin(Method::GET, "/metrics").header("accept", accept);
        let answer = server.send(request).await;
        let kind = answer.header("content-type").expect("a type").to_owned();
        (kind, String::from_utf8(answer.body).expect("UTF-8"))
    };
    let (kind, openmetrics) = get("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let (kind, text) = get("*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    (openmetrics, text)
}

#[tokio::test]
async fn promtool_has_nothing_to_say_and_the_guide_names_every_metric() {
    let (openmetrics, text) = everything().await;
    assert!(openmetrics.ends_with("# EOF\n") && !text.contains("# EOF"));
    assert_eq!(promtool(&repository(), &["check", "metrics"], &text), Ok(()), "{text}");
    let guide = std::fs::read_to_string(repository().join("docs/metrics.md")).expect("a guide");
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect::<Vec<_>>();
    assert!(described.len() > 25, "{text}");
    for metric in described {
        let (name, kind) = metric.split_once(' ').expect("a type");
        assert!(guide.contains(&format!("| `{name}` | {kind} |")), "docs/metrics.md has no {name}, a {kind}");
    }
}

#[test]
fn prometheus_takes_the_settings_of_the_guide() {
    let guide = std::fs::read_to_string(repository().join("docs/metrics.md")).expect("a guide");
    let blocks = guide.split("```yaml\n").skip(1).map(|block| block.split("```").next().expect("a block"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("prometheus.yml"), blocks.collect::<String>()).expect("a file");
    assert_eq!(promtool(folder.path(), &["check", "config", "--syntax-only", "prometheus.yml"], ""), Ok(()));
}

#[test]
fn the_rules_fire_on_what_they_should_and_on_nothing_else() {
    let folder = repository().join("deploy/prometheus");
    assert_eq!(promtool(&folder, &["check", "rules", "convergence.rules.yml"], ""), Ok(()));
    assert_eq!(promtool(&folder, &["test", "rules", "convergence.rules.test.yml"], ""), Ok(()));
}

/// What stands behind each `"expr"` of the dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| expressions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn every_expression_of_the_dashboard_and_of_the_rules_is_about_metrics_that_there_are() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).expect(path);
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/convergence.json")).expect("JSON");
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 30, "{found:?}");
    // As Grafana fills them in.
    let filled = found.iter().map(|expression| {
        expression.replace("$__rate_interval", "5m").replace("$instance", ".*").replace('\'', "''")
    });
    let rules: Vec<String> = filled
        .enumerate()
        .map(|(number, expression)| format!("      - {{ record: panel:{number}, expr: '{expression}' }}\n"))
        .collect();
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let rules = format!("groups:\n  - name: dashboard\n    rules:\n{}", rules.concat());
    std::fs::write(folder.path().join("rules.yml"), &rules).expect("a file");
    assert_eq!(promtool(folder.path(), &["check", "rules", "rules.yml"], ""), Ok(()));

    let guide = read("docs/metrics.md");
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for text in [rules, read("deploy/prometheus/convergence.rules.yml")] {
        for word in text.split(|letter| !is_part(letter)).filter(|word| word.starts_with("convergence_")) {
            let whole = ["_bucket", "_sum", "_count"].iter().find_map(|part| word.strip_suffix(part));
            let is_there = [Some(word), whole]
                .into_iter()
                .flatten()
                .any(|name| guide.contains(&format!("| `{name}` |")));
            assert!(is_there, "there is no metric {word}");
        }
    }
}
