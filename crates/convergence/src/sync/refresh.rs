//! The refresh: source to rows to records to the gate. Requests never wait for it.

mod words;

use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Now, Problem, Table};
use tracing::{debug, error, info, warn};

use super::Journal;
use super::early::Cause;
use super::freshness::{Freshness, InUse, View};
use super::keeper::Books;
use super::orders::{Order, Orders};
use super::pieces::Directory;
use super::roll::Roll;
use super::schedule::Schedule;
use super::share::{News, Share, Wish};
use super::standing::Standing;
use super::state::{State, Step};
use super::store::Store;
use crate::clock::Clock;
use crate::keys::{KeySource, SourceError};

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
    pub(crate) reported: Arc<[Problem]>,
    /// How many problems the table has of what is in use.
    pub(crate) problems: usize,
    /// The digest of what a person has accepted, until the source has been read.
    pub(crate) accepted: Option<String>,
    /// What each read does, for whoever asks.
    pub(crate) journal: Journal,
    /// The other servers, where one of them reads for all.
    pub(crate) share: Option<Share>,
    pub(crate) schedule: Schedule,
}

/// What a read has come to.
enum Reading {
    /// What the source says, and when this server began to read it.
    Own(Table, Now),
    /// What another server has made of it.
    Theirs(Directory),
}

