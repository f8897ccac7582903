//! Which stretch of time is looked at.

use crate::usage::{KEPT_HOURS, KEPT_MINUTES, Stretches};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// As many bars as a chart has at most that somebody has zoomed into.
const MOST_BARS: i64 = 120;

/// One of those that the page offers. All end with the present stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Range {
    Hour,
    SixHours,
    #[default]
    Day,
    Week,
    Month,
}

impl Range {
    pub(crate) const ALL: [Self; 5] = [Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::Month];

    /// The word for it in addresses.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// That of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.word() == word)
    }

    /// What it is, and how finely it is cut.
    pub(crate) fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Hour => ("last hour", "by minute"),
            Self::SixHours => ("last 6 hours", "by 5 minutes"),
            Self::Day => ("last 24 hours", "by hour"),
            Self::Week => ("last 7 days", "by 6 hours"),
            Self::Month => ("last 30 days", "by day"),
        }
    }

    /// The same in numbers, at this Unix second.
    pub(crate) fn stretches(self, now: i64) -> Stretches {
        let (length, number) = match self {
            Self::Hour => (MINUTE, 60),
            Self::SixHours => (5 * MINUTE, 72),
            Self::Day => (HOUR, 24),
            Self::Week => (6 * HOUR, 28),
            Self::Month => (DAY, 30),
        };
        let since = now - now.rem_euclid(length) - (number - 1) * length;
        Stretches { since, length, number: usize::try_from(number).unwrap_or_default() }
    }
}

/// A range that somebody has picked, cut as finely as the counts of then are kept; none, where there is nothing in it.
pub(crate) fn zoomed(since: i64, until: i64, now: i64) -> Option<Stretches> {
    let (since, until) = (since.max(0), until.min(now + 1));
    if since >= until {
        return None;
    }
    let kept_in = match now - since {
        age if age <= KEPT_MINUTES - HOUR => MINUTE,
        age if age <= KEPT_HOURS - DAY => HOUR,
        _ => DAY,
    };
    let lengths = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY];
    let fits = |length: &i64| *length >= kept_in && (until - since) / length <= MOST_BARS;
    let length = lengths.into_iter().find(fits)?;
    let since = since - since.rem_euclid(length);
    let number = usize::try_from((until - since - 1) / length + 1).ok()?;
    Some(Stretches { since, length, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_547_200 + 3_661; // 2025-12-01 01:01:01 UTC

    #[test]
    fn each_range_is_whole_stretches_and_ends_with_the_present_one() {
        for range in Range::ALL {
            let stretches = range.stretches(NOW);
            assert_eq!(stretches.since % stretches.length, 0, "{range:?}");
            let last = stretches.until() - stretches.length;
            assert!((last..stretches.until()).contains(&NOW), "{range:?}");
            assert_eq!(Range::of(range.word()), Some(range));
        }
        assert_eq!(Range::of("a year"), None);
    }

    #[test]
    fn a_picked_range_is_cut_as_finely_as_it_is_kept_and_can_be_read() {
        let cut =
            |since: i64, until: i64| zoomed(NOW - since, NOW - until, NOW).map(|it| (it.length, it.number));
        assert_eq!(cut(HOUR, 0), Some((MINUTE, 61)));
        assert_eq!(cut(12 * HOUR, 0), Some((15 * MINUTE, 49)));
        assert_eq!(cut(72 * HOUR, 71 * HOUR), Some((HOUR, 2)), "minutes are not kept so long");
        assert_eq!(cut(30 * DAY, 0), Some((6 * HOUR, 121)));
        assert_eq!(cut(100 * DAY, 99 * DAY), Some((DAY, 2)));
        assert_eq!(cut(800 * DAY, 0), Some((7 * DAY, 115)));
        assert_eq!(cut(20_000 * DAY, 0), None, "longer than it was ever used");
        assert_eq!(cut(0, HOUR), None);
        assert_eq!(zoomed(i64::MIN, i64::MAX, NOW), None);
        assert_eq!(zoomed(NOW + DAY, NOW + 2 * DAY, NOW), None, "the future");
    }
}
