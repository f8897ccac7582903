//! The `Usage` tab: looked at whole, written in one request, and what the write has hit is checked.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde_json::json;
use sheets::{Block, Range, Spreadsheet, Tab, Value};
use tracing::{info, warn};

use crate::config::GoogleSheet;
use crate::keys::{SourceError, open};
use crate::usage::{
    COLUMNS, Grid, HeaderLost, Layout, Mishap, Plan, Row, Totals, Update, found, identities, misses, plan,
    restore, suspects,
};

/// Rows in one write. Google advises to stay below 2 MB in a request, and stops at 180 s.
const MOST_ROWS: usize = 5_000;

/// Rows that are added to a grid that is full, at least.
const GROWTH: usize = 1_000;

/// The tab, and how to get there. Credentials are read again after each failure, as for the keys.
pub(super) struct UsageTab {
    sheet: GoogleSheet,
    spreadsheet: Option<Spreadsheet>,
    /// Strangers' rows that got our figures and are to be put back.
    mishaps: Vec<Mishap>,
    /// A write whose answer has not come, and the tab before it.
    doubt: Option<(Vec<Update>, Seen)>,
    /// Whether it has been said that somebody else writes our rows.
    is_shared: bool,
}

/// The tab as it was at one moment.
pub(super) struct Seen {
    grid: Grid,
    /// `None` where the tab is empty.
    layout: Option<Layout>,
}

/// What came of a write.
pub(super) enum Written {
    /// The tab said everything already.
    Nothing,
    /// Everything.
    All,
    /// Some of it: there was too much, or somebody had moved rows meanwhile. Look again.
    Some,
}

/// Why the tab does not have the totals.
#[derive(Debug)]
pub(super) enum FlushError {
    /// The credentials cannot be used.
    Credentials(SourceError),
    /// Google, or the way there.
    Google(sheets::Error),
    /// The tab has something else in it.
    Header { tab: String, lost: HeaderLost },
    /// Google has taken more time than there is.
    Slow,
    /// Rows were moved each time, or there is still more to write.
    Restless,
    /// The totals are not on disk, which has been said.
    Disk,
}

impl UsageTab {
    /// `sheet` names the usage tab.
    pub(super) fn new(sheet: GoogleSheet) -> Self {
        Self { sheet, spreadsheet: None, mishaps: Vec::new(), doubt: None, is_shared: false }
    }

    /// The tab's name.
    pub(super) fn title(&self) -> &str {
        &self.sheet.tab
    }

    /// Reads the tab, and makes it if it is not there.
    pub(super) async fn read(&mut self) -> Result<Seen, FlushError> {
        let title = self.sheet.tab.clone();
        let spreadsheet = self.spreadsheet().await?;
        let grid = match spreadsheet.values(&title).await {
            Err(sheets::Error::TabMissing { .. }) => {
                make(&spreadsheet, &title).await.map(|()| Grid::new())?
            }
            grid => grid?,
        };
        self.spreadsheet = Some(spreadsheet);
        let layout = Layout::of(&grid).map_err(|lost| FlushError::Header { tab: title, lost })?;
        Ok(Seen { grid, layout })
    }

    /// Writes what the tab, as it was seen, does not say.
    pub(super) async fn write(
        &mut self,
        seen: Seen,
        rows: &BTreeMap<Row, Totals>,
    ) -> Result<Written, FlushError> {
        let layout = seen.layout.clone().unwrap_or_else(Layout::fresh);
        if let Some((updates, before)) = self.doubt.take() {
            let was = before.layout.unwrap_or_else(Layout::fresh);
            let (before, now) = ((&before.grid, &was), (&seen.grid, &layout));
            self.mishaps.extend(suspects(&updates, before, now, rows));
        }
        let mut plan = plan(&seen.grid, &layout, rows, MOST_ROWS);
        self.report_shared(plan.larger);
        let (mended, lost) = restore(&self.mishaps, &seen.grid, &layout);
        if lost > 0 {
            warn!(lost, "rows of other instances in the usage tab were overwritten; each mends its own");
        }
        plan.updates.extend(mended);
        plan.updates.sort_by_key(|update| update.row);
        if plan.is_empty() {
            self.mishaps.clear();
            return Ok(Written::Nothing);
        }
        let title = self.sheet.tab.clone();
        let spreadsheet = self.spreadsheet().await?;
        let (blocks, lengths) = blocks(&title, &seen, &layout, &plan);
        if !plan.new.is_empty() {
            grow(&spreadsheet, &title, &blocks).await?;
        }
        self.doubt = Some((plan.updates, seen));
        let answer = spreadsheet.write_and_see(&blocks).await?;
        self.spreadsheet = Some(spreadsheet);
        let Some((updates, seen)) = self.doubt.take() else { return Ok(Written::Some) };
        let hit = identities(&answer, &lengths, &layout);
        let (missed, strangers) = misses(&updates, &hit, &seen.grid, &layout, rows);
        if missed > 0 {
            info!(missed, "rows of the usage tab were moved while it was written; putting them right");
            self.mishaps.extend(strangers);
            return Ok(Written::Some);
        }
        self.mishaps.clear();
        Ok(if plan.is_cut { Written::Some } else { Written::All })
    }

