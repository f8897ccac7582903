//! What is counted of a client's requests.

use jiff::Timestamp;

/// How many kinds of things are counted.
pub(crate) const KINDS: usize = 7;

/// Something to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request that was let through.
    Admitted,
    /// One that a limit has refused: that of the minute, or a quota.
    RateLimited,
    /// Of those, one that a quota has refused.
    QuotaExceeded,
    /// A request with a key that is known and may not be used: inactive, expired, or so restricted.
    Denied,
    /// An admitted request that was answered with a 5xx.
    Failed,
    /// An admitted request that the shadow limit would have refused.
    ShadowLimited,
    /// Milliseconds of speech made.
    AudioMs,
}

/// How many there were of each kind, and when the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) admitted: u64,
    /// Those over a quota among them.
    pub(crate) rate_limited: u64,
    pub(crate) quota_exceeded: u64,
    pub(crate) denied: u64,
    pub(crate) failed: u64,
    pub(crate) shadow_limited: u64,
    /// Milliseconds of speech made.
    pub(crate) audio_ms: u64,
    /// The Unix second of the last request; 0 where nothing was used.
    pub(crate) last_used_at: i64,
}

impl Totals {
    /// By the order of [`Kind`].
    pub(crate) fn of(numbers: [u64; KINDS], last_used_at: i64) -> Self {
        let [admitted, rate_limited, quota_exceeded, denied, failed, shadow_limited, audio_ms] = numbers;
        Self {
            admitted,
            rate_limited,
            quota_exceeded,
            denied,
            failed,
            shadow_limited,
            audio_ms,
            last_used_at,
        }
    }

    /// In the order of [`Kind`].
    pub(crate) fn numbers(&self) -> [u64; KINDS] {
        [
            self.admitted,
            self.rate_limited,
            self.quota_exceeded,
            self.denied,
            self.failed,
            self.shadow_limited,
            self.audio_ms,
        ]
    }

    /// Those that were let through, and those that a limit has refused.
    pub(crate) fn requests(&self) -> u64 {
        self.admitted.saturating_add(self.rate_limited)
    }

    /// Whether the spreadsheet has a row for them: refusals by key are nobody's use.
    pub(crate) fn are_use(&self) -> bool {
        self.requests() > 0 || self.failed > 0 || self.audio_ms > 0
    }

    /// Seconds of speech made.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a million years of speech are fewer milliseconds than 2^53"
    )]
    pub(crate) fn audio_seconds(&self) -> f64 {
        self.audio_ms as f64 / 1_000.0
    }

    /// The moment of the last request, if there was one.
    pub(crate) fn last_used(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.last_used_at).ok().filter(|_| self.last_used_at != 0)
    }

    pub(crate) fn add(&mut self, more: &Totals) {
        let mut numbers = self.numbers();
        for (number, more) in numbers.iter_mut().zip(more.numbers()) {
            *number = number.saturating_add(more);
        }
        *self = Self::of(numbers, self.last_used_at.max(more.last_used_at));
    }
}
