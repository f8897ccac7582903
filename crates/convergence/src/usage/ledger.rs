//! Totals by UTC day, client and instance, made from counts that only grow.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gate::Counts;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// For how many days before today totals are kept, and written again where somebody has removed or changed them.
pub(crate) const KEPT_DAYS: i64 = 40;

/// What one row of the tab is about. The order is that of new rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    /// The UTC day.
    pub(crate) date: Date,
    pub(crate) instance: String,
    pub(crate) client: String,
}

/// What a client has used of an instance on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) admitted: u64,
    pub(crate) rate_limited: u64,
    pub(crate) failed: u64,
    /// Milliseconds of speech made.
    pub(crate) audio_ms: u64,
    /// Unix seconds; 0 where nothing was used.
    pub(crate) last_used_at: i64,
}

impl Totals {
    pub(crate) fn requests(&self) -> u64 {
        self.admitted.saturating_add(self.rate_limited)
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
        self.admitted = self.admitted.saturating_add(more.admitted);
        self.rate_limited = self.rate_limited.saturating_add(more.rate_limited);
        self.failed = self.failed.saturating_add(more.failed);
        self.audio_ms = self.audio_ms.saturating_add(more.audio_ms);
        self.last_used_at = self.last_used_at.max(more.last_used_at);
    }

    /// What was counted between two looks at counts that only grow.
    fn between(before: &Counts, after: &Counts) -> Self {
        Self {
            admitted: after.admitted.saturating_sub(before.admitted),
            rate_limited: after.rate_limited.saturating_sub(before.rate_limited),
            failed: after.failed.saturating_sub(before.failed),
            audio_ms: 0,
            last_used_at: after.last_used_at,
        }
    }

    fn has_counts(&self) -> bool {
        self.admitted > 0 || self.rate_limited > 0 || self.failed > 0
    }
}

/// The totals of the kept days. Counted under this process's instance; rows of instances that wrote to the same
/// `DATA_DIR` before (a container whose name has changed) stay its own to write.
pub(crate) struct Ledger {
    instance: String,
    rows: BTreeMap<Row, Totals>,
    /// The instances whose rows in the tab need not be taken over any more.
    settled: BTreeSet<String>,
    /// The gate's counts of each client at the last look.
    seen: HashMap<String, Counts>,
    /// Raised with each change.
    version: u64,
}

impl Ledger {
    pub(crate) fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            rows: BTreeMap::new(),
            settled: BTreeSet::new(),
            seen: HashMap::new(),
            version: 0,
        }
    }

    /// With what an earlier process has left on disk.
    pub(crate) fn resumed(
        instance: &str,
        rows: BTreeMap<Row, Totals>,
        settled: impl IntoIterator<Item = String>,
    ) -> Self {
        let version = u64::from(!rows.is_empty());
        Self { rows, settled: settled.into_iter().collect(), version, ..Self::new(instance) }
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn rows(&self) -> &BTreeMap<Row, Totals> {
        &self.rows
    }

    pub(crate) fn settled(&self) -> impl Iterator<Item = &str> {
        self.settled.iter().map(String::as_str)
    }

    /// Rises with each change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes in what the gate has counted for a client since the last call. Each request goes to the day of its
    /// decision, as long as there is a call on every day on which the client comes; a failure goes to the day of the
    /// client's latest request.
    pub(crate) fn count(&mut self, usage: &gate::Usage) {
        let mut from = self.seen.get(&usage.client).copied().unwrap_or_default();
        for until in [&usage.earlier, &usage.total] {
            let more = Totals::between(&from, until);
            if more.has_counts() {
                self.add(day_of(until.last_used_at), &usage.client, &more);
                from = *until;
            }
        }
        self.seen.insert(usage.client.clone(), from);
    }

    /// Takes in speech that was made for a client.
    pub(crate) fn count_speech(&mut self, date: Date, client: &str, audio_ms: u64) {
        self.add(date, client, &Totals { audio_ms, ..Totals::default() });
    }

    /// Whether this instance has taken over what the tab has of it. Until then nothing may be written there.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled.contains(&self.instance)
    }

    /// Adds what the tab has of this instance to what was counted since its totals were lost, once, and returns how many
    /// rows that were. There are none where the instance is new.
    pub(crate) fn settle(&mut self, found: &HashMap<Row, Totals>, today: Date) -> usize {
        let oldest = oldest_kept(today);
        let mine = |row: &Row| row.instance == self.instance && row.date >= oldest;
        let found: Vec<_> = found.iter().filter(|(row, _)| mine(row)).collect();
        for (row, totals) in &found {
            self.rows.entry((*row).clone()).or_default().add(totals);
        }
        self.settled.insert(self.instance.clone());
        self.version += 1;
        found.len()
    }

    /// Forgets the days that are no longer kept. Only for what is written wherever it is to be written.
    pub(crate) fn forget_before(&mut self, today: Date) {
        let oldest = oldest_kept(today);
        let before = self.rows.len();
        self.rows.retain(|row, _| row.date >= oldest);
        if self.rows.len() < before {
            self.version += 1;
        }
    }

    fn add(&mut self, date: Date, client: &str, more: &Totals) {
        let row = Row { date, instance: self.instance.clone(), client: client.to_owned() };
        self.rows.entry(row).or_default().add(more);
        self.version += 1;
    }
}

/// The UTC day of a Unix second.
pub(crate) fn day_of(unix: i64) -> Date {
    Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date()
}

fn oldest_kept(today: Date) -> Date {
    today.saturating_sub(Span::new().days(KEPT_DAYS))
}

#[cfg(test)]
mod tests;
