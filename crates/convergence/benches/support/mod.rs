//! What the benchmarks of large tables share: Google in a process of its own, and requests with no client's work in them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use convergence::clock::SystemClock;
use convergence::config::{Config, Settings};
use convergence::server::Server;
use serde_json::{Value, json};
use testkit::Google;

/// The key of a row, from 0.
pub(crate) fn key(row: usize) -> String {
    format!("sk-convergence-00000000-0000-4000-8000-{row:012x}")
}

pub(crate) fn serve(settings: &Settings) -> Server {
    let config = Config::read(settings).expect("settings without fault");
    Server::start(config, Arc::new(SystemClock::start())).expect("a server that starts")
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

/// The answer of `/auth/verify` to a row's key.
pub(crate) fn verify(stream: &mut TcpStream, row: usize) -> String {
    let request =
        format!("GET /auth/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", key(row));
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = [0; 1_024];
    let length = stream.read(&mut answer).expect("an answer in one piece");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// In the other process: serves a sheet of these rows below their header until its input ends, having said where.
pub(crate) fn be_google(header: &[&str], rows: impl Iterator<Item = Vec<Value>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let google = runtime.block_on(Google::start());
    let header = header.iter().copied().map(Value::from).collect();
    google.set_tab("API_Keys", std::iter::once(header).chain(rows).collect());
    let credentials = google.credentials_json();
    println!("{}", json!({"url": google.url(), "id": google.sheet_id(), "credentials": credentials}));
    // The parent's end of this pipe closes when it ends, however it ends.
    std::io::stdin().read_to_end(&mut Vec::new()).expect("a pipe");
}

/// Starts the process that will [`be_google`], and returns the settings for its sheet.
pub(crate) fn start_google(command: &mut Command, folder: &Path) -> (Child, [(&'static str, String); 3]) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Google starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let said: Value = serde_json::from_str(&line).expect("its JSON");
    let word = |member: &str| said[member].as_str().expect("a word").to_owned();
    let credentials = folder.join("credentials.json");
    std::fs::write(&credentials, word("credentials")).expect("a file");
    let settings = [
        ("GOOGLE_CREDENTIALS_PATH", credentials.display().to_string()),
        ("GOOGLE_SHEET_ID", word("id")),
        ("GOOGLE_SHEETS_ENDPOINT", word("url")),
    ];
    (child, settings)
}
