//! A client: every key with one `client_name`. Its windows and counts outlive each refresh of the directory.

use std::num::NonZeroU32;

use crate::calendar::{Calendar, Periods};
use crate::limit::{self, Grain, OverLimit, Quota, Window};
use crate::now::Now;
use crate::quota::{Exceeded, FurtherLimits, Quotas, Spent, Tally};
use crate::refusal::Cause;
use crate::shadow::Shadow;
use crate::sync::{self, Mutex};

pub(crate) struct Client {
    name: Box<str>,
    desk: Mutex<Desk>,
}

/// What changes with each request. One short lock a client: no request waits for another client's.
#[derive(Default)]
struct Desk {
    grains: Grains,
    /// `None` until the client's first request: a million clients are to fit in memory, and few of them come.
    account: Option<Box<Account>>,
}

/// How long the ticks of a client's windows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grains {
    pub(crate) window: Grain,
    /// `None` where no key of the client has a shadow limit.
    pub(crate) shadow: Option<Grain>,
}

/// Of a client that has come: in one place, since each request needs all of it.
#[derive(Default)]
struct Account {
    /// `None` while nothing is counted, which is most of the time.
    window: Option<Window>,
    tally: Tally,
    /// `None` where there is no shadow limit, and while nothing is counted for one.
    shadow: Option<Box<Shadow>>,
}

/// What one request is held to.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    /// Requests per 60 seconds.
    pub(crate) limit: Option<u32>,
    pub(crate) further: Option<FurtherLimits>,
    /// The last Unix second at which its key is valid.
    pub(crate) expires_at: i64,
    /// Of the moment of its key's look-up.
    pub(crate) periods: Periods,
}

/// A request that is let through.
#[derive(Clone, Copy)]
pub(crate) struct Admission {
    pub(crate) quotas: Quotas,
    pub(crate) shadow_refused: bool,
}

/// A request that is refused.
#[derive(Clone, Copy)]
pub(crate) struct Excess {
    pub(crate) cause: Cause,
    pub(crate) quotas: Quotas,
}

/// Whose word it is that a request has room in the 60 seconds.
#[derive(Clone, Copy)]
pub(crate) enum Judge {
    /// The window of this process.
    Window,
    /// That window, for the part of the limit that one of so many servers keeps to.
    Share(NonZeroU32),
    /// A window that several servers share has decided.
    Elsewhere(Result<Option<Quota>, OverLimit>),
}

