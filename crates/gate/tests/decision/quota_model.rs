//! Quotas against a naive model, in zones whose clocks change, over histories of requests, refreshes and restarts.

use std::time::Duration;

use gate::{CalendarQuota, Cause, FurtherLimits, Gate, Now, Period, Record, Spent};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::support::{ask, limited, row};

/// Zones with changes of an hour and of half an hour, at midnight, over midnight, of a whole day, and with none.
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Kathmandu",
];
const KEYS: [&str; 3] = ["key-a", "key-b", "key-c"];

/// Of the day and of the month.
type Limits = [(Option<u64>, Option<u64>); KEYS.len()];

#[derive(Clone, Debug)]
enum Event {
    Advance(i64),
    Ask {
        key: usize,
        times: u32,
    },
    Refresh(Limits),
    /// The client's rows are not in the sheet for a while.
    Vanish,
    Sweep,
    /// A revoked key of the same client asks, and one whose minute is full.
    AskInVain,
    /// The server starts anew, with what its ledger has.
    Restart,
}

/// A gate, and beside it every admission there has been.
struct History {
    gate: Gate,
    zone: TimeZone,
    limits: Limits,
    start: i64,
    now: i64,
    /// Unix seconds, and on which day they were.
    admitted: Vec<(i64, Date)>,
}

impl History {
    fn new(zone: &str, start: i64, limits: Limits) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let mut history = Self { gate: Gate::shut(), zone, limits, start, now: start, admitted: Vec::new() };
        history.open();
        history
    }

    fn now(&self) -> Now {
        Now { unix: self.now, uptime: Duration::from_secs(u64::try_from(self.now - self.start).unwrap()) }
    }

    fn open(&mut self) {
        self.gate.set_time_zone(&self.zone, self.now());
        self.refresh();
    }

    fn refresh(&mut self) {
        let keys = KEYS.into_iter().zip(self.limits);
        let of = |(key, (day, month))| {
            let further_limits = FurtherLimits { day, month, ..FurtherLimits::default() }.boxed();
            Record { further_limits, ..row(key, "acme") }
        };
        let revoked = Record { revoked_at: Some(0), ..row("revoked", "acme") };
        let rows = keys.map(of).chain([revoked, limited("none", "acme", 0)]);
        self.gate.replace(rows.collect::<Vec<_>>(), i64::MAX);
    }

    fn happen(&mut self, event: &Event) -> TestCaseResult {
        match *event {
            Event::Advance(seconds) => self.now += seconds,
            Event::Ask { key, times } => return (0..times).try_for_each(|_| self.ask(key)),
            Event::Refresh(limits) => {
                self.limits = limits;
                self.refresh();
            }
            Event::Vanish => {
                (0..3).for_each(|_| self.gate.replace(vec![], i64::MAX));
                self.refresh();
            }
            Event::Sweep => self.gate.sweep(self.now()),
            Event::AskInVain => {
                for key in ["revoked", "none"] {
                    prop_assert!(ask(&self.gate, key, self.now()).is_err());
                }
            }
            Event::Restart => self.restart(),
        }
        Ok(())
    }

    fn restart(&mut self) {
        let periods = self.gate.periods(self.now()).unwrap();
        let since = |from: i64| {
            let count = self.admitted.iter().filter(|(admitted, _)| *admitted >= from).count();
            Some((from, u64::try_from(count).unwrap()))
        };
        let spent =
            Spent { client: "acme".into(), day: since(periods.day.from), month: since(periods.month.from) };
        self.gate = Gate::shut();
        // Before the first keys or after.
        if self.now % 2 == 0 {
            self.gate.resume([spent]);
            self.open();
        } else {
            self.open();
            self.gate.resume([spent]);
        }
    }

    fn ask(&mut self, key: usize) -> TestCaseResult {
        let (day, month) = self.limits[key];
        let used = |period| u64::try_from(self.used(period)).unwrap();
        let (in_day, in_month) = (used(Period::Day), used(Period::Month));
        let has_room = |limit: Option<u64>, used| limit.is_none_or(|limit| used < limit);
        let fits = has_room(day, in_day) && has_room(month, in_month);
        let verdict = ask(&self.gate, KEYS[key], self.now());
        prop_assert_eq!(verdict.is_ok(), fits, "{} of {:?}, {} of {:?}", in_day, day, in_month, month);
        let quotas = match &verdict {
            Ok(permit) => permit.quotas(),
            Err(refusal) => refusal.quotas(),
        };
        let one = u64::from(fits);
        let left = |limit: Option<u64>, used| limit.map(|limit| limit.saturating_sub(used + one));
        let told = |quota: Option<CalendarQuota>| quota.map(|quota| quota.remaining);
        prop_assert_eq!((told(quotas.day), told(quotas.month)), (left(day, in_day), left(month, in_month)));
        if fits {
            self.admitted.push((self.now, self.label(self.now, Period::Day)));
        }
        verdict.err().map_or(Ok(()), |refusal| self.check_wait(refusal.cause(), has_room(month, in_month)))
    }

    /// The wait is that of the longer period without room, and ends in the first second of the next.
    fn check_wait(&self, cause: Cause, month_has_room: bool) -> TestCaseResult {
        let Cause::QuotaExceeded { period, retry_after, resets_at, offset } = cause else {
            return Err(TestCaseError::fail(format!("{cause:?}")));
        };
        prop_assert_eq!(period, if month_has_room { Period::Day } else { Period::Month });
        prop_assert_eq!(resets_at, self.now + i64::from(retry_after));
        prop_assert_eq!(self.label(resets_at - 1, period), self.label(self.now, period));
        prop_assert!(self.label(resets_at, period) > self.label(self.now, period));
        let there = Timestamp::from_second(resets_at).unwrap();
        prop_assert_eq!(offset, self.zone.to_offset(there).seconds());
        Ok(())
    }

    fn used(&self, period: Period) -> usize {
        let now = self.label(self.now, period);
        self.admitted.iter().filter(|(_, day)| of_its(period, *day) == now).count()
    }

    /// The date that wall clocks show; where they have gone back over midnight, the one that they had shown before.
    fn label(&self, unix: i64, period: Period) -> Date {
        let moment = Timestamp::from_second(unix).unwrap();
        let second = SignedDuration::from_secs(1);
        let shown = |moment: Timestamp| self.zone.to_datetime(moment).date();
        let change = self.zone.preceding(moment + second).next();
        let before = change.map(|change| shown(change.timestamp() - second));
        let date = before.into_iter().fold(shown(moment), Date::max);
        of_its(period, date)
    }
}

