//! What all servers have counted, by day, client and server: each leaves its own totals in Redis, and whoever writes them to
//! the spreadsheet, or is asked for their sums, takes them from there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Span;
use jiff::civil::Date;
use tracing::warn;
use uuid::Uuid;

use crate::fleet::{Counts, Line, Trouble};
use crate::usage::{Ledger, Row, Totals, oldest_kept};

type Rows = BTreeMap<Row, Totals>;

/// A server's part in it.
pub(super) struct Pool {
    counts: Arc<Counts>,
    /// What this process is called, and how often it has left something: what Redis has to say again next time.
    process: Uuid,
    told: u64,
    /// What is new since then. Nothing: all of it is.
    untold: Option<BTreeSet<Row>>,
    /// What the days said when they were last looked at, and how often they had been written.
    days: BTreeMap<Date, (i64, Rows)>,
    /// Whether it was said that somebody else has the same name.
    is_shared: bool,
}

/// The totals of all servers.
#[derive(Default)]
pub(super) struct Everyone {
    pub(super) rows: Rows,
    /// Rises with each change.
    pub(super) version: i64,
    /// Servers that were not heard of for a while: they have ended, or have no way to Redis and write their rows themselves.
    silent: HashSet<String>,
}

impl Everyone {
    /// Leaves out what the spreadsheet knows better, which has these totals: a server that is not heard of may have written more
    /// there than it has left in Redis.
    pub(super) fn not_less_than(&self, found: &HashMap<Row, Totals>) -> Rows {
        let knows_less = |row: &Row, totals: &Totals| {
            self.silent.contains(&row.instance)
                && found.get(row).is_some_and(|found| found.requests() > totals.requests())
        };
        let rows = self.rows.iter().filter(|(row, totals)| !knows_less(row, totals));
        rows.map(|(row, totals)| (row.clone(), *totals)).collect()
    }
}

impl Pool {
    pub(super) fn new(counts: &Arc<Counts>) -> Self {
        Self {
            counts: Arc::clone(counts),
            process: Uuid::new_v4(),
            told: 0,
            untold: None,
            days: BTreeMap::new(),
            is_shared: false,
        }
    }

    /// These rows have changed.
    pub(super) fn note<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        if let Some(untold) = &mut self.untold {
            untold.extend(rows.into_iter().cloned());
        }
    }

    /// Leaves what is new of the ledger: all of it, where Redis does not remember what was left last.
    ///
    /// # Errors
    /// Redis is away. What was left is left again.
    pub(super) async fn tell(&mut self, ledger: &Ledger) -> Result<(), Trouble> {
        let counts = Arc::clone(&self.counts);
        let mut session = counts.open().await?;
        let known = session.mark(ledger.instance()).await?;
        let mine = format!("{} {}", self.process.simple(), self.told);
        if known.as_ref() != Some(&mine) {
            self.tell_of_another(known.as_deref(), ledger.instance());
            self.untold = None;
        }
        let mut days: BTreeMap<Date, Vec<Line>> = BTreeMap::new();
        let rows: Box<dyn Iterator<Item = &Row>> = match &self.untold {
            Some(untold) => Box::new(untold.iter()),
            None => Box::new(ledger.rows().keys()),
        };
        for row in rows {
            // One that is too old to be kept is told already.
            if let Some(totals) = ledger.rows().get(row) {
                days.entry(row.date).or_default().push(line_of(row, totals));
            }
        }
        for (day, lines) in days {
            session.write(&day.to_string(), &lines).await?;
        }
        self.told += 1;
        session.set_mark(ledger.instance(), &format!("{} {}", self.process.simple(), self.told)).await?;
        self.untold = Some(BTreeSet::new());
        Ok(())
    }

    /// Another process that leaves something now and then under this name is none that this one has followed.
    fn tell_of_another(&mut self, known: Option<&str>, instance: &str) {
        let process = self.process.simple().to_string();
        let is_another = known.is_some_and(|known| !known.starts_with(&process));
        if is_another && self.told > 0 && !self.is_shared {
            self.is_shared = true;
            warn!(
                "another server counts as instance {instance}, too, and one overwrites the other: give each its own INSTANCE"
            );
        }
    }

    /// What was left under this name by a process whose `DATA_DIR` is gone.
    ///
    /// # Errors
    /// Redis is away.
    pub(super) async fn of_instance(&self, instance: &str, today: Date) -> Result<Rows, Trouble> {
        if self.counts.open().await?.mark(instance).await?.is_none() {
            return Ok(Rows::new());
        }
        let mut rows = totals_of_all(&self.counts, oldest_kept(today), today).await?;
        rows.retain(|row, _| row.instance == instance);
        Ok(rows)
    }

    /// What all servers have left of the kept days. Days that were not written since are not read again. Who has left nothing
    /// for longer than `patience` is silent.
    ///
    /// # Errors
    /// Redis is away.
    pub(super) async fn everyone(&mut self, today: Date, patience: Duration) -> Result<Everyone, Trouble> {
        let oldest = oldest_kept(today);
        self.days.retain(|day, _| *day >= oldest);
        let mut session = self.counts.open().await?;
        let mut everyone = Everyone::default();
        for day in days(oldest, today) {
            let name = day.to_string();
            let version = session.version(&name).await?;
            if version != self.days.get(&day).map_or(0, |(known, _)| *known) {
                let rows = session.day(&name).await?.iter().filter_map(|line| row_of(day, line)).collect();
                self.days.insert(day, (version, rows));
            }
            everyone.version += version;
        }
        let rows = self.days.values().flat_map(|(_, rows)| rows);
        everyone.rows = rows.map(|(row, totals)| (row.clone(), *totals)).collect();
        let instances: BTreeSet<&str> = everyone.rows.keys().map(|row| &*row.instance).collect();
        let instances: Vec<&str> = instances.into_iter().collect();
        let silent_for = session.silent_for(&instances).await?;
        let silent =
            instances.iter().zip(silent_for).filter(|(_, since)| since.is_none_or(|since| since > patience));
        everyone.silent = silent.map(|(instance, _)| (*instance).to_owned()).collect();
        Ok(everyone)
    }
}

/// What all servers have left of these days, the last included, as it is at this moment.
///
/// # Errors
/// Redis is away.
pub(crate) async fn totals_of_all(counts: &Counts, since: Date, last: Date) -> Result<Rows, Trouble> {
    let mut session = counts.open().await?;
    let mut rows = Rows::new();
    for day in days(since, last) {
        rows.extend(session.day(&day.to_string()).await?.iter().filter_map(|line| row_of(day, line)));
    }
    Ok(rows)
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    // The last one may be tomorrow by another server's clock.
    first.series(Span::new().days(1)).take_while(move |day| *day <= last)
}

fn line_of(row: &Row, totals: &Totals) -> Line {
    let about = serde_json::json!([row.instance, row.client]).to_string();
    let numbers = (totals.numbers(), totals.last_used_at);
    (about, serde_json::to_string(&numbers).expect("numbers are JSON"))
}

/// Nothing, where it is not in this form: a later version's.
fn row_of(date: Date, (about, numbers): &Line) -> Option<(Row, Totals)> {
    let (instance, client) = serde_json::from_str(about).ok()?;
    let (numbers, last_used_at) = serde_json::from_str(numbers).ok()?;
    Some((Row { date, instance, client }, Totals::of(numbers, last_used_at)))
}