impl Client {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), desk: Mutex::new(Desk::default()) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Looks at all limits, and records the request in all windows or in none: one step. Where it
    /// was decided elsewhere, that takes the place of this process's own window, which is kept all the same.
    pub(crate) fn decide(&self, held: &Held, judge: Judge, now: Now) -> Result<Admission, Excess> {
        let mut desk = sync::lock(&self.desk);
        let grains = desk.grains;
        let Account { window, tally, shadow } = &mut **desk.account.get_or_insert_default();
        let window = window.get_or_insert_with(|| Window::new(grains.window));
        let tick = window.turn(now.uptime);
        tally.turn(now.unix, &held.periods);
        let part = match judge {
            Judge::Share(servers) => held.limit.map(|limit| limit::share(limit, servers)),
            _ => held.limit,
        };
        let over = match judge {
            Judge::Elsewhere(verdict) => verdict.err(),
            _ => part.and_then(|limit| window.over(limit, now.uptime)),
        };
        let exceeded = held.further.and_then(|limits| tally.exceeded(&limits, &held.periods));
        let verdict = if let Some(cause) = longest(over, exceeded, now) {
            Err(cause)
        } else {
            window.record(tick);
            tally.record();
            let limit = held.further.and_then(|limits| limits.shadow);
            Ok(grains.shadow.is_some_and(|grain| Shadow::record(shadow, grain, limit, now.uptime)))
        };
        let minute = match judge {
            Judge::Elsewhere(Ok(quota)) => quota,
            Judge::Elsewhere(Err(over)) => Some(over.quota),
            _ => {
                let left = part.map(|limit| window.quota(limit, now.uptime));
                left.zip(held.limit).map(|(left, limit)| Quota { limit, ..left })
            }
        };
        let quotas = held.quotas(minute, tally, now);
        match verdict {
            Ok(shadow_refused) => Ok(Admission { quotas, shadow_refused }),
            Err(cause) => Err(Excess { cause, quotas }),
        }
    }

    /// Why a request would be refused whatever the window says, if it would.
    pub(crate) fn quota_without_room(&self, held: &Held, now: Now) -> Option<Excess> {
        let limits = held.further?;
        let exceeded = {
            let mut desk = sync::lock(&self.desk);
            let tally = &mut desk.account.as_deref_mut()?.tally;
            tally.turn(now.unix, &held.periods);
            tally.exceeded(&limits, &held.periods)
        };
        let cause = longest(None, exceeded, now)?;
        Some(Excess { cause, quotas: self.quotas(held, now) })
    }

    /// What is left of each limit; changes nothing that counts.
    pub(crate) fn quotas(&self, held: &Held, now: Now) -> Quotas {
        let untouched = |limit| Quota { limit, remaining: limit, reset_seconds: 0 };
        let mut desk = sync::lock(&self.desk);
        let Some(Account { window, tally, .. }) = desk.account.as_deref_mut() else {
            return held.quotas(held.limit.map(untouched), &Tally::default(), now);
        };
        tally.turn(now.unix, &held.periods);
        let minute = held.limit.map(|limit| {
            window.as_mut().map_or(untouched(limit), |window| {
                window.turn(now.uptime);
                window.quota(limit, now.uptime)
            })
        });
        held.quotas(minute, tally, now)
    }

    /// Adds what was used before this process counted.
    pub(crate) fn resume(&self, spent: &Spent, calendar: &Calendar) {
        sync::lock(&self.desk).account.get_or_insert_default().tally.add(spent, calendar);
    }

    /// How many requests its shadow limit would have refused since this was last asked.
    pub(crate) fn take_shadow_refusals(&self) -> u64 {
        let mut desk = sync::lock(&self.desk);
        let shadow = desk.account.as_mut().and_then(|account| account.shadow.as_mut());
        shadow.map_or(0, |shadow| std::mem::take(&mut shadow.refused))
    }

    pub(crate) fn set_grains(&self, grains: Grains) {
        let mut desk = sync::lock(&self.desk);
        desk.grains = grains;
        let Some(Account { window, shadow, .. }) = desk.account.as_deref_mut() else { return };
        if let Some(window) = window {
            window.set_grain(grains.window);
        }
        if let (Some(shadow), Some(grain)) = (shadow, grains.shadow) {
            shadow.set_grain(grain);
        }
    }

    pub(crate) fn free_idle_windows(&self, now: Now) {
        let mut desk = sync::lock(&self.desk);
        let Some(Account { window, shadow, .. }) = desk.account.as_deref_mut() else { return };
        if window.as_ref().is_some_and(|window| window.is_idle(now.uptime)) {
            *window = None;
        }
        if shadow.as_ref().is_some_and(|shadow| shadow.is_idle(now.uptime)) {
            *shadow = None;
        }
    }

    /// Whether nothing would be lost by forgetting this client.
    pub(crate) fn is_idle(&self) -> bool {
        sync::lock(&self.desk).account.is_none()
    }
}

impl Held {
    fn quotas(&self, minute: Option<Quota>, tally: &Tally, now: Now) -> Quotas {
        let none = [None, None];
        let [day, month] = self.further.map_or(none, |limits| tally.left(&limits, &self.periods, now.unix));
        Quotas { minute, day, month }
    }
}

/// The cause of a refusal, if there is one: of the limits without room, the one that has none for longest; of equals the
/// quota, which is the rarer news.
fn longest(over: Option<OverLimit>, exceeded: Option<Exceeded>, now: Now) -> Option<Cause> {
    let minute = over.map(|over| (over.retry_after, Cause::OverLimit { retry_after: over.retry_after }));
    let Some(Exceeded { period, span }) = exceeded else { return minute.map(|(_, cause)| cause) };
    let retry_after = span.seconds_left(now.unix).get();
    match minute {
        Some((wait, cause)) if wait > retry_after => Some(cause),
        _ => Some(Cause::QuotaExceeded { period, retry_after, resets_at: span.until(), offset: span.offset }),
    }
}
