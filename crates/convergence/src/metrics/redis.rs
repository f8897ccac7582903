//! How Redis is doing. Without it none of these is shown: a family without members is not.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Label;

/// Upper bounds in seconds, up to the deadline.
const ROUND_TRIPS: [f64; 9] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05];

/// As they are registered.
pub(super) struct Families {
    links: Family<Label, Gauge>,
    decisions: Family<Label, Counter>,
    round_trips: Family<Label, Histogram, fn() -> Histogram>,
    failures: Family<Label, Counter>,
    reader: Family<[(&'static str, &'static str); 0], Gauge>,
}

/// As they are written, where things happen.
pub(crate) struct RedisMetrics {
    open: Gauge,
    away: Gauge,
    decided: Counter,
    decided_alone: Counter,
    answered: Histogram,
    given_up: Histogram,
    failures: Family<Label, Counter>,
    reader: Family<[(&'static str, &'static str); 0], Gauge>,
}

impl Default for Families {
    fn default() -> Self {
        Self {
            links: Family::default(),
            decisions: Family::default(),
            round_trips: Family::new_with_constructor(|| Histogram::new(ROUND_TRIPS)),
            failures: Family::default(),
            reader: Family::default(),
        }
    }
}

impl Families {
    pub(super) fn register(&self, registry: &mut Registry) {
        let links = "Threads by whether they can ask Redis";
        registry.register("redis_links", links, self.links.clone());
        let decisions = "Limited requests by who has decided on them: redis, or this server without it";
        registry.register("redis_decisions", decisions, self.decisions.clone());
        registry.register_with_unit(
            "redis_round_trip",
            "How long batches of decisions took",
            Unit::Seconds,
            self.round_trips.clone(),
        );
        let failures = "Connections to Redis that were lost or not made";
        registry.register("redis_failures", failures, self.failures.clone());
        let reader = "1 on the server that reads the sheet for all, 0 on the others";
        registry.register("redis_reader", reader, self.reader.clone());
    }

    /// From now on they are shown. `alone` is what a server is called that decides without Redis.
    pub(super) fn show(&self, alone: &'static str) -> RedisMetrics {
        let links = |state| self.links.get_or_create_owned(&[("state", state)]);
        let decisions = |by| self.decisions.get_or_create_owned(&[("by", by)]);
        let round_trips = |result| self.round_trips.get_or_create_owned(&[("result", result)]);
        RedisMetrics {
            open: links("open"),
            away: links("away"),
            decided: decisions("redis"),
            decided_alone: decisions(alone),
            answered: round_trips("ok"),
            given_up: round_trips("failed"),
            failures: self.failures.clone(),
            reader: self.reader.clone(),
        }
    }
}

impl RedisMetrics {
    /// Whether this server reads the keys for all.
    pub(crate) fn is_reader(&self, is_reader: bool) {
        self.reader.get_or_create(&[]).set(i64::from(is_reader));
    }

    /// So many threads can ask, of so many.
    pub(crate) fn links(&self, open: usize, made: usize) {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.open.set(number(open));
        self.away.set(number(made.saturating_sub(open)));
    }

    /// Redis has decided on so many limited requests.
    pub(crate) fn decided(&self, requests: usize) {
        self.decided.inc_by(requests as u64);
    }

    /// This server has decided on one by itself.
    pub(crate) fn decided_alone(&self) {
        self.decided_alone.inc();
    }

    /// A batch was answered, or given up.
    pub(crate) fn round_trip(&self, took: Duration, answered: bool) {
        let histogram = if answered { &self.answered } else { &self.given_up };
        histogram.observe(took.as_secs_f64());
    }

    /// A connection was lost, or could not be made.
    pub(crate) fn failed(&self, reason: &'static str) {
        self.failures.get_or_create(&[("reason", reason)]).inc();
    }
}
