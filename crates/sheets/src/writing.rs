//! The calls that change a spreadsheet. What is written is never interpreted (`RAW`).
//!
//! A call that fails may have been applied all the same (recorded: a 503 after the write), so whoever repeats one must
//! have written absolute values, or read back first.

use serde_json::{Value as Json, json};

use crate::error::{Error, Service};
use crate::range::Range;
use crate::spreadsheet::{Call, Spreadsheet};
use crate::value::Value;
use crate::wire::{Changed, RangeWritten, ValuesBatch, ValuesWritten, WrittenRange};

/// Cells to write, from a top left corner on. `None` leaves a cell alone, [`Value::Empty`] clears it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Where. Only the start counts, but for [`Spreadsheet::write_and_see`].
    pub at: Range,
    /// The rows, which may differ in length.
    pub rows: Vec<Vec<Option<Value>>>,
}

impl Spreadsheet {
    /// Writes blocks of cells in one request (`values:batchUpdate`): all of them, or none. Returns how many cells were
    /// written. It counts as one of the minute's writes, however many blocks there are.
    pub async fn write(&self, blocks: &[Block]) -> Result<u64, Error> {
        let at = |block: &Block| Range { end: block.at.start, ..block.at.clone() };
        let written = self.write_batch(blocks, at, None).await?;
        Ok(written.total_updated_cells)
    }

    /// The same, and returns what stands in each block after it, cells that were left alone included, as
    /// [`values_in`](Self::values_in) does: nobody has changed anything between the write and this look. Each block's
    /// range has to be as large as its rows.
    pub async fn write_and_see(&self, blocks: &[Block]) -> Result<Vec<Vec<Vec<Value>>>, Error> {
        let written = self.write_batch(blocks, |block| block.at.clone(), Some(true)).await?;
        let seen = |response: RangeWritten| response.updated_data.map(|data| data.values);
        let seen: Option<Vec<_>> = written.responses.into_iter().map(seen).collect();
        // It was written. Whoever looks at this error reads again before the next write, and sees that.
        seen.filter(|seen| seen.len() == blocks.len())
            .ok_or(Error::Unreadable { service: Service::Sheets, status: 200 })
    }

    async fn write_batch(
        &self,
        blocks: &[Block],
        at: impl Fn(&Block) -> Range,
        see: Option<bool>,
    ) -> Result<ValuesWritten, Error> {
        let data = blocks.iter().map(|block| WrittenRange {
            range: at(block).to_string(),
            major_dimension: "ROWS",
            values: &block.rows,
        });
        let batch = ValuesBatch {
            value_input_option: "RAW",
            data: data.collect(),
            include_values_in_response: see,
            response_value_render_option: see.map(|_| "UNFORMATTED_VALUE"),
            response_date_time_render_option: see.map(|_| "SERIAL_NUMBER"),
        };
        let tab = blocks.first().map(|block| &*block.at.tab);
        let url = self.address("/values:batchUpdate");
        let answer = self.call(&Call::post("values.batchUpdate", tab, url, body(&batch)?)).await?;
        answer.read()
    }

    /// Changes the spreadsheet itself: tabs, formats, rules (`spreadsheets.batchUpdate`). All of the requests are done, in
    /// order, or none. Each is in the API's own shape; so are the replies, one for each.
    pub async fn change(&self, requests: &[Json]) -> Result<Vec<Json>, Error> {
        let url = self.address(":batchUpdate");
        let requests = json!({ "requests": requests });
        let answer = self.call(&Call::post("spreadsheets.batchUpdate", None, url, requests)).await?;
        answer.read().map(|changed: Changed| changed.replies)
    }
}

/// As JSON. A number that JSON cannot write (infinite, not a number) becomes null: its cell is left alone.
fn body(values: &impl serde::Serialize) -> Result<Json, Error> {
    serde_json::to_value(values).map_err(|_| Error::Refused { service: Service::Sheets, status: 400 })
}
