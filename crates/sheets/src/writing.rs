//! The calls that change a spreadsheet. What is written is never interpreted (`RAW`).
//!
//! A call that fails may have been applied all the same (recorded: a 503 after the write), so whoever repeats one must
//! have written absolute values, or read back first.

use serde_json::{Value as Json, json};

use crate::error::{Error, Service};
use crate::range::Range;
use crate::spreadsheet::{Call, Spreadsheet};
use crate::value::Value;
use crate::wire::{Appended, Changed, ValuesBatch, ValuesWritten, WrittenRange};

/// Cells to write, from a top left corner on. `None` leaves a cell alone, [`Value::Empty`] clears it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Where; only the start counts.
    pub at: Range,
    /// The rows, which may differ in length.
    pub rows: Vec<Vec<Option<Value>>>,
}

impl Spreadsheet {
    /// Writes blocks of cells in one request (`values:batchUpdate`): all of them, or none. Returns how many cells were
    /// written. It counts as one of the minute's writes, however many blocks there are.
    pub async fn write(&self, blocks: &[Block]) -> Result<u64, Error> {
        let data = blocks.iter().map(|block| WrittenRange {
            range: Range { end: block.at.start, ..block.at.clone() }.to_string(),
            major_dimension: "ROWS",
            values: &block.rows,
        });
        let batch = ValuesBatch { value_input_option: "RAW", data: data.collect() };
        let tab = blocks.first().map(|block| &*block.at.tab);
        let url = self.address("/values:batchUpdate");
        let answer = self.call(&Call::post("values.batchUpdate", tab, url, &[], body(&batch)?)).await?;
        answer.read().map(|written: ValuesWritten| written.total_updated_cells)
    }

    /// Adds a row after the last one of the tab's table, in rows of its own (`values.append`), and returns its place,
    /// from 0. Anchored at the first cell: over the whole tab, Google would begin in the column of whatever block of
    /// cells it takes for the table (recorded, gspread).
    pub async fn append(&self, tab: &str, row: &[Option<Value>]) -> Result<usize, Error> {
        let url = self.address(&format!("/values/{}:append", Range::cell(tab, 0, 0).in_path()));
        let options = &[("valueInputOption", "RAW"), ("insertDataOption", "INSERT_ROWS")];
        let values = json!({ "majorDimension": "ROWS", "values": [body(&row)?] });
        let answer = self.call(&Call::post("values.append", Some(tab), url, options, values)).await?;
        let Appended { updates } = answer.read()?;
        Range::first_row(&updates.updated_range)
            .ok_or(Error::Unreadable { service: Service::Sheets, status: answer.status })
    }

    /// Changes the spreadsheet itself: tabs, formats, rules (`spreadsheets.batchUpdate`). All of the requests are done, in
    /// order, or none. Each is in the API's own shape; so are the replies, one for each.
    pub async fn change(&self, requests: &[Json]) -> Result<Vec<Json>, Error> {
        let url = self.address(":batchUpdate");
        let requests = json!({ "requests": requests });
        let answer = self.call(&Call::post("spreadsheets.batchUpdate", None, url, &[], requests)).await?;
        answer.read().map(|changed: Changed| changed.replies)
    }
}

/// As JSON. A number that JSON cannot write (infinite, not a number) becomes null: its cell is left alone.
fn body(values: &impl serde::Serialize) -> Result<Json, Error> {
    serde_json::to_value(values).map_err(|_| Error::Refused { service: Service::Sheets, status: 400 })
}
