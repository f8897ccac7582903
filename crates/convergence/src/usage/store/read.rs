//! What is asked of the counts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Row as SqlRow, named_params};

use super::schema::Table;
use super::{Batch, KEPT_HOURS, KEPT_MINUTES, Store, StoreError};
use crate::usage::ledger::{Row, day_of};
use crate::usage::tally::{About, Origin};
use crate::usage::totals::Totals;

const DAY: i64 = 86_400;

/// What there is a line for, beside each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Client,
    Key,
    Endpoint,
    /// Stretches of so many seconds, from the beginning of the range on.
    Stretch(i64),
    /// The UTC day.
    Day,
    /// The hour.
    Hour,
}

/// Which counts are wanted. Moments are Unix seconds.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) since: i64,
    /// The first second that is not wanted.
    pub(crate) until: i64,
    pub(crate) client: Option<String>,
    pub(crate) by: Group,
}

/// What one line of an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) client: String,
    /// The number that its group has: the key's fingerprint, or a Unix second; otherwise 0.
    pub(crate) number: i64,
    /// Empty unless grouped so.
    pub(crate) endpoint: String,
}

impl Question {
    /// The table that knows it exactly, or as exactly as is still known at this Unix second. Whole days are in the smallest.
    fn table(&self, now: i64) -> Table {
        let is_whole = |moment: i64| moment.rem_euclid(DAY) == 0 || moment > now;
        match self.by {
            Group::Hour => Table::Hours,
            Group::Client | Group::Key | Group::Endpoint | Group::Day
                if is_whole(self.since) && is_whole(self.until) =>
            {
                Table::Days
            }
            // The smallest that knows each stretch by itself.
            Group::Stretch(seconds) if seconds % DAY == 0 && self.since % DAY == 0 => Table::Days,
            Group::Stretch(seconds)
                if seconds % 3_600 == 0 && self.since % 3_600 == 0 && self.since >= now - KEPT_HOURS =>
            {
                Table::Hours
            }
            _ if self.since >= now - KEPT_MINUTES => Table::Minutes,
            _ if self.since >= now - KEPT_HOURS => Table::Hours,
            _ => Table::Days,
        }
    }

    /// The number of a line, by when something was counted and with which key.
    fn number(&self, at: i64, key: i64) -> i64 {
        match self.by {
            Group::Client | Group::Endpoint => 0,
            Group::Key => key,
            Group::Stretch(seconds) => (at - self.since).div_euclid(seconds),
            Group::Day => at - at.rem_euclid(DAY),
            Group::Hour => at - at.rem_euclid(3_600),
        }
    }

    /// The line that a count belongs to which is not in the database yet; `None` where it is not wanted.
    fn line_of(&self, about: &About) -> Option<Line> {
        let is_in_range = (self.since..self.until).contains(&about.minute);
        let is_wanted = is_in_range && self.client.as_ref().is_none_or(|client| *client == about.client);
        is_wanted.then(|| Line {
            client: about.client.clone(),
            number: self.number(about.minute, about.key.cast_signed()),
            endpoint: if self.by == Group::Endpoint { about.endpoint.clone() } else { String::new() },
        })
    }

    /// Adds counts that are not in the database.
    pub(crate) fn add<'a>(
        &self,
        answer: &mut BTreeMap<Line, Totals>,
        counts: impl IntoIterator<Item = &'a (About, Totals)>,
    ) {
        for (about, totals) in counts {
            if let Some(line) = self.line_of(about) {
                answer.entry(line).or_default().add(totals);
            }
        }
    }
}

