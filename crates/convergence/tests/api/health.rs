//! Health checks of upstreams.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::support::TestServer;
use crate::support::api::Api;
use crate::support::authority::Authority;

const INTERVAL: Duration = Duration::from_secs(5);

/// Only a broken server takes as long.
const LONG: Duration = Duration::from_secs(20);

fn up(api: &Api) -> String {
    format!("convergence_upstream_up{{upstream=\"http://{}\"}}", api.address)
}

/// Waits for the next health check of this one, and makes it due.
async fn next_check(server: &TestServer, api: &Api) {
    let (start, before) = (Instant::now(), api.checks());
    while api.checks() == before {
        assert!(start.elapsed() < LONG, "no check");
        server.clock.advance(INTERVAL);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Which upstreams answer ten requests.
async fn asked(server: &TestServer) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for _ in 0..10 {
        let answer = server.get("/a").await.json();
        hosts.insert(answer["headers"]["host"].as_str().expect("a host").to_owned());
    }
    hosts
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_ill_is_not_asked_until_it_is_well() {
    let (one, two) = (Api::start(false).await, Api::start(false).await);
    let urls = format!("http://{}, http://{}", one.address, two.address);
    let server = TestServer::with(&[
        ("UPSTREAM_URL", &urls),
        ("UPSTREAM_HEALTH_PATH", "/health"),
        ("UPSTREAM_AUTHORIZATION", "Basic aGVhbHRo"),
    ]);
    server.until_metric(&up(&one), 1.0).await;
    let both = BTreeSet::from([one.address.to_string(), two.address.to_string()]);
    assert_eq!(asked(&server).await, both);

    one.set_health(503);
    next_check(&server, &one).await;
    server.clock.advance(INTERVAL);
    server.until_metric(&up(&one), 0.0).await;
    assert_eq!(asked(&server).await, BTreeSet::from([two.address.to_string()]));
    let check = one.last_check();
    assert_eq!(check["headers"]["user-agent"], "convergence");
    assert_eq!(check["headers"]["authorization"], "Basic aGVhbHRo");

    two.set_health(404);
    next_check(&server, &two).await;
    server.clock.advance(INTERVAL);
    server.until_metric(&up(&two), 0.0).await;
    assert_eq!(asked(&server).await, both, "where all are ill, all are asked");

    one.set_health(302);
    next_check(&server, &one).await;
    server.until_metric(&up(&one), 1.0).await;
    assert_eq!(asked(&server).await, BTreeSet::from([one.address.to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_upstream_is_checked() {
    let authority = Authority::new();
    let issued = authority.issue();
    let tls = |alpn: &[&str]| authority.acceptor(&issued, alpn, false);
    let apis = [
        Api::start(true).await,
        Api::start_tls(tls(&["http/1.1"])).await,
        Api::start_tls(tls(&["h2"])).await,
    ];
    let [plain, one, two] = &apis;
    let urls = format!("h2c://{},https://{},https://{}", plain.address, one.address, two.address);
    let settings = [
        ("UPSTREAM_URL", &*urls),
        ("UPSTREAM_CA_PATH", "{folder}/ca.pem"),
        ("UPSTREAM_HEALTH_PATH", "/health"),
    ];
    let server = TestServer::with_files(&[("ca.pem", &authority.pem())], &settings);
    for (api, version) in apis.iter().zip(["HTTP/2.0", "HTTP/1.1", "HTTP/2.0"]) {
        let start = Instant::now();
        while api.checks() < 2 {
            assert!(start.elapsed() < LONG, "no check");
            server.clock.advance(INTERVAL);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(api.last_check()["version"], version);
        let checks = api.checks();
        assert!(api.connections() >= checks, "each over a connection of its own");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_path_nothing_is_asked() {
    let api = Api::start(false).await;
    let server = TestServer::with(&[("UPSTREAM_URL", &format!("http://{}", api.address))]);
    server.clock.advance(INTERVAL * 3);
    assert_eq!(server.get("/a").await.status, 200);
    assert_eq!((api.connections(), api.checks()), (1, 0));
    assert_eq!(server.metric(&up(&api)).await, Some(1.0));
}
