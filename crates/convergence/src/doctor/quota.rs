//! What the settings use of Google's quota, and how late a revocation takes effect.

use std::time::Duration;

use super::Report;
use super::report::Check;
use crate::sync::UNKNOWN_KEY_EVERY;

/// Reads, and as many writes, a minute for one account in one project (Google's page on the limits of the Sheets API).
const PER_MINUTE: f64 = 60.0;

/// What one server does.
pub(super) struct Use {
    /// `API_KEY_CACHE_DURATION`.
    pub(super) cache: Duration,
    /// `USAGE_FLUSH_INTERVAL`; `None` where usage is not written. A flush is a read and a write.
    pub(super) flush: Option<Duration>,
    /// Requests of one refresh.
    pub(super) reads: usize,
}

impl Use {
    fn reads_per_minute(&self, refresh: Duration) -> f64 {
        let reads = f64::from(u32::try_from(self.reads).unwrap_or(u32::MAX));
        60.0 * reads / refresh.as_secs_f64() + self.writes_per_minute()
    }

    fn writes_per_minute(&self) -> f64 {
        self.flush.map_or(0.0, |flush| 60.0 / flush.as_secs_f64())
    }
}

pub(super) fn examine(report: &mut Report, server: &Use) {
    let (reads, writes) = (server.reads_per_minute(server.cache), server.writes_per_minute());
    let busiest = server.reads_per_minute(server.cache.min(UNKNOWN_KEY_EVERY));
    let servers = |reads: f64| (PER_MINUTE / reads.max(writes)).floor();
    let what = format!(
        "{reads:.1} reads and {writes:.1} writes a minute of google's {PER_MINUTE:.0}: room for {:.0} servers on this account, \
         for {:.0} while unknown keys keep coming",
        servers(reads),
        servers(busiest),
    );
    if reads > PER_MINUTE || writes > PER_MINUTE {
        let what = format!("{what}; raise API_KEY_CACHE_DURATION or USAGE_FLUSH_INTERVAL");
        report.fail(Check::Quota, what);
    } else if busiest > PER_MINUTE {
        report.note(Check::Quota, format!("{what}; raise API_KEY_CACHE_DURATION"));
    } else {
        report.ok(Check::Quota, what);
    }
}

/// How late a change in the sheet takes effect.
pub(super) fn revocation(report: &mut Report, cache: Duration) {
    let seconds = cache.as_secs();
    let what = format!(
        "a change in the sheet takes effect within {seconds} s (API_KEY_CACHE_DURATION) and a read, an expiry at once"
    );
    report.ok(Check::Revocation, what);
}
