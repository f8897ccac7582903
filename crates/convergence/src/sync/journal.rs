//! What each read has done: for `POST /refresh`, for the metrics, and for the lag.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::early::{Cause, EarlyReads};
use super::lag::{self, Lag};
use crate::clock::Clock;
use crate::keys::SourceError;
use crate::metrics::Metrics;

/// How a read has ended.
#[derive(Clone)]
pub(crate) struct Outcome {
    /// Counted from 1.
    pub(crate) number: u64,
    /// The Unix second at which it began.
    pub(crate) began_at: i64,
    pub(crate) took: Duration,
    /// How many keys are in use now, and how many problems their table has.
    pub(crate) keys: usize,
    pub(crate) problems: usize,
    /// Whether it has put other records in use than were there.
    pub(crate) changed: bool,
    /// Why it failed, in words for the operator.
    pub(crate) error: Option<String>,
    /// The lag of the last change so far, by this read or an earlier one.
    pub(crate) lag: Option<Lag>,
}

/// Written by the refresher alone, one read after the other.
pub(crate) struct Journal {
    early: Arc<EarlyReads>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    /// The read that is under way.
    reading: Reading,
    /// The Unix millisecond at which the last good read began.
    last_good: Option<i64>,
    last_lag: Option<Lag>,
}

#[derive(Default)]
struct Reading {
    number: u64,
    cause: Option<Cause>,
    /// When the changes that it is to show were made, as the webhook said. Unix milliseconds.
    changes: Vec<i64>,
    began_at: i64,
    began: Duration,
    changed: bool,
}

impl Journal {
    pub(crate) fn new(early: Arc<EarlyReads>, metrics: Arc<Metrics>, clock: Arc<dyn Clock>) -> Self {
        let reading = Reading::default();
        Self { early, metrics, clock, reading, last_good: None, last_lag: None }
    }

    pub(crate) fn early(&self) -> &EarlyReads {
        &self.early
    }

    /// A read begins.
    pub(crate) fn begin(&mut self, cause: Cause) {
        let began = self.clock.now().uptime;
        let (number, changes) = self.early.begin(began);
        let began_at = self.clock.unix_millis();
        self.reading = Reading { number, cause: Some(cause), changes, began_at, began, changed: false };
    }

    /// When the last change was made that the read under way is to show, as the webhook said. Unix milliseconds.
    pub(crate) fn last_change(&self) -> Option<i64> {
        self.reading.changes.iter().max().copied()
    }

    /// What another server has read is in use. So many `problems` has its table.
    pub(crate) fn adopted(&self, keys: usize, problems: usize) {
        self.metrics.in_use(keys, problems);
    }

    /// What the read under way has changed decides from now on. Not to be told of what a person has ordered: with that, no
    /// change of the source has come to its effect.
    pub(crate) fn changed(&mut self) {
        self.reading.changed = true;
        let now = self.clock.unix_millis();
        let Reading { cause, changes, .. } = &self.reading;
        let Some(cause) = *cause else { return };
        let lags = lag::of(cause, changes, self.last_good, now);
        for lag in &lags {
            self.metrics.lag(*lag);
        }
        if let Some(lag) = lags.into_iter().max_by(|a, b| a.seconds.total_cmp(&b.seconds)) {
            info!("changed keys are in use: {lag}");
            self.last_lag = Some(lag);
        }
    }

    /// The read has ended; `keys` are in use, and their table has so many `problems`.
    pub(crate) fn end(&mut self, result: Result<(), &SourceError>, keys: usize, problems: usize) {
        let Reading { number, changes, began_at, began, changed, .. } = std::mem::take(&mut self.reading);
        match result {
            Ok(()) => self.last_good = Some(began_at),
            Err(_) => self.early.still_to_show(changes),
        }
        let took = self.clock.now().uptime.saturating_sub(began);
        self.metrics.read_ended(result.is_ok(), took, keys, problems);
        self.early.end(Outcome {
            number,
            began_at: began_at.div_euclid(1_000),
            took,
            keys,
            problems,
            changed,
            error: result.err().map(|error| error.detail.clone()),
            lag: self.last_lag,
        });
    }
}
