//! Where in a spreadsheet: a tab, or a block of its cells.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the characters that no part of a URL treats specially (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A place in a tab. Rows and columns count from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The tab's title.
    pub tab: String,
    /// The first row and column; `None` is the whole tab.
    pub start: Option<(usize, usize)>,
    /// The last row and column, both included; `None` is to the end of the tab. Only used with `start`.
    pub end: Option<(usize, usize)>,
}

impl Range {
    /// The whole tab.
    pub fn tab(title: &str) -> Self {
        Self { tab: title.to_owned(), start: None, end: None }
    }

    /// Whole rows, from `first` to `last` included.
    pub fn rows(title: &str, first: usize, last: usize) -> Self {
        // Sheets has 18,278 columns at most (ZZZ); an end past the grid is clipped.
        Self { tab: title.to_owned(), start: Some((first, 0)), end: Some((last, 18_277)) }
    }

    /// One cell, or the top left one of what is written there.
    pub fn cell(title: &str, row: usize, column: usize) -> Self {
        Self { tab: title.to_owned(), start: Some((row, column)), end: Some((row, column)) }
    }

    /// The range as a path segment, encoded always, since a title may hold `/`, `?` or `#`.
    pub(crate) fn in_path(&self) -> String {
        utf8_percent_encode(&self.to_string(), RESERVED).to_string()
    }
}

/// In A1 notation. The title stands in single quotes with `'` doubled, always, since an unquoted `D3` is a cell
/// (recorded, gspread).
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.tab.replace('\'', "''"))?;
        let Some((row, column)) = self.start else { return Ok(()) };
        write!(f, "!{}{}", column_name(column), row + 1)?;
        match self.end {
            Some(end) if end == (row, column) => Ok(()),
            Some((row, column)) => write!(f, ":{}{}", column_name(column), row + 1),
            None => Ok(()),
        }
    }
}

/// A column's letters: 0 is `A`, 25 `Z`, 26 `AA`.
pub fn column_name(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        letters.push(char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or_default()));
        left = (left - 1) / 26;
    }
    letters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_quoted_and_encoded() {
        let path = |title: &str| Range::tab(title).in_path();
        assert_eq!(path("API_Keys"), "%27API_Keys%27");
        assert_eq!(path("Jon's tab"), "%27Jon%27%27s%20tab%27");
        assert_eq!(path("a/b?c#d"), "%27a%2Fb%3Fc%23d%27");
        assert_eq!(path("🔑"), "%27%F0%9F%94%91%27");
    }

    #[test]
    fn blocks_are_spelt_in_a1() {
        assert_eq!(Range::cell("K", 0, 0).to_string(), "'K'!A1");
        assert_eq!(Range::rows("K", 1, 99).to_string(), "'K'!A2:ZZZ100");
        assert_eq!(Range::cell("K", 9, 701).to_string(), "'K'!ZZ10");
        assert_eq!(column_name(702), "AAA");
    }
}
