//! Step 5, beside the window: quotas of a day and of a month. They are of the calendar, and begin anew all at once.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::calendar::{Calendar, Period, Periods, Span};
use crate::limit::{self, Quota};

/// How far behind the latest request of a client another may be and still count as made in the same moment, in seconds:
/// two threads read the clock and then take turns at the lock. Further behind, the clock was set back.
const STRAGGLING: i64 = 60;

/// What a row says of limits beside its requests per minute. Most rows say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FurtherLimits {
    /// Requests per day of the calendar; 0 is none.
    pub day: Option<u64>,
    /// Requests per month of the calendar; 0 is none.
    pub month: Option<u64>,
    /// Requests per 60 seconds of a limit that is only tried out: it refuses nothing.
    pub shadow: Option<u32>,
    /// Sound made per day of the calendar; none at all if it is zero. Nothing here counts sound: it is for whoever makes it.
    pub audio_day: Option<Duration>,
}

impl FurtherLimits {
    /// As a record has them; `None` where they limit nothing.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    /// The lower of each.
    pub fn strictest(a: Option<&Self>, b: Option<&Self>) -> Option<Box<Self>> {
        let (a, b) = (a.copied().unwrap_or_default(), b.copied().unwrap_or_default());
        Self {
            day: lower(a.day, b.day),
            month: lower(a.month, b.month),
            shadow: lower(a.shadow, b.shadow),
            audio_day: lower(a.audio_day, b.audio_day),
        }
        .boxed()
    }

    /// Whether there is a quota of the day or of the month.
    pub fn has_quotas(&self) -> bool {
        self.day.is_some() || self.month.is_some()
    }

    /// The sound of a day in minutes, as the cell has it.
    pub fn audio_minutes_day(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the most that is read is far below 2^53")]
        self.audio_day.map(|length| length.as_millis() as f64 / 60_000.0)
    }

    /// The quota of a period, if there is one.
    fn of(&self, period: Period) -> Option<u64> {
        match period {
            Period::Day => self.day,
            Period::Month => self.month,
        }
    }
}

/// The lower of two limits, where `None` is none.
pub(crate) fn lower<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What is left of a quota of the calendar, for an answer's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarQuota {
    /// Requests per day or month.
    pub limit: u64,
    /// Requests that would be admitted in what is left of it.
    pub remaining: u64,
    /// Whole seconds until it ends.
    pub reset_seconds: NonZeroU32,
    /// How long it is from its beginning to its end, in seconds.
    pub period_seconds: u32,
}

/// What is left of each of a key's limits; `None` where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Of any 60 seconds.
    pub minute: Option<Quota>,
    /// Of the present day.
    pub day: Option<CalendarQuota>,
    /// Of the present month.
    pub month: Option<CalendarQuota>,
}

impl Quotas {
    /// Whether the key has no limit at all.
    pub fn is_empty(&self) -> bool {
        self.minute.is_none() && self.day.is_none() && self.month.is_none()
    }
}

/// What a client has used of a day and a month before this process counted. Moments are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// `client_name` as the sheet has it.
    pub client: String,
    /// When the day began, and how many requests were admitted in it.
    pub day: Option<(i64, u64)>,
    /// The same of the month.
    pub month: Option<(i64, u64)>,
}

/// What several servers together have let through of a client's present day and month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Requests in the day.
    pub day: u64,
    /// Requests in the month.
    pub month: u64,
}

/// What a process knows of a client's day and month when it asks those who count for all servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The moment, in Unix seconds: of the day and the month below.
    pub unix: i64,
    /// In which day and month it lies.
    pub periods: Periods,
    /// The most that it has been told of, or had counted before it was started; without what it has let through by itself
    /// since.
    pub used: Used,
    /// What it let through before the client had a quota, so that nobody was told. This is said once: the next time it is
    /// nothing.
    pub before: Used,
}

/// A quota without room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) period: Period,
    pub(crate) span: Span,
}

/// What one client was admitted in its present day and month.
pub(crate) struct Tally {
    /// The latest Unix second that anybody has asked at: its day and its month are the present ones.
    at: i64,
    day: Count,
    month: Count,
    /// Whether those who count for all servers are told of what is let through: from when the client has a quota.
    is_told: bool,
}

/// Requests in one period.
#[derive(Clone, Copy, Default)]
struct Count {
    /// As far as those know who count for all servers, if any do.
    known: u64,
    /// Let through by this process beside that.
    alone: u64,
}

impl Count {
    /// How many more requests of a quota one of so many servers lets in that cannot ask each other: its part of what was left,
    /// less what it has had of that. Of one server the part is the whole.
    fn room(self, quota: u64, servers: NonZeroU32) -> u64 {
        limit::share(quota.saturating_sub(self.known), servers).saturating_sub(self.alone)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self { at: i64::MIN, day: Count::default(), month: Count::default(), is_told: false }
    }
}

