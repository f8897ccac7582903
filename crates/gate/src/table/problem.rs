//! Something in a keys table that a person should repair.

use std::fmt;

/// Names the cell and the fault, and never holds the content of an `api_key` cell. Shown, it is one line:
/// `row 7, D7 (rate_limit): "lots" is not a whole number of requests per minute; row refused`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The row's number in the sheet, from 1.
    pub row: u32,
    /// The cell's address, such as `D7`.
    pub cell: String,
    /// The column's name.
    pub column: &'static str,
    /// What is wrong, without the place. Quoted contents are escaped and cut short.
    pub message: String,
    /// Whether the row's key is refused for it; otherwise the problem is a warning.
    pub refused: bool,
}

impl Problem {
    /// A problem for which the row is refused. `row` and `index` count from 0.
    pub(super) fn refusing(row: usize, index: usize, column: &'static str, message: String) -> Self {
        Self { row: number(row), cell: address(row, index), column, message, refused: true }
    }

    /// A warning. `row` and `index` count from 0.
    pub(super) fn harmless(row: usize, index: usize, column: &'static str, message: String) -> Self {
        Self { refused: false, ..Self::refusing(row, index, column, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, cell, column, message, refused } = self;
        let end = if *refused { "; row refused" } else { "" };
        write!(f, "row {row}, {cell} ({column}): {message}{end}")
    }
}

/// The number that a sheet shows beside the row with this index.
pub(super) fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX).saturating_add(1)
}

/// A cell's address: letters for the column (A to Z, then AA), and the row's number. Both count from 0.
pub fn address(row: usize, mut index: usize) -> String {
    let mut address = number(row).to_string();
    loop {
        address.insert(0, ('A'..='Z').nth(index % 26).unwrap_or('?'));
        match (index / 26).checked_sub(1) {
            Some(rest) => index = rest,
            None => return address,
        }
    }
}
