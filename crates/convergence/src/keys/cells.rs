//! The cells of a tab, read whole: at once where it is small, by ranges of rows where it is not.

use gate::Cell;
use sheets::{Error, Range, Spreadsheet, Tab, Value};

/// The rows of one request. The JSON of so many keys is some 4 MB, and Google advises no more than 2 MB compressed.
const ROWS: usize = 20_000;

/// How often a tab is read that is edited meanwhile.
const TRIES: usize = 3;

/// Where every try found the tab edited.
pub(crate) const MOVING: &str = "the tab was edited each time while it was read; it is tried again";

/// How many requests it takes to read a tab of this many rows.
pub(crate) fn requests(rows: usize) -> usize {
    // A tab of several ranges is looked at once more, to see whether it has grown meanwhile.
    match rows.div_ceil(ROWS) {
        0 | 1 => 1,
        ranges => ranges + 1,
    }
}

/// Reads a tab, as large as it was just said to be; `None` if it was edited meanwhile again and again.
///
/// Each range's JSON is dropped before the next is asked for, so that no more than one is held beside the cells. What
/// this costs: a range is read some moments after the one before it, and rows that a person inserts, deletes or sorts
/// in between move across the boundary, so that one would be missing or come twice. Therefore each range begins with the
/// last row of the one before, which must be the same, and the tab must have as many rows at the end as in the beginning.
/// What that does not see - a sort that leaves just the rows at the boundaries in place - the next refresh repairs.
pub(crate) async fn cells(spreadsheet: &Spreadsheet, tab: &Tab) -> Result<Option<Vec<Vec<Cell>>>, Error> {
    if tab.rows <= ROWS {
        let values = spreadsheet.values(&tab.title).await?;
        return Ok(Some(values.into_iter().map(row).collect()));
    }
    let mut rows = tab.rows;
    for _ in 0..TRIES {
        let grid = match by_ranges(spreadsheet, &tab.title, rows).await {
            // Rows were deleted, and the last range began below the end.
            Err(Error::OutsideGrid) => None,
            read => read?,
        };
        let now = spreadsheet.properties().await?.tabs.into_iter().find(|now| now.id == tab.id);
        let now = now.ok_or_else(|| Error::TabMissing { tab: tab.title.clone() })?.rows;
        match grid {
            Some(grid) if now == rows => return Ok(Some(grid)),
            _ => rows = now,
        }
    }
    Ok(None)
}

/// `None` if two ranges do not fit together.
async fn by_ranges(
    spreadsheet: &Spreadsheet,
    title: &str,
    rows: usize,
) -> Result<Option<Vec<Vec<Cell>>>, Error> {
    let mut grid: Vec<Vec<Cell>> = Vec::new();
    for first in (0..rows).step_by(ROWS) {
        let seam = first.saturating_sub(1);
        let last = (first + ROWS).min(rows) - 1;
        let mut range = spreadsheet.values_in(&Range::rows(title, seam, last)).await?.into_iter().map(row);
        // Google leaves out empty rows at the end of a range, which are rows all the same.
        grid.resize_with(first, Vec::new);
        if first > 0 && range.next().unwrap_or_default() != grid[seam] {
            return Ok(None);
        }
        grid.extend(range);
    }
    Ok(Some(grid))
}

fn row(values: Vec<Value>) -> Vec<Cell> {
    values.into_iter().map(cell).collect()
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Empty => Cell::Empty,
        Value::Text(text) => Cell::Text(text),
        Value::Number(number) => Cell::Number(number),
        Value::Bool(boolean) => Cell::Bool(boolean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p19_a_small_tab_takes_one_read() {
        assert_eq!([0, 1, 1_000, ROWS].map(requests), [1; 4]);
        assert_eq!([ROWS + 1, 100_000].map(requests), [3, 6]);
    }
}
