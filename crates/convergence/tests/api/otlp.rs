//! `OTEL_EXPORTER_OTLP_ENDPOINT`: what a collector is sent, read by OpenTelemetry's own messages, and what an upstream is told
//! of the trace.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{EXAMPLE, KEY, TestServer, Upstream, csv};

/// Begun by somebody else, and recorded.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A Python with OpenTelemetry's messages, installed by the first test that asks.
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/otlp/setup.sh");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "{} failed", script.display());
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
});

/// One that takes everything.
struct Collector {
    url: String,
    messages: mpsc::UnboundedReceiver<(String, Bytes)>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, messages) = mpsc::unbounded_channel();
        let take = move |request: Request| {
            let sender = sender.clone();
            async move {
                let (head, body) = request.into_parts();
                assert_eq!(head.headers["content-type"], "application/x-protobuf");
                assert_eq!(head.headers["authorization"], "Basic eA==");
                let body = to_bytes(body, 1 << 20).await.expect("a body");
                // The test may have ended.
                let _ = sender.send((head.uri.path().to_owned(), body));
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        Self { url, messages }
    }

    /// The next message of a kind, while the server's clock goes on.
    async fn next(&mut self, server: &TestServer, kind: &str) -> (Value, Bytes) {
        let start = Instant::now();
        loop {
            while let Ok((path, body)) = self.messages.try_recv() {
                if path == format!("/v1/{kind}") {
                    return (decode(kind, &body), body);
                }
            }
            assert!(start.elapsed() < Duration::from_secs(20), "no {kind}");
            server.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn decode(kind: &str, message: &[u8]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/otlp/decode.py");
    let mut python = Command::new(&*PYTHON);
    let child = python.arg(script).arg(kind).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("Python runs");
    child.stdin.take().expect("a pipe").write_all(message).expect("it reads");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "it is none of OTLP's messages");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn traced(collector: &Collector, upstream: &Upstream, settings: &[(&str, &str)]) -> TestServer {
    let own = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20eA=="),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10000"),
        ("UPSTREAM_URL", &*upstream.url),
        ("INSTANCE", "one"),
    ];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[&own, settings].concat()).await
}

/// Asks for something of the upstream in this trace, and returns the head that the upstream got.
async fn ask(server: &TestServer, upstream: &Upstream, trace: &[(&str, &str)]) -> String {
    let mut request = server.request(Method::GET, "/v1/users/42?secret=1").bearer_auth(KEY);
    for (name, value) in trace {
        request = request.header(*name, *value);
    }
    let answer = async {
        let mut at_upstream = upstream.accept().await;
        let head = at_upstream.head().await;
        at_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        head
    };
    let (answer, head) = tokio::join!(server.send(request), answer);
    assert_eq!(answer.status, 200);
    head
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
}

fn id(value: &Value) -> &str {
    value.as_str().expect("an id")
}

fn attributes(of: &Value) -> Vec<(String, String)> {
    let pairs = of["attributes"].as_array().into_iter().flatten();
    let value = |value: &Value| value.as_object().and_then(|object| object.values().next()).cloned();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pair = |pair: &Value| {
        (pair["key"].as_str().expect("a key").to_owned(), value(&pair["value"]).map(text).unwrap_or_default())
    };
    pairs.map(pair).collect()
}

fn has(of: &Value, key: &str, value: &str) -> bool {
    attributes(of).contains(&(key.to_owned(), value.to_owned()))
}

