//! What happens when Redis is too slow, or gone, or back.

use super::decisions::MANY;
use super::words::{about, count, milliseconds, number, percent, seconds, table};
use crate::agenda::{SECOND, Time};
use crate::fleet::{Outage, Outcome, Plan, TENTH, Telling};
use crate::mix::Mix;

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn by_redis(outcome: &Outcome) -> f64 {
    1.0 - outcome.alone as f64 / outcome.came.max(1) as f64
}

/// More than one Redis can decide.
pub(super) fn overload() -> String {
    let row = |rate: u32| {
        let plan = Plan { warm_up: SECOND, end: 3 * SECOND, ..Plan::new(10, f64::from(rate), MANY) };
        let outcome = plan.run();
        [
            about(u64::from(rate)),
            percent(by_redis(&outcome)),
            milliseconds(outcome.latency(500)),
            milliseconds(outcome.latency(990)),
            percent(outcome.utilisation()),
        ]
    };
    let head = ["requests/s", "decided by Redis", "p50 ms", "p99 ms", "its core"];
    table(head, &[70_000, 80_000, 100_000, 150_000].map(row))
}

/// A client that does its worst while Redis is away for 20 s; and one whose servers know nothing of each other.
pub(super) fn bounds() -> String {
    let row = |(servers, limit, away): (usize, u32, Away)| {
        let (what, bound) = match away {
            Away::Never => ("no Redis", u32::try_from(servers).unwrap_or(u32::MAX) * limit),
            Away::Silent => ("silent, and knows all afterwards", bound(servers, limit, false)),
            Away::Crashed => ("a crash, and empty afterwards", bound(servers, limit, true)),
        };
        let plan = match away {
            Away::Never => each_its_own(servers, limit, 1),
            away => bounded(servers, limit, matches!(away, Away::Crashed), 1),
        };
        [
            format!("{}, limit {limit}, {what}", count(servers)),
            number(u64::from(bound)),
            number(u64::from(plan.run().most_in_a_window())),
        ]
    };
    let rows = [
        (3, 600, Away::Never),
        (10, 600, Away::Never),
        (3, 600, Away::Silent),
        (10, 600, Away::Silent),
        (100, 60, Away::Silent),
        (3, 600, Away::Crashed),
        (100, 60, Away::Crashed),
        (1_000, 600, Away::Crashed),
    ];
    table(["servers", "bound", "most in any 60 s"], &rows.map(row))
}

#[derive(Clone, Copy)]
enum Away {
    /// There is none.
    Never,
    Silent,
    Crashed,
}

/// Servers without Redis, asked ten times as often as one may be.
pub fn each_its_own(servers: usize, limit: u32, seed: u64) -> Plan {
    let rate = f64::from(limit) / 6.0 * f64::from(u32::try_from(servers).unwrap_or(0));
    Plan {
        threads: 1,
        limit: Some(limit),
        nodes: 0,
        warm_up: 0,
        end: 100 * SECOND,
        seed,
        ..Plan::new(servers, rate, Mix::One)
    }
}

/// A plan for that: the client asks one server, then all others, then the first again, twenty times as often as it may.
pub fn bounded(servers: usize, limit: u32, crash: bool, seed: u64) -> Plan {
    let outage = Outage { from: 65 * SECOND, to: 85 * SECOND, crash };
    Plan {
        threads: 1,
        limit: Some(limit),
        outage: Some(outage),
        is_sly: true,
        warm_up: 0,
        end: 150 * SECOND,
        seed,
        ..Plan::new(servers, f64::from(limit) / 3.0, Mix::One)
    }
}

/// What docs/redis.md says: the limit through Redis, and all shares; the limit once more if Redis has forgotten.
pub fn bound(servers: usize, limit: u32, crash: bool) -> u32 {
    let servers = u32::try_from(servers).unwrap_or(u32::MAX);
    limit + servers * (limit / servers).max(limit.min(1)) + if crash { limit } else { 0 }
}

/// How long after the end of an outage fewer than one in fifty requests are decided alone.
fn recovers_after(plan: &Plan) -> Option<Time> {
    let to = plan.outage.map_or(0, |outage| outage.to);
    let few = u64::from(RETURN_RATE) / 10 / 50;
    let bad = plan.run().alone_by_time.iter().rposition(|alone| *alone > few).unwrap_or(0);
    let well = (u64::try_from(bad).unwrap_or(u64::MAX) + 1) * TENTH;
    (well + SECOND < plan.end).then(|| well.saturating_sub(to))
}

/// Requests a second of all servers: a quarter of what one Redis can do.
const RETURN_RATE: u32 = 20_000;

/// Redis was silent for half a minute, and all come back at once, and have something to tell.
fn returning(servers: usize, clients: usize, telling: Telling) -> Plan {
    let outage = Outage { from: SECOND, to: 31 * SECOND, crash: false };
    Plan {
        outage: Some(outage),
        telling,
        warm_up: 31 * SECOND,
        end: 52 * SECOND,
        ..Plan::new(servers, f64::from(RETURN_RATE), Mix::Even(clients))
    }
}

/// See [`returning`].
pub(super) fn comes_back() -> String {
    let said = |plan: &Plan| recovers_after(plan).map_or("not within 20".to_owned(), seconds);
    let row = |(servers, clients): (usize, usize)| {
        let plans = [Telling::AtOnce, Telling::Gently].map(|telling| returning(servers, clients, telling));
        let [at_once, gently] = plans.each_ref().map(said);
        [format!("{}, {} clients", count(servers), count(clients)), at_once, gently]
    };
    let rows = [(3, 1_000), (10, 10_000), (100, 1_000), (100, 10_000), (1_000, 1_000)];
    table(["servers", "500 every 0.2 s: s", "gently, as built: s"], &rows.map(row))
}
