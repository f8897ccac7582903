//! The requests that change a tab, in the API's own shape (discovery document, `spreadsheets.batchUpdate`).
//!
//! All cells of a command go in one such call, which is done whole or not at all. They are typed values (`stringValue`,
//! `numberValue`, `boolValue`), which Google does not interpret, as with `RAW`: a name that begins with `=` stays text, a
//! checkbox stays one. A new row is inserted and filled by one call, right below the last key: it cannot overwrite
//! anything, and lands among the keys even where boxes were filled in further down, which `values.append` would take
//! for a part of the table (node-google-spreadsheet #452).

use anyhow::ensure;
use gate::{Cell, Column};
use serde_json::{Value as Json, json};

use super::google::Look;
use super::{Change, NewRow, cells, index};

impl Look {
    /// A row of its own with its cells, right below the last key; see [`dress`](Self::dress) for the first of all.
    pub(super) fn add_row(&self, row: &NewRow) -> Vec<Json> {
        if self.is_first() {
            return vec![self.append(row)];
        }
        // Formats and boxes come from the row above: the last key's, or a row that was prepared for one. An inserted row
        // inherits formats; of boxes the documentation says nothing.
        let above = self.seen.listing.rows.last().map_or(self.seen.listing.header_row() + 1, index);
        let at = above + 1;
        let range =
            json!({ "sheetId": self.tab.id, "dimension": "ROWS", "startIndex": at, "endIndex": at + 1 });
        let mut requests = vec![json!({ "insertDimension": { "range": range, "inheritFromBefore": true } })];
        let row_at =
            |at: usize| json!({ "sheetId": self.tab.id, "startRowIndex": at, "endRowIndex": at + 1 });
        for kind in ["PASTE_FORMAT", "PASTE_DATA_VALIDATION"] {
            let (source, destination) = (row_at(above), row_at(at));
            requests.push(json!({ "copyPaste": {
                "source": source, "destination": destination, "pasteType": kind
            } }));
        }
        let filled = row.cells.iter().enumerate().filter(|(_, cell)| **cell != Cell::Empty);
        requests.extend(filled.map(|(column, cell)| {
            let dressed = matches!(self.seen.at(above, column), Cell::Number(_));
            self.cells_below(at, column, &[cell], self.is_date(column, cell) && !dressed)
        }));
        requests
    }

    /// Whether nothing stands below the header yet.
    fn is_first(&self) -> bool {
        let below = self.seen.grid.iter().skip(self.seen.listing.header_row() + 1);
        below.flatten().all(|cell| *cell == Cell::Empty)
    }

    /// The first row goes where Google finds the first free one (`appendCells`), in one step as well. A row inserted right
    /// below the header would stand outside of the formats, boxes and colours that begin there.
    fn append(&self, row: &NewRow) -> Json {
        let data = |cell: &Cell| value(cell).map_or(json!({}), |value| json!({ "userEnteredValue": value }));
        let values: Vec<Json> = row.cells.iter().map(data).collect();
        let rows = json!([{ "values": values }]);
        json!({ "appendCells": { "sheetId": self.tab.id, "rows": rows, "fields": "userEnteredValue" } })
    }

    /// Makes the dates of a first row look like dates, once it is known where it stands. Empty for any other.
    pub(super) fn dress(&self, row: &NewRow, at: usize) -> Vec<Json> {
        let dates = row.cells.iter().enumerate().filter(|(column, cell)| self.is_date(*column, cell));
        let dressed = dates.map(|(column, cell)| {
            let mut request = self.cells_below(at, column, &[cell], true);
            request["updateCells"]["fields"] = json!("userEnteredFormat.numberFormat");
            request
        });
        if self.is_first() { dressed.collect() } else { Vec::new() }
    }

    /// The cells of changes; those of neighbouring rows in one request.
    pub(super) fn update_cells(&self, changes: &[Change]) -> Vec<Json> {
        let mut cells: Vec<(usize, usize, bool, &Cell)> = Vec::new();
        for change in changes {
            for (column, cell) in &change.cells {
                let date_already = matches!(self.seen.at(change.row, *column), Cell::Number(_));
                cells.push((*column, change.row, self.is_date(*column, cell) && !date_already, cell));
            }
        }
        cells.sort_by_key(|(column, row, ..)| (*column, *row));
        let neighbours = |one: &(usize, usize, bool, &Cell), next: &(usize, usize, bool, &Cell)| {
            (one.0, one.1 + 1, one.2) == (next.0, next.1, next.2)
        };
        let runs = cells.chunk_by(neighbours).map(|run| {
            let (column, row, format, _) = run[0];
            let cells: Vec<&Cell> = run.iter().map(|(.., cell)| *cell).collect();
            self.cells_below(row, column, &cells, format)
        });
        runs.collect()
    }

    /// Cells below each other in one column; `format` makes them look like the dates they are.
    fn cells_below(&self, row: usize, column: usize, cells: &[&Cell], format: bool) -> Json {
        let dress = json!({ "numberFormat": { "type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss" } });
        let rows: Vec<Json> = cells
            .iter()
            .map(|cell| {
                let mut data = json!({});
                if let Some(value) = value(cell) {
                    data["userEnteredValue"] = value;
                }
                if format {
                    data["userEnteredFormat"] = dress.clone();
                }
                json!({ "values": [data] })
            })
            .collect();
        let fields =
            if format { "userEnteredValue,userEnteredFormat.numberFormat" } else { "userEnteredValue" };
        let start = json!({ "sheetId": self.tab.id, "rowIndex": row, "columnIndex": column });
        json!({ "updateCells": { "rows": rows, "fields": fields, "start": start } })
    }

    fn is_date(&self, column: usize, cell: &Cell) -> bool {
        let moments = [Column::CreatedAt, Column::ExpiresAt, Column::RevokedAt];
        let is_moment = moments.iter().any(|moment| self.seen.listing.place(*moment) == Some(column));
        is_moment && matches!(cell, Cell::Number(_))
    }

    /// Whether a row that was added reads as it was written.
    pub(super) fn check_new(&self, row: &NewRow, index: usize) -> anyhow::Result<()> {
        let read = Column::ALL.iter().filter_map(|column| self.seen.listing.place(*column));
        let as_written = read.into_iter().all(|place| {
            let written = row.cells.get(place).unwrap_or(&Cell::Empty);
            written == &Cell::Empty || cells::same(written, self.seen.at(index, place))
        });
        ensure!(
            as_written,
            "row {} was added, and reads otherwise than it was written; look at it",
            index + 1
        );
        Ok(())
    }
}

/// As the API takes it (`ExtendedValue`); nothing for an empty cell, which clears it.
fn value(cell: &Cell) -> Option<Json> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) => Some(json!({ "stringValue": text })),
        Cell::Number(number) => Some(json!({ "numberValue": number })),
        Cell::Bool(boolean) => Some(json!({ "boolValue": boolean })),
    }
}
