//! Usage written back to the spreadsheet (P23): when, what, and what Google's bad days do to it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::sheet::{google_with, row, server_of};
use crate::support::{EXAMPLE, KEY, TestServer, csv};

/// One interval of these servers.
pub const INTERVAL: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const DEADLINE: Duration = Duration::from_secs(20);

pub const COLUMNS: [&str; 9] = [
    "date",
    "client_name",
    "requests",
    "admitted",
    "rate_limited",
    "failed",
    "audio_seconds",
    "last_used_at",
    "instance",
];

pub async fn google() -> Google {
    let limited = row("a", "Acme", "".into(), true, 2.into());
    let formula = row("f", "=HYPERLINK(\"http://x\")", "".into(), true, "".into());
    google_with(vec![limited, formula]).await
}

/// A server of that sheet that writes usage, ready.
pub async fn server(google: &Google, instance: &str) -> TestServer {
    let settings = [
        ("USAGE_FLUSH_INTERVAL", "60"),
        ("INSTANCE", instance),
        ("API_KEY_CACHE_DURATION", "864000"),
        ("API_KEY_MAX_STALE", "1728000"),
    ];
    let server = server_of(google, &settings);
    server.until_read().await;
    server
}

/// Asks so many times with a key, whatever the answers.
pub async fn ask(server: &TestServer, key: &str, times: usize) {
    for _ in 0..times {
        server.verify(key).await;
    }
}

