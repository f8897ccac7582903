//! Quotas of the day and of the month, as a client meets them; and what a limit that is tried out sees.

use std::num::NonZeroU32;
use std::time::Duration;

use gate::{CalendarQuota, Cause, FurtherLimits, Gate, Now, Period, Quotas, Record, Spent};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::support::{ANYTHING, admitted, ask, cause, gate_of, limited, row};

/// A moment of the wall clock, with the uptime that goes with it.
fn at(moment: &str) -> Now {
    let unix = unix(moment);
    let since = unix - unix_of_2026();
    Now { unix, uptime: std::time::Duration::from_secs(u64::try_from(since).unwrap()) }
}

fn unix(moment: &str) -> i64 {
    moment.parse::<Timestamp>().unwrap().as_second()
}

fn unix_of_2026() -> i64 {
    unix("2026-01-01T00:00:00Z")
}

fn with_quotas(key: &str, client: &str, day: Option<u64>, month: Option<u64>) -> Record {
    Record {
        further_limits: FurtherLimits { day, month, ..FurtherLimits::default() }.boxed(),
        ..row(key, client)
    }
}

fn shadowed(key: &str, client: &str, shadow: u32) -> Record {
    let further_limits = FurtherLimits { shadow: Some(shadow), ..FurtherLimits::default() }.boxed();
    Record { further_limits, ..row(key, client) }
}

/// In this zone, which is asked at this moment.
fn gate_in(zone: &str, now: Now, records: Vec<Record>) -> Gate {
    let gate = gate_of(records);
    gate.set_time_zone(&TimeZone::get(zone).unwrap(), now);
    gate
}

fn quotas(gate: &Gate, key: &str, now: Now) -> Quotas {
    ask(gate, key, now).map_or_else(|refusal| refusal.quotas(), |permit| permit.quotas())
}

fn spent(client: &str, day: Option<(&str, u64)>, month: Option<(&str, u64)>) -> Spent {
    let began = |period: Option<(&str, u64)>| period.map(|(began, used)| (unix(began), used));
    Spent { client: client.to_owned(), day: began(day), month: began(month) }
}

#[test]
fn a_day_ends_at_midnight_in_the_tables_time_zone() {
    let before = at("2026-11-28T22:59:59Z");
    let gate = gate_in("Europe/Paris", before, vec![with_quotas("k", "acme", Some(2), None)]);
    assert_eq!(admitted(&gate, "k", at("2026-11-28T10:00:00Z"), 5), 2);
    let refused = Cause::QuotaExceeded {
        period: Period::Day,
        retry_after: 1,
        resets_at: unix("2026-11-28T23:00:00Z"),
        offset: 3_600,
    };
    assert_eq!(cause(&gate, "k", before), refused);
    assert_eq!(refused.to_string(), "quota of the day used up until 2026-11-28T23:00:00Z");
    assert_eq!(admitted(&gate, "k", at("2026-11-28T23:00:00Z"), 5), 2);
}

#[test]
fn p17_what_is_left_of_a_quota_is_told_with_the_length_of_its_day() {
    let now = at("2026-10-25T10:00:00Z");
    let gate = gate_in("Europe/Paris", now, vec![with_quotas("k", "acme", Some(2), Some(10))]);
    let seconds = |seconds| NonZeroU32::new(seconds).unwrap();
    let left = |remaining, month| Quotas {
        minute: None,
        day: Some(CalendarQuota {
            limit: 2,
            remaining,
            reset_seconds: seconds(13 * 3_600),
            period_seconds: 25 * 3_600,
        }),
        month: Some(CalendarQuota {
            limit: 10,
            remaining: month,
            reset_seconds: seconds((6 * 24 + 13) * 3_600),
            period_seconds: (31 * 24 + 1) * 3_600,
        }),
    };
    assert_eq!(quotas(&gate, "k", now), left(1, 9));
    assert_eq!(quotas(&gate, "k", now), left(0, 8));
    assert_eq!(quotas(&gate, "k", now), left(0, 8), "a refusal takes nothing");
}

