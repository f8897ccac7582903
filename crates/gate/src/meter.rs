//! Step 5: what a client has used (P23). Counted under the same short lock that the window takes.

/// A day in seconds. Unix time has no leap seconds, so each UTC day begins at a multiple of it.
const DAY: i64 = 86_400;

/// How far behind the latest request of a client another may be and still count as made in the same moment, in seconds:
/// two threads read the clock and then take turns at the lock. Further behind, the clock was set back.
pub(crate) const STRAGGLING: i64 = 60;

/// Totals since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were let through.
    pub admitted: u64,
    /// Requests refused by the limit.
    pub rate_limited: u64,
    /// Admitted requests that were answered with a 5xx.
    pub failed: u64,
    /// The Unix second of the last request of either kind; 0 before the first.
    pub last_used_at: i64,
}

/// What one client has used, and how much of it before its current day. Whoever looks at least once in each UTC day on
/// which the client comes can put every request to its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// `client_name` as the sheet has it.
    pub client: String,
    /// As it was when the day of `total.last_used_at` began; its own `last_used_at` is on the day of use before that.
    pub earlier: Counts,
    /// Everything so far.
    pub total: Counts,
}

/// The counts of one client as they grow.
#[derive(Default)]
pub(crate) struct Meter {
    /// In a box, since most clients have only the present day, and there may be a million.
    earlier: Option<Box<Counts>>,
    pub(crate) total: Counts,
}

impl Meter {
    /// What there was before the present day.
    pub(crate) fn earlier(&self) -> Counts {
        self.earlier.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn admitted(&mut self, unix: i64) {
        self.use_at(unix);
        self.total.admitted += 1;
    }

    pub(crate) fn rate_limited(&mut self, unix: i64) {
        self.use_at(unix);
        self.total.rate_limited += 1;
    }

    /// The failure of a request that was counted before. It has the day of the client's latest request.
    pub(crate) fn failed(&mut self) {
        self.total.failed += 1;
    }

    fn use_at(&mut self, unix: i64) {
        let last = self.total.last_used_at;
        if (last.saturating_sub(STRAGGLING)..last).contains(&unix) {
            return;
        }
        if unix.div_euclid(DAY) != last.div_euclid(DAY) {
            self.earlier = (self.total != Counts::default()).then(|| Box::new(self.total));
        }
        self.total.last_used_at = unix;
    }
}
