//! How the keys' source is doing: written by the refresher, read by `/auth/status`, by 503 answers and by the dashboard.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gate::Problem;

use super::roll::Roll;
use super::standing::Standing;

/// Shared between the refresher and the requests. Requests only look.
#[derive(Default)]
pub(crate) struct Freshness {
    report: Mutex<Report>,
    /// Apart from that: whoever looks at it last frees it, which no request should have to.
    view: Mutex<View>,
}

/// What is in use, for people to look at.
#[derive(Clone, Default)]
pub(crate) struct View {
    /// `None` before the first read, and without one.
    pub(crate) roll: Option<Arc<Roll>>,
    pub(crate) standing: Standing,
    /// How many problems the table has.
    pub(crate) problem_count: usize,
    /// What they are; empty where another server has read it.
    pub(crate) problems: Arc<[Problem]>,
    /// Google's number for the tab, where this server has asked for it.
    pub(crate) tab: Option<i64>,
}

/// The last known state of the source.
#[derive(Clone, Default)]
pub(crate) struct Report {
    /// The Unix second of the last good read, perhaps by an earlier process.
    pub(crate) last_read: Option<i64>,
    /// Whether the last attempt of this process succeeded.
    pub(crate) connected: bool,
    /// Why the last attempt failed, in words for everybody; `None` after a success.
    pub(crate) last_error: Option<String>,
    /// When the next attempt is due, by the clock's uptime.
    pub(crate) next_attempt: Duration,
    /// Which keys decide.
    pub(crate) in_use: InUse,
}

impl Report {
    /// The age at this Unix second of the keys that are in use. Whether they are too old is the gate's to say.
    pub(crate) fn age(&self, now: i64) -> Option<i64> {
        self.last_read.map(|read_at| (now - read_at).max(0))
    }
}

/// Which keys decide, where the last read was good.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum InUse {
    /// The source's.
    #[default]
    Source,
    /// Those from before a refresh that is held.
    BeforeHeld,
    /// An earlier directory's, by `keys rollback`.
    RolledBack,
}

impl InUse {
    /// What everybody may know of it: no number, since `/auth/status` is public.
    pub(crate) fn why(self) -> Option<&'static str> {
        match self {
            InUse::Source => None,
            InUse::BeforeHeld => Some(
                "a refresh is held: too many working keys are gone from the source or unreadable in it, and those from \
                 before stay in use; repair the source, or confirm with `convergence keys accept`",
            ),
            InUse::RolledBack => Some(
                "an earlier directory is in use, by `convergence keys rollback`, until the source changes",
            ),
        }
    }
}

impl Freshness {
    /// The state of this moment.
    pub(crate) fn report(&self) -> Report {
        self.lock().clone()
    }

    /// Whole seconds, at least 1, until the next attempt: what a 503 tells its client to wait.
    pub(crate) fn retry_after(&self, uptime: Duration) -> u64 {
        self.lock().next_attempt.saturating_sub(uptime).as_secs() + 1
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(&mut self.lock())
    }

    /// What is in use at this moment.
    pub(crate) fn view(&self) -> View {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn show(&self, view: View) {
        let old = {
            let mut shown = self.view.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shown, view)
        };
        // Freed here, after the lock.
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
