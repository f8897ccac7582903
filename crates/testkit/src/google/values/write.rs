//! `values.update`, `values.batchUpdate`, `values.clear` and `values.batchClear`.
//!
//! A write is planned whole before any cell is touched, so that a refused one changes nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::read::value_range;
use super::{Found, Query, dimension, exceeds_grid, find, rendering, transposed};
use crate::google::a1;
use crate::google::bad::Bad;
use crate::google::book::area::{Area, Dimension};
use crate::google::book::{Book, Tab, typed};
use crate::google::protection;

/// The most characters that a cell takes.
const LONGEST_CELL: usize = 50_000;

/// `ValueInputOption`.
#[derive(Clone, Copy)]
pub(super) enum Input {
    Raw,
    UserEntered,
}

/// A block to be written, checked.
pub(super) struct Plan {
    pub(super) tab: usize,
    /// The cells as asked for.
    pub(super) asked: Area,
    /// Which part of it gets a value: from its first cell to the last that is not null.
    pub(super) written: Area,
    rows: Vec<Vec<Value>>,
}

/// `PUT /values/RANGE`.
pub(crate) fn update(
    book: &mut Book,
    id: &str,
    range: &str,
    query: &Query,
    body: &Value,
) -> Result<Value, Bad> {
    let input = input(query.one("valueInputOption"))?;
    let how = rendering(query.one("responseValueRenderOption"), query.one("responseDateTimeRenderOption"))?;
    let by = dimension(body["majorDimension"].as_str(), "data.major_dimension")?;
    let plan = plan(book, range, lines(body, "data.values", by)?)?;
    check(book, &plan)?;
    let mut answer = apply(book, id, &plan, input);
    if query.says("includeValuesInResponse") {
        answer["updatedData"] = value_range(&book.tabs[plan.tab], &plan.asked, how, by);
    }
    Ok(answer)
}

/// `POST /values:batchUpdate`. All or nothing.
pub(crate) fn batch_update(book: &mut Book, id: &str, body: &Value) -> Result<Value, Bad> {
    let option = |name: &str| body[name].as_str();
    let input = input(option("valueInputOption"))?;
    let how = rendering(option("responseValueRenderOption"), option("responseDateTimeRenderOption"))?;
    let mut plans = Vec::new();
    for (at, data) in body["data"].as_array().into_iter().flatten().enumerate() {
        let by = dimension(data["majorDimension"].as_str(), &format!("data[{at}].major_dimension"))?;
        let lines = lines(data, &format!("data[{at}].values"), by)?;
        let range = data["range"].as_str().unwrap_or_default();
        let checked = plan(book, range, lines).and_then(|plan| check(book, &plan).map(|()| plan));
        plans.push((checked.map_err(|bad| bad.within(&format!("data[{at}]")))?, by));
    }
    let (mut rows, mut columns, mut tabs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut cells, mut responses) = (0, Vec::new());
    for (plan, by) in plans {
        let mut response = apply(book, id, &plan, input);
        if body["includeValuesInResponse"] == true {
            response["updatedData"] = value_range(&book.tabs[plan.tab], &plan.asked, how, by);
        }
        responses.push(response);
        cells += plan.cells().count();
        rows.extend(plan.cells().map(|((row, _), _)| (plan.tab, row)));
        columns.extend(plan.cells().map(|((_, column), _)| (plan.tab, column)));
        tabs.insert(plan.tab);
    }
    let mut answer = json!({ "spreadsheetId": id });
    for (name, count) in [
        ("totalUpdatedRows", rows.len()),
        ("totalUpdatedColumns", columns.len()),
        ("totalUpdatedCells", cells),
        ("totalUpdatedSheets", tabs.len()),
    ] {
        if count > 0 {
            answer[name] = json!(count);
        }
    }
    if !responses.is_empty() {
        answer["responses"] = Value::from(responses);
    }
    Ok(answer)
}

/// `POST /values/RANGE:clear`. Values go, formats stay.
pub(crate) fn clear(book: &mut Book, id: &str, range: &str) -> Result<Value, Bad> {
    let found = find(book, range)?;
    protection::check(&book.tabs[found.tab], &found.area)?;
    Ok(json!({ "spreadsheetId": id, "clearedRange": empty(&mut book.tabs[found.tab], &found.area) }))
}

/// `POST /values:batchClear`. All or nothing.
pub(crate) fn batch_clear(book: &mut Book, id: &str, body: &Value) -> Result<Value, Bad> {
    let mut found = Vec::new();
    for range in body["ranges"].as_array().into_iter().flatten() {
        let place = find(book, range.as_str().unwrap_or_default())?;
        protection::check(&book.tabs[place.tab], &place.area)?;
        found.push(place);
    }
    let cleared: Vec<String> =
        found.iter().map(|found| empty(&mut book.tabs[found.tab], &found.area)).collect();
    Ok(json!({ "spreadsheetId": id, "clearedRanges": cleared }))
}

fn empty(tab: &mut Tab, area: &Area) -> String {
    let used = tab.used();
    let rows = area.rows.start..area.rows.end.min(used.rows.end);
    let columns = area.columns.start..area.columns.end.min(used.columns.end);
    for (row, column) in Area::new(rows, columns).cells() {
        if !tab.is_empty_at(row, column) {
            tab.cell_mut(row, column).enter(Value::Null);
        }
    }
    a1::spell_area(&tab.title, area)
}

/// Reads the `ValueInputOption`, which has to be there.
pub(super) fn input(name: Option<&str>) -> Result<Input, Bad> {
    match name {
        Some("RAW") => Ok(Input::Raw),
        Some("USER_ENTERED") => Ok(Input::UserEntered),
        None | Some("INPUT_VALUE_OPTION_UNSPECIFIED") => {
            Err(Bad::from("'valueInputOption' is required but not specified".to_owned()))
        }
        Some(other) => Err(Bad::word("value_input_option", "ValueInputOption", other)),
    }
}