/// The rows of the tab, by date, client and instance, as `date client instance: requests/admitted/rate_limited/failed`.
/// A copied row stands as often as it is there.
pub fn shown(google: &Google) -> Vec<String> {
    if !google.tabs().iter().any(|tab| tab == "Usage") {
        return Vec::new();
    }
    let cells = google.cells("Usage");
    let Some(header) = cells.iter().position(|row| row.iter().any(|cell| cell == "client_name")) else {
        return Vec::new();
    };
    let place = |name: &str| cells[header].iter().position(|cell| cell == name).expect("a column");
    let mut rows: Vec<String> = cells[header + 1..]
        .iter()
        .filter(|row| row.iter().any(|cell| *cell != ""))
        .map(|row| {
            let cell = |name: &str| match row.get(place(name)).unwrap_or(&Value::Null) {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let counts = ["requests", "admitted", "rate_limited", "failed"].map(cell).join("/");
            format!("{} {} {}: {counts}", cell("date"), cell("client_name"), cell("instance"))
        })
        .collect();
    rows.sort();
    rows
}

/// Lets the clock go on until the tab has these rows.
pub async fn until_shown(google: &Google, servers: &[&TestServer], expected: &[&str]) {
    let start = Instant::now();
    while shown(google) != expected {
        assert!(start.elapsed() < DEADLINE, "the tab has {:#?}, not {expected:#?}", shown(google));
        for server in servers {
            server.clock.advance(INTERVAL / 4);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lets the clock go on until nothing more is sent.
pub async fn until_quiet(google: &Google, server: &TestServer) -> usize {
    let (start, mut sent, mut quiet) = (Instant::now(), 0, 0);
    while quiet < 20 {
        assert!(start.elapsed() < DEADLINE, "still something is sent");
        server.clock.advance(INTERVAL);
        tokio::time::sleep(Duration::from_millis(5)).await;
        quiet = if google.requests().len() == sent { quiet + 1 } else { 0 };
        sent = google.requests().len();
    }
    sent
}

#[tokio::test]
async fn p23_the_first_flush_makes_the_tab_and_the_next_changes_totals_in_place() {
    let google = google().await;
    let server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    ask(&server, "f", 1).await;
    let acme = "2025-12-01 Acme one: 3/2/1/0";
    let formula = "2025-12-01 =HYPERLINK(\"http://x\") one: 1/1/0/0";
    until_shown(&google, &[&server], &[formula, acme]).await;
    let cells = google.cells("Usage");
    assert_eq!(cells[0], COLUMNS);
    let first =
        json!(["2025-12-01", "=HYPERLINK(\"http://x\")", 1, 1, 0, 0, 0, "2025-12-01T00:00:00Z", "one"]);
    assert_eq!(json!(cells[1]), first);
    let tab = google.description()["sheets"][2]["properties"]["gridProperties"].clone();
    assert_eq!(tab["frozenRowCount"], 1);

    let sent = until_quiet(&google, &server).await;
    ask(&server, "f", 4).await;
    until_shown(&google, &[&server], &["2025-12-01 =HYPERLINK(\"http://x\") one: 5/5/0/0", acme]).await;
    let requests: Vec<String> =
        google.requests()[sent..].iter().take(2).map(|request| request.path.clone()).collect();
    assert!(requests[0].ends_with("/values/%27Usage%27"), "{requests:?}");
    assert!(requests[1].ends_with("/values:batchUpdate"), "{requests:?}");
    for request in google.requests() {
        let option = &request.body["valueInputOption"];
        assert!(*option == "RAW" || option.is_null(), "{request:?}");
    }
    assert_eq!(google.cells("Usage").len(), 3);
}

#[tokio::test]
async fn p23_nothing_is_sent_while_nothing_is_used() {
    let google = google().await;
    let server = server(&google, "one").await;
    let before = google.requests().len();
    for _ in 0..20 {
        server.clock.advance(INTERVAL);
        assert_eq!(server.verify("no key").await.status, 401);
    }
    assert_eq!(google.requests().len(), before, "refused keys are nobody's use");
    assert_eq!(google.tabs().len(), 2);
}

#[tokio::test]
async fn p23_requests_of_two_days_are_two_rows_though_midnight_is_slept_through() {
    let google = google().await;
    let server = server(&google, "one").await;
    server.clock.advance(Duration::from_secs(86_399));
    ask(&server, "f", 3).await;
    server.clock.advance(Duration::from_secs(1));
    ask(&server, "f", 2).await;
    let name = "=HYPERLINK(\"http://x\") one";
    let rows = [&*format!("2025-12-01 {name}: 3/3/0/0"), &*format!("2025-12-02 {name}: 2/2/0/0")];
    until_shown(&google, &[&server], &rows).await;
}

#[tokio::test]
async fn p23_writes_that_are_applied_and_answered_503_count_nothing_twice() {
    let google = google().await;
    let server = server(&google, "one").await;
    ask(&server, "f", 3).await;
    google.inject(Fault::UnavailableAfterApplying, Times::Next(8));
    until_shown(&google, &[&server], &["2025-12-01 =HYPERLINK(\"http://x\") one: 3/3/0/0"]).await;
    google.inject(Fault::UnavailableAfterApplying, Times::Next(8));
    ask(&server, "f", 2).await;
    until_shown(&google, &[&server], &["2025-12-01 =HYPERLINK(\"http://x\") one: 5/5/0/0"]).await;
    until_quiet(&google, &server).await;
    assert_eq!(shown(&google), ["2025-12-01 =HYPERLINK(\"http://x\") one: 5/5/0/0"]);
    assert_eq!(google.tabs(), ["Sheet1", "API_Keys", "Usage"]);
}

#[tokio::test]
async fn p23_what_was_used_while_google_was_away_for_days_is_written_when_it_is_back() {
    let google = google().await;
    let server = server(&google, "one").await;
    google.inject(Fault::QuotaExceeded, Times::Always);
    let start = server.clock.uptime();
    for day in 1..=3 {
        let before = google.reads();
        ask(&server, "f", day).await;
        server.clock.advance(DAY / 2);
        // Counts are taken in before each try, and have to be once a day.
        server.until_by("a try", INTERVAL, |_| google.reads() > before).await;
        let midnight = start + DAY * u32::try_from(day).expect("a few days");
        server.clock.advance(midnight.saturating_sub(server.clock.uptime()));
    }
    assert!(shown(&google).is_empty());
    google.heal();
    let name = "=HYPERLINK(\"http://x\") one";
    let rows: Vec<String> = (1..=3).map(|n| format!("2025-12-0{n} {name}: {n}/{n}/0/0")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let before = google.writes();
    until_shown(&google, &[&server], &rows).await;
    assert!(google.writes() - before <= 3, "the tab is made, and all of it is one write");
}

#[tokio::test]
async fn p23_two_instances_have_rows_of_their_own() {
    let google = google().await;
    let (one, two) = (server(&google, "one").await, server(&google, "two").await);
    ask(&one, "a", 3).await;
    ask(&two, "a", 4).await;
    let rows = ["2025-12-01 Acme one: 3/2/1/0", "2025-12-01 Acme two: 4/2/2/0"];
    // Both may make the tab, and write to its first empty row, in the same moment.
    until_shown(&google, &[&one, &two], &rows).await;
    for server in [&one, &two] {
        until_quiet(&google, server).await;
    }
    ask(&two, "a", 1).await;
    until_shown(&google, &[&one, &two], &[rows[0], "2025-12-01 Acme two: 5/3/2/0"]).await;
}

#[tokio::test]
async fn p23_a_stop_writes_what_is_left_and_a_start_goes_on_from_there() {
    let google = google().await;
    let mut server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    server.stop();
    assert_eq!(shown(&google), ["2025-12-01 Acme one: 3/2/1/0"], "without the clock having moved");
    server.restart_with(&[]);
    server.until_read().await;
    ask(&server, "a", 1).await;
    until_shown(&google, &[&server], &["2025-12-01 Acme one: 4/3/1/0"]).await;
}

#[tokio::test]
async fn p23_with_a_lost_file_the_totals_go_on_from_the_sheets() {
    let google = google().await;
    let mut server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    server.stop();
    std::fs::remove_dir_all(server.path("data")).expect("a folder of data");
    google.inject(Fault::QuotaExceeded, Times::Always);
    server.restart_with(&[]);
    google.heal();
    server.until_by("the sheet is read", INTERVAL, |status| status["google_sheets_connected"] == true).await;
    ask(&server, "a", 1).await;
    until_shown(&google, &[&server], &["2025-12-01 Acme one: 4/3/1/0"]).await;
    server.restart_with(&[]);
    server.until_read().await;
    until_quiet(&google, &server).await;
    assert_eq!(shown(&google), ["2025-12-01 Acme one: 4/3/1/0"], "taken over once");
}

#[tokio::test]
async fn p23_another_name_leaves_the_rows_of_the_old_one_and_still_keeps_them() {
    let google = google().await;
    let mut server = server(&google, "old").await;
    ask(&server, "a", 3).await;
    server.stop();
    server.restart_with(&[("INSTANCE", "new")]);
    server.until_read().await;
    google.delete_tab("Usage");
    ask(&server, "a", 1).await;
    let rows = ["2025-12-01 Acme new: 1/1/0/0", "2025-12-01 Acme old: 3/2/1/0"];
    until_shown(&google, &[&server], &rows).await;
}

#[tokio::test]
async fn p23_an_account_that_may_only_read_keeps_the_server_going() {
    let google = google().await;
    let server = server(&google, "one").await;
    google.share_for_reading();
    ask(&server, "a", 3).await;
    for _ in 0..5 {
        server.clock.advance(INTERVAL);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.verify("f").await.status, 200);
    assert_eq!(server.status().await["mode"], "enabled");
    google.share(true);
    let rows = ["2025-12-01 =HYPERLINK(\"http://x\") one: 1/1/0/0", "2025-12-01 Acme one: 3/2/1/0"];
    until_shown(&google, &[&server], &rows).await;
}

#[tokio::test]
async fn p23_a_stop_does_not_wait_long_for_a_google_that_hangs() {
    let google = google().await;
    let mut server = server(&google, "one").await;
    ask(&server, "a", 3).await;
    google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);
    server.stop();
    google.heal();
    assert!(shown(&google).is_empty());
    server.restart_with(&[]);
    until_shown(&google, &[&server], &["2025-12-01 Acme one: 3/2/1/0"]).await;
}

/// What a server has counted, by day.
fn counted(server: &TestServer) -> Vec<Value> {
    testkit::usage(env!("CARGO_BIN_EXE_convergence"), &server.path("data"), "day")
}

#[tokio::test]
async fn p23_with_a_keys_file_usage_is_kept_on_disk_speech_included_and_no_key() {
    let mut server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("INSTANCE", "one")]).await;
    ask(&server, KEY, 2).await;
    let body = json!({"transcript": [{"name": "Ada", "gender": "female", "message": "Good morning."}]});
    let request = server.request(reqwest::Method::POST, "/convergence/generate-audio").bearer_auth(KEY);
    let answer = server.send(request.body(body.to_string())).await;
    let seconds = answer.json()["duration_seconds"].as_f64().expect("a length");
    server.stop();
    let row = counted(&server).remove(0);
    assert_eq!((&row["day"], &row["client_name"]), (&json!("2025-12-01"), &json!("MyApp Production")));
    assert_eq!(row["admitted"], 3);
    let spoken = row["audio_seconds"].as_f64().expect("a number");
    assert!(spoken > 0.5 && (spoken - seconds).abs() < 0.01, "{spoken} {seconds}");
    for entry in std::fs::read_dir(server.path("data/usage")).expect("a folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("its bytes");
        assert!(!bytes.windows(KEY.len()).any(|word| word == KEY.as_bytes()));
    }

    server.restart_with(&[]);
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    ask(&server, KEY, 1).await;
    server.stop();
    assert_eq!(counted(&server)[0]["admitted"], 4);
}
