//! The refresh: source to rows to records to the gate. Requests never wait for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Problem, Rules, Table};
use tracing::{debug, info, warn};

use super::{Freshness, SnapshotFile};
use crate::clock::Clock;
use crate::keys::{KeySource, SourceError};

/// An unknown key may bring one refresh forward in this time (P19).
const EARLY_REFRESH_EVERY: Duration = Duration::from_secs(10);

/// The pauses after failures: doubled each time, from the first to the last.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(64));

/// How many problems of one reading are logged line by line.
const MOST_PROBLEMS: usize = 50;

/// Keeps a gate's directory as its source has it.
pub(crate) struct Refresher<S> {
    pub(crate) source: S,
    pub(crate) gate: Arc<Gate>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) snapshot: SnapshotFile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache_duration: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) default_limit: Option<u32>,
    /// The problems that were last reported, so that they are logged when they change and not with each refresh.
    pub(crate) reported: Vec<String>,
}

impl<S: KeySource> Refresher<S> {
    /// Runs for as long as the server does.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        let mut failures = 0;
        loop {
            let started = self.clock.now().uptime;
            match self.refresh().await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    self.note_failure(&error);
                }
            }
            let due = match failures {
                0 => started + self.cache_duration,
                _ => self.clock.now().uptime + self.back_off(failures),
            };
            self.freshness.update(|report| report.next_attempt = due);
            self.wait(due, started + EARLY_REFRESH_EVERY, failures == 0).await;
        }
    }

    /// Reads the source once and puts what it has in the gate.
    async fn refresh(&mut self) -> Result<(), SourceError> {
        let rows = self.source.read().await?;
        let rules = Rules { time_zone: rows.time_zone, default_limit: self.default_limit };
        let table = Table::read(&rows.grid, &rules).map_err(|fault| {
            let message = format!("the keys table has no usable header: {fault}");
            SourceError { public: message.clone(), detail: message }
        })?;
        drop(rows.grid);
        self.report_problems(&table.problems);
        let now = self.clock.now().unix;
        debug!(keys = table.records.len(), problems = table.problems.len(), "keys read");
        let snapshot = self.snapshot.of(now, &table.records);
        self.gate.replace(table.records, self.usable_until(now));
        let first = !self.freshness.report().connected;
        if first {
            info!(keys = self.gate.keys(), "keys are up to date");
        }
        self.freshness.update(|report| {
            report.last_read = Some(now);
            report.connected = true;
            report.last_error = None;
        });
        snapshot.save().await;
        Ok(())
    }

    /// Starts from the last good snapshot on disk, if it is of this source: its age counts on.
    async fn restore(&mut self) {
        let Some((read_at, records)) = self.snapshot.load().await else { return };
        info!(
            keys = records.len(),
            read_at, "starting with the keys of an earlier run until the source is read"
        );
        self.gate.replace(records, self.usable_until(read_at));
        self.freshness.update(|report| report.last_read = Some(read_at));
    }

    /// Waits until the next read is due: the cache has expired, the source has changed, or (while all is well)
    /// somebody has come with an unknown key and the last read is long enough ago. Times are the clock's uptimes.
    async fn wait(&mut self, due: Duration, early: Duration, well: bool) {
        let (clock, freshness) = (&self.clock, &self.freshness);
        let until = |uptime: Duration| clock.sleep(uptime.saturating_sub(clock.now().uptime));
        let expired = until(due);
        let asked_for = async {
            freshness.nudged().await;
            until(early).await;
        };
        tokio::select! {
            () = expired => debug!("cache expired"),
            () = self.source.changed() => debug!("the keys have changed"),
            () = asked_for, if well => debug!("unknown key: reading the keys early"),
        }
    }

    /// Doubling, with up to a quarter taken off at random so that instances that failed together part ways.
    fn back_off(&self, failures: u32) -> Duration {
        let doubled = BACK_OFF.0 * 2_u32.saturating_pow((failures - 1).min(16));
        let capped = doubled.min(BACK_OFF.1).min(self.cache_duration.max(BACK_OFF.0));
        let mut random = [0_u8];
        // Without randomness there is no jitter, which is no reason to fail.
        let _ = getrandom::fill(&mut random);
        capped.mul_f64(1.0 - f64::from(random[0]) / 255.0 / 4.0)
    }

    fn usable_until(&self, read_at: i64) -> i64 {
        read_at.saturating_add(i64::try_from(self.max_stale.as_secs()).unwrap_or(i64::MAX))
    }

    fn note_failure(&self, error: &SourceError) {
        self.freshness.update(|report| {
            report.connected = false;
            report.last_error = Some(error.public.clone());
        });
        if let Some(read_at) = self.freshness.report().last_read {
            let age_seconds = self.clock.now().unix - read_at;
            warn!(age_seconds, "keys could not be read, the last good ones stay in use: {}", error.detail);
        } else {
            warn!("keys could not be read, protected paths answer 503: {}", error.detail);
        }
    }

    fn report_problems(&mut self, problems: &[Problem]) {
        let now: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let known: HashSet<&String> = self.reported.iter().collect();
        let new: Vec<&String> = now.iter().filter(|problem| !known.contains(problem)).collect();
        new.iter().take(MOST_PROBLEMS).for_each(|problem| warn!("keys table: {problem}"));
        if new.len() > MOST_PROBLEMS {
            warn!("keys table: {} more problems", new.len() - MOST_PROBLEMS);
        }
        if now.is_empty() && !self.reported.is_empty() {
            info!("every row of the keys table can be read again");
        }
        self.reported = now;
    }
}
