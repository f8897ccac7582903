//! In which day and month a moment lies, by the wall clocks of the spreadsheet's time zone.
//!
//! A day begins at its first instant: at midnight, or where a clock change skips midnight, right after it. So a day with a
//! clock change has 23 or 25 hours. Where clocks go back over midnight, the day that had begun goes on.

use std::num::NonZeroU32;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A day or a month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From one midnight to the next.
    Day,
    /// From the first midnight of one month to that of the next.
    Month,
}

/// One day or one month. Moments are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first second.
    pub from: i64,
    /// How long it is, in seconds.
    pub seconds: u32,
    /// The wall clocks' offset from UTC at its end, in seconds to the east.
    pub offset: i32,
}

/// The day and the month in which a moment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// The day.
    pub day: Span,
    /// The month.
    pub month: Span,
}

/// A time zone, with today and tomorrow in it, so that a request after midnight finds its day worked out.
#[derive(Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
    today: Periods,
    tomorrow: Periods,
    /// Whether somebody has said that this is the zone.
    is_known: bool,
}

impl Span {
    /// The first second after it.
    pub fn until(&self) -> i64 {
        self.from.saturating_add(self.seconds.into())
    }

    /// How long it lasts from a moment on, in whole seconds; at least one.
    pub(crate) fn seconds_left(&self, unix: i64) -> NonZeroU32 {
        let seconds = self.until().saturating_sub(unix).clamp(1, u32::MAX.into());
        u32::try_from(seconds).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    fn contains(&self, unix: i64) -> bool {
        (self.from..self.until()).contains(&unix)
    }
}

impl Calendar {
    /// That of UTC, as long as nobody has said another.
    pub(crate) fn unknown() -> Self {
        Self { is_known: false, ..Self::new(&TimeZone::UTC, 0) }
    }

    /// With the day of a moment as today.
    pub(crate) fn new(zone: &TimeZone, unix: i64) -> Self {
        let today = Periods::of(zone, unix);
        let tomorrow = Periods::of(zone, today.day.until());
        Self { zone: zone.clone(), today, tomorrow, is_known: true }
    }

