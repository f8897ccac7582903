//! Reads a spreadsheet as it is, as far as the planner looks: tabs, headers, and how some cells are set up. Of the cells below
//! the header's ten rows only two columns' worth is read, neither of them a key.

mod wire;

use std::collections::HashMap;

use gate::{Cell, Layout};
use serde::de::DeserializeOwned;
use sheets::{Error, Range, Service, Spreadsheet, Value};

use super::{summary_tab, usage_tab};
use crate::keys::cell;

/// How many rows a header may stand below; the gate looks no further either.
const HEAD: usize = 10;

const STRUCTURE: &str = "properties(timeZone),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount,frozenRowCount)),protectedRanges(description),conditionalFormats(booleanRule(condition(values(userEnteredValue)))),charts(spec(title)))";
const LOOKS: &str = "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(userEnteredFormat(numberFormat(type),textFormat(bold)),dataValidation(condition(type))))))";
const ENTERED: &str =
    "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(userEnteredValue))))";

/// What the tabs are called.
pub(crate) struct Names {
    /// `GOOGLE_SHEET_NAME`.
    pub(crate) keys: String,
    /// `GOOGLE_USAGE_SHEET_NAME`.
    pub(crate) usage: String,
}

/// A spreadsheet as it is.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// As Google names it.
    pub(crate) time_zone: String,
    /// From left to right.
    pub(crate) tabs: Vec<Tab>,
    /// The top rows of the keys tab.
    pub(super) keys: Vec<Vec<Cell>>,
    /// The first column of the keys tab that is empty, and all to the right of it.
    pub(super) keys_free: usize,
    /// Whether `is_active` holds words, which checkboxes would mark as wrong.
    pub(super) words_for_boxes: bool,
    /// The top rows of the usage tab.
    pub(super) usage: Vec<Vec<Cell>>,
    /// How the cells of both are set up, by tab, row and column.
    pub(super) looks: HashMap<(i64, usize, usize), Look>,
    /// What was entered into the summary, by row and column.
    pub(super) summary: HashMap<(usize, usize), Entered>,
}

/// One tab.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tab {
    pub(crate) id: i64,
    pub(crate) title: String,
    /// The grid's size.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Rows that stay in view.
    pub(super) frozen: usize,
    /// The descriptions of its protected ranges.
    pub(super) protections: Vec<String>,
    /// The formulas of its conditional formats; the others are empty.
    pub(super) rules: Vec<String>,
    /// The titles of its charts.
    pub(super) charts: Vec<String>,
    /// Whether it is still to be made.
    pub(super) new: bool,
}

/// How a cell is set up, where somebody set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The type of its number format: `TEXT`, `DATE_TIME`.
    pub(super) format: Option<String>,
    pub(super) bold: Option<bool>,
    /// The type of its validation's condition: `BOOLEAN`.
    pub(super) validation: Option<String>,
}

/// What was entered into a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    Formula(String),
    Text(String),
    Other,
}

impl Tab {
    pub(super) fn new(id: i64, title: &str, (rows, columns): (usize, usize)) -> Self {
        Self { id, title: title.to_owned(), rows, columns, new: true, ..Self::default() }
    }
}

impl Survey {
    /// Reads a spreadsheet, in at most nine requests.
    pub(crate) async fn read(spreadsheet: &Spreadsheet, names: &Names) -> Result<Self, Error> {
        let book: wire::Book = parsed(spreadsheet.describe(STRUCTURE).await?)?;
        let mut survey = Self { time_zone: book.properties.time_zone, ..Self::default() };
        survey.tabs = book.sheets.into_iter().map(wire::Sheet::into_tab).collect();
        let mut ranges = Vec::new();
        if let Some(tab) = survey.tab(&names.keys).cloned() {
            survey.read_keys(spreadsheet, &tab).await?;
            let header = Layout::of(&survey.keys).map_or(0, |layout| layout.row as usize - 1);
            ranges.extend(sample(&tab, header));
        }
        if let Some(tab) = survey.tab(&names.usage).cloned() {
            survey.usage = head(spreadsheet, &tab).await?;
            ranges.extend(sample(&tab, usage_tab::header(&survey.usage).unwrap_or(0)));
        }
        if !ranges.is_empty() {
            let book: wire::Cells = parsed(spreadsheet.describe_in(&ranges, LOOKS).await?)?;
            survey.looks = book.each(wire::Cell::look).collect();
        }
        if let Some(tab) = survey.tab(summary_tab::TITLE).cloned() {
            survey.summary = read_summary(spreadsheet, &tab).await?;
        }
        Ok(survey)
    }

