//! `spreadsheets.get`: the spreadsheet as JSON, with the cells where they are asked for.

use serde_json::{Map, Value, json};

use super::bad::Bad;
use super::book::area::Area;
use super::book::cell::{Cell, extended};
use super::book::{Book, Tab, condition, render};
use super::mask;
use super::values::{Query, find_area};

/// The answer of `spreadsheets.get`. `ranges` filters the tabs; cells come with `includeGridData` or with a mask
/// that names them.
///
/// # Errors
/// A range that is none, and the path of a field that does not exist.
pub(crate) fn spreadsheet(book: &Book, id: &str, query: &Query) -> Result<Value, Refused> {
    let fields = query.one("fields");
    let with_data = match fields {
        Some(fields) => mask::names(fields, "data") || (fields == "*" && query.says("includeGridData")),
        None => query.says("includeGridData"),
    };
    let mut areas = Vec::new();
    for range in query.all("ranges") {
        areas.push(find_area(book, range).map_err(Refused::Bad)?);
    }
    let mut sheets = Vec::new();
    for (place, tab) in book.tabs.iter().enumerate() {
        let own: Vec<Area> =
            areas.iter().filter(|(tab, _)| *tab == place).map(|(_, area)| area.clone()).collect();
        if !areas.is_empty() && own.is_empty() {
            continue;
        }
        let mut described = sheet(tab, place);
        if with_data {
            let areas = if own.is_empty() { vec![tab.whole()] } else { own };
            described["data"] = areas.iter().map(|area| grid_data(tab, area)).collect();
        }
        sheets.push(described);
    }
    let mut whole = json!({
        "spreadsheetId": id,
        "properties": properties(book),
        "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
    });
    // Not within `json!`, which would copy every cell.
    whole["sheets"] = Value::from(sheets);
    for (name, list) in [("namedRanges", &book.named_ranges), ("developerMetadata", &book.metadata)] {
        if !list.is_empty() {
            whole[name] = list.iter().map(public).collect();
        }
    }
    match fields {
        Some(fields) => mask::apply(fields, &whole).map_err(Refused::Field),
        None => Ok(whole),
    }
}

/// Why a description is refused.
pub(crate) enum Refused {
    Bad(Bad),
    /// A path of `fields` that does not exist.
    Field(String),
}

fn properties(book: &Book) -> Value {
    let mut properties = book.properties.clone();
    properties.insert("defaultFormat".to_owned(), default_format());
    properties.insert("spreadsheetTheme".to_owned(), theme());
    Value::Object(properties)
}

/// One tab (`Sheet`), without its cells.
pub(crate) fn sheet(tab: &Tab, index: usize) -> Value {
    let mut sheet = json!({ "properties": tab.properties(index) });
    for (name, objects) in &tab.objects {
        if !objects.is_empty() {
            sheet[*name] = objects.iter().map(public).collect();
        }
    }
    if let Some(filter) = &tab.filter {
        sheet["basicFilter"] = public(filter);
    }
    sheet
}

