//! One server reads the sheet for all: a real Redis, a Google that counts how often it is asked, and servers that end.

use std::ops::Range;

use serde_json::json;
use testkit::{Chaos, Fault, Google, Redis, Times, Weather};

use super::*;

/// So many keys have an accident when they are gone.
const KEYS: usize = 20;

/// Longer than any test: what is read is read because of something else.
const CACHE: &str = "3600";

/// A Google with a sheet, and the Redis of its servers.
pub(super) struct Desk {
    pub(super) google: Google,
    pub(super) redis: Redis,
}

fn tab(keys: Range<usize>) -> Vec<Vec<Value>> {
    let header = ["api_key", "client_name", "is_active", "rate_limit"].map(Value::from).to_vec();
    let row =
        |n: usize| vec![json!(format!("key-{n}")), json!(format!("Client {n}")), json!(true), json!(6_000)];
    std::iter::once(header).chain(keys.map(row)).collect()
}

impl Desk {
    pub(super) async fn new() -> Self {
        let google = Google::start().await;
        google.set_tab("API_Keys", tab(0..KEYS));
        Self { google, redis: Redis::start() }
    }

    pub(super) fn folder(&self) -> TempDir {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("account.json"), self.google.credentials_json()).expect("a file");
        folder
    }

    pub(super) fn start_in(&self, folder: TempDir, settings: &[(&str, &str)]) -> Server {
        let (endpoint, url) = (self.google.url(), self.redis.url());
        let all = [
            ("AUTH_ENABLED", "true"),
            ("API_PORT", "0"),
            ("GOOGLE_CREDENTIALS_PATH", "account.json"),
            ("GOOGLE_SHEET_ID", self.google.sheet_id()),
            ("GOOGLE_SHEETS_ENDPOINT", &endpoint),
            ("API_KEY_CACHE_DURATION", CACHE),
            ("USAGE_FLUSH_INTERVAL", "0"),
            ("AUTH_FAILURE_LIMIT", "0"),
            ("REDIS_URL", &url),
            PATIENT,
        ];
        Server::start_with(folder, &[&all, settings].concat())
    }

    fn start(&self, settings: &[(&str, &str)]) -> Server {
        self.start_in(self.folder(), settings)
    }

    /// Three of them, one of which reads.
    async fn three(&self, settings: &[(&str, &str)]) -> Vec<Server> {
        let servers: Vec<Server> = (0..3).map(|_| self.start(settings)).collect();
        for server in &servers {
            server.until_one_of(3).await;
        }
        assert_eq!(readers(&servers).await.len(), 1);
        servers
    }

    /// Has somebody write into a key's `is_active`.
    fn set_active(&self, key: usize, is_active: bool) {
        self.google.set_cell("API_Keys", key + 1, 2, json!(is_active));
    }
}

impl Server {
    pub(super) async fn reads_sheet(&self) -> bool {
        self.status().await["redis"]["reads_sheet"] == true
    }

