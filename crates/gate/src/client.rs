//! A client: every key with one `client_name`. Its windows and counts outlive each refresh of the directory.

use std::num::NonZeroU32;

use crate::calendar::{Calendar, Periods};
use crate::limit::{self, Grain, OverLimit, Quota, Window};
use crate::now::Now;
use crate::quota::{Exceeded, FurtherLimits, Known, Quotas, Spent, Tally, Used};
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
    counting: Counting,
    /// `None` until the client's first request: a million clients are to fit in memory, and few of them come.
    account: Option<Box<Account>>,
}

/// How a client's requests are counted, by what its rows say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counting {
    /// How long the ticks of its window are.
    pub(crate) window: Grain,
    /// The same for its shadow limits; `None` where no key of the client has one.
    pub(crate) shadow: Option<Grain>,
    /// Whether a key of the client has a quota. Then all its requests are counted for all servers.
    pub(crate) quotas: bool,
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

/// Whose word it is that a request has room.
#[derive(Clone, Copy)]
pub(crate) enum Judge {
    /// This process's, which is one of so many servers that keep to their part of each limit. A server by itself is one.
    Here(NonZeroU32),
    /// Those who keep the limits for several servers.
    Elsewhere(Verdict),
}

/// What those who keep a client's limits for several servers say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether all of its limits have room, so that it was counted.
    pub is_admitted: bool,
    /// What is left of the key's 60 seconds, or that nothing is; `None` where it has no such limit.
    pub minute: Option<Result<Quota, OverLimit>>,
    /// What was used of the day and the month, with this request; `None` where no quota was asked for, so that this
    /// process's own decide.
    pub used: Option<Used>,
}

/// By this process alone.
pub(crate) const BY_ITSELF: Judge = Judge::Here(NonZeroU32::MIN);

impl Judge {
    /// By how many a limit is divided.
    fn servers(self) -> NonZeroU32 {
        if let Judge::Here(servers) = self { servers } else { NonZeroU32::MIN }
    }

    /// What all servers have used of the quotas, where that was asked for.
    fn used(self) -> Option<Used> {
        if let Judge::Elsewhere(verdict) = self { verdict.used } else { None }
    }

    /// Why the request is refused, if it is; `here` is why it would be by what is known here.
    fn cause(self, here: Option<Cause>) -> Option<Cause> {
        match self {
            Judge::Elsewhere(Verdict { is_admitted: true, used: Some(_), .. }) => None,
            // Without a cause it was refused by a day that has ended while the answer came.
            Judge::Elsewhere(Verdict { is_admitted: false, .. }) => {
                here.or(Some(Cause::OverLimit { retry_after: 1 }))
            }
            _ => here,
        }
    }
}

