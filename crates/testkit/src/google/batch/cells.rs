//! Cells: values, formats, notes, validation.

use serde_json::{Value, json};

use super::{Done, fields, tab, writable};
use crate::google::book::area::{Area, index};
use crate::google::book::cell::Cell;
use crate::google::book::{Book, Tab};
use crate::google::{mask, protection};

/// Changes a cell by what the mask names of a client's `CellData`.
fn change(tab: &mut Tab, place: (usize, usize), fields: &str, data: &Value) -> Result<(), String> {
    let mut entered = tab.cell(place.0, place.1).map(Cell::entered).unwrap_or_default();
    mask::merge(fields, data, &mut entered)?;
    *tab.cell_mut(place.0, place.1) = Cell::from_entered(entered);
    Ok(())
}

/// The same for every cell of the range. A formula's relative references are not moved along, as Google would.
pub(super) fn repeat(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    for cell in area.cells() {
        change(&mut book.tabs[place], cell, fields(request), &request["cell"])?;
    }
    Ok(Value::Null)
}

/// Rows at `start`, or over `range`, whose further cells lose what the mask names.
pub(super) fn update(book: &mut Book, request: &Value) -> Done {
    let rows = rows(&request["rows"]);
    let (place, area) = if request["range"].is_object() {
        writable(book, &request["range"])?
    } else {
        let start = &request["start"];
        let corner = (index(&start["rowIndex"]).unwrap_or(0), index(&start["columnIndex"]).unwrap_or(0));
        let place = tab(book, &start["sheetId"])?;
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let area = Area::sized(corner, rows.len(), width);
        writable(book, &area.to_json(book.tabs[place].id))?
    };
    let nothing = json!({});
    for (row, column) in area.cells() {
        let given = rows.get(row - area.rows.start).and_then(|cells| cells.get(column - area.columns.start));
        if request["range"].is_object() || given.is_some() {
            change(&mut book.tabs[place], (row, column), fields(request), given.unwrap_or(&nothing))?;
        }
    }
    Ok(Value::Null)
}

/// Rows below the last one that holds something.
pub(super) fn append(book: &mut Book, request: &Value) -> Done {
    let place = tab(book, &request["sheetId"])?;
    let rows = rows(&request["rows"]);
    let tab = &mut book.tabs[place];
    let filled = |row: &usize| tab.row(*row).iter().any(|cell| !cell.is_empty());
    let first = (0..tab.used().rows.end).rev().find(filled).map_or(0, |last| last + 1);
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    protection::check(tab, &Area::sized((first, 0), rows.len(), width))?;
    tab.resize(tab.rows.max(first + rows.len()), tab.columns.max(width));
    for (row, cells) in rows.iter().enumerate() {
        for (column, data) in cells.iter().enumerate() {
            change(tab, (first + row, column), fields(request), data)?;
        }
    }
    Ok(Value::Null)
}

fn rows(rows: &Value) -> Vec<Vec<Value>> {
    let cells = |row: &Value| row["values"].as_array().cloned().unwrap_or_default();
    rows.as_array().into_iter().flatten().map(cells).collect()
}

pub(super) fn set_validation(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    let rule = Some(&request["rule"]).filter(|rule| !rule.is_null());
    check_condition(rule.unwrap_or(&Value::Null))?;
    for (row, column) in area.cells() {
        book.tabs[place].cell_mut(row, column).set_validation(rule);
    }
    Ok(Value::Null)
}

/// How many values a condition takes, for those that we use.
fn check_condition(rule: &Value) -> Result<(), String> {
    let values = rule["condition"]["values"].as_array().map_or(0, Vec::len);
    let kind = rule["condition"]["type"].as_str().unwrap_or_default();
    let right = match kind {
        "DATE_IS_VALID" | "BLANK" | "NOT_BLANK" | "TEXT_IS_EMAIL" => values == 0,
        "BOOLEAN" => values <= 2,
        "ONE_OF_LIST" => values >= 1,
        "CUSTOM_FORMULA" | "ONE_OF_RANGE" => values == 1,
        _ => true,
    };
    if right {
        Ok(())
    } else {
        Err(format!("ConditionType '{kind}' does not take {values} ConditionValues."))
    }
}

pub(super) fn update_borders(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    for (row, column) in area.cells() {
        for (side, inner, edge) in [
            ("top", "innerHorizontal", row == area.rows.start),
            ("bottom", "innerHorizontal", row + 1 == area.rows.end),
            ("left", "innerVertical", column == area.columns.start),
            ("right", "innerVertical", column + 1 == area.columns.end),
        ] {
            let border = &request[if edge { side } else { inner }];
            if !border.is_null() {
                let data = json!({ "userEnteredFormat": { "borders": { side: border } } });
                let path = format!("userEnteredFormat.borders.{side}");
                change(&mut book.tabs[place], (row, column), &path, &data)?;
            }
        }
    }
    Ok(Value::Null)
}
