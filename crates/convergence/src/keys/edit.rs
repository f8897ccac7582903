//! A keys table that is changed: looked at, its row verified, written, and looked at again.
//!
//! Neither source has a write that depends on what is there, so a change is: look, let the caller decide, look again and
//! compare, write only the cells that change, read back and compare. What cannot be told apart is an error, never a
//! write to somebody else's row.

mod cells;
mod csv;
mod google;
mod landing;
mod requests;
mod spans;

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use gate::{Cell, Column, KeyHash, Listing, Row, Rules, Table};
use jiff::tz::TimeZone;

use self::csv::CsvTable;
use self::google::GoogleTable;
use super::cells::Heard;
use super::{Rows, SourceError};
use crate::clock::Clock;
use crate::config::{Keys, Source};

/// The table as it stood at one moment.
pub(crate) struct Seen {
    pub(crate) grid: Vec<Vec<Cell>>,
    pub(crate) listing: Listing,
    pub(crate) rules: Rules,
}

/// Cells of one row that are to change.
pub(crate) struct Change {
    /// Whose row it is.
    pub(crate) key: KeyHash,
    /// The row's index in the grid.
    pub(crate) row: usize,
    /// Column indices and what is to stand there; [`Cell::Empty`] clears.
    pub(crate) cells: Vec<(usize, Cell)>,
}

/// One of the two sources, to be changed.
pub(crate) enum KeysTable {
    File(CsvTable),
    Google(Box<GoogleTable>),
}

impl KeysTable {
    /// Makes ready; nothing is read yet.
    ///
    /// # Errors
    /// No source is configured, or the credentials are no good.
    pub(crate) async fn open(keys: &Keys, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        match &keys.source {
            Source::File { path, time_zone } => {
                Ok(Self::File(CsvTable::new(path.clone(), time_zone.clone(), keys.default_limit)))
            }
            Source::Google(sheet) => {
                let table = GoogleTable::open(sheet.clone(), keys.default_limit, clock).await?;
                Ok(Self::Google(Box::new(table)))
            }
            Source::Missing(why) => bail!(
                "there are no keys to manage: {why}; set KEYS_FILE, or GOOGLE_CREDENTIALS_PATH and GOOGLE_SHEET_ID"
            ),
        }
    }

    /// Reads all of it.
    pub(crate) async fn look(&self) -> anyhow::Result<Seen> {
        self.look_heard(&|_, _| ()).await
    }

    /// The same, and says how far it is where that takes long.
    pub(crate) async fn look_heard(&self, heard: Heard<'_>) -> anyhow::Result<Seen> {
        match self {
            Self::File(table) => table.look(),
            Self::Google(table) => table.look_heard(heard).await.map(|look| look.seen),
        }
    }

    /// Changes cells of rows that still are as they were `seen`, all in one write, and reads them back.
    pub(crate) async fn change(&self, seen: &Seen, changes: &[Change]) -> anyhow::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        match self {
            Self::File(table) => table.change(seen, changes),
            Self::Google(table) => table.change(seen, changes).await,
        }
    }

    /// Adds a row that holds a new key, reads it back, and returns the numbers of the rows that hold the key now: one,
    /// or two where a write that seemed lost came after all.
    pub(crate) async fn add(&self, key: KeyHash, row: &NewRow) -> anyhow::Result<Vec<u32>> {
        match self {
            Self::File(table) => table.add(key, row),
            Self::Google(table) => table.add(key, row).await,
        }
    }

    /// A moment as this source holds it; see [`cells`].
    pub(crate) fn moment(&self, unix: i64, zone: &TimeZone) -> Cell {
        match self {
            Self::File(_) => cells::text_moment(unix, zone),
            Self::Google(_) => cells::serial_moment(unix, zone),
        }
    }
}

/// A row yet to be written: by column where the table knows it, by index where a row is copied.
pub(crate) struct NewRow {
    /// From the first column on.
    pub(crate) cells: Vec<Cell>,
}