impl Client {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), desk: Mutex::new(Desk::default()) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Looks at all limits, and records the request in all windows or in none: one step. Where it
    /// was decided elsewhere, that takes the place of what this process has counted, which goes on all the same.
    pub(crate) fn decide(&self, held: &Held, judge: Judge, now: Now) -> Result<Admission, Excess> {
        let mut desk = sync::lock(&self.desk);
        let counting = desk.counting;
        let Account { window, tally, shadow } = &mut **desk.account.get_or_insert_default();
        let window = window.get_or_insert_with(|| Window::new(counting.window));
        let tick = window.turn(now.uptime);
        tally.turn(now.unix, &held.periods);
        if let Some(used) = judge.used() {
            tally.learn(used, &held.periods);
        }
        let servers = judge.servers();
        let over = match judge {
            Judge::Here(_) => held.limit.and_then(|limit| window.over(share(limit, servers), now.uptime)),
            Judge::Elsewhere(verdict) => verdict.minute.and_then(Result::err),
        };
        let exceeded = held.further.and_then(|limits| tally.exceeded(&limits, &held.periods, servers));
        let verdict = if let Some(cause) = judge.cause(longest(over, exceeded, now)) {
            Err(cause)
        } else {
            window.record(tick);
            if judge.used().is_none() {
                tally.record(counting.quotas);
            }
            let limit = held.further.and_then(|limits| limits.shadow);
            Ok(counting.shadow.is_some_and(|grain| Shadow::record(shadow, grain, limit, now.uptime)))
        };
        let minute = match judge {
            Judge::Here(_) => {
                held.limit.map(|limit| Quota { limit, ..window.quota(share(limit, servers), now.uptime) })
            }
            Judge::Elsewhere(verdict) => {
                verdict.minute.map(|minute| minute.unwrap_or_else(|over| over.quota))
            }
        };
        let quotas = held.quotas(minute, tally, servers, now);
        match verdict {
            Ok(shadow_refused) => Ok(Admission { quotas, shadow_refused }),
            Err(cause) => Err(Excess { cause, quotas }),
        }
    }

    /// What is known of the client's quotas, for those who count for all servers; `None` where it has none.
    ///
    /// # Errors
    /// A quota has no room, whatever they say: what was used is never given back.
    pub(crate) fn known(&self, held: &Held, now: Now) -> Result<Option<Known>, Excess> {
        let limits = held.further.unwrap_or_default();
        let exceeded = {
            let mut desk = sync::lock(&self.desk);
            if !limits.has_quotas() && !desk.counting.quotas {
                return Ok(None);
            }
            let tally = &mut desk.account.get_or_insert_default().tally;
            tally.turn(now.unix, &held.periods);
            match tally.exceeded(&limits, &held.periods, NonZeroU32::MIN) {
                None => return Ok(Some(tally.known(now.unix, &held.periods))),
                Some(exceeded) => exceeded,
            }
        };
        Err(Excess { cause: used_up(exceeded, now), quotas: self.quotas(held, now) })
    }

    /// What is left of each limit; changes nothing that counts.
    pub(crate) fn quotas(&self, held: &Held, now: Now) -> Quotas {
        let untouched = |limit| Quota { limit, remaining: limit, reset_seconds: 0 };
        let mut desk = sync::lock(&self.desk);
        let Some(Account { window, tally, .. }) = desk.account.as_deref_mut() else {
            return held.quotas(held.limit.map(untouched), &Tally::default(), NonZeroU32::MIN, now);
        };
        tally.turn(now.unix, &held.periods);
        let minute = held.limit.map(|limit| {
            window.as_mut().map_or(untouched(limit), |window| {
                window.turn(now.uptime);
                window.quota(limit, now.uptime)
            })
        });
        held.quotas(minute, tally, NonZeroU32::MIN, now)
    }

    /// What is known to have been let through of it in these periods.
    pub(crate) fn used(&self, periods: &Periods) -> Used {
        let desk = sync::lock(&self.desk);
        desk.account.as_ref().map_or_else(Used::default, |account| account.tally.used(periods))
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

    pub(crate) fn set_counting(&self, counting: Counting) {
        let mut desk = sync::lock(&self.desk);
        desk.counting = counting;
        let Some(Account { window, shadow, .. }) = desk.account.as_deref_mut() else { return };
        if let Some(window) = window {
            window.set_grain(counting.window);
        }
        if let (Some(shadow), Some(grain)) = (shadow, counting.shadow) {
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
    fn quotas(&self, minute: Option<Quota>, tally: &Tally, servers: NonZeroU32, now: Now) -> Quotas {
        let left = |limits: FurtherLimits| tally.left(&limits, &self.periods, servers, now.unix);
        let [day, month] = self.further.map_or([None, None], left);
        Quotas { minute, day, month }
    }
}

/// The part of a limit of the minute.
fn share(limit: u32, servers: NonZeroU32) -> u32 {
    u32::try_from(limit::share(limit.into(), servers)).unwrap_or(limit)
}

/// The cause of a refusal, if there is one: of the limits without room, the one that has none for longest; of equals the
/// quota, which is the rarer news.
fn longest(over: Option<OverLimit>, exceeded: Option<Exceeded>, now: Now) -> Option<Cause> {
    let minute = over.map(|over| Cause::OverLimit { retry_after: over.retry_after });
    let quota = exceeded.map(|exceeded| used_up(exceeded, now));
    // Of equals, the last.
    minute.into_iter().chain(quota).max_by_key(Cause::retry_after)
}

fn used_up(Exceeded { period, span }: Exceeded, now: Now) -> Cause {
    let retry_after = span.seconds_left(now.unix).get();
    Cause::QuotaExceeded { period, retry_after, resets_at: span.until(), offset: span.offset }
}