/// Reads `values`, which is a list of lists of plain values, into rows.
pub(super) fn lines(data: &Value, field: &str, by: Dimension) -> Result<Vec<Vec<Value>>, Bad> {
    let wrong = |value: &Value| {
        let message =
            format!("Invalid value at '{field}' (type.googleapis.com/google.protobuf.ListValue), {value}");
        Bad::field(field, message)
    };
    let lines = match &data["values"] {
        Value::Null => Vec::new(),
        Value::Array(lines) => lines.clone(),
        other => return Err(wrong(other)),
    };
    let mut read = Vec::new();
    for (row, line) in lines.into_iter().enumerate() {
        let Value::Array(cells) = line else { return Err(wrong(&line)) };
        for (column, cell) in cells.iter().enumerate() {
            match cell {
                Value::Object(_) => {
                    return Err(Bad::from(format!("Invalid values[{row}][{column}]: struct_value {{\n}}\n")));
                }
                Value::Array(_) => {
                    return Err(Bad::from(format!("Invalid values[{row}][{column}]: list_value {{\n}}\n")));
                }
                Value::String(text) if text.chars().count() > LONGEST_CELL => {
                    let most = format!(
                        "Your input contains more than the maximum of {LONGEST_CELL} characters in a single cell."
                    );
                    return Err(Bad::from(most));
                }
                _ => {}
            }
        }
        read.push(cells);
    }
    Ok(if by == Dimension::Columns { transposed(&read, &Value::Null) } else { read })
}

/// Places rows at a range. They must stay within it, unless it is one cell, which says only where to begin.
fn plan(book: &Book, range: &str, rows: Vec<Vec<Value>>) -> Result<Plan, Bad> {
    let Found { tab: place, area, corner, clipped } = find(book, range)?;
    let tab = &book.tabs[place];
    if clipped {
        let cells = a1::parse(range).and_then(|asked| asked.cells).unwrap_or_default();
        let last =
            (cells.last_row.unwrap_or(area.rows.end - 1), cells.last_column.unwrap_or(area.columns.end - 1));
        return Err(exceeds_grid(tab, &a1::spell(&tab.title, (cells.first_row, cells.first_column), last)));
    }
    let within = if corner {
        Area::new(area.rows.start..tab.rows, area.columns.start..tab.columns)
    } else {
        area.clone()
    };
    let plan = Plan::at(place, (area.rows.start, area.columns.start), area, rows);
    let outside = |what: String| {
        let name = quoted(tab, &plan.asked);
        Bad::from(format!("Requested writing within range [{name}], but tried writing to {what}"))
    };
    if plan.written.rows.end > within.rows.end {
        return Err(outside(format!("row [{}]", within.rows.end + 1)));
    }
    if plan.written.columns.end > within.columns.end {
        return Err(outside(format!("column [{}]", a1::column_letters(within.columns.end))));
    }
    let asked = if corner { plan.written.clone() } else { plan.asked };
    Ok(Plan { asked, ..plan })
}

/// This refusal quotes the title always (seen in a report of pygsheets).
fn quoted(tab: &Tab, area: &Area) -> String {
    let spelled = a1::spell_area("T", area);
    format!("'{}'{}", tab.title.replace('\'', "''"), spelled.trim_start_matches('T'))
}

fn check(book: &Book, plan: &Plan) -> Result<(), Bad> {
    Ok(protection::check(&book.tabs[plan.tab], &plan.written)?)
}

impl Plan {
    /// Rows at a corner. Nulls at the end of rows and of the block are no part of it (recorded).
    pub(super) fn at(tab: usize, corner: (usize, usize), asked: Area, mut rows: Vec<Vec<Value>>) -> Self {
        for row in &mut rows {
            let used = row.iter().rposition(|cell| !cell.is_null()).map_or(0, |last| last + 1);
            row.truncate(used);
        }
        let height = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        rows.truncate(height);
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        Self { tab, asked, written: Area::sized(corner, height, width), rows }
    }

    /// The cells that get a value, with it. A null leaves its cell alone.
    fn cells(&self) -> impl Iterator<Item = ((usize, usize), &Value)> {
        let (top, left) = (self.written.rows.start, self.written.columns.start);
        self.rows.iter().enumerate().flat_map(move |(row, values)| {
            let cell = move |(column, value)| ((top + row, left + column), value);
            values.iter().enumerate().map(cell).filter(|(_, value)| !value.is_null())
        })
    }
}

/// Writes a plan and tells what it did (`UpdateValuesResponse`).
pub(super) fn apply(book: &mut Book, id: &str, plan: &Plan, input: Input) -> Value {
    let tab = &mut book.tabs[plan.tab];
    let (mut rows, mut columns, mut cells) = (BTreeSet::new(), BTreeSet::new(), 0);
    for ((row, column), value) in plan.cells() {
        let cell = tab.cell_mut(row, column);
        match input {
            Input::Raw => cell.enter(value.clone()),
            Input::UserEntered => typed::enter(cell, value),
        }
        rows.insert(row);
        columns.insert(column);
        cells += 1;
    }
    let spelled = a1::spell_area(&tab.title, &plan.written);
    let mut answer = json!({ "spreadsheetId": id, "updatedRange": spelled });
    if cells > 0 {
        answer["updatedRows"] = json!(rows.len());
        answer["updatedColumns"] = json!(columns.len());
        answer["updatedCells"] = json!(cells);
    }
    answer
}
