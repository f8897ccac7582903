//! `values.append`: finds the table in a range and writes below it.
//!
//! A table is a block of cells that are not empty, bordered by empty ones. The range is only searched for it; the
//! last one in the range counts, and the new row begins at *its* first column, wherever that is (recorded).

use serde_json::{Value, json};

use super::read::value_range;
use super::write::{Plan, apply, input, lines};
use super::{Query, dimension, find, rendering};
use crate::google::a1;
use crate::google::bad::Bad;
use crate::google::book::area::{Area, Dimension};
use crate::google::book::{Book, Tab, check_size};
use crate::google::protection;

/// `POST /values/RANGE:append`.
pub(crate) fn append(
    book: &mut Book,
    id: &str,
    range: &str,
    query: &Query,
    body: &Value,
) -> Result<Value, Bad> {
    let input = input(query.one("valueInputOption"))?;
    let how = rendering(query.one("responseValueRenderOption"), query.one("responseDateTimeRenderOption"))?;
    let by = dimension(body["majorDimension"].as_str(), "data.major_dimension")?;
    let insert = match query.one("insertDataOption") {
        None | Some("OVERWRITE") => false,
        Some("INSERT_ROWS") => true,
        Some(other) => return Err(Bad::word("insert_data_option", "InsertDataOption", other)),
    };
    let rows = lines(body, "data.values", by)?;
    let found = find(book, range)?;
    let table = table(&book.tabs[found.tab], &found.area);
    let corner = match &table {
        Some(table) => (table.rows.end, table.columns.start),
        None => (found.area.rows.start, found.area.columns.start),
    };
    let plan = Plan::at(found.tab, corner, found.area, rows);
    let tab = &book.tabs[plan.tab];
    protection::check(tab, &plan.written)?;
    let height = plan.written.rows.len();
    let inserted = if insert && table.is_some() { height.min(tab.rows - corner.0.min(tab.rows)) } else { 0 };
    let rows = (tab.rows + inserted).max(plan.written.rows.end);
    let columns = tab.columns.max(plan.written.columns.end);
    check_size(book.size() - tab.rows * tab.columns + rows * columns)?;

    let tab = &mut book.tabs[plan.tab];
    if inserted > 0 {
        tab.insert(Dimension::Rows, corner.0, inserted);
    }
    tab.resize(rows, columns);
    let mut updates = apply(book, id, &plan, input);
    let tab = &book.tabs[plan.tab];
    if query.says("includeValuesInResponse") {
        updates["updatedData"] = value_range(tab, &plan.written, how, by);
    }
    let mut answer = json!({ "spreadsheetId": id, "updates": updates });
    if let Some(table) = table {
        answer["tableRange"] = json!(a1::spell_area(&tab.title, &table));
    }
    Ok(answer)
}

/// The last table in an area: the block around the last cell that is not empty, grown while any cell that touches
/// it is not empty either.
fn table(tab: &Tab, area: &Area) -> Option<Area> {
    let used = tab.used();
    let filled = |row: usize, column: usize| !tab.is_empty_at(row, column);
    let columns = area.columns.start..area.columns.end.min(used.columns.end);
    let last_of =
        |row: usize| columns.clone().rev().find(|&column| filled(row, column)).map(|column| (row, column));
    let (row, column) = (area.rows.start..area.rows.end.min(used.rows.end)).rev().find_map(last_of)?;

    let mut block = Area::sized((row, column), 1, 1);
    loop {
        let before = block.clone();
        let around = |block: &Area| {
            let left = block.columns.start.saturating_sub(1);
            (left..(block.columns.end + 1), block.rows.start.saturating_sub(1)..block.rows.end + 1)
        };
        while block.rows.start > 0 && around(&block).0.any(|column| filled(block.rows.start - 1, column)) {
            block.rows.start -= 1;
        }
        while around(&block).0.any(|column| filled(block.rows.end, column)) {
            block.rows.end += 1;
        }
        while block.columns.start > 0 && around(&block).1.any(|row| filled(row, block.columns.start - 1)) {
            block.columns.start -= 1;
        }
        while around(&block).1.any(|row| filled(row, block.columns.end)) {
            block.columns.end += 1;
        }
        if block == before {
            return Some(block);
        }
    }
}
