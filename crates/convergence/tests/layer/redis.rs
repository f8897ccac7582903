//! Engines that share their limits through Redis, with each other and with servers.

use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use convergence::{Client, Engine};
use testkit::Redis;

use crate::support::{Folder, ONCE, Service};

fn counting(engine: &Engine) -> Router {
    let left = async |Extension(client): Extension<Client>| format!("{:?}", client.remaining());
    Router::new().route("/", get(left)).layer(engine.layer())
}

#[tokio::test]
async fn p12_two_engines_admit_what_one_would_and_go_on_when_redis_does_not() {
    let mut redis = Redis::start();
    let (one, other) = (Folder::new(), Folder::new());
    let mut services = Vec::new();
    for folder in [&one, &other] {
        let mut settings = folder.settings();
        settings.set("REDIS_URL", redis.url()).set("REDIS_TIMEOUT_MS", "10000");
        settings.set("REDIS_FALLBACK", "closed");
        let engine = folder.engine_with(&settings).await;
        let service = Service::start(counting(&engine)).await;
        // Until then it decides without Redis.
        let begun = std::time::Instant::now();
        while service.get("/", ONCE).await.status() == 503 {
            assert!(begun.elapsed() < crate::support::DEADLINE);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        services.push((engine, service));
    }
    // One of the two has had the one request of the minute.
    for (_, service) in &services {
        let refused = service.get("/", ONCE).await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["x-client-name"]),
            (429, &"Ali".parse().expect("text"))
        );
    }
    redis.kill();
    let (engine, service) = services.pop().expect("two");
    let begun = std::time::Instant::now();
    while service.get("/", ONCE).await.status() != 503 {
        assert!(begun.elapsed() < crate::support::DEADLINE);
    }
    service.stop().await;
    engine.stop();
    let used = other.usage();
    assert!(used["Ali"].0 <= 1, "{used:?}");
}
