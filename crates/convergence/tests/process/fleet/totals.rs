//! What all servers have counted, together: exact, whoever ends, and however often anything is told (P23).

use std::collections::BTreeMap;

use serde_json::json;
use testkit::{Chaos, Redis, Weather};

use super::sheet::{Desk, until_one_reads};
use super::*;

const SOON: (&str, &str) = ("USAGE_FLUSH_INTERVAL", "1");

impl Server {
    /// What `GET /usage` says: the status, and the answer.
    async fn usage(&self, query: &str) -> (u16, Value) {
        let answer = self.client.get(self.admin(&format!("/usage?{query}"))).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Waits until the sums over all servers are these, by client.
    pub(super) async fn until_sums(&self, sums: &[(&str, u64)]) {
        let begun = Instant::now();
        loop {
            let (status, answer) = self.usage("servers=all").await;
            let entries = answer.as_array().cloned().unwrap_or_default();
            let seen: BTreeMap<&str, u64> = entries
                .iter()
                .map(|entry| {
                    (
                        entry["client_name"].as_str().expect("a name"),
                        entry["requests"].as_u64().expect("a sum"),
                    )
                })
                .collect();
            if status == 200 && seen == sums.iter().copied().collect() {
                return;
            }
            assert!(begun.elapsed() < LONG, "not yet {sums:?}: {status} {answer:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn send(&self, key: &str, requests: usize) {
        for _ in 0..requests {
            assert!(self.admits(key).await);
        }
    }
}

#[tokio::test]
async fn p23_sums_over_all_servers_are_exact_when_one_is_killed_and_when_redis_forgets() {
    let mut redis = Redis::start();
    let url = redis.url();
    let settings =
        |instance: &'static str| [("REDIS_URL", url.as_str()), PATIENT, SOON, ("INSTANCE", instance)];
    let (a, b) = (Server::start(&settings("a")), Server::start(&settings("b")));
    let c = Server::start(&settings("c"));
    a.send("key-one", 5).await;
    b.send("key-one", 7).await;
    c.send("key-two", 2).await;
    assert_eq!(c.verify("key-none").await.status(), 429);
    for server in [&a, &b, &c] {
        server.until_sums(&[("Client one", 13), ("Client two", 2)]).await;
    }
    b.signal("KILL");
    a.until_sums(&[("Client one", 13), ("Client two", 2)]).await;
    let (kept, killed) = (folder(), b.folder.path().join("data"));
    copy(&killed, &kept.path().join("data"));
    drop(b);
    let b = Server::start_in(kept, &settings("b"));
    b.until_sums(&[("Client one", 13), ("Client two", 2)]).await;
    b.send("key-one", 1).await;
    a.until_sums(&[("Client one", 14), ("Client two", 2)]).await;

    let (status, by_day) = c.usage("servers=all&by=day&since=2d&client=Client%20two").await;
    assert_eq!(
        (status, &by_day[0]["admitted"], by_day.as_array().map(Vec::len)),
        (200, &json!(2), Some(1)),
        "{by_day}"
    );
    for (query, named) in [
        ("servers=all&by=hour", "by"),
        ("servers=all&by=endpoint", "by"),
        ("servers=all&since=2h", "since"),
        ("servers=all&since=90d", "40 days"),
        ("servers=some", "servers"),
    ] {
        let (status, problem) = a.usage(query).await;
        assert!(
            status == 400 && problem["detail"].as_str().is_some_and(|it| it.contains(named)),
            "{query}: {problem}"
        );
    }

    redis.kill();
    assert_eq!(a.usage("servers=all").await.0, 503);
    assert_eq!(a.usage("").await.0, 200);
    c.send("key-free", 4).await;
    redis.restart();
    a.until_sums(&[("Client one", 18), ("Client two", 2)]).await;

    // One whose files are gone goes on from what it has left.
    c.until_sums(&[("Client one", 18), ("Client two", 2)]).await;
    c.stop();
    drop(c);
    let c = Server::start(&settings("c"));
    c.send("key-two", 3).await;
    a.until_sums(&[("Client one", 18), ("Client two", 5)]).await;
    assert_eq!(Server::start(&[]).usage("servers=all").await.0, 400, "without Redis it knows of no others");
}

#[tokio::test]
async fn p23_one_server_writes_the_tab_for_all_and_each_its_own_rows_without_redis() {
    let mut desk = Desk::new().await;
    let start = |instance| desk.start_in(desk.folder(), &[SOON, ("INSTANCE", instance)]);
    let mut servers: Vec<Server> = ["a", "b", "c"].map(start).into();
    for server in &servers {
        server.until_one_of(3).await;
    }
    let mut sent = BTreeMap::from([("a", 3), ("b", 4), ("c", 5)]);
    for (server, requests) in servers.iter().zip(sent.values()) {
        server.send("key-1", *requests).await;
    }
    until_rows(&desk, &sent).await;

    // As often as one server reads and writes, however much there is to write.
    let (begun, reads, writes) = (Instant::now(), desk.google.reads(), desk.google.writes());
    while desk.google.writes() < writes + 5 {
        for (server, sent) in servers.iter().zip(sent.values_mut()) {
            server.send("key-1", 1).await;
            *sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < LONG);
    }
    let most = usize::try_from(begun.elapsed().as_secs()).expect("few") + 3;
    let (reads, writes) = (desk.google.reads() - reads, desk.google.writes() - writes);
    assert!(reads <= most && writes <= most, "{reads} reads and {writes} writes, not {most}");
    until_rows(&desk, &sent).await;

    let reader = until_one_reads(&servers).await;
    servers[reader].signal("KILL");
    servers.remove(reader);
    let left: Vec<&str> = ["a", "b", "c"]
        .into_iter()
        .enumerate()
        .filter(|(place, _)| *place != reader)
        .map(|(_, name)| name)
        .collect();
    until_one_reads(&servers).await;
    for (server, name) in servers.iter().zip(&left) {
        server.send("key-1", 2).await;
        *sent.get_mut(name).expect("it was there") += 2;
    }
    until_rows(&desk, &sent).await;

    desk.redis.kill();
    for (server, name) in servers.iter().zip(&left) {
        server.until_away().await;
        server.send("key-1", 2).await;
        *sent.get_mut(name).expect("it was there") += 2;
    }
    until_rows(&desk, &sent).await;
    desk.redis.restart();
    until_one_reads(&servers).await;
    for (server, name) in servers.iter().zip(&left) {
        server.send("key-1", 1).await;
        *sent.get_mut(name).expect("it was there") += 1;
    }
    until_rows(&desk, &sent).await;
}

#[tokio::test]
async fn p23_whoever_writes_for_all_leaves_alone_what_a_server_that_is_cut_off_writes() {
    let desk = Desk::new().await;
    let chaos = Chaos::before(desk.redis.port()).await;
    let through_chaos = format!("redis://127.0.0.1:{}", chaos.port());
    let a = desk.start_in(desk.folder(), &[SOON, ("INSTANCE", "a")]);
    a.until_one_of(1).await;
    assert!(a.status().await["redis"]["reads_sheet"] == true);
    let b = desk.start_in(desk.folder(), &[SOON, ("INSTANCE", "b"), ("REDIS_URL", &through_chaos)]);
    b.until_one_of(2).await;
    let mut sent = BTreeMap::from([("a", 1), ("b", 2)]);
    a.send("key-1", 1).await;
    b.send("key-1", 2).await;
    until_rows(&desk, &sent).await;
    a.until_sums(&[("Client 1", 3)]).await;
    chaos.set(Weather::Cut);
    b.until_away().await;
    b.send("key-1", 5).await;
    sent.insert("b", 7);
    until_rows(&desk, &sent).await;
    // The other one writes again and again, from what it knows; from when on it misses this one, it leaves that row alone.
    let (writes, begun) = (desk.google.writes(), Instant::now());
    while desk.google.writes() < writes + 14 {
        a.send("key-1", 1).await;
        *sent.get_mut("a").expect("it is there") += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let is_missed = desk.google.writes() >= writes + 9;
        assert!(!is_missed || rows(&desk).contains(&(json!("b"), json!(7))), "{:?}", rows(&desk));
        assert!(begun.elapsed() < LONG);
    }
    until_rows(&desk, &sent).await;
    chaos.set(Weather::Fair);
    b.until_one_of(2).await;
    b.send("key-1", 1).await;
    sent.insert("b", 8);
    until_rows(&desk, &sent).await;
}

/// The instances and requests that are in the tab.
fn rows(desk: &Desk) -> Vec<(Value, Value)> {
    let is_there = desk.google.tabs().iter().any(|tab| tab == "Usage");
    let cells = if is_there { desk.google.cells("Usage") } else { Vec::new() };
    let row = |row: &Vec<Value>| (row[8].clone(), row[2].clone());
    let mut rows: Vec<(Value, Value)> = cells.iter().skip(1).map(row).collect();
    rows.sort_by_key(|(instance, _)| instance.to_string());
    rows
}

/// Waits until the tab has one row for each of these servers, with so many requests.
async fn until_rows(desk: &Desk, sent: &BTreeMap<&str, usize>) {
    let begun = Instant::now();
    let expected: Vec<(Value, Value)> = sent.iter().map(|(name, sent)| (json!(name), json!(sent))).collect();
    loop {
        let rows = rows(desk);
        if rows == expected {
            return;
        }
        assert!(begun.elapsed() < LONG, "not yet {expected:?}: {rows:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()));
}
