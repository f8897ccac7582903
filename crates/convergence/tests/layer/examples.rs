//! The examples, run: each by its own `serve`, which is all of it but the fixed port and the environment.

use convergence::Engine;
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Folder, KEY, ONCE, get, listener};

#[path = "guide.rs"]
#[allow(dead_code, reason = "the block in docs/library.md, which only has to compile")]
mod guide;
#[path = "../../examples/axum.rs"]
#[allow(dead_code, reason = "its main has a port and an environment of its own")]
mod with_axum;
#[path = "../../examples/hyper.rs"]
#[allow(dead_code, reason = "as above")]
mod with_hyper;
#[path = "../../examples/tonic.rs"]
#[allow(dead_code, reason = "as above")]
mod with_tonic;

#[tokio::test]
async fn the_axum_example_asks_for_keys() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let (listener, address, stop, stopped) = listener().await;
    let client = async {
        speaks_http(&format!("http://{address}/hello")).await;
        let public = get(&format!("http://{address}/health"), None).await;
        assert_eq!((public.status().as_u16(), public.headers().get("x-client-name")), (200, None));
        drop(stop);
    };
    let (served, ()) = tokio::join!(with_axum::serve(&engine, listener, stopped), client);
    served.expect("it serves");
}

#[tokio::test]
async fn the_hyper_example_asks_for_keys() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let (listener, address, stop, stopped) = listener().await;
    let client = async {
        speaks_http(&format!("http://{address}/")).await;
        drop(stop);
    };
    let (served, ()) = tokio::join!(with_hyper::serve(&engine, listener, stopped), client);
    served.expect("it serves");
}

/// 200, 401 and 429 of a service that greets its callers.
async fn speaks_http(url: &str) {
    let greeted = get(url, Some(KEY)).await;
    assert_eq!(
        (greeted.status().as_u16(), &greeted.headers()["x-client-name"]),
        (200, &"MyApp Production".parse().expect("a value"))
    );
    assert_eq!(greeted.text().await.expect("a body"), "Hello, MyApp Production!\n");
    assert_eq!(get(url, None).await.status().as_u16(), 401);
    assert_eq!(get(url, Some("sk-convergence-other")).await.status().as_u16(), 401);
    assert_eq!(get(url, Some(ONCE)).await.status().as_u16(), 200);
    assert_eq!(get(url, Some(ONCE)).await.status().as_u16(), 429);
}

#[tokio::test]
async fn the_tonic_example_asks_for_keys() {
    let folder = Folder::new();
    let engine: Engine = folder.engine().await;
    let (listener, address, stop, stopped) = listener().await;
    let client = async {
        let channel = Channel::from_shared(format!("http://{address}")).expect("a URL").connect_lazy();
        let mut client = HealthClient::new(channel);
        let mut check = async |key: Option<&str>, service: &str| {
            let mut request = tonic::Request::new(HealthCheckRequest { service: service.to_owned() });
            if let Some(key) = key {
                let value = MetadataValue::try_from(format!("Bearer {key}")).expect("ASCII");
                request.metadata_mut().insert("authorization", value);
            }
            client.check(request).await
        };
        let answer = check(Some(KEY), "MyApp Production").await.expect("its own service");
        assert_eq!(answer.metadata().get("x-client-name").expect("a name"), "MyApp Production");
        assert_eq!(check(Some(KEY), "Ali").await.expect_err("not its own").code(), Code::NotFound);
        assert_eq!(check(None, "").await.expect_err("no key").code(), Code::Unauthenticated);
        check(Some(ONCE), "Ali").await.expect("the first of the minute");
        assert_eq!(check(Some(ONCE), "Ali").await.expect_err("too many").code(), Code::ResourceExhausted);
        drop(stop);
    };
    let (served, ()) = tokio::join!(with_tonic::serve(&engine, listener, stopped), client);
    served.expect("it serves");
}
