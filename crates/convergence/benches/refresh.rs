//! What a refresh of a large sheet costs the requests that come meanwhile: `cargo bench -p convergence`.
//!
//! A sheet of 100,000 rows is read every two seconds, or once; requests come at a fixed rate, and their latency is
//! counted from the moment at which each was due. Google is testkit's, in a process of its own at the lowest priority:
//! the real one uses other machines. Nothing is judged here; the target is that the 99th percentile does not double.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use convergence::clock::SystemClock;
use convergence::config::{Config, Settings};
use convergence::server::Server;
use serde_json::{Value, json};
use testkit::Google;

const ROWS: usize = 100_000;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(8);
/// After the first read, for its snapshot to be on disk.
const SETTLE: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 4;
/// Between two requests of one connection.
const EVERY: Duration = Duration::from_millis(2);

fn main() {
    if std::env::args().nth(1).as_deref() == Some("google") {
        return be_google();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut google, settings) = start_google(folder.path());
    println!("latency in microseconds, {ROWS} rows     p50      p99    p99.9");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let quiet = round("read once", &settings, "86400");
        let busy = round("read every 2 s", &settings, "2");
        ratios.push(busy / quiet);
    }
    ratios.sort_by(f64::total_cmp);
    println!("p99 while refreshed / p99 otherwise: median {:.2} of {ratios:.2?}", ratios[ROUNDS / 2]);
    google.kill().expect("Google stops");
}

fn round(what: &str, settings: &Settings, cache: &str) -> f64 {
    let mut settings = settings.clone();
    settings.set("API_KEY_CACHE_DURATION", cache);
    let config = Config::read(&settings).expect("settings without fault");
    let server = Server::start(config, Arc::new(SystemClock::start())).expect("a server that starts");
    while !verify(&mut connect(server.address()), 0).starts_with("HTTP/1.1 200") {
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(SETTLE);
    let address = server.address();
    let load = |number| thread::spawn(move || latencies(address, number));
    let threads: Vec<_> = (0..CONNECTIONS).map(load).collect();
    let mut times: Vec<f64> =
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
    server.stop();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[times.len() * share / 1_000];
    println!("{what:<34} {:>7.0}  {:>7.0}  {:>7.0}", at(500), at(990), at(999));
    at(990)
}

/// Microseconds from when each request was due to its answer.
fn latencies(address: SocketAddr, first: usize) -> Vec<f64> {
    let mut stream = connect(address);
    let start = Instant::now();
    let mut times = Vec::new();
    for number in 0.. {
        let due = start + EVERY * number;
        if due > start + ROUND {
            return times;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let key = (first + usize::try_from(number).expect("a few thousand") * 7_919) % ROWS;
        let answer = verify(&mut stream, key);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        times.push(due.elapsed().as_secs_f64() * 1e6);
    }
    times
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

fn verify(stream: &mut TcpStream, row: usize) -> String {
    let request =
        format!("GET /auth/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", key(row));
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = [0; 1_024];
    let length = stream.read(&mut answer).expect("an answer in one piece");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

fn key(row: usize) -> String {
    format!("sk-convergence-00000000-0000-4000-8000-{row:012x}")
}

/// The other process: serves the sheet until its input ends, having said where.
fn be_google() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let google = runtime.block_on(Google::start());
    let header: Vec<Value> = ["api_key", "client_name", "is_active", "rate_limit"].map(Value::from).to_vec();
    let row = |row| vec![json!(key(row)), json!(format!("Client {row}")), json!(true), json!(6_000)];
    google.set_tab("API_Keys", std::iter::once(header).chain((0..ROWS).map(row)).collect());
    let credentials = google.credentials_json();
    println!("{}", json!({"url": google.url(), "id": google.sheet_id(), "credentials": credentials}));
    // The parent's end of this pipe closes when it ends, however it ends.
    std::io::stdin().read_to_end(&mut Vec::new()).expect("a pipe");
}

fn start_google(folder: &std::path::Path) -> (Child, Settings) {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(program).arg("google").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("Google starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let said: Value = serde_json::from_str(&line).expect("its JSON");
    let word = |member: &str| said[member].as_str().expect("a word").to_owned();
    let credentials = folder.join("credentials.json");
    std::fs::write(&credentials, word("credentials")).expect("a file");
    let mut settings = Settings::default();
    settings
        .set("AUTH_ENABLED", "true")
        .set("API_PORT", "0")
        .set("ADMIN_PORT", "0")
        .set("DATA_DIR", folder.to_string_lossy());
    settings.set("GOOGLE_CREDENTIALS_PATH", credentials.to_string_lossy()).set("GOOGLE_SHEET_ID", word("id"));
    settings.set("GOOGLE_SHEETS_ENDPOINT", word("url"));
    (child, settings)
}