    pub(super) async fn refresh(&self) -> (u16, Value) {
        let answer = self.client.post(self.admin("/refresh")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn until_status(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            if holds(&status) {
                return;
            }
            assert!(begun.elapsed() < LONG, "{what}: not yet, {status:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_verified(&self, key: &str, status: u16) {
        let begun = Instant::now();
        loop {
            let answer = self.verify(key).await;
            if answer.status() == status {
                return;
            }
            assert!(begun.elapsed() < LONG, "{key}: not yet {status} but {}", answer.status());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The places of those that read.
async fn readers(servers: &[Server]) -> Vec<usize> {
    let mut readers = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        if server.reads_sheet().await {
            readers.push(place);
        }
    }
    readers
}

pub(super) async fn until_one_reads(servers: &[Server]) -> usize {
    let begun = Instant::now();
    loop {
        if let [reader] = readers(servers).await[..] {
            return reader;
        }
        assert!(begun.elapsed() < LONG, "nobody reads, or several do");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn held(status: &Value) -> bool {
    status["cache"]["last_error"].as_str().is_some_and(|error| error.contains("refresh is held"))
}

#[tokio::test]
async fn one_reads_for_all_and_what_is_asked_of_any_reaches_all() {
    let desk = Desk::new().await;
    let servers = desk.three(&[]).await;
    assert_eq!(desk.google.reads(), 1, "as for one server");
    for server in &servers {
        assert!(server.admits("key-1").await);
    }
    let reader = until_one_reads(&servers).await;
    for (reads, asked) in [(2, (reader + 1) % 3), (3, reader)] {
        let key = format!("key-{reads}");
        desk.set_active(reads, false);
        let (status, report) = servers[asked].refresh().await;
        assert_eq!(
            (status, &report["changed"], &report["keys"]),
            (200, &json!(true), &json!(KEYS)),
            "{report}"
        );
        assert_eq!(
            servers[asked].verify(&key).await.status(),
            401,
            "whoever was asked knows it when it answers"
        );
        for server in &servers {
            server.until_verified(&key, 401).await;
        }
        assert_eq!(desk.google.reads(), reads, "as for one server");
    }
    // A key that is new, presented to a server that does not read: one more reading, and another one later for who asked
    // while that was under way.
    desk.google.set_tab("API_Keys", tab(0..KEYS + 1));
    let new = format!("key-{KEYS}");
    servers[(reader + 2) % 3].until_verified(&new, 200).await;
    assert!((4..=5).contains(&desk.google.reads()), "{}", desk.google.reads());
    for server in &servers {
        server.until_verified(&new, 200).await;
    }
}

#[tokio::test]
async fn a_reader_that_ends_is_followed_by_another_and_a_late_one_starts_without_google() {
    let desk = Desk::new().await;
    let mut servers = desk.three(&[]).await;
    let reader = until_one_reads(&servers).await;
    drop(servers.remove(reader));
    let next = until_one_reads(&servers).await;
    assert_eq!(desk.google.reads(), 1, "what was read is still good");
    desk.set_active(1, false);
    let (status, report) = servers[1 - next].refresh().await;
    assert_eq!((status, &report["changed"]), (200, &json!(true)), "{report}");
    for server in &servers {
        server.until_verified("key-1", 401).await;
    }
    let reads = desk.google.reads();
    desk.google.inject(Fault::InternalError, Times::Always);
    let late = desk.start(&[]);
    assert!(late.admits("key-2").await && !late.admits("key-1").await);
    assert!(!late.reads_sheet().await && desk.google.reads() == reads);
}

#[tokio::test]
async fn without_redis_each_reads_for_itself_and_afterwards_one_does() {
    let mut desk = Desk::new().await;
    let servers = desk.three(&[("API_KEY_CACHE_DURATION", "2")]).await;
    let outage = Instant::now();
    desk.redis.kill();
    for server in &servers {
        server.until_away().await;
    }
    desk.set_active(1, false);
    for server in &servers {
        server.until_verified("key-1", 401).await;
        assert!(!server.reads_sheet().await);
    }
    let alone = desk.google.reads();
    desk.google.wait_for_reads(alone + 6).await;
    desk.redis.restart();
    for server in &servers {
        server.until_one_of(3).await;
    }
    until_one_reads(&servers).await;
    desk.set_active(1, true);
    for server in &servers {
        server.until_verified("key-1", 200).await;
    }
    // From here on one server reads as often as one does: the three would read three times as often.
    let (before, begun) = (desk.google.reads(), Instant::now());
    desk.google.wait_for_reads(before + 3).await;
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(4),
        "three reads of one server lie two pauses apart: {took:?}, {:?}",
        outage.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_cannot_read_lets_another() {
    let desk = Desk::new().await;
    let folder = desk.folder();
    let account = std::fs::read(folder.path().join("account.json")).expect("a file");
    std::fs::write(folder.path().join("account.json"), "{}").expect("a file");
    let (endpoint, url) = (desk.google.url(), desk.redis.url());
    let settings = [
        ("AUTH_ENABLED", "true"),
        ("API_PORT", "0"),
        ("GOOGLE_CREDENTIALS_PATH", "account.json"),
        ("GOOGLE_SHEET_ID", desk.google.sheet_id()),
        ("GOOGLE_SHEETS_ENDPOINT", &endpoint),
        ("USAGE_FLUSH_INTERVAL", "0"),
        ("REDIS_URL", &url),
    ];
    let mut unable = Serving::start(folder.path(), &["serve"], &settings);
    unable.line_with("this server reads the keys for all");
    unable.line_with("keys could not be read");
    let able = desk.start(&[]);
    able.until_status("it reads", |status| status["redis"]["reads_sheet"] == true).await;
    unable.line_with("keys are up to date");
    assert_eq!(crate::get(&format!("{}/auth/verify", unable.url), "key-1").await, 200);
    assert!(!account.is_empty() && unable.terminate().0 == Some(0));
}

#[tokio::test]
async fn a_refresh_that_is_held_is_held_by_all_and_accepted_anywhere() {
    let desk = Desk::new().await;
    let servers = desk.three(&[]).await;
    desk.google.set_tab("API_Keys", tab(0..1));
    let reader = until_one_reads(&servers).await;
    let follower = &servers[(reader + 1) % 3];
    follower.refresh().await;
    for server in &servers {
        server.until_status("it is held", held).await;
        assert!(server.admits("key-5").await);
    }
    let standing = follower.folder.path().join("data/keys/standing.json");
    crate::until("it is on disk", || standing.exists()).await;
    let accepted = crate::run(follower.folder.path(), &["keys", "accept", "--yes"], &[]);
    assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
    for server in &servers {
        server.until_verified("key-5", 401).await;
        server.until_status("nothing is held", |status| !held(status)).await;
        assert!(server.admits("key-0").await);
    }
    // An earlier directory, by the audit file of one of them, is in use by all, and stays when another reads.
    let back = crate::run(follower.folder.path(), &["keys", "rollback", "1", "--yes"], &[]);
    assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    for server in &servers {
        server.until_verified("key-5", 200).await;
    }
    let reads = desk.google.reads();
    let (status, report) = servers[reader].refresh().await;
    assert!(status == 200 && desk.google.reads() == reads + 1, "{report}");
    for server in &servers {
        assert!(server.admits("key-5").await);
    }
}

#[tokio::test]
async fn a_server_without_keys_of_its_own_is_no_way_around_the_guard() {
    let mut desk = Desk::new().await;
    let first = desk.start(&[]);
    first.until_one_of(1).await;
    desk.google.set_tab("API_Keys", tab(0..1));
    first.refresh().await;
    first.until_status("it is held", held).await;
    desk.redis.kill();
    first.until_away().await;
    let new = desk.start(&[]);
    assert!(
        new.admits("key-0").await && !new.admits("key-5").await,
        "it has read for itself, and knows no better"
    );
    desk.redis.restart();
    for server in [&first, &new] {
        server.until_one_of(2).await;
        server.until_status("it is held", held).await;
        server.until_verified("key-5", 200).await;
    }
    assert!(first.admits("key-5").await);
}

#[tokio::test]
async fn a_server_that_slept_puts_nothing_old_over_anything_new() {
    let desk = Desk::new().await;
    let servers = desk.three(&[]).await;
    let reader = until_one_reads(&servers).await;
    let others: Vec<&Server> =
        servers.iter().enumerate().filter(|(place, _)| *place != reader).map(|(_, server)| server).collect();
    // It has read the old keys, and sleeps before it can say so.
    desk.google.inject(Fault::Slow(Duration::from_secs(1)), Times::Once);
    let sleeper = &servers[reader];
    let refreshed = tokio::spawn({
        let (url, client) = (sleeper.admin("/refresh"), sleeper.client.clone());
        async move { client.post(url).send().await.map(|answer| answer.status()) }
    });
    desk.google.wait_for_reads(2).await;
    sleeper.signal("STOP");
    desk.set_active(1, false);
    let begun = Instant::now();
    let mut read = false;
    while !read {
        for other in &others {
            read |= other.reads_sheet().await;
        }
        assert!(begun.elapsed() < LONG, "nobody takes over");
    }
    let (status, report) = others[0].refresh().await;
    assert_eq!(status, 200, "{report}");
    for other in &others {
        other.until_verified("key-1", 401).await;
    }
    sleeper.signal("CONT");
    refreshed.await.expect("no panic").expect("an answer");
    sleeper.until_verified("key-1", 401).await;
    for other in &others {
        assert_eq!(other.verify("key-1").await.status(), 401);
    }
}

#[tokio::test]
async fn a_server_that_is_cut_off_goes_on_alone_and_comes_back() {
    let desk = Desk::new().await;
    let chaos = Chaos::before(desk.redis.port()).await;
    let through_chaos = format!("redis://127.0.0.1:{}", chaos.port());
    let cut_off = desk.start(&[("REDIS_URL", &through_chaos), ("API_KEY_CACHE_DURATION", "1")]);
    let other = desk.start(&[]);
    for server in [&cut_off, &other] {
        server.until_one_of(2).await;
    }
    for weather in [Weather::Cut, Weather::Silent] {
        chaos.set(weather);
        cut_off.until_away().await;
        desk.set_active(1, false);
        cut_off.until_verified("key-1", 401).await;
        other.until_status("the other reads", |status| status["redis"]["reads_sheet"] == true).await;
        desk.set_active(1, true);
        cut_off.until_verified("key-1", 200).await;
        chaos.set(Weather::Fair);
        cut_off.until_one_of(2).await;
    }
}
