//! A spreadsheet: its properties and its tabs.

pub(super) mod area;
pub(super) mod cell;
pub(super) mod condition;
pub(super) mod formula;
pub(super) mod render;
mod tab;
pub(super) mod typed;

use serde_json::{Map, Value, json};

pub(super) use self::tab::Tab;

/// Cells that a spreadsheet may have, all grids together.
pub(super) const MOST_CELLS: usize = 10_000_000;

/// A spreadsheet. It keeps at least one tab, as Google's do.
#[derive(Clone)]
pub(super) struct Book {
    /// `SpreadsheetProperties` that may be changed: title, locale, `timeZone`, `autoRecalc`.
    pub(super) properties: Map<String, Value>,
    pub(super) tabs: Vec<Tab>,
    pub(super) named_ranges: Vec<Value>,
    pub(super) metadata: Vec<Value>,
    last_id: u64,
}

impl Book {
    /// A new file as recorded: `Etc/GMT` and one tab `Sheet1`.
    pub(super) fn new(title: &str) -> Self {
        let properties = json!({
            "title": title, "locale": "en_US", "autoRecalc": "ON_CHANGE", "timeZone": "Etc/GMT",
        });
        let Value::Object(properties) = properties else { unreachable!("an object was written above") };
        let tabs = vec![Tab::new(0, "Sheet1")];
        Self { properties, tabs, named_ranges: Vec::new(), metadata: Vec::new(), last_id: 0 }
    }

    /// The tab with this title, or the first that is not hidden where none is named.
    pub(super) fn tab(&self, title: Option<&str>) -> Option<usize> {
        match title {
            Some(title) => self.tabs.iter().position(|tab| tab.title == title),
            None => self.tabs.iter().position(|tab| tab.look.get("hidden") != Some(&json!(true))),
        }
    }

    pub(super) fn tab_mut(&mut self, title: &str) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.title == title)
    }

    /// The tab with this title, made at the end if there is none.
    pub(super) fn tab_or_new(&mut self, title: &str) -> &mut Tab {
        let place = self.tab(Some(title)).unwrap_or_else(|| {
            let id = self.next_id();
            self.tabs.push(Tab::new(id, title));
            self.tabs.len() - 1
        });
        &mut self.tabs[place]
    }

    /// An id for a tab, a protection, a chart: large, below 2^31, and as Google's in no order.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id = (self.last_id + 408_771_413) % 2_147_483_647;
        self.last_id
    }

    /// Removes a tab; panics if there is none of this title, or if it is the last.
    pub(super) fn delete(&mut self, title: &str) {
        let place = self.tab(Some(title)).expect("the tab to delete exists");
        assert!(self.tabs.len() > 1, "a spreadsheet keeps at least one tab");
        self.tabs.remove(place);
    }

    /// The cells of all grids.
    pub(super) fn size(&self) -> usize {
        self.tabs.iter().map(|tab| tab.rows * tab.columns).sum()
    }
}

/// Google's refusal of what would make a spreadsheet too large.
///
/// # Errors
/// Its words, if `size` is too much.
pub(super) fn check_size(size: usize) -> Result<(), String> {
    if size <= MOST_CELLS {
        return Ok(());
    }
    Err(format!(
        "This action would increase the number of cells in the workbook above the limit of {MOST_CELLS} cells."
    ))
}
