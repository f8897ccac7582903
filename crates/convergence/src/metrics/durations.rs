//! A histogram of durations that costs an observation two additions. The threads of one may share it; sums are made by
//! whoever reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So many buckets a histogram can have, the one without a bound among them.
const MOST: usize = 16;

/// Upper bounds, rising.
pub(super) type Bounds = &'static [Duration];

/// How many durations lie in which bucket, and their sum.
#[derive(Default)]
pub(crate) struct Durations {
    /// The one behind the last bound has no bound.
    buckets: [AtomicU64; MOST],
    nanoseconds: AtomicU64,
}

impl Durations {
    pub(super) fn observe(&self, bounds: Bounds, took: Duration) {
        let bucket = bounds.partition_point(|bound| *bound < took).min(MOST - 1);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn add(&self, other: &Self) {
        for (bucket, more) in self.buckets.iter().zip(&other.buckets) {
            bucket.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(other.nanoseconds.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// In seconds.
    #[expect(clippy::cast_precision_loss, reason = "exact to a nanosecond for a hundred days")]
    pub(super) fn sum(&self) -> f64 {
        self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9
    }

    /// Upper bounds in seconds, and how many lie in each bucket by itself.
    pub(super) fn buckets(&self, bounds: Bounds) -> Vec<(f64, u64)> {
        let bounds = bounds.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        bounds.zip(self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed))).collect()
    }
}
