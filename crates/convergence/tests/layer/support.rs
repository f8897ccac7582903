//! An engine with a folder of its own, and services around which it stands.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use convergence::{Engine, Mode, Settings};
use reqwest::{Client, Response};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long anything awaited may take before the test is called broken.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Of a client without a limit.
pub const KEY: &str = "sk-convergence-abc123xyz";

/// Of a client with one request a minute.
pub const ONCE: &str = "sk-convergence-once";

const KEYS: &str = "api_key,client_name,is_active,rate_limit\n\
                    sk-convergence-abc123xyz,MyApp Production,TRUE,\n\
                    sk-convergence-once,Ali,TRUE,1\n";

/// A folder with a keys file, for engines one after the other.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        folder.save_keys(KEYS);
        folder
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a UTF-8 path").to_owned()
    }

    pub fn save_keys(&self, csv: &str) {
        std::fs::write(self.path("keys.csv"), csv).expect("a keys file");
    }

    /// Guarded by the keys file, the usage kept on disk only.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", self.path("keys.csv"));
        settings.set("DATA_DIR", self.path("data")).set("USAGE_FLUSH_INTERVAL", "0");
        settings
    }

    /// What is written of usage: client, admitted, failed; over all days, since the clock is real.
    pub fn usage(&self) -> BTreeMap<String, (u64, u64)> {
        let usage = testkit::usage(env!("CARGO_BIN_EXE_convergence"), self.path("data").as_ref(), "client");
        let client = |line: serde_json::Value| {
            let number = |name: &str| line[name].as_u64().expect("a number");
            (line["client_name"].as_str().expect("a name").to_owned(), (number("admitted"), number("failed")))
        };
        usage.into_iter().map(client).collect()
    }

    /// An engine that has its keys.
    pub async fn engine(&self) -> Engine {
        self.engine_with(&self.settings()).await
    }

    /// The same, with these settings.
    pub async fn engine_with(&self, settings: &Settings) -> Engine {
        let engine = Engine::start(settings).expect("settings without fault");
        let start = Instant::now();
        while engine.status().mode() != Mode::Enabled {
            assert!(start.elapsed() < DEADLINE, "still {engine:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        engine
    }
}

/// A free port, and what stops whoever serves there.
pub async fn listener() -> (TcpListener, SocketAddr, oneshot::Sender<()>, impl Future<Output = ()> + use<>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    (listener, address, stop, async { stopped.await.unwrap_or_default() })
}

/// An axum service that runs.
pub struct Service {
    pub url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Service {
    pub async fn start(routes: Router) -> Self {
        let (listener, address, stop, stopped) = listener().await;
        let serving =
            tokio::spawn(axum::serve(listener, routes).with_graceful_shutdown(stopped).into_future());
        Self { url: format!("http://{address}"), stop, serving }
    }

    pub async fn get(&self, path: &str, key: &str) -> Response {
        get(&format!("{}{path}", self.url), Some(key)).await
    }

    pub async fn stop(self) {
        drop(self.stop);
        self.serving.await.expect("no panic").expect("no error");
    }
}

pub async fn get(url: &str, key: Option<&str>) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.get(url);
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    request.send().await.expect("an answer")
}

/// The headers of an answer by name, less those that differ from run to run.
pub fn shown(answer: &Response) -> String {
    let mut lines: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("printable ASCII")))
        .collect();
    lines.sort();
    format!("{}\n{}", answer.status().as_u16(), lines.join("\n"))
}
