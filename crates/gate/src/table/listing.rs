//! A keys table row by row, for those who list and change it. Who decides reads a [`Table`](super::Table).

use super::header::{Column, Header, HeaderFault};
use super::row::{self, Row};
use super::{Cell, Rules};

/// The rows that hold a usable key, and where everything stands.
pub struct Listing {
    /// From the top down. A key may stand in several.
    pub rows: Vec<Row>,
    header: Header,
}

impl Listing {
    /// Reads `grid` as [`Table::read`](super::Table::read) does, which also says what is wrong with it.
    pub fn read(grid: &[Vec<Cell>], rules: &Rules) -> Result<Self, HeaderFault> {
        let header = Header::find(grid)?;
        let below = grid.iter().enumerate().skip(header.row + 1);
        let rows =
            below.filter_map(|(index, cells)| row::read(cells, index, &header, rules, &mut Vec::new()));
        Ok(Self { rows: rows.collect(), header })
    }

    /// The index of the header's row, from 0.
    pub fn header_row(&self) -> usize {
        self.header.row
    }

    /// The index of a column, from 0, if the table has it. Of two with the same name, the one that is read.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.header.place(column)
    }

    /// The cell of a column in a row of the grid.
    pub fn cell<'a>(&self, column: Column, cells: &'a [Cell]) -> &'a Cell {
        self.header.cell(column, cells)
    }
}
