//! An `expires_at`, `revoked_at` or `created_at` cell: a moment in Unix seconds.
//!
//! A serial number counts days since 1899-12-30, and its fraction is the time of day on the wall clocks of the
//! spreadsheet's time zone ("Date/time serial numbers" of the Sheets API's page on cell formats; a real recording has
//! 43831 for 2020-01-01). 1900 counts as the ordinary year it was.

use std::ops::Range;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::value::Value;

const UNIX_EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// The serial number of 1970-01-01.
const SERIAL_OF_UNIX_EPOCH: f64 = 25_569.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// Reads a cell that is not empty. The result is always within what [`Timestamp`] can hold.
pub(super) fn read(value: Value<'_>, zone: &TimeZone) -> Option<i64> {
    let moment = match value {
        Value::Number(serial) => at(from_serial(serial)?, zone),
        Value::Text(text) => from_text(text, zone)?,
        Value::Empty | Value::Bool(_) => return None,
    };
    Some(moment.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second()))
}

/// Rounded to whole seconds, since a day's fraction is seldom exact in binary.
fn from_serial(serial: f64) -> Option<DateTime> {
    let seconds = ((serial - SERIAL_OF_UNIX_EPOCH) * SECONDS_PER_DAY).round();
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and the sum is checked")]
    let since = seconds.is_finite().then(|| SignedDuration::from_secs(seconds as i64))?;
    UNIX_EPOCH.checked_add(since).ok()
}

/// `YYYY-MM-DD`, a time after `T` or a space, an offset after that. Parts of a second are dropped.
///
/// Strict, unlike jiff's own parser, which takes `20260102`, a bracketed zone, or an offset that it then ignores.
fn from_text(text: &str, zone: &TimeZone) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = calendar_date(date)?;
    if rest.is_empty() {
        return Some(at(date.to_datetime(Time::midnight()), zone));
    }
    let (time, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let wall = date.to_datetime(clock_time(time)?);
    match without_fraction(rest)? {
        "" => Some(at(wall, zone)),
        offset => Some(since_epoch(wall) - offset_seconds(offset)?),
    }
}

/// The moment at which the wall clocks of `zone` show `wall`. Where a clock change skips or repeats that time, the
/// earlier of the two candidates, which is the one with the greater offset: jiff's `Disambiguation::Earlier`. Of a
/// change from 02:00+01 to 03:00+02, a skipped 02:30 means 02:30+02, which the clocks show as 01:30+01.
fn at(wall: DateTime, zone: &TimeZone) -> i64 {
    let offset = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => before.max(after),
    };
    since_epoch(wall) - i64::from(offset.seconds())
}

/// Seconds that wall clocks have run since 1970 began on them.
fn since_epoch(wall: DateTime) -> i64 {
    wall.duration_since(UNIX_EPOCH).as_secs()
}

fn calendar_date(text: &str) -> Option<Date> {
    let separated = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    let date = || Date::new(digits(text, 0..4)?, digits(text, 5..7)?, digits(text, 8..10)?).ok();
    separated.then(date).flatten()
}

/// A leap second is the second before it, as in jiff.
fn clock_time(text: &str) -> Option<Time> {
    let separated = text.as_bytes().get(2) == Some(&b':') && text.as_bytes().get(5) == Some(&b':');
    let second = match digits(text, 6..8)? {
        60 => 59,
        second => second,
    };
    let time = || Time::new(digits(text, 0..2)?, digits(text, 3..5)?, second, 0).ok();
    separated.then(time).flatten()
}

fn without_fraction(text: &str) -> Option<&str> {
    let Some(fraction) = text.strip_prefix('.') else { return Some(text) };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

/// RFC 3339: `Z`, or hours and minutes with a sign.
fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (digits(text, 1..3)?, digits(text, 4..6)?);
    let sound = text.len() == 6 && text.as_bytes()[3] == b':' && hours < 24 && minutes < 60;
    sound.then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits<T: FromStr>(text: &str, range: Range<usize>) -> Option<T> {
    let part = text.get(range)?;
    part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}
