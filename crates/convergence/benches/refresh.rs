//! What a refresh of a large sheet costs the requests that come meanwhile: `cargo bench -p convergence`.
//!
//! A sheet of 100,000 rows is read every two seconds, or once; requests come at a fixed rate, and their latency is
//! counted from the moment at which each was due. Google is testkit's, in a process of its own at the lowest priority:
//! the real one uses other machines. Nothing is judged here; the target is that the 99th percentile does not double.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use convergence::config::Settings;
use serde_json::json;

use crate::support::{be_google, connect, key, serve, start_google, verify};

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
        let row = |row| vec![json!(key(row)), json!(format!("Client {row}")), json!(true), json!(6_000)];
        return be_google(&["api_key", "client_name", "is_active", "rate_limit"], (0..ROWS).map(row));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut google, settings) = quiet_google(folder.path());
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
    let server = serve(&settings);
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

/// Google at the lowest priority, and the settings of a server of its sheet.
fn quiet_google(folder: &Path) -> (Child, Settings) {
    let mut program = Command::new("nice");
    program.args(["-n", "19"]).arg(std::env::current_exe().expect("this program")).arg("google");
    let (child, sheet) = start_google(&mut program, folder);
    let mut settings = Settings::default();
    settings.set("AUTH_ENABLED", "true").set("API_PORT", "0").set("ADMIN_PORT", "0");
    settings.set("DATA_DIR", folder.to_string_lossy());
    for (name, value) in sheet {
        settings.set(name, value);
    }
    (child, settings)
}