    /// Taken out for a call, and put back after one that went well.
    async fn spreadsheet(&mut self) -> Result<Spreadsheet, FlushError> {
        match self.spreadsheet.take() {
            Some(spreadsheet) => Ok(spreadsheet),
            None => open(&self.sheet).await.map_err(FlushError::Credentials),
        }
    }

    fn report_shared(&mut self, larger: usize) {
        if larger > 0 && !self.is_shared {
            warn!(
                rows = larger,
                "the usage tab has larger totals than are known here, and they are set right; if another server has the same INSTANCE, give each its own"
            );
        }
        self.is_shared = larger > 0;
    }
}

impl Seen {
    /// The totals that the tab has, of every instance.
    pub(super) fn found(&self) -> HashMap<Row, Totals> {
        self.layout.as_ref().map(|layout| found(&self.grid, layout)).unwrap_or_default()
    }
}

/// Makes the tab, with a header that stays in sight and is not sorted along. The header's words come with the rows.
async fn make(spreadsheet: &Spreadsheet, title: &str) -> Result<(), sheets::Error> {
    let grid = json!({ "rowCount": GROWTH, "columnCount": COLUMNS.len(), "frozenRowCount": 1 });
    let request = json!({ "addSheet": { "properties": { "title": title, "gridProperties": grid } } });
    match spreadsheet.change(&[request]).await {
        Ok(_) => info!(tab = title, "made the tab for usage"),
        // Another server was quicker, or an answer was lost.
        Err(sheets::Error::TabExists) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Makes room for what is to be written: writing past the grid is an error.
async fn grow(spreadsheet: &Spreadsheet, title: &str, blocks: &[Block]) -> Result<(), sheets::Error> {
    let properties = spreadsheet.properties().await?;
    let same = |tab: &&Tab| tab.title.to_lowercase() == title.to_lowercase();
    let Some(tab) = properties.tabs.iter().find(same) else { return Ok(()) };
    let ends = || blocks.iter().filter_map(|block| block.at.end);
    let rows = ends().map(|(row, _)| row + 1).max().unwrap_or_default();
    let columns = ends().map(|(_, column)| column + 1).max().unwrap_or_default();
    let append = |dimension: &str, length: usize| json!({ "appendDimension": { "sheetId": tab.id, "dimension": dimension, "length": length } });
    let mut requests = Vec::new();
    if rows > tab.rows {
        requests.push(append("ROWS", (rows - tab.rows).max(GROWTH)));
    }
    if columns > tab.columns {
        requests.push(append("COLUMNS", columns - tab.columns));
    }
    if !requests.is_empty() {
        spreadsheet.change(&requests).await?;
    }
    Ok(())
}

/// What to write, and how many rows each of the first blocks updates: neighbours are one block. New rows, and the header
/// if there is none, come after those.
fn blocks(title: &str, seen: &Seen, layout: &Layout, plan: &Plan) -> (Vec<Block>, Vec<usize>) {
    let (first, last) = layout.span();
    let block = |row: usize, rows: Vec<Vec<Option<Value>>>| Block {
        at: Range {
            tab: title.to_owned(),
            start: Some((row, first)),
            end: Some((row + rows.len() - 1, last)),
        },
        rows,
    };
    let is_next = |a: &Update, b: &Update| b.row == a.row + 1;
    let mut blocks: Vec<Block> = plan
        .updates
        .chunk_by(is_next)
        .map(|run| block(run[0].row, run.iter().map(|update| layout.line(None, &update.figures)).collect()))
        .collect();
    let lengths = blocks.iter().map(|block| block.rows.len()).collect();
    if seen.layout.is_none() {
        let names = COLUMNS.map(|name| Some(Value::Text(name.to_owned())));
        blocks.push(block(layout.header, vec![names.to_vec()]));
    }
    if !plan.new.is_empty() {
        let rows = plan.new.iter().map(|(identity, figures)| layout.line(Some(identity), figures));
        blocks.push(block(seen.grid.len().max(layout.header + 1), rows.collect()));
    }
    (blocks, lengths)
}

impl FlushError {
    /// How long Google asked to be left alone; zero if it did not.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Google(error) => error.retry_after(),
            Self::Credentials(error) => error.retry_after,
            Self::Header { .. } | Self::Slow | Self::Restless | Self::Disk => None,
        }
        .unwrap_or_default()
    }
}

impl From<sheets::Error> for FlushError {
    fn from(error: sheets::Error) -> Self {
        Self::Google(error)
    }
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(error) => f.write_str(&error.detail),
            Self::Google(error) => write!(f, "{error}"),
            Self::Header { tab, lost } => write!(f, "the tab {tab:?} is not as it was: {lost}"),
            Self::Slow => f.write_str("google took more than a minute"),
            Self::Restless => {
                f.write_str("there is more than is written in one go, or its rows are moved all the time")
            }
            Self::Disk => f.write_str("it is not on disk"),
        }
    }
}
