//! Reads a keys table: a plain grid of cells in, [`Record`]s and [`Problem`]s out.
//!
//! A bad cell never opens a door, and one bad row never loses the others: where a cell that matters cannot be read,
//! the row becomes a record that is known and refused (`readable` is false), and the problem says where.
//! Only a header without the required columns fails the table as a whole.

mod header;
mod key;
mod limit;
mod list;
mod listing;
mod minutes;
mod moment;
mod problem;
mod row;
mod text;
mod value;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use jiff::tz::TimeZone;

use self::header::{Header, SEARCHED_ROWS};
use crate::{Record, Restrictions};

pub use self::header::{Column, HeaderFault, Layout};
pub use self::limit::LARGEST_QUOTA;
pub use self::listing::Listing;
pub use self::minutes::LARGEST_AUDIO_MINUTES;
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
    /// Where the wall clocks hang that its times were read from, and by which its days and months begin.
    pub time_zone: TimeZone,
}

impl Table {
    /// Reads `grid`, whose first row is row 1 of the sheet. Rows may differ in length.
    pub fn read(grid: &[Vec<Cell>], rules: &Rules) -> Result<Self, HeaderFault> {
        let mut reader = TableReader::new(rules);
        for cells in grid {
            reader.row(cells);
        }
        reader.finish()
    }
}

/// Reads a table row by row, for a caller who does not want to hold all of its cells at once.
pub struct TableReader<'a> {
    rules: &'a Rules,
    /// How many rows have come.
    rows: usize,
    /// The first rows, until it is known which of them is the header.
    top: Vec<Vec<Cell>>,
    /// The header, or why there is none; `None` while `top` fills.
    header: Option<Result<Header, HeaderFault>>,
    records: Records,
    kinds: Kinds,
    problems: Vec<Problem>,
}

impl<'a> TableReader<'a> {
    /// A reader that has seen no row yet.
    pub fn new(rules: &'a Rules) -> Self {
        let (top, records, kinds, problems) = Default::default();
        Self { rules, rows: 0, top, header: None, records, kinds, problems }
    }

    /// Reads the next row.
    pub fn row(&mut self, cells: &[Cell]) {
        let index = self.rows;
        self.rows += 1;
        match &mut self.header {
            Some(Ok(_)) => self.record(index, cells),
            Some(Err(fault)) => fault.below(cells),
            None => {
                self.top.push(cells.to_vec());
                if self.top.len() == SEARCHED_ROWS {
                    self.find_header();
                }
            }
        }
    }

    /// The table, once every row has come.
    pub fn finish(mut self) -> Result<Table, HeaderFault> {
        if self.header.is_none() {
            self.find_header();
        }
        match self.header {
            Some(Err(fault)) => Err(fault),
            _ => Ok(Table {
                records: self.records.all,
                problems: self.problems,
                time_zone: self.rules.time_zone.clone(),
            }),
        }
    }

    fn find_header(&mut self) {
        let top = std::mem::take(&mut self.top);
        let header = Header::find(&top);
        let first = header.as_ref().map_or(top.len(), |header| header.row + 1);
        if let Ok(header) = &header {
            self.problems = header.problems();
        }
        self.header = Some(header);
        top.iter().enumerate().skip(first).for_each(|(index, cells)| self.record(index, cells));
    }

    fn record(&mut self, index: usize, cells: &[Cell]) {
        let Some(Ok(header)) = &self.header else { return };
        if let Some(row) = row::read(cells, index, header, self.rules, &mut self.problems)
            && let Some(message) = self.records.add(self.kinds.share(row.record))
        {
            let column = header.index(Column::ApiKey);
            self.problems.push(Problem::harmless(index, column, Column::ApiKey.name(), message));
        }
    }
}

/// The restrictions so far: a million rows tend to have a handful of kinds.
#[derive(Default)]
struct Kinds(HashSet<Arc<Restrictions>>);

impl Kinds {
    /// The record, with the restrictions of an earlier one if they say the same.
    fn share(&mut self, mut record: Record) -> Record {
        if let Some(restrictions) = &mut record.restrictions {
            match self.0.get(restrictions) {
                Some(known) => *restrictions = Arc::clone(known),
                None => drop(self.0.insert(Arc::clone(restrictions))),
            }
        }
        record
    }
}

/// The records so far, each key once.
#[derive(Default)]
struct Records {
    all: Vec<Record>,
    /// Their places, by the leading bits of their keys' hashes, which are evenly spread as they are.
    places: HashTable<u32>,
}

impl Records {
    /// Adds a record, or folds it into the earlier one with the same key and says so.
    fn add(&mut self, record: Record) -> Option<String> {
        let Self { all, places } = self;
        let at = |place: &u32| usize::try_from(*place).unwrap_or(usize::MAX);
        let same = |place: &u32| all[at(place)].key == record.key;
        match places.entry(record.key.leading(), same, |place| all[at(place)].key.leading()) {
            Entry::Vacant(vacant) => {
                // A sheet has ten million cells at most, and a file's rows are numbered by a u32 too.
                vacant.insert(u32::try_from(all.len()).unwrap_or(u32::MAX));
                all.push(record);
                None
            }
            Entry::Occupied(occupied) => Some(fold(&mut all[at(occupied.get())], &record)),
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
