//! The requests of `spreadsheets.batchUpdate` that we send, in the API's own shape (discovery document, revision 20261019).

use serde_json::{Value as Json, json};

/// A block of a tab's cells. Rows and columns count from 0; an end is exclusive, and none is the tab's own.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub(super) sheet: i64,
    pub(super) rows: (usize, Option<usize>),
    pub(super) columns: (usize, Option<usize>),
}

impl Grid {
    /// Whole rows.
    pub(super) fn rows(sheet: i64, first: usize, end: usize) -> Self {
        Self { sheet, rows: (first, Some(end)), columns: (0, None) }
    }

    /// A column from a row down.
    pub(super) fn below(sheet: i64, row: usize, column: usize) -> Self {
        Self { sheet, rows: (row, None), columns: (column, Some(column + 1)) }
    }

    /// One cell.
    pub(super) fn cell(sheet: i64, row: usize, column: usize) -> Self {
        Self { sheet, rows: (row, Some(row + 1)), columns: (column, Some(column + 1)) }
    }

    /// As a `GridRange`.
    fn json(self) -> Json {
        let mut range = json!({ "sheetId": self.sheet });
        let bounds = [
            ("startRowIndex", Some(self.rows.0)),
            ("endRowIndex", self.rows.1),
            ("startColumnIndex", Some(self.columns.0)),
            ("endColumnIndex", self.columns.1),
        ];
        for (name, bound) in bounds {
            if let Some(bound) = bound {
                range[name] = json!(bound);
            }
        }
        range
    }
}

/// A new tab. Its id is ours to choose, so that the requests after it in the same batch can name it.
pub(super) fn add_sheet(sheet: i64, title: &str, rows: usize, columns: usize) -> Json {
    let grid = json!({ "rowCount": rows, "columnCount": columns });
    json!({ "addSheet": { "properties": { "sheetId": sheet, "title": title, "gridProperties": grid } } })
}

/// More rows or columns at the end of the grid.
pub(super) fn append(sheet: i64, dimension: &str, length: usize) -> Json {
    json!({ "appendDimension": { "sheetId": sheet, "dimension": dimension, "length": length } })
}

/// Text in cells side by side. A `stringValue` is never interpreted.
pub(super) fn texts(sheet: i64, row: usize, column: usize, texts: &[&str]) -> Json {
    let values = texts.iter().map(|text| json!({ "userEnteredValue": { "stringValue": text } }));
    cells(sheet, row, column, &values.collect::<Vec<_>>())
}

/// A formula, one of our own.
pub(super) fn formula(sheet: i64, row: usize, column: usize, formula: &str) -> Json {
    cells(sheet, row, column, &[json!({ "userEnteredValue": { "formulaValue": formula } })])
}

fn cells(sheet: i64, row: usize, column: usize, values: &[Json]) -> Json {
    json!({ "updateCells": {
        "start": { "sheetId": sheet, "rowIndex": row, "columnIndex": column },
        "rows": [{ "values": values }],
        "fields": "userEnteredValue",
    }})
}

pub(super) fn bold(grid: Grid) -> Json {
    let cell = json!({ "userEnteredFormat": { "textFormat": { "bold": true } } });
    json!({ "repeatCell": { "range": grid.json(), "cell": cell, "fields": "userEnteredFormat.textFormat.bold" } })
}

pub(super) fn number_format(grid: Grid, (kind, pattern): (&str, &str)) -> Json {
    let cell = json!({ "userEnteredFormat": { "numberFormat": { "type": kind, "pattern": pattern } } });
    json!({ "repeatCell": { "range": grid.json(), "cell": cell, "fields": "userEnteredFormat.numberFormat" } })
}

pub(super) fn validation(grid: Grid, condition: &Json, strict: bool, message: &str) -> Json {
    let mut rule = json!({ "condition": condition, "strict": strict, "showCustomUi": true });
    if !message.is_empty() {
        rule["inputMessage"] = json!(message);
    }
    json!({ "setDataValidation": { "range": grid.json(), "rule": rule } })
}

pub(super) fn freeze(sheet: i64, rows: usize) -> Json {
    let properties = json!({ "sheetId": sheet, "gridProperties": { "frozenRowCount": rows } });
    json!({ "updateSheetProperties": { "properties": properties, "fields": "gridProperties.frozenRowCount" } })
}

/// A protection that asks before an edit, and then lets everybody who may edit the spreadsheet.
pub(super) fn warn(range: Option<Grid>, sheet: i64, description: &str) -> Json {
    let range = range.map_or_else(|| json!({ "sheetId": sheet }), Grid::json);
    json!({ "addProtectedRange": { "protectedRange": {
        "range": range, "description": description, "warningOnly": true,
    }}})
}

pub(super) fn width(sheet: i64, columns: (usize, usize), pixels: u32) -> Json {
    json!({ "updateDimensionProperties": {
        "range": {
            "sheetId": sheet, "dimension": "COLUMNS", "startIndex": columns.0, "endIndex": columns.1,
        },
        "properties": { "pixelSize": pixels },
        "fields": "pixelSize",
    }})
}

/// A background for the rows of which a formula is true. `index` is its rank among the tab's rules.
pub(super) fn colour(grid: Grid, index: usize, formula: &str, [red, green, blue]: [f64; 3]) -> Json {
    let condition = json!({ "type": "CUSTOM_FORMULA", "values": [{ "userEnteredValue": formula }] });
    let rgb = json!({ "red": red, "green": green, "blue": blue });
    let format = json!({ "backgroundColorStyle": { "rgbColor": rgb } });
    json!({ "addConditionalFormatRule": { "index": index, "rule": {
        "ranges": [grid.json()],
        "booleanRule": { "condition": condition, "format": format },
    }}})
}

/// A chart of stacked columns: `domain` along the bottom, each of `series` with its name in its first cell.
pub(super) fn stacked_columns(title: &str, at: Grid, domain: Grid, series: &[Grid]) -> Json {
    let source = |grid: Grid| json!({ "sourceRange": { "sources": [grid.json()] } });
    let series: Vec<Json> = series
        .iter()
        .map(|&grid| json!({ "series": source(grid), "targetAxis": "LEFT_AXIS", "type": "COLUMN" }))
        .collect();
    let chart = json!({
        "chartType": "COLUMN",
        "stackedType": "STACKED",
        "legendPosition": "RIGHT_LEGEND",
        "headerCount": 1,
        "axis": [
            { "position": "BOTTOM_AXIS", "title": "day (UTC)" },
            { "position": "LEFT_AXIS", "title": "requests" },
        ],
        "domains": [{ "domain": source(domain) }],
        "series": series,
    });
    let anchor = json!({ "sheetId": at.sheet, "rowIndex": at.rows.0, "columnIndex": at.columns.0 });
    json!({ "addChart": { "chart": {
        "spec": { "title": title, "basicChart": chart },
        "position": { "overlayPosition": { "anchorCell": anchor, "widthPixels": 960, "heightPixels": 370 } },
    }}})
}
