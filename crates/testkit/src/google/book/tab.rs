//! One tab: its grid, and what lies on it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::area::{Area, Dimension, Shift};
use super::cell::Cell;
use super::formula;

/// A new tab's grid, as Google makes it.
const ROWS: usize = 1000;
const COLUMNS: usize = 26;

/// One tab. Cells outside `cells` are empty; the grid may be larger than what it holds.
#[derive(Clone)]
pub(crate) struct Tab {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Members of `SheetProperties` beside the above, as far as they are set.
    pub(crate) look: Map<String, Value>,
    /// What lies on the grid, by its member of `Sheet`: `protectedRanges`, `conditionalFormats`, `charts`, ...
    pub(crate) objects: BTreeMap<&'static str, Vec<Value>>,
    pub(crate) filter: Option<Value>,
    /// `DimensionProperties` of single rows and columns.
    pub(crate) row_looks: BTreeMap<usize, Value>,
    pub(crate) column_looks: BTreeMap<usize, Value>,
    cells: Vec<Vec<Cell>>,
}

impl Tab {
    pub(crate) fn new(id: u64, title: &str) -> Self {
        Self {
            id,
            title: title.to_owned(),
            rows: ROWS,
            columns: COLUMNS,
            look: Map::new(),
            objects: BTreeMap::new(),
            filter: None,
            row_looks: BTreeMap::new(),
            column_looks: BTreeMap::new(),
            cells: Vec::new(),
        }
    }

    /// Replaces all cells; the grid grows if they need more than a new tab has.
    pub(crate) fn fill(&mut self, cells: Vec<Vec<Value>>) {
        self.rows = cells.len().max(ROWS);
        self.columns = cells.iter().map(Vec::len).max().unwrap_or(0).max(COLUMNS);
        let cell = |value: Value| match &value {
            Value::Object(date) => {
                Cell::shown_as(date["serial"].clone(), date["shown"].as_str().unwrap_or_default())
            }
            Value::String(text) if text.is_empty() => Cell::default(),
            _ => Cell::of(value),
        };
        self.cells = cells.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    }

    pub(crate) fn whole(&self) -> Area {
        Area::new(0..self.rows, 0..self.columns)
    }

    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&Cell> {
        self.cells.get(row)?.get(column)
    }

    /// The cell to be changed. The grid is not looked at.
    pub(crate) fn cell_mut(&mut self, row: usize, column: usize) -> &mut Cell {
        if self.cells.len() <= row {
            self.cells.resize_with(row + 1, Vec::new);
        }
        let row = &mut self.cells[row];
        if row.len() <= column {
            row.resize_with(column + 1, Cell::default);
        }
        &mut row[column]
    }

    /// What a cell holds or its formula comes to; null where it is empty.
    pub(crate) fn value(&self, row: usize, column: usize) -> Value {
        let Some(cell) = self.cell(row, column) else { return Value::Null };
        match cell.formula() {
            Some(text) => formula::evaluate(text, self),
            None => cell.value.clone(),
        }
    }

    pub(crate) fn is_empty_at(&self, row: usize, column: usize) -> bool {
        self.cell(row, column).is_none_or(Cell::is_empty)
    }

    /// The part of the grid that may hold something, so that nobody walks over empty rows.
    pub(crate) fn used(&self) -> Area {
        let width = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        Area::new(0..self.cells.len().min(self.rows), 0..width.min(self.columns))
    }

    /// The cells of one row, which end early where the rest is empty.
    pub(crate) fn row(&self, row: usize) -> &[Cell] {
        self.cells.get(row).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn size(&self, dimension: Dimension) -> usize {
        match dimension {
            Dimension::Rows => self.rows,
            Dimension::Columns => self.columns,
        }
    }

    /// Sets the grid's size. What is cut off is gone.
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.cells.truncate(rows);
        for row in &mut self.cells {
            row.truncate(columns);
        }
    }

