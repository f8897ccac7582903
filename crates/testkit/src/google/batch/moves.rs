//! Cells that move: copied, cut, sorted, merged.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Done, area, tab, writable};
use crate::google::book::area::{Area, index};
use crate::google::book::cell::Cell;
use crate::google::book::{Book, Tab};
use crate::google::protection;

/// Copies a block over another, as often as it fits, once at least. `PASTE_VALUES`, `PASTE_FORMAT` and
/// `PASTE_DATA_VALIDATION` take a part of each cell, every other type the whole.
pub(super) fn copy_paste(book: &mut Book, request: &Value) -> Done {
    let (from, source) = area(book, &request["source"])?;
    let (to, target) = area(book, &request["destination"])?;
    let times = |wanted: usize, size: usize| size * (wanted / size.max(1)).max(1);
    let height = times(target.rows.len(), source.rows.len());
    let width = times(target.columns.len(), source.columns.len());
    let target = Area::sized((target.rows.start, target.columns.start), height, width);
    let kind = request["pasteType"].as_str().unwrap_or("PASTE_NORMAL");
    let copies = copied(&book.tabs[from], &source);
    let tab = &mut book.tabs[to];
    protection::check(tab, &target)?;
    for (row, column) in target.cells() {
        let (down, right) = (row - target.rows.start, column - target.columns.start);
        let copy = &copies[down % source.rows.len() * source.columns.len() + right % source.columns.len()];
        let cell = tab.cell_mut(row, column);
        *cell = match kind {
            "PASTE_VALUES" => {
                let mut cell = cell.clone();
                cell.enter(copy.value.clone());
                cell
            }
            "PASTE_FORMAT" => {
                let (mut entered, mut own) = (copy.entered(), cell.entered());
                for stays in ["userEnteredValue", "dataValidation"] {
                    entered.remove(stays);
                    entered.extend(own.remove_entry(stays));
                }
                Cell::from_entered(entered)
            }
            "PASTE_DATA_VALIDATION" => {
                let mut cell = cell.clone();
                cell.set_validation(copy.entered().get("dataValidation"));
                cell
            }
            _ => copy.clone(),
        };
    }
    Ok(Value::Null)
}

pub(super) fn cut_paste(book: &mut Book, request: &Value) -> Done {
    let (from, source) = writable(book, &request["source"])?;
    let target = &request["destination"];
    let to = tab(book, &target["sheetId"])?;
    let corner = (index(&target["rowIndex"]).unwrap_or(0), index(&target["columnIndex"]).unwrap_or(0));
    let target = Area::sized(corner, source.rows.len(), source.columns.len());
    protection::check(&book.tabs[to], &target)?;
    let copies = copied(&book.tabs[from], &source);
    for (row, column) in source.cells() {
        *book.tabs[from].cell_mut(row, column) = Cell::default();
    }
    for ((row, column), cell) in target.cells().zip(copies) {
        *book.tabs[to].cell_mut(row, column) = cell;
    }
    Ok(Value::Null)
}

fn copied(tab: &Tab, area: &Area) -> Vec<Cell> {
    area.cells().map(|(row, column)| tab.cell(row, column).cloned().unwrap_or_default()).collect()
}

pub(super) fn sort(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    let specs = request["sortSpecs"].as_array().into_iter().flatten();
    let by: Vec<(usize, bool)> = specs
        .map(|spec| (index(&spec["dimensionIndex"]).unwrap_or(0), spec["sortOrder"] == "DESCENDING"))
        .collect();
    sort_rows(&mut book.tabs[place], &area, &by);
    Ok(Value::Null)
}

/// Sorts the rows of an area by columns of the tab, each descending or not. Empty cells come last in both orders.
pub(crate) fn sort_rows(tab: &mut Tab, area: &Area, by: &[(usize, bool)]) {
    // What lies below the cells is empty and stays there.
    let area = Area::new(
        area.rows.start..area.rows.end.min(tab.used().rows.end).max(area.rows.start),
        area.columns.clone(),
    );
    let mut rows: Vec<(usize, Vec<Value>)> = area
        .rows
        .clone()
        .map(|row| (row - area.rows.start, by.iter().map(|&(column, _)| tab.value(row, column)).collect()))
        .collect();
    rows.sort_by(|(_, left), (_, right)| {
        let compared = by.iter().zip(left.iter().zip(right)).map(|(&(_, descending), (left, right))| {
            let order = compare(left, right);
            if descending && !left.is_null() && !right.is_null() { order.reverse() } else { order }
        });
        compared.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    let order: Vec<usize> = rows.into_iter().map(|(row, _)| row).collect();
    tab.reorder(&area, &order);
}

/// Numbers before texts before booleans before nothing.
fn compare(left: &Value, right: &Value) -> Ordering {
    let kind = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        _ => 3,
    };
    kind(left).cmp(&kind(right)).then_with(|| match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().unwrap_or(0.0).total_cmp(&right.as_f64().unwrap_or(0.0))
        }
        (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => Ordering::Equal,
    })
}

/// Merges a block, or each of its rows or columns. Only the first cell of each keeps its value.
pub(super) fn merge(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    let tab = &mut book.tabs[place];
    let parts: Vec<Area> = match request["mergeType"].as_str().unwrap_or("MERGE_ALL") {
        "MERGE_ROWS" => area.rows.clone().map(|row| Area::new(row..row + 1, area.columns.clone())).collect(),
        "MERGE_COLUMNS" => {
            area.columns.clone().map(|column| Area::new(area.rows.clone(), column..column + 1)).collect()
        }
        _ => vec![area.clone()],
    };
    let (rows, columns) = (tab.rows, tab.columns);
    let old = |merge: &Value| Area::from_json(merge, rows, columns);
    if tab.objects("merges").iter().any(|merge| old(merge).meets(&area) && !area.holds(&old(merge))) {
        return Err("You must select all cells in a merged range to merge or unmerge them.".to_owned());
    }
    tab.objects_mut("merges").retain(|merge| !old(merge).meets(&area));
    for part in parts {
        for (row, column) in part.cells().skip(1) {
            if !tab.is_empty_at(row, column) {
                tab.cell_mut(row, column).enter(Value::Null);
            }
        }
        let id = tab.id;
        tab.objects_mut("merges").push(part.to_json(id));
    }
    Ok(Value::Null)
}

pub(super) fn unmerge(book: &mut Book, request: &Value) -> Done {
    let (place, area) = writable(book, &request["range"])?;
    let tab = &mut book.tabs[place];
    let (rows, columns) = (tab.rows, tab.columns);
    tab.objects_mut("merges").retain(|merge| !Area::from_json(merge, rows, columns).meets(&area));
    Ok(json!(null))
}