    /// The same in which the day of a moment is today.
    pub(crate) fn renewed(&self, unix: i64) -> Self {
        if self.today.day.contains(unix) {
            return self.clone();
        }
        Self { is_known: self.is_known, ..Self::new(&self.zone, unix) }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// The periods of a moment: those at hand as a rule, or else worked out, which takes the time of a few decisions.
    pub(crate) fn at(&self, unix: i64) -> Periods {
        if self.today.day.contains(unix) {
            self.today
        } else if self.tomorrow.day.contains(unix) {
            self.tomorrow
        } else {
            Periods::of(&self.zone, unix)
        }
    }
}

impl Periods {
    fn of(zone: &TimeZone, unix: i64) -> Self {
        let clamped = unix.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let now = Timestamp::from_second(clamped).unwrap_or_default();
        let shown = now.to_zoned(zone.clone()).date();
        // Where clocks have gone back over midnight, they show the day before that has ended.
        let next = shown.tomorrow().ok();
        let today = next.filter(|next| start(*next, zone).is_some_and(|start| start.timestamp() <= now));
        let today = today.unwrap_or(shown);
        Self {
            day: span(today, today.tomorrow().ok(), zone),
            month: span(today.first_of_month(), today.last_of_month().tomorrow().ok(), zone),
        }
    }
}

/// From the start of one date to that of another; at the end of the calendar, for ever.
fn span(first: Date, next: Option<Date>, zone: &TimeZone) -> Span {
    let second = |start: &Zoned| start.timestamp().as_second();
    let (from, end) = (start(first, zone), next.and_then(|next| start(next, zone)));
    let (since, until) = (from.as_ref().map_or(i64::MIN, second), end.as_ref().map_or(i64::MAX, second));
    Span {
        from: since,
        seconds: u32::try_from(until.saturating_sub(since)).unwrap_or(u32::MAX),
        offset: end.map_or(0, |end| end.offset().seconds()),
    }
}

/// The first instant of a date; `None` beyond the calendar's reach.
fn start(date: Date, zone: &TimeZone) -> Option<Zoned> {
    date.to_zoned(zone.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(moment: &str, zone: &str) -> (String, String, u32) {
        let zone = TimeZone::get(zone).expect("a zone");
        let unix = moment.parse::<Timestamp>().expect("a moment").as_second();
        let periods = Periods::of(&zone, unix);
        let local = |unix: i64| {
            let moment = Timestamp::from_second(unix).expect("in the calendar").to_zoned(zone.clone());
            moment.strftime("%F %T %:z").to_string()
        };
        assert!(periods.month.from <= periods.day.from && periods.day.until() <= periods.month.until());
        (local(periods.day.from), local(periods.month.until()), periods.day.seconds / 1_800)
    }

    #[test]
    fn days_and_months_are_those_of_the_wall_clock_with_its_changes() {
        let days = [
            ("2026-11-28T12:00:00Z", "UTC", ("2026-11-28 00:00:00 +00:00", "2026-12-01 00:00:00 +00:00", 48)),
            // Midnight there is the afternoon before here.
            (
                "2026-11-30T12:00:00Z",
                "Pacific/Auckland",
                ("2026-12-01 00:00:00 +13:00", "2027-01-01 00:00:00 +13:00", 48),
            ),
            (
                "2026-03-29T12:00:00Z",
                "Europe/Paris",
                ("2026-03-29 00:00:00 +01:00", "2026-04-01 00:00:00 +02:00", 46),
            ),
            (
                "2026-10-25T12:00:00Z",
                "Europe/Paris",
                ("2026-10-25 00:00:00 +02:00", "2026-11-01 00:00:00 +01:00", 50),
            ),
            // Half an hour.
            (
                "2026-10-04T12:00:00Z",
                "Australia/Lord_Howe",
                ("2026-10-04 00:00:00 +10:30", "2026-11-01 00:00:00 +11:00", 47),
            ),
            // Midnight is skipped.
            (
                "2026-04-24T12:00:00Z",
                "Africa/Cairo",
                ("2026-04-24 01:00:00 +03:00", "2026-05-01 00:00:00 +03:00", 46),
            ),
            // A day is skipped: that before it ends with it.
            (
                "2011-12-30T09:59:59Z",
                "Pacific/Apia",
                ("2011-12-29 00:00:00 -10:00", "2012-01-01 00:00:00 +14:00", 48),
            ),
            (
                "2011-12-30T10:00:00Z",
                "Pacific/Apia",
                ("2011-12-31 00:00:00 +14:00", "2012-01-01 00:00:00 +14:00", 48),
            ),
        ];
        for (moment, zone, (from, until, half_hours)) in days {
            let expected = (from.to_owned(), until.to_owned(), half_hours);
            assert_eq!(at(moment, zone), expected, "{moment} {zone}");
        }
    }

    #[test]
    fn clocks_that_go_back_over_midnight_bring_no_day_back() {
        // At 00:01 they showed 23:01 again.
        let zone = TimeZone::get("America/St_Johns").expect("a zone");
        let midnight = "2008-11-02T00:00:00-02:30".parse::<Timestamp>().expect("a moment").as_second();
        let days = [-1, 0, 59, 60, 3_660, 7_200].map(|seconds| Periods::of(&zone, midnight + seconds).day);
        assert_eq!(days[0].until(), midnight);
        assert!(days[1..].iter().all(|day| day.from == midnight && day.seconds == 25 * 3_600), "{days:?}");
    }

    #[test]
    fn no_moment_is_out_of_reach() {
        for unix in [i64::MIN, Timestamp::MIN.as_second(), 0, Timestamp::MAX.as_second(), i64::MAX] {
            let periods = Calendar::new(&TimeZone::UTC, unix).at(unix);
            assert!(periods.day.seconds > 0 && periods.month.seconds > 0);
        }
    }
}
