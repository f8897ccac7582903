//! Tables that have met with an accident, and what the server leaves on disk for them.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use testkit::Google;

use super::sheet::server_of;
use super::{TestServer, csv};

/// A look at the file or for an order, of the test clock.
pub const LOOK: Duration = Duration::from_millis(250);

/// As many keys as make an accident when more than half are lost.
pub const KEYS: usize = 20;

pub fn line(number: usize) -> String {
    format!("key-{number},Client {number},,,TRUE,60")
}

/// A keys file of these lines.
pub fn file(lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<String> = lines.into_iter().collect();
    csv(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn all_keys() -> String {
    file((0..KEYS).map(line))
}

pub async fn guarded() -> TestServer {
    let server = TestServer::with_keys(&all_keys()).await;
    server.until_history("the first keys are noted", 1).await;
    server
}

/// A file of the server's `DATA_DIR`, as JSON.
pub fn json_of(server: &TestServer, name: &str) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(server.path("data/keys").join(name)).ok()?).ok()
}

impl TestServer {
    /// The lines of the audit file.
    pub fn audit(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("data/keys/audit.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    pub fn events(&self) -> Vec<String> {
        self.audit().iter().map(|entry| entry["event"].as_str().expect("an event").to_owned()).collect()
    }

    pub async fn until_history(&self, what: &str, lines: usize) {
        self.until_by(what, Duration::ZERO, |_| self.audit().len() >= lines).await;
    }

    /// Saves a file and waits until its refresh is held and that is on disk.
    pub async fn hold(&self, csv: &str) -> Value {
        self.save_keys(csv);
        let status = self.until_by("it is held", LOOK, is_held).await;
        self.until_by("the held state is on disk", LOOK, |_| self.held_digest().is_some()).await;
        status
    }

    pub fn held_digest(&self) -> Option<String> {
        let standing = json_of(self, "standing.json")?;
        Some(standing["standing"]["held"]["digest"].as_str()?.to_owned())
    }

    /// Hands an order over, as the commands do.
    pub fn order(&self, order: &Value) {
        let beside = self.path("data/keys/order.json.new");
        std::fs::write(&beside, order.to_string()).expect("an order");
        std::fs::rename(beside, self.path("data/keys/order.json")).expect("an order in place");
    }

    pub async fn assert_all(&self, keys: Range<usize>, status: u16) {
        for number in keys {
            let answer = self.verify(&format!("key-{number}")).await;
            assert_eq!(answer.status, status, "key-{number}: {answer}");
        }
    }
}

pub fn is_held(status: &Value) -> bool {
    status["cache"]["last_error"].as_str().is_some_and(|error| error.contains("refresh is held"))
}

pub fn is_well(status: &Value) -> bool {
    status["cache"]["last_error"].is_null() && status["reason"].is_null()
}

/// A tab with these keys, all of which work.
pub fn sheet(keys: Range<usize>) -> Vec<Vec<Value>> {
    let header = ["api_key", "client_name", "is_active", "rate_limit"].map(Value::from).to_vec();
    let row =
        |n: usize| vec![format!("key-{n}").into(), format!("Client {n}").into(), true.into(), 60.into()];
    std::iter::once(header).chain(keys.map(row)).collect()
}

/// A server of this Google's sheet, which has these keys and has been read.
pub async fn google_server(google: &Google, keys: Range<usize>) -> TestServer {
    google.set_tab("API_Keys", sheet(keys));
    let server = server_of(google, &[]);
    server.until_read().await;
    server
}
