//! The one place where time enters. Tests bring a clock of their own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
pub use gate::Now;

/// Tells the time and waits. Both by the same clock, so that a test which moves it moves everything.
pub trait Clock: Send + Sync + 'static {
    /// The moment, read once for each request.
    fn now(&self) -> Now;

    /// The moment as far as durations go: the `uptime` of [`Clock::now`].
    fn uptime(&self) -> Duration {
        self.now().uptime
    }

    /// The wall clock in Unix milliseconds, by which the lag of a change is measured.
    fn unix_millis(&self) -> i64 {
        self.now().unix.saturating_mul(1_000)
    }

    /// Ends once `uptime` has advanced by `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose uptime starts now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { unix: unix_seconds(SystemTime::now()), uptime: self.start.elapsed() }
    }

    fn uptime(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The moment in Unix seconds, for a command that runs once.
pub(crate) fn unix_now() -> i64 {
    unix_seconds(SystemTime::now())
}

/// Whole Unix seconds; a clock set before 1970 counts as 1970.
fn unix_seconds(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// A Unix second as people and programs read it; the bare number beyond the calendar.
pub(crate) fn rfc3339(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |moment| moment.to_string())
}
