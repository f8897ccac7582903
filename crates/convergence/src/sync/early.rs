//! Reads before the cache expires: who asks for one, and when it may begin. Google allows 60 requests a minute, so all
//! who ask share one budget of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::journal::Outcome;
use crate::clock::Clock;

/// An unknown key may bring one read forward in this time (P19).
pub(crate) const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(10);

/// The webhook may bring one read forward in this time; calls in between share the next.
const WEBHOOK_EVERY: Duration = Duration::from_secs(1);

/// The budget: so many requests at once, and one more in each `REQUEST_EVERY`. In no minute are that more than 55; what
/// is left is for the usage. A read is one request, or several where the tab is large; it begins when there is room for
/// one, and what it took besides is waited for afterwards. The reads that nobody asked for count as well.
const REQUESTS_AT_ONCE: u32 = 8;
const REQUEST_EVERY: Duration = Duration::from_millis(1_250);

/// However much was spent, a minute later the quota is as if it were new.
const QUOTA_WINDOW: Duration = Duration::from_mins(1);

/// How many changes that wait for one read are remembered for their lag. Of more, the first ones are the slowest.
const MOST_CHANGES: usize = 256;

/// Why a read begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Somebody has said that the sheet has changed.
    Webhook,
    /// `POST /refresh`.
    Refresh,
    UnknownKey,
    /// The server has started.
    Start,
    /// The cache has expired, or a failed read is tried again.
    Poll,
    /// The keys file has been saved.
    File,
}

/// Shared between the refresher and those who ask.
pub(crate) struct EarlyReads {
    /// Apart from the rest: a flood of unknown keys must cost no lock.
    unknown_key: AtomicBool,
    wanted: Mutex<Wanted>,
    rung: Notify,
    /// The last read that has ended.
    ended: watch::Sender<Option<Outcome>>,
}

#[derive(Default)]
struct Wanted {
    refresh: bool,
    /// When the changes that the webhook told of were made, in Unix milliseconds.
    changes: Vec<i64>,
    /// Reads begun so far.
    begun: u64,
    /// The uptime at which a budget without a burst would have its next request (the generic cell rate algorithm).
    budget: Duration,
}

impl Wanted {
    fn spend(&mut self, requests: u32, uptime: Duration) {
        let spent = REQUEST_EVERY.saturating_mul(requests);
        self.budget = self.budget.max(uptime).saturating_add(spent).min(uptime + QUOTA_WINDOW);
    }
}

/// What the refresher knows when it waits. Times are the clock's uptimes.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// When the last read began.
    pub(crate) started: Duration,
    /// Until when the source asked to be left alone.
    pub(crate) not_before: Duration,
    /// Whether the last read succeeded. After a failure only a person may hurry the next try.
    pub(crate) well: bool,
}

impl Default for EarlyReads {
    fn default() -> Self {
        Self {
            unknown_key: AtomicBool::default(),
            wanted: Mutex::default(),
            rung: Notify::new(),
            ended: watch::Sender::new(None),
        }
    }
}

impl EarlyReads {
    /// An unknown key was presented: perhaps its row is new. Costs nothing when it was said already.
    pub(crate) fn unknown_key(&self) {
        if !self.unknown_key.load(Ordering::Relaxed) && !self.unknown_key.swap(true, Ordering::AcqRel) {
            self.rung.notify_one();
        }
    }

    /// The sheet was changed, at this Unix millisecond.
    pub(crate) fn changed(&self, changed_at: i64) {
        let mut wanted = self.lock();
        if wanted.changes.len() < MOST_CHANGES {
            wanted.changes.push(changed_at);
        }
        drop(wanted);
        self.rung.notify_one();
    }

    /// Another server wishes for a read, for this cause. Nobody here waits for it.
    pub(super) fn wished(&self, cause: Cause, changed_at: Option<i64>) {
        match (cause, changed_at) {
            (Cause::Webhook, Some(changed_at)) => self.changed(changed_at),
            (Cause::UnknownKey, _) => self.unknown_key(),
            _ => {
                self.lock().refresh = true;
                self.rung.notify_one();
            }
        }
    }

    /// Waits for the end of a read that begins after this call; all who call before it begins share it.
    pub(crate) async fn read_now(&self) -> Outcome {
        let mut ended = self.ended.subscribe();
        let number = {
            let mut wanted = self.lock();
            wanted.refresh = true;
            wanted.begun + 1
        };
        self.rung.notify_one();
        let mine = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(|it| it.number >= number);
        let outcome = ended.wait_for(mine).await.map(|outcome| outcome.clone());
        outcome.ok().flatten().expect("the sender is in self, and only an outcome is waited for")
    }

    /// The last read that has ended, if one has.
    pub(crate) fn last(&self) -> Option<Outcome> {
        self.ended.borrow().clone()
    }

    /// How many requests the budget has room for now, of how many at once.
    pub(crate) fn room(&self, uptime: Duration) -> (u32, u32) {
        let ahead = self.lock().budget.saturating_sub(uptime).as_millis();
        let spent = ahead.div_ceil(REQUEST_EVERY.as_millis());
        let spent = u32::try_from(spent).unwrap_or(u32::MAX);
        (REQUESTS_AT_ONCE.saturating_sub(spent), REQUESTS_AT_ONCE)
    }