/// An object as it is answered: a range on the first tab has no `sheetId`, a colour no part that is 0, and both of
/// its spellings (recorded).
pub(crate) fn public(object: &Value) -> Value {
    match object {
        Value::Array(items) => items.iter().map(public).collect(),
        Value::Object(members) => {
            let left_out = |name: &str| matches!(name, "sheetId" | "red" | "green" | "blue");
            let kept = members.iter().filter(|(name, value)| match value {
                Value::Null => false,
                value => !left_out(name) || **value != 0,
            });
            let mut kept: Map<String, Value> =
                kept.map(|(name, value)| (name.clone(), public(value))).collect();
            spell_colors_twice(&mut kept);
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// `backgroundColor` beside `backgroundColorStyle` and so on, whichever was set.
fn spell_colors_twice(members: &mut Map<String, Value>) {
    for (name, value) in members.clone() {
        let plain = name.strip_suffix("Style").filter(|plain| TWO_SPELLINGS.contains(plain));
        if let (Some(plain), Some(color)) = (plain, value.get("rgbColor")) {
            members.entry(plain).or_insert_with(|| color.clone());
        } else if TWO_SPELLINGS.contains(&name.as_str()) {
            members.entry(format!("{name}Style")).or_insert_with(|| json!({ "rgbColor": value }));
        }
    }
}

const TWO_SPELLINGS: [&str; 4] = ["backgroundColor", "foregroundColor", "tabColor", "color"];

/// `GridData`. Starts of 0 are left out, and rows and cells at the end that hold nothing.
fn grid_data(tab: &Tab, area: &Area) -> Value {
    let used = tab.used();
    let mut data = json!({});
    for (name, start) in [("startRow", area.rows.start), ("startColumn", area.columns.start)] {
        if start > 0 {
            data[name] = json!(start);
        }
    }
    let mut cells = Cells::of(tab);
    let row = |row: usize| {
        let end = area.columns.end.min(tab.row(row).len());
        let values: Vec<Value> = (area.columns.start..end).map(|column| cells.data(row, column)).collect();
        let mut row = Map::new();
        if !values.is_empty() {
            row.insert("values".to_owned(), Value::from(values));
        }
        Value::Object(row)
    };
    let rows: Vec<Value> = (area.rows.start..area.rows.end.min(used.rows.end)).map(row).collect();
    if !rows.is_empty() {
        data["rowData"] = Value::from(rows);
    }
    let looks =
        |lines: std::ops::Range<usize>, looks: &std::collections::BTreeMap<usize, Value>, size: u32| {
            lines
                .map(|at| {
                    let mut look = looks.get(&at).cloned().unwrap_or_else(|| json!({}));
                    let members = look.as_object_mut().expect("looks are objects");
                    members.entry("pixelSize").or_insert_with(|| json!(size));
                    look
                })
                .collect::<Value>()
        };
    data["rowMetadata"] = looks(area.rows.clone(), &tab.row_looks, 21);
    data["columnMetadata"] = looks(area.columns.clone(), &tab.column_looks, 100);
    data
}

/// The cells of one tab. Whole columns are set up alike and hold nothing, so what comes of one set-up is kept: to work
/// it out costs far more than a copy.
struct Cells<'a> {
    tab: &'a Tab,
    empty: Vec<(&'a Map<String, Value>, Value)>,
}

impl<'a> Cells<'a> {
    fn of(tab: &'a Tab) -> Self {
        Self { tab, empty: Vec::new() }
    }

    /// `CellData` of one cell.
    fn data(&mut self, row: usize, column: usize) -> Value {
        let Some(cell) = self.tab.cell(row, column) else { return json!({}) };
        let holds_nothing = cell.formula().is_none() && cell.value.is_null();
        match cell.dress() {
            None if holds_nothing => json!({}),
            Some(dress) if holds_nothing => self.empty_data(cell, &dress.more, &self.coloured(row, column)),
            _ => cell_data(cell, &self.tab.value(row, column), &self.coloured(row, column)),
        }
    }

    fn coloured(&self, row: usize, column: usize) -> Vec<&'a Value> {
        condition::formats(self.tab, row, column)
    }

    fn empty_data(&mut self, cell: &Cell, set_up: &'a Map<String, Value>, coloured: &[&Value]) -> Value {
        if !coloured.is_empty() {
            return cell_data(cell, &Value::Null, coloured);
        }
        if let Some((_, data)) = self.empty.iter().find(|(known, _)| *known == set_up) {
            return data.clone();
        }
        let data = cell_data(cell, &Value::Null, &[]);
        self.empty.push((set_up, data.clone()));
        data
    }
}

/// `CellData` of a cell with this value, to which rules for colours add these formats.
fn cell_data(cell: &Cell, value: &Value, coloured: &[&Value]) -> Value {
    let mut data: Map<String, Value> = cell.entered();
    if let Some(effective) = extended(value) {
        data.insert("effectiveValue".to_owned(), effective);
        data.insert("formattedValue".to_owned(), json!(render::shown(cell, value)));
    }
    let own = cell.dress().and_then(|dress| dress.more.get("userEnteredFormat"));
    if !cell.is_empty() || own.is_some() {
        data.insert("effectiveFormat".to_owned(), effective_format(own, coloured));
    }
    public(&Value::Object(data))
}

/// The default, what was set, and what rules for colours add.
fn effective_format(own: Option<&Value>, coloured: &[&Value]) -> Value {
    let mut format = default_format();
    for above in own.into_iter().chain(coloured.iter().copied()) {
        overlay(&mut format, &public(above));
    }
    format
}

fn overlay(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                if name.contains("olor") {
                    below.remove(name);
                }
                overlay(below.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (below, above) => *below = above.clone(),
    }
}

/// What a new spreadsheet was recorded to have.
fn default_format() -> Value {
    let white = json!({ "red": 1, "green": 1, "blue": 1 });
    json!({
        "backgroundColor": white,
        "padding": { "top": 2, "right": 3, "bottom": 2, "left": 3 },
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "OVERFLOW_CELL",
        "textFormat": {
            "foregroundColor": {},
            "fontFamily": "arial,sans,sans-serif",
            "fontSize": 10,
            "bold": false,
            "italic": false,
            "strikethrough": false,
            "underline": false,
            "foregroundColorStyle": { "rgbColor": {} },
        },
        "backgroundColorStyle": { "rgbColor": white },
    })
}

/// The theme of a new spreadsheet; of its colours, those of text and background.
fn theme() -> Value {
    json!({
        "primaryFontFamily": "Arial",
        "themeColors": [
            { "colorType": "TEXT", "color": { "rgbColor": {} } },
            { "colorType": "BACKGROUND", "color": { "rgbColor": { "red": 1, "green": 1, "blue": 1 } } },
        ],
    })
}