fn spans(traces: &Value) -> Vec<Value> {
    traces["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone()
}

#[tokio::test]
async fn a_trace_goes_on_at_the_upstream_and_its_spans_to_the_collector() {
    let (mut collector, upstream) = (Collector::start().await, Upstream::start().await);
    let server = traced(&collector, &upstream, &[("OTEL_TRACES_SAMPLER_ARG", "0")]).await;
    let head = ask(&server, &upstream, &[("traceparent", PARENT), ("tracestate", "a=1")]).await;
    let passed = header(&head, "traceparent").expect("a trace");
    assert_eq!((&passed[..36], &passed[52..]), (&PARENT[..36], "-01"));
    assert_eq!(header(&head, "tracestate").as_deref(), Some("a=1"));
    let (traces, bytes) = collector.next(&server, "traces").await;
    let resource = &traces["resourceSpans"][0]["resource"];
    assert!(has(resource, "service.name", "convergence") && has(resource, "service.instance.id", "one"));
    let spans = spans(&traces);
    let [request, decision, question] = &spans[..] else { panic!("three spans: {traces:#}") };
    assert!(spans.iter().all(|span| id(&span["traceId"]) == TRACE), "{traces:#}");
    assert_eq!((&request["name"], &request["kind"]), (&json!("GET /v1/users/*"), &json!("SPAN_KIND_SERVER")));
    assert_eq!(id(&request["parentSpanId"]), &PARENT[36..52]);
    for child in [decision, question] {
        assert_eq!(child["parentSpanId"], request["spanId"]);
    }
    assert_eq!((&question["kind"], id(&question["spanId"])), (&json!("SPAN_KIND_CLIENT"), &passed[36..52]));
    for (key, value) in [
        ("convergence.client", "MyApp Production"),
        ("convergence.outcome", "admitted"),
        ("http.response.status_code", "200"),
        ("http.request.method", "GET"),
        ("http.route", "/v1/users/*"),
        ("url.path", "/v1/users/42"),
        ("client.address", "127.0.0.1"),
    ] {
        assert!(has(request, key, value), "{key}: {request:#}");
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("abc123xyz") && !text.contains("secret"), "no key and no query");
}

#[tokio::test]
async fn who_is_traced_is_said_by_whoever_begins_and_without_a_collector_all_is_passed_on() {
    let (mut collector, upstream) = (Collector::start().await, Upstream::start().await);
    let server = traced(&collector, &upstream, &[]).await;
    let unrecorded = PARENT.replace("-01", "-00");
    let head = ask(&server, &upstream, &[("traceparent", &unrecorded), ("tracestate", "a=1")]).await;
    assert_eq!(header(&head, "traceparent"), Some(unrecorded));
    // A trace that begins here. What somebody has added to another does not belong to it.
    let head = ask(&server, &upstream, &[("traceparent", "no trace"), ("tracestate", "a=1")]).await;
    let begun = header(&head, "traceparent").expect("a trace");
    assert_eq!(header(&head, "tracestate"), None);
    assert_eq!(server.verify("unknown").await.status, 401);
    let mut seen = spans(&collector.next(&server, "traces").await.0);
    if seen.len() < 5 {
        seen.extend(spans(&collector.next(&server, "traces").await.0));
    }
    assert!(id(&seen[0]["traceId"]) == &begun[3..35] && seen[0]["parentSpanId"].is_null(), "{seen:#?}");
    assert!(has(&seen[3], "convergence.code", "unknown_api_key"), "{seen:#?}");
    assert_eq!(seen.len(), 5, "three of one, two of the other, and none of what is not recorded");

    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("UPSTREAM_URL", &upstream.url)]).await;
    let head = ask(&server, &upstream, &[("traceparent", PARENT), ("tracestate", "a=1")]).await;
    assert_eq!(header(&head, "traceparent").as_deref(), Some(PARENT));
}

#[tokio::test]
async fn the_metrics_are_those_of_the_page() {
    let (mut collector, upstream) = (Collector::start().await, Upstream::start().await);
    let server = traced(&collector, &upstream, &[("OTEL_TRACES_SAMPLER_ARG", "0")]).await;
    for _ in 0..3 {
        assert_eq!(server.verify(KEY).await.status, 200);
    }
    let (told, _) = collector.next(&server, "metrics").await;
    let metrics =
        told["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().expect("metrics").clone();
    let metric = |name: &str| {
        metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("no {name}: {told:#}"))
    };
    let requests = &metric("convergence_requests")["sum"];
    assert_eq!(requests["aggregationTemporality"], "AGGREGATION_TEMPORALITY_CUMULATIVE");
    assert_eq!(requests["isMonotonic"], true);
    let admitted = requests["dataPoints"].as_array().expect("points").iter();
    let admitted = admitted.filter(|point| has(point, "outcome", "admitted") && has(point, "status", "2xx"));
    assert_eq!(admitted.map(|point| &point["asDouble"]).collect::<Vec<_>>(), [&json!(3.0)]);
    let decisions = metric("convergence_decision_duration_seconds");
    let point = &decisions["histogram"]["dataPoints"][0];
    assert_eq!((&decisions["unit"], &point["count"]), (&json!("s"), &json!("3")));
    let lengths =
        [&point["bucketCounts"], &point["explicitBounds"]].map(|list| list.as_array().map(Vec::len));
    assert_eq!(lengths, [Some(15), Some(14)], "one bucket has no bound");
    assert_eq!(metric("convergence_directory_keys")["gauge"]["dataPoints"][0]["asDouble"], 1.0);
    let text = server.send(server.admin(Method::GET, "/metrics")).await.body;
    let text = String::from_utf8(text).expect("UTF-8");
    for metric in &metrics {
        let name = metric["name"].as_str().expect("a name");
        assert!(text.contains(&format!("# TYPE {name}")), "{name}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up_and_is_counted() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)]).await;
    assert_eq!(server.verify(KEY).await.status, 200);
    let start = Instant::now();
    while server.metric("convergence_otlp_lost_requests_total{}").await < Some(1.0) {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is lost");
        server.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let failed = "convergence_otlp_exports_total{signal=\"traces\",result=\"failed\"}";
    assert!(server.metric(failed).await >= Some(1.0));
}
