//! To whom finished requests are told. Each thread of requests has a recorder of its own, so that threads share nothing
//! that each request writes to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::live::Live;
use super::record::Record;
use crate::clock::Clock;
use crate::metrics::RequestCounts;

/// How many requests a second each thread tells those who watch, and how many refusals it keeps for those who will: a page
/// shows no more, and a flood is not to cost more.
const MOST_WATCHED: u64 = 50;
const MOST_REFUSALS: u64 = 20;

/// Makes the threads' recorders, and reads all of them.
pub(crate) struct Recorders {
    clock: Arc<dyn Clock>,
    live: Arc<Live>,
    /// One for each thread.
    counts: Mutex<Vec<Arc<RequestCounts>>>,
}

impl Recorders {
    pub(crate) fn new(clock: Arc<dyn Clock>, live: Arc<Live>) -> Self {
        Self { clock, live, counts: Mutex::default() }
    }

    /// One more. Several threads may share one where they have to.
    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        let counts: Arc<RequestCounts> = Arc::default();
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&counts));
        Arc::new(Recorder {
            clock: Arc::clone(&self.clock),
            counts,
            live: Arc::clone(&self.live),
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
    live: Arc<Live>,
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

    /// Whether somebody wants to know of a request.
    pub(super) fn listens(&self) -> bool {
        self.live.is_watched() && self.watched.take(self.clock.uptime())
    }

    /// Whether somebody wants to know of a request that is refused.
    pub(super) fn listens_to_a_refusal(&self) -> bool {
        self.refusals.take(self.clock.uptime()) || self.listens()
    }

    /// Tells those who want to know.
    pub(super) fn tell(&self, record: Record) {
        self.live.tell(&Arc::new(record));
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
