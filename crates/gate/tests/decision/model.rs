//! The naive model of a window: every admitted instant, oldest first, none ever forgotten.

#[derive(Default)]
pub(crate) struct Model {
    /// Microseconds of uptime.
    admitted: Vec<u64>,
}

impl Model {
    pub(crate) fn record(&mut self, now: u64) {
        self.admitted.push(now);
    }

    /// The instants that are at most `window` microseconds old.
    pub(crate) fn last(&self, window: u64, now: u64) -> &[u64] {
        &self.admitted[self.admitted.partition_point(|instant| instant + window < now)..]
    }

    /// The same on a clock that shows whole milliseconds.
    pub(crate) fn last_by_millis(&self, window: u64, now: u64) -> &[u64] {
        &self.admitted
            [self.admitted.partition_point(|instant| instant / 1_000 + window / 1_000 < now / 1_000)..]
    }
}
