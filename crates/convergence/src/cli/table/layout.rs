//! A table for people: even columns, and on a terminal no wider than that.
//!
//! There, columns that hold nothing are left out, names are cut, sentences go on in the next line, and where that is not
//! enough, each row becomes a block with a line for each of its cells. Everywhere else it is whole.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::text::{cut, harmless, lines, width};

/// Between two columns.
const GAP: usize = 2;

/// Columns of words that somebody has chosen, and how little room is enough for them.
const NAMES: ([&str; 2], usize) = (["client_name", "endpoint"], 16);

/// Columns of sentences, and how little room is enough for them.
const SENTENCES: ([&str; 6], usize) = (["message", "action", "detail", "restrictions", "fields", "note"], 24);

/// Columns whose words are good or bad news.
const NEWS: [&str; 6] = ["result", "state", "passed", "level", "fate", "access"];

/// What may happen to a column for want of room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Name,
    Sentence,
}

struct Column<'a> {
    header: &'a str,
    kind: Kind,
    cells: Vec<String>,
    /// The widest of them, the header included.
    width: usize,
}

/// Lays rows out under their headers, with colours. `room` is how wide the terminal is, and none where there is no terminal.
pub(super) fn lay_out(headers: &[&str], rows: &[Vec<String>], room: Option<usize>) -> String {
    let mut columns: Vec<Column<'_>> =
        headers.iter().zip(0..).map(|(header, place)| column(header, rows, place)).collect();
    let Some(room) = room else {
        let widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
        return even(&columns, &widths, rows.len());
    };
    if !rows.is_empty() {
        columns.retain(|column| column.cells.iter().any(|cell| !cell.is_empty()));
    }
    match widths(&columns, room) {
        Some(widths) => even(&columns, &widths, rows.len()),
        None => blocks(&columns, room, rows.len()),
    }
}

fn column<'a>(header: &'a str, rows: &[Vec<String>], place: usize) -> Column<'a> {
    let cells: Vec<String> =
        rows.iter().map(|row| row.get(place).map_or_else(String::new, |cell| harmless(cell))).collect();
    let widest = cells.iter().map(|cell| width(cell)).max().unwrap_or_default();
    let kind = match header {
        header if NAMES.0.contains(&header) => Kind::Name,
        header if SENTENCES.0.contains(&header) => Kind::Sentence,
        _ => Kind::Exact,
    };
    Column { header, kind, cells, width: widest.max(width(header)) }
}

/// How wide each column is to be; nothing if there is not enough room for all of them.
fn widths(columns: &[Column<'_>], room: usize) -> Option<Vec<usize>> {
    let least = |column: &Column<'_>| match column.kind {
        Kind::Exact => column.width,
        Kind::Name => column.width.min(NAMES.1),
        Kind::Sentence => column.width.min(SENTENCES.1),
    };
    let within = |most: usize| -> Vec<usize> {
        columns.iter().map(|column| column.width.min(most).max(least(column))).collect()
    };
    let gaps = GAP * columns.len().saturating_sub(1);
    let fits = |widths: &Vec<usize>| widths.iter().sum::<usize>() + gaps <= room;
    let widest = columns.iter().map(|column| column.width).max().unwrap_or_default();
    (0..=widest).rev().map(within).find(fits)
}

fn even(columns: &[Column<'_>], widths: &[usize], rows: usize) -> String {
    let mut out = String::new();
    let headers: Vec<Vec<String>> = columns.iter().map(|column| vec![column.header.to_owned()]).collect();
    line(&mut out, &headers, widths, |_, _| Style::new().bold());
    for row in 0..rows {
        let cell = |(column, room): (&Column<'_>, &usize)| match column.kind {
            Kind::Name => vec![cut(&column.cells[row], *room)],
            Kind::Sentence => lines(&column.cells[row], *room),
            Kind::Exact => vec![column.cells[row].clone()],
        };
        let cells: Vec<Vec<String>> = columns.iter().zip(widths).map(cell).collect();
        line(&mut out, &cells, widths, |place, cell| style(columns[place].header, cell));
    }
    out
}

/// A row of the table: as many lines as its longest cell.
fn line(out: &mut String, cells: &[Vec<String>], widths: &[usize], style: impl Fn(usize, &str) -> Style) {
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    for at in 0..height {
        let mut pending = 0;
        for (place, (cell, room)) in cells.iter().zip(widths).enumerate() {
            let text = cell.get(at).map(|text| text.trim_end()).unwrap_or_default();
            // No blanks at the end of a line.
            if !text.is_empty() {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut pending)));
                paint(out, text, style(place, text));
            }
            pending += room.saturating_sub(width(text)) + GAP;
        }
        out.push('\n');
    }
}

