//! What it takes to load large tables: `cargo bench -p convergence --bench load`.
//!
//! Prints the time from the server's start to its first answer with the last row's key, and how far the process's memory
//! rose meanwhile: for a tab of 1,000 and of 100,000 rows at testkit's Google, and for a CSV file of a million rows. Each
//! measurement is a process of its own, since memory that was once high cannot be told from memory that is; Google is in
//! another. Nothing is judged here; the target is two seconds for the file.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use convergence::config::Settings;
use serde_json::json;

use crate::support::{be_google, connect, key, serve, start_google, verify};

const COLUMNS: [&str; 6] = ["api_key", "client_name", "created_at", "expires_at", "is_active", "rate_limit"];
const TABS: [usize; 2] = [1_000, 100_000];
const FILE: usize = 1_000_000;
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["google", rows] => be_google_of(rows.parse().expect("a number of rows")),
        ["load", rows, ref settings @ ..] => load(rows.parse().expect("a number of rows"), settings),
        _ => measure(),
    }
}

fn measure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("source       rows    seconds     peak MiB     kept MiB");
    for rows in TABS {
        let mut program = Command::new(std::env::current_exe().expect("this program"));
        let program = program.args(["google", &rows.to_string()]);
        let (mut google, settings) = start_google(program, folder.path());
        let settings = settings.map(|(name, value)| format!("{name}={value}"));
        (0..ROUNDS).for_each(|_| measured("tab", rows, folder.path(), &settings));
        google.kill().expect("Google stops");
    }
    let file = folder.path().join("keys.csv");
    write_keys(&file, FILE);
    let settings = [format!("KEYS_FILE={}", file.display())];
    (0..ROUNDS).for_each(|_| measured("csv", FILE, folder.path(), &settings));
}

/// Loads in a process of its own, with nothing left of earlier ones.
fn measured(source: &str, rows: usize, folder: &Path, settings: &[String]) {
    let data = tempfile::tempdir_in(folder).expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command
        .args(["load", &rows.to_string()])
        .args(settings)
        .arg(format!("DATA_DIR={}", data.path().display()));
    let output = command.stderr(Stdio::inherit()).output().expect("it runs");
    print!("{source}     {rows:>8}   {}", String::from_utf8_lossy(&output.stdout));
}

/// The process that is measured.
fn load(rows: usize, given: &[&str]) {
    let mut settings = Settings::default();
    settings.set("AUTH_ENABLED", "true").set("API_PORT", "0").set("ADMIN_PORT", "0");
    for (name, value) in given.iter().filter_map(|setting| setting.split_once('=')) {
        settings.set(name, value);
    }
    let before = memory("VmRSS");
    let start = Instant::now();
    let server = serve(&settings);
    while !verify(&mut connect(server.address()), rows - 1).starts_with("HTTP/1.1 200") {
        thread::sleep(Duration::from_millis(5));
    }
    let seconds = start.elapsed().as_secs_f64();
    let (peak, kept) = (memory("VmHWM") - before, memory("VmRSS") - before);
    println!("{seconds:>8.3}   {peak:>10.0}   {kept:>10.0}");
    server.stop();
}

/// A line of `/proc/self/status`, in MiB.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|text| text.starts_with(line)).expect("the line is there");
    let kib = line.split_whitespace().nth(1).expect("its number");
    kib.parse::<f64>().expect("a number") / 1024.0
}

fn write_keys(path: &Path, rows: usize) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    writeln!(file, "{}", COLUMNS.join(",")).expect("a disk");
    for row in 0..rows {
        let client = row / 2;
        writeln!(file, "{},Client {client},2025-07-06 10:00:00,2099-12-31 23:59:59,TRUE,6000", key(row))
            .expect("a disk");
    }
}

fn be_google_of(rows: usize) {
    let row = |row| {
        let client = format!("Client {}", row / 2);
        vec![json!(key(row)), json!(client), json!(45844.4), json!(73050.9), json!(true), json!(6_000)]
    };
    be_google(&COLUMNS, (0..rows).map(row));
}
