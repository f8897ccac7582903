//! The answers, as far as they are read. What is not set is missing, and so are zeros.

use serde::Deserialize;

use super::{Entered, Look, Tab};

#[derive(Deserialize)]
pub(super) struct Book {
    pub(super) properties: Properties,
    pub(super) sheets: Vec<Sheet>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties {
    pub(super) time_zone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sheet {
    properties: SheetProperties,
    #[serde(default)]
    protected_ranges: Vec<Protection>,
    #[serde(default)]
    conditional_formats: Vec<serde_json::Value>,
    #[serde(default)]
    charts: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SheetProperties {
    #[serde(default)]
    sheet_id: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    grid_properties: GridProperties,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GridProperties {
    #[serde(rename = "rowCount")]
    rows: usize,
    #[serde(rename = "columnCount")]
    columns: usize,
    #[serde(rename = "frozenRowCount")]
    frozen: usize,
}

#[derive(Deserialize)]
struct Protection {
    #[serde(default)]
    description: String,
}

impl Sheet {
    pub(super) fn into_tab(self) -> Tab {
        let SheetProperties { sheet_id, title, grid_properties: grid } = self.properties;
        let text = |json: &serde_json::Value| json.as_str().unwrap_or_default().to_owned();
        let rule = |rule: &serde_json::Value| {
            text(&rule["booleanRule"]["condition"]["values"][0]["userEnteredValue"])
        };
        Tab {
            id: sheet_id,
            title,
            rows: grid.rows,
            columns: grid.columns,
            frozen: grid.frozen,
            protections: self.protected_ranges.into_iter().map(|range| range.description).collect(),
            rules: self.conditional_formats.iter().map(rule).collect(),
            charts: self.charts.iter().map(|chart| text(&chart["spec"]["title"])).collect(),
            new: false,
        }
    }
}

/// A spreadsheet of which only cells are read.
#[derive(Deserialize)]
pub(super) struct Cells {
    sheets: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    properties: SheetProperties,
    #[serde(default)]
    data: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Block {
    start_row: usize,
    start_column: usize,
    row_data: Vec<Row>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    values: Vec<Cell>,
}

/// `CellData`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Cell(serde_json::Value);

impl Cells {
    /// Every cell with its place: tab, row, column.
    pub(super) fn each<T>(
        self,
        read: impl Fn(&Cell) -> T + Copy,
    ) -> impl Iterator<Item = ((i64, usize, usize), T)> {
        self.sheets.into_iter().flat_map(move |sheet| {
            let id = sheet.properties.sheet_id;
            sheet.data.into_iter().flat_map(move |block| {
                let (top, left) = (block.start_row, block.start_column);
                block.row_data.into_iter().enumerate().flat_map(move |(row, cells)| {
                    let cells = cells.values.into_iter().enumerate();
                    cells.map(move |(column, cell)| ((id, top + row, left + column), read(&cell)))
                })
            })
        })
    }
}

impl Cell {
    pub(super) fn look(&self) -> Look {
        let format = &self.0["userEnteredFormat"];
        let text = |json: &serde_json::Value| json.as_str().map(str::to_owned);
        Look {
            format: text(&format["numberFormat"]["type"]),
            bold: format["textFormat"]["bold"].as_bool(),
            validation: text(&self.0["dataValidation"]["condition"]["type"]),
        }
    }

    pub(super) fn entered(&self) -> Option<Entered> {
        let value = self.0.get("userEnteredValue")?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let formula = text("formulaValue").map(Entered::Formula);
        Some(formula.or_else(|| text("stringValue").map(Entered::Text)).unwrap_or(Entered::Other))
    }
}
