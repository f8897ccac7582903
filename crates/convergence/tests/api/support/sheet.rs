//! A sheet with the guide's table at testkit's Google, and servers that read it.

use serde_json::{Value, json};
use testkit::Google;

use super::{HEADER, KEY, TestServer};

pub fn header() -> Vec<Value> {
    HEADER.split(',').map(Value::from).collect()
}

pub fn row(key: &str, client: &str, expires_at: Value, active: bool, limit: Value) -> Vec<Value> {
    vec![key.into(), client.into(), json!(45_844.416_666_666_664), expires_at, active.into(), limit]
}

pub fn example() -> Vec<Value> {
    row(KEY, "MyApp Production", "".into(), true, 60.into())
}

pub async fn google_with(rows: Vec<Vec<Value>>) -> Google {
    let google = Google::start().await;
    google.set_tab("API_Keys", [vec![header()], rows].concat());
    google
}

/// A server of that sheet, not yet ready.
pub fn server_of(google: &Google, more: &[(&str, &str)]) -> TestServer {
    server_as(google, &google.credentials_json(), more)
}

/// The same, with these contents as its file of credentials.
pub fn server_as(google: &Google, credentials: &str, more: &[(&str, &str)]) -> TestServer {
    let named = [("GOOGLE_CREDENTIALS_PATH", "{folder}/credentials.json")];
    server_with(google, &[("credentials.json", credentials)], &[&named, more].concat())
}

/// The same, with these files in its folder, and settings that say where its credentials are.
pub fn server_with(google: &Google, files: &[(&str, &str)], more: &[(&str, &str)]) -> TestServer {
    let url = google.url();
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("GOOGLE_SHEET_ID", google.sheet_id()),
        ("GOOGLE_SHEETS_ENDPOINT", &url),
        // Usage has tests of its own; here each read is one of the keys.
        ("USAGE_FLUSH_INTERVAL", "0"),
    ];
    TestServer::with_files(files, &[&settings, more].concat())
}

pub async fn ready_server_of(google: &Google) -> TestServer {
    let server = server_of(google, &[]);
    server.until_read().await;
    server
}

impl TestServer {
    pub async fn until_read(&self) {
        self.until("the sheet is read", |status| status["google_sheets_connected"] == true).await;
    }

    /// Waits for the reason that `/auth/status` gives, and checks that the door is shut.
    pub async fn until_shut(&self, words: &str) {
        let said = |status: &Value| {
            status["cache"]["last_error"].as_str().is_some_and(|error| error.contains(words))
        };
        let status = self.until(words, said).await;
        assert_eq!((&status["mode"], &status["auth_enabled"]), (&"unavailable".into(), &true.into()));
        let answer = self.verify(KEY).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "authentication_unavailable"));
        assert!(answer.header("retry-after").is_some());
    }
}
