//! When keys are read again: what has come of the last time.

use std::time::Duration;

use super::back_off::back_off;
use super::early::Pace;
use crate::keys::SourceError;

/// Uptimes of the clock.
#[derive(Default)]
pub(crate) struct Schedule {
    /// When the last read began.
    pub(super) started: Duration,
    /// When what is in use is to be read anew; after a failure, when that is tried again.
    pub(super) expires: Duration,
    /// Until when the source asked to be left alone.
    not_before: Duration,
    /// How often it has failed since it was last read.
    failures: u32,
}

impl Schedule {
    /// It has been read, and is good until `expires`.
    pub(super) fn read(&mut self, expires: Duration) {
        *self = Self { started: self.started, expires, ..Self::default() };
    }

    /// It could not be read.
    pub(super) fn failed(&mut self, now: Duration, error: &SourceError, cache_duration: Duration) {
        self.failures += 1;
        let asked = error.retry_after.unwrap_or_default();
        self.not_before = now + asked;
        self.expires = now + back_off(self.failures, cache_duration).max(asked);
    }

    pub(super) fn pace(&self) -> Pace {
        let Self { started, not_before, failures, .. } = *self;
        Pace { started, not_before: not_before.max(started), well: failures == 0 }
    }
}