#[test]
fn all_limits_are_looked_at_before_any_is_spent_and_the_longest_wait_is_told() {
    let now = at("2026-11-28T23:59:50Z");
    let row = |limit, day, month| {
        vec![Record { limit: Some(limit), ..with_quotas("k", "acme", Some(day), Some(month)) }]
    };
    let gate = gate_in("UTC", now, row(3, 2, 9));
    assert_eq!(admitted(&gate, "k", now, 5), 2);
    assert!(matches!(
        cause(&gate, "k", now),
        Cause::QuotaExceeded { period: Period::Day, retry_after: 10, .. }
    ));
    let left = quotas(&gate, "k", now);
    assert_eq!((left.minute.unwrap().remaining, left.month.unwrap().remaining), (1, 7), "neither was spent");
    // The day ends in 10 s and the minute is full for longer.
    gate.replace(row(2, 2, 9), i64::MAX);
    assert_eq!(cause(&gate, "k", now), Cause::OverLimit { retry_after: 61 });
    gate.replace(row(2, 2, 2), i64::MAX);
    assert!(matches!(cause(&gate, "k", now), Cause::QuotaExceeded { period: Period::Month, .. }));
}

#[test]
fn all_keys_of_a_client_share_the_count_and_each_is_held_to_its_own_quota() {
    let now = at("2026-11-28T10:00:00Z");
    let rows = vec![
        with_quotas("two", "acme", Some(2), None),
        with_quotas("four", "acme", Some(4), None),
        row("free", "acme"),
        with_quotas("none", "idle", Some(0), None),
        with_quotas("other", "other", Some(2), None),
    ];
    let gate = gate_in("UTC", now, rows);
    assert_eq!(admitted(&gate, "free", now, 3), 3);
    assert_eq!((admitted(&gate, "two", now, 3), admitted(&gate, "four", now, 3)), (0, 1));
    assert_eq!((admitted(&gate, "other", now, 3), admitted(&gate, "none", now, 1)), (2, 0));
    assert!(matches!(cause(&gate, "none", now), Cause::QuotaExceeded { retry_after: 50_400, .. }));
}

#[test]
fn p14_a_new_or_changed_quota_applies_to_what_was_used_before_it() {
    let now = at("2026-11-28T10:00:00Z");
    let gate = gate_in("UTC", now, vec![row("k", "acme")]);
    assert_eq!(admitted(&gate, "k", now, 5), 5);
    let change = |day| gate.replace(vec![with_quotas("k", "acme", Some(day), None)], i64::MAX);
    change(4);
    assert_eq!(admitted(&gate, "k", now, 5), 0);
    change(7);
    assert_eq!(admitted(&gate, "k", now, 5), 2);
    (0..3).for_each(|_| gate.replace(vec![], i64::MAX));
    gate.sweep(at("2026-11-28T12:00:00Z"));
    change(7);
    assert_eq!(admitted(&gate, "k", at("2026-11-28T12:00:00Z"), 5), 0, "gone and come back");
}

