//! A server in this process, on a free port, with a folder and a clock of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convergence::config::{Config, Settings};
use convergence::server::Server;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, TestClock};

/// How long anything awaited may take before the test is called broken.
const DEADLINE: Duration = Duration::from_secs(20);

pub struct TestServer {
    server: Option<Server>,
    pub clock: Arc<TestClock>,
    pub url: String,
    pub admin_url: String,
    folder: TempDir,
    settings: Settings,
    client: Client,
}

impl TestServer {
    /// With these settings, as the environment would give them; `{folder}` in a value is the server's own folder.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::with_files(&[], settings)
    }

    /// The same, with files in its folder from before the start.
    pub fn with_files(files: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for (name, contents) in files {
            std::fs::write(folder.path().join(name), contents).expect("a file");
        }
        Self::start_in(folder, settings, TestClock::start())
    }

    /// Guarded by a keys file of these contents, and ready.
    pub async fn with_keys(csv: &str) -> Self {
        Self::with_keys_and(csv, &[]).await
    }

    /// The same, with more settings.
    pub async fn with_keys_and(csv: &str, settings: &[(&str, &str)]) -> Self {
        Self::with_keys_and_files(csv, &[], settings).await
    }

    /// The same, with more files in its folder from before the start.
    pub async fn with_keys_and_files(csv: &str, files: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let guarded = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "{folder}/keys.csv")];
        let files = [&[("keys.csv", csv)], files].concat();
        let server = Self::with_files(&files, &[&guarded, settings].concat());
        server.until("the keys are read", |status| status["mode"] == "enabled").await;
        server
    }

    fn start_in(folder: TempDir, given: &[(&str, &str)], clock: Arc<TestClock>) -> Self {
        let mut settings = Settings::default();
        let path = folder.path().to_str().expect("a UTF-8 path");
        settings.set("API_PORT", "0").set("ADMIN_PORT", "0").set("DATA_DIR", format!("{path}/data"));
        // Each test would wait for the client's idle connections.
        settings.set("DRAIN_IDLE_TIMEOUT", "0");
        // Tests wait for new keys by trying them, all at one address and while the clock stands still.
        settings.set("AUTH_FAILURE_LIMIT", "0");
        // Standard output is the test's.
        settings.set("ACCESS_LOG", "false");
        for (name, value) in given {
            settings.set(name, value.replace("{folder}", path));
        }
        let client = Client::builder().no_proxy().build().expect("a client");
        let (url, admin_url) = (String::new(), String::new());
        let mut server = Self { server: None, clock, url, admin_url, folder, settings, client };
        server.start();
        server
    }

    /// Where clients are sent from http to https.
    pub fn redirect_address(&self) -> Option<std::net::SocketAddr> {
        self.server.as_ref()?.redirect_address()
    }

    fn start(&mut self) {
        let config = Config::read(&self.settings).expect("settings without fault");
        let clock: Arc<TestClock> = Arc::clone(&self.clock);
        let server = Server::start(config, clock).expect("a server that starts");
        self.url = format!("http://{}", server.address());
        self.admin_url = format!("http://{}", server.admin_address());
        self.server = Some(server);
    }

    /// Where Envoy asks; `EXT_AUTHZ_PORT` has to be set.
    pub fn ext_authz(&self) -> SocketAddr {
        let server = self.server.as_ref().expect("a server that runs");
        server.ext_authz_address().expect("EXT_AUTHZ_PORT is set")
    }

    /// Stops the server as SIGTERM does.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// Stops the server and starts it again on the same folder, with settings changed.
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.stop();
        for (name, value) in settings {
            self.settings.set(name, *value);
        }
        self.start();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Saves a new keys file.
    pub fn save_keys(&self, csv: &str) {
        std::fs::write(self.path("keys.csv"), csv).expect("a keys file");
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request to the admin listener.
    pub fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.admin_url))
    }

    /// `POST /refresh`.
    pub async fn refresh(&self) -> Answer {
        self.send(self.admin(Method::POST, "/refresh")).await
    }

    /// The value of one line of `/metrics`, by the line's beginning; without it, none.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.send(self.admin(Method::GET, "/metrics")).await.body;
        let text = String::from_utf8(text).expect("UTF-8");
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        values.next().map(|value| value.parse().expect("a number"))
    }

    /// Waits until a metric has this value: a read counts once it is over, a moment after its keys are in use.
    pub async fn until_metric(&self, name: &str, wanted: f64) {
        let start = Instant::now();
        loop {
            let value = self.metric(name).await;
            if value == Some(wanted) {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "{name}: {value:?}, and not yet {wanted}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `/auth/verify` with a key.
    pub async fn verify(&self, key: &str) -> Answer {
        self.send(self.request(Method::GET, "/auth/verify").bearer_auth(key)).await
    }

    pub async fn status(&self) -> Value {
        self.get("/auth/status").await.json()
    }

    /// Waits until `/auth/status` is as wanted, without moving the clock.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until_by(what, Duration::ZERO, wanted).await
    }

    /// The same, moving the clock by `step` between two looks.
    pub async fn until_by(&self, what: &str, step: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(start.elapsed() < DEADLINE, "{what}: not yet, {status:#}");
            self.clock.advance(step);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits, moving the clock by `step` between two tries, until a path answers a key with a problem of this code.
    pub async fn until_code(&self, path: &str, key: &str, code: &str, step: Duration) {
        let start = Instant::now();
        loop {
            let answer = self.send(self.request(Method::GET, path).bearer_auth(key)).await;
            if answer.code() == code {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "still {answer}");
            self.clock.advance(step);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until there is a file that holds these words.
    pub async fn until_file_holds(&self, name: &str, words: &[&str]) {
        let start = Instant::now();
        loop {
            let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            if !text.is_empty() && words.iter().all(|word| text.contains(word)) {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "not yet in {name}: {words:?}\n{text}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits, moving the clock by `step` between two tries, until a key gets this status.
    pub async fn until_verified(&self, key: &str, status: u16, step: Duration) {
        let start = Instant::now();
        loop {
            let answer = self.verify(key).await;
            if answer.status == status {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "still {answer}");
            self.clock.advance(step);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
    }
}
