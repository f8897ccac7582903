//! The spreadsheet itself: tabs, their grids, and how a block of cells reads.

use serde_json::{Value, json};

/// A new tab's grid, as Google makes it.
const ROWS: usize = 1000;
const COLUMNS: usize = 26;

/// A spreadsheet. It keeps at least one tab, as Google's do.
pub(super) struct Book {
    pub(super) time_zone: String,
    tabs: Vec<Tab>,
}

/// One tab. Cells outside `cells` are empty; the grid may be larger than what it holds.
pub(super) struct Tab {
    sheet_id: u32,
    pub(super) title: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
    cells: Vec<Vec<Value>>,
}

/// How values are to be written (`valueRenderOption`, `dateTimeRenderOption`).
#[derive(Clone, Copy)]
pub(super) struct Rendering {
    /// Everything as the text that a person sees.
    pub(super) formatted: bool,
    /// Dates as serial numbers. Google ignores this where everything is formatted.
    pub(super) serial_dates: bool,
}

impl Book {
    /// A new file as recorded: `Etc/GMT` and one tab `Sheet1`.
    pub(super) fn new() -> Self {
        let first = Tab::new(0, "Sheet1");
        Self { time_zone: "Etc/GMT".to_owned(), tabs: vec![first] }
    }

    /// The tab with this title, or the first where none is named.
    pub(super) fn tab(&self, title: Option<&str>) -> Option<&Tab> {
        match title {
            Some(title) => self.tabs.iter().find(|tab| tab.title == title),
            None => self.tabs.first(),
        }
    }

    pub(super) fn tab_mut(&mut self, title: &str) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.title == title)
    }

    /// The tab with this title, made at the end if there is none. Google gives later tabs large ids.
    pub(super) fn tab_or_new(&mut self, title: &str) -> &mut Tab {
        let place = self.tabs.iter().position(|tab| tab.title == title).unwrap_or_else(|| {
            let id = self.tabs.iter().map(|tab| tab.sheet_id).max().unwrap_or(0) + 408_771_413;
            self.tabs.push(Tab::new(id, title));
            self.tabs.len() - 1
        });
        &mut self.tabs[place]
    }

    /// Removes a tab; panics if there is none of this title, or if it is the last.
    pub(super) fn delete(&mut self, title: &str) {
        let place = self.tabs.iter().position(|tab| tab.title == title).expect("the tab to delete exists");
        assert!(self.tabs.len() > 1, "a spreadsheet keeps at least one tab");
        self.tabs.remove(place);
    }

    /// The answer of `spreadsheets.get`, before a field mask. `sheetId` and `index` stand there even when 0;
    /// of the cosmetic properties only what a client could ask for by our masks.
    pub(super) fn describe(&self, id: &str) -> Value {
        let sheets: Vec<Value> =
            self.tabs.iter().enumerate().map(|(index, tab)| tab.describe(index)).collect();
        json!({
            "spreadsheetId": id,
            "properties": {
                "title": "Convergence keys",
                "locale": "en_US",
                "autoRecalc": "ON_CHANGE",
                "timeZone": self.time_zone,
                "defaultFormat": { "verticalAlignment": "BOTTOM", "wrapStrategy": "OVERFLOW_CELL" },
                "spreadsheetTheme": { "primaryFontFamily": "Arial" },
            },
            "sheets": sheets,
            "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
        })
    }
}

impl Tab {
    fn new(sheet_id: u32, title: &str) -> Self {
        Self { sheet_id, title: title.to_owned(), rows: ROWS, columns: COLUMNS, cells: Vec::new() }
    }

    /// Replaces all cells; the grid grows if they need more than a new tab has.
    pub(super) fn fill(&mut self, cells: Vec<Vec<Value>>) {
        self.rows = cells.len().max(ROWS);
        self.columns = cells.iter().map(Vec::len).max().unwrap_or(0).max(COLUMNS);
        self.cells = cells;
    }

    /// A block of rows, both ends included: trailing empty cells and rows are dropped, an empty row inside is
    /// `[]`, an empty cell inside is `""`.
    pub(super) fn block(
        &self,
        first: (usize, usize),
        last: (usize, usize),
        how: Rendering,
    ) -> Vec<Vec<Value>> {
        let row = |row: usize| -> Vec<Value> {
            let cells = self.cells.get(row).map(Vec::as_slice).unwrap_or_default();
            let cells = cells.iter().take(last.1 + 1).skip(first.1);
            trimmed(cells.map(|cell| how.render(cell)).collect(), is_empty)
        };
        let end = self.cells.len().min(last.0 + 1);
        trimmed((first.0..end).map(row).collect(), Vec::is_empty)
    }

    fn describe(&self, index: usize) -> Value {
        json!({ "properties": {
            "sheetId": self.sheet_id,
            "title": self.title,
            "index": index,
            "sheetType": "GRID",
            "gridProperties": { "rowCount": self.rows, "columnCount": self.columns },
        }})
    }
}

impl Rendering {
    fn render(self, cell: &Value) -> Value {
        match cell {
            Value::Null => json!(""),
            Value::Bool(value) if self.formatted => json!(if *value { "TRUE" } else { "FALSE" }),
            Value::Number(_) if self.formatted => json!(whole_if_whole(cell).to_string()),
            Value::Number(_) => whole_if_whole(cell),
            Value::Object(date) if self.formatted || !self.serial_dates => date["shown"].clone(),
            Value::Object(date) => whole_if_whole(&date["serial"]),
            other => other.clone(),
        }
    }
}

/// Google writes 60.0 as 60.
fn whole_if_whole(number: &Value) -> Value {
    match number.as_f64() {
        // Every whole number of this size is exact in a double, so the text is the number.
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
            format!("{value:.0}").parse().map_or_else(|_| number.clone(), |whole: i64| json!(whole))
        }
        _ => number.clone(),
    }
}

fn is_empty(cell: &Value) -> bool {
    cell.as_str().is_some_and(str::is_empty)
}

fn trimmed<T>(mut items: Vec<T>, empty: impl Fn(&T) -> bool) -> Vec<T> {
    let used = items.iter().rposition(|item| !empty(item)).map_or(0, |last| last + 1);
    items.truncate(used);
    items
}
