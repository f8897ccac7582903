//! What a person does to the spreadsheet in the browser, by the handle that a test holds.

use std::ops::Range;

use serde_json::{Value, json};

use super::Google;
use super::batch;
use super::book::area::{Area, Dimension};
use super::book::render::Rendering;
use super::book::{Book, Tab};
use super::values;

impl Google {
    /// Makes the tab or replaces all of its cells. A cell is a JSON text, number, boolean or null (empty), or a
    /// [`crate::date_cell`]. The grid is 1000 x 26, or larger if the rows need it.
    pub fn set_tab(&self, title: &str, rows: Vec<Vec<Value>>) {
        self.inside.state().book().tab_or_new(title).fill(rows);
    }

    /// What stands in a tab, as `values.get` answers it under `UNFORMATTED_VALUE`: rows end at their last cell that
    /// holds something, an empty cell before it is `""`, dates are serial numbers. Panics if there is no such tab.
    pub fn cells(&self, title: &str) -> Vec<Vec<Value>> {
        self.in_tab(title, |tab| values::block(tab, &tab.whole(), Rendering::RAW))
    }

    /// The titles of the tabs, in order.
    pub fn tabs(&self) -> Vec<String> {
        self.inside.state().book().tabs.iter().map(|tab| tab.title.clone()).collect()
    }

    /// Types a value into a cell of a tab that exists; row and column from 0. The cell's format stays.
    pub fn set_cell(&self, title: &str, row: usize, column: usize, value: Value) {
        self.in_tab(title, |tab| tab.cell_mut(row, column).enter(value));
    }

    /// Sets the grid of a tab, as a user does who deletes the empty rows below. Cells outside are gone.
    pub fn resize_tab(&self, title: &str, rows: usize, columns: usize) {
        self.in_tab(title, |tab| tab.resize(rows, columns));
    }

    /// Puts empty rows in before the row `at`, from 0.
    pub fn insert_rows(&self, title: &str, at: usize, count: usize) {
        self.in_tab(title, |tab| tab.insert(Dimension::Rows, at, count));
    }

    /// Takes rows out, from 0, the end excluded.
    pub fn delete_rows(&self, title: &str, rows: Range<usize>) {
        self.in_tab(title, |tab| tab.delete(Dimension::Rows, rows));
    }

    /// Puts empty columns in before the column `at`, from 0.
    pub fn insert_columns(&self, title: &str, at: usize, count: usize) {
        self.in_tab(title, |tab| tab.insert(Dimension::Columns, at, count));
    }

    /// Takes columns out, from 0, the end excluded.
    pub fn delete_columns(&self, title: &str, columns: Range<usize>) {
        self.in_tab(title, |tab| tab.delete(Dimension::Columns, columns));
    }

    /// Sorts all rows but the first by a column, from 0. Empty cells come last.
    pub fn sort_tab(&self, title: &str, column: usize, descending: bool) {
        self.in_tab(title, |tab| {
            let below = Area::new(1..tab.rows, 0..tab.columns);
            batch::sort_rows(tab, &below, &[(column, descending)]);
        });
    }

    /// Sorts one column alone, below the first row: what tears rows apart.
    pub fn sort_column_alone(&self, title: &str, column: usize, descending: bool) {
        self.in_tab(title, |tab| {
            let below = Area::new(1..tab.rows, column..column + 1);
            batch::sort_rows(tab, &below, &[(column, descending)]);
        });
    }

    /// Deletes a tab that exists and is not the last.
    pub fn delete_tab(&self, title: &str) {
        self.inside.state().book().delete(title);
    }

    /// Renames a tab that exists.
    pub fn rename_tab(&self, from: &str, to: &str) {
        self.in_tab(from, |tab| to.clone_into(&mut tab.title));
    }

    /// Protects a whole tab so that the service account may not write to it.
    pub fn protect_tab(&self, title: &str) {
        let mut state = self.inside.state();
        let place = state.book().tab(Some(title)).expect("the tab to protect exists");
        batch::protect(state.book(), place, None);
    }

    /// Sets the spreadsheet's time zone: an IANA name, or the form `GMT-07:00`.
    pub fn set_time_zone(&self, time_zone: &str) {
        self.in_book(|book| book.properties.insert("timeZone".to_owned(), json!(time_zone)));
    }

    /// The spreadsheet as `spreadsheets.get` describes it, with the cells.
    pub fn description(&self) -> Value {
        let query = values::Query::of(&axum::http::Uri::from_static("/?includeGridData=true"));
        let described = self.in_book(|book| super::describe::spreadsheet(book, super::SHEET_ID, &query));
        described.unwrap_or_default()
    }

    fn in_book<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(self.inside.state().book())
    }

    fn in_tab<T>(&self, title: &str, change: impl FnOnce(&mut Tab) -> T) -> T {
        let mut state = self.inside.state();
        change(state.book().tab_mut(title).unwrap_or_else(|| panic!("there is no tab {title}")))
    }
}