/// A day as it is, and of a month the first.
fn of_its(period: Period, day: Date) -> Date {
    match period {
        Period::Day => day,
        Period::Month => day.first_of_month(),
    }
}

/// Around turns of the year, of a month, and of clocks.
fn start() -> impl Strategy<Value = i64> {
    let around = [
        "2026-11-28T12:00:00Z",
        "2026-12-31T12:00:00Z",
        "2026-03-28T12:00:00Z",
        "2026-10-24T12:00:00Z",
        "2026-04-04T03:00:00Z",
        "2026-10-29T12:00:00Z",
        "2008-11-02T02:00:00Z",
        "2011-12-29T12:00:00Z",
    ];
    let around = around.map(|moment| moment.parse::<Timestamp>().unwrap().as_second()).to_vec();
    let more = prop_oneof![-100_000..100_000_i64, -4_000..4_000_i64];
    (prop::sample::select(around), more).prop_map(|(around, more)| around + more)
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = || prop::option::weighted(0.7, prop_oneof![3 => 0..5_u64, 1 => 5..40_u64]);
    [(limit(), limit()), (limit(), limit()), (limit(), limit())]
}

fn event() -> impl Strategy<Value = Event> {
    let hours = prop_oneof![0..3_i64, 0..4_000_i64, 3_500..3_700_i64, 20_000..90_000_i64, 0..3_000_000_i64];
    prop_oneof![
        5 => hours.prop_map(Event::Advance),
        8 => (0..KEYS.len(), 1..5_u32).prop_map(|(key, times)| Event::Ask { key, times }),
        1 => limits().prop_map(Event::Refresh),
        1 => Just(Event::Vanish),
        1 => Just(Event::Sweep),
        1 => Just(Event::AskInVain),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn quotas_are_exact_in_any_zone_and_through_refreshes_and_restarts(
        zone in prop::sample::select(ZONES.to_vec()),
        start in start(),
        limits in limits(),
        events in vec(event(), 1..60),
    ) {
        let mut history = History::new(zone, start, limits);
        events.iter().try_for_each(|event| history.happen(event))?;
    }
}
