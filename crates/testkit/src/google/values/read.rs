//! `values.get` and `values.batchGet`.

use serde_json::{Value, json};

use super::{Query, dimension, find, rendering, transposed};
use crate::google::a1;
use crate::google::bad::Bad;
use crate::google::book::area::{Area, Dimension};
use crate::google::book::render::Rendering;
use crate::google::book::{Book, Tab};

/// `GET /values/RANGE`.
pub(crate) fn get(book: &Book, range: &str, query: &Query) -> Result<Value, Bad> {
    let (how, by) = options(query)?;
    let found = find(book, range)?;
    Ok(value_range(&book.tabs[found.tab], &found.area, how, by))
}

/// `GET /values:batchGet?ranges=...&ranges=...`.
pub(crate) fn batch_get(book: &Book, id: &str, query: &Query) -> Result<Value, Bad> {
    let (how, by) = options(query)?;
    let read = |range: &str| {
        let found = find(book, range)?;
        Ok(value_range(&book.tabs[found.tab], &found.area, how, by))
    };
    let ranges = query.all("ranges").map(read).collect::<Result<Vec<_>, Bad>>()?;
    Ok(json!({ "spreadsheetId": id, "valueRanges": ranges }))
}

fn options(query: &Query) -> Result<(Rendering, Dimension), Bad> {
    let how = rendering(query.one("valueRenderOption"), query.one("dateTimeRenderOption"))?;
    Ok((how, dimension(query.one("majorDimension"), "major_dimension")?))
}

/// A `ValueRange`. Nothing in the range, no `values` (recorded).
pub(super) fn value_range(tab: &Tab, area: &Area, how: Rendering, by: Dimension) -> Value {
    let name = if by == Dimension::Rows { "ROWS" } else { "COLUMNS" };
    let mut answer = json!({ "range": a1::spell_area(&tab.title, area), "majorDimension": name });
    let lines = block(tab, area, how);
    let lines = match by {
        Dimension::Rows => lines,
        Dimension::Columns => {
            let columns = transposed(&lines, &json!(""));
            columns.into_iter().map(|column| trimmed(column, is_empty)).collect()
        }
    };
    if !lines.is_empty() {
        answer["values"] = Value::from_iter(lines);
    }
    answer
}

/// A block of rows: trailing empty cells and rows are dropped, an empty row inside is `[]`, an empty cell inside
/// is `""`.
pub(crate) fn block(tab: &Tab, area: &Area, how: Rendering) -> Vec<Vec<Value>> {
    let row = |row: usize| {
        let end = area.columns.end.min(tab.row(row).len());
        trimmed((area.columns.start..end).map(|column| how.render(tab, row, column)).collect(), is_empty)
    };
    let end = area.rows.end.min(tab.used().rows.end);
    trimmed((area.rows.start..end).map(row).collect(), Vec::is_empty)
}

fn is_empty(cell: &Value) -> bool {
    cell == ""
}

fn trimmed<T>(mut items: Vec<T>, empty: impl Fn(&T) -> bool) -> Vec<T> {
    let used = items.iter().rposition(|item| !empty(item)).map_or(0, |last| last + 1);
    items.truncate(used);
    items
}
