//! Reads a keys table: a plain grid of cells in, [`Record`]s and [`Problem`]s out.
//!
//! A bad cell never opens a door, and one bad row never loses the others: where a cell that matters cannot be read,
//! the row becomes a record that is known and refused (`readable` is false), and the problem says where.
//! Only a header without the required columns fails the table as a whole.

mod header;
mod key;
mod limit;
mod listing;
mod moment;
mod problem;
mod row;
mod text;
mod value;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use jiff::tz::TimeZone;

use self::header::Header;
use crate::{KeyHash, Record};

pub use self::header::{Column, HeaderFault, Layout};
pub use self::listing::Listing;
pub use self::problem::{Problem, address};
pub use self::row::Row;

/// One cell, as Google's `UNFORMATTED_VALUE` with `SERIAL_NUMBER` gives it. A CSV file gives `Text` and `Empty` only.
#[derive(Clone, PartialEq)]
pub enum Cell {
    /// Nothing, or a row that ends before this column.
    Empty,
    /// Text, untrimmed.
    Text(String),
    /// A number, or a date and time as the serial number of its days.
    Number(f64),
    /// A checkbox, or a boolean.
    Bool(bool),
}

/// Shows the kind only, since any cell may hold a key.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Text(_) => "Text(..)",
            Self::Number(_) => "Number(..)",
            Self::Bool(_) => "Bool(..)",
        })
    }
}

impl Cell {
    /// The moment in Unix seconds that an `expires_at`, `revoked_at` or `created_at` cell holds; `None` where it is empty
    /// or holds none.
    pub fn moment(&self, time_zone: &TimeZone) -> Option<i64> {
        moment::read(value::Value::of(self), time_zone)
    }

    /// Whether nothing in it can be seen.
    pub fn is_blank(&self) -> bool {
        value::Value::of(self).is_empty()
    }
}

/// What a table leaves unsaid.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Where the wall clocks hang that the table's times were read from: the spreadsheet's time zone.
    pub time_zone: TimeZone,
    /// The limit of a row whose `rate_limit` is empty, in requests per minute; `None` is unlimited.
    pub default_limit: Option<u32>,
}

/// A keys table, read.
#[derive(Clone, Debug)]
pub struct Table {
    /// One record for each key, in the order of their first rows.
    pub records: Vec<Record>,
    /// What a person should repair, by row: the header's first, then from the top down.
    pub problems: Vec<Problem>,
}

impl Table {
    /// Reads `grid`, whose first row is row 1 of the sheet. Rows may differ in length.
    pub fn read(grid: &[Vec<Cell>], rules: &Rules) -> Result<Self, HeaderFault> {
        let header = Header::find(grid)?;
        let mut problems = header.problems();
        let mut records = Records::default();
        for (index, cells) in grid.iter().enumerate().skip(header.row + 1) {
            if let Some(row) = row::read(cells, index, &header, rules, &mut problems)
                && let Some(message) = records.add(&row.record)
            {
                let column = header.index(Column::ApiKey);
                problems.push(Problem::harmless(index, column, Column::ApiKey.name(), message));
            }
        }
        Ok(Self { records: records.all, problems })
    }
}

/// The records so far, each key once.
#[derive(Default)]
struct Records {
    all: Vec<Record>,
    of_key: HashMap<KeyHash, usize>,
}

impl Records {
    /// Adds a record, or folds it into the earlier one with the same key and says so.
    fn add(&mut self, record: &Record) -> Option<String> {
        match self.of_key.entry(record.key) {
            Entry::Vacant(place) => {
                place.insert(self.all.len());
                self.all.push(record.clone());
                None
            }
            Entry::Occupied(place) => Some(fold(&mut self.all[*place.get()], record)),
        }
    }
}

/// Folds `copy` into `first`. The client of the first row stays, unless that row names none.
fn fold(first: &mut Record, copy: &Record) -> String {
    let mut message =
        format!("the same key as in row {}; it is valid only while every copy is valid", first.row);
    if first.client.is_empty() {
        first.client.clone_from(&copy.client);
    } else if !copy.client.is_empty() && copy.client != first.client {
        message += ", and counts for the client of that row, since the names differ";
    }
    first.merge(copy);
    message
}