impl Tally {
    /// Goes on to a moment, and forgets what was counted in a day or a month that has ended. `periods` are the moment's.
    ///
    /// A moment a little before the latest (two threads read the clock, then raced here) is taken for that. After a clock
    /// was set back the counts go on, so that nobody has a quota twice; likewise where the zone has changed, in the day
    /// of the new one in which the latest request lies.
    pub(crate) fn turn(&mut self, unix: i64, periods: &Periods) {
        // Whoever has waited for an answer over midnight asked before it: the new day is not yet turned to.
        let unix = unix.min(periods.day.until().saturating_sub(1));
        if (self.at.saturating_sub(STRAGGLING)..self.at).contains(&unix) {
            return;
        }
        if self.at < periods.day.from {
            self.day = Count::default();
        }
        if self.at < periods.month.from {
            self.month = Count::default();
        }
        self.at = unix;
    }

    /// Counts a request that this process lets through, after [`Tally::turn`], by a client who has a quota or not.
    pub(crate) fn record(&mut self, has_quotas: bool) {
        for count in [&mut self.day, &mut self.month] {
            count.alone = count.alone.saturating_add(1);
        }
        self.is_told &= has_quotas;
    }

    /// Takes the word of those who count for all servers, which are told of what was let through here.
    pub(crate) fn learn(&mut self, used: Used, periods: &Periods) {
        let Self { at, day, month, .. } = self;
        for (count, used, span) in [(day, used.day, periods.day), (month, used.month, periods.month)] {
            // Unless it is about a day that has ended since.
            if *at < span.until() {
                *count = Count { known: count.known.max(used), alone: 0 };
            }
        }
    }

    /// What is to be told to those who count for all servers, as far as it is of these periods.
    pub(crate) fn known(&mut self, unix: i64, periods: &Periods) -> Known {
        let of = |count: Count, span: Span| if self.at < span.until() { count } else { Count::default() };
        let (day, month) = (of(self.day, periods.day), of(self.month, periods.month));
        let before = if self.is_told { Used::default() } else { Used { day: day.alone, month: month.alone } };
        self.is_told = true;
        Known {
            unix: unix.min(periods.day.until().saturating_sub(1)),
            periods: *periods,
            used: Used { day: day.known, month: month.known },
            before,
        }
    }

    /// Of the quotas without room, for one of so many servers, the one that has none for longest.
    pub(crate) fn exceeded(
        &self,
        limits: &FurtherLimits,
        periods: &Periods,
        servers: NonZeroU32,
    ) -> Option<Exceeded> {
        // The month does not end before the day.
        [(Period::Month, self.month, periods.month), (Period::Day, self.day, periods.day)]
            .into_iter()
            .find(|(period, count, _)| {
                limits.of(*period).is_some_and(|quota| count.room(quota, servers) == 0)
            })
            .map(|(period, _, span)| Exceeded { period, span })
    }

    /// What is left of the day's quota and of the month's, for one of so many servers.
    pub(crate) fn left(
        &self,
        limits: &FurtherLimits,
        periods: &Periods,
        servers: NonZeroU32,
        unix: i64,
    ) -> [Option<CalendarQuota>; 2] {
        let left = |limit: u64, count: Count, span: Span| CalendarQuota {
            limit,
            remaining: count.room(limit, servers),
            reset_seconds: span.seconds_left(unix),
            period_seconds: span.seconds,
        };
        [
            limits.day.map(|limit| left(limit, self.day, periods.day)),
            limits.month.map(|limit| left(limit, self.month, periods.month)),
        ]
    }

    /// What is known to have been let through in these periods.
    pub(crate) fn used(&self, periods: &Periods) -> Used {
        let of = |count: Count, span: Span| {
            let is_present = (span.from..span.until()).contains(&self.at);
            if is_present { count.known.saturating_add(count.alone) } else { 0 }
        };
        Used { day: of(self.day, periods.day), month: of(self.month, periods.month) }
    }

    /// Adds what was used before this process counted, as far as it was in the same day or month.
    pub(crate) fn add(&mut self, spent: &Spent, calendar: &Calendar) {
        let began = |period: Option<(i64, u64)>| period.map_or(i64::MIN, |(began, _)| began);
        let latest = self.at.max(began(spent.day)).max(began(spent.month));
        let periods = calendar.at(latest);
        self.turn(latest, &periods);
        let present = |period: Option<(i64, u64)>, span: Span| {
            period.filter(|(began, _)| *began >= span.from).map_or(0, |(_, used)| used)
        };
        self.day.known = self.day.known.saturating_add(present(spent.day, periods.day));
        self.month.known = self.month.known.saturating_add(present(spent.month, periods.month));
    }
}
