//! How commands print what has rows: for people, for programs (`json`), and for spreadsheets (`csv`).

use std::io::{self, Write};

use clap::{Arg, ArgMatches};
use serde::Serialize;

/// The forms of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Table,
    Json,
    Csv,
}

impl Format {
    /// The flag, for every command that prints a table.
    pub(super) fn flag() -> Arg {
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(["table", "json", "csv"])
            .default_value("table")
            .help("How the rows are printed")
    }

    /// What the flag says.
    pub(super) fn of(flags: &ArgMatches) -> Self {
        match flags.get_one::<String>("format").map(String::as_str) {
            Some("json") => Format::Json,
            Some("csv") => Format::Csv,
            _ => Format::Table,
        }
    }
}

/// Prints rows under these headers on standard output: as a table or as CSV from `rows`, as a JSON array of objects from
/// `values`. A reader that has had enough (`| head`) is no error.
pub(super) fn print<T: Serialize>(
    format: Format,
    headers: &[&str],
    rows: &[Vec<String>],
    values: &[T],
) -> anyhow::Result<()> {
    match write(&mut io::stdout().lock(), format, headers, rows, values) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn write<T: Serialize>(
    out: &mut impl Write,
    format: Format,
    headers: &[&str],
    rows: &[Vec<String>],
    values: &[T],
) -> io::Result<()> {
    match format {
        Format::Table => write_table(out, headers, rows)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, values)?;
            writeln!(out)?;
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut *out);
            csv.write_record(headers)?;
            rows.iter().try_for_each(|row| csv.write_record(row))?;
            csv.flush()?;
        }
    }
    out.flush()
}

fn write_table(out: &mut impl Write, headers: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let headers = headers.iter().map(|header| (*header).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(headers)
        .chain(rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).collect()))
        .collect();
    let width = |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..lines[0].len()).map_while(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Cells hold what others have typed: nothing in them may move the cursor or hide the rest of a line.
fn harmless(cell: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    cell.chars().map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(format: Format) -> String {
        let rows = [vec!["Caf\u{e9}, Ltd".to_owned(), "7".into()], vec!["a\u{1b}[2J".into(), String::new()]];
        let values = [json!({"client_name": "Caf\u{e9}, Ltd", "requests": 7})];
        let mut out = Vec::new();
        write(&mut out, format, &["client_name", "requests"], &rows, &values).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_has_even_columns_and_no_control_characters() {
        let expected = "client_name  requests\nCaf\u{e9}, Ltd    7\na\\u{1b}[2J\n";
        assert_eq!(written(Format::Table), expected);
    }

    #[test]
    fn csv_is_quoted_and_json_is_an_array_of_objects() {
        assert_eq!(written(Format::Csv), "client_name,requests\n\"Caf\u{e9}, Ltd\",7\na\u{1b}[2J,\n");
        let json: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(json, json!([{"client_name": "Caf\u{e9}, Ltd", "requests": 7}]));
    }

    #[test]
    fn nothing_is_a_header_or_an_empty_array() {
        let print = |format| {
            let mut out = Vec::new();
            write::<()>(&mut out, format, &["a", "b"], &[], &[]).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!([Format::Table, Format::Csv, Format::Json].map(print), ["a  b\n", "a,b\n", "[]\n"]);
    }
}
