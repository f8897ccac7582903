//! The refresh: source to rows to records to the gate. Requests never wait for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Problem, Table};
use tracing::{debug, error, info, warn};

use super::Journal;
use super::audit::Event;
use super::back_off::back_off;
use super::early::{Cause, Pace};
use super::freshness::{Freshness, InUse};
use super::keeper::Books;
use super::orders::{Order, Orders};
use super::roll::Roll;
use super::standing::{Held, Standing};
use super::state::{State, Step};
use super::store::Store;
use crate::clock::Clock;
use crate::keys::{KeySource, SourceError};

/// How many problems of one reading are logged line by line.
const MOST_PROBLEMS: usize = 50;

/// How many lost keys the line about a held refresh names.
const MOST_LOST: usize = 5;

/// Keeps a gate's directory as its source has it.
pub(crate) struct Refresher<S> {
    pub(crate) source: S,
    pub(crate) gate: Arc<Gate>,
    pub(crate) freshness: Arc<Freshness>,
    /// Which keys are in use, and why those.
    pub(crate) state: State,
    pub(crate) store: Store,
    pub(crate) orders: Orders,
    /// What was used before this process.
    pub(crate) books: Books,
    /// Whether the gate has been told that.
    pub(crate) is_resumed: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache_duration: Duration,
    pub(crate) max_stale: Duration,
    pub(crate) default_limit: Option<u32>,
    /// The problems that were last reported, so that they are logged when they change and not with each refresh.
    pub(crate) reported: Vec<String>,
    /// The digest of what a person has accepted, until the source has been read.
    pub(crate) accepted: Option<String>,
    /// What each read does, for whoever asks.
    pub(crate) journal: Journal,
}

