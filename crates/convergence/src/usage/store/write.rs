//! What is added, and what has become too old.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{OptionalExtension, Transaction, params_from_iter};

use super::schema::Table;
use super::{KEPT_HOURS, KEPT_MINUTES, Store, StoreError, begin_of};
use crate::usage::json::Kept;
use crate::usage::ledger::Row;
use crate::usage::tally::{About, Origin};
use crate::usage::totals::Totals;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// How long it is remembered which segments of a run were taken in, in seconds. A file that was removed may be back after
/// a loss of power, but not for so long.
const KEPT_RUNS: i64 = 90 * DAY;

/// The file of an earlier version, among the segments that were taken in. No process has this number.
const IMPORT: Origin = Origin { run: 0, sequence: 1 };

/// What is added in one transaction.
#[derive(Default)]
pub(crate) struct Batch {
    /// By instance.
    pub(crate) lines: BTreeMap<String, HashMap<About, Totals>>,
    /// The latest segment of each run that is in the lines.
    pub(crate) taken: BTreeMap<u64, u64>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.taken.is_empty()
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.values().map(HashMap::len).sum()
    }

    pub(crate) fn add(&mut self, instance: &str, about: About, totals: &Totals) {
        let lines = self.lines.entry(instance.to_owned()).or_default();
        lines.entry(about).or_default().add(totals);
    }

    /// A segment of which all lines are added.
    pub(crate) fn take(&mut self, origin: Origin) {
        let taken = self.taken.entry(origin.run).or_default();
        *taken = origin.sequence.max(*taken);
    }
}

impl Store {
    /// Adds a batch, and drops what is too old at this Unix second. `borders` are moments at which a quota's period has begun:
    /// the hour that one lies in is kept in two parts.
    ///
    /// # Errors
    /// Nothing was added.
    pub(crate) fn add(&mut self, batch: &Batch, borders: &[i64], now: i64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for (instance, lines) in &batch.lines {
            add_lines(&transaction, instance, lines, borders)?;
        }
        for (run, taken) in &batch.taken {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO runs VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET taken = max(taken, ?2), at = ?3",
            )?;
            statement.execute([run.cast_signed(), taken.cast_signed(), now])?;
        }
        for (table, kept) in [(Table::Minutes, KEPT_MINUTES), (Table::Hours, KEPT_HOURS)] {
            transaction.execute(&format!("DELETE FROM {} WHERE at < ?1", table.name()), [now - kept])?;
        }
        transaction.execute("DELETE FROM runs WHERE at < ?1", [now - KEPT_RUNS])?;
        transaction.commit()
    }

    /// Adds totals of whole days, of which no more is known, and remembers that these instances need not be asked after
    /// again.
    ///
    /// # Errors
    /// Nothing was added.
    pub(crate) fn settle<'a>(
        &mut self,
        instances: impl IntoIterator<Item = &'a str>,
        days: &BTreeMap<Row, Totals>,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        add_days(&transaction, instances, days)?;
        transaction.commit()
    }

    /// The same with what an earlier version has kept in a file, once.
    ///
    /// # Errors
    /// Nothing was added.
    pub(crate) fn import(&mut self, kept: &Kept, now: i64) -> Result<(), StoreError> {
        if self.has_taken(IMPORT)? {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        add_days(&transaction, kept.settled.iter().map(String::as_str), &kept.rows)?;
        let taken = [IMPORT.run.cast_signed(), IMPORT.sequence.cast_signed(), now];
        transaction.execute("INSERT OR REPLACE INTO runs VALUES (?1, ?2, ?3)", taken)?;
        transaction.commit()
    }
}

fn add_days<'a>(
    transaction: &Transaction<'_>,
    instances: impl IntoIterator<Item = &'a str>,
    days: &BTreeMap<Row, Totals>,
) -> Result<(), StoreError> {
    let mut names = Names::default();
    for (row, totals) in days {
        let [instance, client] = [names.id(transaction, &row.instance)?, names.id(transaction, &row.client)?];
        let about = [client, 0, names.id(transaction, "")?, instance];
        add_to(transaction, Table::Days, begin_of(row.date), about, totals)?;
    }
    for instance in instances {
        transaction.execute("INSERT OR IGNORE INTO settled VALUES (?1)", [instance])?;
    }
    Ok(())
}

fn add_lines(
    transaction: &Transaction<'_>,
    instance: &str,
    lines: &HashMap<About, Totals>,
    borders: &[i64],
) -> Result<(), StoreError> {
    let mut names = Names::default();
    // In the order of the tables, so that neighbours are written together.
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort_unstable_by_key(|(about, _)| *about);
    let instance = names.id(transaction, instance)?;
    for (About { minute, client, key, endpoint }, totals) in lines {
        let [client, endpoint] = [names.id(transaction, client)?, names.id(transaction, endpoint)?];
        let about = [client, key.cast_signed(), endpoint, instance];
        add_to(transaction, Table::Minutes, *minute, about, totals)?;
        add_to(transaction, Table::Hours, hour_of(*minute, borders), about, totals)?;
        add_to(transaction, Table::Days, minute - minute.rem_euclid(DAY), about, totals)?;
    }
    Ok(())
}

/// When the hour of a minute began, or the part of it that is after a border.
fn hour_of(minute: i64, borders: &[i64]) -> i64 {
    let hour = minute - minute.rem_euclid(HOUR);
    borders.iter().copied().filter(|border| (hour..=minute).contains(border)).max().unwrap_or(hour)
}

/// `about` is the client, the key, the endpoint and the instance.
fn add_to(
    transaction: &Transaction<'_>,
    table: Table,
    at: i64,
    about: [i64; 4],
    totals: &Totals,
) -> Result<(), StoreError> {
    let counts = totals.numbers().map(u64::cast_signed);
    let values = [at].into_iter().chain(about).chain(counts).chain([totals.last_used_at]);
    transaction.prepare_cached(table.add())?.execute(params_from_iter(values))?;
    Ok(())
}

/// Names as numbers, each looked up once for a batch.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, i64>);

impl<'a> Names<'a> {
    fn id(&mut self, transaction: &Transaction<'_>, name: &'a str) -> Result<i64, StoreError> {
        if let Some(id) = self.0.get(name) {
            return Ok(*id);
        }
        let found = transaction
            .prepare_cached("SELECT id FROM names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            transaction.prepare_cached("INSERT INTO names (name) VALUES (?1)")?.execute([name])?;
            transaction.last_insert_rowid()
        };
        self.0.insert(name, id);
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_two_parts_where_a_period_begins_in_it() {
        let borders = [7_200 + 1_800, 90_000];
        assert_eq!(hour_of(7_200, &borders), 7_200);
        assert_eq!(hour_of(7_200 + 1_740, &borders), 7_200);
        assert_eq!(hour_of(7_200 + 1_800, &borders), 7_200 + 1_800);
        assert_eq!(hour_of(10_740, &borders), 7_200 + 1_800);
        assert_eq!(hour_of(10_800, &borders), 10_800);
        assert_eq!(hour_of(90_000, &borders), 90_000);
    }
}
