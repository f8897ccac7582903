//! How long it takes until a row that was unticked has its effect: `cargo bench -p convergence --bench revocation`.
//!
//! Some keys are revoked in testkit's Google, one after the other, and each is presented every few milliseconds until it
//! is refused: what is counted is what a thief would have. Once with polling, where only the cache's end brings the next
//! read, and once with the webhook, which is called as the spreadsheet's script calls it. Real clocks, real HTTP, and
//! a Google that takes as long to answer as the real one. The keys are spread over several spreadsheets, each with a
//! server of its own, so that hundreds of edits do not take an hour; each server keeps to Google's quota.
//!
//! `CACHE_DURATION` (seconds, 5), `SHEETS` (12), `EDITS` for each sheet and arm (20), `EDIT_EVERY` (seconds
//! between two of a sheet, on average, 8) and `GOOGLE_MS` (300) may be set.
//! Takes about five minutes. Fails if the webhook's 99th percentile is not below two seconds.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convergence::clock::SystemClock;
use convergence::config::{Config, Settings};
use convergence::server::Server;
use reqwest::Client;
use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

#[path = "support/callers.rs"]
mod callers;

use callers::{SECRET, key, tell, verify};

/// Between two tries of a revoked key.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// Nobody waits longer than that; not reached unless something is broken.
const PATIENCE: Duration = Duration::from_mins(2);

/// What 99 of 100 webhook calls must stay below, in seconds.
const TARGET: f64 = 2.0;

/// How a server hears of a change.
#[derive(Clone, Copy, PartialEq)]
enum Arm {
    Polling,
    Webhook,
}

#[tokio::main]
async fn main() -> ExitCode {
    let [cache, sheets, edits, edit_every, google_ms] =
        [("CACHE_DURATION", 5), ("SHEETS", 12), ("EDITS", 20), ("EDIT_EVERY", 8), ("GOOGLE_MS", 300)]
            .map(set);
    println!(
        "seconds from an edit to its effect; {} edits each, Google answers in {google_ms} ms",
        sheets * edits
    );
    println!("{:<28} {:>6} {:>6} {:>6} {:>6}", "", "p50", "p90", "p99", "max");
    let slow = Duration::from_millis(google_ms);
    // The polling arm waits for a whole cache duration, less what came before; the other only for the next edit.
    let pause = Duration::from_secs(cache);
    arm(Arm::Polling, &format!("polling every {cache} s"), cache, sheets, edits, slow, pause).await;
    let pause = Duration::from_secs(edit_every);
    let worst = arm(Arm::Webhook, "webhook, cache of 300 s", 300, sheets, edits, slow, pause).await;
    if worst < TARGET {
        return ExitCode::SUCCESS;
    }
    println!("the webhook's 99th percentile is not below {TARGET} s");
    ExitCode::FAILURE
}

fn set((name, default): (&str, u64)) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

/// Runs one arm on all sheets at once, prints its distribution, and returns the 99th percentile.
async fn arm(
    arm: Arm,
    name: &str,
    cache: u64,
    sheets: u64,
    edits: u64,
    slow: Duration,
    pause: Duration,
) -> f64 {
    let sheets = usize::try_from(sheets).expect("a few");
    let all = (0..sheets).map(|number| tokio::spawn(one_sheet(arm, cache, edits, slow, pause, number)));
    let all = futures_util::future::join_all(all).await;
    let mut lags: Vec<f64> = all.into_iter().flat_map(|lags| lags.expect("no panic")).collect();
    lags.sort_by(f64::total_cmp);
    let at = |share: usize| lags[((lags.len() * share).div_ceil(100)).clamp(1, lags.len()) - 1];
    println!("{name:<28} {:>6.2} {:>6.2} {:>6.2} {:>6.2}", at(50), at(90), at(99), at(100));
    at(99)
}

/// A sheet, its server, and its edits at random moments, `pause` apart on average.
async fn one_sheet(
    arm: Arm,
    cache: u64,
    edits: u64,
    slow: Duration,
    pause: Duration,
    number: usize,
) -> Vec<f64> {
    let google = Google::start().await;
    let mut active = vec![true; usize::try_from(edits).expect("a few")];
    google.set_tab("API_Keys", rows(&active));
    google.inject(Fault::Slow(slow), Times::Always);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = serve(&google, folder.path(), cache);
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}", server.address());
    while verify(&client, &url, 0).await != 200 {
        tokio::time::sleep(TRY_EVERY).await;
    }
    let mut lags = Vec::new();
    for edit in 0..active.len() {
        // Spread evenly (by the golden ratio), and not in step with the other sheets or with the reads.
        let thousandths = (edit * 618 + number * 377) % 1_000;
        tokio::time::sleep(pause * u32::try_from(500 + thousandths).expect("below 1,500") / 1_000).await;
        active[edit] = false;
        google.set_tab("API_Keys", rows(&active));
        let edited = Instant::now();
        if arm == Arm::Webhook {
            tell(&client, &url).await;
        }
        while verify(&client, &url, edit).await == 200 {
            assert!(edited.elapsed() < PATIENCE, "the revocation has no effect");
            tokio::time::sleep(TRY_EVERY).await;
        }
        lags.push(edited.elapsed().as_secs_f64());
    }
    // Its threads end with the process.
    drop(server);
    lags
}

fn serve(google: &Google, folder: &std::path::Path, cache: u64) -> Server {
    let credentials = folder.join("credentials.json");
    std::fs::write(&credentials, google.credentials_json()).expect("a file");
    let mut settings = Settings::default();
    settings.set("AUTH_ENABLED", "true").set("API_PORT", "0").set("ADMIN_PORT", "0").set("API_THREADS", "1");
    settings.set("DATA_DIR", folder.to_string_lossy()).set("API_KEY_CACHE_DURATION", cache.to_string());
    settings.set("GOOGLE_CREDENTIALS_PATH", credentials.to_string_lossy());
    settings.set("GOOGLE_SHEET_ID", google.sheet_id()).set("GOOGLE_SHEETS_ENDPOINT", google.url());
    settings.set("SHEET_WEBHOOK_SECRET", SECRET);
    let config = Config::read(&settings).expect("settings without fault");
    Server::start(config, Arc::new(SystemClock::start())).expect("a server that starts")
}

fn rows(active: &[bool]) -> Vec<Vec<Value>> {
    let header = ["api_key", "client_name", "is_active"].map(Value::from).to_vec();
    let row = |(number, active): (usize, &bool)| {
        vec![json!(key(number)), json!(format!("Client {number}")), json!(active)]
    };
    std::iter::once(header).chain(active.iter().enumerate().map(row)).collect()
}
