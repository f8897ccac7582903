//! How commands print what they have found: for people, for programs (`json`), and for spreadsheets (`csv`).

mod layout;
mod text;

use std::io::{self, Write};

use clap::{Arg, ArgMatches};
use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

/// The forms of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A table, or sentences where there is none to print.
    People,
    Json,
    Csv,
}

impl Format {
    /// The flag, for every command that prints a table.
    pub(super) fn flag() -> Arg {
        Self::flag_of(&["table", "json", "csv"]).help("How the rows are printed")
    }

    /// The flag of a command that does something and says what.
    pub(super) fn flag_of_a_deed() -> Arg {
        Self::flag_of(&["text", "json"]).help("How it is said what was done")
    }

    fn flag_of(forms: &[&'static str]) -> Arg {
        let flag = Arg::new("format").long("format").value_name("FORMAT");
        flag.value_parser(forms.to_vec()).default_value(forms[0])
    }

    /// What the flag says.
    pub(super) fn of(flags: &ArgMatches) -> Self {
        match flags.get_one::<String>("format").map(String::as_str) {
            Some("json") => Format::Json,
            Some("csv") => Format::Csv,
            _ => Format::People,
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
    match format {
        Format::People => {
            let room = terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns.into());
            let text = layout::lay_out(headers, rows, room);
            unless_unread(anstream::stdout().lock().write_all(text.as_bytes()))
        }
        Format::Json => print_json(values),
        Format::Csv => unless_unread(write_csv(&mut io::stdout().lock(), headers, rows)),
    }
}

/// Prints a value as JSON on standard output.
pub(super) fn print_json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    unless_unread(write_json(&mut io::stdout().lock(), value))
}

/// A value as JSON, and the end of the line.
pub(super) fn write_json<T: Serialize + ?Sized>(out: &mut impl Write, value: &T) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    out.flush()
}

fn write_csv(out: &mut impl Write, headers: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(headers)?;
    rows.iter().try_for_each(|row| csv.write_record(row))?;
    csv.flush()
}

fn unless_unread(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn csv_is_quoted_and_json_is_an_array_of_objects() {
        let rows = [vec!["Caf\u{e9}, Ltd".to_owned(), "7".into()], vec!["a\u{1b}[2J".into(), String::new()]];
        let csv = written(|out| write_csv(out, &["client_name", "requests"], &rows));
        assert_eq!(csv, "client_name,requests\n\"Caf\u{e9}, Ltd\",7\na\u{1b}[2J,\n");
        let values = [json!({"client_name": "Caf\u{e9}, Ltd", "requests": 7})];
        let read: serde_json::Value =
            serde_json::from_str(&written(|out| write_json(out, &values))).expect("JSON");
        assert_eq!(read, json!(values));
    }

    #[test]
    fn nothing_is_a_header_or_an_empty_array() {
        assert_eq!(written(|out| write_csv(out, &["a", "b"], &[])), "a,b\n");
        assert_eq!(written(|out| write_json::<[(); 0]>(out, &[])), "[]\n");
        assert_eq!(
            anstream::adapter::strip_str(&layout::lay_out(&["a", "b"], &[], None)).to_string(),
            "a  b\n"
        );
    }
}
