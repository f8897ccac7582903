//! The refresh: source to rows to records to the gate. Requests never wait for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Problem};
use tokio::task::JoinHandle;
use tracing::{debug, error, info, warn};

use super::early::{Cause, Pace};
use super::snapshot::{Snapshot, SnapshotFile};
use super::{Freshness, Journal};
use crate::clock::Clock;
use crate::keys::{KeySource, SourceError};

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
    /// What each read does, for whoever asks.
    pub(crate) journal: Journal,
    /// The snapshot that is being written, if any was.
    pub(crate) saving: Option<JoinHandle<()>>,
}

impl<S: KeySource> Refresher<S> {
    /// Runs for as long as the server does.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        let (mut failures, mut cause) = (0, Cause::Start);
        loop {
            let started = self.clock.now();
            self.journal.begin(cause);
            let result = self.refresh(started.unix).await;
            let mut not_before = started.uptime;
            let due = match &result {
                Ok(()) => {
                    failures = 0;
                    started.uptime + self.cache_duration
                }
                Err(error) => {
                    failures += 1;
                    self.note_failure(error);
                    let (now, asked) = (self.clock.now().uptime, error.retry_after.unwrap_or_default());
                    not_before = now + asked;
                    now + self.back_off(failures).max(asked)
                }
            };
            self.freshness.update(|report| report.next_attempt = due);
            self.journal.end(result.as_ref().copied(), self.gate.keys(), self.reported.len());
            let pace = Pace { started: started.uptime, not_before, well: failures == 0 };
            cause = self.wait(due, pace).await;
        }
    }

    /// Reads the source once and puts what it has in the gate. The rows are as old as the moment at which their reading
    /// began, in Unix seconds.
    async fn refresh(&mut self, read_at: i64) -> Result<(), SourceError> {
        let table = self.source.read(self.default_limit).await?;
        self.report_problems(&table.problems);
        debug!(keys = table.records.len(), problems = table.problems.len(), "keys read");
        let snapshot = self.snapshot.of(read_at, &table.records);
        let usable_until = self.usable_until(read_at);
        let applied = self.journal.apply(&table.records);
        self.gate.replace(table.records, usable_until);
        applied.in_use();
        if !self.freshness.report().connected {
            info!(keys = self.gate.keys(), "keys are up to date");
        }
        self.freshness.update(|report| {
            report.last_read = Some(read_at);
            report.connected = true;
            report.last_error = None;
        });
        self.save(snapshot);
        Ok(())
    }

    /// Saves in the background, one snapshot at a time: a disk that hangs must not keep the next refresh from coming.
    fn save(&mut self, snapshot: Snapshot) {
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            return warn!("the last snapshot is still being written; this one is left out");
        }
        self.saving = Some(tokio::task::spawn_blocking(move || snapshot.save()));
    }

    /// Starts from the last good snapshot on disk, if it is of this source: its age counts on.
    async fn restore(&mut self) {
        let Some((read_at, records)) = self.snapshot.load().await else { return };
        info!(
            keys = records.len(),
            read_at, "starting with the keys of an earlier run until the source is read"
        );
        self.journal.apply(&records).in_use();
        self.gate.replace(records, self.usable_until(read_at));
        self.freshness.update(|report| report.last_read = Some(read_at));
    }

    /// Waits until the next read is due: the cache has expired, the source has changed, or somebody has asked for one.
    /// Says which. `due` is the clock's uptime.
    async fn wait(&mut self, due: Duration, pace: Pace) -> Cause {
        let clock = &self.clock;
        let cause = tokio::select! {
            () = clock.sleep(due.saturating_sub(clock.now().uptime)) => Cause::Poll,
            () = self.source.changed() => Cause::File,
            cause = self.journal.early().due(&**clock, pace) => cause,
        };
        debug!("reading the keys: {cause:?}");
        cause
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
        let consequence = match self.freshness.report().last_read {
            Some(read_at) => {
                let age = self.clock.now().unix - read_at;
                format!("the last good ones, {age} s old, stay in use")
            }
            None => "protected paths answer 503".to_owned(),
        };
        if error.needs_help {
            error!("keys could not be read, {consequence}: {}", error.detail);
        } else {
            warn!("keys could not be read, {consequence}: {}", error.detail);
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
