//! Several servers, each a process of its own, that share their limits through a real Redis.

mod away;
mod exact;
mod kinds;
mod quotas;
mod sheet;
mod start;
mod totals;

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use testkit::Redis;

use crate::{LONG, Serving};

/// What the keys of these tests may: prime, so that no share is a whole part of it.
const LIMIT: usize = 101;

/// As many clients at a time as the tests have.
const CLIENTS: usize = 64;

const WINDOW: Duration = Duration::from_mins(1);

fn keys() -> String {
    let header = "api_key,client_name,is_active,rate_limit\n";
    let whole =
        ["one", "two", "three", "four"].map(|name| format!("key-{name},Client {name},TRUE,{LIMIT}\n"));
    let special = "key-small,Client one,TRUE,7\nkey-free,Client one,TRUE,\nkey-none,Client one,TRUE,0\n";
    format!("{header}{}{special}", whole.concat())
}

/// One of them, and its files. It is killed when this is dropped.
struct Server {
    serving: Mutex<Serving>,
    url: String,
    folder: TempDir,
    client: Client,
}

/// A request that was let in: when it was sent, and when its answer had come.
#[derive(Clone, Copy)]
struct Admission {
    sent: Instant,
    received: Instant,
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("keys.csv"), keys()).expect("a keys file");
    folder
}

impl Server {
    fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(folder(), settings)
    }

    fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        Self::start_with(folder, &[crate::GUARDED, settings].concat())
    }

    fn start_with(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut serving = Serving::start(folder.path(), &["serve"], settings);
        serving.line_with("keys are up to date");
        let client = Client::builder().no_proxy().timeout(LONG).build().expect("a client");
        Self { url: serving.url.clone(), serving: Mutex::new(serving), folder, client }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Waits for a line of its log.
    fn says(&self, words: &str) {
        self.serving.lock().expect("no panic").line_with(words);
    }

    fn signal(&self, name: &str) {
        let process = self.serving.lock().expect("no panic").child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &process]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Has it end as an operator would.
    fn stop(&self) {
        self.signal("TERM");
        let status = self.serving.lock().expect("no panic").child.wait().expect("a status");
        assert!(status.success());
    }

    async fn status(&self) -> Value {
        let answer = self.client.get(self.url("/auth/status")).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// The admin listener.
    fn admin(&self, path: &str) -> String {
        let line = self.serving.lock().expect("no panic").line_with("admin at http://");
        format!("{}{path}", line.rsplit("admin at ").next().expect("an address").trim())
    }

    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            if holds(&status["redis"]) {
                return;
            }
            assert!(begun.elapsed() < LONG, "{what}: not yet, {status:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until each of its threads asks Redis, and there are so many servers.
    async fn until_one_of(&self, servers: u32) {
        let holds = |redis: &Value| redis["connected"] == true && redis["servers"] == servers;
        self.until("it is one of several", holds).await;
    }

    async fn until_away(&self) {
        self.until("Redis is away", |redis| redis["connected"] == false).await;
    }

    async fn verify(&self, key: &str) -> reqwest::Response {
        self.client.get(self.url("/auth/verify")).bearer_auth(key).send().await.expect("an answer")
    }

    async fn admits(&self, key: &str) -> bool {
        self.verify(key).await.status() == 200
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let serving = self.serving.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = serving.child.kill();
        let _ = serving.child.wait();
    }
}

/// What a test needs that is about Redis' decisions: on a machine that is busy with other tests, they take their time.
const PATIENT: (&str, &str) = ("REDIS_TIMEOUT_MS", "10000");

/// So many servers that know of each other.
async fn servers(number: u32, settings: &[(&str, &str)]) -> Vec<Arc<Server>> {
    let all: Vec<_> = (0..number).map(|_| Arc::new(Server::start(settings))).collect();
    for server in &all {
        server.until_one_of(number).await;
    }
    all
}

/// So many requests at each server in turn, by `CLIENTS` at a time. Only 200 and 429 are answers; one that does not come
/// is left out.
async fn load(servers: &[Arc<Server>], key: &'static str, requests: usize) -> Vec<Admission> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (servers, next) = (servers.to_vec(), Arc::clone(&next));
        clients.spawn(async move {
            let mut admitted = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return admitted;
                }
                let server = &servers[number % servers.len()];
                let sent = Instant::now();
                let request = server.client.get(server.url("/auth/verify")).bearer_auth(key);
                // A server that was killed gives none.
                let Ok(answer) = request.send().await else { continue };
                match answer.status().as_u16() {
                    200 => admitted.push(Admission { sent, received: Instant::now() }),
                    429 => {}
                    other => panic!("{other}"),
                }
            }
        });
    }
    clients.join_all().await.concat()
}

/// The most of them that were let in within less than a window for sure.
fn most_in_a_window(admissions: &[Admission]) -> usize {
    let within = |first: &Admission| {
        let there =
            admissions.iter().filter(|one| one.sent >= first.sent && one.received < first.sent + WINDOW);
        there.count()
    };
    admissions.iter().map(within).max().unwrap_or(0)
}

/// Waits until the only window that there is has counted so many requests.
async fn until_counted(redis: &Redis, requests: usize) {
    let begun = Instant::now();
    loop {
        let window = redis.command(&["KEYS", "convergence:window:*"]);
        let sum = redis.command(&["LRANGE", &window, "-1", "-1"]);
        if sum == requests.to_string() {
            return;
        }
        assert!(begun.elapsed() < LONG, "it has counted {sum:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
