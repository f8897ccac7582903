//! Totals by UTC day, client and instance: what the spreadsheet is to say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::totals::Totals;

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

/// The totals of the kept days. Counted under this process's instance; rows of instances that wrote to the same
/// `DATA_DIR` before (a container whose name has changed) stay its own to write.
pub(crate) struct Ledger {
    instance: String,
    rows: BTreeMap<Row, Totals>,
    /// The instances whose rows in the tab need not be taken over any more.
    settled: BTreeSet<String>,
    /// Raised with each change.
    version: u64,
}

impl Ledger {
    pub(crate) fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned(), rows: BTreeMap::new(), settled: BTreeSet::new(), version: 0 }
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

    /// Rises with each change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes in what is in the database since the last call.
    pub(crate) fn add(&mut self, fresh: BTreeMap<Row, Totals>) {
        // What was only refused by key is nobody's use, and told in reports alone.
        self.version += u64::from(fresh.values().any(Totals::are_use));
        for (row, totals) in fresh {
            self.rows.entry(row).or_default().add(&totals);
        }
    }

    /// Whether this instance has taken over what the tab has of it. Until then nothing may be written there.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled.contains(&self.instance)
    }

    /// Of what the tab has, the rows of this instance that are to be added to what was counted since its totals were lost,
    /// once. There are none where the instance is new.
    pub(crate) fn to_settle(&self, found: &HashMap<Row, Totals>, today: Date) -> BTreeMap<Row, Totals> {
        let oldest = oldest_kept(today);
        let mine = |(row, _): &(&Row, &Totals)| row.instance == self.instance && row.date >= oldest;
        found.iter().filter(mine).map(|(row, totals)| (row.clone(), *totals)).collect()
    }

    /// The rows to settle are in the database.
    pub(crate) fn settle(&mut self, rows: BTreeMap<Row, Totals>) {
        self.add(rows);
        self.settled.insert(self.instance.clone());
        self.version += 1;
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
}

/// The UTC day of a Unix second.
pub(crate) fn day_of(unix: i64) -> Date {
    Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date()
}

pub(crate) fn oldest_kept(today: Date) -> Date {
    today.saturating_sub(Span::new().days(KEPT_DAYS))
}

#[cfg(test)]
mod tests;