#[test]
fn what_was_used_before_a_restart_counts_as_far_as_its_day_and_month_last() {
    let now = at("2026-11-28T10:00:00Z");
    let rows =
        || vec![with_quotas("k", "acme", Some(10), Some(100)), with_quotas("l", "late", Some(10), None)];
    let gate = Gate::shut();
    gate.resume([
        spent("acme", Some(("2026-11-28T00:00:00Z", 7)), Some(("2026-11-01T00:00:00Z", 97))),
        spent("late", Some(("2026-11-27T00:00:00Z", 10)), Some(("2026-11-01T00:00:00Z", 10))),
    ]);
    gate.set_time_zone(&TimeZone::UTC, now);
    gate.replace(rows(), i64::MAX);
    let left = quotas(&gate, "k", now);
    assert_eq!((left.day.unwrap().remaining, left.month.unwrap().remaining), (2, 2));
    assert_eq!(admitted(&gate, "l", now, 20), 10, "yesterday is over");
    let used = |client: &str, now| gate.used(now).get(client).map(|used| (used.day, used.month));
    assert_eq!((used("acme", now), used("late", now)), (Some((8, 98)), Some((10, 20))));
    assert_eq!((used("nobody", now), used("acme", at("2026-11-29T00:00:00Z"))), (None, Some((0, 98))));
    assert_eq!(used("acme", at("2026-12-01T00:00:00Z")), None);
    // At any later time it adds, and waits for clients who have no row yet.
    gate.resume([
        spent("acme", Some(("2026-11-28T00:00:00Z", 1)), None),
        spent("later", Some(("2026-11-28T00:00:00Z", 8)), None),
        spent("later", Some(("2026-11-28T00:00:00Z", 1)), None),
    ]);
    assert_eq!(admitted(&gate, "k", now, 20), 1);
    let with_later = [rows(), vec![with_quotas("m", "later", Some(10), None)]].concat();
    gate.replace(with_later, i64::MAX);
    assert_eq!(admitted(&gate, "m", now, 20), 1);
    let tomorrow = at("2026-11-29T00:00:00Z");
    assert_eq!((admitted(&gate, "m", tomorrow, 20), admitted(&gate, "k", tomorrow, 20)), (10, 1));
    assert_eq!(admitted(&gate, "k", at("2026-12-01T00:00:00Z"), 20), 10);
}

#[test]
fn the_present_day_and_month_are_told_once_the_time_zone_is_known() {
    let now = at("2026-11-28T23:30:00Z");
    let gate = gate_of(vec![]);
    gate.sweep(now);
    assert_eq!(gate.periods(now), None);
    gate.set_time_zone(&TimeZone::get("Europe/Paris").unwrap(), now);
    let began = |now| gate.periods(now).map(|periods| (periods.day.from, periods.month.from));
    assert_eq!(began(now), Some((unix("2026-11-28T23:00:00Z"), unix("2026-10-31T23:00:00Z"))));
    let later = at("2026-11-30T23:00:00Z");
    assert_eq!(began(later), Some((later.unix, later.unix)));
}

#[test]
fn in_a_new_time_zone_the_counts_go_on() {
    let rows = || vec![with_quotas("k", "acme", Some(5), None)];
    let now = at("2026-11-28T22:00:00Z");
    let gate = gate_in("UTC", now, rows());
    assert_eq!(admitted(&gate, "k", now, 3), 3);
    // There it is already tomorrow: the day in which the latest request lies is that of the change.
    gate.set_time_zone(&TimeZone::get("Asia/Tokyo").unwrap(), now);
    assert_eq!(admitted(&gate, "k", now, 9), 2);
    assert!(matches!(cause(&gate, "k", now), Cause::QuotaExceeded { retry_after: 61_200, .. }));
    assert_eq!(admitted(&gate, "k", at("2026-11-29T00:00:00Z"), 9), 0, "no longer a midnight");
    assert_eq!(admitted(&gate, "k", at("2026-11-29T15:00:00Z"), 9), 5);
}

#[test]
fn a_clock_that_was_wrong_gives_no_quota_twice_and_locks_nobody_out() {
    let gate = gate_in("UTC", at("2026-11-28T10:00:00Z"), vec![with_quotas("k", "acme", Some(5), Some(100))]);
    // Of two threads at midnight the later one comes first.
    assert_eq!(admitted(&gate, "k", at("2026-11-29T00:00:00Z"), 2), 2);
    assert_eq!(admitted(&gate, "k", at("2026-11-28T23:59:59Z"), 2), 2);
    assert_eq!(admitted(&gate, "k", at("2026-11-29T00:00:01Z"), 2), 1);
    // Set back by a day, the count goes on; and the next day begins when the clock says so.
    assert_eq!(admitted(&gate, "k", at("2026-11-28T10:00:00Z"), 2), 0);
    assert_eq!(admitted(&gate, "k", at("2026-11-29T10:00:00Z"), 9), 5);
    // Wrong by years, and set right again.
    assert_eq!(admitted(&gate, "k", at("2031-05-01T10:00:00Z"), 9), 5);
    assert_eq!(admitted(&gate, "k", at("2026-11-29T11:00:00Z"), 9), 0);
    assert_eq!(admitted(&gate, "k", at("2026-11-30T00:00:00Z"), 9), 5);
}

