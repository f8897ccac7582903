//! The speech made for each client. The gate knows requests only.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;

use super::ledger::day_of;

/// Speech that is not in the totals yet. A recording takes seconds to make, so one lock for all is no queue.
#[derive(Default)]
pub(crate) struct Speech(Mutex<BTreeMap<(Date, String), u64>>);

impl Speech {
    /// Counts a recording of this length, finished at this Unix second.
    pub(crate) fn made(&self, client: &str, unix: i64, length: Duration) {
        let milliseconds = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total = waiting.entry((day_of(unix), client.to_owned())).or_default();
        *total = total.saturating_add(milliseconds);
    }

    /// What was made since the last call, in milliseconds by day and client.
    pub(crate) fn take(&self) -> BTreeMap<(Date, String), u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
