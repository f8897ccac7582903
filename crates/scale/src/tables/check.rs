//! The model beside the real thing, on one machine.

use super::words::{milliseconds, number, percent, table};
use crate::agenda::{MICRO, SECOND, Time};
use crate::fleet::{Outage, Outcome, Plan, Telling};
use crate::mix::Mix;

/// A call and its answer between two programs of one machine. Measured: 19 to 21 us.
const LOOPBACK: Time = 20 * MICRO;

/// Servers with one thread on this machine.
fn here(servers: usize, rate: u32, clients: usize) -> Plan {
    Plan { threads: 1, round_trip: LOOPBACK, ..Plan::new(servers, f64::from(rate), Mix::Even(clients)) }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn each(time: Time, count: usize) -> String {
    format!("{:.1} us", time as f64 / count.max(1) as f64 / MICRO as f64)
}

/// How much longer half of the requests take at least than without Redis.
fn added(plan: &Plan) -> String {
    let without = Plan { nodes: 0, ..plan.clone() }.run().latency(500);
    format!("{} ms", milliseconds(plan.run().latency(500) - without))
}

fn calls(outcome: &Outcome) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let calls = outcome.calls as f64 / outcome.came as f64;
    format!("{calls:.2}")
}

/// What was measured stands here as it was printed: three servers and less, each with one thread, with a real Redis, wrk-like
/// load at a fixed rate over 64 connections, two cores for all of it and for builds beside it. 2026-11-27, commit 0c7d2d7, the
/// last two commit 500b7d7.
pub(super) fn check() -> String {
    let mut rows = Vec::new();
    let mut row = |what: String, measured: &str, model: String| rows.push([what, measured.to_owned(), model]);
    // So many clients that no two requests of a batch are of one: the load takes them in turn.
    let full = here(1, 85_000, 100_000).run();
    let idle = Plan { nodes: 0, ..here(1, 150_000, 1_000) }.run();
    row(
        "full server: Redis' work for a call".into(),
        "12.4 us",
        each(full.busy[0], usize::try_from(full.calls).unwrap_or(0)),
    );
    row("full server: its own, with Redis".into(), "11.3 us", each(full.toil, full.answered_in_all()));
    row("the same without Redis".into(), "6.6 us", each(idle.toil, idle.answered_in_all()));
    let cores = [(1, 1_500, "8 %"), (1, 6_000, "22 %"), (1, 15_000, "29 %")];
    let more = [(3, 1_500, "8 %"), (3, 6_000, "23 %"), (3, 15_000, "32 %")];
    for (servers, rate, measured) in cores.into_iter().chain(more) {
        let plan = here(servers, rate, 1_000);
        let what = format!("Redis' core, servers: {servers}, {} requests/s", number(u64::from(rate)));
        row(what, measured, percent(plan.run().utilisation()));
    }
    for (rate, measured) in [(1_500, "0.08 ms"), (6_000, "0.13 ms"), (15_000, "0.52 ms")] {
        let what = format!("added to the median, servers: 1, {} requests/s", number(u64::from(rate)));
        row(what, measured, added(&here(1, rate, 1_000)));
    }
    for (servers, clients, measured) in
        [(1, 1_000, "1.00"), (3, 1_000, "1.00"), (1, 1, "0.36"), (3, 1, "0.61")]
    {
        let what = format!(
            "calls for a request, servers: {servers}, 15,000 requests/s, clients: {}",
            number(u64::try_from(clients).unwrap_or(0))
        );
        row(what, measured, calls(&here(servers, 15_000, clients).run()));
    }
    for (clients, measured) in [(1_000, "26,310"), (5_000, "51,559")] {
        let what = format!(
            "calls in 5 s after a silence of 12 s, servers: 12, 3,000 requests/s, clients: {}",
            number(u64::try_from(clients).unwrap_or(0))
        );
        row(what, measured, number(told(clients)));
    }
    table(["what", "measured", "model"], &rows)
}

/// Twelve servers come back and tell what they have admitted.
fn told(clients: usize) -> u64 {
    let outage = Outage { from: 3 * SECOND, to: 15 * SECOND, crash: false };
    let plan = Plan {
        outage: Some(outage),
        telling: Telling::AtOnce,
        warm_up: 15 * SECOND,
        end: 20 * SECOND,
        ..here(12, 3_000, clients)
    };
    plan.run().calls
}
