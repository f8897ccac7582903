//! The answers of the API, as far as they are read (shapes after the discovery document, revision 20261019).

use serde::{Deserialize, Serialize};

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
}

/// One tab.
#[derive(Deserialize)]
pub(crate) struct Sheet {
    pub(crate) properties: SheetProperties,
}

/// What a tab says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SheetProperties {
    pub(crate) sheet_id: i64,
    pub(crate) title: String,
    /// Missing for a tab that is a chart.
    #[serde(default)]
    pub(crate) grid_properties: GridProperties,
}

/// A tab's size.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GridProperties {
    #[serde(default)]
    pub(crate) row_count: usize,
    #[serde(default)]
    pub(crate) column_count: usize,
}

/// The body of `values:batchUpdate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValuesBatch<'a> {
    pub(crate) value_input_option: &'static str,
    pub(crate) data: Vec<WrittenRange<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) include_values_in_response: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_value_render_option: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_date_time_render_option: Option<&'static str>,
}

/// One block of cells on its way in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WrittenRange<'a> {
    pub(crate) range: String,
    pub(crate) major_dimension: &'static str,
    pub(crate) values: &'a [Vec<Option<Value>>],
}

/// The answer of `values:batchUpdate`; both members are missing when nothing was written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValuesWritten {
    #[serde(rename = "spreadsheetId")]
    _spreadsheet_id: String,
    #[serde(default)]
    pub(crate) total_updated_cells: u64,
    /// One for each range, in their order.
    #[serde(default)]
    pub(crate) responses: Vec<RangeWritten>,
}

/// What became of one range.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RangeWritten {
    /// Only where it was asked for.
    pub(crate) updated_data: Option<ValueRange>,
}

/// The answer of `spreadsheets.batchUpdate`: a reply for each request, in order.
#[derive(Deserialize)]
pub(crate) struct Changed {
    #[serde(rename = "spreadsheetId")]
    _spreadsheet_id: String,
    #[serde(default)]
    pub(crate) replies: Vec<serde_json::Value>,
}