impl<S: KeySource> Refresher<S> {
    /// Runs for as long as the server does.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        if let Some(order) = self.orders.look().await {
            self.obey(order).await;
        }
        let (mut failures, mut cause) = (0, Cause::Start);
        loop {
            let started = self.clock.now();
            self.journal.begin(cause);
            let result = match self.read().await {
                Ok(table) => {
                    self.refresh(table, started.unix).await;
                    Ok(())
                }
                Err(error) => Err(error),
            };
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
                    now + back_off(failures, self.cache_duration).max(asked)
                }
            };
            self.freshness.update(|report| report.next_attempt = due);
            self.journal.early().spent(self.source.requests(), self.clock.now().uptime);
            self.journal.end(result.as_ref().copied(), self.gate.keys(), self.reported.len());
            let pace = Pace { started: started.uptime, not_before, well: failures == 0 };
            cause = self.wait(due, pace).await;
        }
    }

    /// Reads the source, once more after each order: one that is slow to answer keeps nobody from going back to keys that
    /// work.
    async fn read(&mut self) -> Result<Table, SourceError> {
        loop {
            let order = tokio::select! {
                table = self.source.read(self.default_limit) => return table,
                order = self.orders.given() => order,
            };
            self.obey(order).await;
        }
    }

    /// Puts what the source has in the gate. The rows are as old as the moment at which their reading began, in Unix
    /// seconds.
    async fn refresh(&mut self, table: Table, read_at: i64) {
        self.report_problems(&table.problems);
        debug!(keys = table.records.len(), problems = table.problems.len(), "keys read");
        let accepted = self.accepted.take();
        let now = self.clock.now().unix;
        let before = self.state.standing.clone();
        let roll = Roll::of(table.records).in_zone(table.time_zone);
        let step = self.state.take(roll, accepted.as_deref(), now);
        self.use_keys(read_at).await;
        if step.changed {
            self.journal.changed();
        }
        self.say(&before, &step, accepted.is_some());
        if accepted.is_some() {
            self.orders.done();
        }
        self.freshness.update(|report| {
            report.connected = true;
            report.last_error = None;
        });
        self.store.keep(&self.state, step, read_at, now);
    }

    /// Puts the keys in the gate that are in use now, after the source was last read at this Unix second. A refresh that
    /// is held is a good read: the keys from before must not grow too old while a person looks at the sheet (P20).
    async fn use_keys(&mut self, read_at: i64) {
        let Some(roll) = self.state.in_use.clone() else { return };
        let (records, usable_until) = (roll.records(), self.usable_until(read_at));
        self.gate.set_time_zone(roll.time_zone(), self.clock.now());
        self.resume().await;
        self.gate.replace(records, usable_until);
        self.freshness.update(|report| {
            report.last_read = Some(read_at);
            report.in_use = match &self.state.standing {
                Standing::AsRead => InUse::Source,
                Standing::Held(_) => InUse::BeforeHeld,
                Standing::RolledBack(_) => InUse::RolledBack,
            };
        });
    }

    /// Tells the gate, before it lets anybody through, what clients have used of their quotas.
    async fn resume(&mut self) {
        let Some(periods) = self.gate.periods(self.clock.now()).filter(|_| !self.is_resumed) else { return };
        self.is_resumed = true;
        match self.books.spent(periods).await {
            Ok(spent) => self.gate.resume(spent),
            Err(error) => {
                warn!("quotas of the day and month begin empty, since what was used cannot be read: {error}");
            }
        }
    }

    /// Starts from the last good snapshot on disk, if it is of this source: its age counts on.
    async fn restore(&mut self) {
        let (snapshot, standing) = self.store.restore().await;
        let Some((read_at, roll)) = snapshot else { return };
        info!(
            keys = roll.records().len(),
            read_at, "starting with the keys of an earlier run until the source is read"
        );
        if let Standing::RolledBack(back) = &standing {
            warn!("the rollback to entry {} is in force, until the source changes", back.to);
        }
        self.state.in_use = Some(Arc::new(roll));
        self.state.standing = standing;
        self.use_keys(read_at).await;
    }

    /// Does what a person asks for, and says whether that takes a read: what is accepted is checked against the next one
    /// that is good.
    async fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Accept(digest) => {
                self.accepted = Some(digest);
                true
            }
            Order::RollBack(to) => {
                match self.store.directory(to).await {
                    Ok(directory) => self.roll_back(to, directory.roll, directory.read_at).await,
                    Err(error) => error!("the directory of entry {to} cannot be brought back: {error}"),
                }
                self.orders.done();
                false
            }
        }
    }

    async fn roll_back(&mut self, to: u64, roll: Roll, of: i64) {
        let now = self.clock.now().unix;
        let step = self.state.roll_back(to, roll, now);
        // Without any read so far, the keys are as old as they were then.
        let read_at = self.freshness.report().last_read.unwrap_or(of);
        self.use_keys(read_at).await;
        warn!(keys = self.gate.keys(), "ROLLED BACK to the keys of entry {to}, until the source changes");
        self.store.keep(&self.state, step, read_at, now);
    }

    /// Says what a good read has come to.
    fn say(&self, before: &Standing, step: &Step, was_accepted: bool) {
        let accepted = step.event == Some(Event::Accepted);
        if let (Some(held), false) = (&step.held, accepted) {
            say_held(held);
        }
        match (before, &self.state.standing) {
            (_, Standing::AsRead) if accepted => {
                warn!(keys = self.gate.keys(), "the held refresh is in use: it was accepted");
            }
            (Standing::Held(_), Standing::AsRead) => {
                info!(keys = self.gate.keys(), "the source is repaired: nothing is held any more");
            }
            (Standing::RolledBack(back), standing) if !matches!(standing, Standing::RolledBack(_)) => {
                warn!("the source has changed: the rollback to entry {} is over", back.to);
            }
            (_, Standing::RolledBack(back)) => debug!("the rollback to entry {} is still in force", back.to),
            _ => {}
        }
        if was_accepted && !accepted {
            warn!("what was accepted is not what the source says now; nothing has been let pass for it");
        }
        if !self.freshness.report().connected {
            info!(keys = self.gate.keys(), "keys are up to date");
        }
    }

    /// Waits until the next read is due: the cache has expired, the source has changed, or somebody has asked for one.
    /// Says which. Obeys meanwhile. `due` is the clock's uptime.
    async fn wait(&mut self, due: Duration, pace: Pace) -> Cause {
        loop {
            let clock = &self.clock;
            let cause = tokio::select! {
                () = clock.sleep(due.saturating_sub(clock.now().uptime)) => Cause::Poll,
                () = self.source.changed() => Cause::File,
                cause = self.journal.early().due(&**clock, pace) => cause,
                order = self.orders.given() => {
                    if !self.obey(order).await {
                        continue;
                    }
                    Cause::Refresh
                }
            };
            debug!("reading the keys: {cause:?}");
            return cause;
        }
    }

    fn usable_until(&self, read_at: i64) -> i64 {
        read_at.saturating_add(i64::try_from(self.max_stale.as_secs()).unwrap_or(i64::MAX))
    }

    fn note_failure(&self, error: &SourceError) {
        self.freshness.update(|report| {
            report.connected = false;
            report.last_error = Some(error.public.clone());
        });
        let now = self.clock.now();
        let consequence = match self.freshness.report().age(now.unix) {
            Some(age) if self.gate.decides(now) => format!("the last good ones, {age} s old, stay in use"),
            Some(age) => format!("the last good ones, {age} s old, are too old: protected paths answer 503"),
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

/// The loudest line there is, at each held refresh.
fn say_held(held: &Held) {
    let shown: Vec<String> = held
        .keys
        .iter()
        .take(MOST_LOST)
        .map(|key| format!("{} (row {})", key.fingerprint, key.row))
        .collect();
    let more = if held.lost() > shown.len() { " and more" } else { "" };
    error!(
        "REFRESH HELD: {held}, which looks like an accident; the keys from before stay in use. Repair the source, or \
         confirm with `convergence keys accept`. Lost: {}{more}",
        shown.join(", ")
    );
}
