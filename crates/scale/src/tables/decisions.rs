//! What decisions through Redis cost, and where one Redis ends.

use super::words::{about, count, milliseconds, number, percent, table};
use crate::agenda::{MILLI, SECOND};
use crate::costs;
use crate::fleet::{Outcome, Plan};
use crate::google;
use crate::mix::Mix;

/// As most tables have it: 1,000 clients, of whom few ask much.
pub(super) const MANY: Mix = Mix::Skewed(1_000);

fn per_second(count: u64, outcome: &Outcome) -> u64 {
    count * SECOND / outcome.length
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// One server, ten and a thousand.
pub(super) fn summary() -> String {
    let row = |(servers, each): (usize, u32)| {
        let plan = Plan::new(servers, f64::from(u32::try_from(servers).unwrap_or(0) * each), MANY);
        let outcome = plan.run();
        let alone = google::Plan {
            readers: servers,
            writers: servers,
            cache: 300 * SECOND,
            flush: 60 * SECOND,
            seed: 1,
        };
        let leased = google::Plan { readers: 1, writers: 1, ..alone };
        [
            format!("{}, {} requests/s each", count(servers), number(u64::from(each))),
            about(per_second(outcome.batches, &outcome)),
            percent(outcome.utilisation()),
            milliseconds(outcome.latency(500)),
            milliseconds(outcome.latency(990)),
            count(alone.run().reads),
            count(leased.run().reads),
        ]
    };
    let rows = [(1, 100), (1, 10_000), (10, 100), (10, 5_000), (1_000, 10), (1_000, 50), (1_000, 100)];
    let head = [
        "servers",
        "round trips/s",
        "one Redis core",
        "p50 ms",
        "p99 ms",
        "Google reads/min, each for itself",
        "one for all",
    ];
    table(head, &rows.map(row))
}

/// How much goes together. As many Redis as it takes, so that none is full.
pub(super) fn batching() -> String {
    let row = |(rate, who, mix): (u32, &str, Mix)| {
        let plan = Plan { nodes: 16, ..Plan::new(1, f64::from(rate), mix) };
        let (built, other) = (plan.run(), Plan { one_in_flight: true, ..plan }.run());
        let figures = |outcome: &Outcome| {
            let per_batch = ratio(outcome.asked, outcome.batches);
            let calls = ratio(outcome.calls, outcome.asked).min(1.0);
            [format!("{per_batch:.1}"), percent(1.0 - calls), milliseconds(outcome.latency(500))]
        };
        let [batch, saved, median] = figures(&built);
        let [batch_of_other, saved_of_other, median_of_other] = figures(&other);
        let what = format!("{}, {who}", about(u64::from(rate)));
        [what, batch, saved, median, batch_of_other, saved_of_other, median_of_other]
    };
    let mut rows = Vec::new();
    for rate in [1_000, 10_000, 100_000] {
        for (who, mix) in
            [("one client", Mix::One), ("1,000 clients, skewed", MANY), ("1,000 alike", Mix::Even(1_000))]
        {
            rows.push(row((rate, who, mix)));
        }
    }
    let head = [
        "requests/s of the server",
        "requests in a batch",
        "calls saved",
        "p50 ms",
        "one in flight: requests in a batch",
        "calls saved",
        "p50 ms",
    ];
    table(head, &rows)
}

/// One Redis, by load and by network.
pub(super) fn load() -> String {
    let row = |rate: u32| {
        let runs = costs::ROUND_TRIPS.map(|round_trip| {
            let plan = Plan { round_trip, ..Plan::new(10, f64::from(rate), MANY) };
            let outcome = plan.run();
            let figures =
                format!("{} / {}", milliseconds(outcome.latency(500)), milliseconds(outcome.latency(990)));
            (figures, percent(outcome.utilisation()))
        });
        let [(near, _), (same, busy), (far, _)] = runs;
        [about(u64::from(rate)), busy, near, same, far]
    };
    let head = ["requests/s", "one Redis core", "p50 / p99 ms at 0.1 ms", "at 0.5 ms", "at 2 ms"];
    table(head, &[1_000, 10_000, 30_000, 50_000, 60_000, 70_000].map(row))
}

/// Up to which rate Redis decides all but one in a thousand, and all but one in a hundred within 10 ms.
fn end(plan: &Plan) -> u64 {
    let holds = |rate: u32| {
        let plan = Plan { rate: f64::from(rate), warm_up: SECOND / 5, end: SECOND * 2 / 5, ..plan.clone() };
        let outcome = plan.run();
        outcome.alone * 1_000 <= outcome.came && outcome.latency(990) < 10 * MILLI
    };
    // The last that holds, among multiples of the step.
    let (step, mut low, mut high) = (10_000, 0, MOST / 10_000);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if holds(middle * step) { low = middle } else { high = middle - 1 }
    }
    u64::from(low * step)
}

/// More is not tried.
const MOST: u32 = 400_000;

/// Where it ends.
pub(super) fn ends() -> String {
    let row = |(servers, what, nodes, mix): (usize, &str, usize, Mix)| {
        let plan = Plan { nodes, ..Plan::new(servers, 0.0, mix) };
        let built = end(&plan);
        let other = end(&Plan { one_in_flight: true, ..plan });
        let told =
            |end: u64| if end < u64::from(MOST) { about(end) } else { format!("{} or more", about(end)) };
        [format!("{} servers, {what}", count(servers)), told(built), told(other)]
    };
    let rows = [
        (10, "one Redis, one client", 1, Mix::One),
        (100, "one Redis, one client", 1, Mix::One),
        (10, "one Redis, 1,000 clients, skewed", 1, MANY),
        (100, "one Redis, 1,000 clients, skewed", 1, MANY),
        (100, "3 primaries, 1,000 clients, skewed", 3, MANY),
        (100, "10 primaries, 1,000 clients, skewed", 10, MANY),
        (100, "10 primaries, one client", 10, Mix::One),
    ];
    table(["what", "requests/s", "one in flight (not built)"], &rows.map(row))
}
