//! What has come of requests, and how long they took. Each thread counts in one of its own; whoever scrapes adds them up.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Unit;

use super::durations::{Bounds, Durations};
use crate::http::{Outcome, Took};

/// From a decision in memory to one for which Redis is asked, in vain.
const DECISIONS: Bounds = &[
    Duration::from_micros(2),
    Duration::from_micros(5),
    Duration::from_micros(10),
    Duration::from_micros(25),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(250),
];

/// From an answer that is there to what an upstream may take, or a recording.
const ANSWERS: Bounds = &[
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(10),
    Duration::from_mins(1),
];

/// The classes of a status by its first digit; the first is of what is none.
const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// One thread's, or the sum of all. Aligned so that two threads' share no line of the processor's cache.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct RequestCounts {
    /// By outcome, and by the class of the status.
    requests: [[AtomicU64; CLASSES.len()]; Outcome::ALL.len()],
    decisions: Durations,
    upstreams: Durations,
    wholes: Durations,
}

impl RequestCounts {
    /// A request has ended.
    pub(crate) fn count(&self, outcome: Outcome, status: u16, took: &Took) {
        let class = usize::from(status / 100);
        let class = if class < CLASSES.len() { class } else { 0 };
        self.requests[outcome as usize][class].fetch_add(1, Ordering::Relaxed);
        if let Some(decision) = took.decision {
            self.decisions.observe(DECISIONS, decision);
        }
        if let Some(upstream) = took.upstream {
            self.upstreams.observe(ANSWERS, upstream);
        }
        self.wholes.observe(ANSWERS, took.whole);
    }

    /// Adds what another has counted.
    pub(crate) fn add(&self, other: &Self) {
        let numbers = self.requests.as_flattened().iter().zip(other.requests.as_flattened());
        for (number, more) in numbers {
            number.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.decisions.add(&other.decisions);
        self.upstreams.add(&other.upstreams);
        self.wholes.add(&other.wholes);
    }

    /// Every outcome and class that there was, and those that a look at a new server should find.
    fn each(&self, mut emit: impl FnMut(Outcome, &'static str, u64) -> fmt::Result) -> fmt::Result {
        for (outcome, classes) in Outcome::ALL.into_iter().zip(&self.requests) {
            for (class, number) in CLASSES.into_iter().zip(classes) {
                let number = number.load(Ordering::Relaxed);
                if number > 0 || (outcome == Outcome::Admitted && matches!(class, "2xx" | "5xx")) {
                    emit(outcome, class, number)?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RequestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestCounts").finish_non_exhaustive()
    }
}

impl Collector for RequestCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests by what came of them and by the class of the answer's status";
        let mut requests = encoder.encode_descriptor("requests", help, None, MetricType::Counter)?;
        self.each(|outcome, class, number| {
            let labels = [("outcome", outcome.word()), ("status", class)];
            ConstCounter::new(number).encode(requests.encode_family(&labels)?)
        })?;
        let histograms = [
            (
                "decision_duration",
                "From the end of a request's head to its decision",
                &self.decisions,
                DECISIONS,
            ),
            (
                "upstream_duration",
                "From the decision to the head of the upstream's answer",
                &self.upstreams,
                ANSWERS,
            ),
            (
                "request_duration",
                "From the end of a request's head to the end of its answer",
                &self.wholes,
                ANSWERS,
            ),
        ];
        for (name, help, durations, bounds) in histograms {
            let mut histogram =
                encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
            let (sum, count) = (durations.sum(), durations.count());
            histogram.encode_histogram::<NoLabelSet>(sum, count, &durations.buckets(bounds), None)?;
        }
        Ok(())
    }
}