    /// The tab of a title, case included.
    pub(crate) fn tab(&self, title: &str) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.title == title)
    }

    async fn read_keys(&mut self, spreadsheet: &Spreadsheet, tab: &Tab) -> Result<(), Error> {
        self.keys = head(spreadsheet, tab).await?;
        self.keys_free = self.keys.iter().map(Vec::len).max().unwrap_or(0);
        let Some(layout) = Layout::of(&self.keys) else { return Ok(()) };
        if self.keys_free < tab.columns {
            let right = block(tab, (0, self.keys_free), tab.columns - 1);
            self.keys_free += spreadsheet.values_in(&right).await?.iter().map(Vec::len).max().unwrap_or(0);
        }
        if let Some(column) = layout.index("is_active")
            && tab.rows > layout.row as usize
        {
            let boxes = spreadsheet.values_in(&block(tab, (layout.row as usize, column), column)).await?;
            self.words_for_boxes =
                boxes.iter().flatten().any(|value| !matches!(value, Value::Bool(_) | Value::Empty));
        }
        Ok(())
    }
}

/// What was entered into the rows in which ours would stand. Anything further down, where they are empty, is somebody's.
async fn read_summary(
    spreadsheet: &Spreadsheet,
    tab: &Tab,
) -> Result<HashMap<(usize, usize), Entered>, Error> {
    let block = [Range::rows(&tab.title, 0, summary_tab::ROWS - 1)];
    let cells: wire::Cells = parsed(spreadsheet.describe_in(&block, ENTERED).await?)?;
    let entered = cells.each(wire::Cell::entered);
    let mut summary: HashMap<_, _> =
        entered.filter_map(|((_, row, column), entered)| Some(((row, column), entered?))).collect();
    if summary.is_empty() && !spreadsheet.values(&tab.title).await?.is_empty() {
        summary.insert((summary_tab::ROWS, 0), Entered::Other);
    }
    Ok(summary)
}

/// The top rows. Where they hold nothing, all rows: what stands further down is somebody's.
async fn head(spreadsheet: &Spreadsheet, tab: &Tab) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = spreadsheet.values_in(&Range::rows(&tab.title, 0, HEAD - 1)).await?;
    if rows.is_empty() && tab.rows > HEAD {
        rows = spreadsheet.values(&tab.title).await?;
    }
    Ok(rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect())
}

/// From a cell down to the end of the tab, and as far as a column.
fn block(tab: &Tab, start: (usize, usize), column: usize) -> Range {
    Range { tab: tab.title.clone(), start: Some(start), end: Some((tab.rows.saturating_sub(1), column)) }
}

/// The header, the row below it and the last row of the grid, to which nobody is likely to have come.
fn sample(tab: &Tab, header: usize) -> Vec<Range> {
    let mut rows = vec![header, header + 1, tab.rows.saturating_sub(1)];
    rows.retain(|row| *row < tab.rows);
    rows.dedup();
    rows.into_iter().map(|row| Range::rows(&tab.title, row, row)).collect()
}

fn parsed<T: DeserializeOwned>(answer: serde_json::Value) -> Result<T, Error> {
    serde_json::from_value(answer).map_err(|_| Error::Unreadable { service: Service::Sheets, status: 200 })
}