/// Each row as lines of their own: the header, and what stands under it.
fn blocks(columns: &[Column<'_>], room: usize, rows: usize) -> String {
    let label = columns.iter().map(|column| width(column.header)).max().unwrap_or_default();
    let rest = room.saturating_sub(label + GAP);
    let mut out = String::new();
    for row in 0..rows {
        if row > 0 {
            out.push('\n');
        }
        for column in columns.iter().filter(|column| !column.cells[row].is_empty()) {
            let cells = [vec![column.header.to_owned()], lines(&column.cells[row], rest)];
            line(&mut out, &cells, &[label, rest], |place, cell| match place {
                0 => Style::new().bold(),
                _ => style(column.header, cell),
            });
        }
    }
    out
}

fn paint(out: &mut String, text: &str, style: Style) {
    // A string takes everything.
    let _ = write!(out, "{style}{text}{style:#}");
}

fn style(header: &str, cell: &str) -> Style {
    let colour = |colour: AnsiColor| colour.on_default();
    match cell {
        _ if !NEWS.contains(&header) => Style::new(),
        "ok" | "active" | "yes" => colour(AnsiColor::Green),
        "FAIL" | "refused" | "no" | "unreadable" | "gone" | "let in again" => colour(AnsiColor::Red).bold(),
        "warning" | "revoked" | "expired" | "inactive" | "duplicate" => colour(AnsiColor::Yellow),
        "note" | "depends" => colour(AnsiColor::Cyan),
        _ => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADERS: [&str; 4] = ["fingerprint", "client_name", "revoked_at", "state"];

    fn plain(headers: &[&str], rows: &[&[&str]], room: Option<usize>) -> String {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        anstream::adapter::strip_str(&lay_out(headers, &rows, room)).to_string()
    }

    #[test]
    fn elsewhere_it_is_whole_and_without_control_characters() {
        let rows: [&[&str]; 2] =
            [&["7093ca31a483", "Caf\u{e9}, Ltd", "", "active"], &["b1946ac92492", "a\u{1b}[2J", "", ""]];
        let expected = "\
            fingerprint   client_name  revoked_at  state\n\
            7093ca31a483  Caf\u{e9}, Ltd                active\n\
            b1946ac92492  a\\u{1b}[2J\n";
        assert_eq!(plain(&HEADERS, &rows, None), expected);
    }

    #[test]
    fn on_a_terminal_names_are_cut_and_empty_columns_are_left_out() {
        let row: &[&str] = &["7093ca31a483", "The department of long names", "", "active"];
        assert_eq!(
            plain(&HEADERS, &[row], Some(40)),
            "fingerprint   client_name         state\n7093ca31a483  The department of…  active\n"
        );
        assert!(plain(&HEADERS, &[row], Some(80)).contains("The department of long names  active"));
        assert_eq!(plain(&HEADERS, &[], Some(80)), "fingerprint  client_name  revoked_at  state\n");
    }

    #[test]
    fn sentences_go_on_in_the_next_line_under_their_column() {
        let row: &[&str] = &["tab", "FAIL", "there is no tab of this name; rename one to API_Keys"];
        let expected = "\
            check  result  message\n\
            tab    FAIL    there is no tab of this\n               name; rename one to\n               API_Keys\n";
        assert_eq!(plain(&["check", "result", "message"], &[row], Some(40)), expected);
    }

    #[test]
    fn without_enough_room_each_row_is_a_block() {
        let rows: [&[&str]; 2] =
            [&["7093ca31a483", "MyApp", "", "active"], &["b1946ac92492", "Other", "", "revoked"]];
        let expected = "\
            fingerprint  7093ca31a483\nclient_name  MyApp\nstate        active\n\n\
            fingerprint  b1946ac92492\nclient_name  Other\nstate        revoked\n";
        assert_eq!(plain(&HEADERS, &rows, Some(26)), expected);
    }

    #[test]
    fn good_and_bad_news_have_colours_and_names_have_none() {
        let row = |cells: [&str; 2]| vec![cells.map(str::to_owned).to_vec()];
        assert!(
            lay_out(&["check", "result"], &row(["tab", "FAIL"]), None)
                .contains("\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m")
        );
        assert!(lay_out(&["client_name", "row"], &row(["FAIL", "no"]), None).contains("\nFAIL         no\n"));
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_terminal(
            cells in proptest::collection::vec(("[a-c東 ]{0,40}", "[a-z ]{0,90}"), 0..4),
            room in 36_usize..120,
        ) {
            let headers = ["fingerprint", "client_name", "message"];
            let row = |(name, message): &(String, String)| vec!["7093ca31a483".to_owned(), name.clone(), message.clone()];
            let rows: Vec<Vec<String>> = cells.iter().map(row).collect();
            let shown = anstream::adapter::strip_str(&lay_out(&headers, &rows, Some(room))).to_string();
            prop_assert!(shown.lines().all(|line| width(line) <= room), "{}", shown);
        }
    }
}
