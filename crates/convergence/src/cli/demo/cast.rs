//! Who sends requests in the demo.

/// Beats of the demo's minute, two to a second.
pub(super) const BEATS: u32 = 120;

/// One of the clients, by what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It stays below its limit.
    Steady,
    /// It does not.
    Busy,
    /// Its key expires meanwhile.
    Trial,
    /// Its key is revoked half-way.
    Former,
    /// It has made its key up.
    Stranger,
}

/// A client with its key, and so without `Debug`.
pub(super) struct Actor {
    pub(super) part: Part,
    pub(super) key: String,
}

impl Part {
    /// Those who have a row, in the order of their rows.
    pub(super) const WITH_ROWS: [Self; 4] = [Self::Steady, Self::Busy, Self::Trial, Self::Former];

    /// The client's name in the table, and what the stranger is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Steady => "Steady Client",
            Self::Busy => "Busy Client",
            Self::Trial => "Trial Client",
            Self::Former => "Former Client",
            Self::Stranger => "A stranger",
        }
    }

    /// Its `rate_limit`.
    pub(super) const fn limit(self) -> f64 {
        if matches!(self, Self::Busy) { 10.0 } else { 60.0 }
    }

    pub(super) const fn path(self) -> &'static str {
        if matches!(self, Self::Steady) { "/auth/me" } else { "/auth/verify" }
    }

    /// Whether it sends a request at this beat.
    pub(super) const fn is_due(self, beat: u32) -> bool {
        let (first, every) = match self {
            Self::Steady => (0, 4),
            Self::Trial | Self::Former => (2, 6),
            Self::Busy => (8, 2),
            Self::Stranger => (16, 12),
        };
        beat >= first && (beat - first).is_multiple_of(every)
    }

    /// What is to be known of it when it is let in.
    pub(super) const fn when_let_in(self) -> &'static str {
        match self {
            Self::Steady => "let in; it stays below its 60 requests a minute",
            Self::Busy => "let in; it is going to want more than its 10 requests a minute",
            Self::Trial => "let in; its key is going to expire",
            Self::Former => "let in; its key is going to be revoked",
            Self::Stranger => "let in",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(part: Part, beats: std::ops::Range<u32>) -> f64 {
        f64::from(u32::try_from(beats.filter(|beat| part.is_due(*beat)).count()).expect("few"))
    }

    #[test]
    fn only_the_busy_one_goes_over_its_limit_however_short_the_minute_is() {
        for part in Part::WITH_ROWS {
            let is_over = requests(part, 0..BEATS) > part.limit();
            assert_eq!(is_over, part == Part::Busy, "{part:?}");
        }
        assert!(requests(Part::Busy, 0..BEATS / 2) > Part::Busy.limit(), "it is refused before half-way");
    }
}
