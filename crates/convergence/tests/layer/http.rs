//! What requests and answers look like on either side of the layer.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use convergence::{Client, ClientAddress, Engine};
use insta::assert_snapshot;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{self, Folder, KEY, ONCE, Service, shown};

/// Says what it has been handed; `/broken` fails.
fn echo(engine: &Engine) -> Router {
    let seen = async |Extension(client): Extension<Client>, request: Request| {
        let mut headers: Vec<&str> = request.headers().keys().map(axum::http::HeaderName::as_str).collect();
        headers.sort_unstable();
        format!("{client:?} {headers:?}")
    };
    let routes = Router::new().route("/seen", get(seen));
    routes.route("/broken", get(async || StatusCode::BAD_GATEWAY)).layer(engine.layer())
}

#[tokio::test]
async fn a_handler_is_told_who_calls_and_never_sees_the_key() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let service = Service::start(echo(&engine)).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request =
        client.get(format!("{}/seen", service.url)).bearer_auth(ONCE).header("x-client-name", "Eve");
    let answer = request.send().await.expect("an answer");
    assert_snapshot!(shown(&answer), @r#"
    200
    content-length: 106
    content-type: text/plain; charset=utf-8
    ratelimit-policy: "default";q=1;w=60
    ratelimit: "default";r=0;t=60
    x-client-name: Ali
    "#);
    let first = answer.headers()["x-request-id"].clone();
    assert_snapshot!(answer.text().await.expect("a body"), @r#"Client { name: Some("Ali"), limit: Some(1), remaining: Some(0), .. } ["accept", "accept-encoding", "host"]"#);
    assert_ne!(service.get("/seen", KEY).await.headers()["x-request-id"], first);
}

#[tokio::test]
async fn refusals_are_those_of_the_server() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let service = Service::start(echo(&engine)).await;
    let answer = support::get(&format!("{}/seen", service.url), None).await;
    assert_snapshot!(shown(&answer), @r#"
    401
    content-length: 142
    content-type: application/problem+json
    www-authenticate: ApiKey realm="convergence"
    www-authenticate: Bearer realm="convergence"
    "#);
    assert_snapshot!(answer.text().await.expect("a body"), @r#"{"title":"Authentication required","status":401,"detail":"send your API key: Authorization: Bearer YOUR_KEY","code":"authentication_required"}"#);

    assert_eq!(service.get("/seen", ONCE).await.status().as_u16(), 200);
    let answer = service.get("/seen", ONCE).await;
    let wait: u64 = answer.headers()["retry-after"].to_str().expect("ASCII").parse().expect("seconds");
    assert!((1..=61).contains(&wait), "{wait}");
    assert!(answer.headers().contains_key("x-request-id"));
    let problem: serde_json::Value =
        serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!((&problem["status"], &problem["code"]), (&429.into(), &"rate_limit_exceeded".into()));
    // Unknown paths too: the layer stands around the whole router.
    assert_eq!(support::get(&format!("{}/nowhere", service.url), None).await.status().as_u16(), 401);
    assert_eq!(service.get("/nowhere", KEY).await.status().as_u16(), 404);
}

#[tokio::test]
async fn several_services_share_one_limit() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let (one, other) = (Service::start(echo(&engine)).await, Service::start(echo(&engine)).await);
    assert_eq!(one.get("/seen", ONCE).await.status().as_u16(), 200);
    assert_eq!(other.get("/seen", ONCE).await.status().as_u16(), 429);
}

#[tokio::test]
async fn p23_what_fails_is_counted_as_failed_and_written_at_the_end() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let service = Service::start(echo(&engine)).await;
    assert_eq!(service.get("/seen", KEY).await.status().as_u16(), 200);
    let answer = service.get("/broken", KEY).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["x-client-name"].as_bytes()),
        (502, &b"MyApp Production"[..])
    );
    service.stop().await;
    engine.stop();
    assert_eq!(folder.usage(), [("MyApp Production".to_owned(), (2, 1))].into());
}

#[tokio::test]
async fn p23_an_error_of_the_inner_service_is_passed_on_and_counted_as_failed() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let inner = async |_: Request| Err::<Response, _>("out of order");
    let service = ServiceBuilder::new().layer(engine.layer()).service_fn(inner);
    let request = Request::get("/").header("authorization", format!("ApiKey {KEY}")).body(Body::empty());
    let answer = service.oneshot(request.expect("a request")).await;
    assert_eq!(answer.map(|answer| answer.status()), Err("out of order"));
    engine.stop();
    assert_eq!(folder.usage(), [("MyApp Production".to_owned(), (1, 1))].into());
}

#[tokio::test]
async fn a_key_that_is_held_to_addresses_needs_to_be_told_where_a_request_comes_from() {
    let folder = Folder::new();
    folder.save_keys("api_key,client_name,is_active,allowed_ips\nk,Ali,TRUE,192.0.2.0/24\n");
    let engine = folder.engine().await;
    let app = echo(&engine);
    for (address, status) in [(Some("192.0.2.7"), 200), (Some("198.51.100.1"), 403), (None, 403)] {
        let mut request = Request::get("/seen").header("authorization", "Bearer k").body(Body::empty());
        let request = request.as_mut().expect("a request");
        if let Some(address) = address {
            request.extensions_mut().insert(ClientAddress(address.parse().expect("an address")));
        }
        let request = std::mem::take(request);
        let answer = app.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{address:?}");
    }
}

#[tokio::test]
async fn who_fails_too_often_is_held_back_by_the_address_that_the_service_tells() {
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.set("AUTH_FAILURE_LIMIT", "2");
    let engine = folder.engine_with(&settings).await;
    let app = echo(&engine);
    let ask = async |address: Option<&str>, key: &str| {
        let mut request = Request::get("/seen").header("authorization", format!("Bearer {key}"));
        if let Some(address) = address {
            request = request.extension(ClientAddress(address.parse().expect("an address")));
        }
        let request = request.body(Body::empty()).expect("a request");
        app.clone().oneshot(request).await.expect("an answer").status().as_u16()
    };
    for _ in 0..2 {
        assert_eq!(ask(Some("192.0.2.7"), "guess").await, 401);
    }
    assert_eq!(ask(Some("192.0.2.7"), KEY).await, 429);
    assert_eq!(ask(Some("192.0.2.8"), KEY).await, 200);
    for _ in 0..5 {
        assert_eq!(ask(None, "guess").await, 401, "from nobody knows where");
    }
}
