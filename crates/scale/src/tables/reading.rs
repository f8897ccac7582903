//! What reading the sheet costs Google and Redis, and what servers cost that nobody asks.

use super::words::{bytes, count, number, seconds, table};
use crate::agenda::{SECOND, Time};
use crate::costs;
use crate::directory::{self, size};
use crate::google::{self, most_servers};

/// Up to how many servers Google's quota is enough.
pub(super) fn google() -> String {
    let row = |(cache, flush): (Time, Time)| {
        let [account, project] =
            costs::ALLOWED.map(|allowed| count(most_servers(cache * SECOND, flush * SECOND, allowed)));
        let plan =
            google::Plan { readers: 1, writers: 1, cache: cache * SECOND, flush: flush * SECOND, seed: 1 };
        let google::Busiest { reads, writes } = plan.run();
        let often = if flush == 0 { "no usage".to_owned() } else { format!("usage each {flush} s") };
        [format!("{cache} s, {often}"), account, project, format!("{reads} and {writes}")]
    };
    let rows = [(300, 60), (300, 300), (60, 60), (10, 60), (2, 60), (2, 0)];
    let head = [
        "`API_KEY_CACHE_DURATION`",
        "servers on one account",
        "on five of one project",
        "one for all: reads and writes/min",
    ];
    table(head, &rows.map(row))
}

/// The way of a change to all servers.
pub(super) fn directory() -> String {
    let row = |(keys, servers): (u64, usize)| {
        let plan = directory::Plan {
            servers,
            bytes: size(keys),
            every: directory::EVERY,
            round_trip: costs::ROUND_TRIPS[1],
            seed: 1,
        };
        let outcome = plan.run();
        let one = directory::Plan { bytes: size(1), ..plan }.run();
        [
            format!("{} keys, {} servers", number(keys), count(servers)),
            bytes(outcome.bytes),
            seconds(outcome.half),
            seconds(outcome.last),
            seconds(outcome.busy),
            seconds(one.last),
        ]
    };
    let rows = [(1_000, 10), (1_000, 1_000), (100_000, 10), (100_000, 100), (100_000, 1_000)];
    let head = [
        "each change",
        "sent",
        "half have it after s",
        "all after s",
        "Redis core s",
        "only the change: all after s",
    ];
    table(head, &rows.map(row))
}

/// Servers that nobody asks.
pub(super) fn idle() -> String {
    let row = |servers: u64| {
        let threads = u64::try_from(costs::THREADS).unwrap_or(0);
        let words = servers * (threads + 1) * SECOND / costs::WORDS;
        let cost = words * (costs::SCRIPT + costs::COMMAND + costs::CONNECTION)
            + servers * (costs::GET + costs::CONNECTION);
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let part = cost as f64 / SECOND as f64;
        [
            number(servers),
            number(servers * (threads + 1)),
            number(words),
            number(servers),
            format!("{:.2} %", part * 100.0),
        ]
    };
    table(
        ["servers", "connections", "words/s", "looks/s (not built)", "one Redis core"],
        &[1, 10, 1_000].map(row),
    )
}

/// What is kept, on disk and in Redis.
pub(super) fn ledger() -> String {
    let row = |(keys, endpoints, servers): (u64, u64, u64)| {
        // In each minute every key is used at every endpoint, on every server.
        let rows = keys * endpoints;
        let minutes = rows * 48 * 60 * costs::ROW_BYTES;
        let hours = rows * 90 * 24 * costs::ROW_BYTES;
        // Every 10 s each of them is added to its minute, its hour and its day.
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let toil = (rows * 3 * costs::ROW_TIME) as f64 / (10 * SECOND) as f64;
        [
            format!("{} keys, {endpoints} endpoints, servers: {}", number(keys), number(servers)),
            bytes(minutes),
            bytes(hours),
            bytes(servers * (minutes + hours)),
            format!("{:.1} %", toil * 100.0),
            bytes(keys * costs::WINDOW_BYTES[0]),
            bytes(keys * costs::WINDOW_BYTES[1]),
        ]
    };
    let rows = [(100, 5, 1), (100, 5, 10), (1_000, 5, 10), (1_000, 5, 1_000)];
    let head = [
        "all used in every minute",
        "48 h of minutes, each server",
        "90 days of hours, each",
        "all servers",
        "a core of each",
        "windows in Redis, limit 60",
        "limit 1,000, used up",
    ];
    table(head, &rows.map(row))
}
