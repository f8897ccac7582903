//! To whom finished requests are told. Each thread of requests has a recorder of its own, so that threads share nothing
//! that each request writes to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::live::Live;
use super::record::Record;
use crate::clock::Clock;
use crate::logging::AccessLog;
use crate::metrics::RequestCounts;
use crate::telemetry::{Trace, Tracer};

/// How many requests a second each thread tells those who watch, and how many refusals it keeps for those who will: a page
/// shows no more, and a flood is not to cost more.
const MOST_WATCHED: u64 = 50;
const MOST_REFUSALS: u64 = 20;

/// Makes the threads' recorders, and reads all of them.
pub(crate) struct Recorders {
    clock: Arc<dyn Clock>,
    ears: Arc<Ears>,
    /// One for each thread.
    counts: Mutex<Vec<Arc<RequestCounts>>>,
}

/// Who wants to know of requests.
#[derive(Default)]
struct Ears {
    live: Arc<Live>,
    /// Empty where there is none.
    log: OnceLock<AccessLog>,
    /// The same.
    tracer: OnceLock<Tracer>,
}

impl Recorders {
    pub(crate) fn new(clock: Arc<dyn Clock>, live: Arc<Live>) -> Self {
        Self { clock, ears: Arc::new(Ears { live, ..Ears::default() }), counts: Mutex::default() }
    }

    /// From now on each request is logged.
    pub(crate) fn log_to(&self, log: AccessLog) {
        // A server has one log.
        let _ = self.ears.log.set(log);
    }

    /// From now on requests are traced.
    pub(crate) fn trace_by(&self, tracer: Tracer) {
        // And one tracer.
        let _ = self.ears.tracer.set(tracer);
    }

    /// Has the last lines of the log written. Takes a second at most.
    pub(crate) fn finish_log(&self) {
        if let Some(log) = self.ears.log.get() {
            log.finish();
        }
    }

    /// One more. Several threads may share one where they have to.
    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        let counts: Arc<RequestCounts> = Arc::default();
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&counts));
        Arc::new(Recorder {
            clock: Arc::clone(&self.clock),
            counts,
            ears: Arc::clone(&self.ears),
            watched: Allowance::of(MOST_WATCHED),
            refusals: Allowance::of(MOST_REFUSALS),
        })
    }

    /// What all of them have counted.
    pub(crate) fn sum(&self) -> RequestCounts {
        let sum = RequestCounts::default();
        for counts in &*self.counts.lock().unwrap_or_else(PoisonError::into_inner) {
            sum.add(counts);
        }
        sum
    }
}

/// One thread's.
pub(crate) struct Recorder {
    clock: Arc<dyn Clock>,
    pub(super) counts: Arc<RequestCounts>,
    ears: Arc<Ears>,
    watched: Allowance,
    refusals: Allowance,
}

impl Recorder {
    pub(super) fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    pub(super) fn unix_millis(&self) -> i64 {
        self.clock.unix_millis()
    }

    /// The trace of a request with these values of `traceparent`, if it is traced.
    pub(super) fn trace<'a>(&self, parents: impl Iterator<Item = &'a [u8]>) -> Option<Trace> {
        self.ears.tracer.get()?.trace(parents)
    }

    /// Whether each request is logged.
    pub(super) fn logs(&self) -> bool {
        self.ears.log.get().is_some()
    }

    /// Whether a request is shown to those who watch.
    pub(super) fn shows(&self, is_refusal: bool) -> bool {
        (is_refusal && self.refusals.take(self.clock.uptime()))
            || (self.ears.live.is_watched() && self.watched.take(self.clock.uptime()))
    }

    /// Tells those who want to know.
    pub(super) fn tell(&self, record: Record, is_shown: bool) {
        let record = Arc::new(record);
        if let Some(log) = self.ears.log.get() {
            log.write(&record);
        }
        if let Some(tracer) = self.ears.tracer.get() {
            tracer.send(&record);
        }
        if is_shown {
            self.ears.live.tell(&record);
        }
    }
}

/// So many in a second. Threads that share one may take a few too many.
struct Allowance {
    most: u64,
    /// The second of the server's time, and how many were taken in it.
    second: AtomicU64,
    taken: AtomicU64,
}

impl Allowance {
    fn of(most: u64) -> Self {
        Self { most, second: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    fn take(&self, uptime: Duration) -> bool {
        let second = uptime.as_secs();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.taken.store(0, Ordering::Relaxed);
        }
        self.taken.fetch_add(1, Ordering::Relaxed) < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_for_a_second() {
        let allowance = Allowance::of(2);
        let take = |millis| allowance.take(Duration::from_millis(millis));
        assert_eq!([0, 999, 999].map(take), [true, true, false]);
        assert_eq!([1_000, 1_001, 1_999].map(take), [true, true, false]);
        assert!(take(60_000));
    }
}