#[test]
fn a_word_from_elsewhere_that_says_nothing_of_quotas_overrules_none() {
    let now = at("2026-11-28T10:00:00Z");
    let gate =
        gate_in("UTC", now, vec![Record { limit: Some(9), ..with_quotas("k", "acme", Some(1), None) }]);
    let candidate = || gate.look_up([b"Bearer k".as_slice()], &ANYTHING, now).unwrap();
    assert_eq!(candidate().further_limits().day, Some(1));
    let elsewhere = gate::Quota { limit: 9, remaining: 4, reset_seconds: 7 };
    let verdict = gate::Verdict { is_admitted: true, minute: Some(Ok(elsewhere)), used: None };
    let permit = candidate().settle(verdict, now).unwrap();
    assert_eq!((permit.quotas().minute, permit.quotas().day.unwrap().remaining), (Some(elsewhere), 0));
    let refusal = candidate().settle(verdict, now).unwrap_err();
    assert!(matches!(refusal.cause(), Cause::QuotaExceeded { .. }));
    assert_eq!(refusal.quotas().minute, Some(elsewhere));
}

#[test]
fn a_permit_says_how_much_sound_its_key_may_have_made_and_nothing_here_is_held_to_it() {
    let with_sound = |key: &str, seconds: u64, day: Option<u64>| {
        let limits =
            FurtherLimits { day, audio_day: Some(Duration::from_secs(seconds)), ..FurtherLimits::default() };
        Record { further_limits: limits.boxed(), ..row(key, "acme") }
    };
    let gate =
        gate_of(vec![with_sound("none", 0, None), with_sound("some", 90, Some(9)), row("free", "acme")]);
    let audio_day = |key: &str| ask(&gate, key, at("2026-11-28T10:00:00Z")).unwrap().audio_day();
    assert_eq!(audio_day("none"), Some(Duration::ZERO), "a request that makes none is let through");
    assert_eq!(audio_day("some"), Some(Duration::from_secs(90)));
    assert_eq!(audio_day("free"), None);
    // What others have decided is no way around it.
    let now = at("2026-11-28T10:00:00Z");
    let candidate = gate.look_up([b"Bearer some".as_slice()], &ANYTHING, now).unwrap();
    let verdict =
        gate::Verdict { is_admitted: true, minute: None, used: Some(gate::Used { day: 2, month: 2 }) };
    assert_eq!(candidate.settle(verdict, now).unwrap().audio_day(), Some(Duration::from_secs(90)));
}

#[test]
fn a_shadow_limit_says_what_it_would_refuse_and_refuses_nothing() {
    let now = |second| at(&format!("2026-11-28T10:0{}:{:02}Z", second / 60, second % 60));
    let gate = gate_of(vec![shadowed("k", "acme", 2), row("free", "acme"), limited("none", "acme", 0)]);
    let refused = |key: &str, second: u64| ask(&gate, key, now(second)).unwrap().shadow_refused();
    assert_eq!([0, 0, 0, 30].map(|second| refused("k", second)), [false, false, true, true]);
    assert_eq!(gate.take_shadow_refusals(), [("acme".to_owned(), 2)]);
    assert_eq!(gate.take_shadow_refusals(), []);
    // What it would have refused does not fill its window; what other keys send does; what is really refused does not.
    assert_eq!([61, 61].map(|second| refused("k", second)), [false, false]);
    assert!(ask(&gate, "none", now(122)).is_err());
    assert_eq!([122, 122].map(|second| refused("free", second)), [false, false]);
    assert!(refused("k", 122));
    // Without the column there is no window for it any more.
    gate.replace(vec![row("k", "acme")], i64::MAX);
    assert!((0..9).all(|_| !refused("k", 123)));
}