impl NewRow {
    /// Puts a cell in a column, which the table must have.
    ///
    /// # Errors
    /// It has not; the words say which header to add.
    pub(crate) fn put(&mut self, seen: &Seen, column: Column, cell: Cell) -> anyhow::Result<()> {
        let place = seen.column(column)?;
        if self.cells.len() <= place {
            self.cells.resize(place + 1, Cell::Empty);
        }
        self.cells[place] = cell;
        Ok(())
    }
}

impl Seen {
    /// # Errors
    /// There is no usable header.
    fn of(rows: Rows, default_limit: Option<u32>) -> anyhow::Result<Self> {
        let rules = Rules { time_zone: rows.time_zone, default_limit };
        let listing = Listing::read(&rows.grid, &rules).context(
            "the keys table has no usable header; put the named columns in one of its first ten rows",
        )?;
        Ok(Self { grid: rows.grid, listing, rules })
    }

    /// The decision's view of it, and everything that is wrong with it.
    pub(crate) fn table(&self) -> anyhow::Result<Table> {
        Ok(Table::read(&self.grid, &self.rules)?)
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// Nowhere.
    pub(crate) fn column(&self, column: Column) -> anyhow::Result<usize> {
        let name = column.name();
        self.listing.place(column).with_context(|| {
            format!("the table has no column {name}; add a header cell {name} and run this again")
        })
    }

    /// The rows that hold a key, from the top down.
    pub(crate) fn rows_of(&self, key: KeyHash) -> Vec<&Row> {
        self.listing.rows.iter().filter(|row| row.record.key == key).collect()
    }

    /// The cells of a row, by its index.
    pub(crate) fn cells(&self, row: usize) -> &[Cell] {
        self.grid.get(row).map(Vec::as_slice).unwrap_or_default()
    }

    /// The cell of a column in a row, by the row's index.
    pub(crate) fn cell(&self, row: usize, column: Column) -> &Cell {
        self.listing.cell(column, self.cells(row))
    }

    /// What tells a row from others: its cells in the columns that are read, without those that change. Other columns
    /// may hold formulas, which change by themselves.
    fn identity(&self, row: usize, without: &[(usize, Cell)]) -> Vec<&Cell> {
        let places = Column::ALL.iter().filter_map(|column| self.listing.place(*column));
        let kept = places.filter(|place| without.iter().all(|(changed, _)| changed != place));
        kept.map(|place| self.at(row, place)).collect()
    }

    fn at(&self, row: usize, column: usize) -> &Cell {
        self.cells(row).get(column).unwrap_or(&Cell::Empty)
    }

    /// Whether the header stands where it stood in `other`, with the same columns.
    fn same_columns(&self, other: &Self) -> bool {
        let places = |seen: &Self| Column::ALL.map(|column| seen.listing.place(column));
        self.listing.header_row() == other.listing.header_row() && places(self) == places(other)
    }

    /// Whether the rows to be changed still are what they were when they were `seen`.
    ///
    /// # Errors
    /// One has moved or is another now. Nothing has been written then.
    fn verify(&self, seen: &Self, changes: &[Change]) -> anyhow::Result<()> {
        ensure!(
            self.same_columns(seen),
            "the table's columns have changed meanwhile; nothing was written; run this again"
        );
        for Change { key, row, .. } in changes {
            let fingerprint = key.fingerprint();
            let same = cells::equal(&self.identity(*row, &[]), &seen.identity(*row, &[]));
            ensure!(
                same,
                "row {} with key {fingerprint} has moved or changed meanwhile; nothing was written; run this again",
                row + 1
            );
        }
        Ok(())
    }
}

/// The index of a row in the grid, by what its record says.
pub(crate) fn index(row: &Row) -> usize {
    usize::try_from(row.record.row).unwrap_or(usize::MAX).saturating_sub(1)
}

/// What the operator is told of a source that cannot be read.
fn told(error: SourceError) -> anyhow::Error {
    anyhow::anyhow!(error.detail)
}

#[cfg(test)]
mod tests;
