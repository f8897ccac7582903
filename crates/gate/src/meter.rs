//! Step 5: what a client has used (P23). Counted under the same short lock that the window takes.

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

impl Counts {
    pub(crate) fn admitted(&mut self, unix: i64) {
        self.admitted += 1;
        self.last_used_at = unix;
    }

    pub(crate) fn rate_limited(&mut self, unix: i64) {
        self.rate_limited += 1;
        self.last_used_at = unix;
    }

    pub(crate) fn failed(&mut self) {
        self.failed += 1;
    }
}