impl Store {
    /// The sums of what is in the database at this Unix second.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn answer(&self, question: &Question, now: i64) -> Result<BTreeMap<Line, Totals>, StoreError> {
        let (number, endpoint) = match question.by {
            Group::Client => ("0", "NULL"),
            Group::Key => ("key", "NULL"),
            Group::Endpoint => ("0", "endpoint"),
            Group::Stretch(_) => ("(at - :since) / :stretch", "NULL"),
            Group::Day => ("at - at % 86400", "NULL"),
            Group::Hour => ("at - at % 3600", "NULL"),
        };
        let stretch = if let Group::Stretch(seconds) = question.by { seconds } else { 1 };
        let table = question.table(now).name();
        let mut statement = self.connection.prepare(&format!(
            "SELECT (SELECT name FROM names WHERE id = client), {number} AS number,
                    coalesce((SELECT name FROM names WHERE id = {endpoint}), ''), {SUMS}
             FROM {table}
             WHERE at >= :since AND at < :until AND :stretch > 0
               AND (:client IS NULL OR client = (SELECT id FROM names WHERE name = :client))
             GROUP BY client, number, {endpoint}"
        ))?;
        let parameters = named_params! {
            ":since": question.since, ":until": question.until, ":client": question.client, ":stretch": stretch,
        };
        let lines = statement.query_map(parameters, |row| {
            Ok((Line { client: row.get(0)?, number: row.get(1)?, endpoint: row.get(2)? }, totals(row, 3)?))
        })?;
        lines.collect()
    }

    /// Calls `each` with the client's number, the moment and the counts of all that a question by stretches asks about, at
    /// this Unix second: the sums are the caller's, since sorting by client and stretch takes longer than all the rest.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn scan(
        &self,
        question: &Question,
        now: i64,
        mut each: impl FnMut(i64, i64, &Totals),
    ) -> Result<(), StoreError> {
        let table = question.table(now).name();
        let mut statement = self.connection.prepare(&format!(
            "SELECT client, at, admitted, rate_limited, quota_exceeded, denied, failed, shadow_limited, audio_ms,
                    last_used_at
             FROM {table} WHERE at >= ?1 AND at < ?2"
        ))?;
        let mut rows = statement.query([question.since, question.until])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, row.get(1)?, &totals(row, 2)?);
        }
        Ok(())
    }

    /// When each client was last here, by its number, as far as that was after this Unix second.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn last_used(&self, since: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let query = "SELECT client, max(last_used_at) FROM days WHERE at >= ?1 GROUP BY client";
        let mut statement = self.connection.prepare(query)?;
        statement.query_map([since - since.rem_euclid(DAY)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// The names behind the numbers of clients, of endpoints and of servers.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn names(&self) -> Result<HashMap<i64, String>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id, name FROM names")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Whether a segment is in the database.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn has_taken(&self, origin: Origin) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM runs WHERE run = ?1 AND taken >= ?2")?;
        statement.exists([origin.run.cast_signed(), origin.sequence.cast_signed()])
    }

    /// Whether all segments of a batch are in the database; not so if there are none, since nobody can tell.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn has_all(&self, batch: &Batch) -> Result<bool, StoreError> {
        for (run, sequence) in &batch.taken {
            if !self.has_taken(Origin { run: *run, sequence: *sequence })? {
                return Ok(false);
            }
        }
        Ok(!batch.taken.is_empty())
    }

    /// The totals of each day since this one, by client and instance.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn days(&self, since: Date) -> Result<BTreeMap<Row, Totals>, StoreError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT at, (SELECT name FROM names WHERE id = instance), (SELECT name FROM names WHERE id = client), {SUMS}
             FROM days WHERE at >= ?1 GROUP BY at, instance, client"
        ))?;
        let rows = statement.query_map([begin_of(since)], |row| {
            let about = Row { date: day_of(row.get(0)?), instance: row.get(1)?, client: row.get(2)? };
            Ok((about, totals(row, 3)?))
        })?;
        rows.collect()
    }

    /// The instances whose rows in the spreadsheet were taken over.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn settled(&self) -> Result<Vec<String>, StoreError> {
        self.connection.prepare("SELECT instance FROM settled")?.query_map([], |row| row.get(0))?.collect()
    }
}

const SUMS: &str = "sum(admitted), sum(rate_limited), sum(quota_exceeded), sum(denied), sum(failed), \
                    sum(shadow_limited), sum(audio_ms), max(last_used_at)";

/// What [`SUMS`] has found, from this column on.
fn totals(row: &SqlRow<'_>, first: usize) -> Result<Totals, StoreError> {
    let mut numbers = [0; 7];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = row.get::<_, i64>(first + place)?.cast_unsigned();
    }
    Ok(Totals::of(numbers, row.get(first + numbers.len())?))
}

/// The Unix second at which a UTC day begins.
pub(crate) fn begin_of(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(0, |begin| Timestamp::from(begin).as_second())
}