impl<S: KeySource> Refresher<S> {
    /// Runs for as long as the server does.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        if let Some(order) = self.orders.look().await {
            self.obey(order).await;
        }
        let mut cause = Cause::Start;
        loop {
            let started = self.clock.now();
            self.journal.begin(cause);
            let result = match self.read(cause).await {
                Ok(Reading::Own(table, began)) => {
                    self.refresh(table, began).await;
                    self.journal.early().spent(self.source.requests(), self.clock.now().uptime);
                    Ok(())
                }
                Ok(Reading::Theirs(directory)) => {
                    self.adopt(directory).await;
                    Ok(())
                }
                Err(error) => {
                    self.note_failure(&error);
                    self.schedule.failed(self.clock.now().uptime, &error, self.cache_duration);
                    self.journal.early().spent(self.source.requests(), self.clock.now().uptime);
                    Err(error)
                }
            };
            self.schedule.started = started.uptime;
            self.journal.end(result.as_ref().copied(), self.gate.keys(), self.problems);
            cause = self.wait().await;
        }
    }

    /// Reads, once more after each order: a source that is slow to answer keeps nobody from going back to keys that work.
    async fn read(&mut self, cause: Cause) -> Result<Reading, SourceError> {
        loop {
            let wish =
                Wish { cause, changed_at: self.journal.last_change(), in_use: self.state.in_use.as_ref() };
            // What a person has accepted here, nobody else has been told of.
            let is_own = self.accepted.is_some();
            let share = self.share.as_mut();
            let order = tokio::select! {
                reading = read_somewhere(&mut self.source, self.default_limit, share, wish, is_own, &*self.clock) => {
                    return reading;
                }
                order = self.orders.given() => order,
            };
            self.obey(order).await;
        }
    }

    /// Puts what the source has in the gate. The rows are as old as the moment at which their reading began, in Unix
    /// seconds.
    async fn refresh(&mut self, table: Table, began: Now) {
        debug!(keys = table.records.len(), problems = table.problems.len(), "keys read");
        self.problems = table.problems.len();
        self.report_problems(table.problems);
        let accepted = self.accepted.take();
        let now = self.clock.now().unix;
        let before = self.state.standing.clone();
        let roll = Roll::of(table.records).in_zone(table.time_zone);
        let is_unguarded = self.state.in_use.is_none();
        let step = self.state.take(roll, accepted.as_deref(), now);
        self.put_in_use(&before, step, began.unix, accepted.is_some()).await;
        if accepted.is_some() {
            self.orders.done();
        }
        self.schedule.read(began.uptime + self.cache_duration);
        self.share(began.unix, is_unguarded).await;
    }

    /// Puts in the gate what another server has made of the source. What has passed no guard there has to pass this one's, and
    /// then all use what this one makes of it.
    async fn adopt(&mut self, directory: Directory) {
        let Directory { read_at, roll, standing, is_unguarded, problems } = directory;
        // By a clock that is ahead they would stay young.
        let read_at = read_at.min(self.clock.now().unix);
        debug!(keys = roll.records().len(), read_at, "keys are another server's");
        let now = self.clock.now();
        let before = self.state.standing.clone();
        let is_to_be_guarded = is_unguarded && self.state.in_use.is_some();
        let step = if is_to_be_guarded {
            self.state.take(Arc::unwrap_or_clone(roll), None, now.unix)
        } else {
            self.state.adopt(roll, standing)
        };
        self.put_in_use(&before, step, read_at, false).await;
        let age = Duration::from_secs(u64::try_from(now.unix - read_at).unwrap_or_default());
        self.schedule.read(now.uptime + self.cache_duration.saturating_sub(age));
        self.problems = problems;
        self.reported = Arc::default();
        self.show();
        self.journal.adopted(self.gate.keys(), problems);
        if is_to_be_guarded {
            self.begin_to_share();
            self.share(read_at, false).await;
        }
    }

    /// After a good reading that began at this Unix second.
    async fn put_in_use(&mut self, before: &Standing, step: Step, read_at: i64, was_accepted: bool) {
        self.use_keys(read_at).await;
        if step.changed {
            self.journal.changed();
        }
        self.say(before, &step, was_accepted);
        self.freshness.update(|report| {
            report.connected = true;
            report.last_error = None;
        });
        self.store.keep(&self.state, step, read_at, self.clock.now().unix);
    }

    /// What is shared from here on is later than anything before.
    fn begin_to_share(&mut self) {
        if let Some(share) = &mut self.share {
            share.begin(self.clock.now().uptime);
        }
    }

    /// Lets the other servers have what this one has read and uses.
    async fn share(&mut self, read_at: i64, is_unguarded: bool) {
        if let (Some(share), Some(roll)) = (&mut self.share, self.state.in_use.clone()) {
            let (standing, problems) = (self.state.standing.clone(), self.problems);
            share.tell(Directory { read_at, roll, standing, is_unguarded, problems }).await;
        }
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
        self.show();
    }

    /// Lets people look at what is in use.
    fn show(&self) {
        self.freshness.show(View {
            roll: self.state.in_use.clone(),
            standing: self.state.standing.clone(),
            problem_count: self.problems,
            problems: Arc::clone(&self.reported),
            tab: self.source.tab(),
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
        self.begin_to_share();
        self.share(read_at, false).await;
        warn!(keys = self.gate.keys(), "ROLLED BACK to the keys of entry {to}, until the source changes");
        self.store.keep(&self.state, step, read_at, now);
    }

    /// Waits until the next read is due: the cache has expired, the source has changed, or somebody has asked for one.
    /// Says which. Obeys meanwhile, and hears what other servers read.
    async fn wait(&mut self) -> Cause {
        loop {
            let due = match &self.share {
                Some(share) => share.due(self.schedule.expires, self.cache_duration),
                None => self.schedule.expires,
            };
            self.freshness.update(|report| report.next_attempt = due);
            let clock = &self.clock;
            let cause = tokio::select! {
                () = clock.sleep(due.saturating_sub(clock.now().uptime)) => Cause::Poll,
                () = self.source.changed() => Cause::File,
                cause = self.journal.early().due(&**clock, self.schedule.pace()) => cause,
                news = news(self.share.as_mut(), self.state.in_use.as_ref()) => {
                    self.hear(news).await;
                    continue;
                }
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

    async fn hear(&mut self, news: News) {
        match news {
            News::Directory(directory) => self.adopt(directory).await,
            News::Failure(error) => self.note_failure(&error),
            News::Wish(cause, changed_at) => self.journal.early().wished(cause, changed_at),
            News::Turn => {}
        }
    }

    fn usable_until(&self, read_at: i64) -> i64 {
        read_at.saturating_add(i64::try_from(self.max_stale.as_secs()).unwrap_or(i64::MAX))
    }
}

/// Has from another server what that has read, where one reads for this one; else reads the source.
async fn read_somewhere<S: KeySource>(
    source: &mut S,
    default_limit: Option<u32>,
    mut share: Option<&mut Share>,
    wish: Wish<'_>,
    is_own: bool,
    clock: &dyn Clock,
) -> Result<Reading, SourceError> {
    if let Some(share) = share.as_mut().filter(|_| !is_own)
        && let Some(theirs) = share.read(wish).await
    {
        return theirs.map(Reading::Theirs);
    }
    let began = clock.now();
    if let Some(share) = &mut share {
        share.begin(began.uptime);
    }
    let table = source.read(default_limit).await;
    if let (Err(error), Some(share)) = (&table, share) {
        share.tell_failure(error).await;
    }
    table.map(|table| Reading::Own(table, began))
}

/// What the other servers have to say, if there are any.
async fn news(share: Option<&mut Share>, in_use: Option<&Arc<Roll>>) -> News {
    match share {
        Some(share) => share.news(in_use).await,
        None => std::future::pending().await,
    }
}
