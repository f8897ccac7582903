//! The methods of `spreadsheets.values`: what they share.

mod append;
mod read;
mod write;

use axum::http::Uri;
use serde_json::Value;

use super::a1;
use super::bad::Bad;
use super::book::area::{Area, Dimension};
use super::book::render::{Rendering, Values};
use super::book::{Book, Tab};

pub(crate) use self::append::append;
pub(crate) use self::read::{batch_get, block, get};
pub(crate) use self::write::{batch_clear, batch_update, clear, update};

/// A range, found on its tab.
struct Found {
    tab: usize,
    /// As asked for, open ends at the grid's edge, clipped to the grid.
    area: Area,
    /// Whether a single cell was named, which is where to begin rather than where to stay.
    corner: bool,
    /// Whether the end that was asked for lies outside the grid.
    clipped: bool,
}

/// Finds a range by A1 notation or by the name of a named range.
fn find(book: &Book, range: &str) -> Result<Found, Bad> {
    let unknown = || Bad::from(format!("Unable to parse range: {range}"));
    if let Some(named) = book.named_ranges.iter().find(|named| named["name"] == range) {
        let id = named["range"]["sheetId"].as_u64().unwrap_or(0);
        let tab = book.tabs.iter().position(|tab| tab.id == id).ok_or_else(unknown)?;
        let area = Area::from_json(&named["range"], book.tabs[tab].rows, book.tabs[tab].columns);
        return Ok(Found { tab, area, corner: false, clipped: false });
    }
    let asked = a1::parse(range).ok_or_else(unknown)?;
    let place = book.tab(asked.title.as_deref()).ok_or_else(unknown)?;
    let tab = &book.tabs[place];
    let cells = asked.cells.unwrap_or_default();
    let first = (cells.first_row, cells.first_column);
    if first.0 >= tab.rows || first.1 >= tab.columns {
        let last = (cells.last_row.unwrap_or(first.0), cells.last_column.unwrap_or(first.1));
        return Err(exceeds_grid(tab, &a1::spell(&tab.title, first, last)));
    }
    let end = |asked: Option<usize>, size: usize| asked.map_or(size, |last| (last + 1).min(size));
    let outside = |asked: Option<usize>, size: usize| asked.is_some_and(|last| last >= size);
    let rows = first.0..end(cells.last_row, tab.rows);
    let columns = first.1..end(cells.last_column, tab.columns);
    Ok(Found {
        tab: place,
        corner: asked.cells.is_some() && !range.rsplit('!').next().unwrap_or_default().contains(':'),
        area: Area { rows, columns },
        clipped: outside(cells.last_row, tab.rows) || outside(cells.last_column, tab.columns),
    })
}

/// The tab and the cells of a range.
///
/// # Errors
/// As for a read of its values.
pub(crate) fn find_area(book: &Book, range: &str) -> Result<(usize, Area), Bad> {
    find(book, range).map(|found| (found.tab, found.area))
}

fn exceeds_grid(tab: &Tab, range: &str) -> Bad {
    let (rows, columns) = (tab.rows, tab.columns);
    Bad::from(format!("Range ({range}) exceeds grid limits. Max rows: {rows}, max columns: {columns}"))
}

/// The parameters of a request's query.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Python writes `True`.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.one(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Reads a `ValueRenderOption` and a `DateTimeRenderOption`.
fn rendering(values: Option<&str>, dates: Option<&str>) -> Result<Rendering, Bad> {
    let values = match values {
        None | Some("FORMATTED_VALUE") => Values::Formatted,
        Some("UNFORMATTED_VALUE") => Values::Unformatted,
        Some("FORMULA") => Values::Formula,
        Some(other) => return Err(Bad::word("value_render_option", "ValueRenderOption", other)),
    };
    let serial_dates = match dates {
        None | Some("SERIAL_NUMBER") => true,
        Some("FORMATTED_STRING") => false,
        Some(other) => return Err(Bad::word("date_time_render_option", "DateTimeRenderOption", other)),
    };
    Ok(Rendering { values, serial_dates })
}

/// Reads a `Dimension`; null is taken for not set (recorded).
fn dimension(name: Option<&str>, field: &str) -> Result<Dimension, Bad> {
    match name {
        None | Some("DIMENSION_UNSPECIFIED") => Ok(Dimension::Rows),
        Some(name) => Dimension::named(name).ok_or_else(|| Bad::word(field, "Dimension", name)),
    }
}

/// Rows to columns and back. Short lines are filled up.
fn transposed(lines: &[Vec<Value>], filler: &Value) -> Vec<Vec<Value>> {
    let width = lines.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| lines.iter().map(|line| line.get(at).unwrap_or(filler).clone()).collect();
    (0..width).map(line).collect()
}
