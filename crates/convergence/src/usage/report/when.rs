//! A moment as it is typed: a date, a moment, or so long ago.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::usage::store::begin_of;

const DAY: i64 = 86_400;

/// Where a range begins, in Unix seconds: with a UTC day, a moment, or so many minutes, hours or days ago. The last begin with
/// their UTC day.
pub(super) fn begin(text: &str, now: i64) -> Option<i64> {
    read(text, now).map(|(moment, _)| moment)
}

/// Where a range ends: the first second that is not in it. A day and a second are in it.
pub(super) fn end(text: &str, now: i64) -> Option<i64> {
    read(text, now).map(|(moment, length)| moment.saturating_add(length))
}

/// What is said of one that cannot be read.
pub(super) fn wrong(name: &str) -> String {
    format!("{name}: this is not a moment; give 2025-12-31, 2025-12-31T23:59:59Z, 30m, 24h or 30d")
}

/// The moment, and how long what was named lasts.
fn read(text: &str, now: i64) -> Option<(i64, i64)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    if let Ok(number) = number.parse::<i64>() {
        let ago = |seconds: i64| now - number.saturating_mul(seconds).min(now);
        match unit {
            "m" => return Some((ago(60) - ago(60) % 60, 60)),
            "h" => return Some((ago(3_600) - ago(3_600) % 60, 60)),
            "d" => return Some((ago(DAY) - ago(DAY) % DAY, DAY)),
            _ => {}
        }
    }
    // A moment is a date with more behind it, so it is tried first.
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some((moment.as_second(), 1));
    }
    text.parse::<Date>().ok().map(|date| (begin_of(date), DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_dates_as_moments_and_from_now_back() {
        let now = 1_764_547_200 + 61; // 2025-12-01 00:01:01 UTC
        let midnight = 1_764_547_200;
        assert_eq!(begin("2025-11-30", now), Some(midnight - DAY));
        assert_eq!(end("2025-11-30", now), Some(midnight));
        assert_eq!(begin("2025-12-01T00:30:00+01:00", now), Some(midnight - 1_800));
        assert_eq!(end("2025-11-30T23:59:59Z", now), Some(midnight));
        assert_eq!(begin("1m", now), Some(midnight));
        assert_eq!(begin("24h", now), Some(midnight - DAY + 60));
        assert_eq!(begin("30d", now), Some(midnight - 30 * DAY));
        assert_eq!(begin("99999999999999999d", now), Some(0));
        for bad in ["", "d", "7", "-7d", "7 d", "31/12/2025", "soon", "\u{e9}d"] {
            assert_eq!(begin(bad, now), None, "{bad}");
        }
    }
}
