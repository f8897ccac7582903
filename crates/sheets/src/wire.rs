//! The answers of the API, as far as they are read (shapes after the discovery document, revision 20261019).

use serde::Deserialize;

use crate::value::Value;

/// The answer of `values.get`.
///
/// `range` is always there, and is asked for so that some other JSON is not taken for an empty tab. `values` is
/// missing when the tab is empty (recorded, gspread).
#[derive(Deserialize)]
pub(crate) struct ValueRange {
    #[serde(rename = "range")]
    _range: String,
    #[serde(default)]
    pub(crate) values: Vec<Vec<Value>>,
}

/// The answer of `spreadsheets.get` under our field mask.
#[derive(Deserialize)]
pub(crate) struct SpreadsheetAnswer {
    pub(crate) properties: OwnProperties,
    pub(crate) sheets: Vec<Sheet>,
}

/// The spreadsheet's own properties.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnProperties {
    pub(crate) time_zone: String,
    pub(crate) locale: String,
}

/// One tab.
#[derive(Deserialize)]
pub(crate) struct Sheet {
    pub(crate) properties: SheetProperties,
}

/// What a tab says of itself.
#[derive(Deserialize)]
pub(crate) struct SheetProperties {
    pub(crate) title: String,
}
