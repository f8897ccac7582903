//! Tabs: made, deleted, copied; their properties and the spreadsheet's.

use serde_json::{Map, Value, json};

use super::{Done, fields, members, tab};
use crate::google::book::area::index;
use crate::google::book::{Book, Tab, check_size};
use crate::google::{mask, protection};

pub(super) fn add(book: &mut Book, request: &Value) -> Done {
    let mut wanted = members(&request["properties"]);
    let id = wanted.get("sheetId").and_then(Value::as_u64);
    if let Some(id) = id.filter(|id| book.tabs.iter().any(|tab| tab.id == *id)) {
        return Err(format!("A sheet with the ID {id} already exists. Please enter another ID."));
    }
    let id = id.unwrap_or_else(|| book.next_id());
    let place = wanted.get("index").and_then(index).unwrap_or(book.tabs.len()).min(book.tabs.len());
    let numbers = 1..=book.tabs.len() + 1;
    let free = numbers.map(|number| format!("Sheet{number}")).find(|name| book.tab(Some(name)).is_none());
    let title = wanted.get("title").and_then(Value::as_str).map(str::to_owned).or(free).unwrap_or_default();
    wanted.insert("title".to_owned(), json!(title));
    let new = Tab::new(id, &title);
    let (rows, columns) = (new.rows, new.columns);
    book.tabs.insert(place, new);
    let grid = wanted.entry("gridProperties").or_insert_with(|| json!({}));
    for (name, size) in [("rowCount", rows), ("columnCount", columns)] {
        if grid[name].is_null() {
            grid[name] = json!(size);
        }
    }
    set_properties(book, place, wanted)?;
    Ok(json!({ "properties": book.tabs[place].properties(place) }))
}

pub(super) fn delete(book: &mut Book, request: &Value) -> Done {
    let place = known(book, &request["sheetId"])?;
    if book.tabs.len() == 1 {
        return Err("You can't remove all the sheets in a document.".to_owned());
    }
    protection::check(&book.tabs[place], &book.tabs[place].whole())?;
    let id = book.tabs.remove(place).id;
    book.named_ranges.retain(|named| named["range"]["sheetId"].as_u64().unwrap_or(0) != id);
    Ok(Value::Null)
}

pub(super) fn duplicate(book: &mut Book, request: &Value) -> Done {
    let mut copy = book.tabs[known(book, &request["sourceSheetId"])?].clone();
    copy.title = match request["newSheetName"].as_str() {
        Some(title) => title.to_owned(),
        None => format!("Copy of {}", copy.title),
    };
    check_title(book, &copy.title, None)?;
    copy.id = request["newSheetId"].as_u64().unwrap_or_else(|| book.next_id());
    check_size(book.size() + copy.rows * copy.columns)?;
    let place = index(&request["insertSheetIndex"]).unwrap_or(0).min(book.tabs.len());
    book.tabs.insert(place, copy);
    Ok(json!({ "properties": book.tabs[place].properties(place) }))
}

pub(super) fn update(book: &mut Book, request: &Value) -> Done {
    let wanted = &request["properties"];
    let mut place = known(book, &wanted["sheetId"])?;
    let Value::Object(mut properties) = book.tabs[place].properties(place) else {
        unreachable!("properties are an object")
    };
    mask::merge(fields(request), wanted, &mut properties)?;
    if fields(request).contains("tabColorStyle") {
        set_or_remove(&mut properties, "tabColor", wanted["tabColorStyle"]["rgbColor"].clone());
    } else if fields(request).contains("tabColor") {
        let color = wanted["tabColor"].clone();
        let style = if color.is_null() { color } else { json!({ "rgbColor": color }) };
        set_or_remove(&mut properties, "tabColorStyle", style);
    }
    if let Some(target) = properties.get("index").and_then(index) {
        place = move_tab(book, place, target);
    }
    set_properties(book, place, properties)?;
    Ok(Value::Null)
}

pub(super) fn update_spreadsheet(book: &mut Book, request: &Value) -> Done {
    let mut properties = book.properties.clone();
    mask::merge(fields(request), &request["properties"], &mut properties)?;
    let zone = properties.get("timeZone").and_then(Value::as_str).unwrap_or_default();
    if !(zone.starts_with("GMT") || zone.contains('/') || zone == "UTC") {
        return Err(format!("Invalid time zone: {zone}"));
    }
    book.properties = properties;
    Ok(Value::Null)
}

/// Tabs have a refusal of their own for an id that is none.
fn known(book: &Book, id: &Value) -> Result<usize, String> {
    tab(book, id).map_err(|_| format!("No sheet with id: {}", id.as_u64().unwrap_or(0)))
}

/// Moves a tab. The target counts places before the move (discovery document, `index`).
fn move_tab(book: &mut Book, from: usize, target: usize) -> usize {
    if target == from || target == from + 1 {
        return from;
    }
    let tab = book.tabs.remove(from);
    let place = if target > from { target - 1 } else { target }.min(book.tabs.len());
    book.tabs.insert(place, tab);
    place
}

/// Takes over the properties of a tab, and refuses what a person could not set either.
fn set_properties(book: &mut Book, place: usize, mut wanted: Map<String, Value>) -> Result<(), String> {
    let title = wanted.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
    check_title(book, &title, Some(place))?;
    let mut grid = members(&wanted.remove("gridProperties").unwrap_or_default());
    let mut count = |name: &str| grid.remove(name).as_ref().and_then(index).unwrap_or(0);
    let (rows, columns) = (count("rowCount"), count("columnCount"));
    let tab = &book.tabs[place];
    for (name, count) in [("rowCount", rows), ("columnCount", columns)] {
        if count == 0 {
            return Err(format!("{name} must be greater than 0."));
        }
    }
    check_size(book.size() - tab.rows * tab.columns + rows * columns)?;
    for (name, size, lines) in [("frozenRowCount", rows, "rows"), ("frozenColumnCount", columns, "columns")] {
        if grid.get(name).and_then(index).is_some_and(|frozen| frozen >= size) {
            return Err(format!("You can't freeze all visible {lines} on the sheet."));
        }
    }
    for name in ["sheetId", "title", "index", "sheetType"] {
        wanted.remove(name);
    }
    if !grid.is_empty() {
        wanted.insert("gridProperties".to_owned(), Value::Object(grid));
    }
    let tab = &mut book.tabs[place];
    tab.title = title;
    tab.resize(rows, columns);
    tab.look = without_defaults(wanted);
    if book.tab(None).is_none() {
        return Err("You can't hide all the sheets in a document.".to_owned());
    }
    Ok(())
}

fn check_title(book: &Book, title: &str, own: Option<usize>) -> Result<(), String> {
    if title.is_empty() {
        return Err("The sheet name cannot be empty.".to_owned());
    }
    let taken = book
        .tabs
        .iter()
        .enumerate()
        .any(|(place, tab)| Some(place) != own && tab.title.to_lowercase() == title.to_lowercase());
    if taken {
        return Err(format!("A sheet with the name \"{title}\" already exists. Please enter another name."));
    }
    Ok(())
}

fn set_or_remove(members: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
}

/// False, 0 and null are what is not set, and not answered.
fn without_defaults(members: Map<String, Value>) -> Map<String, Value> {
    let set = members.into_iter().filter_map(|(name, value)| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::Object(inner) => Some((name, Value::Object(without_defaults(inner)))),
        other => Some((name, other)),
    });
    set.collect()
}
