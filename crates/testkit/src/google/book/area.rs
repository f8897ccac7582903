//! A block of cells, and Google's JSON for it.
//!
//! `GridRange` counts from 0, its ends are excluded, a side that is left out is open, and `sheetId` 0 is left out
//! of answers (recorded).

use std::ops::Range;

use serde_json::{Map, Value, json};

/// A block of cells of one tab, from 0, ends excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
}

impl Area {
    pub(crate) fn new(rows: Range<usize>, columns: Range<usize>) -> Self {
        Self { rows, columns }
    }

    /// The block of this size at a corner.
    pub(crate) fn sized(corner: (usize, usize), height: usize, width: usize) -> Self {
        Self::new(corner.0..corner.0 + height, corner.1..corner.1 + width)
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        meet(&self.rows, &other.rows) && meet(&self.columns, &other.columns)
    }

    pub(crate) fn holds(&self, other: &Self) -> bool {
        let within =
            |outer: &Range<usize>, inner: &Range<usize>| outer.start <= inner.start && inner.end <= outer.end;
        within(&self.rows, &other.rows) && within(&self.columns, &other.columns)
    }

    /// Every cell, row by row.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.rows.clone().flat_map(|row| self.columns.clone().map(move |column| (row, column)))
    }

    /// Reads a `GridRange` on a grid of this size. Open sides reach to its edge.
    pub(crate) fn from_json(range: &Value, rows: usize, columns: usize) -> Self {
        let side = |start: &str, end: &str, size: usize| {
            let start = index(&range[start]).unwrap_or(0);
            start..index(&range[end]).unwrap_or(size).max(start)
        };
        Self {
            rows: side("startRowIndex", "endRowIndex", rows),
            columns: side("startColumnIndex", "endColumnIndex", columns),
        }
    }

    /// The `GridRange` on the tab of this id.
    pub(crate) fn to_json(&self, sheet_id: u64) -> Value {
        json!({
            "sheetId": sheet_id,
            "startRowIndex": self.rows.start,
            "endRowIndex": self.rows.end,
            "startColumnIndex": self.columns.start,
            "endColumnIndex": self.columns.end,
        })
    }
}

fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// An index in JSON, which Google takes as a number and as a text.
pub(crate) fn index(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|number| usize::try_from(number).ok()),
    }
}

/// Rows or columns of a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Rows,
    Columns,
}

impl Dimension {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ROWS" => Some(Self::Rows),
            "COLUMNS" => Some(Self::Columns),
            _ => None,
        }
    }

    fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Rows => ("startRowIndex", "endRowIndex"),
            Self::Columns => ("startColumnIndex", "endColumnIndex"),
        }
    }
}

/// What happens to the places behind a line of a tab.
#[derive(Clone, Copy)]
pub(crate) enum Shift {
    /// So many are put in before this one.
    Insert { at: usize, count: usize },
    /// These are taken out.
    Delete { from: usize, to: usize },
}

impl Shift {
    /// Moves every range of the tab that stands anywhere in `value`. False if `value` is itself a range, or has
    /// one as its own `range`, of which nothing is left.
    pub(crate) fn moves(self, value: &mut Value, sheet_id: u64, dimension: Dimension) -> bool {
        match value {
            Value::Array(items) => {
                items.retain_mut(|item| self.moves(item, sheet_id, dimension));
                true
            }
            Value::Object(members) if is_range(members) => {
                let own = members.get("sheetId").and_then(Value::as_u64).unwrap_or(0) == sheet_id;
                !own || self.moves_range(members, dimension)
            }
            Value::Object(members) => {
                let mut stays = true;
                for (name, member) in members.iter_mut() {
                    let left = self.moves(member, sheet_id, dimension);
                    stays &= left || name != "range";
                }
                stays
            }
            _ => true,
        }
    }

    fn moves_range(self, range: &mut Map<String, Value>, dimension: Dimension) -> bool {
        let (start_name, end_name) = dimension.ends();
        let (start, end) = (range.get(start_name).and_then(index), range.get(end_name).and_then(index));
        let (new_start, new_end) = match self {
            Self::Insert { at, count } => (
                start.map(|start| if start >= at { start + count } else { start }),
                end.map(|end| if end > at { end + count } else { end }),
            ),
            Self::Delete { from, to } => {
                let place = |at: usize| if at >= to { at - (to - from) } else { at.min(from) };
                (start.map(place), end.map(place))
            }
        };
        for (name, place) in [(start_name, new_start), (end_name, new_end)] {
            if let Some(place) = place {
                range.insert(name.to_owned(), json!(place));
            }
        }
        new_end.is_none_or(|end| new_start.unwrap_or(0) < end)
    }
}

fn is_range(members: &Map<String, Value>) -> bool {
    members.keys().any(|name| name.starts_with("startRow") || name.starts_with("startColumn"))
        && members.keys().all(|name| name == "sheetId" || name.ends_with("Index"))
}
