//! The `Usage` tab: its columns, found by name, and what its cells say.
//!
//! Every cell is written RAW. Dates and moments are text: a serial number would be in the spreadsheet's time zone and
//! look like a number until somebody formats it, while RFC 3339 says the same to everybody and sorts as it reads.

use std::fmt;

use jiff::civil::{self, Date};
use jiff::{Span, Timestamp};
use sheets::Value;

use super::ledger::Row;
use super::totals::Totals;

/// The columns, in the order of a tab of ours.
pub(crate) const COLUMNS: [&str; 9] = [
    "date",
    "client_name",
    "requests",
    "admitted",
    "rate_limited",
    "failed",
    "audio_seconds",
    "last_used_at",
    "instance",
];

/// Which of them say what a row is about, and which of them how much it is.
const IDENTITY: [&str; 3] = ["date", "client_name", "instance"];
const FIGURES: [&str; 6] =
    ["requests", "admitted", "rate_limited", "failed", "audio_seconds", "last_used_at"];

/// How far down a header is looked for.
const HEADER_WITHIN: usize = 10;

/// A tab's cells as they were read: rows differ in length.
pub(crate) type Grid = Vec<Vec<Value>>;

/// The cells of a row that say what it is about: date, client, instance.
pub(crate) type Identity = [Value; 3];

/// The cells of a row that are its totals.
pub(crate) type Figures = [Value; 6];

/// Where things are in a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The header's row.
    pub(crate) header: usize,
    identity: [usize; 3],
    figures: [usize; 6],
}

/// The tab has something in it, and no header of ours: nothing may be written there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HeaderLost {
    missing: Vec<&'static str>,
}

impl Layout {
    /// Of a tab that is made here, with the header in its first row.
    pub(crate) fn fresh() -> Self {
        let place = |name: &str| COLUMNS.iter().position(|column| *column == name).unwrap_or_default();
        Self { header: 0, identity: IDENTITY.map(place), figures: FIGURES.map(place) }
    }

    /// Of a tab as it was read; `None` if it is empty. Names are compared trimmed and in any case; of two columns with
    /// one name the first counts.
    pub(crate) fn of(grid: &Grid) -> Result<Option<Self>, HeaderLost> {
        if grid.iter().flatten().all(|cell| *cell == Value::Empty) {
            return Ok(None);
        }
        let names = |row: &Vec<Value>| row.iter().map(name).collect::<Vec<_>>();
        let missing = |names: &[String]| -> Vec<&'static str> {
            COLUMNS.into_iter().filter(|column| !names.iter().any(|name| name == column)).collect()
        };
        let candidates = grid.iter().take(HEADER_WITHIN).map(names).enumerate();
        let best = candidates.min_by_key(|(_, names)| missing(names).len());
        let (header, names) = best.unwrap_or_default();
        let missing = missing(&names);
        if !missing.is_empty() {
            return Err(HeaderLost { missing });
        }
        let place = |column: &str| names.iter().position(|name| name == column).unwrap_or_default();
        Ok(Some(Self { header, identity: IDENTITY.map(place), figures: FIGURES.map(place) }))
    }

    /// The first and the last of our columns.
    pub(crate) fn span(&self) -> (usize, usize) {
        let columns = || self.identity.iter().chain(&self.figures).copied();
        (columns().min().unwrap_or_default(), columns().max().unwrap_or_default())
    }

    pub(crate) fn identity(&self, cells: &[Value]) -> Identity {
        self.identity.map(|column| cells.get(column).cloned().unwrap_or_default())
    }

    pub(crate) fn figures(&self, cells: &[Value]) -> Figures {
        self.figures.map(|column| cells.get(column).cloned().unwrap_or_default())
    }

    /// What a row is about, if it is a row of ours or of another instance.
    pub(crate) fn row(&self, cells: &[Value]) -> Option<Row> {
        row_of(&self.identity(cells))
    }

    /// Cells to write over a row, from the first of our columns to the last. What is not ours is left alone, and so is the
    /// identity if none is given.
    pub(crate) fn line(&self, identity: Option<&Identity>, figures: &Figures) -> Vec<Option<Value>> {
        let (first, last) = self.span();
        let mut line = vec![None; last - first + 1];
        let identity = identity.into_iter().flat_map(|cells| self.identity.into_iter().zip(cells));
        for (column, value) in identity.chain(self.figures.into_iter().zip(figures)) {
            line[column - first] = Some(value.clone());
        }
        line
    }
}

impl fmt::Display for HeaderLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing.len() == COLUMNS.len() {
            return write!(f, "it has no header row; put {} in its first row", COLUMNS.join(", "));
        }
        write!(f, "its header has no {}; put that back", self.missing.join(", "))
    }
}

/// What cells that say what a row is about say.
pub(crate) fn row_of([day, client, instance]: &Identity) -> Option<Row> {
    Some(Row { date: date(day)?, client: text(client)?, instance: text(instance)? })
}

/// The identity of a row of ours, as it is written.
pub(crate) fn identity_of(row: &Row) -> Identity {
    let text = |text: &str| Value::Text(text.to_owned());
    [text(&row.date.to_string()), text(&row.client), text(&row.instance)]
}

/// Totals as they are written.
#[expect(clippy::cast_precision_loss, reason = "a number in a sheet is a double")]
pub(crate) fn figures_of(totals: &Totals) -> Figures {
    let number = |number: u64| Value::Number(number as f64);
    [
        number(totals.requests()),
        number(totals.admitted),
        number(totals.rate_limited),
        number(totals.failed),
        Value::Number(totals.audio_seconds()),
        totals.last_used().map_or(Value::Empty, |moment| Value::Text(moment.to_string())),
    ]
}

/// Totals as they stand in a tab. What is no number counts as none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` stops at the ends")]
pub(crate) fn totals_of(figures: &Figures) -> Totals {
    let number = |cell: &Value| match cell {
        Value::Number(number) => *number,
        Value::Text(text) => text.trim().parse().unwrap_or_default(),
        Value::Empty | Value::Bool(_) => 0.0,
    };
    let [_, admitted, rate_limited, failed, audio_seconds, last_used_at] = figures;
    let used = match last_used_at {
        Value::Text(text) => text.trim().parse::<Timestamp>().ok(),
        _ => None,
    };
    Totals {
        admitted: number(admitted) as u64,
        rate_limited: number(rate_limited) as u64,
        failed: number(failed) as u64,
        audio_ms: (number(audio_seconds) * 1_000.0).round() as u64,
        last_used_at: used.map_or(0, Timestamp::as_second),
        ..Totals::default()
    }
}

fn name(cell: &Value) -> String {
    text(cell).unwrap_or_default().trim().to_lowercase().replace([' ', '-'], "_")
}

/// A day as we write it, or as Sheets makes of it when a person types it anew: days since 1899-12-30.
fn date(cell: &Value) -> Option<Date> {
    match cell {
        Value::Text(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "out of range is refused by the span")]
        Value::Number(number) => {
            let days = Span::new().try_days(number.floor() as i64).ok()?;
            civil::date(1899, 12, 30).checked_add(days).ok()
        }
        Value::Empty | Value::Bool(_) => None,
    }
}

/// A name as we write it, or as Sheets makes of it when a person types it anew.
fn text(cell: &Value) -> Option<String> {
    match cell {
        Value::Empty => None,
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string().to_uppercase()),
    }
}
