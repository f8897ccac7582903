//! Rows and columns: put in, taken out, moved, hidden, grouped.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::{Done, fields, tab};
use crate::google::book::area::{Area, Dimension, index};
use crate::google::book::{Book, Tab, check_size};
use crate::google::{mask, protection};

/// The tab, the direction and the lines of a `DimensionRange`.
fn lines(book: &Book, range: &Value) -> Result<(usize, Dimension, Range<usize>), String> {
    let place = tab(book, &range["sheetId"])?;
    let dimension = dimension(&range["dimension"])?;
    let start = index(&range["startIndex"]).unwrap_or(0);
    let end = index(&range["endIndex"]).unwrap_or(book.tabs[place].size(dimension));
    if start >= end {
        return Err("endIndex must be greater than startIndex.".to_owned());
    }
    Ok((place, dimension, start..end))
}

fn dimension(name: &Value) -> Result<Dimension, String> {
    let name = name.as_str().unwrap_or("DIMENSION_UNSPECIFIED");
    Dimension::named(name).ok_or_else(|| format!("Invalid dimension: {name}"))
}

fn as_area(tab: &Tab, dimension: Dimension, lines: Range<usize>) -> Area {
    match dimension {
        Dimension::Rows => Area::new(lines, 0..tab.columns),
        Dimension::Columns => Area::new(0..tab.rows, lines),
    }
}

fn check_room(book: &Book, tab: &Tab, dimension: Dimension, more: usize) -> Result<(), String> {
    let across = if dimension == Dimension::Rows { tab.columns } else { tab.rows };
    check_size(book.size() + more * across)
}

pub(super) fn append(book: &mut Book, request: &Value) -> Done {
    let (place, dimension) = (tab(book, &request["sheetId"])?, dimension(&request["dimension"])?);
    let length = index(&request["length"]).unwrap_or(0);
    check_room(book, &book.tabs[place], dimension, length)?;
    let tab = &mut book.tabs[place];
    match dimension {
        Dimension::Rows => tab.rows += length,
        Dimension::Columns => tab.columns += length,
    }
    Ok(Value::Null)
}

pub(super) fn insert(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["range"])?;
    let size = book.tabs[place].size(dimension);
    if lines.start > size {
        return Err(format!("range.startIndex must be at most {size}."));
    }
    check_room(book, &book.tabs[place], dimension, lines.len())?;
    book.tabs[place].insert(dimension, lines.start, lines.len());
    Ok(Value::Null)
}

pub(super) fn delete(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["range"])?;
    let tab = &mut book.tabs[place];
    let (size, name, frozen) = match dimension {
        Dimension::Rows => (tab.rows, "rows", "frozenRowCount"),
        Dimension::Columns => (tab.columns, "columns", "frozenColumnCount"),
    };
    if lines.start >= size {
        return Err(format!(
            "Cannot delete a {} that doesn't exist. Tried to delete {} index {} but there are only {size} {name}.",
            name.trim_end_matches('s'),
            name.trim_end_matches('s'),
            lines.start
        ));
    }
    let lines = lines.start..lines.end.min(size);
    if lines.len() == size {
        return Err(format!("You can't delete all the {name} on the sheet."));
    }
    let frozen = tab.look.get("gridProperties").and_then(|grid| index(&grid[frozen])).unwrap_or(0);
    if lines.start <= frozen && lines.end == size {
        return Err(format!("Sorry, it is not possible to delete all non-frozen {name}."));
    }
    protection::check(tab, &as_area(tab, dimension, lines.clone()))?;
    tab.delete(dimension, lines);
    Ok(Value::Null)
}

/// Takes lines out and puts them in elsewhere. The target counts places before the move.
pub(super) fn relocate(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["source"])?;
    let target = index(&request["destinationIndex"]).unwrap_or(0);
    let tab = &mut book.tabs[place];
    protection::check(tab, &as_area(tab, dimension, lines.clone()))?;
    if lines.contains(&target) {
        return Err("The destination must not lie within the source.".to_owned());
    }
    let source = as_area(tab, dimension, lines.clone());
    let kept: Vec<_> = source.cells().map(|(row, column)| tab.cell(row, column).cloned()).collect();
    tab.delete(dimension, lines.clone());
    let at = if target > lines.start { target - lines.len() } else { target };
    tab.insert(dimension, at, lines.len());
    let to = as_area(tab, dimension, at..at + lines.len());
    for ((row, column), cell) in to.cells().zip(kept) {
        if let Some(cell) = cell {
            *tab.cell_mut(row, column) = cell;
        }
    }
    Ok(Value::Null)
}

pub(super) fn update(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["range"])?;
    let tab = &mut book.tabs[place];
    let looks = if dimension == Dimension::Rows { &mut tab.row_looks } else { &mut tab.column_looks };
    for line in lines {
        let look = looks.entry(line).or_insert_with(|| json!({}));
        let mut members = look.as_object().cloned().unwrap_or_default();
        mask::merge(fields(request), &request["properties"], &mut members)?;
        members.retain(|_, value| *value != false);
        *look = Value::Object(members);
    }
    Ok(Value::Null)
}

/// Columns become as wide as their longest text, at seven pixels a character; rows keep their height.
pub(super) fn auto_resize(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["dimensions"])?;
    let tab = &mut book.tabs[place];
    if dimension == Dimension::Columns {
        for column in lines {
            let width = |row: usize| tab.value(row, column).as_str().map_or(0, |text| text.chars().count());
            let longest = tab.used().rows.map(width).max().unwrap_or(0);
            let size = json!((7 * longest + 10).max(21));
            tab.column_looks.entry(column).or_insert_with(|| json!({}))["pixelSize"] = size;
        }
    }
    Ok(Value::Null)
}

fn groups(dimension: Dimension) -> &'static str {
    if dimension == Dimension::Rows { "rowGroups" } else { "columnGroups" }
}

/// A group within others is as much deeper.
pub(super) fn add_group(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, lines) = lines(book, &request["range"])?;
    let groups = book.tabs[place].objects_mut(groups(dimension));
    let around = |group: &&Value| {
        index(&group["range"]["startIndex"]).unwrap_or(0) <= lines.start
            && index(&group["range"]["endIndex"]).unwrap_or(0) >= lines.end
    };
    let depth = groups.iter().filter(around).count() + 1;
    groups.push(json!({ "range": request["range"], "depth": depth }));
    Ok(json!({ "dimensionGroups": groups.clone() }))
}

pub(super) fn delete_group(book: &mut Book, request: &Value) -> Done {
    let (place, dimension, _) = lines(book, &request["range"])?;
    let groups = book.tabs[place].objects_mut(groups(dimension));
    let same = |group: &Value| {
        ["startIndex", "endIndex"].iter().all(|name| group["range"][*name] == request["range"][*name])
    };
    let Some(at) = groups.iter().rposition(same) else {
        return Err("Cannot delete a group that does not exist.".to_owned());
    };
    groups.remove(at);
    let mut reply = Map::new();
    if !groups.is_empty() {
        reply.insert("dimensionGroups".to_owned(), Value::from(groups.clone()));
    }
    Ok(Value::Object(reply))
}