    /// Puts empty rows or columns in; everything behind moves.
    pub(crate) fn insert(&mut self, dimension: Dimension, at: usize, count: usize) {
        match dimension {
            Dimension::Rows => {
                if at < self.cells.len() {
                    self.cells.splice(at..at, std::iter::repeat_n(Vec::new(), count));
                }
                self.rows += count;
            }
            Dimension::Columns => {
                for row in self.cells.iter_mut().filter(|row| at < row.len()) {
                    row.splice(at..at, std::iter::repeat_n(Cell::default(), count));
                }
                self.columns += count;
            }
        }
        self.shift(dimension, Shift::Insert { at, count });
    }

    /// Takes rows or columns out; everything behind moves up.
    pub(crate) fn delete(&mut self, dimension: Dimension, range: Range<usize>) {
        let cut = |length: usize| range.start.min(length)..range.end.min(length);
        match dimension {
            Dimension::Rows => {
                self.cells.drain(cut(self.cells.len()));
                self.rows -= range.len();
            }
            Dimension::Columns => {
                for row in &mut self.cells {
                    row.drain(cut(row.len()));
                }
                self.columns -= range.len();
            }
        }
        self.shift(dimension, Shift::Delete { from: range.start, to: range.end });
    }

    fn shift(&mut self, dimension: Dimension, shift: Shift) {
        for objects in self.objects.values_mut() {
            objects.retain_mut(|object| shift.moves(object, self.id, dimension));
        }
        if self.filter.as_mut().is_some_and(|filter| !shift.moves(filter, self.id, dimension)) {
            self.filter = None;
        }
        let looks = match dimension {
            Dimension::Rows => &mut self.row_looks,
            Dimension::Columns => &mut self.column_looks,
        };
        let moved = std::mem::take(looks).into_iter().filter_map(|(at, look)| match shift {
            Shift::Insert { at: line, count } => Some((if at >= line { at + count } else { at }, look)),
            Shift::Delete { from, to } => {
                (at < from || at >= to).then(|| (if at >= to { at - (to - from) } else { at }, look))
            }
        });
        *looks = moved.collect();
    }

    /// Reorders the rows of an area: `order` names the rows, from the area's first, in their new order. As in a
    /// sort by hand, the cells move and what lies on the grid stays.
    pub(crate) fn reorder(&mut self, area: &Area, order: &[usize]) {
        let old: Vec<Vec<Cell>> = area.rows.clone().map(|row| self.take(row, &area.columns)).collect();
        for (row, &from) in area.rows.clone().zip(order) {
            for (column, cell) in area.columns.clone().zip(&old[from]) {
                if !(cell.is_empty() && cell.dress().is_none() && self.cell(row, column).is_none()) {
                    *self.cell_mut(row, column) = cell.clone();
                }
            }
        }
    }

    fn take(&self, row: usize, columns: &Range<usize>) -> Vec<Cell> {
        columns.clone().map(|column| self.cell(row, column).cloned().unwrap_or_default()).collect()
    }

    /// The objects of one kind, to be changed.
    pub(crate) fn objects_mut(&mut self, kind: &'static str) -> &mut Vec<Value> {
        self.objects.entry(kind).or_default()
    }

    pub(crate) fn objects(&self, kind: &str) -> &[Value] {
        self.objects.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// `SheetProperties`. `sheetId` and `index` stand there even when 0 (recorded).
    pub(crate) fn properties(&self, index: usize) -> Value {
        let mut properties = json!({
            "sheetId": self.id,
            "title": self.title,
            "index": index,
            "sheetType": "GRID",
            "gridProperties": { "rowCount": self.rows, "columnCount": self.columns },
        });
        for (name, value) in &self.look {
            match value {
                Value::Object(members) if name == "gridProperties" => {
                    let grid = properties[name].as_object_mut().expect("made above");
                    grid.extend(members.clone());
                }
                _ => properties[name] = value.clone(),
            }
        }
        properties
    }
}