    /// A read begins, which answers everybody who has asked. Its number, and the changes it is to show.
    pub(super) fn begin(&self, uptime: Duration) -> (u64, Vec<i64>) {
        self.unknown_key.store(false, Ordering::Release);
        let mut wanted = self.lock();
        wanted.refresh = false;
        wanted.begun += 1;
        wanted.spend(1, uptime);
        (wanted.begun, std::mem::take(&mut wanted.changes))
    }

    /// A read has failed: the changes wait for the next one.
    pub(super) fn still_to_show(&self, mut changes: Vec<i64>) {
        let mut wanted = self.lock();
        changes.append(&mut wanted.changes);
        changes.truncate(MOST_CHANGES);
        wanted.changes = changes;
    }

    /// The read that has begun took so many requests; one of them was counted when it began.
    pub(super) fn spent(&self, requests: u32, uptime: Duration) {
        self.lock().spend(requests.saturating_sub(1), uptime);
    }

    pub(super) fn end(&self, outcome: Outcome) {
        self.ended.send_replace(Some(outcome));
    }

    /// Ends when an early read may begin that somebody has asked for, before this call or during it.
    pub(super) async fn due(&self, clock: &dyn Clock, pace: Pace) -> Cause {
        loop {
            let now = clock.now().uptime;
            match self.next(pace) {
                Some((at, cause)) if at <= now => return cause,
                Some((at, _)) => tokio::select! {
                    () = clock.sleep(at.saturating_sub(now)) => {}
                    () = self.rung.notified() => {}
                },
                None => self.rung.notified().await,
            }
        }
    }

    /// The first early read that is asked for, and when it may begin.
    fn next(&self, pace: Pace) -> Option<(Duration, Cause)> {
        let wanted = self.lock();
        let in_budget = wanted.budget.saturating_sub(REQUEST_EVERY * (REQUESTS_AT_ONCE - 1));
        let after = |pause: Duration| (pace.started + pause).max(in_budget);
        let webhook = pace.well && !wanted.changes.is_empty();
        let unknown_key = pace.well && self.unknown_key.load(Ordering::Acquire);
        [
            wanted.refresh.then(|| (pace.not_before.max(in_budget), Cause::Refresh)),
            webhook.then(|| (after(WEBHOOK_EVERY), Cause::Webhook)),
            unknown_key.then(|| (after(UNKNOWN_KEY_EVERY), Cause::UnknownKey)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Pace = Pace { started: Duration::ZERO, not_before: Duration::ZERO, well: true };

    /// Reads as soon as it may, for `seconds`, while `ask` asks again each time and each read takes so many requests. When
    /// each read began, in seconds.
    fn reads(ask: impl Fn(&EarlyReads), requests: u32, seconds: u64) -> Vec<f64> {
        let early = EarlyReads::default();
        let (mut now, mut begun) = (Duration::from_secs(1_000), Vec::new());
        let end = now + Duration::from_secs(seconds);
        loop {
            ask(&early);
            let pace = Pace { started: if begun.is_empty() { Duration::ZERO } else { now }, ..WELL };
            let (at, _) = early.next(pace).expect("it was asked");
            now = now.max(at);
            if now >= end {
                return begun;
            }
            begun.push(now.as_secs_f64() - 1_000.0);
            early.begin(now);
            early.spent(requests, now);
        }
    }

    /// The most reads in any minute.
    fn busiest_minute(begun: &[f64]) -> usize {
        let within = |start: f64| begun.iter().filter(|at| (start..start + 60.0).contains(*at)).count();
        begun.iter().map(|start| within(*start)).max().unwrap_or_default()
    }

    #[test]
    fn nobody_can_spend_the_minutes_quota() {
        let everybody = |early: &EarlyReads| {
            early.changed(0);
            early.unknown_key();
            early.wanted.lock().expect("no panic").refresh = true;
        };
        assert_eq!(busiest_minute(&reads(everybody, 1, 600)), 55);
        // A tab of 100,000 rows; a read begins where there is room for a seventh of it.
        assert!(busiest_minute(&reads(everybody, 7, 600)) * 7 <= 63);
        let webhook = reads(|early| early.changed(0), 1, 600);
        assert!(busiest_minute(&webhook) <= 55);
        assert!(webhook.windows(2).all(|pair| pair[1] - pair[0] >= 1.0), "{webhook:?}");
        let unknown_keys = reads(EarlyReads::unknown_key, 1, 600);
        assert!(unknown_keys.windows(2).all(|pair| pair[1] - pair[0] >= 10.0), "{unknown_keys:?}");
    }

    #[test]
    fn after_a_failure_only_a_person_may_hurry_and_not_before_the_source_allows_it() {
        let early = EarlyReads::default();
        let ill = Pace { not_before: Duration::from_secs(30), well: false, ..WELL };
        early.changed(0);
        early.unknown_key();
        assert_eq!(early.next(ill), None);
        early.wanted.lock().expect("no panic").refresh = true;
        assert_eq!(early.next(ill), Some((Duration::from_secs(30), Cause::Refresh)));
    }

    #[test]
    fn a_failed_read_keeps_its_changes_for_the_next() {
        let early = EarlyReads::default();
        early.changed(1);
        let (number, changes) = early.begin(Duration::ZERO);
        early.changed(2);
        early.still_to_show(changes);
        assert_eq!((number, early.begin(Duration::ZERO)), (1, (2, vec![1, 2])));
        (0..1_000).for_each(|at| early.changed(at));
        assert_eq!(early.begin(Duration::ZERO).1.len(), MOST_CHANGES);
    }
}
