//! Step 4: the exact sliding window (P11-P14).
//!
//! A window is a ring of runs: how many requests were admitted in which tick of the clock, oldest first. A run counts
//! until every instant of its tick is more than 60 s old, so that no 60 s ever hold more than the limit, whatever
//! the length of a tick. With ticks of 1 ms there are at most as many runs as the limit; a client with a larger limit,
//! or none, has ticks of 100 ms, so 602 runs hold any number of requests, each at most 100 ms longer than needed.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::runs::Runs;

/// The length of the window, in seconds.
pub const WINDOW_SECONDS: u32 = 60;

/// Limits up to this one are kept to the millisecond; above it, requests are held back at most 100 ms longer.
pub const EXACT_UP_TO: u32 = 1_000;

const WINDOW_MILLIS: u64 = WINDOW_SECONDS as u64 * 1_000;

/// How long a tick is. Ordered: the coarser is the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grain {
    #[default]
    Fine,
    Coarse,
}

impl Grain {
    /// The grain that a key with this limit asks of its client's window.
    pub(crate) fn for_limit(limit: Option<u32>) -> Self {
        match limit {
            Some(limit) if limit <= EXACT_UP_TO => Grain::Fine,
            _ => Grain::Coarse,
        }
    }

    fn millis(self) -> u64 {
        match self {
            Grain::Fine => 1,
            Grain::Coarse => 100,
        }
    }

    /// The ticks of a whole window.
    fn span(self) -> u64 {
        WINDOW_MILLIS / self.millis()
    }
}

/// What a limited client has left, for its answer's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests per 60 seconds.
    pub limit: u32,
    /// Requests that would be admitted now.
    pub remaining: u32,
    /// Whole seconds, rounded up, until `remaining` grows; 0 while nothing is counted, 60 for a limit of 0.
    pub reset_seconds: u32,
}

/// A refusal by the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// What is left, which is nothing.
    pub quota: Quota,
    /// Whole seconds, at least 1, after which a request would be admitted if none came between.
    pub retry_after: u32,
}

/// The part of a limit that one of several servers keeps to where none of them knows what the others admit. A limit that
/// is not 0 lets something in everywhere, so all parts together are the limit, or one for each server if that is more.
pub(crate) fn share(limit: u64, servers: NonZeroU32) -> u64 {
    (limit / u64::from(servers.get())).max(limit.min(1))
}

/// The requests of one client in the last 60 seconds.
#[derive(Default)]
pub(crate) struct Window {
    grain: Grain,
    runs: Runs,
    /// The latest tick that anybody has asked at: an earlier one is taken for this one.
    latest: u64,
}

impl Window {
    pub(crate) fn new(grain: Grain) -> Self {
        Self { grain, ..Self::default() }
    }

    /// Goes on to `uptime`, and returns the tick in which a request of this moment is to be recorded.
    ///
    /// An `uptime` a little before an earlier call's (two threads read their clocks, then raced here) counts as that
    /// call's, even if that call recorded nothing: what it has dropped would still count for the slower thread, so
    /// admitting a request at its own, earlier moment could put one too many into 60 s.
    pub(crate) fn turn(&mut self, uptime: Duration) -> u64 {
        let tick = self.tick(uptime).max(self.latest);
        self.latest = tick;
        self.runs.forget_before(tick.saturating_sub(self.grain.span()));
        tick
    }

    /// Whether there is no room for a request at `uptime`, after [`Window::turn`].
    pub(crate) fn over(&self, limit: u32, uptime: Duration) -> Option<OverLimit> {
        (self.runs.total() >= limit).then(|| {
            let quota = self.quota(limit, uptime);
            OverLimit { quota, retry_after: quota.reset_seconds }
        })
    }

    /// Records a request in the tick that [`Window::turn`] has returned.
    pub(crate) fn record(&mut self, tick: u64) {
        self.runs.add(tick, 1);
    }

    /// Whether nobody has asked for two windows' time. After one, nothing is counted any more; the second is for a
    /// thread that is slow to come here with the time it has read, and would find a new window without `latest`.
    pub(crate) fn is_idle(&self, uptime: Duration) -> bool {
        self.latest + 2 * self.grain.span() < self.tick(uptime)
    }

    /// Changes the length of a tick and keeps what is counted. Where a coarse tick becomes a fine one, its requests
    /// are taken to have come at its end: held longer by up to 100 ms, never shorter.
    pub(crate) fn set_grain(&mut self, grain: Grain) {
        if grain == self.grain {
            return;
        }
        let (from, to) = (self.grain.millis(), grain.millis());
        let (mut runs, mut newest) = (Runs::default(), 0);
        for (tick, count) in self.runs.iter() {
            newest = (tick * from + from - 1) / to;
            runs.add(newest, count);
        }
        // A coarse tick's start, not its end: nothing says that anybody has asked after that.
        self.latest = (self.latest * from / to).max(newest);
        (self.grain, self.runs) = (grain, runs);
    }

    fn tick(&self, uptime: Duration) -> u64 {
        millis(uptime) / self.grain.millis()
    }

    /// What is left at `uptime`, after [`Window::turn`].
    pub(crate) fn quota(&self, limit: u32, uptime: Duration) -> Quota {
        Quota {
            limit,
            remaining: limit.saturating_sub(self.runs.total()),
            reset_seconds: self.reset(limit, uptime),
        }
    }

    /// Whole seconds until `limit` has room for one request more than now, which is when enough of the oldest runs
    /// are gone. A limit of 0 never has room; its client is told to ask again in a window's time.
    fn reset(&self, limit: u32, uptime: Duration) -> u32 {
        if limit == 0 {
            return WINDOW_SECONDS;
        }
        let mut left = self.runs.total();
        for (tick, count) in self.runs.iter() {
            left = left.saturating_sub(count);
            if left < limit {
                return self.seconds_until_gone(tick, uptime);
            }
        }
        0
    }

    /// Whole seconds, rounded up, until a run no longer counts.
    fn seconds_until_gone(&self, tick: u64, uptime: Duration) -> u32 {
        let gone_at = (tick + self.grain.span() + 1) * self.grain.millis();
        let seconds = gone_at.saturating_sub(millis(uptime)).div_ceil(1_000);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// Whole milliseconds, short of what would overflow when a window is added: 290 million years are long enough.
fn millis(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}
