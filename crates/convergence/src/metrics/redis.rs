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

/// Written where things happen.
#[derive(Clone)]
pub(crate) struct RedisMetrics {
    links: Family<Label, Gauge>,
    decisions: Family<Label, Counter>,
    round_trips: Family<Label, Histogram, fn() -> Histogram>,
    failures: Family<Label, Counter>,
    reader: Family<[(&'static str, &'static str); 0], Gauge>,
}

impl Default for RedisMetrics {
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

impl RedisMetrics {
    /// So many threads can ask, of so many.
    pub(crate) fn links(&self, open: usize, made: usize) {
        let set = |state, number: usize| {
            self.links.get_or_create(&[("state", state)]).set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        set("open", open);
        set("away", made.saturating_sub(open));
    }

    /// So many limited requests were decided on.
    pub(crate) fn decided(&self, by: &'static str, requests: usize) {
        self.decisions.get_or_create(&[("by", by)]).inc_by(requests as u64);
    }

    /// A batch was answered, or given up.
    pub(crate) fn round_trip(&self, took: Duration, answered: bool) {
        let result = if answered { "ok" } else { "failed" };
        self.round_trips.get_or_create(&[("result", result)]).observe(took.as_secs_f64());
    }

    /// A connection was lost, or could not be made.
    pub(crate) fn failed(&self, reason: &'static str) {
        self.failures.get_or_create(&[("reason", reason)]).inc();
    }

    /// Whether this server reads the keys for all.
    pub(crate) fn is_reader(&self, is_reader: bool) {
        self.reader.get_or_create(&[]).set(i64::from(is_reader));
    }

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
}
