//! A1 notation: what a client may ask for, and how Google spells what it answers.
//!
//! Sources: the recorded exchanges of gspread and grouparoo, and Google's page on A1 notation. A title may be
//! quoted or not; a tab called `D3` is the cell when unquoted and the tab when quoted.

use super::book::area::Area;

/// A range as asked for. `cells` is `None` for a whole tab; `title` is `None` for the first tab.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) title: Option<String>,
    pub(crate) cells: Option<Cells>,
}

/// A block of cells, from 0, both ends included. An open end reaches to the edge of the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    pub(crate) first_row: usize,
    pub(crate) last_row: Option<usize>,
    pub(crate) first_column: usize,
    pub(crate) last_column: Option<usize>,
}

/// Reads a range, or `None` where Google says "Unable to parse range".
pub(crate) fn parse(range: &str) -> Option<Asked> {
    if let Some((title, rest)) = split_quoted(range) {
        let cells = match rest.strip_prefix('!') {
            Some(cells) => Some(parse_cells(cells)?),
            None => None,
        };
        return Some(Asked { title: Some(title), cells });
    }
    if let Some((title, cells)) = range.rsplit_once('!') {
        return Some(Asked { title: Some(title.to_owned()), cells: Some(parse_cells(cells)?) });
    }
    match parse_cells(range) {
        Some(cells) => Some(Asked { title: None, cells: Some(cells) }),
        None => Some(Asked { title: Some(range.to_owned()), cells: None }),
    }
}

/// Spells a range as Google does in its answers: the title quoted only where it must be, one cell as `A1`.
pub(crate) fn spell_area(title: &str, area: &Area) -> String {
    let last = (area.rows.end.max(area.rows.start + 1) - 1, area.columns.end.max(area.columns.start + 1) - 1);
    spell(title, (area.rows.start, area.columns.start), last)
}

/// As [`spell_area`], by the first and the last cell.
pub(crate) fn spell(title: &str, first: (usize, usize), last: (usize, usize)) -> String {
    let title = if needs_quotes(title) { quote(title) } else { title.to_owned() };
    let cell = |(row, column): (usize, usize)| format!("{}{}", column_letters(column), row + 1);
    if first == last {
        format!("{title}!{}", cell(first))
    } else {
        format!("{title}!{}:{}", cell(first), cell(last))
    }
}

/// Recorded: quoted for a space, an emoji, "-" and what looks like a cell; unquoted `Sheet1`, `wksht_test`,
/// `food.csv`. A leading digit is quoted in formulas; no recording shows it in an answer.
fn needs_quotes(title: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    !title.chars().all(plain)
        || title.starts_with(|c: char| c.is_ascii_digit())
        || parse_cells(title).is_some()
}

fn quote(title: &str) -> String {
    format!("'{}'", title.replace('\'', "''"))
}

/// Splits `'a title'rest`. The quote that ends a title is the last one before `!` or the end, so that an
/// apostrophe inside is accepted doubled and, as on Google's own page, undoubled.
fn split_quoted(range: &str) -> Option<(String, &str)> {
    let inner = range.strip_prefix('\'')?;
    let end = match inner.rfind("'!") {
        Some(end) => end,
        None => inner.strip_suffix('\'')?.len(),
    };
    Some((inner[..end].replace("''", "'"), &inner[end + 1..]))
}

/// Reads `A1`, `A1:B2`, `A:B`, `1:2`, `A2:B` and `A1:2`. A column or a row alone is not a range.
fn parse_cells(text: &str) -> Option<Cells> {
    let Some((from, to)) = text.split_once(':') else {
        let (row, column) = parse_corner(text)?;
        let (row, column) = (row?, column?);
        return Some(Cells {
            first_row: row,
            last_row: Some(row),
            first_column: column,
            last_column: Some(column),
        });
    };
    let ((from_row, from_column), (to_row, to_column)) = (parse_corner(from)?, parse_corner(to)?);
    let (first_row, last_row) = in_order(from_row, to_row);
    let (first_column, last_column) = in_order(from_column, to_column);
    Some(Cells { first_row, last_row, first_column, last_column })
}

fn in_order(from: Option<usize>, to: Option<usize>) -> (usize, Option<usize>) {
    match (from, to) {
        (Some(from), Some(to)) => (from.min(to), Some(from.max(to))),
        (from, to) => (from.unwrap_or(0), to),
    }
}

/// Reads one corner into row and column from 0. At most three letters: longer words are titles.
fn parse_corner(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let letters_end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (letters, digits) = text.split_at(letters_end);
    if text.is_empty() || letters.len() > 3 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let row = if digits.is_empty() { None } else { Some(digits.parse::<usize>().ok()?.checked_sub(1)?) };
    let number = |sum: usize, letter: u8| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    let column = letters.bytes().fold(0, number).checked_sub(1);
    Some((row, column))
}

pub(crate) fn column_letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + u8::try_from(column % 26).expect("a remainder of 26 is below 26"));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_of(range: &str) -> Option<String> {
        parse(range).and_then(|asked| asked.title)
    }

    #[test]
    fn a_title_is_read_quoted_unquoted_and_with_apostrophes() {
        for (range, title) in [
            ("'Jon''s tab'!A1:F", "Jon's tab"),
            ("'Jon's_Data'!A1:D5", "Jon's_Data"),
            ("Sheet1!A1", "Sheet1"),
            ("'D3'", "D3"),
            ("my tab 🚀!A1", "my tab 🚀"),
            ("'a!b'!A1", "a!b"),
            ("API_Keys", "API_Keys"),
        ] {
            assert_eq!(title_of(range).as_deref(), Some(title), "{range}");
        }
        assert_eq!(title_of("D3"), None, "unquoted, D3 is a cell of the first tab");
        assert_eq!(parse("'Tab'!nonsense"), None);
    }

    #[test]
    fn open_ends_and_swapped_corners_are_read() {
        let cells = |range: &str| parse(range).and_then(|asked| asked.cells).expect(range);
        let block = |r1, r2, c1, c2| Cells { first_row: r1, last_row: r2, first_column: c1, last_column: c2 };
        assert_eq!(cells("Sheet1!A2:B"), block(1, None, 0, Some(1)));
        assert_eq!(cells("Sheet1!A:A"), block(0, None, 0, Some(0)));
        assert_eq!(cells("Sheet1!2:3"), block(1, Some(2), 0, None));
        assert_eq!(cells("Sheet1!C4:AA1"), block(0, Some(3), 2, Some(26)));
    }

    #[test]
    fn answers_are_spelled_as_recorded() {
        assert_eq!(spell("Sheet1", (0, 0), (0, 0)), "Sheet1!A1");
        assert_eq!(spell("D3", (0, 0), (3, 3)), "'D3'!A1:D4");
        assert_eq!(spell("profiles-10.csv", (1, 0), (999, 9)), "'profiles-10.csv'!A2:J1000");
        assert_eq!(spell("food.csv", (0, 0), (0, 701)), "food.csv!A1:ZZ1");
        assert_eq!(spell("Jon's tab", (0, 0), (0, 702)), "'Jon''s tab'!A1:AAA1");
        assert_eq!(spell("API_Keys", (0, 25), (0, 26)), "API_Keys!Z1:AA1");
    }
}
