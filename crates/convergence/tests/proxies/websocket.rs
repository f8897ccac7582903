//! WebSocket through the gateway, by a client and a server of others: the Python library `websockets` on both sides. What
//! each has seen comes back as JSON; that messages come back unchanged is looked at by `websocket/client.py` itself.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::program::{DEADLINE, installed};
use crate::support::{TestServer, csv};

const LINES: &[&str] =
    &["sk-alpha,Caf\u{e9} Alpha,,,TRUE,1000", "sk-beta,Beta,,,TRUE,1000", "sk-two,Two A Minute,,,TRUE,2"];

/// As it stands in a header.
const ALPHA: &str = "Caf%C3%A9 Alpha";

/// A server of others, and the gateway in front of it.
struct Chain {
    gateway: TestServer,
    /// What the server says, by line.
    server: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Chain {
    async fn start() -> Self {
        let mut process = program("server.py").stdout(Stdio::piped()).spawn().expect("Python");
        let mut server = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = timeout(DEADLINE, server.next_line()).await.expect("it starts");
        let port = port.expect("UTF-8").expect("a port");
        let settings = [("UPSTREAM_URL", &*format!("http://127.0.0.1:{port}")), ("API_THREADS", "2")];
        let gateway = TestServer::with_keys_and(&csv(LINES), &settings).await;
        Self { gateway, server, _process: process }
    }

    /// What the client of this scenario has seen, with these keys.
    async fn client(&self, scenario: &str, keys: &[&str]) -> Value {
        let url = self.gateway.url.replace("http://", "ws://");
        let output = program("client.py").arg(scenario).arg(url).args(keys).output().await.expect("Python");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scenario}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What the server says next: that a connection has begun, or ended.
    async fn server(&mut self) -> Value {
        let line = timeout(DEADLINE, self.server.next_line()).await.expect("it says something");
        serde_json::from_str(&line.expect("UTF-8").expect("it runs")).expect("JSON")
    }

    /// How the next connection ends that does.
    async fn ended(&mut self) -> Value {
        loop {
            let said = self.server().await;
            if said.get("code").is_some() {
                return said;
            }
        }
    }
}

/// One of the two programs beside this file. It ends with the test.
fn program(file: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxies/websocket").join(file);
    let mut command = Command::new(installed("python"));
    command.arg(path).stdin(Stdio::null()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn websocket_clients_get_in_with_a_key_and_hear_why_they_do_not_without() {
    let mut chain = Chain::start().await;
    for (keys, status, code) in [
        (&[][..], 401, "authentication_required"),
        (&["sk-nobody"], 401, "unknown_api_key"),
        (&["sk-alpha"], 101, ""),
        (&["sk-two"], 101, ""),
        (&["sk-two"], 101, ""),
        (&["sk-two"], 429, "rate_limit_exceeded"),
    ] {
        let seen = chain.client("open_one", keys).await;
        assert_eq!(seen["status"], status, "{keys:?}: {seen}");
        assert_eq!(seen["code"].as_str().unwrap_or_default(), code);
        let client = if keys == ["sk-alpha"] { ALPHA } else { "Two A Minute" };
        if status == 101 {
            assert_eq!(seen["client"], client, "the answer names the client");
            // Nor has the server heard of those that were refused before.
            assert_is_told(&chain.server().await, client, keys[0]);
            assert_eq!(chain.server().await, json!({"path": "/echo", "code": 1000, "reason": ""}));
        }
    }
}

/// The server knows who asks, and not by which key.
fn assert_is_told(begun: &Value, client: &str, key: &str) {
    let headers: Vec<(String, String)> = serde_json::from_value(begun["headers"].clone()).expect("headers");
    let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-client-name"));
    assert_eq!(named.map(|(_, value)| value).collect::<Vec<_>>(), [client]);
    let is_secret = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("authorization") || value.contains(key) || name.contains(key)
    };
    assert!(!headers.iter().any(is_secret), "{headers:?}");
}

#[tokio::test]
async fn websocket_messages_of_any_kind_and_size_come_back_unchanged() {
    let chain = Chain::start().await;
    let seen = chain.client("echo", &["sk-alpha"]).await;
    assert_eq!(seen, json!({"echoed": 60, "longest": 1_048_576}));
}

#[tokio::test]
async fn websocket_messages_in_pieces_stay_in_pieces() {
    let chain = Chain::start().await;
    let seen = chain.client("pieces", &["sk-alpha"]).await;
    assert_eq!(seen, json!({"pieces": [3, 20, 3, 20]}), "with compression and without");
}

#[tokio::test]
async fn websocket_compression_and_subprotocol_are_agreed_upon_from_end_to_end() {
    let mut chain = Chain::start().await;
    let seen = chain.client("agree", &["sk-alpha"]).await;
    for (number, extensions) in [json!(["permessage-deflate"]), json!([])].iter().enumerate() {
        let begun = chain.server().await;
        for side in [&seen[number], &begun] {
            assert_eq!(side["extensions"], *extensions, "{side}");
            assert_eq!(side["subprotocol"], "chat.2", "{side}");
        }
        chain.ended().await;
    }
}

#[tokio::test]
async fn websocket_pings_are_answered_by_the_other_end() {
    let mut chain = Chain::start().await;
    let seen = chain.client("ping", &["sk-alpha"]).await;
    assert_eq!(seen, json!({"server": "pong", "after": "still there"}));
    assert_eq!(chain.ended().await["code"], 1000);
}

#[tokio::test]
async fn websocket_closes_pass_with_their_code_and_reason() {
    let mut chain = Chain::start().await;
    let by_client = json!({"path": "/echo", "code": 4001, "reason": "the client's reason: \u{2603}"});
    let by_server = json!({"path": "/close", "code": 4002, "reason": "the server's reason: \u{2603}"});
    let seen = chain.client("close", &["sk-alpha"]).await;
    assert_eq!(seen["own"], 4001);
    assert_eq!((&seen["code"], &seen["reason"]), (&by_server["code"], &by_server["reason"]));
    assert_eq!([chain.ended().await, chain.ended().await], [by_client, by_server]);
}

/// 1006 is what a library says where no close has come (RFC 6455, 7.1.5).
#[tokio::test]
async fn a_websocket_that_vanishes_is_gone_for_the_other_end_too() {
    let mut chain = Chain::start().await;
    let seen = chain.client("vanish", &["sk-alpha"]).await;
    assert_eq!(seen, json!({"code": 1006, "reason": ""}), "the server has vanished");
    for path in ["/echo", "/vanish"] {
        assert_eq!(chain.ended().await, json!({"path": path, "code": 1006, "reason": ""}));
    }
}

#[tokio::test]
async fn fifty_websockets_at_once_are_kept_apart() {
    let mut chain = Chain::start().await;
    let seen = chain.client("together", &["sk-alpha", "sk-beta"]).await;
    let names: Vec<&str> = (0..50).map(|number| if number % 2 == 0 { ALPHA } else { "Beta" }).collect();
    assert_eq!(seen, json!(names));
    for _ in 0..50 {
        assert_eq!(chain.ended().await, json!({"path": "/together", "code": 1000, "reason": ""}));
    }
}
